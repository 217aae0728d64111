//! A sealed webhook: a heading that all may read and none may change, and contents that only the owner opens.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{ChannelPath, Digest, KeyId, OwnerId, RelayId, framing::put};

/// What stands on the outside. The seal covers every field of it (HPKE associated data).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    pub relay: RelayId,
    pub owner: OwnerId,
    /// 1, 2, 3 … per owner, without holes.
    pub sequence: u64,
    /// UTC milliseconds by the relay's clock, when the last byte of the webhook was there.
    pub arrived_ms: i64,
    pub method: String,
    pub path: ChannelPath,
    /// [`Envelope::hash`] of the owner's envelope before this one; [`Digest::NOTHING`] before the first.
    pub previous: Digest,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub heading: Heading,
    pub sealed_to: KeyId,
    /// The encapsulated key of HPKE, 32 bytes; base64 on the wire.
    #[serde(with = "base64_bytes")]
    pub encapsulated: Vec<u8>,
    /// Ciphertext and tag; base64 on the wire.
    #[serde(with = "base64_bytes")]
    pub ciphertext: Vec<u8>,
}

impl Heading {
    pub fn associated_data(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(192);
        put(&mut out, b"sala envelope 1");
        put(&mut out, self.relay.as_bytes());
        put(&mut out, self.owner.as_bytes());
        put(&mut out, &self.sequence.to_be_bytes());
        put(&mut out, &self.arrived_ms.to_be_bytes());
        put(&mut out, self.method.as_bytes());
        put(&mut out, self.path.as_bytes());
        put(&mut out, self.previous.as_bytes());
        out
    }
}

impl Envelope {
    /// Over heading, key and contents; the next envelope's heading carries it.
    pub fn hash(&self) -> Digest {
        let mut outside = self.heading.associated_data();
        put(&mut outside, self.sealed_to.as_bytes());
        put(&mut outside, &self.encapsulated);
        let mut hasher = Sha256::new();
        hasher.update(&outside);
        hasher.update(&self.ciphertext);
        Digest::from_bytes(hasher.finalize().into())
    }

    /// What a keeper of envelopes counts against its quotas, in bytes.
    pub fn size(&self) -> u64 {
        u64::try_from(self.ciphertext.len().saturating_add(256)).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("heading", &self.heading)
            .field("sealed_to", &self.sealed_to)
            .field("ciphertext", &format_args!("{} bytes", self.ciphertext.len()))
            .finish_non_exhaustive()
    }
}

mod base64_bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}
