//! The types that carry secrets: wiped when dropped, silent in `Debug`.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The raw 256-bit key of the database.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DatabaseKey([u8; DatabaseKey::LEN]);

impl DatabaseKey {
    /// Bytes in a key: SQLCipher's raw key, which skips its key derivation.
    pub const LEN: usize = 32;

    /// The bytes themselves, for the one who opens the database.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    pub(crate) fn generate() -> Self {
        let mut key = DatabaseKey([0; Self::LEN]);
        rand::fill(&mut key.0);
        key
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(DatabaseKey)
    }
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(redacted)")
    }
}

/// The named secrets of one channel, such as a channel secret and an access token. Opaque to the vault.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Credentials(BTreeMap<String, SecretString>);

impl Credentials {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with one more secret; a name used before is overwritten.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.0.insert(name.into(), secret.into());
        self
    }

    /// The secret of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.get(name)
    }

    /// The names alone, in order, for a screen that shows what is there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A JSON object, sized ahead so that no unwiped copy is left behind by a growing buffer.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // six bytes is the longest escape JSON has for one byte of text
        let room: usize =
            self.0.iter().map(|(name, secret)| 6 * (name.len() + secret.expose_secret().len()) + 8).sum();
        let plain: BTreeMap<&str, &str> =
            self.0.iter().map(|(name, secret)| (name.as_str(), secret.expose_secret())).collect();
        let mut bytes = Zeroizing::new(Vec::with_capacity(room + 2));
        // Writing strings into memory cannot fail; were it to, the reader would find no JSON and say “damaged”.
        if serde_json::to_writer(&mut *bytes, &plain).is_err() {
            bytes.zeroize();
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.keys().map(|name| (name, "redacted"))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_and_never_a_secret() {
        let credentials = Credentials::new().with("channel_secret", "ความลับ-s3cr3t");
        assert_eq!(format!("{credentials:?}"), r#"{"channel_secret": "redacted"}"#);
        assert_eq!(format!("{:?}", DatabaseKey::generate()), "DatabaseKey(redacted)");
    }

    #[test]
    fn credentials_survive_their_bytes_in_thai_and_with_every_control_character() {
        let awkward: String = (0_u8..128).map(char::from).collect();
        let before = Credentials::new().with("token", "โทเคน \"quoted\" \\").with("odd", awkward.as_str());
        let bytes = before.to_bytes();
        assert!(bytes.len() <= bytes.capacity());
        let after = Credentials::from_bytes(&bytes).unwrap();
        assert_eq!(after.names().collect::<Vec<_>>(), ["odd", "token"]);
        assert_eq!(after.get("token").unwrap().expose_secret(), "โทเคน \"quoted\" \\");
        assert_eq!(after.get("odd").unwrap().expose_secret(), awkward);
    }

    #[test]
    fn two_keys_are_never_the_same() {
        assert_ne!(DatabaseKey::generate().expose(), DatabaseKey::generate().expose());
    }
}
