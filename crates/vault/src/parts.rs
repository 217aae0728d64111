//! How one secret becomes keyring entries, each short enough for Windows.
//!
//! A short secret is one entry, the head, which carries it whole. A long one is written as parts into a free slot,
//! `a` or `b`; the head that names slot, count and digest is written last and is what makes them count. A write torn
//! anywhere before the head leaves the old secret standing; a part lost later is noticed by count or digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Characters in one entry. Credential Manager takes 2,560 bytes of UTF-16, which is 1,280 characters.
/// <https://learn.microsoft.com/windows/win32/api/wincred/ns-wincred-credentialw>
pub(crate) const LONGEST: usize = 1_200;

/// Parts a head may announce; about 0.9 MB of secret. A larger number is damage, not a credential.
const MOST: usize = 1_000;

/// Opens every head; a different one was written by someone else, or by a later version.
const MARK: &str = "sala1";

/// Where the parts of a long secret lie. Two, so that a new secret never touches the parts of the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    A,
    B,
}

impl Slot {
    pub(crate) fn other(self) -> Self {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }

    fn letter(self) -> &'static str {
        match self {
            Slot::A => "a",
            Slot::B => "b",
        }
    }

    /// The entry that holds one part of `name`; `#` cannot occur in a name.
    pub(crate) fn entry(self, name: &str, index: usize) -> String {
        format!("{name}#{}{index}", self.letter())
    }
}

/// What a head says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// The secret itself, in base64, and its digest.
    Whole { text: Zeroizing<String>, digest: String },
    /// Where its parts lie, how many, and the digest of the whole.
    Split { slot: Slot, count: usize, digest: String },
}

impl Head {
    /// `None` when the text is no head of ours.
    pub(crate) fn parse(text: &str) -> Option<Head> {
        let mut fields = text.splitn(4, ':');
        let (mark, kind, digest, rest) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        if mark != MARK || digest.len() != 64 {
            return None;
        }
        let digest = digest.to_owned();
        let slot = match kind {
            "whole" => return Some(Head::Whole { text: Zeroizing::new(rest.to_owned()), digest }),
            "a" => Slot::A,
            "b" => Slot::B,
            _ => return None,
        };
        let count = rest.parse().ok().filter(|count| (1..=MOST).contains(count))?;
        Some(Head::Split { slot, count, digest })
    }

    /// The slot whose parts are in use, if any.
    pub(crate) fn slot(&self) -> Option<Slot> {
        match self {
            Head::Whole { .. } => None,
            Head::Split { slot, .. } => Some(*slot),
        }
    }
}

/// A secret ready to be written: the parts first, the head last.
pub(crate) struct Written {
    pub(crate) head: Zeroizing<String>,
    pub(crate) parts: Vec<Zeroizing<String>>,
}

/// Encodes a secret for the given free slot; `None` when it is longer than [`MOST`] parts.
pub(crate) fn encode(secret: &[u8], slot: Slot) -> Option<Written> {
    let digest = hex::encode(Sha256::digest(secret));
    let text = Zeroizing::new(BASE64.encode(secret));
    let whole = Zeroizing::new(format!("{MARK}:whole:{digest}:{}", text.as_str()));
    if whole.len() <= LONGEST {
        return Some(Written { head: whole, parts: Vec::new() });
    }
    let parts: Vec<_> = text
        .as_bytes()
        .chunks(LONGEST)
        .map(|chunk| Zeroizing::new(String::from_utf8_lossy(chunk).into_owned()))
        .collect();
    if parts.len() > MOST {
        return None;
    }
    let head = Zeroizing::new(format!("{MARK}:{}:{digest}:{}", slot.letter(), parts.len()));
    Some(Written { head, parts })
}

/// The secret again, if the text is exactly what the digest was taken of.
pub(crate) fn decode(text: &str, digest: &str) -> Option<Zeroizing<Vec<u8>>> {
    let secret = Zeroizing::new(BASE64.decode(text).ok()?);
    (hex::encode(Sha256::digest(&*secret)) == digest).then_some(secret)
}

/// A name that is safe in an entry: everything but letters, digits, `.`, `_` and `-` becomes `%XX`.
pub(crate) fn safe_name(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(written: &Written) -> String {
        written.parts.iter().map(|part| part.as_str()).collect()
    }

    #[test]
    fn a_short_thai_secret_is_one_entry() {
        let written = encode("รหัสลับ".as_bytes(), Slot::A).unwrap();
        assert!(written.parts.is_empty());
        let Some(Head::Whole { text, digest }) = Head::parse(&written.head) else { panic!("a whole head") };
        assert_eq!(&*decode(&text, &digest).unwrap(), "รหัสลับ".as_bytes());
    }

    #[test]
    fn every_length_comes_back_and_no_entry_is_too_long_for_windows() {
        for length in [0, 1, 2, 3, 500, 840, 845, 846, 847, 850, 900, 1_800, 10_000] {
            let secret: Vec<u8> = (0..length).map(|n| (n * 7 % 256) as u8).collect();
            let written = encode(&secret, Slot::B).unwrap();
            for entry in written.parts.iter().chain([&written.head]) {
                assert!(entry.is_ascii() && entry.len() <= LONGEST, "{length} bytes");
            }
            let back = match Head::parse(&written.head).unwrap() {
                Head::Whole { text, digest } => decode(&text, &digest),
                Head::Split { slot, count, digest } => {
                    assert_eq!((slot, count), (Slot::B, written.parts.len()));
                    decode(&joined(&written), &digest)
                }
            };
            assert_eq!(&*back.unwrap(), &secret, "{length} bytes");
        }
    }

    #[test]
    fn parts_of_two_writes_never_pass_for_one_secret() {
        let (old, new) = (encode(&[1; 5_000], Slot::A).unwrap(), encode(&[2; 5_000], Slot::A).unwrap());
        let Some(Head::Split { digest, .. }) = Head::parse(&new.head) else { panic!("a split head") };
        let torn = format!("{}{}", old.parts[0].as_str(), joined(&new).split_at(LONGEST).1);
        assert!(decode(&torn, &digest).is_none());
        assert!(decode(joined(&new).split_at(LONGEST).0, &digest).is_none());
        assert!(decode(&joined(&new), &digest).is_some());
    }

    #[test]
    fn foreign_heads_are_not_ours() {
        let digest = "0".repeat(64);
        for text in
            ["", "hunter2", "sala1:", "sala1:c:00:1", "sala1:a:zz:1"].map(str::to_owned).into_iter().chain([
                format!("sala1:a:{digest}:0"),
                format!("sala1:a:{digest}:99999999"),
                format!("sala2:a:{digest}:1"),
            ])
        {
            assert_eq!(Head::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn a_secret_beyond_all_measure_is_refused() {
        assert!(encode(&vec![0; 1_000_000], Slot::A).is_none());
    }

    #[test]
    fn names_cannot_reach_into_each_other() {
        assert_eq!(safe_name("ch-1.x_Y"), "ch-1.x_Y");
        assert_eq!(safe_name("a#b/ก"), "a%23b%2F%E0%B8%81");
    }
}
