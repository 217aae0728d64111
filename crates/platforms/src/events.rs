//! What all readers of events share: keys, and how the unknown is kept.

use domain::{Event, EventKind, Thread, Timestamp};

use crate::{json::Json, signature::digest};

/// Ids longer than this are replaced by their digest, so that a key stays a key.
const LONGEST_KEY: usize = 256;

/// A key of these pieces; a piece that is missing leaves its place empty.
pub(crate) fn key(kind: &str, pieces: &[Option<String>]) -> String {
    let mut key = kind.to_owned();
    for piece in pieces {
        key.push(':');
        key.push_str(piece.as_deref().unwrap_or_default());
    }
    bounded(key)
}

pub(crate) fn bounded(key: String) -> String {
    if key.len() <= LONGEST_KEY { key } else { format!("sha256:{}", digest(&key)) }
}

/// The key of an event that has no id: the digest of its content.
pub(crate) fn content_key(json: &Json) -> String {
    format!("sha256:{}", digest(&json.canonical()))
}

/// Kept as it came, and shown as something this version does not know.
pub(crate) fn unsupported(
    key: String,
    at: Timestamp,
    account: Option<String>,
    thread: Option<Thread>,
    what: &str,
    raw: &str,
) -> Event {
    let what: String = what.chars().take(80).collect();
    Event { key, at, account, thread, what: EventKind::Unsupported { what, raw: raw.to_owned() } }
}
