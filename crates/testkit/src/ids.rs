//! Ids in the shape of each platform, the same in every run of a story and different between runs when asked.

use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Counts up; the seed keeps two runs of long-lived fakes apart.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: u64,
    next: AtomicU64,
}

impl Ids {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self { seed, next: AtomicU64::new(1) }
    }

    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// `digits` decimal digits, growing.
    pub(crate) fn digits(&self, digits: usize) -> String {
        let run = self.seed % 100_000;
        let number = self.number();
        let rest = digits.saturating_sub(6);
        format!("5{run:05}{number:0rest$}")
    }

    /// 64 hex digits that nobody guesses from their neighbours.
    pub(crate) fn hex(&self) -> String {
        keyed_hex(&self.seed.to_be_bytes(), &self.number().to_be_bytes())
    }

    /// A ULID: 10 characters of time, 16 of the rest (Crockford base 32).
    pub(crate) fn ulid(&self, at_ms: i64) -> String {
        let time = u128::try_from(at_ms.max(0)).unwrap_or(0) & ((1 << 48) - 1);
        let seed = u128::from(self.seed & 0xFF_FFFF_FFFF);
        let value = (time << 80) | (seed << 40) | u128::from(self.number() & 0xFF_FFFF_FFFF);
        let letters = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        (0..26)
            .rev()
            .map(|place| {
                let index = usize::try_from((value >> (5 * place)) & 31).unwrap_or(0);
                char::from(letters.get(index).copied().unwrap_or(b'0'))
            })
            .collect()
    }
}

/// HMAC-SHA256 in lowercase hex.
pub(crate) fn keyed_hex(key: &[u8], message: &[u8]) -> String {
    hex::encode(keyed(key, message))
}

/// HMAC-SHA256.
pub(crate) fn keyed(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length, so there is always one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_shapes_grow_and_differ_between_seeds() {
        let (one, other) = (Ids::seeded(1), Ids::seeded(2));
        let (first, second) = (one.digits(18), one.digits(18));
        assert_eq!(first.len(), 18);
        assert!(first < second);
        assert_ne!(first, other.digits(18));
        let ulid = one.ulid(crate::clock::START_MS);
        assert_eq!(ulid.len(), 26);
        assert!(ulid < one.ulid(crate::clock::START_MS + 1));
        assert_eq!(one.hex().len(), 64);
    }

    #[test]
    fn keyed_hash_is_hmac_sha256() {
        // RFC 4231, test case 2.
        assert_eq!(
            keyed_hex(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
