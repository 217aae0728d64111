//! Names made of bytes: ids, paths, digests and public keys, written as lower-case hex.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::RelayError;

macro_rules! hex_name {
    ($(#[$doc:meta])* $name:ident, $len:literal, $shown:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            pub const LENGTH: usize = $len;

            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// `None` unless there are exactly as many bytes as the name has.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Some(Self(bytes.try_into().ok()?))
            }

            pub fn random(rng: &mut impl rand::CryptoRng) -> Self {
                let mut bytes = [0; $len];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let full = hex::encode(self.0);
                let shown = full.get(..$shown).unwrap_or(&full);
                write!(f, "{}({shown}{})", stringify!($name), if shown.len() < full.len() { "…" } else { "" })
            }
        }

        impl FromStr for $name {
            type Err = RelayError;

            /// Lower-case hex only: one name has one spelling.
            fn from_str(text: &str) -> Result<Self, RelayError> {
                let wrong = RelayError::Malformed(concat!(stringify!($name), " is not lower-case hex of its length"));
                if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return Err(wrong);
                }
                let mut bytes = [0; $len];
                match hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) => Ok(Self(bytes)),
                    Err(_) => Err(wrong),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_name!(
    /// One relay, chosen at its first start.
    RelayId,
    16,
    32
);
hex_name!(
    /// One owner on one relay, given at pairing.
    OwnerId,
    16,
    32
);
hex_name!(
    /// 160 random bits that make a channel's webhook address; whoever knows it may post, so `Debug` shows the
    /// first characters only.
    ChannelPath,
    20,
    6
);
hex_name!(
    /// A SHA-256.
    Digest,
    32,
    16
);
hex_name!(
    /// Which sealing key an envelope was sealed to: the first 64 bits of the public key's SHA-256.
    KeyId,
    8,
    16
);
hex_name!(
    /// The owner's Ed25519 public key: who may pull and confirm.
    SigningPublic,
    32,
    16
);
hex_name!(
    /// The owner's X25519 public key: to whom webhooks are sealed.
    SealingPublic,
    32,
    16
);

impl Digest {
    /// Before the first envelope.
    pub const NOTHING: Self = Self([0; 32]);

    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl SealingPublic {
    pub fn key_id(&self) -> KeyId {
        let digest: [u8; 32] = Sha256::digest(self.0).into();
        let mut first = [0; 8];
        first.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        KeyId(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        let path = ChannelPath::from_bytes([0xAB; 20]);
        assert_eq!(path.to_string().parse::<ChannelPath>().unwrap(), path);
        assert!(path.to_string().to_uppercase().parse::<ChannelPath>().is_err());
        assert!("abab".parse::<ChannelPath>().is_err());
        assert!("สวัสดี".parse::<ChannelPath>().is_err());
    }

    #[test]
    fn a_path_does_not_show_itself_whole_in_debug_output() {
        let path = ChannelPath::from_bytes([0xAB; 20]);
        assert_eq!(format!("{path:?}"), "ChannelPath(ababab…)");
    }
}
