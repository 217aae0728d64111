//! Noticing a relay that drops, reorders, replays or rewrites: each envelope names the one before it.
//!
//! A broken chain never stops the flow. It is told once, the chain moves on, and the caller decides what the
//! owner is shown.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Digest, Envelope, OwnerId, RelayId};

/// How many missing sequences are remembered, so that a late one is told from a replayed one.
const REMEMBERED: usize = 10_000;

/// Behind which envelope the chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// 0 before the first envelope.
    pub sequence: u64,
    /// That envelope's hash; [`Digest::NOTHING`] at 0.
    pub hash: Digest,
}

impl Position {
    pub const START: Self = Self { sequence: 0, hash: Digest::NOTHING };
}

/// Kept by the laptop in the same transaction as the envelopes it followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    relay: RelayId,
    owner: OwnerId,
    position: Position,
    missing: BTreeSet<u64>,
}

/// What an envelope is to the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The one that was due.
    Next,
    /// These never came: dropped by the relay, or expired there. The chain goes on behind this envelope.
    Gap { first_missing: u64, last_missing: u64 },
    /// It was missing, and comes after its successors.
    Late { sequence: u64 },
    /// It came before.
    Replayed { sequence: u64 },
    /// The due number, but it names another predecessor than the one we hold: history was rewritten.
    Rewritten { sequence: u64 },
    /// Of another relay or another owner.
    Foreign,
}

impl Chain {
    /// `position` is the pairing's answer, or [`Position::START`].
    pub fn new(relay: RelayId, owner: OwnerId, position: Position) -> Self {
        Self { relay, owner, position, missing: BTreeSet::new() }
    }

    pub fn position(&self) -> Position {
        self.position
    }

    /// Takes the next envelope as it came from the relay, whether or not it opens.
    pub fn follow(&mut self, envelope: &Envelope) -> Link {
        let heading = &envelope.heading;
        if heading.relay != self.relay || heading.owner != self.owner {
            return Link::Foreign;
        }
        let due = self.position.sequence.saturating_add(1);
        let sequence = heading.sequence;
        if sequence <= self.position.sequence {
            return if self.missing.remove(&sequence) {
                Link::Late { sequence }
            } else {
                Link::Replayed { sequence }
            };
        }
        let before = self.position.hash;
        self.position = Position { sequence, hash: envelope.hash() };
        if sequence > due {
            let last_missing = sequence.saturating_sub(1);
            self.missing.extend((due..=last_missing).take(REMEMBERED));
            while self.missing.len() > REMEMBERED {
                self.missing.pop_first();
            }
            return Link::Gap { first_missing: due, last_missing };
        }
        if heading.previous == before { Link::Next } else { Link::Rewritten { sequence } }
    }
}
