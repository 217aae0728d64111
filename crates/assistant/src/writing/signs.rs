//! Turns of phrase that decide who should answer: anger, danger, law, attacks, small talk.

use std::{collections::BTreeMap, sync::LazyLock};

type Phrases = LazyLock<Vec<&'static str>>;

static LISTS: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    include_str!("signs.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, phrases)| (name, phrases.split(", ").map(str::trim).collect()))
        .collect()
});

macro_rules! phrases {
    ($name:literal) => {
        LazyLock::new(|| LISTS.get($name).cloned().unwrap_or_default())
    };
}

use crate::words::normal::{is_leading_vowel, is_mark, is_thai};

/// Whether a normalised text holds one of the phrases; Thai is not cut inside a syllable, short Latin words
/// stand alone.
pub(crate) fn has(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| holds(text, phrase))
}

pub(crate) fn holds(text: &str, phrase: &str) -> bool {
    let Some(first) = phrase.chars().next() else { return false };
    text.match_indices(phrase).any(|(at, found)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|tail| tail.chars().next());
        if is_thai(first) {
            return !before.is_some_and(is_leading_vowel) && !after.is_some_and(is_mark);
        }
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let goes_on = letter(after) && phrase.ends_with(|c: char| c.is_ascii_alphanumeric());
        !letter(before) && !goes_on
    })
}

pub(crate) static PERSON: Phrases = phrases!("person");

pub(crate) static LEGAL: Phrases = phrases!("legal");

/// Asks for money back, not what the rule is.
pub(crate) static REFUND: Phrases = phrases!("refund");

pub(crate) static ANGER: Phrases = phrases!("anger");

pub(crate) static DANGER: Phrases = phrases!("danger");

/// Their own or their child's allergy: a matter of health, not of the menu.
pub(crate) static ALLERGY: Phrases = phrases!("allergy");

pub(crate) static MEDICAL: Phrases = phrases!("medical");

pub(crate) static REPEATED: Phrases = phrases!("repeated");

pub(crate) static INJECTION: Phrases = phrases!("injection");

pub(crate) static PROMPT: Phrases = phrases!("prompt");

static OTHERS: Phrases = phrases!("others");

static THEIR_DATA: Phrases = phrases!("their_data");

static WANTS: Phrases = phrases!("wants");

/// Asks for what belongs to somebody else.
pub(crate) fn asks_for_others_data(text: &str) -> bool {
    const PLAIN: &[&str] = &[
        "เบอร์ลูกค้า",
        "ข้อมูลลูกค้า",
        "รายชื่อลูกค้า",
        "ที่อยู่ลูกค้า",
        "customer list",
        "customers' data",
        "other customers",
        "another customer's",
        "customer's phone",
        "customer's address",
        "list of customers",
        "guest list",
    ];
    if has(text, PLAIN) {
        return true;
    }
    let named = text.contains("คุณ") && has(text, &["เบอร์", "มีนัด", "นัดวันไหน", "ที่อยู่"]) && has(text, &OTHERS);
    let private: &[&str] = &[
        "ขอเบอร์เค้า",
        "ขอเบอร์เขา",
        "ขอเบอร์คุณ",
        "เบอร์ของเขา",
        "เบอร์ของเค้า",
        "her phone",
        "his phone",
        "her number",
        "his number",
        "her address",
        "his address",
    ];
    named
        || has(text, private)
        || (has(text, &OTHERS) && has(text, &THEIR_DATA) && has(text, &WANTS) && !for_themselves(text))
}

/// A friend who comes along is no secret.
fn for_themselves(text: &str) -> bool {
    has(
        text,
        &[
            "เบอร์ร้าน",
            "ที่อยู่ร้าน",
            "เบอร์โทรร้าน",
            "จองให้",
            "ซื้อให้",
            "สั่งให้",
            "ส่งให้เพื่อน",
            "กับเพื่อน",
            "กับแฟน",
            "เพื่อนบอก",
            "เพื่อนเป็น",
            "แฟนเป็น",
            "เพื่อนไป",
            "your phone",
            "your number",
            "your address",
            "with my",
            "for my",
            "bring my",
            "my friend wants",
        ],
    ) || (text.contains("จอง") && !text.contains("จองวันไหน") && !text.contains("จองไว้ห้อง"))
}

pub(crate) static PROMISE: Phrases = phrases!("promise");

pub(crate) const JOKING: &[&str] =
    &["😂", "🤣", "😆", "😝", "😜", "lol", "haha", "ฮ่าๆ", "อิอิ", "😍", "❤", "💕", "💖", "🥰", "😘"];

/// Laughs: a sign of JOKING, or `555` that is no part of a telephone number.
pub(crate) fn jokes(text: &str) -> bool {
    let laughs = text.match_indices("555").any(|(at, _)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at..).and_then(|tail| tail.chars().find(|c| *c != '5'));
        let numeric = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == '-');
        !numeric(before) && !numeric(after)
    });
    laughs || JOKING.iter().any(|sign| text.contains(sign))
}

pub(crate) static THANKS: Phrases = phrases!("thanks");

pub(crate) static GOODBYE: Phrases = phrases!("goodbye");

pub(crate) static GREETING: Phrases = phrases!("greeting");

pub(crate) static BOT: Phrases = phrases!("bot");

pub(crate) static CHAT: Phrases = phrases!("chat");

pub(crate) static PRAISE: Phrases = phrases!("praise");

pub(crate) static ACK: Phrases = phrases!("ack");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_whole_words() {
        assert!(!holds("เปิดไหม", "ปิด"));
        assert!(holds("ร้านปิดไหม", "ปิด"));
        assert!(!holds("this", "hi"));
        assert!(holds("oh hi there", "hi"));
        assert!(asks_for_others_data("เมื่อเช้าคุณแพรสั่งเค้กไปใช่ไหมคะ ขอเบอร์เค้าหน่อย"));
        assert!(!asks_for_others_data("ขอเบอร์โทรร้านหน่อยค่ะ"));
    }
}
