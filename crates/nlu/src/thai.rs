//! Where Thai may be cut: which characters cling to their neighbours.

pub(crate) const fn is_thai(ch: char) -> bool {
    matches!(ch, '\u{0e01}'..='\u{0e5b}')
}

pub(crate) const fn is_consonant(ch: char) -> bool {
    matches!(ch, 'ก'..='ฮ')
}

/// Written before the consonant it is spoken after.
pub(crate) const fn is_leading_vowel(ch: char) -> bool {
    matches!(ch, 'เ' | 'แ' | 'โ' | 'ใ' | 'ไ')
}

pub(crate) const fn is_tone(ch: char) -> bool {
    matches!(ch, '\u{0e48}'..='\u{0e4b}')
}

pub(crate) const fn is_high_or_low_vowel(ch: char) -> bool {
    matches!(ch, '\u{0e31}' | '\u{0e34}'..='\u{0e3a}' | '\u{0e47}')
}

/// Cannot begin a syllable: it belongs to the consonant before it.
pub(crate) const fn clings_back(ch: char) -> bool {
    matches!(ch, 'ะ' | '\u{0e31}' | 'า' | 'ำ' | '\u{0e34}'..='\u{0e3a}' | 'ๅ' | '\u{0e47}'..='\u{0e4e}')
}

/// Two in a row are always a slip of the finger.
pub(crate) const fn never_doubles(ch: char) -> bool {
    clings_back(ch) || is_leading_vowel(ch) || ch == 'ๆ'
}

/// Whether `text` may be cut at byte `at` without tearing a written syllable or a Latin word apart.
///
/// `ปิด` is not in `เปิด`: the cut would part `เ` from `ป`. A digit beside a letter is a fair cut in Thai, not in Latin.
pub(crate) fn may_cut(text: &str, at: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else { return false };
    let (Some(before), Some(after)) = (before.chars().next_back(), after.chars().next()) else { return true };
    if is_leading_vowel(before) || (clings_back(after) && is_thai(before)) {
        return false;
    }
    let latin = |ch: char| ch.is_alphanumeric() && !is_thai(ch);
    !(latin(before) && latin(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_fall_between_syllables_only() {
        let opens = "เปิด";
        assert!(!may_cut(opens, "เ".len()), "ปิด is not in เปิด");
        assert!(may_cut("ร้านเปิด", "ร้าน".len()));
        assert!(!may_cut("มาก", "ม".len()));
        assert!(!may_cut("refund", 2));
        assert!(may_cut("refundได้", 6));
        assert!(may_cut("ราคา500", "ราคา".len()));
        assert!(may_cut("", 0));
        assert!(!may_cut("ก", 1), "inside a character");
    }
}
