//! From a message to its understanding: each room asked once, in order.

use std::ops::Range;

use domain::{Entity, Language, Understanding};

use crate::{
    entities::Finders,
    features::{self, Evidence, Seen},
    flags, intent, language,
    lexicon::{Hit, Lexicon},
    model::{Model, OUTPUTS, PRESSES, sigmoid},
    normalise::{Normalised, normalise},
    segment::{Segmenter, Token},
    sentiment, thai,
};

/// Everything that reading needs, built once (some milliseconds) and shared freely between threads.
pub struct Reader {
    segmenter: Segmenter,
    lexicon: Lexicon,
    finders: Finders,
    model: Model,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    pub fn new() -> Self {
        Self {
            segmenter: Segmenter::new(),
            lexicon: Lexicon::new(),
            finders: Finders::new(),
            model: Model::shipped(),
        }
    }

    /// The same reader with other weights, to try them out; `None` when the bytes are no weights file.
    #[must_use]
    pub fn with_weights(self, bytes: &[u8]) -> Option<Self> {
        Some(Self { model: Model::from_bytes(bytes)?, ..self })
    }

    /// What the message means. Any text is welcome; a blank one means nothing.
    pub fn read(&self, text: &str) -> Understanding {
        if text.trim().is_empty() {
            return Understanding::of_nothing();
        }
        let page = self.page(text);
        let evidence = features::evidence(&page.seen());
        let scores = self.model.scores(&evidence);
        let mut intents = intent::guesses(&scores, &page.seen());
        let sentences = sentences(page.normalised.as_str());
        if sentences.len() > 1 {
            let alone: Vec<_> = sentences.into_iter().map(|sentence| self.scores(sentence)).collect();
            intent::add_from_sentences(&mut intents, &alone);
        }
        Understanding {
            language: language::of(page.normalised.as_str()),
            intents,
            sentiment: sentiment::of(&scores, &page.seen()),
            flags: flags::of(&scores, &page.hits),
            entities: page.entities,
            presses: scores.get(PRESSES).map_or(0.0, |score| sigmoid(*score)),
        }
    }

    pub fn language(&self, text: &str) -> Language {
        language::of(normalise(text).as_str())
    }

    /// The words of a text, blanks left out.
    pub fn segment(&self, text: &str) -> Vec<Token> {
        self.segmenter.tokens(&normalise(text))
    }

    /// What the linear model sees of a text; for whoever trains its weights.
    pub fn evidence(&self, text: &str) -> Evidence {
        features::evidence(&self.page(text).seen())
    }

    fn scores(&self, text: &str) -> [f32; OUTPUTS] {
        self.model.scores(&features::evidence(&self.page(text).seen()))
    }

    fn page(&self, text: &str) -> Page {
        let normalised = normalise(text);
        let words = self.segmenter.words(normalised.as_str());
        let hits = self.lexicon.hits(normalised.as_str());
        let entities = self.finders.find(text, &normalised);
        Page { shouting: shouts(text), normalised, words, hits, entities }
    }
}

/// One message laid out for reading.
struct Page {
    normalised: Normalised,
    words: Vec<Range<usize>>,
    hits: Vec<Hit>,
    entities: Vec<Entity>,
    shouting: bool,
}

impl Page {
    fn seen(&self) -> Seen<'_> {
        Seen {
            text: self.normalised.as_str(),
            words: &self.words,
            hits: &self.hits,
            entities: &self.entities,
            shouting: self.shouting,
        }
    }
}

/// More sentences than this, or longer texts, are a letter: its parts are not asked one by one.
const MOST_SENTENCES: usize = 5;
const LONGEST_LETTER: usize = 2_000;

/// Cut at stops, line ends, and blanks after a polite particle, where Thai sentences end; crumbs are left out.
fn sentences(text: &str) -> Vec<&str> {
    if text.len() > LONGEST_LETTER {
        return Vec::new();
    }
    let mut sentences = Vec::new();
    let mut from = 0;
    for (at, ch) in text.char_indices().filter(|(_, ch)| matches!(ch, ' ' | '\n')) {
        let so_far = text.get(from..at).unwrap_or_default();
        let ends = ch == '\n'
            || ["ค่ะ", "คะ", "ครับ", "คับ", "จ้า", ".", "!", "?"].into_iter().any(|end| so_far.ends_with(end));
        if ends {
            sentences.push(so_far);
            from = at + 1;
        }
    }
    sentences.push(text.get(from..).unwrap_or_default());
    sentences.retain(|sentence| sentence.chars().count() >= 8);
    if sentences.len() > MOST_SENTENCES { Vec::new() } else { sentences }
}

/// Mostly capitals, and enough of them to be no abbreviation.
fn shouts(text: &str) -> bool {
    let capitals = text.chars().filter(|ch| ch.is_ascii_uppercase()).count();
    let small = text.chars().filter(|ch| ch.is_ascii_lowercase() || thai::is_consonant(*ch)).count();
    capitals >= 8 && capitals > small * 2
}
