//! Handing words to the played customer: nothing leaves the laptop, so it always succeeds.

use uuid::Uuid;

use crate::{Call, Sent, SentWay};

/// Ids made from the call's key: the same call is the same messages, however often it is handed over.
pub(super) fn handed_over(call: &Call) -> Sent {
    let messages = (0..call.parts.len()).map(|index| id(call.key, index)).collect();
    Sent { messages, way: SentWay::Plain, quota_used: 0 }
}

fn id(key: Uuid, index: usize) -> String {
    format!("playground:{}:{index}", key.hyphenated())
}
