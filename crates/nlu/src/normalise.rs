//! One spelling for what people type in many: the text the other rooms read, with a way back to the original.

use std::ops::Range;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::thai;

/// A text in one spelling, and for each of its characters the part of the original it came from.
///
/// Done: NFC, SARA AM and vowel order repaired, `เเ` → `แ`, invisible characters dropped, Thai and full-width digits
/// → ASCII, elongation squeezed, lower case, white space runs → one blank (or one newline).
#[derive(Clone, PartialEq, Eq)]
pub struct Normalised {
    text: String,
    places: Vec<Place>,
    source_bytes: usize,
    source_points: usize,
}

/// Customers' words stay out of debug output.
impl std::fmt::Debug for Normalised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "redacted({} bytes)", self.text.len())
    }
}

/// Where one normalised character stands, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    byte: usize,
    points: Range<usize>,
    bytes: Range<usize>,
}

#[derive(Debug, Clone)]
struct Glyph {
    ch: char,
    points: Range<usize>,
    bytes: Range<usize>,
}

impl Glyph {
    fn cover(&mut self, other: &Self) {
        self.points = self.points.start.min(other.points.start)..self.points.end.max(other.points.end);
        self.bytes = self.bytes.start.min(other.bytes.start)..self.bytes.end.max(other.bytes.end);
    }
}

impl Normalised {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The code points of the original that a byte range of the normalised text came from.
    pub fn points(&self, range: Range<usize>) -> Range<usize> {
        self.cover(range, |place| &place.points, self.source_points)
    }

    /// The bytes of the original that a byte range of the normalised text came from.
    pub fn bytes(&self, range: Range<usize>) -> Range<usize> {
        self.cover(range, |place| &place.bytes, self.source_bytes)
    }

    fn cover(&self, range: Range<usize>, side: fn(&Place) -> &Range<usize>, end: usize) -> Range<usize> {
        let first = self.places.partition_point(|place| place.byte < range.start);
        let after = self.places.partition_point(|place| place.byte < range.end);
        let from = self.places.get(first).map_or(end, |place| side(place).start);
        let to =
            after.checked_sub(1).and_then(|last| self.places.get(last)).map_or(from, |place| side(place).end);
        from..to.max(from)
    }
}

/// The one spelling of `text`.
pub fn normalise(text: &str) -> Normalised {
    let glyphs = settle(canonical(text));
    let mut normalised = Normalised {
        text: String::with_capacity(text.len()),
        places: Vec::with_capacity(glyphs.len()),
        source_bytes: text.len(),
        source_points: text.chars().count(),
    };
    for glyph in glyphs {
        normalised.places.push(Place {
            byte: normalised.text.len(),
            points: glyph.points,
            bytes: glyph.bytes,
        });
        normalised.text.push(glyph.ch);
    }
    normalised
}

/// Repaired and squeezed until nothing changes: one repair can bring two others together.
fn settle(mut glyphs: Vec<Glyph>) -> Vec<Glyph> {
    // Each round that changes something makes the text shorter or better ordered; typing needs one or two.
    const MOST_ROUNDS: usize = 8;
    for _ in 0..MOST_ROUNDS {
        let next = squeeze(repair(glyphs.clone()));
        let settled = next.iter().map(|glyph| glyph.ch).eq(glyphs.iter().map(|glyph| glyph.ch));
        glyphs = next;
        if settled {
            break;
        }
    }
    glyphs
}

/// NFC, without invisible characters, digits in ASCII, in lower case.
fn canonical(text: &str) -> Vec<Glyph> {
    let mut glyphs = Vec::with_capacity(text.len());
    let mut cluster: Vec<Glyph> = Vec::new();
    let composed_already = matches!(is_nfc_quick(text.chars()), IsNormalized::Yes);
    for (point, (byte, ch)) in text.char_indices().enumerate() {
        let glyph = Glyph { ch, points: point..point + 1, bytes: byte..byte + ch.len_utf8() };
        if composed_already {
            push_plain(&mut glyphs, glyph);
            continue;
        }
        if stands_alone(ch) {
            compose(&mut glyphs, &mut cluster);
        }
        cluster.push(glyph);
    }
    compose(&mut glyphs, &mut cluster);
    glyphs
}

/// Whether nothing before `ch` can combine or change places with it.
fn stands_alone(ch: char) -> bool {
    ch.is_ascii()
        || (unicode_normalization::char::canonical_combining_class(ch) == 0
            && matches!(is_nfc_quick(std::iter::once(ch)), IsNormalized::Yes))
}

fn compose(glyphs: &mut Vec<Glyph>, cluster: &mut Vec<Glyph>) {
    let unchanged = cluster.len() <= 1
        || cluster.iter().map(|glyph| glyph.ch).nfc().eq(cluster.iter().map(|glyph| glyph.ch));
    if unchanged && cluster.len() != 1 {
        cluster.drain(..).for_each(|glyph| push_plain(glyphs, glyph));
        return;
    }
    let Some(mut whole) = cluster.first().cloned() else { return };
    cluster.iter().for_each(|glyph| whole.cover(glyph));
    for ch in cluster.iter().map(|glyph| glyph.ch).nfc() {
        push_plain(glyphs, Glyph { ch, ..whole.clone() });
    }
    cluster.clear();
}

fn push_plain(glyphs: &mut Vec<Glyph>, glyph: Glyph) {
    match glyph.ch {
        // soft hyphen, zero-width characters and joiners, direction marks, variation selectors, byte order mark
        '\u{ad}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => {}
        '๐'..='๙' => push_shifted(glyphs, glyph, '๐', '0'),
        '\u{ff01}'..='\u{ff5e}' => push_shifted(glyphs, glyph, '\u{ff01}', '!'),
        '\u{2018}' | '\u{2019}' | '\u{02bc}' => glyphs.push(Glyph { ch: '\'', ..glyph }),
        '\u{201c}' | '\u{201d}' => glyphs.push(Glyph { ch: '"', ..glyph }),
        '\u{2010}'..='\u{2014}' | '\u{2212}' => glyphs.push(Glyph { ch: '-', ..glyph }),
        ch if ch.is_ascii() => glyphs.push(Glyph { ch: ch.to_ascii_lowercase(), ..glyph }),
        ch if ch.is_uppercase() => {
            glyphs.extend(ch.to_lowercase().map(|lower| Glyph { ch: lower, ..glyph.clone() }));
        }
        _ => glyphs.push(glyph),
    }
}

fn push_shifted(glyphs: &mut Vec<Glyph>, glyph: Glyph, from: char, to: char) {
    let shifted = u32::from(glyph.ch).wrapping_sub(u32::from(from)).wrapping_add(u32::from(to));
    let ch = char::from_u32(shifted).map_or(glyph.ch, |ch| ch.to_ascii_lowercase());
    glyphs.push(Glyph { ch, ..glyph });
}

/// Thai typed in the wrong order or from the wrong keys.
fn repair(glyphs: Vec<Glyph>) -> Vec<Glyph> {
    let mut out: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    for mut glyph in glyphs {
        if !thai::is_thai(glyph.ch) {
            out.push(glyph);
            continue;
        }
        let last = out.last().map(|before| before.ch);
        match (last, glyph.ch) {
            (Some('เ'), 'เ') => {
                if let Some(before) = out.last_mut() {
                    before.ch = 'แ';
                    before.cover(&glyph);
                }
            }
            // น + ํ + า, and น + ้ + ํ + า
            (Some('\u{0e4d}'), 'า') => {
                if let Some(ring) = out.pop() {
                    glyph.cover(&ring);
                }
                out.push(Glyph { ch: 'ำ', ..glyph });
            }
            (Some(tone), 'า') if thai::is_tone(tone) => {
                let above = out.len().checked_sub(2).and_then(|at| out.get(at)).map(|before| before.ch);
                if above == Some('\u{0e4d}') {
                    let mut mark = out.pop().unwrap_or_else(|| glyph.clone());
                    if let Some(ring) = out.pop() {
                        glyph.cover(&ring);
                        mark.cover(&glyph);
                    }
                    out.push(mark.clone());
                    glyph.cover(&mark);
                    out.push(Glyph { ch: 'ำ', ..glyph });
                } else {
                    out.push(glyph);
                }
            }
            // a vowel typed after the tone mark it should stand before, and the reverse for SARA AM
            (Some(tone), vowel) if thai::is_tone(tone) && thai::is_high_or_low_vowel(vowel) => {
                swap_in(&mut out, glyph)
            }
            (Some('ำ'), tone) if thai::is_tone(tone) => swap_in(&mut out, glyph),
            (Some(before), same) if before == same && thai::never_doubles(same) => {
                if let Some(before) = out.last_mut() {
                    before.cover(&glyph);
                }
            }
            _ => out.push(glyph),
        }
    }
    out
}

/// Puts `glyph` before the last one, and before every tone mark that stands there; all of them then stand for the
/// same part of the original. A second one of the same is dropped.
fn swap_in(out: &mut Vec<Glyph>, mut glyph: Glyph) {
    let mut behind: Vec<Glyph> = Vec::new();
    while let Some(last) = out.pop() {
        glyph.cover(&last);
        behind.push(last);
        if !out.last().is_some_and(|before| thai::is_tone(before.ch) && thai::is_high_or_low_vowel(glyph.ch))
        {
            break;
        }
    }
    for passed in &mut behind {
        passed.cover(&glyph);
    }
    match out.last_mut() {
        Some(same) if same.ch == glyph.ch => same.cover(&glyph),
        Some(_) | None => out.push(glyph),
    }
    out.extend(behind.into_iter().rev());
}

/// Stretched words and rows of marks become short: มากกกก → มาก, sooo → so, goood → good, 55555 → 555.
fn squeeze(glyphs: Vec<Glyph>) -> Vec<Glyph> {
    let mut out: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    let mut rest = glyphs.as_slice();
    while let Some(first) = rest.first() {
        let blank = first.ch.is_whitespace();
        let alike = |glyph: &&Glyph| if blank { glyph.ch.is_whitespace() } else { glyph.ch == first.ch };
        let length = rest.iter().take_while(alike).count();
        let Some((run, after)) = rest.split_at_checked(length) else { break };
        rest = after;
        let keep = if blank { 1 } else { kept_of(first.ch, length, out.last().map(|glyph| glyph.ch), after) };
        let Some((kept, dropped)) = run.split_at_checked(keep.min(length)) else { break };
        out.extend_from_slice(kept);
        if let Some(last) = out.last_mut() {
            dropped.iter().for_each(|glyph| last.cover(glyph));
            if blank {
                last.ch = if run.iter().any(|glyph| matches!(glyph.ch, '\n' | '\r')) { '\n' } else { ' ' };
            }
        }
    }
    out
}

/// How many of a run of one character are kept.
fn kept_of(ch: char, length: usize, before: Option<char>, after: &[Glyph]) -> usize {
    if length < 3 {
        return length;
    }
    let next = after.first().map(|glyph| glyph.ch);
    match ch {
        // www. in an address
        'w' => 3,
        // laughter, unless it is part of a number, a code or a price
        '5' if !part_of_number(before) && !part_of_number(next) && !is_price(after) => 3,
        _ if ch.is_numeric() => length,
        _ if ch.is_ascii_alphabetic() && next.is_some_and(|next| next.is_ascii_alphabetic()) => 2,
        _ if ch.is_alphabetic() || thai::is_thai(ch) => 1,
        _ => 3,
    }
}

fn is_price(after: &[Glyph]) -> bool {
    let word: String = after.iter().map(|glyph| glyph.ch).skip_while(|ch| *ch == ' ').take(3).collect();
    ["บ", "฿", "thb", "bah"].into_iter().any(|unit| word.starts_with(unit))
}

fn part_of_number(neighbour: Option<char>) -> bool {
    neighbour.is_some_and(|ch| {
        ch.is_ascii_alphanumeric() || matches!(ch, '#' | '-' | '.' | ',' | '/' | '+' | '$' | '฿' | ':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        normalise(text).as_str().to_owned()
    }

    #[test]
    fn one_spelling_for_many() {
        let table = [
            ("sara am from two keys", "น\u{0e4d}า", "นำ"),
            ("sara am with the tone between", "น\u{0e4d}\u{0e49}า", "น้ำ"),
            ("sara am with the tone before", "น\u{0e49}\u{0e4d}า", "น้ำ"),
            ("sara am with the tone after", "นำ\u{0e49}", "น้ำ"),
            ("a vowel behind two tone marks", "ท\u{0e48}\u{0e49}\u{0e34}", "ท\u{0e34}\u{0e48}\u{0e49}"),
            ("sara ae from two sara e", "เเพงไป", "แพงไป"),
            ("tone before vowel", "ท\u{0e48}\u{0e35}นี่", "ที่นี่"),
            ("a tone mark twice", "มั้\u{0e49}ย", "มั้ย"),
            ("zero width space", "ราคา\u{200b}เท่าไหร่", "ราคาเท่าไหร่"),
            ("thai digits", "๒,๕๙๐ บาท", "2,590 บาท"),
            ("full width", "１２３ＡＢ", "123ab"),
            ("stretched thai", "อร่อยมากกกกกก", "อร่อยมาก"),
            ("stretched vowel", "ค่าาาา", "ค่า"),
            ("stretched english at the end", "sooooo good", "so good"),
            ("stretched english inside", "goooood", "good"),
            ("laughter", "5555555", "555"),
            ("a price is not laughter", "5555 บาท ยอด 15555", "5555 บาท ยอด 15555"),
            ("a phone number stays", "0855555123", "0855555123"),
            ("an address stays", "WWW.shop.example", "www.shop.example"),
            ("lower case beyond ascii", "CAFÉ", "café"),
            ("composed", "cafe\u{301}", "café"),
            ("blanks", "a \t\u{a0} b\r\n\r\nc", "a b\nc"),
        ];
        for (name, given, wanted) in table {
            assert_eq!(plain(given), wanted, "{name}");
        }
    }

    #[test]
    fn every_span_leads_back_to_what_was_typed() {
        let typed = "ดีมากกกก น\u{0e4d}\u{0e49}า ๑๐๐";
        let normalised = normalise(typed);
        let point_slice =
            |range: Range<usize>| typed.chars().skip(range.start).take(range.len()).collect::<String>();
        let at = |needle: &str| {
            let start = normalised.as_str().find(needle).expect("is there");
            start..start + needle.len()
        };
        assert_eq!(point_slice(normalised.points(at("มาก"))), "มากกกก");
        assert_eq!(point_slice(normalised.points(at("น้ำ"))), "น\u{0e4d}\u{0e49}า");
        assert_eq!(point_slice(normalised.points(at("100"))), "๑๐๐");
        assert_eq!(typed.get(normalised.bytes(at("100"))), Some("๑๐๐"));
        assert_eq!(normalised.points(0..0), 0..0);
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for text in ["เเพงจังงงง 5555", "SOOO coool!!!!!", "น\u{0e49}\u{0e4d}า ที\u{0e48}\u{0e35}", "İstanbul"]
        {
            let once = plain(text);
            assert_eq!(plain(&once), once);
        }
    }
}
