//! What the linear model sees of a message: character n-grams, words, cues and shapes, as bucket numbers.

use std::ops::Range;

use domain::Entity;

use crate::{
    lexicon::{Cue, Hit},
    thai,
};

/// Two to the fourteenth: one bucket holds the weights of all features that hash to it.
pub(crate) const BUCKETS: usize = 1 << 14;
const LONGEST_GRAM: usize = 5;
/// A sign of the lexicon counts as much as this many n-grams.
const SIGN_COUNTS: usize = 3;
/// Words that a negator or an intensifier still reaches.
const REACH: usize = 18;

/// The buckets of one message; a bucket may come more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    pub buckets: Vec<u16>,
    /// How many at the end come from the lists of phrases for flags. The trainer hides them every other time, so that
    /// the model does not lean on lists that know its lessons better than they know the world.
    pub from_flag_lists: usize,
}

pub(crate) struct Seen<'a> {
    pub(crate) text: &'a str,
    pub(crate) words: &'a [Range<usize>],
    pub(crate) hits: &'a [Hit],
    pub(crate) entities: &'a [Entity],
    pub(crate) shouting: bool,
}

pub(crate) fn evidence(seen: &Seen<'_>) -> Evidence {
    let mut evidence = Evidence { buckets: Vec::with_capacity(seen.text.len() * 3), from_flag_lists: 0 };
    grams(seen.text, &mut evidence);
    words(seen, &mut evidence);
    signs(seen, &mut evidence);
    evidence
}

impl Evidence {
    fn add(&mut self, hash: u32) {
        // multiplicative mixing; the top bits are the good ones
        let mixed = hash.wrapping_mul(0x9E37_79B1) >> 18;
        self.buckets.push(u16::try_from(mixed).unwrap_or(0));
    }

    fn sign(&mut self, kind: &str, name: &str) {
        let hash = extend(extend(SEED ^ 3, kind.bytes()), name.bytes());
        for _ in 0..SIGN_COUNTS {
            self.add(hash);
        }
    }
}

/// FNV-1a.
const SEED: u32 = 0x811C_9DC5;

fn extend(hash: u32, bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(hash, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn extend_by(hash: u32, ch: char) -> u32 {
    (hash ^ u32::from(ch)).wrapping_mul(0x0100_0193)
}

/// N-grams of 1 to 5 characters over the text between two borders; every digit is a nought.
fn grams(text: &str, evidence: &mut Evidence) {
    let border = '\u{2}';
    let chars: Vec<char> = std::iter::once(border)
        .chain(text.chars().map(|ch| if ch.is_ascii_digit() { '0' } else { ch }))
        .chain(std::iter::once(border))
        .collect();
    for from in 0..chars.len() {
        let mut hash = SEED;
        for ch in chars.iter().skip(from).take(LONGEST_GRAM) {
            hash = extend_by(hash, *ch);
            evidence.add(hash);
        }
    }
}

/// Words and pairs of words as the segmentation found them.
fn words(seen: &Seen<'_>, evidence: &mut Evidence) {
    let mut before = SEED ^ 2;
    for range in seen.words {
        let word = seen.text.get(range.clone()).unwrap_or_default();
        let hash = extend(SEED ^ 1, word.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte }));
        evidence.add(hash);
        evidence.add(before.rotate_left(7) ^ hash);
        before = hash;
    }
}

/// Cues, bent by what stands before them, kinds of entities, and the shape of the message.
fn signs(seen: &Seen<'_>, evidence: &mut Evidence) {
    let (of_flags, of_talk): (Vec<&Hit>, Vec<&Hit>) =
        seen.hits.iter().filter(|hit| hit.cue != Cue::Plain).partition(|hit| hit.cue.is_for_a_flag());
    of_talk.into_iter().for_each(|hit| cue_sign(seen.hits, hit, evidence));
    for entity in seen.entities {
        evidence.sign("entity", kind_name(entity.kind));
    }
    let length = seen.text.chars().count();
    evidence.sign(
        "length",
        ["1", "2", "4", "8", "16", "32", "64", "128"].get(log2(length).min(7)).unwrap_or(&""),
    );
    let holds = |mark: char| seen.text.contains(mark);
    if holds('?') {
        evidence.sign("mark", "?");
    }
    if holds('!') {
        evidence.sign("mark", "!");
    }
    if seen.shouting {
        evidence.sign("shape", "shouting");
    }
    if !seen.text.chars().any(char::is_alphanumeric) && !seen.text.chars().any(thai::is_thai) {
        evidence.sign("shape", "wordless");
    }
    if !seen.entities.is_empty() && seen.words.len() <= seen.entities.len() * 4 {
        evidence.sign("shape", "bare");
    }
    let others = evidence.buckets.len();
    of_flags.into_iter().for_each(|hit| cue_sign(seen.hits, hit, evidence));
    evidence.from_flag_lists = evidence.buckets.len() - others;
}

fn cue_sign(hits: &[Hit], hit: &Hit, evidence: &mut Evidence) {
    let bends = matches!(hit.cue, Cue::Praise | Cue::Blame | Cue::Emergency | Cue::Legal);
    evidence.sign(hit.cue.name(), if bends { bend(hits, hit) } else { "" });
    if hit.weight == 3 {
        evidence.sign(hit.cue.name(), "strong");
    }
}

/// Whether a negator or an intensifier reaches the hit.
fn bend(hits: &[Hit], hit: &Hit) -> &'static str {
    let denied = is_denied(hits, hit);
    let boosted = hits.iter().any(|other| {
        other.cue == Cue::Booster
            && (other.range.start.saturating_sub(hit.range.end) <= REACH
                && other.range.start >= hit.range.end
                || hit.range.start.saturating_sub(other.range.end) <= 1 && other.range.end <= hit.range.start)
    });
    match (denied, boosted) {
        (true, true) => "denied boosted",
        (true, false) => "denied",
        (false, true) => "boosted",
        (false, false) => "",
    }
}

/// Whether a negator stands shortly before the hit.
pub(crate) fn is_denied(hits: &[Hit], hit: &Hit) -> bool {
    hits.iter().any(|other| {
        other.cue == Cue::Negator
            && other.range.end <= hit.range.start
            && hit.range.start - other.range.end <= REACH
    })
}

fn log2(length: usize) -> usize {
    usize::try_from(length.checked_ilog2().unwrap_or(0)).unwrap_or(0)
}

fn kind_name(kind: domain::EntityKind) -> &'static str {
    use domain::EntityKind as Kind;
    match kind {
        Kind::Email => "email",
        Kind::Phone => "phone",
        Kind::Money => "money",
        Kind::Quantity => "quantity",
        Kind::OrderNumber => "order_number",
        Kind::Date => "date",
        Kind::Time => "time",
        Kind::Url => "url",
        Kind::Address => "address",
        Kind::SocialHandle => "social_handle",
        Kind::Account => "account",
    }
}
