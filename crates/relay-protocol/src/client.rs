//! The laptop's side: signed calls to the relay, with errors it can act on.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use rand::RngCore as _;
use reqwest::{Method, Response, StatusCode, header};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    ChannelPath, OwnerId, OwnerKeys, PairAnswer, PathRegistration, Pull, PullAnswer, RelayError, RelayId,
    Status, Why,
    calls::{Declined, PairCode, PairRequest, PathEntry, PathList},
    signing::{self, Asked},
};

/// Any call but a pull is answered within this, or counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(20);
/// The relay's largest answer (a pull of 8 MiB in base64, or one envelope of 3 MiB) is well below this.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;
/// When a busy relay names no time.
const PAUSE: Duration = Duration::from_secs(5);

/// What pairing gave, to be kept beside the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub relay: RelayId,
    pub owner: OwnerId,
}

/// One owner's line to one relay. Cheap to share behind an `Arc`; every method may run beside any other.
#[derive(Debug)]
pub struct RelayClient {
    http: reqwest::Client,
    address: String,
    membership: Membership,
    keys: OwnerKeys,
    /// Relay's clock minus ours, in milliseconds, learned when the relay finds our time wrong.
    skew_ms: AtomicI64,
}

impl RelayClient {
    /// `address` is the relay's public address, as in `https://relay.example`.
    pub fn new(http: reqwest::Client, address: &str, membership: Membership, keys: OwnerKeys) -> Self {
        Self { http, address: bare(address), membership, keys, skew_ms: AtomicI64::new(0) }
    }

    /// Spends a code that the relay's operator read out. From then on only these keys may pull and confirm.
    pub async fn pair(
        http: &reqwest::Client,
        address: &str,
        code: &PairCode,
        keys: &OwnerKeys,
    ) -> Result<PairAnswer, RelayError> {
        let request = PairRequest {
            code: code.clone(),
            signing_key: keys.signing_public(),
            sealing_key: keys.sealing_public(),
        };
        let call = http.post(format!("{}/v1/pair", bare(address))).timeout(PATIENCE).json(&request);
        match answer(call.send().await).await? {
            Answered::Well(body) => read(&body),
            Answered::Not(decline) => Err(decline.error()),
        }
    }

    pub fn membership(&self) -> Membership {
        self.membership
    }

    pub fn keys(&self) -> &OwnerKeys {
        &self.keys
    }

    /// The address to give to the platform.
    pub fn webhook_address(&self, path: &ChannelPath) -> String {
        format!("{}/w/{path}", self.address)
    }

    /// Registers a path, or changes its kind or verify token.
    pub async fn register_path(
        &self,
        path: &ChannelPath,
        registration: &PathRegistration,
        now_ms: i64,
    ) -> Result<(), RelayError> {
        let body = serde_json::to_vec(registration)
            .map_err(|_| RelayError::Malformed("the registration cannot be written"))?;
        self.call(Method::PUT, &format!("/v1/paths/{path}"), body, PATIENCE, now_ms).await.map(drop)
    }

    /// From here on the path is unknown to the world; what already arrived there is still handed over.
    pub async fn remove_path(&self, path: &ChannelPath, now_ms: i64) -> Result<(), RelayError> {
        self.call(Method::DELETE, &format!("/v1/paths/{path}"), Vec::new(), PATIENCE, now_ms).await.map(drop)
    }

    pub async fn paths(&self, now_ms: i64) -> Result<Vec<PathEntry>, RelayError> {
        let body = self.call(Method::GET, "/v1/paths", Vec::new(), PATIENCE, now_ms).await?;
        Ok(read::<PathList>(&body)?.paths)
    }

    /// Confirms up to `pull.cursor.ack_upto()` and hands over what lies behind `pull.cursor.after()`, waiting for
    /// it up to `pull.wait`. Confirm only what the laptop's own database has committed.
    pub async fn pull(&self, pull: &Pull, now_ms: i64) -> Result<PullAnswer, RelayError> {
        let patience = pull.wait.saturating_add(PATIENCE);
        let body = self.call(Method::GET, &pull.target(), Vec::new(), patience, now_ms).await?;
        read(&body)
    }

    pub async fn status(&self, now_ms: i64) -> Result<Status, RelayError> {
        let body = self.call(Method::GET, "/v1/status", Vec::new(), PATIENCE, now_ms).await?;
        read(&body)
    }

    /// Asks once more, by the relay's time, when the relay finds ours wrong.
    async fn call(
        &self,
        method: Method,
        target: &str,
        body: Vec<u8>,
        patience: Duration,
        now_ms: i64,
    ) -> Result<Vec<u8>, RelayError> {
        let decline = match self.ask(method.clone(), target, body.clone(), patience, now_ms).await? {
            Answered::Well(body) => return Ok(body),
            Answered::Not(decline) => decline,
        };
        let Some(Declined { error: Why::ClockSkew, now_ms: theirs }) = decline.declined else {
            return Err(decline.error());
        };
        // Wrapping, so that the sum is the relay's time whatever ours is.
        self.skew_ms.store(theirs.wrapping_sub(now_ms), Ordering::Relaxed);
        match self.ask(method, target, body, patience, now_ms).await? {
            Answered::Well(body) => Ok(body),
            Answered::Not(decline) => Err(decline.error()),
        }
    }

    async fn ask(
        &self,
        method: Method,
        target: &str,
        body: Vec<u8>,
        patience: Duration,
        now_ms: i64,
    ) -> Result<Answered, RelayError> {
        let Membership { relay, owner } = self.membership;
        let time_ms = now_ms.wrapping_add(self.skew_ms.load(Ordering::Relaxed));
        let mut nonce = [0; 16];
        rand::rng().fill_bytes(&mut nonce);
        let asked = Asked { relay, method: method.as_str(), target, body: &body };
        let headers = signing::sign(&self.keys, owner, &asked, time_ms, nonce);
        let mut call = self.http.request(method, format!("{}{target}", self.address)).timeout(patience);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        if !body.is_empty() {
            call = call.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        answer(call.send().await).await
    }
}

enum Answered {
    Well(Vec<u8>),
    Not(Decline),
}

struct Decline {
    status: StatusCode,
    retry_after: Option<Duration>,
    declined: Option<Declined>,
}

impl Decline {
    /// A status without our own body comes from something in between, such as a reverse proxy.
    fn error(self) -> RelayError {
        let pause = self.retry_after.unwrap_or(PAUSE);
        let Some(Declined { error, .. }) = self.declined else {
            return match self.status.as_u16() {
                429 | 503 if self.retry_after.is_some() => RelayError::Busy(pause),
                status => RelayError::Unreachable(format!("answered {status} without a reason")),
            };
        };
        match error {
            Why::BadSignature => RelayError::Refused,
            Why::WrongCode => RelayError::WrongCode,
            Why::ClockSkew | Why::Replayed | Why::TooManyAttempts | Why::Busy => RelayError::Busy(pause),
            Why::BadRequest
            | Why::AckBeyond
            | Why::UnknownPath
            | Why::PathTaken
            | Why::PathLimit
            | Why::NotFound
            | Why::TooLarge
            | Why::Other => RelayError::Declined(error),
        }
    }
}

async fn answer(sent: reqwest::Result<Response>) -> Result<Answered, RelayError> {
    let response = sent.map_err(unreachable)?;
    let status = response.status();
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(|seconds: u64| Duration::from_secs(seconds.min(3_600)));
    let body = whole(response).await?;
    if status.is_success() {
        return Ok(Answered::Well(body));
    }
    Ok(Answered::Not(Decline { status, retry_after, declined: serde_json::from_slice(&body).ok() }))
}

async fn whole(mut response: Response) -> Result<Vec<u8>, RelayError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > ANSWER_LIMIT {
            return Err(RelayError::Malformed("the answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, RelayError> {
    serde_json::from_slice(body).map_err(|_| RelayError::Malformed("the answer is not the agreed JSON"))
}

/// Without the address: it may carry a path that is nobody's business.
fn unreachable(error: reqwest::Error) -> RelayError {
    RelayError::Unreachable(error.without_url().to_string())
}

fn bare(address: &str) -> String {
    address.trim_end_matches('/').to_owned()
}
