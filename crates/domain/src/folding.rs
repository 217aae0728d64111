//! One form for texts that read alike, for searching and comparing; never shown.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// NFC, lower case, Thai digits as 0-9, SARA AM in one letter, แ in one letter, no invisible characters, white
/// space squeezed. `นํ้า` and `น้ำ` look the same and fold to the same; NFC alone keeps them apart.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // Invisible characters go first: one between a letter and its mark would keep the two from composing.
    for c in text.chars().filter(|c| !is_invisible(*c)).nfc() {
        match c {
            '๐'..='๙' => folded.push(char::from_u32(u32::from(c) - 0x0e50 + 0x30).unwrap_or(c)),
            // NIKHAHIT + SARA AA, with or without a tone mark between, is SARA AM after the tone mark.
            'า' => push_sara_aa(&mut folded),
            'เ' if folded.ends_with('เ') => {
                folded.pop();
                folded.push('แ');
            }
            c if c.is_whitespace() => {
                if !folded.ends_with(' ') && !folded.is_empty() {
                    folded.push(' ');
                }
            }
            c => folded.extend(c.to_lowercase()),
        }
    }
    folded.truncate(folded.trim_end().len());
    // Where NIKHAHIT stood, marks that it kept apart are neighbours now and have an order.
    if is_nfc(&folded) { folded } else { folded.nfc().collect() }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{00ad}' | '\u{202a}'..='\u{202e}')
}

fn push_sara_aa(folded: &mut String) {
    let is_tone = |c: char| ('\u{0e48}'..='\u{0e4b}').contains(&c);
    let mut last = folded.chars().rev();
    match (last.next(), last.next()) {
        (Some('\u{0e4d}'), _) => {
            folded.pop();
            folded.push('ำ');
        }
        (Some(tone), Some('\u{0e4d}')) if is_tone(tone) => {
            folded.pop();
            folded.pop();
            folded.push(tone);
            folded.push('ำ');
        }
        _ => folded.push('า'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_folds_to_the_same() {
        assert_eq!(fold("น\u{0e4d}\u{0e49}า"), fold("น\u{0e49}ำ"));
        assert_eq!(fold("น\u{0e49}\u{0e4d}า"), fold("น\u{0e49}ำ"));
        assert_eq!(fold("เเดง"), "แดง");
        assert_eq!(fold("  Blue\u{200b}  SHIRT ๕๙๐ "), "blue shirt 590");
    }

    #[test]
    fn what_is_folded_folds_to_itself() {
        assert_eq!(fold("cafe\u{200b}\u{301}"), "café");
        let strange = fold("\u{f19}\u{e4d}\u{e49}า");
        assert_eq!(fold(&strange), strange);
    }

    #[test]
    fn what_reads_differently_stays_apart() {
        assert_ne!(fold("ปิด"), fold("เปิด"));
        assert_ne!(fold("มา"), fold("มำ"));
    }
}
