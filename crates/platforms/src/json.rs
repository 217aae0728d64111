//! JSON as platforms send it, read without loss: numbers stay text, so that an id beyond 2^53 keeps every
//! digit, and one broken string spoils itself alone.

use std::collections::BTreeMap;

use domain::{Timestamp, Words};
use serde_json::value::RawValue;

use crate::ReceiveError;

/// Deeper nesting than any platform documents; what lies below is not looked at.
const DEEPEST: usize = 48;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
    /// Too deep, or a string no reader can make sense of.
    Unreadable,
}

static NULL: Json = Json::Null;

/// A body as text: broken UTF-8 is replaced, a byte order mark dropped.
pub(crate) fn text_of_body(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()
}

/// The members of the outermost object, each as written.
pub(crate) fn members(text: &str) -> Result<BTreeMap<String, &RawValue>, ReceiveError> {
    serde_json::from_str(text).map_err(|error| malformed(text, &error))
}

/// The elements of a list, each as written; none when it is no list.
pub(crate) fn elements<'a>(raw: Option<&&'a RawValue>) -> Option<Vec<&'a RawValue>> {
    serde_json::from_str(raw?.get()).ok()
}

pub(crate) fn malformed(text: &str, error: &serde_json::Error) -> ReceiveError {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    ReceiveError::Malformed { at: before + error.column() }
}

impl Json {
    pub(crate) fn read(raw: &str) -> Self {
        read(raw, DEEPEST)
    }

    /// The member of this name; null when there is none.
    pub(crate) fn get(&self, key: &str) -> &Self {
        if let Self::Map(members) = self { members.get(key).unwrap_or(&NULL) } else { &NULL }
    }

    pub(crate) fn at(&self, path: &[&str]) -> &Self {
        path.iter().fold(self, |json, key| json.get(key))
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) const fn is_map(&self) -> bool {
        matches!(self, Self::Map(_))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let members = if let Self::Map(members) = self { Some(members) } else { None };
        members.into_iter().flatten().map(|(key, _)| key.as_str())
    }

    pub(crate) fn list(&self) -> &[Self] {
        if let Self::List(elements) = self { elements } else { &[] }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn string(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// A text worth showing.
    pub(crate) fn words(&self) -> Option<Words> {
        self.text().filter(|text| !text.is_empty()).map(Words::from)
    }

    /// An id, whether written as text or as a number.
    pub(crate) fn id(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()).filter(|id| !id.is_empty()),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Map(_) | Self::Unreadable => None,
        }
    }

    pub(crate) fn float(&self) -> Option<f64> {
        match self {
            Self::Text(text) | Self::Number(text) => {
                text.parse().ok().filter(|number: &f64| number.is_finite())
            }
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Map(_) | Self::Unreadable => None,
        }
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Text(text) | Self::Number(text) => text.parse().ok(),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Map(_) | Self::Unreadable => None,
        }
    }

    pub(crate) fn count(&self) -> Option<u64> {
        self.integer().and_then(|number| u64::try_from(number).ok())
    }

    /// True, and the 1 or "true" that some write for it.
    pub(crate) fn holds(&self) -> bool {
        match self {
            Self::Bool(truth) => *truth,
            Self::Text(text) | Self::Number(text) => text == "1" || text == "true",
            Self::Null | Self::List(_) | Self::Map(_) | Self::Unreadable => false,
        }
    }

    /// A point in time: below 10^11 seconds, else milliseconds; none when no calendar of a shop holds it.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        const EARLIEST: i64 = 1_000_000_000_000; // September 2001
        const LATEST: i64 = 4_102_444_800_000; // 2100
        let number = self.integer()?;
        let millis = if number < 100_000_000_000 { number.saturating_mul(1_000) } else { number };
        (EARLIEST..LATEST).contains(&millis).then(|| Timestamp::from_millis(millis))
    }

    /// The same for the same content, whatever the order of members and the white space.
    pub(crate) fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => write_string(text, out),
            Self::Unreadable => out.push('?'),
            Self::List(elements) => {
                out.push('[');
                for element in elements {
                    element.write(out);
                    out.push(',');
                }
                out.push(']');
            }
            Self::Map(members) => {
                out.push('{');
                for (key, member) in members {
                    write_string(key, out);
                    out.push(':');
                    member.write(out);
                    out.push(',');
                }
                out.push('}');
            }
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

fn read(raw: &str, deeper: usize) -> Json {
    let raw = raw.trim();
    match raw.as_bytes().first() {
        Some(b'"') => string(raw).map_or(Json::Unreadable, Json::Text),
        Some(b't') => Json::Bool(true),
        Some(b'f') => Json::Bool(false),
        Some(b'n') | None => Json::Null,
        Some(b'[' | b'{') if deeper == 0 => Json::Unreadable,
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(raw) {
            Ok(elements) => {
                Json::List(elements.iter().map(|element| read(element.get(), deeper - 1)).collect())
            }
            Err(_) => Json::Unreadable,
        },
        Some(b'{') => match serde_json::from_str::<BTreeMap<String, &RawValue>>(raw) {
            Ok(members) => Json::Map(
                members.into_iter().map(|(key, member)| (key, read(member.get(), deeper - 1))).collect(),
            ),
            Err(_) => Json::Unreadable,
        },
        Some(_) => Json::Number(raw.to_owned()),
    }
}

/// A string; half a surrogate pair in it becomes the replacement character instead of an error.
fn string(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok().or_else(|| serde_json::from_str(&without_lone_surrogates(raw)).ok())
}

fn without_lone_surrogates(raw: &str) -> String {
    let unit = |at: usize| -> Option<u16> {
        let escape = raw.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    while let Some(c) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        let (piece, width) = match (c, unit(at), unit(at + 6)) {
            ('\\', Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (raw.get(at..at + 12), 12),
            ('\\', Some(0xd800..=0xdfff), _) => (Some("\\ufffd"), 6),
            ('\\', Some(_), _) => (raw.get(at..at + 6), 6),
            // Any other escape is two characters, so that a backslash that is itself escaped starts nothing.
            ('\\', None, _) => (raw.get(at..at + 2), 2),
            _ => (raw.get(at..at + c.len_utf8()), c.len_utf8()),
        };
        let Some(piece) = piece else { break };
        out.push_str(piece);
        at += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_beyond_two_to_the_53_keeps_every_digit() {
        let json = Json::read(r#"{"id": 9007199254740993123456, "n": 9007199254740993}"#);
        assert_eq!(json.get("id").id().unwrap(), "9007199254740993123456");
        assert_eq!(json.get("n").integer(), Some(9_007_199_254_740_993));
    }

    #[test]
    fn half_an_emoji_spoils_neither_its_string_nor_its_neighbours() {
        let json = Json::read(r#"{"text":"a\ud83d b\\ud83d \ud83d\ude22","other":"ค่ะ"}"#);
        assert_eq!(json.get("text").text(), Some("a\u{fffd} b\\ud83d 😢"));
        assert_eq!(json.get("other").text(), Some("ค่ะ"));
    }

    #[test]
    fn seconds_and_milliseconds_are_told_apart_and_absurd_times_are_none() {
        let time = |raw: &str| Json::read(raw).time().map(Timestamp::millis);
        assert_eq!(time("1648581633"), Some(1_648_581_633_000));
        assert_eq!(time("\"1648581633369\""), Some(1_648_581_633_369));
        for absurd in ["0", "-5", "99999999999999999", "1e400", "\"soon\"", "{}", "18446744073709551616"] {
            assert_eq!(time(absurd), None, "{absurd}");
        }
    }

    #[test]
    fn nesting_without_end_is_not_followed() {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let mut json = &Json::read(&deep);
        let mut depth = 0;
        while let Json::List(elements) = json {
            json = &elements[0];
            depth += 1;
        }
        assert_eq!((json, depth), (&Json::Unreadable, DEEPEST));
    }

    #[test]
    fn the_canonical_form_ignores_order_and_white_space_but_no_content() {
        let one = Json::read(r#"{ "b": [1, 2.0], "a": "x" }"#).canonical();
        assert_eq!(one, Json::read(r#"{"a":"x","b":[1,2.0]}"#).canonical());
        assert_ne!(one, Json::read(r#"{"a":"x","b":[1,2]}"#).canonical());
    }
}
