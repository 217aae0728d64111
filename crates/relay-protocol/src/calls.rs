//! The JSON of every call between laptop and relay. Times are UTC milliseconds, sizes bytes, unless named
//! otherwise.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    ChannelPath, Cursor, Digest, Envelope, OwnerId, PathKind, Position, RelayId, SealingPublic, SigningPublic,
};

/// `POST /v1/pair`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairRequest {
    pub code: PairCode,
    pub signing_key: SigningPublic,
    pub sealing_key: SealingPublic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairAnswer {
    pub relay: RelayId,
    pub owner: OwnerId,
    /// Behind what was confirmed last; a fresh laptop's chain and cursor begin here.
    pub position: Position,
}

/// `PUT /v1/paths/{path}`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathRegistration {
    pub kind: PathKind,
    /// SHA-256 of the verify token, for Meta's challenge; the token itself stays on the laptop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_token_sha256: Option<Digest>,
}

/// `GET /v1/paths`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathList {
    pub paths: Vec<PathEntry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathEntry {
    pub path: ChannelPath,
    pub kind: PathKind,
    pub has_verify_token: bool,
    pub waiting: u64,
}

/// `GET /v1/pull`: `after`, `ack_upto`, `max`, `max_bytes`, `wait` (seconds) in the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pull {
    pub cursor: Cursor,
    /// At most this many envelopes; the relay gives at most 1,000.
    pub max: u32,
    /// At most this many bytes of contents, but one envelope at least.
    pub max_bytes: u64,
    /// How long the relay holds the answer back while nothing waits; at most [`Pull::LONGEST_WAIT`].
    pub wait: Duration,
}

impl Pull {
    pub const MOST: u32 = 1_000;
    pub const MOST_BYTES: u64 = 8 * 1024 * 1024;
    pub const LONGEST_WAIT: Duration = Duration::from_secs(50);

    /// As much as fits, and as long a wait as there is.
    pub fn from_cursor(cursor: Cursor) -> Self {
        Self { cursor, max: Self::MOST, max_bytes: Self::MOST_BYTES, wait: Self::LONGEST_WAIT }
    }

    /// Path and query, as signed and sent.
    pub fn target(&self) -> String {
        format!(
            "/v1/pull?after={}&ack_upto={}&max={}&max_bytes={}&wait={}",
            self.cursor.after(),
            self.cursor.ack_upto(),
            self.max,
            self.max_bytes,
            self.wait.as_secs()
        )
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullAnswer {
    /// In the order of their sequence.
    pub envelopes: Vec<Envelope>,
    /// Still waiting behind the last one given; not zero means: pull again at once.
    pub remaining: u64,
}

/// `GET /v1/status`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub relay: RelayId,
    pub owner: OwnerId,
    pub now_ms: i64,
    /// Since when this run of the relay takes webhooks.
    pub reachable_since_ms: i64,
    /// When the run before it was last known to be alive: between the two, webhooks may have been missed.
    pub unreachable_from_ms: Option<i64>,
    pub waiting: u64,
    pub waiting_bytes: u64,
    pub oldest_arrived_ms: Option<i64>,
    pub last_sequence: u64,
    pub acked_upto: u64,
    /// Unconfirmed envelopes that grew too old and were thrown away, since the pairing.
    pub expired: u64,
    pub paths: Vec<PathEntry>,
    pub quotas: QuotaLimits,
    pub warnings: Vec<Warning>,
}

/// What a relay keeps at most. Beyond it, platforms are answered with 503 and Retry-After.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaLimits {
    pub path_envelopes: u64,
    pub owner_envelopes: u64,
    pub owner_bytes: u64,
    pub owner_paths: u64,
    /// Unconfirmed envelopes are kept this long.
    pub keep_days: u32,
}

/// Something the owner should know before webhooks are turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "warning")]
pub enum Warning {
    /// Four fifths of the path's envelopes, or more.
    PathFilling { path: ChannelPath, waiting: u64, limit: u64 },
    /// Four fifths of the owner's envelopes, or more.
    OwnerFilling { waiting: u64, limit: u64 },
    /// Four fifths of the owner's bytes, or more.
    BytesFilling { waiting_bytes: u64, limit: u64 },
    /// The oldest envelope goes within a day unless it is pulled.
    Expiring { oldest_arrived_ms: i64 },
}

/// The body of every answer that is not 2xx, on `/v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    pub error: Why,
    /// The relay's clock, so that a laptop with a wrong one can sign again.
    pub now_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// 400: not in the form described here.
    BadRequest,
    /// 401: no signature, a wrong one, or one of a key that a newer pairing has replaced.
    BadSignature,
    /// 401: signed too long ago or too far ahead; `now_ms` tells the relay's time.
    ClockSkew,
    /// 401: this nonce was used before.
    Replayed,
    /// 403: the code is wrong, spent or too old.
    WrongCode,
    /// 429: too many wrong codes.
    TooManyAttempts,
    /// 400: `ack_upto` is higher than `after`, or than any envelope.
    AckBeyond,
    /// 404: no such path of this owner.
    UnknownPath,
    /// 409: another owner holds this path.
    PathTaken,
    /// 409: the owner has as many paths as the relay gives.
    PathLimit,
    /// 404: no such route.
    NotFound,
    /// 413: the body of a call is longer than 64 KiB.
    TooLarge,
    /// 503: no room on the disk, or the relay is stopping.
    Busy,
    /// A reason that this version does not know.
    #[serde(other)]
    Other,
}

/// Eight characters of Crockford's base32 (40 bits), read generously: case, dashes and spaces do not matter, O
/// is 0, I and L are 1. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct PairCode(String);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl PairCode {
    pub fn random(rng: &mut impl rand::CryptoRng) -> Self {
        let mut bytes = [0; 8];
        rng.fill_bytes(&mut bytes);
        let letters = bytes.iter().filter_map(|byte| CROCKFORD.get(usize::from(byte % 32)));
        Self(letters.map(|letter| char::from(*letter)).collect())
    }

    pub fn read(text: &str) -> Self {
        let kept = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
        Self(
            kept.take(64)
                .map(|letter| match letter.to_ascii_uppercase() {
                    'O' => '0',
                    'I' | 'L' => '1',
                    other => other,
                })
                .collect(),
        )
    }

    /// What a keeper stores instead of the code.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// In two groups, as in `7K2Q-M9TV`.
    pub fn shown(&self) -> String {
        match (self.0.get(..4), self.0.get(4..)) {
            (Some(first), Some(second)) => format!("{first}-{second}"),
            (None | Some(_), None) | (None, Some(_)) => self.0.clone(),
        }
    }
}

impl From<String> for PairCode {
    fn from(text: String) -> Self {
        Self::read(&text)
    }
}

impl From<PairCode> for String {
    fn from(code: PairCode) -> Self {
        code.0
    }
}

impl std::fmt::Debug for PairCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PairCode(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_read_aloud_is_the_same_code() {
        assert_eq!(PairCode::read("7k2q-mo1v"), PairCode::read(" 7K2Q M0lV "));
        let code = PairCode::random(&mut rand::rng());
        assert_eq!(PairCode::read(&code.shown().to_lowercase()), code);
        assert!(!format!("{code:?}").contains(&code.shown()));
    }

    #[test]
    fn a_reason_of_a_later_relay_is_still_an_answer() {
        let declined: Declined = serde_json::from_str(r#"{"error":"moon_phase","now_ms":1}"#).unwrap();
        assert_eq!(declined.error, Why::Other);
    }
}
