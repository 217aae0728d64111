//! What the providers' adapters share: the client, bodies of bounded size, hosts of this machine.

use std::{net::IpAddr, time::Duration};

use reqwest::{Response, header::HeaderMap, redirect};
use serde_json::Value;

use super::ModelError;

/// Longest answer that is read; a reply is a few kilobytes.
const LONGEST: usize = 2 * 1024 * 1024;

/// One client for both adapters' needs. No redirects: a key must not follow one to another host.
pub(super) fn client() -> Result<reqwest::Client, ModelError> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(4))
        .redirect(redirect::Policy::none())
        .build()
        .map_err(|_| ModelError::Unreachable)
}

/// An answer as it came: status, headers that matter, and the body where it is JSON.
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Option<Value>,
}

pub(super) async fn read(mut response: Response) -> Result<Answer, ModelError> {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            return Err(ModelError::Garbled);
        }
    }
    Ok(Answer { status, retry_after, body: serde_json::from_slice(&bytes).ok() })
}

/// The connection failed; the error's own text may hold the address and is dropped.
pub(super) fn lost(error: &reqwest::Error) -> ModelError {
    if error.is_timeout() { ModelError::TimedOut } else { ModelError::Unreachable }
}

/// `Retry-After` in seconds; an empty or odd one counts as none.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    seconds_of(seconds)
}

/// Between nothing and a day, else none.
pub(super) fn seconds_of(seconds: f64) -> Option<Duration> {
    (0.0..=86_400.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// What a status means whatever the provider; the adapters look at 400, 404 and 429 themselves first.
pub(super) fn by_status(status: u16, retry_after: Option<Duration>) -> ModelError {
    match status {
        401 | 403 => ModelError::WrongKey,
        402 => ModelError::QuotaSpent,
        408 => ModelError::TimedOut,
        429 => ModelError::RetryAfter(retry_after.unwrap_or(Duration::from_secs(30))),
        499..=599 => ModelError::RetryAfter(retry_after.unwrap_or(Duration::from_secs(5))),
        status => ModelError::Refused { status },
    }
}

/// The host that a prompt leaves for; none when it is this machine.
pub(super) fn host_away(base: &str) -> Option<String> {
    let url = reqwest::Url::parse(base).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let here = host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    (!here).then_some(host)
}

/// Sets a field of a JSON object.
pub(super) fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

pub(super) fn count(usage: &Value, name: &str) -> Option<u32> {
    usage.get(name)?.as_u64().map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_machines_count_as_away() {
        assert_eq!(host_away("http://localhost:11434/v1"), None);
        assert_eq!(host_away("http://127.0.0.1:8080/v1"), None);
        assert_eq!(host_away("http://[::1]:8080/v1"), None);
        assert_eq!(host_away("https://api.openai.com/v1").as_deref(), Some("api.openai.com"));
        assert_eq!(host_away("http://192.168.1.5:11434/v1").as_deref(), Some("192.168.1.5"));
    }
}
