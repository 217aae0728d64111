//! Rows as SQLite gives them, and the numbers it knows (signed, 64 bits).

use relay_protocol::{ChannelPath, Digest, Envelope, Heading, KeyId, OwnerId, RelayId};

use crate::{Fault, letterbox::Tally};

/// SQLite's result code for "no room", by its own limit or by the disk's. <https://www.sqlite.org/rescode.html>
const SQLITE_FULL: &str = "13";

pub(super) type TallyRow = (Vec<u8>, Vec<u8>, i64, i64);

#[derive(sqlx::FromRow)]
pub(super) struct EnvelopeRow {
    sequence: i64,
    arrived_ms: i64,
    path: Vec<u8>,
    method: String,
    previous: Vec<u8>,
    sealed_to: Vec<u8>,
    encapsulated: Vec<u8>,
    ciphertext: Vec<u8>,
}

impl EnvelopeRow {
    pub(super) fn envelope(self, relay: RelayId, owner: OwnerId) -> Option<Envelope> {
        Some(Envelope {
            heading: Heading {
                relay,
                owner,
                sequence: count(self.sequence),
                arrived_ms: self.arrived_ms,
                method: self.method,
                path: ChannelPath::from_slice(&self.path)?,
                previous: Digest::from_slice(&self.previous)?,
            },
            sealed_to: KeyId::from_slice(&self.sealed_to)?,
            encapsulated: self.encapsulated,
            ciphertext: self.ciphertext,
        })
    }
}

/// The last sequence of the longest beginning that fits; the first one always does.
pub(super) fn last_that_fits(sizes: &[(i64, i64)], max_bytes: u64) -> Option<i64> {
    let mut room = max_bytes;
    let mut last = None;
    for (sequence, size) in sizes {
        let size = count(*size);
        if last.is_some() && size > room {
            break;
        }
        room = room.saturating_sub(size);
        last = Some(*sequence);
    }
    last
}

pub(super) fn tallied(rows: Vec<TallyRow>) -> Result<Vec<Tally>, Fault> {
    rows.into_iter()
        .map(|(owner, path, envelopes, bytes)| {
            Some(Tally {
                owner: OwnerId::from_slice(&owner)?,
                path: ChannelPath::from_slice(&path)?,
                envelopes: count(envelopes),
                bytes: count(bytes),
            })
        })
        .collect::<Option<_>>()
        .ok_or_else(crooked)
}

pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn crooked() -> Fault {
    Fault::Letterbox("a row is not in the form this relay writes".into())
}

/// SQLite's messages name tables and columns, never values.
pub(super) fn fault(error: sqlx::Error) -> Fault {
    let full =
        error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == SQLITE_FULL);
    if full { Fault::Full } else { Fault::Letterbox(error.to_string()) }
}
