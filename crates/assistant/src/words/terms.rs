//! A text as terms: Thai is cut at syllable borders into known words, Latin into words and phrases.

use std::collections::{BTreeMap, BTreeSet};

use charabia::Segment;

use super::{
    Kind, Lexicon,
    normal::{has_thai, is_leading_vowel, is_thai, never_first},
};

/// A word or phrase of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// `t:parking`, `q:price`, `n:12`, `w:มาลี`, `x:polite`: equal keys mean the same.
    pub key: String,
    pub text: String,
    pub kind: TermKind,
    /// Bytes into the normalised text.
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TermKind {
    Noise,
    Cue,
    Topic,
    Number,
    /// In no lexicon: a name, or a word of its own.
    Word,
    /// In no dictionary either: a name, a loan word or a slip.
    Strange,
}

impl Term {
    /// Whether the question is about it.
    pub(crate) fn is_content(&self) -> bool {
        matches!(self.kind, TermKind::Topic | TermKind::Number | TermKind::Word | TermKind::Strange)
    }
}

/// Words of a shop's own.
#[derive(Debug, Default, Clone)]
pub(crate) struct Own {
    /// Pieces of its names that no dictionary knows.
    pub words: BTreeSet<String>,
    /// Keys of one name in the other tongue (`w:malee` is `w:มาลี`).
    pub same: BTreeMap<String, String>,
}

/// Longest Thai word that is looked up, in syllable pieces.
const LONGEST: usize = 14;

/// The terms of a normalised text; `own` are the shop's words that no dictionary knows.
pub(crate) fn terms(text: &str, own: &Own) -> Vec<Term> {
    let mut out = Vec::new();
    let mut latin: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if is_thai(c) {
            latin_terms(text, &mut latin, &mut out);
            let end = run_end(text, at, is_thai);
            thai_terms(text, at, end, own, &mut out);
            at = end;
        } else if c.is_alphanumeric() {
            let end = word_end(text, at);
            latin.push((at, end));
            at = end;
        } else {
            if matches!(c, '.' | '!' | '?' | '\n' | ',' | ';' | ':' | '(' | ')') {
                latin_terms(text, &mut latin, &mut out);
            }
            at += c.len_utf8();
        }
    }
    latin_terms(text, &mut latin, &mut out);
    for term in &mut out {
        if let Some(same) = own.same.get(&term.key) {
            term.key = same.clone();
        }
    }
    out
}

fn run_end(text: &str, at: usize, belongs: fn(char) -> bool) -> usize {
    text.get(at..)
        .and_then(|rest| rest.char_indices().find(|(_, c)| !belongs(*c)))
        .map_or(text.len(), |(offset, _)| at + offset)
}

/// A Latin word or a number; the dots, dashes and colons between digits belong to it.
fn word_end(text: &str, at: usize) -> usize {
    let chars: Vec<(usize, char)> = text.get(at..).map(|t| t.char_indices().collect()).unwrap_or_default();
    let digit = |n: usize| chars.get(n).is_some_and(|(_, c)| c.is_ascii_digit());
    let number = digit(0);
    let mut n = 0;
    while let Some((offset, c)) = chars.get(n) {
        let inside = (c.is_alphanumeric() && !is_thai(*c))
            || (*c == '\'' && chars.get(n + 1).is_some_and(|(_, c)| c.is_ascii_alphabetic()))
            || (matches!(c, '.' | ':' | '-' | '/') && number && n > 0 && digit(n - 1) && digit(n + 1));
        if !inside {
            return at + offset;
        }
        n += 1;
    }
    text.len()
}

fn latin_terms(text: &str, words: &mut Vec<(usize, usize)>, out: &mut Vec<Term>) {
    let lexicon = Lexicon::get();
    let mut n = 0;
    while n < words.len() {
        let mut taken = 0;
        for length in (1..=lexicon.most_words.min(words.len() - n)).rev() {
            let Some(span) = words.get(n..n + length) else { continue };
            let phrase: Vec<&str> = span.iter().filter_map(|(s, e)| text.get(*s..*e)).collect();
            let phrase = phrase.join(" ");
            let found = lexicon.meaning(&phrase).or_else(|| {
                (length == 1).then(|| phrase.strip_suffix("'s")).flatten().and_then(|w| lexicon.meaning(w))
            });
            if let (Some((kind, key)), Some(first), Some(last)) = (found, span.first(), span.last()) {
                out.push(Term {
                    key: key.to_owned(),
                    text: phrase,
                    kind: kind.into(),
                    start: first.0,
                    end: last.1,
                });
                taken = length;
                break;
            }
        }
        if taken == 0 {
            if let Some((start, end)) = words.get(n).copied()
                && let Some(word) = text.get(start..end)
            {
                out.push(plain_term(word, start, end));
            }
            taken = 1;
        }
        n += taken;
    }
    words.clear();
}

fn plain_term(word: &str, start: usize, end: usize) -> Term {
    let number = word.chars().next().is_some_and(|c| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ':' | '-' | '/'));
    let (key, kind) = if number {
        (format!("n:{word}"), TermKind::Number)
    } else {
        (format!("w:{}", stem(word)), TermKind::Word)
    };
    Term { key, text: word.to_owned(), kind, start, end }
}

/// English plurals and the like are the same word.
fn stem(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word);
    for (suffix, instead) in [("sses", "ss"), ("ies", "y"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")] {
        if let Some(base) = word.strip_suffix(suffix)
            && base.len() >= 4
            && base.is_ascii()
            && !base.ends_with('s')
        {
            return format!("{base}{instead}");
        }
    }
    word.to_owned()
}

impl From<Kind> for TermKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Noise => Self::Noise,
            Kind::Cue => Self::Cue,
            Kind::Topic => Self::Topic,
            Kind::Number => Self::Number,
        }
    }
}

#[derive(Clone)]
struct Step {
    cost: f32,
    from: usize,
    kind: TermKind,
    key: Option<String>,
}

/// The cheapest cut of a Thai run into words: lexicon and shop words are cheap, dictionary words dearer,
/// unknown syllables dearest.
fn thai_terms(text: &str, start: usize, end: usize, own: &Own, out: &mut Vec<Term>) {
    let Some(run) = text.get(start..end) else { return };
    let borders = borders(run);
    let lexicon = Lexicon::get();
    let mut best: Vec<Option<Step>> = vec![None; borders.len()];
    if let Some(first) = best.first_mut() {
        *first = Some(Step { cost: 0.0, from: 0, kind: TermKind::Noise, key: None });
    }
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    for i in 0..borders.len() {
        let Some(Some(here)) = best.get(i).cloned() else { continue };
        for j in i + 1..=(i + LONGEST).min(borders.len() - 1) {
            let (Some(a), Some(b)) = (borders.get(i), borders.get(j)) else { continue };
            let Some(word) = run.get(*a..*b) else { continue };
            let letters = word.chars().count();
            let (cost, kind, key) = if let Some((kind, key)) = lexicon.meaning(word) {
                (if letters <= 2 { 0.9 } else { 0.6 }, kind.into(), Some(key.to_owned()))
            } else if own.words.contains(word) {
                (0.6, TermKind::Word, None)
            } else if letters >= 2 && *known.entry(word).or_insert_with(|| in_dictionary(word)) {
                (if letters <= 2 { 1.3 } else { 1.0 }, TermKind::Word, None)
            } else if j == i + 1 {
                (1.7, TermKind::Strange, None)
            } else {
                continue;
            };
            let total = here.cost + cost;
            if let Some(slot) = best.get_mut(j)
                && slot.as_ref().is_none_or(|step| total < step.cost)
            {
                *slot = Some(Step { cost: total, from: i, kind, key });
            }
        }
    }
    let mut cuts = Vec::new();
    let mut at = borders.len().saturating_sub(1);
    while at > 0 {
        let Some(Some(step)) = best.get(at).cloned() else { break };
        cuts.push((step.from, at, step.kind, step.key));
        at = step.from;
    }
    cuts.reverse();
    let mut found: Vec<Term> = Vec::new();
    for (i, j, kind, key) in cuts {
        let (Some(a), Some(b)) = (borders.get(i), borders.get(j)) else { continue };
        let Some(word) = run.get(*a..*b) else { continue };
        // Neighbouring unknown syllables are one unknown word.
        if kind == TermKind::Strange
            && let Some(last) = found.last_mut()
            && last.kind == TermKind::Strange
            && last.end == start + a
        {
            last.text.push_str(word);
            last.key = format!("w:{}", last.text);
            last.end = start + b;
            continue;
        }
        found.push(Term {
            key: key.unwrap_or_else(|| format!("w:{word}")),
            text: word.to_owned(),
            kind,
            start: start + a,
            end: start + b,
        });
    }
    out.append(&mut found);
}

/// Where a Thai run may be cut: never before a mark or a vowel that follows, never after a leading vowel,
/// never before a silenced letter.
fn borders(run: &str) -> Vec<usize> {
    let chars: Vec<(usize, char)> = run.char_indices().collect();
    let mut out = vec![0];
    for (n, (offset, c)) in chars.iter().enumerate().skip(1) {
        let before = chars.get(n - 1).map(|(_, c)| *c);
        let after = chars.get(n + 1).map(|(_, c)| *c);
        let second = chars.get(n + 2).map(|(_, c)| *c);
        let silenced = after == Some('์') || (matches!(after, Some('ิ' | 'ุ')) && second == Some('์'));
        // MAI HAN-AKAT needs a letter after it (กั|น is no cut).
        let open = matches!(before, Some('ั' | 'ื' | '็'))
            || (matches!(before, Some('\u{e48}'..='\u{e4b}'))
                && matches!(n.checked_sub(2).and_then(|n| chars.get(n)).map(|(_, c)| *c), Some('ั' | 'ื')));
        if never_first(*c) || before.is_some_and(is_leading_vowel) || silenced || open {
            continue;
        }
        out.push(*offset);
    }
    if !run.is_empty() {
        out.push(run.len());
    }
    out
}

/// Whether the Thai dictionary knows the word: its segmenter then leaves it whole.
fn in_dictionary(word: &str) -> bool {
    has_thai(word) && word.segment_str().next().is_some_and(|piece| piece.len() == word.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::normal::normal;

    fn keys(text: &str) -> Vec<String> {
        terms(&normal(text), &Own::default())
            .into_iter()
            .filter(|term| term.kind != TermKind::Noise)
            .map(|term| term.key)
            .collect()
    }

    #[test]
    fn thai_without_spaces_falls_into_words() {
        assert_eq!(keys("มีที่จอดรถไหมคะ"), ["t:parking"]);
        assert_eq!(keys("พาน้องหมาไปด้วยได้ปะคะ"), ["t:pets", "q:can"]);
        assert_eq!(keys("รอกาแฟ 40 นาที"), ["w:รอ", "t:coffee", "n:40", "t:minute"]);
    }

    #[test]
    fn english_falls_into_words_and_phrases() {
        assert_eq!(keys("How much is the Wi-Fi password?"), ["q:price", "t:wifi", "t:password"]);
        assert_eq!(keys("two croissants at 10:30"), ["n:2", "t:croissant", "n:10:30"]);
    }

    proptest! {
        #[test]
        fn any_text_has_terms_inside_it(text in "[ก-๎a-z0-9 .:'-]{0,60}|\\PC{0,40}") {
            let text = normal(&text);
            for term in terms(&text, &Own::default()) {
                prop_assert!(text.get(term.start..term.end).is_some());
            }
        }
    }
}
