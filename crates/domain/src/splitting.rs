//! Long texts are sent in pieces that end where a reader would pause, Thai included.

use unicode_segmentation::UnicodeSegmentation;

use crate::TextLimit;

/// Cuts a text into pieces that fit the platform: at a paragraph, else a line, else a sentence end, else a
/// space (which in Thai separates clauses), else between grapheme clusters, so that no tone mark or emoji is
/// torn from its base. Nothing but the white space at the cuts is lost.
pub fn split_text(text: &str, limit: TextLimit) -> Vec<String> {
    let most = limit.most.max(1);
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if limit.unit.count(rest) <= most {
            pieces.push(rest.to_owned());
            break;
        }
        let cut = best_cut(rest, fitting(rest, limit, most));
        let (piece, tail) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        let piece = piece.trim_end();
        if !piece.is_empty() {
            pieces.push(piece.to_owned());
        }
        rest = tail.trim_start();
    }
    pieces
}

/// Bytes of the longest prefix of whole grapheme clusters that fits; at least one character, so that a cluster
/// longer than the limit (zalgo) is cut rather than looped over.
fn fitting(text: &str, limit: TextLimit, most: usize) -> usize {
    let mut used = 0;
    let mut end = 0;
    for cluster in text.graphemes(true) {
        used += limit.unit.count(cluster);
        if used > most {
            break;
        }
        end += cluster.len();
    }
    if end > 0 {
        return end;
    }
    let mut used = 0;
    for c in text.chars() {
        used += limit.unit.of_char(c);
        if used > most && end > 0 {
            break;
        }
        end += c.len_utf8();
        if used > most {
            break;
        }
    }
    end
}

/// The last good place to pause within the first `end` bytes; a pause in the first third is no good.
fn best_cut(text: &str, end: usize) -> usize {
    let Some(head) = text.get(..end) else { return end };
    let least = end / 3;
    let after =
        |found: Option<(usize, &str)>| found.map(|(at, mark)| at + mark.len()).filter(|cut| *cut > least);
    after(head.rmatch_indices("\n\n").next())
        .or_else(|| after(head.rmatch_indices('\n').next()))
        .or_else(|| sentence_end(head).filter(|cut| *cut > least))
        .or_else(|| after(head.rmatch_indices([' ', '\u{3000}']).next()))
        .unwrap_or(end)
}

/// After a full stop, question or exclamation mark followed by white space, or after a Thai closing particle
/// followed by a space.
fn sentence_end(head: &str) -> Option<usize> {
    const MARKS: [&str; 15] =
        [". ", "! ", "? ", "… ", "。", "！", "？", "ค่ะ ", "คะ ", "ครับ ", "จ้า ", "จ้ะ ", "นะคะ ", "ๆ ", "ฯ "];
    MARKS.iter().filter_map(|mark| head.rfind(mark).map(|at| at + mark.len())).max()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::LengthUnit;

    const LINE: TextLimit = TextLimit { most: 40, unit: LengthUnit::Utf16Units };

    #[test]
    fn thai_is_cut_after_the_particle_not_inside_a_syllable() {
        let text = "ร้านเปิดทุกวันยกเว้นวันอังคารค่ะ แวะมาได้เลยนะคะ มีที่จอดรถด้วยค่ะ";
        let pieces = split_text(text, LINE);
        assert_eq!(pieces, ["ร้านเปิดทุกวันยกเว้นวันอังคารค่ะ", "แวะมาได้เลยนะคะ มีที่จอดรถด้วยค่ะ"]);
    }

    #[test]
    fn an_emoji_family_is_never_torn() {
        let family = "👨‍👩‍👧‍👦";
        let pieces = split_text(&family.repeat(9), TextLimit { most: 25, unit: LengthUnit::Utf16Units });
        assert!(pieces.iter().all(|piece| piece.replace(family, "").is_empty()), "{pieces:?}");
    }

    #[test]
    fn one_cluster_longer_than_the_limit_still_gets_through() {
        let zalgo = format!("ก{}", "\u{0e48}".repeat(50));
        let pieces = split_text(&zalgo, TextLimit { most: 10, unit: LengthUnit::Characters });
        assert_eq!(pieces.concat(), zalgo);
    }

    proptest! {
        #[test]
        fn pieces_fit_and_nothing_is_lost(text in "\\PC{0,400}", most in 2usize..60, unit in 0..3) {
            let unit = [LengthUnit::Utf16Units, LengthUnit::Bytes, LengthUnit::Characters][unit as usize];
            let most = if unit == LengthUnit::Bytes { most.max(4) } else { most };
            let pieces = split_text(&text, TextLimit { most, unit });
            for piece in &pieces {
                prop_assert!(unit.count(piece) <= most);
            }
            let squeeze = |s: &str| s.split_whitespace().collect::<String>();
            prop_assert_eq!(squeeze(&pieces.concat()), squeeze(&text));
        }
    }
}
