//! Meta's error codes, by what to do about them. The message is localised and may disagree with the code, so
//! the codes alone decide.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes>

use std::time::Duration;

use serde_json::Value;

use super::usage;
use crate::{
    SendError,
    http::{Answer, explain},
};

const THROTTLED: Duration = Duration::from_secs(60);

/// Sent before with the same content: as good as sent.
pub(crate) const DUPLICATE: i64 = 506;

/// The code of a refusal, if there is one.
pub(crate) fn code(answer: &Answer) -> Option<i64> {
    answer.json().at(&["error", "code"]).integer()
}

pub(crate) fn send_error(answer: &Answer, sent: &Value) -> SendError {
    let json = answer.json();
    let error = json.get("error");
    let subcode = error.get("error_subcode").integer().unwrap_or(0);
    let Some(code) = error.get("code").integer() else { return by_status(answer) };
    let named = if subcode == 0 { code.to_string() } else { format!("{code}/{subcode}") };
    let refused = || SendError::Refused {
        code: named.clone(),
        why: explain(error.get("error_user_msg").text().or_else(|| error.get("message").text()), sent),
    };
    match (code, subcode) {
        // "May have been sent": never again without looking.
        (1 | 2, _) => SendError::Unsure,
        (4 | 17 | 32 | 341 | 613 | 80001 | 80002 | 80006 | 80007, _) => SendError::RetryAfter(
            usage::regain(&answer.headers).or(answer.retry_after()).unwrap_or(THROTTLED),
        ),
        (190 | 102, _) => SendError::Reconnect { why: token_trouble(subcode).to_owned() },
        // Blocked for policy: every further send makes it worse.
        (368, _) => SendError::Reconnect { why: "blocked for policy".to_owned() },
        (10, 2_018_278 | 2_534_022 | 2_018_065) => SendError::WindowClosed,
        (551, _)
        | (_, 1_545_041)
        | (10, 2_018_108 | 1_893_063)
        | (100, 2_018_001)
        | (230 | 9010, _)
        | (200, 2_534_041) => SendError::Blocked,
        (_, 2_018_300 | 2_018_321) => SendError::Refused {
            code: named.clone(),
            why: "another application holds the conversation".to_owned(),
        },
        _ if error.get("is_transient").holds() => SendError::Unsure,
        _ => refused(),
    }
}

/// No error object: a proxy's page, or an answer that was cut.
fn by_status(answer: &Answer) -> SendError {
    match answer.status {
        401 => SendError::Reconnect { why: "token refused".to_owned() },
        429 => SendError::RetryAfter(answer.retry_after().unwrap_or(THROTTLED)),
        status @ 400..=499 => SendError::Refused { code: status.to_string(), why: String::new() },
        // Success without sense, a redirect, or a failure on their side.
        _ => SendError::Unsure,
    }
}

/// <https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging>
const fn token_trouble(subcode: i64) -> &'static str {
    match subcode {
        458 => "app removed",
        459 | 464 => "account needs to log in at the platform",
        460 => "password changed",
        463 => "token expired",
        467 => "token invalid",
        _ => "token refused",
    }
}
