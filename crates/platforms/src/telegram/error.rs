//! Telegram's refusals, by what to do about them.
//!
//! <https://core.telegram.org/bots/api#making-requests>

use std::time::Duration;

use serde_json::Value;

use crate::{
    SendError,
    http::{Answer, explain},
    json::Json,
};

const PAUSE: Duration = Duration::from_secs(5);

/// `{ok: false, error_code, description, parameters?}`
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) description: String,
    pub(super) retry_after: Option<Duration>,
    migrate_to: Option<String>,
}

impl Refusal {
    /// None when the answer is no refusal of the Bot API.
    pub(super) fn read(answer: &Answer, json: &Json) -> Option<Self> {
        let code = json.get("error_code").integer();
        let code = code.or((answer.status >= 400).then_some(i64::from(answer.status)))?;
        let parameters = json.get("parameters");
        let asked =
            parameters.get("retry_after").count().map(|seconds| Duration::from_secs(seconds.min(86_400)));
        Some(Self {
            code,
            description: json.get("description").text().unwrap_or_default().to_owned(),
            retry_after: asked.or_else(|| answer.retry_after()),
            migrate_to: parameters.get("migrate_to_chat_id").id(),
        })
    }
}

pub(super) fn send_error(refusal: &Refusal, sent: &Value) -> SendError {
    if let Some(to_key) = &refusal.migrate_to {
        return SendError::Moved { to_key: to_key.clone() };
    }
    match refusal.code {
        // An unknown or malformed token is 404.
        401 | 404 => SendError::Reconnect { why: "bot token refused".to_owned() },
        // Blocked by the user, kicked from the group, account deleted.
        403 => SendError::Blocked,
        429 => SendError::RetryAfter(refusal.retry_after.unwrap_or(PAUSE)),
        code @ 400..=499 => {
            SendError::Refused { code: code.to_string(), why: explain(Some(&refusal.description), sent) }
        }
        _ => SendError::Unsure,
    }
}
