//! What a customer has given for a booking or an order: day, time, people, name, telephone, address.

use std::{collections::BTreeSet, sync::LazyLock};

use domain::Tongue;
use jiff::civil::Date;
use regex::Regex;

use super::hours::{NamedBy, date_name, day_name, days_named};
use crate::{
    Library,
    knowledge::Query,
    words::{
        TermKind,
        normal::{has_thai, is_thai, normal},
    },
};

/// What a slot of `personality.steps` asks for, judged by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Date,
    /// The second of two dates (`old_date`, `new_date`).
    OtherDate,
    Time,
    People,
    Name,
    Phone,
    Email,
    Address,
    Number,
    Colour,
    Size,
    Payment,
    /// Words of the customer's own: on a cake, on a card.
    Text,
    /// The thing itself: item, treatment, model, problem…
    Subject,
}

impl Slot {
    pub(crate) fn of(name: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["new_date", "checkout", "check_out", "end_date", "return_date"]) {
            Self::OtherDate
        } else if has(&["date", "day", "check_in", "checkin"]) {
            Self::Date
        } else if has(&["time", "hour"]) && !has(&["times"]) {
            Self::Time
        } else if has(&[
            "people",
            "guests",
            "persons",
            "pax",
            "adults",
            "participants",
            "seats",
            "party_size",
        ]) {
            Self::People
        } else if has(&["phone", "tel", "mobile", "contact"]) && name != "phone_model" {
            Self::Phone
        } else if has(&["email", "mail_address"]) {
            Self::Email
        } else if has(&["name", "recipient"]) && !has(&["pet_name"]) {
            Self::Name
        } else if has(&["address", "location", "place", "hotel", "area"]) {
            Self::Address
        } else if has(&[
            "quantity", "amount", "number", "count", "nights", "how_many", "pieces", "copies", "hours",
            "duration",
        ]) {
            Self::Number
        } else if has(&["colour", "color"]) {
            Self::Colour
        } else if has(&["size"]) {
            Self::Size
        } else if has(&["payment", "pay"]) {
            Self::Payment
        } else if has(&["text", "message", "note", "wording", "card", "special", "request"]) {
            Self::Text
        } else {
            Self::Subject
        }
    }
}

/// What the customer's messages hold.
#[derive(Debug, Default, Clone)]
pub(crate) struct Given {
    pub dates: Vec<(Date, NamedBy)>,
    /// `HH:MM`.
    pub times: Vec<String>,
    pub people: Option<u32>,
    pub nights: Option<u32>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address: Option<String>,
    /// A number that is neither a time nor people nor part of a telephone number.
    pub number: Option<u32>,
    pub payment: Option<String>,
    pub own_words: Option<String>,
    pub picks_up: bool,
}

impl Given {
    pub(crate) fn is_empty(&self) -> bool {
        self.dates.is_empty()
            && self.times.is_empty()
            && self.people.is_none()
            && self.name.is_none()
            && self.phone.is_none()
            && self.email.is_none()
            && self.address.is_none()
            && self.payment.is_none()
            && self.own_words.is_none()
    }
}

#[expect(clippy::expect_used, reason = "fixed patterns, each run by a test")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a fixed pattern")
}

static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:\+66|0)[ -]?\d(?:[ -]?\d){7,8}"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[a-z0-9._+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+"));
static CLOCK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d{1,2})[:.](\d{2})(?:\s*(น\.?|am|pm))?"));
static ENGLISH_HOUR: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(\d{1,2})\s*(a\.?m\.?|p\.?m\.?)\b"));
static PEOPLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(\d{1,3})\s*(?:คน|ท่าน|people|persons?|pax|guests?|adults?|of us)|(?:for|we are|we're|party of|table of)\s+(\d{1,3})\b",
    )
});
static NIGHTS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d{1,3})\s*(?:คืน|nights?)"));
static QUOTED: LazyLock<Regex> = LazyLock::new(|| pattern("\"([^\"]{1,120})\""));
static POSTCODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^\d])(\d{5})(?:[^\d]|$)"));

/// Reads the customer's messages, oldest first; later ones win.
pub(crate) fn read(messages: &[String], library: &Library, today: Date) -> Given {
    let mut given = Given::default();
    for message in messages {
        let text = numbers_in_figures(&normal(message));
        let query = library.query(message);
        let mut rest = text.clone();
        if let Some(found) = PHONE.find(&text) {
            given.phone = Some(found.as_str().to_owned());
            rest = rest.replace(found.as_str(), " ");
        }
        if let Some(found) = EMAIL.find(&text) {
            given.email = Some(found.as_str().to_owned());
            rest = rest.replace(found.as_str(), " ");
        }
        let days = days_named(&query, today);
        if !days.is_empty() {
            if given.dates.is_empty() || days.len() > 1 {
                given.dates = days;
            } else {
                given
                    .dates
                    .extend(days.into_iter().filter(|day| !given.dates.contains(day)).collect::<Vec<_>>());
            }
        }
        let times = times(&rest);
        if !times.is_empty() {
            given.times = times;
        }
        given.people = people(&rest).or(given.people);
        if let Some(nights) = NIGHTS.captures(&rest).and_then(|c| c.get(1)?.as_str().parse().ok()) {
            given.nights = Some(nights);
        }
        if let Some(address) = address(message) {
            given.address = Some(address);
        }
        if let Some(found) = QUOTED.captures(message).and_then(|c| c.get(1)) {
            given.own_words = Some(found.as_str().to_owned());
        }
        if let Some(name) = name(message, library, given.phone.is_some()) {
            given.name = Some(name);
        }
        if let Some(way) = payment(&query) {
            given.payment = Some(way);
        }
        given.picks_up |= query.has("t:selfpickup");
        let number = query.terms.iter().find_map(|term| {
            (term.kind == TermKind::Number)
                .then(|| term.key.strip_prefix("n:")?.parse::<u32>().ok())
                .flatten()
                .filter(|n| (1..1000).contains(n))
        });
        given.number = number.or(given.number);
    }
    given
}

/// How many come; `for 3 nights` counts no people.
fn people(text: &str) -> Option<u32> {
    PEOPLE.captures_iter(text).find_map(|found| {
        let number = found.get(1).or_else(|| found.get(2))?;
        let tail = text.get(number.end()..).unwrap_or("").trim_start();
        let spans = ["night", "day", "hour", "week", "month", "baht", "piece", "คืน", "วัน", "ชั่วโมง"];
        let other = found.get(1).is_none() && spans.iter().any(|span| tail.starts_with(span));
        if other { None } else { number.as_str().parse().ok() }
    })
}

/// Thai numbers in words as figures, where a unit of time or people follows.
fn numbers_in_figures(text: &str) -> String {
    const WORDS: [(&str, &str); 12] = [
        ("สิบเอ็ด", "11"),
        ("สิบสอง", "12"),
        ("สิบ", "10"),
        ("หนึ่ง", "1"),
        ("สอง", "2"),
        ("สาม", "3"),
        ("สี่", "4"),
        ("ห้า", "5"),
        ("หก", "6"),
        ("เจ็ด", "7"),
        ("แปด", "8"),
        ("เก้า", "9"),
    ];
    let mut out = text.to_owned();
    for (word, figure) in WORDS {
        for unit in ["โมง", "ทุ่ม", "คน", "ท่าน", "คืน"] {
            out = out.replace(&format!("{word}{unit}"), &format!("{figure}{unit}"));
        }
        for part in ["บ่าย", "ตี"] {
            out = out.replace(&format!("{part}{word}"), &format!("{part}{figure}"));
        }
    }
    out
}

/// Times of day as `HH:MM`.
fn times(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut add = |hour: u32, minute: u32| {
        if hour < 24 && minute < 60 {
            let time = format!("{hour:02}:{minute:02}");
            if !out.contains(&time) {
                out.push(time);
            }
        }
    };
    for found in CLOCK.captures_iter(text) {
        let number = |n: usize| found.get(n).and_then(|m| m.as_str().parse::<u32>().ok());
        if let (Some(hour), Some(minute)) = (number(1), number(2)) {
            let afternoon = found.get(3).is_some_and(|m| m.as_str() == "pm") && hour < 12;
            add(if afternoon { hour + 12 } else { hour }, minute);
        }
    }
    for found in ENGLISH_HOUR.captures_iter(text) {
        let hour = found.get(1).and_then(|m| m.as_str().parse::<u32>().ok()).unwrap_or(99);
        let afternoon = found.get(2).is_some_and(|m| m.as_str().starts_with('p'));
        add(
            if afternoon && hour < 12 {
                hour + 12
            } else if !afternoon && hour == 12 {
                0
            } else {
                hour
            },
            0,
        );
    }
    let half = |at: usize| text.get(at..).is_some_and(|tail| tail.trim_start().starts_with("ครึ่ง"));
    let before = |at: usize| -> Option<u32> {
        let head = text.get(..at)?.trim_end();
        let digits: String = head.chars().rev().take_while(char::is_ascii_digit).collect();
        digits.chars().rev().collect::<String>().parse().ok()
    };
    for (at, word) in text.match_indices("ทุ่ม") {
        let minute = if half(at + word.len()) { 30 } else { 0 };
        let nights = before(at).unwrap_or(1);
        if nights <= 5 {
            add(nights + 18, minute);
        }
    }
    for (at, word) in text.match_indices("โมง") {
        let minute = if half(at + word.len()) { 30 } else { 0 };
        let evening = text.get(at + word.len()..).is_some_and(|tail| tail.trim_start().starts_with("เย็น"));
        match before(at) {
            Some(hour @ 1..=5) => add(hour + 12, minute),
            Some(hour @ 6) if evening => add(hour + 12, minute),
            Some(hour @ 6..=12) => add(hour, minute),
            None if text.get(..at).is_some_and(|head| head.ends_with("บ่าย")) => add(13, minute),
            Some(_) | None => {}
        }
    }
    for (at, word) in text.match_indices("บ่าย") {
        let tail = text.get(at + word.len()..).unwrap_or("").trim_start();
        let digits: String = tail.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(hour @ 1..=6) = digits.parse::<u32>() {
            let after = tail.get(digits.len()..).unwrap_or("");
            let half = after.trim_start_matches("โมง").trim_start().starts_with("ครึ่ง");
            add(hour + 12, if half { 30 } else { 0 });
        }
    }
    if super::signs::has(text, &["เที่ยง", "noon", "midday"]) {
        add(12, 0);
    }
    out
}

fn payment(query: &Query) -> Option<String> {
    const WAYS: [(&str, &str, &str); 5] = [
        ("t:cod", "เก็บเงินปลายทาง", "cash on delivery"),
        ("t:transfer", "โอน", "bank transfer"),
        ("t:promptpay", "พร้อมเพย์", "PromptPay"),
        ("t:creditcard", "บัตร", "card"),
        ("t:cash", "เงินสด", "cash"),
    ];
    let tongue_thai = has_thai(&query.normal);
    WAYS.iter()
        .find(|(key, _, _)| query.has(key))
        .map(|(_, thai, english)| (if tongue_thai { *thai } else { *english }).to_owned())
}

/// A line with a postcode, a sub-district or a road and a house number.
fn address(message: &str) -> Option<String> {
    let text = normal(message);
    const SIGNS: [&str; 14] =
        ["ต.", "อ.", "จ.", "ถ.", "ซ.", "ม.", "หมู่", "แขวง", "เขต", "ตำบล", "อำเภอ", " moo ", " road", " soi "];
    let signs = SIGNS.iter().filter(|sign| text.contains(**sign)).count();
    let digits = text.chars().any(|c| c.is_ascii_digit());
    if !(digits && (signs >= 2 || POSTCODE.is_match(&text) && signs >= 1)) {
        return None;
    }
    let without_phone = PHONE.replace(message, "");
    let start = without_phone.char_indices().find(|(_, c)| c.is_ascii_digit()).map_or(0, |(at, _)| at);
    let text = without_phone.get(start..).unwrap_or("");
    let text = text.trim_end().trim_end_matches("โทร").trim_end_matches([',', ' ', '.']);
    (!text.is_empty()).then(|| text.trim().to_owned())
}

/// After `ชื่อ` or `name is`; else, beside a telephone number, the words that mean nothing else.
fn name(message: &str, library: &Library, with_phone: bool) -> Option<String> {
    let message = message.trim();
    for marker in [
        "ชื่อผู้รับ",
        "ชื่อ-",
        "ในชื่อ",
        "ชื่อคุณ",
        "ชื่อ",
        "Name is",
        "name is",
        "My name's",
        "my name's",
        "Name:",
        "name:",
        "I'm",
        "This is",
        "under",
    ] {
        let Some((_, tail)) = message.split_once(marker) else { continue };
        let tail = tail.trim_start_matches([' ', ':', '-']);
        let word: String = tail
            .chars()
            .take_while(|c| {
                !c.is_ascii_digit()
                    && !matches!(c, ',' | '\n' | '.' | '?' | '(')
                    && (*c != ' ' || !has_thai(tail.get(..3).unwrap_or("")))
            })
            .take(30)
            .collect();
        let word = strip_polite(word.trim());
        let asks = ["อะไร", "ใคร", "รุ่น", "ร้าน", "ไหน"].iter().any(|w| word.starts_with(w));
        if !word.is_empty() && !asks && word.split(' ').count() <= 3 {
            return Some(word);
        }
    }
    if !with_phone || !PHONE.is_match(&normal(message)) {
        return None;
    }
    let thai = has_thai(message);
    let pieces = message.split(|c: char| matches!(c, ',' | '\n' | '.' | ';') || (thai && c == ' '));
    for piece in pieces {
        let letters: String = piece.chars().take_while(|c| !c.is_ascii_digit() && *c != '+').collect();
        let letters = strip_polite(letters.trim());
        if letters.chars().filter(|c| c.is_alphabetic()).count() < 2 || letters.split(' ').count() > 3 {
            continue;
        }
        let query = library.query(&letters);
        let meant: BTreeSet<&str> = query.terms.iter().map(|term| term.key.as_str()).collect();
        let own = query
            .terms
            .iter()
            .all(|term| matches!(term.kind, TermKind::Word | TermKind::Strange) && !library.knows(&term.key));
        if own && !meant.is_empty() && !letters.starts_with("โทร") {
            return Some(letters);
        }
    }
    // A Thai name may be a word too; the piece right before the number is the best guess.
    let head = PHONE.find(message).and_then(|found| message.get(..found.start()))?;
    let last =
        head.trim().trim_end_matches("โทร").trim_end_matches([',', ' ']).rsplit([' ', ',', '\n']).next()?;
    let last = strip_polite(last);
    let fine = last.chars().count() >= 2 && last.chars().all(|c| c.is_alphabetic() || is_thai(c));
    let query = library.query(&last);
    let word =
        query.terms.iter().all(|t| matches!(t.kind, TermKind::Word | TermKind::Strange | TermKind::Noise));
    (fine && word).then_some(last)
}

fn strip_polite(text: &str) -> String {
    let mut text = text.trim().trim_start_matches("คุณ").trim();
    loop {
        let shorter = ["ค่ะ", "คะ", "ครับ", "นะ", "ค่า", "จ้า"]
            .iter()
            .find_map(|particle| text.strip_suffix(particle))
            .map(str::trim_end);
        match shorter {
            Some(rest) => text = rest,
            None => return text.to_owned(),
        }
    }
}

/// A day as the recap says it.
pub(crate) fn day_said(date: Date, by: NamedBy, tongue: Tongue) -> String {
    let day = day_name(date.weekday(), tongue);
    match (by, tongue) {
        (NamedBy::Date, _) => date_name(date, tongue),
        (NamedBy::Weekday, Tongue::Thai) => format!("วัน{day}"),
        (NamedBy::Weekday, Tongue::English) => day.to_owned(),
        (NamedBy::Relative, Tongue::Thai) => format!("วัน{day} (ตามที่แจ้ง)"),
        (NamedBy::Relative, Tongue::English) => format!("{day} (as you wrote)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thai_and_english_times_are_read() {
        let all = |text: &str| times(&numbers_in_figures(&normal(text)));
        assert_eq!(all("9 โมงครึ่ง"), ["09:30"]);
        assert_eq!(all("บ่ายสาม"), ["15:00"]);
        assert_eq!(all("บ่ายโมง"), ["13:00"]);
        assert_eq!(all("หกโมงเย็น"), ["18:00"]);
        assert_eq!(all("สองทุ่มครึ่ง"), ["20:30"]);
        assert_eq!(all("at 2 pm or noon"), ["14:00", "12:00"]);
        assert_eq!(all("10:30"), ["10:30"]);
    }

    #[test]
    fn names_and_numbers_are_read() {
        let library = Library::build(domain::Knowledge::default());
        let today = jiff::civil::date(2026, 6, 10);
        let given = read(&["ชื่อฝน 089-555-0133 ค่ะ".to_owned()], &library, today);
        assert_eq!((given.name.as_deref(), given.phone.as_deref()), (Some("ฝน"), Some("089-555-0133")));
        let given = read(&["2 pm, Mark, 083-555-0170".to_owned()], &library, today);
        assert_eq!(given.name.as_deref(), Some("Mark"));
        let given = read(&["สุดา 087-555-0121 ค่ะ".to_owned()], &library, today);
        assert_eq!(given.name.as_deref(), Some("สุดา"));
        assert!(PEOPLE.is_match("7 คน") && EMAIL.is_match("a@b.co") && QUOTED.is_match("\"a\""));
        assert!(POSTCODE.is_match("Phuket 83130") && CLOCK.is_match("9:00") && ENGLISH_HOUR.is_match("9 am"));
    }
}
