//! Where envelopes are kept: the promise of [`Letterbox`], which every store behind the relay must pass.

pub mod sqlite;

use async_trait::async_trait;
use relay_protocol::{
    ChannelPath, Digest, Envelope, OwnerId, PathRegistration, Position, RelayId, SealingPublic, SigningPublic,
};

use crate::Fault;

/// A durable store of sealed envelopes, and of who may fetch them. When a method that changes something answers
/// `Ok`, the change has survived a power cut.
#[async_trait]
pub trait Letterbox: Send + Sync + 'static {
    /// The same at every start.
    async fn relay(&self) -> Result<RelayId, Fault>;

    /// Notes that the relay is alive, and tells the note before.
    async fn note_alive(&self, now_ms: i64) -> Result<Option<i64>, Fault>;

    async fn offer_code(&self, offer: &CodeOffer) -> Result<(), Fault>;

    /// Spends a code. `None` when it is wrong, spent or too old. Otherwise the owner (the offer's, or `newcomer`)
    /// has these keys from now on, and no others.
    async fn redeem_code(&self, redemption: &Redemption) -> Result<Option<Redeemed>, Fault>;

    async fn owners(&self) -> Result<Vec<OwnerRecord>, Fault>;

    async fn paths(&self) -> Result<Vec<PathRecord>, Fault>;

    /// Inserts a path, or changes the one that is there.
    async fn put_path(&self, record: &PathRecord, now_ms: i64) -> Result<(), Fault>;

    /// What arrived there stays.
    async fn remove_path(&self, path: &ChannelPath) -> Result<(), Fault>;

    /// Keeps these envelopes and forgets the confirmed ones: all of it or nothing. Envelopes of one owner come in
    /// the order of their sequence; a sequence that is already taken fails the whole call. Answers what was
    /// forgotten.
    async fn settle(&self, keep: &[Kept], confirm: &[Confirmation]) -> Result<Vec<Tally>, Fault>;

    /// In order of sequence, behind `after`: at most `max`, and no more than `max_bytes` but one at least.
    async fn read(
        &self,
        owner: &OwnerId,
        after: u64,
        max: u32,
        max_bytes: u64,
    ) -> Result<Vec<Envelope>, Fault>;

    /// What is kept, per owner and path.
    async fn tallies(&self) -> Result<Vec<Tally>, Fault>;

    /// Arrival of the owner's oldest envelope.
    async fn oldest_ms(&self, owner: &OwnerId) -> Result<Option<i64>, Fault>;

    /// Throws away what arrived before then, and codes that ended by `now_ms`. Answers what was thrown away.
    async fn expire(&self, arrived_before_ms: i64, now_ms: i64) -> Result<Vec<Tally>, Fault>;

    /// After this nothing that was forgotten is left on the disk.
    async fn tidy(&self) -> Result<(), Fault>;

    async fn close(&self);
}

/// An envelope and its hash, which becomes the head of its owner's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub envelope: Envelope,
    pub hash: Digest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmation {
    pub owner: OwnerId,
    pub upto: u64,
}

/// How many envelopes and bytes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally {
    pub owner: OwnerId,
    pub path: ChannelPath,
    pub envelopes: u64,
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeOffer {
    pub digest: Digest,
    /// `None` makes a new owner.
    pub owner: Option<OwnerId>,
    pub expires_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    pub digest: Digest,
    pub newcomer: OwnerId,
    pub signing_key: SigningPublic,
    pub sealing_key: SealingPublic,
    pub now_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redeemed {
    pub owner: OwnerId,
    /// Just before the first envelope that waits; the head of the chain when none does.
    pub position: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerRecord {
    pub owner: OwnerId,
    pub signing_key: SigningPublic,
    pub sealing_key: SealingPublic,
    pub head: Position,
    pub acked_upto: u64,
    pub expired: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathRecord {
    pub path: ChannelPath,
    pub owner: OwnerId,
    pub registration: PathRegistration,
}
