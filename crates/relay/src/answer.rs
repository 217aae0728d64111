//! Answers as HTTP: reasons with their status, and the door's words to a platform.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use relay_protocol::{Why, calls::Declined, door::Answer};

/// Seconds after which a platform, or a laptop, may ask again.
pub(crate) const RETRY_FULL: u64 = 60;
pub(crate) const RETRY_BUSY: u64 = 2;
const RETRY_GUESSING: u64 = 900;

/// A call declined, with the relay's time.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) why: Why,
    pub(crate) now_ms: i64,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, retry_after) = match self.why {
            Why::BadRequest | Why::AckBeyond | Why::Other => (StatusCode::BAD_REQUEST, None),
            Why::BadSignature | Why::ClockSkew | Why::Replayed => (StatusCode::UNAUTHORIZED, None),
            Why::WrongCode => (StatusCode::FORBIDDEN, None),
            Why::TooManyAttempts => (StatusCode::TOO_MANY_REQUESTS, Some(RETRY_GUESSING)),
            Why::UnknownPath | Why::NotFound => (StatusCode::NOT_FOUND, None),
            Why::PathTaken | Why::PathLimit => (StatusCode::CONFLICT, None),
            Why::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None),
            Why::Busy => (StatusCode::SERVICE_UNAVAILABLE, Some(RETRY_BUSY)),
        };
        let body = Json(Declined { error: self.why, now_ms: self.now_ms });
        match retry_after {
            Some(seconds) => {
                (status, [(header::RETRY_AFTER, HeaderValue::from(seconds))], body).into_response()
            }
            None => (status, body).into_response(),
        }
    }
}

pub(crate) fn to_platform(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if answer.content_type.is_empty() {
        return status.into_response();
    }
    // A browser that is led here must never take the echoed challenge for a page.
    let nosniff = (HeaderName::from_static("x-content-type-options"), "nosniff");
    (status, [(header::CONTENT_TYPE, answer.content_type)], [nosniff], answer.body).into_response()
}

/// Nothing was kept; come again.
pub(crate) fn later(seconds: u64) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, HeaderValue::from(seconds))]).into_response()
}
