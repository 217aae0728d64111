//! Facebook's refusals: the Graph API's table, and the one answer that is none.

use serde_json::Value;

use crate::{
    PollError, SendError,
    http::Lost,
    meta::{
        Trouble,
        error::{DUPLICATE, code, send_error},
    },
};

/// The platform has this already: nothing went wrong.
pub(super) fn is_duplicate(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Refused(answer) => code(answer) == Some(DUPLICATE),
        Trouble::Lost(_) | Trouble::Wait(_) => false,
    }
}

pub(super) fn poll_error(trouble: Trouble) -> PollError {
    match trouble {
        Trouble::Lost(Lost::NotConnected | Lost::MaybeWritten) => PollError::Unreachable,
        Trouble::Wait(wait) => PollError::RetryAfter(wait),
        Trouble::Refused(answer) => match send_error(&answer, &Value::Null) {
            SendError::RetryAfter(wait) => PollError::RetryAfter(wait),
            SendError::Reconnect { why } => PollError::Reconnect { why },
            // Reading is refused for want of a permission, which a new connection grants.
            SendError::Refused { code, .. } => PollError::Reconnect { why: format!("refused: {code}") },
            SendError::WindowClosed
            | SendError::Blocked
            | SendError::QuotaSpent
            | SendError::TokenSpent
            | SendError::Moved { .. }
            | SendError::Unsure
            | SendError::Unreachable => PollError::Unreachable,
        },
    }
}
