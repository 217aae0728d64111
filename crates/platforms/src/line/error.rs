//! LINE's refusals, by what to do about them.
//!
//! <https://developers.line.biz/en/reference/messaging-api/#status-codes>

use std::time::Duration;

use serde_json::Value;

use crate::{
    SendError,
    http::{Answer, explain},
};

/// Where LINE names no time, and for "too many messages to one user".
const PAUSE: Duration = Duration::from_secs(30);

/// LINE has no codes: 429 for a spent quota and 400 for a spent reply token are known by their message alone.
const MONTHLY_LIMIT: &str = "monthly limit";
const INVALID_REPLY_TOKEN: &str = "invalid reply token";

pub(super) fn send_error(answer: &Answer, sent: &Value) -> SendError {
    let json = answer.json();
    let message = json.get("message").text().unwrap_or_default();
    let says = |phrase: &str| message.to_lowercase().contains(phrase);
    match answer.status {
        400 if says(INVALID_REPLY_TOKEN) => SendError::TokenSpent,
        401 => SendError::Reconnect { why: "channel access token refused".to_owned() },
        429 if says(MONTHLY_LIMIT) => SendError::QuotaSpent,
        429 => SendError::RetryAfter(answer.retry_after().unwrap_or(PAUSE)),
        status @ 400..=499 => {
            let details = json.get("details").list().iter().filter_map(|detail| detail.get("message").text());
            let all: Vec<&str> = std::iter::once(message).chain(details).collect();
            SendError::Refused { code: status.to_string(), why: explain(Some(&all.join("; ")), sent) }
        }
        _ => SendError::Unsure,
    }
}
