//! What words mean in general, read once from `lexicon.txt`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use super::normal::{has_thai, normal};

/// What a word is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Carries no topic.
    Noise,
    /// Asks something.
    Cue,
    /// A subject.
    Topic,
    /// A number in words.
    Number,
}

pub(crate) struct Lexicon {
    /// Thai forms as written; Latin forms as words joined by single spaces.
    forms: BTreeMap<String, (Kind, String)>,
    /// The most words a Latin form has.
    pub(crate) most_words: usize,
    keys: BTreeSet<String>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(include_str!("lexicon.txt")));

impl Lexicon {
    pub(crate) fn get() -> &'static Self {
        &LEXICON
    }

    fn read(text: &str) -> Self {
        let mut lexicon = Self { forms: BTreeMap::new(), most_words: 1, keys: BTreeSet::new() };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let Some((head, forms)) = line.split_once(':') else { continue };
            let Some((kind, key)) = head.split_once(' ') else { continue };
            let (kind, letter) = match kind {
                "noise" => (Kind::Noise, 'x'),
                "cue" => (Kind::Cue, 'q'),
                "number" => (Kind::Number, 'n'),
                _ => (Kind::Topic, 't'),
            };
            let key = format!("{letter}:{}", key.trim());
            lexicon.keys.insert(key.clone());
            for form in forms.split(',') {
                let form = canonical(form);
                if form.is_empty() {
                    continue;
                }
                lexicon.most_words = lexicon.most_words.max(form.split(' ').count());
                // A word of several lines belongs to the last: topics stand below noise.
                lexicon.forms.insert(form, (kind, key.clone()));
            }
        }
        lexicon
    }

    pub(crate) fn meaning(&self, form: &str) -> Option<(Kind, &str)> {
        self.forms.get(form).map(|(kind, key)| (*kind, key.as_str()))
    }

    #[cfg(test)]
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.keys.contains(key)
    }
}

/// A form as it is looked up: Thai as it is, Latin as words joined by single spaces.
fn canonical(form: &str) -> String {
    let form = normal(form.trim());
    if has_thai(&form) {
        return form.replace(' ', "");
    }
    latin_words(&form).join(" ")
}

pub(crate) fn latin_words(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .map(|word| word.trim_matches('\'').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lexicon_knows_what_a_word_is_for() {
        let lexicon = Lexicon::get();
        assert_eq!(lexicon.meaning("ที่จอดรถ"), Some((Kind::Topic, "t:parking")));
        assert_eq!(lexicon.meaning("how much"), Some((Kind::Cue, "q:price")));
        assert_eq!(lexicon.meaning("wi fi"), Some((Kind::Topic, "t:wifi")));
        assert_eq!(lexicon.meaning("คะ").map(|(kind, _)| kind), Some(Kind::Noise));
        assert!(lexicon.has_key("t:delivery"));
    }
}
