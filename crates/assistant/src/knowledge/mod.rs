//! The shop's knowledge as passages that can be found.

mod find;
mod items;
mod passages;
mod stale;

use std::collections::BTreeMap;

use domain::{Knowledge, Passage};

pub(crate) use find::{Asked, Fit, Query, answers, is_when};
pub(crate) use items::{Item, Row};
pub(crate) use passages::{Entry, EntryKind, clauses, tongue_of};

use crate::words::{
    Own, Term, TermKind,
    normal::{has_thai, normal, skeleton, sounds},
    terms,
};

/// An index over one version of the knowledge: what each passage and each price is about.
#[derive(Debug)]
pub struct Library {
    knowledge: Knowledge,
    pub(crate) entries: Vec<Entry>,
    pub(crate) items: Vec<Item>,
    /// In how many entries and items a key stands.
    spread: BTreeMap<String, usize>,
    /// Words by how they are written without marks, and by how they sound.
    by_skeleton: BTreeMap<String, String>,
    by_sound: BTreeMap<String, String>,
    own: Own,
}

impl Library {
    pub fn build(knowledge: Knowledge) -> Self {
        let own = own_words(&knowledge);
        let entries = passages::entries(&knowledge, &own);
        let items = items::items(&knowledge, &own);
        let mut spread: BTreeMap<String, usize> = BTreeMap::new();
        let every = entries.iter().map(Entry::all_keys).chain(items.iter().map(Item::all_keys));
        for keys in every {
            for key in keys {
                *spread.entry(key).or_default() += 1;
            }
        }
        let mut by_skeleton = BTreeMap::new();
        let mut by_sound = BTreeMap::new();
        for key in spread.keys() {
            let Some(word) = key.strip_prefix("w:") else { continue };
            if has_thai(word) && word.chars().count() >= 3 {
                by_skeleton.entry(skeleton(word)).or_insert_with(|| key.clone());
            }
            let sound = sounds(word);
            if sound.len() >= 3 {
                by_sound.entry(sound).or_insert_with(|| key.clone());
            }
        }
        let mut library = Self { knowledge, entries, items, spread, by_skeleton, by_sound, own };
        stale::drop_stale(&mut library);
        library
    }

    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// The passages that fit the words best, best first: lines of articles, facts of the shop, prices and
    /// quick replies.
    pub fn find(&self, words: &str, most: usize) -> Vec<Passage> {
        self.passages(&self.query(words), most)
    }

    pub(crate) fn knows(&self, key: &str) -> bool {
        self.spread.contains_key(key)
    }

    /// The key under which the library knows a term, forgiving slips of the keys and loan words spelt by ear.
    pub(crate) fn resolve(&self, term: &Term) -> Option<String> {
        if self.knows(&term.key) {
            return Some(term.key.clone());
        }
        let word = term.key.strip_prefix("w:")?;
        let letters = word.chars().count();
        if has_thai(word) {
            if letters >= 3
                && let Some(key) = self.by_skeleton.get(&skeleton(word))
            {
                return Some(key.clone());
            }
        } else if letters >= 5 && word.chars().all(|c| c.is_ascii_alphabetic()) {
            let most = if letters >= 8 { 2 } else { 1 };
            let near = self.spread.keys().find(|key| {
                key.strip_prefix("w:").is_some_and(|known| {
                    known.len() >= 5
                        && known.get(..1) == word.get(..1)
                        && crate::words::normal::within(known, word, most)
                })
            });
            if let Some(key) = near {
                return Some(key.clone());
            }
        }
        // A loan word in the other script sounds the same.
        if matches!(term.kind, TermKind::Strange | TermKind::Word) {
            let sound = sounds(word);
            if sound.len() >= 4
                && let Some(key) = self.by_sound.get(&sound)
                && has_thai(key) != has_thai(word)
            {
                return Some(key.clone());
            }
        }
        None
    }

    /// How telling a key is, from 0 to 1: a word of one passage says more than a word of all.
    pub(crate) fn weight(&self, key: &str) -> f32 {
        let all = (self.entries.len() + self.items.len()).max(1);
        let spread = self.spread.get(key).copied().unwrap_or(1).max(1);
        #[expect(clippy::cast_precision_loss, reason = "counts of passages")]
        let (all, spread) = (all as f32, spread as f32);
        ((1.0 + all / spread).ln() / (1.0 + all).ln()).clamp(0.05, 1.0)
    }
}

/// Unknown pieces of names, tags and titles, so that they are cut alike everywhere; and names of one thing in
/// two tongues.
fn own_words(knowledge: &Knowledge) -> Own {
    let mut own = Own::default();
    let names =
        knowledge.prices.iter().map(|row| row.name_th.as_str()).chain(knowledge.articles.iter().flat_map(
            |article| article.tags.iter().map(String::as_str).chain(std::iter::once(article.title.as_str())),
        ));
    for name in names {
        for term in terms(&normal(name), &Own::default()) {
            if term.kind == TermKind::Strange && term.text.chars().count() >= 3 {
                own.words.insert(term.text);
            }
        }
    }
    for row in &knowledge.prices {
        let names = |text: &str, other: &str| -> Vec<String> {
            let theirs = passages::keys(other, &own);
            passages::keys(text, &own)
                .into_iter()
                .filter(|key| key.starts_with("w:") && !theirs.contains(key))
                .collect()
        };
        let (thai, english) = (names(&row.name_th, &row.name_en), names(&row.name_en, &row.name_th));
        if let ([thai], [english]) = (thai.as_slice(), english.as_slice())
            && has_thai(thai)
            && !has_thai(english)
            && !own.same.contains_key(english)
        {
            own.same.insert(english.clone(), thai.clone());
        }
    }
    own
}
