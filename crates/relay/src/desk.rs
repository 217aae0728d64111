//! The one writer: numbers, seals and keeps what many requests bring at once, in one commit.
//!
//! Making a seal ready is the slow half and happens in each request's own task; pressing it needs the hash of the
//! envelope before, so it happens here, in order. Whoever waits is answered after the commit.

use std::{collections::HashMap, sync::Arc};

use relay_protocol::{Heading, OwnerId, Position, Sealer};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::{
    Fault, Relay,
    letterbox::{Confirmation, Kept, Tally},
};

/// Requests that may wait for the desk; beyond it platforms are told to come again.
pub(crate) const QUEUE: usize = 4_096;
/// At most this many in one commit, and no more contents than this, so that a commit stays short.
const BATCH: usize = 1_024;
const BATCH_BYTES: usize = 16 * 1024 * 1024;

pub(crate) enum Errand {
    Keep(Box<Arrival>),
    Confirm { confirmation: Confirmation, done: oneshot::Sender<Result<(), Fault>> },
}

/// A webhook that has its room reserved in the ledger and waits for its number.
pub(crate) struct Arrival {
    /// What was reserved; its owner and path are the envelope's.
    pub(crate) room: Tally,
    pub(crate) method: String,
    pub(crate) arrived_ms: i64,
    pub(crate) sealer: Sealer,
    /// Plain, in memory only.
    pub(crate) contents: Vec<u8>,
    /// Its share of the memory set aside for webhooks.
    pub(crate) memory: OwnedSemaphorePermit,
    pub(crate) done: oneshot::Sender<Result<(), Fault>>,
}

/// Works until every sender is gone.
pub(crate) async fn work(
    relay: Arc<Relay>,
    mut errands: mpsc::Receiver<Errand>,
    heads: HashMap<OwnerId, Position>,
) {
    let mut desk = Desk { relay, heads };
    let mut batch = Vec::new();
    while let Some(first) = errands.recv().await {
        let mut bytes = first.bytes();
        batch.push(first);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Ok(errand) = errands.try_recv() else { break };
            bytes = bytes.saturating_add(errand.bytes());
            batch.push(errand);
        }
        desk.settle(std::mem::take(&mut batch)).await;
    }
}

impl Errand {
    fn bytes(&self) -> usize {
        match self {
            Self::Keep(arrival) => arrival.contents.len(),
            Self::Confirm { .. } => 0,
        }
    }
}

struct Desk {
    relay: Arc<Relay>,
    /// Where each owner's chain ends on the disk.
    heads: HashMap<OwnerId, Position>,
}

/// A pressed envelope's requester.
struct Waiting {
    room: Tally,
    sequence: u64,
    done: oneshot::Sender<Result<(), Fault>>,
    _memory: OwnedSemaphorePermit,
}

impl Desk {
    async fn settle(&mut self, batch: Vec<Errand>) {
        let mut heads = HashMap::new();
        let (mut keep, mut waiting) = (Vec::new(), Vec::new());
        let (mut confirm, mut confirming) = (Vec::new(), Vec::new());
        for errand in batch {
            match errand {
                Errand::Keep(arrival) => {
                    if let Some((kept, requester)) = self.press(&mut heads, *arrival) {
                        keep.push(kept);
                        waiting.push(requester);
                    }
                }
                Errand::Confirm { confirmation, done } => {
                    confirm.push(confirmation);
                    confirming.push(done);
                }
            }
        }
        match self.relay.letterbox.settle(&keep, &confirm).await {
            Ok(forgotten) => {
                self.heads.extend(heads);
                self.relay.forgotten(&forgotten, &confirm);
                for requester in waiting {
                    self.relay.ledger.kept(&requester.room.owner, requester.sequence);
                    requester.done.send(Ok(())).ok();
                }
                confirming.into_iter().for_each(|done| drop(done.send(Ok(()))));
            }
            Err(fault) => {
                tracing::warn!(envelopes = keep.len(), %fault, "nothing of this commit was kept");
                for requester in waiting {
                    self.relay.ledger.release(&requester.room);
                    requester.done.send(Err(Fault::Full)).ok();
                }
                self.confirm_alone(&confirm, confirming).await;
                self.find_heads().await;
            }
        }
    }

    /// Confirming makes room, so it must go on when there is none.
    async fn confirm_alone(
        &self,
        confirm: &[Confirmation],
        confirming: Vec<oneshot::Sender<Result<(), Fault>>>,
    ) {
        if confirm.is_empty() {
            return;
        }
        let settled = self.relay.letterbox.settle(&[], confirm).await;
        if let Ok(forgotten) = &settled {
            self.relay.forgotten(forgotten, confirm);
        }
        for done in confirming {
            done.send(settled.as_ref().map(|_| ()).map_err(|_| Fault::Full)).ok();
        }
    }

    /// A commit that failed may have reached the disk all the same: the letterbox says where the chains end.
    async fn find_heads(&mut self) {
        match self.relay.letterbox.owners().await {
            Ok(owners) => self.heads = owners.iter().map(|record| (record.owner, record.head)).collect(),
            Err(fault) => {
                tracing::warn!(%fault, "the ends of the chains cannot be read; tried again at the next failure")
            }
        }
    }

    fn press(&self, heads: &mut HashMap<OwnerId, Position>, arrival: Arrival) -> Option<(Kept, Waiting)> {
        let Arrival { room, method, arrived_ms, sealer, contents, memory, done } = arrival;
        let owner = room.owner;
        let head = heads.get(&owner).or_else(|| self.heads.get(&owner)).copied().unwrap_or(Position::START);
        let heading = Heading {
            relay: self.relay.id,
            owner,
            sequence: head.sequence.saturating_add(1),
            arrived_ms,
            method,
            path: room.path,
            previous: head.hash,
        };
        // A pairing in between has changed the owner's key: seal to the one that will open it.
        let sealer = match self.relay.book.owner(&owner) {
            Some(held) if held.sealing.key_id() != sealer.sealed_to() => {
                Sealer::ready(&held.sealing, &mut rand::rng()).unwrap_or(sealer)
            }
            Some(_) | None => sealer,
        };
        let Ok(envelope) = sealer.press(heading, contents) else {
            self.relay.ledger.release(&room);
            done.send(Err(Fault::Full)).ok();
            return None;
        };
        let hash = envelope.hash();
        let sequence = envelope.heading.sequence;
        heads.insert(owner, Position { sequence, hash });
        Some((Kept { envelope, hash }, Waiting { room, sequence, done, _memory: memory }))
    }
}
