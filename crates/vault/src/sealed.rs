//! The bytes of the passphrase file.
//!
//! ```text
//! "SALAVAULT" · version 1 · memory KiB, passes, lanes (u32 LE each) · salt 16 · nonce 24     the header
//! XChaCha20-Poly1305 of the entries, the header as associated data
//! SHA-256 of all that precedes
//! ```
//! The digest at the end is no defence, anyone can compute it; it tells rot on the disk from a wrong passphrase, so
//! that the owner is not told to search for a passphrase that was right.

use std::collections::BTreeMap;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Error;

const MAGIC: &[u8] = b"SALAVAULT\x01";
const SALT: usize = 16;
const NONCE: usize = 24;
const TAG: usize = 16;
const DIGEST: usize = 32;
const HEADER: usize = MAGIC.len() + 12 + SALT + NONCE;

/// What a guess at the passphrase costs; Argon2id's parameters, kept in the file's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// RFC 9106, section 4, second recommended choice: 64 MiB, 3 passes, 4 lanes.
    fn default() -> Self {
        Cost { memory_kib: 64 * 1024, passes: 3, lanes: 4 }
    }
}

impl Cost {
    /// A header may not ask for more than 1 GiB, 64 passes and 64 lanes: more is damage, or an attempt to exhaust us.
    fn params(self) -> Option<Params> {
        let sane = self.memory_kib <= 1 << 20 && self.passes <= 64 && self.lanes <= 64;
        sane.then(|| Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()).flatten()
    }
}

/// Secrets by name.
pub(crate) type Entries = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// A key derived from the passphrase, and what it was derived with.
pub(crate) struct Derived {
    cost: Cost,
    salt: [u8; SALT],
    key: Zeroizing<[u8; 32]>,
}

impl Derived {
    /// For a new file: a new salt.
    pub(crate) fn fresh(passphrase: &SecretString, cost: Cost) -> Result<Derived, Error> {
        let mut salt = [0; SALT];
        rand::fill(&mut salt);
        Self::derive(passphrase, cost, salt)
    }

    fn derive(passphrase: &SecretString, cost: Cost, salt: [u8; SALT]) -> Result<Derived, Error> {
        let params = cost.params().ok_or(Error::damaged_file("its header asks for an absurd cost"))?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), &salt, &mut *key)
            .map_err(|_| Error::damaged_file("its passphrase cannot be derived with the header's cost"))?;
        Ok(Derived { cost, salt, key })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(Key::from_slice(&*self.key))
    }
}

/// Seals the entries under a nonce never used before.
pub(crate) fn seal(derived: &Derived, entries: &Entries) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; NONCE];
    rand::fill(&mut nonce);
    let mut file = Vec::with_capacity(HEADER);
    file.extend_from_slice(MAGIC);
    for number in [derived.cost.memory_kib, derived.cost.passes, derived.cost.lanes] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    file.extend_from_slice(&derived.salt);
    file.extend_from_slice(&nonce);
    let plain = encode(entries);
    let sealed = derived
        .cipher()
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: &plain, aad: &file })
        .map_err(|_| Error::Refused("the vault file has grown too large"))?;
    file.extend_from_slice(&sealed);
    let digest = Sha256::digest(&file);
    file.extend_from_slice(&digest);
    Ok(file)
}

/// Opens the bytes of a file. A key derived before is used again when salt and cost are the same.
pub(crate) fn open(
    file: &[u8],
    passphrase: &SecretString,
    known: Option<Derived>,
) -> Result<(Derived, Entries), Error> {
    let cut_short = || Error::damaged_file("it is not a whole vault file");
    let (body, digest) = file.split_last_chunk::<DIGEST>().ok_or_else(cut_short)?;
    if !body.starts_with(MAGIC) || body.len() < HEADER + TAG {
        return Err(cut_short());
    }
    if Sha256::digest(body).as_slice() != digest {
        return Err(Error::damaged_file("its content does not match its digest"));
    }
    let (header, sealed) = body.split_at_checked(HEADER).ok_or_else(cut_short)?;
    let mut fields = Reader(header);
    let read = (|| {
        fields.take(MAGIC.len())?;
        let cost = Cost { memory_kib: fields.u32()?, passes: fields.u32()?, lanes: fields.u32()? };
        let salt: [u8; SALT] = fields.take(SALT)?.try_into().ok()?;
        let nonce: [u8; NONCE] = fields.take(NONCE)?.try_into().ok()?;
        Some((cost, salt, nonce))
    })();
    let (cost, salt, nonce) = read.ok_or_else(cut_short)?;
    let derived = match known {
        Some(known) if known.cost == cost && known.salt == salt => known,
        Some(_) | None => Derived::derive(passphrase, cost, salt)?,
    };
    let plain = derived
        .cipher()
        .decrypt(XNonce::from_slice(&nonce), Payload { msg: sealed, aad: header })
        .map(Zeroizing::new)
        .map_err(|_| Error::WrongPassphrase)?;
    let entries = decode(&plain).ok_or(Error::damaged_file("its entries do not read"))?;
    Ok((derived, entries))
}

/// Per entry: name length, name, secret length, secret; lengths as u32 LE.
fn encode(entries: &Entries) -> Zeroizing<Vec<u8>> {
    let room = entries.iter().map(|(name, secret)| name.len() + secret.len() + 8).sum();
    let mut plain = Zeroizing::new(Vec::with_capacity(room));
    for (name, secret) in entries {
        for field in [name.as_bytes(), secret.as_slice()] {
            plain.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_le_bytes());
            plain.extend_from_slice(field);
        }
    }
    plain
}

fn decode(plain: &[u8]) -> Option<Entries> {
    let mut fields = Reader(plain);
    let mut entries = Entries::new();
    while !fields.0.is_empty() {
        let name = fields.field()?;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        entries.insert(name, Zeroizing::new(fields.field()?.to_vec()));
    }
    Some(entries)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn field(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

    fn passphrase(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn malis_entries() -> Entries {
        Entries::from([
            ("sala/channel/line-1".to_owned(), Zeroizing::new("โทเคน".as_bytes().to_vec())),
            ("sala/database-key".to_owned(), Zeroizing::new(vec![7; 32])),
            ("sala/empty".to_owned(), Zeroizing::new(Vec::new())),
        ])
    }

    fn malis_file() -> Vec<u8> {
        seal(&Derived::fresh(&passphrase("ชาเย็นไม่หวาน"), CHEAP).unwrap(), &malis_entries()).unwrap()
    }

    #[test]
    fn the_right_passphrase_opens_it_and_the_cost_is_the_files_own() {
        let (derived, entries) = open(&malis_file(), &passphrase("ชาเย็นไม่หวาน"), None).unwrap();
        assert_eq!(derived.cost, CHEAP);
        assert_eq!(entries, malis_entries());
    }

    #[test]
    fn another_passphrase_does_not() {
        let error = open(&malis_file(), &passphrase("ชาเย็นหวานน้อย"), None).err().unwrap();
        assert!(matches!(error, Error::WrongPassphrase), "{error}");
    }

    #[test]
    fn a_bit_flipped_anywhere_is_damage_and_not_a_wrong_passphrase() {
        let whole = malis_file();
        for position in 0..whole.len() {
            for bit in [0, 7] {
                let mut bytes = whole.clone();
                bytes[position] ^= 1 << bit;
                let error = open(&bytes, &passphrase("ชาเย็นไม่หวาน"), None).err().unwrap();
                assert!(matches!(error, Error::Damaged { .. }), "byte {position}, bit {bit}: {error}");
            }
        }
    }

    #[test]
    fn a_flipped_bit_with_its_digest_made_to_fit_opens_nothing_either() {
        let whole = malis_file();
        for position in
            (0..whole.len() - DIGEST).filter(|position| !(MAGIC.len()..MAGIC.len() + 12).contains(position))
        {
            let mut bytes = whole[..whole.len() - DIGEST].to_vec();
            bytes[position] ^= 1;
            let digest = Sha256::digest(&bytes);
            bytes.extend_from_slice(&digest);
            assert!(open(&bytes, &passphrase("ชาเย็นไม่หวาน"), None).is_err(), "byte {position}");
        }
    }

    #[test]
    fn every_shortened_file_is_damage() {
        let whole = malis_file();
        for length in 0..whole.len() {
            let error = open(&whole[..length], &passphrase("ชาเย็นไม่หวาน"), None).err().unwrap();
            assert!(matches!(error, Error::Damaged { .. }), "{length} bytes: {error}");
        }
    }

    #[test]
    fn a_header_that_asks_for_all_our_memory_is_refused_before_any_is_taken() {
        let mut bytes = malis_file();
        bytes.truncate(bytes.len() - DIGEST);
        bytes[MAGIC.len()..MAGIC.len() + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        let error = open(&bytes, &passphrase("ชาเย็นไม่หวาน"), None).err().unwrap();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }

    #[test]
    fn two_sealings_of_the_same_secrets_share_no_nonce() {
        let derived = Derived::fresh(&passphrase("x"), CHEAP).unwrap();
        let nonce = |file: Vec<u8>| file[HEADER - NONCE..HEADER].to_vec();
        let (one, two) =
            (seal(&derived, &malis_entries()).unwrap(), seal(&derived, &malis_entries()).unwrap());
        assert_ne!(nonce(one), nonce(two));
    }
}
