//! How much each owner holds, counted in memory against the quotas, and the bell that wakes a waiting pull.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use relay_protocol::{ChannelPath, OwnerId, calls::QuotaLimits};
use tokio::sync::Notify;

use crate::letterbox::{OwnerRecord, Tally};

/// One owner's account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) envelopes: u64,
    pub(crate) bytes: u64,
    pub(crate) paths: BTreeMap<ChannelPath, u64>,
    pub(crate) last_sequence: u64,
    pub(crate) acked_upto: u64,
    pub(crate) expired: u64,
    bell: Arc<Notify>,
}

pub(crate) struct Ledger {
    limits: QuotaLimits,
    accounts: Mutex<HashMap<OwnerId, Account>>,
}

impl Ledger {
    pub(crate) fn open(limits: QuotaLimits, owners: &[OwnerRecord], tallies: &[Tally]) -> Self {
        let mut accounts: HashMap<OwnerId, Account> = HashMap::new();
        for record in owners {
            let account = accounts.entry(record.owner).or_default();
            account.last_sequence = record.head.sequence;
            account.acked_upto = record.acked_upto;
            account.expired = record.expired;
        }
        for tally in tallies {
            accounts.entry(tally.owner).or_default().add(tally);
        }
        Self { limits, accounts: Mutex::new(accounts) }
    }

    /// Sets room aside for what is about to be kept; `false` when a quota is reached.
    pub(crate) fn reserve(&self, tally: &Tally) -> bool {
        let limits = self.limits;
        self.with(&tally.owner, |account| {
            let on_path = account.paths.get(&tally.path).copied().unwrap_or(0);
            let fits = on_path.saturating_add(tally.envelopes) <= limits.path_envelopes
                && account.envelopes.saturating_add(tally.envelopes) <= limits.owner_envelopes
                && account.bytes.saturating_add(tally.bytes) <= limits.owner_bytes;
            if fits {
                account.add(tally);
            }
            fits
        })
    }

    /// Gives room back: it was not kept after all, or it was confirmed.
    pub(crate) fn release(&self, tally: &Tally) {
        self.with(&tally.owner, |account| account.subtract(tally));
    }

    pub(crate) fn expire(&self, tally: &Tally) {
        self.with(&tally.owner, |account| {
            account.subtract(tally);
            account.expired = account.expired.saturating_add(tally.envelopes);
        });
    }

    /// An envelope is durable: whoever waits for it may come.
    pub(crate) fn kept(&self, owner: &OwnerId, sequence: u64) {
        let bell = self.with(owner, |account| {
            account.last_sequence = account.last_sequence.max(sequence);
            Arc::clone(&account.bell)
        });
        bell.notify_waiters();
    }

    pub(crate) fn confirmed(&self, owner: &OwnerId, upto: u64) {
        self.with(owner, |account| account.acked_upto = account.acked_upto.max(upto));
    }

    /// Wakes the owner's pulls without an envelope, so that they look again whether they may wait at all.
    pub(crate) fn ring(&self, owner: &OwnerId) {
        self.bell(owner).notify_waiters();
    }

    pub(crate) fn bell(&self, owner: &OwnerId) -> Arc<Notify> {
        self.with(owner, |account| Arc::clone(&account.bell))
    }

    pub(crate) fn account(&self, owner: &OwnerId) -> Account {
        self.with(owner, |account| account.clone())
    }

    pub(crate) fn last_sequence(&self, owner: &OwnerId) -> u64 {
        self.with(owner, |account| account.last_sequence)
    }

    pub(crate) fn acked_upto(&self, owner: &OwnerId) -> u64 {
        self.with(owner, |account| account.acked_upto)
    }

    fn with<T>(&self, owner: &OwnerId, change: impl FnOnce(&mut Account) -> T) -> T {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        change(accounts.entry(*owner).or_default())
    }
}

impl Account {
    fn add(&mut self, tally: &Tally) {
        self.envelopes = self.envelopes.saturating_add(tally.envelopes);
        self.bytes = self.bytes.saturating_add(tally.bytes);
        let on_path = self.paths.entry(tally.path).or_default();
        *on_path = on_path.saturating_add(tally.envelopes);
    }

    fn subtract(&mut self, tally: &Tally) {
        self.envelopes = self.envelopes.saturating_sub(tally.envelopes);
        self.bytes = self.bytes.saturating_sub(tally.bytes);
        if let Some(on_path) = self.paths.get_mut(&tally.path) {
            *on_path = on_path.saturating_sub(tally.envelopes);
            if *on_path == 0 {
                self.paths.remove(&tally.path);
            }
        }
    }
}
