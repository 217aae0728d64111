//! How a laptop proves that a request is the owner's: Ed25519 over what is asked, of whom, when, and once.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};

use crate::{Digest, OwnerId, OwnerKeys, RelayId, SigningPublic, framing::put};

pub const OWNER: &str = "sala-owner";
/// UTC milliseconds.
pub const TIME: &str = "sala-time";
/// 16 random bytes in hex, never used again.
pub const NONCE: &str = "sala-nonce";
/// 64 bytes in base64.
pub const SIGNATURE: &str = "sala-signature";

/// How far a request's time may lie behind the relay's, in milliseconds.
pub const LONGEST_AGE_MS: i64 = 5 * 60 * 1_000;
/// How far it may lie ahead. Short, because the relay's memory of nonces ends with its process; a laptop whose
/// clock is wrong is told the relay's time and asks again.
pub const LONGEST_LEAD_MS: i64 = 30 * 1_000;

/// What is asked of the relay.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub relay: RelayId,
    pub method: &'a str,
    /// Path and query below the relay's own address, as in `/v1/pull?after=3`.
    pub target: &'a str,
    pub body: &'a [u8],
}

/// The four headers, read but not yet believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub owner: OwnerId,
    pub time_ms: i64,
    pub nonce: [u8; 16],
    signature: [u8; 64],
}

/// The four headers for a request.
pub fn sign(
    keys: &OwnerKeys,
    owner: OwnerId,
    asked: &Asked<'_>,
    time_ms: i64,
    nonce: [u8; 16],
) -> [(&'static str, String); 4] {
    let signature = keys.sign(&message(owner, asked, time_ms, &nonce));
    [
        (OWNER, owner.to_string()),
        (TIME, time_ms.to_string()),
        (NONCE, hex::encode(nonce)),
        (SIGNATURE, STANDARD.encode(signature)),
    ]
}

impl Claim {
    /// `header` gives a header's text by its name. `None` when one is missing or crooked.
    pub fn read<'a>(header: impl Fn(&'static str) -> Option<&'a str>) -> Option<Self> {
        let mut nonce = [0; 16];
        hex::decode_to_slice(header(NONCE)?, &mut nonce).ok()?;
        Some(Self {
            owner: header(OWNER)?.parse().ok()?,
            time_ms: header(TIME)?.parse().ok()?,
            nonce,
            signature: STANDARD.decode(header(SIGNATURE)?).ok()?.try_into().ok()?,
        })
    }

    /// Whether the holder of this key signed exactly this request. Time and nonce are for the relay to judge.
    pub fn is_signed_by(&self, key: &SigningPublic, asked: &Asked<'_>) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(key.as_bytes()) else {
            return false;
        };
        let message = message(self.owner, asked, self.time_ms, &self.nonce);
        key.verify_strict(&message, &Signature::from_bytes(&self.signature)).is_ok()
    }
}

fn message(owner: OwnerId, asked: &Asked<'_>, time_ms: i64, nonce: &[u8; 16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    put(&mut out, b"sala relay request 1");
    put(&mut out, asked.relay.as_bytes());
    put(&mut out, owner.as_bytes());
    put(&mut out, asked.method.as_bytes());
    put(&mut out, asked.target.as_bytes());
    put(&mut out, &time_ms.to_be_bytes());
    put(&mut out, nonce);
    put(&mut out, Digest::of(asked.body).as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_one_request_only() {
        let keys = OwnerKeys::from_seeds([1; 32], [2; 32]);
        let owner = OwnerId::from_bytes([3; 16]);
        let asked = Asked {
            relay: RelayId::from_bytes([4; 16]),
            method: "GET",
            target: "/v1/pull?after=3",
            body: b"",
        };
        let headers = sign(&keys, owner, &asked, 1_000, [5; 16]);
        let header = |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        let claim = Claim::read(header).unwrap();
        let key = keys.signing_public();
        assert!(claim.is_signed_by(&key, &asked));
        assert!(!claim.is_signed_by(&key, &Asked { method: "DELETE", ..asked }));
        assert!(!claim.is_signed_by(&key, &Asked { target: "/v1/pull?after=4", ..asked }));
        assert!(!claim.is_signed_by(&key, &Asked { body: b"x", ..asked }));
        assert!(!claim.is_signed_by(&key, &Asked { relay: RelayId::from_bytes([9; 16]), ..asked }));
        assert!(!Claim { time_ms: 1_001, ..claim }.is_signed_by(&key, &asked));
        assert!(!Claim { nonce: [6; 16], ..claim }.is_signed_by(&key, &asked));
        assert!(!Claim { owner: OwnerId::from_bytes([7; 16]), ..claim }.is_signed_by(&key, &asked));
        assert!(!claim.is_signed_by(&OwnerKeys::from_seeds([8; 32], [2; 32]).signing_public(), &asked));
    }
}
