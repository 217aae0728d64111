//! One form for what reads alike: case, digits, look-alike letters, drawn-out words; and how words sound.

use unicode_normalization::UnicodeNormalization;

/// Lower case, NFKC, Thai digits as 0-9, thousands commas dropped, quotes and dashes unified, zero-width
/// characters gone, SARA AM and double SARA E repaired, drawn-out letters (`มากกก`) cut to one.
pub(crate) fn normal(text: &str) -> String {
    // NFKC takes SARA AM apart; it is put together again below.
    let mut out = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase) {
        let c = match c {
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{fe0f}' => continue,
            '๐'..='๙' => char::from_digit(u32::from(c) - u32::from('๐'), 10).unwrap_or('0'),
            '’' | '‘' | '`' | '´' => '\'',
            '“' | '”' => '"',
            '–' | '—' | '−' | '‑' => '-',
            '\t' | '\r' | '\u{a0}' => ' ',
            _ => c,
        };
        out.push(c);
    }
    let out = out.replace("\u{e4d}\u{e32}", "\u{e33}").replace("เเ", "แ");
    squeeze(&without_thousands(&out))
}

/// `1,200` becomes `1200`; `S,M` stays.
fn without_thousands(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    chars
        .iter()
        .enumerate()
        .filter(|(at, c)| {
            let between = **c == ','
                && *at > 0
                && digit(at - 1)
                && digit(at + 1)
                && digit(at + 2)
                && digit(at + 3)
                && !digit(at + 4);
            !between
        })
        .map(|(_, c)| *c)
        .collect()
}

/// Three or more of one letter become one; digits and dots stay.
fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut run = 1;
        while chars.peek() == Some(&c) {
            chars.next();
            run += 1;
        }
        let drawn = run >= 3 && c.is_alphabetic() && !c.is_ascii_digit();
        let marks = run >= 2 && is_mark(c);
        for _ in 0..if drawn || marks { 1 } else { run } {
            out.push(c);
        }
    }
    out
}

pub(crate) fn is_thai(c: char) -> bool {
    ('\u{e01}'..='\u{e4e}').contains(&c) && c != '฿'
}

pub(crate) fn has_thai(text: &str) -> bool {
    text.chars().any(is_thai)
}

/// Written above or below the letter before.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c, '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}')
}

/// No syllable begins with it.
pub(crate) fn never_first(c: char) -> bool {
    is_mark(c) || matches!(c, 'ะ' | 'า' | 'ำ' | 'ๅ')
}

/// Written before the consonant it follows in speech.
pub(crate) fn is_leading_vowel(c: char) -> bool {
    matches!(c, 'เ' | 'แ' | 'โ' | 'ใ' | 'ไ')
}

/// What remains of a Thai word when tone marks, silenced letters and letters of the same sound are made one:
/// misspelt words often share it (`เยน`, `เย็น`).
pub(crate) fn skeleton(word: &str) -> String {
    let chars: Vec<char> = word.chars().collect();
    let mut out = String::with_capacity(word.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        let after = chars.get(at + 2).copied();
        at += 1;
        if next == Some('์') {
            at += 1;
            continue;
        }
        if matches!(next, Some('ิ' | 'ุ')) && after == Some('์') {
            at += 2;
            continue;
        }
        let c = match c {
            '\u{e48}'..='\u{e4b}' | '็' | '์' | 'ๆ' => continue,
            'ใ' => 'ไ',
            'ณ' => 'น',
            'ศ' | 'ษ' | 'ซ' => 'ส',
            'ฎ' => 'ด',
            'ฏ' => 'ต',
            'ฐ' => 'ถ',
            'ฬ' | 'ร' => 'ล',
            'ฆ' => 'ค',
            'ภ' => 'พ',
            'ฒ' | 'ธ' | 'ฑ' => 'ท',
            'ญ' => 'ย',
            'ี' => 'ิ',
            'ื' => 'ึ',
            'ู' => 'ุ',
            _ => c,
        };
        out.push(c);
    }
    out
}

/// The consonants one hears, the same for a loan word in Thai letters and in Latin ones (`เบลนด์`, `blend`).
pub(crate) fn sounds(word: &str) -> String {
    let chars: Vec<char> = word.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        let sound = match c {
            'ก' | 'ข' | 'ค' | 'ฆ' | 'k' | 'g' | 'q' => 'k',
            'c' => match chars.get(at) {
                Some('h') => 'j',
                Some('e' | 'i' | 'y') => 's',
                _ => 'k',
            },
            'จ' | 'ฉ' | 'ช' | 'j' => 'j',
            'ซ' | 'ศ' | 'ษ' | 'ส' | 's' | 'z' => 's',
            'ด' | 'ต' | 'ท' | 'ถ' | 'ธ' | 'ฏ' | 'ฎ' | 'ฐ' | 'd' | 't' => 't',
            'น' | 'ณ' | 'n' => 'n',
            'บ' | 'ป' | 'พ' | 'ผ' | 'ภ' | 'b' | 'p' => 'p',
            'ฟ' | 'ฝ' | 'f' => 'f',
            'ม' | 'm' => 'm',
            'ร' | 'ล' | 'ฬ' | 'r' | 'l' => 'l',
            'ว' | 'w' | 'v' => 'w',
            'x' => 's',
            _ => continue,
        };
        if !out.ends_with(sound) {
            out.push(sound);
        }
    }
    out
}

/// Edit distance, given up beyond `most`.
pub(crate) fn within(a: &str, b: &str, most: usize) -> bool {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > most {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let cell = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            diagonal = above;
            left = cell;
            next.push(cell);
        }
        row = next;
    }
    row.last().is_some_and(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_reads_alike_is_one_form() {
        assert_eq!(normal("ลดมากกก ๑,๒๐๐ บาท"), "ลดมาก 1200 บาท");
        assert_eq!(normal("ท\u{e4d}\u{e32}"), "ทำ");
        assert_eq!(normal("WiFi ’free’"), "wifi 'free'");
    }

    #[test]
    fn misspelt_words_share_a_skeleton_and_loan_words_their_sounds() {
        assert_eq!(skeleton("เย็น"), skeleton("เยน"));
        assert_eq!(skeleton("ซาวร์โดว์"), skeleton("ซาวโด"));
        assert_eq!(sounds("เบลนด์"), sounds("blend"));
        assert!(within("croisant", "croissant", 1));
        assert!(!within("เปิด", "ปิด", 0));
    }

    proptest! {
        #[test]
        fn any_words_have_a_form(text in "\\PC{0,80}") {
            let once = normal(&text);
            let _ = (skeleton(&once), sounds(&once));
            prop_assert!(within(&once, &once, 0));
        }
    }
}
