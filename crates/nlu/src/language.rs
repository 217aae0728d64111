//! Which language the customer writes, by script: Thai, English, both, or neither.

use domain::Language;

use crate::thai;

/// Latin letters below this share of all letters leave a Thai text Thai.
const LATIN_SHARE_OF_MIXED: f64 = 0.12;

/// By the letters of a normalised text; Thai in Latin letters counts as English.
///
/// E-mail and web addresses say nothing about the writer's language, nor do codes such as `SO6809`: Latin letters
/// that touch a digit are not words.
pub(crate) fn of(text: &str) -> Language {
    let (mut thai_letters, mut latin_letters) = (0_u32, 0_u32);
    for piece in text.split_whitespace().filter(|piece| !is_address(piece)) {
        let mut word = 0_u32;
        let mut is_code = false;
        for ch in piece.chars().chain([' ']) {
            if is_latin(ch) {
                word = word.saturating_add(1);
            } else if ch.is_ascii_digit() {
                is_code = true;
            } else {
                if !is_code {
                    latin_letters = latin_letters.saturating_add(word);
                }
                (word, is_code) = (0, false);
                if thai::is_thai(ch) && ch != '฿' {
                    thai_letters = thai_letters.saturating_add(1);
                }
            }
        }
    }
    let share = f64::from(latin_letters) / f64::from(thai_letters.saturating_add(latin_letters).max(1));
    match (thai_letters, latin_letters) {
        (0, 0) => Language::Other,
        (0, _) => Language::En,
        _ if share < LATIN_SHARE_OF_MIXED => Language::Th,
        _ => Language::Mixed,
    }
}

/// Cut off at the first Thai letter an address may still be glued to words; then the words count.
fn is_address(piece: &str) -> bool {
    let has_thai = piece.chars().any(thai::is_thai);
    !has_thai
        && (piece.contains("://")
            || piece.starts_with("www.")
            || (piece.contains('@') && piece.contains('.')))
}

const fn is_latin(ch: char) -> bool {
    ch.is_ascii_alphabetic()
        || (matches!(ch, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') && ch != '×' && ch != '÷')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise;

    #[test]
    fn the_script_decides() {
        let table = [
            ("ราคาเท่าไหร่คะ", Language::Th),
            ("How much is the blue shirt?", Language::En),
            ("sawasdee ka raka tao rai", Language::En),
            ("ขอ refund ได้มั้ยคะ ของ defect อ่ะ", Language::Mixed),
            ("ส่งใบเสร็จมาที่ nok.finance@bkkhome.co.th นะคะ", Language::Th),
            ("เข้า https://order.baansuan.example ไม่ได้เลย", Language::Th),
            ("อินเวอร์เตอร์ขึ้น F08 แดงๆ แปลว่าอะไรครับช่าง", Language::Th),
            ("เสื้อไซส์ M สีดำยังมีของไหมคะ", Language::Th),
            ("555", Language::Other),
            ("๐๘๑-๒๓๔-๕๖๗๘", Language::Other),
            ("😂😂", Language::Other),
            ("SO6809-0041", Language::Other),
            ("你好", Language::Other),
            ("", Language::Other),
        ];
        for (text, wanted) in table {
            assert_eq!(of(normalise(text).as_str()), wanted, "{text}");
        }
    }
}
