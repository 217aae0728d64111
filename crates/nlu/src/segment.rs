//! Words out of a text without spaces.

use std::ops::Range;

use charabia::{Tokenizer, TokenizerBuilder};

use crate::{normalise::Normalised, thai};

/// One word as it was said, in one spelling, with its place in the original.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Normalised: lower case, ASCII digits, Thai repaired.
    pub word: String,
    /// Bytes of the original.
    pub bytes: Range<usize>,
    /// Unicode code points of the original, end exclusive.
    pub points: Range<usize>,
}

/// Customers' words stay out of debug output.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "redacted at {:?}", self.points)
    }
}

/// The segmentation library, built once.
pub(crate) struct Segmenter {
    tokenizer: Tokenizer<'static>,
}

impl Segmenter {
    pub(crate) fn new() -> Self {
        Self { tokenizer: TokenizerBuilder::<Vec<u8>>::new().into_tokenizer() }
    }

    /// Byte ranges of the words of a normalised text, blanks left out.
    pub(crate) fn words(&self, text: &str) -> Vec<Range<usize>> {
        let mut words: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        for piece in self.tokenizer.segment_str(text) {
            let range = at..at + piece.len();
            at = range.end;
            if piece.chars().all(char::is_whitespace) {
                continue;
            }
            // The dictionary lets unknown words crumble; what clings together is put together again.
            match words.last_mut() {
                Some(last) if last.end == range.start && !thai::may_cut(text, range.start) => {
                    last.end = range.end
                }
                Some(last) if last.end == range.start && is_lone_consonant(piece) && is_crumb(text, last) => {
                    last.end = range.end;
                }
                Some(_) | None => words.push(range),
            }
        }
        words
    }

    pub(crate) fn tokens(&self, normalised: &Normalised) -> Vec<Token> {
        let text = normalised.as_str();
        self.words(text)
            .into_iter()
            .map(|range| Token {
                word: text.get(range.clone()).unwrap_or_default().to_owned(),
                bytes: normalised.bytes(range.clone()),
                points: normalised.points(range),
            })
            .collect()
    }
}

fn is_lone_consonant(piece: &str) -> bool {
    let mut chars = piece.chars();
    chars.next().is_some_and(thai::is_consonant) && chars.next().is_none()
}

/// At most a syllable of Thai letters: what an unknown word leaves behind.
fn is_crumb(text: &str, range: &Range<usize>) -> bool {
    text.get(range.clone())
        .is_some_and(|piece| piece.chars().count() <= 3 && piece.chars().all(thai::is_thai))
}
