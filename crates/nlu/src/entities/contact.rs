//! Ways to reach somebody: e-mail and web addresses, telephone numbers, names on other platforms.

use std::ops::Range;

use domain::EntityKind;
use regex::Regex;

use super::{Taken, Value, pattern};
use crate::thai;

pub(super) struct Contact {
    email: Regex,
    url: Regex,
    at_name: Regex,
    named_handle: Regex,
}

impl Contact {
    pub(super) fn new() -> Self {
        Self {
            email: pattern(r"[a-z0-9][a-z0-9._%+\-]*@[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.[a-z]{2,}"),
            url: pattern(concat!(
                r"(?:https?://|www\.)[^\s<>{}|\\^\x{0e00}-\x{0e7f}]+",
                // without a scheme: a path after any top-level domain, or a common domain alone
                r"|[a-z0-9][a-z0-9\-]*(?:\.[a-z0-9\-]+)*\.[a-z]{2,10}/[^\s<>{}|\\^\x{0e00}-\x{0e7f}]+",
                r"|[a-z0-9][a-z0-9\-]*(?:\.[a-z0-9\-]+)*\.(?:com|net|org|co\.th|in\.th|ac\.th|go\.th|or\.th|shop|app|io|link|info|biz|online|store|xyz|club|bet|page|site|asia|me|example)",
            )),
            at_name: pattern(r"@[a-z0-9][a-z0-9._\-]{1,29}"),
            named_handle: pattern(concat!(
                r"(?:line|ไลน์|ไลน|ig|ไอจี|instagram|tiktok|ติ๊กต็อก|telegram|twitter|facebook|fb|เฟส|เฟซ)\s{0,2}",
                r"(id|ไอดี)?\s{0,2}(?:[:=]|คือ|is)?\s{0,2}([a-z0-9][a-z0-9._\-]{2,29})",
            )),
        }
    }

    pub(super) fn addresses(&self, taken: &mut Taken<'_>) {
        let text = taken.text;
        if text.contains('@') {
            for hit in self.email.find_iter(text) {
                taken.take_as(EntityKind::Email, hit.range(), Value::AsWrittenInLowerCase, 0.99);
            }
        }
        if !text.contains('.') {
            return;
        }
        for hit in self.url.find_iter(text) {
            let trimmed = hit.as_str().trim_end_matches(['.', ',', '!', '?', ')', ']', ';', ':', '\'', '"']);
            let range = hit.start()..hit.start() + trimmed.len();
            let schemed = trimmed.contains("://") || trimmed.starts_with("www.");
            if trimmed.bytes().any(|byte| byte.is_ascii_alphabetic())
                && (schemed || is_bare_domain(taken, &range))
            {
                taken.take_as(EntityKind::Url, range, Value::AsWritten, if schemed { 0.99 } else { 0.9 });
            }
        }
    }

    /// `@name`, and what follows the word LINE, ไลน์, IG …: a name there holds a digit, a mark, or comes after "id".
    pub(super) fn handles(&self, taken: &mut Taken<'_>) {
        let text = taken.text;
        if text.contains('@') {
            for hit in self.at_name.find_iter(text) {
                let glued = taken.before(hit.start()).ends_with(|ch: char| ch.is_ascii_alphanumeric());
                let name = hit.as_str().trim_end_matches(['.', '-', '_']);
                if !glued && name.bytes().any(|byte| byte.is_ascii_alphabetic()) {
                    let range = hit.start()..hit.start() + name.len();
                    taken.take_as(EntityKind::SocialHandle, range, Value::AsWrittenInLowerCase, 0.95);
                }
            }
        }
        for hit in self.named_handle.captures_iter(text) {
            let Some(name) = hit.get(2) else { continue };
            let written = name.as_str().trim_end_matches(['.', '-', '_']);
            let whole = hit.get(0).map_or(0..0, |whole| whole.range());
            let says_id = hit.get(1).is_some() || taken.slice(whole.start..name.start()).contains([':', '=']);
            let odd = written.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
                && written.bytes().any(|byte| byte.is_ascii_alphabetic());
            let range = name.start()..name.start() + written.len();
            if (says_id || odd)
                && thai::may_cut(text, whole.start)
                && written.len() >= 3
                && thai::may_cut(text, range.start)
                && thai::may_cut(text, range.end)
                && !matches!(written, "line" | "official" | "facebook")
            {
                taken.take_as(
                    EntityKind::SocialHandle,
                    range,
                    Value::AsWrittenInLowerCase,
                    if says_id { 0.9 } else { 0.7 },
                );
            }
        }
    }
}

/// Not the tail of an e-mail address or of a longer word, and not `ok.me`.
fn is_bare_domain(taken: &Taken<'_>, range: &Range<usize>) -> bool {
    let glued = taken
        .before(range.start)
        .ends_with(|ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '@' | '.' | '-'));
    let domain = taken.slice(range.clone()).split('/').next().unwrap_or_default();
    let has_path = domain.len() < range.len();
    let first_label_has_letter =
        domain.split('.').next().is_some_and(|label| label.bytes().any(|byte| byte.is_ascii_alphabetic()));
    let cut_off = taken.after(range.end).starts_with(|ch: char| ch.is_ascii_alphanumeric());
    let sound = has_path || (domain.len() > 5 && !domain.ends_with(".me"));
    !glued && !cut_off && sound && first_label_has_letter
}

/// Thai mobile and landline numbers, and international ones after `+`, to E.164.
///
/// The Thai numbering plan: mobile 06, 08, 09 and eight digits more; landline 02, 03, 04, 05, 07 and seven more.
pub(super) fn phones(taken: &mut Taken<'_>) {
    let text = taken.text;
    let mut from = 0;
    while let Some(offset) = taken.after(from).find(['+', '0', '6']) {
        let start = from + offset;
        from = start + 1;
        let before = taken.before(start);
        let continues = before.ends_with(|ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '+' | '#'))
            || ends_in_joined_digit(before);
        if continues || !taken.is_free(&(start..start + 1)) {
            continue;
        }
        if let Some((end, value)) = dialled(text.get(start..).unwrap_or_default()) {
            let (end, value) = with_extension(taken.after(start + end), start + end, value);
            taken.take(EntityKind::Phone, start..end, value, 0.97);
            from = end;
        }
    }
}

fn ends_in_joined_digit(before: &str) -> bool {
    let mut backward = before.chars().rev();
    matches!(backward.next(), Some('-' | '.' | ',' | '/'))
        && backward.next().is_some_and(|ch| ch.is_ascii_digit())
}

/// The length in bytes and the E.164 form of a number at the beginning of `text`.
fn dialled(text: &str) -> Option<(usize, String)> {
    let international = text.starts_with('+');
    let body = if international { 1 } else { 0 };
    // digits, each with the byte after it; at most two separators between two digits
    let mut digits: Vec<(char, usize)> = Vec::new();
    let mut gap = 0;
    for (at, ch) in text.char_indices().skip(body) {
        match ch {
            '0'..='9' => {
                digits.push((ch, at + 1));
                gap = 0;
            }
            ' ' | '-' | '.' | '(' | ')' if gap < 2 => gap += 1,
            _ => break,
        }
        if digits.len() > 16 {
            break;
        }
    }
    let number: String = digits.iter().map(|(digit, _)| *digit).collect();
    let (national, skipped) = if international {
        match number.strip_prefix("66") {
            Some(rest) => match rest.strip_prefix('0') {
                Some(rest) => (rest, 3),
                None => (rest, 2),
            },
            None => return abroad(text, &number, &digits),
        }
    } else if let Some(rest) = number.strip_prefix('0') {
        (rest, 1)
    } else if number.len() == 11
        && text.get(..11).is_some_and(|run| run.bytes().all(|byte| byte.is_ascii_digit()))
    {
        (number.strip_prefix("66")?, 2)
    } else {
        return None;
    };
    let length = match national.chars().next()? {
        '6' | '8' | '9' => 9,
        '2' | '3' | '4' | '5' | '7' => 8,
        _ => return None,
    };
    let national = national.get(..length)?;
    let (_, end) = digits.get(skipped + length - 1)?;
    let mut rest = text.get(*end..)?.chars();
    let joined = match rest.next() {
        Some('-' | '.') => rest.next().is_some_and(|ch| ch.is_ascii_digit()),
        Some(ch) => ch.is_ascii_alphanumeric(),
        None => false,
    };
    (!joined).then(|| (*end, format!("+66{national}")))
}

/// Any other country: 8 to 15 digits (ITU-T E.164), all of them.
fn abroad(text: &str, number: &str, digits: &[(char, usize)]) -> Option<(usize, String)> {
    let (_, end) = digits.last()?;
    let plausible = (8..=15).contains(&number.len()) && !number.starts_with('0') && text.starts_with('+');
    plausible.then(|| (*end, format!("+{number}")))
}

fn with_extension(rest: &str, end: usize, value: String) -> (usize, String) {
    let blank = rest.len() - rest.trim_start_matches(' ').len();
    for word in ["ต่อ", "ext.", "ext", "extension"] {
        let Some(tail) = rest.get(blank..).and_then(|tail| tail.strip_prefix(word)) else { continue };
        let gap = tail.len() - tail.trim_start_matches([' ', '.', ':']).len();
        let digits = tail.get(gap..).unwrap_or_default().bytes().take_while(u8::is_ascii_digit).count();
        if (1..=5).contains(&digits) {
            let number = tail.get(gap..gap + digits).unwrap_or_default();
            return (end + blank + word.len() + gap + digits, format!("{value};ext={number}"));
        }
    }
    (end, value)
}
