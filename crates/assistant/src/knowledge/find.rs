//! Finding: what is asked, term by term, and how well a passage covers it.

use std::{collections::BTreeSet, ops::Range};

use domain::{Passage, Source};

use super::{Entry, EntryKind, Library};
use crate::words::{
    Term, TermKind,
    normal::{has_thai, normal},
    terms,
};

/// One term of a question.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// As the library knows it, else as it was written.
    pub key: String,
    pub text: String,
    pub kind: TermKind,
    /// The library holds it somewhere.
    pub known: bool,
    pub weight: f32,
}

/// A question: what it is about, and what it wants to know of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub normal: String,
    pub terms: Vec<Term>,
    pub asked: Vec<Asked>,
    pub cues: BTreeSet<String>,
}

impl Query {
    pub(crate) fn has(&self, key: &str) -> bool {
        self.terms.iter().any(|term| term.key == key)
    }

    pub(crate) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    pub(crate) fn cue(&self, name: &str) -> bool {
        self.cues.contains(name)
    }

    pub(crate) fn keys(&self) -> BTreeSet<String> {
        self.asked.iter().map(|asked| asked.key.clone()).collect()
    }

    pub(crate) fn mass(&self) -> f32 {
        self.asked.iter().map(|asked| asked.weight).sum()
    }

    /// This question with the subject of an earlier one: `and iced?` after `how much is a mocha?`.
    pub(crate) fn after(&self, earlier: &Query) -> Query {
        let mut both = self.clone();
        for asked in &earlier.asked {
            if !both.asked.iter().any(|have| have.key == asked.key) {
                // What was asked before need not be covered again.
                both.asked.push(Asked { weight: asked.weight * 0.35, ..asked.clone() });
            }
        }
        if both.cues.is_empty() || both.cues.iter().all(|cue| cue == "q:right" || cue == "q:can") {
            both.cues.extend(earlier.cues.iter().cloned());
        }
        both
    }
}

/// How well a passage answers a question.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    pub entry: usize,
    pub window: Range<usize>,
    /// Share of the question's weight that the passage and its title cover, from 0 to 1.
    pub covered: f32,
    /// The same of the window alone.
    pub close: f32,
    pub score: f32,
}

impl Library {
    pub(crate) fn query(&self, words: &str) -> Query {
        let text = normal(words);
        let terms = terms(&text, &self.own);
        let mut query = Query { normal: text, ..Query::default() };
        for term in &terms {
            if term.kind == TermKind::Cue {
                query.cues.insert(term.key.clone());
                continue;
            }
            if !term.is_content() || query.asked.iter().any(|asked| asked.key == term.key) {
                continue;
            }
            let found = self.resolve(term);
            let known = found.is_some();
            let key = found.unwrap_or_else(|| term.key.clone());
            let weight = self.asked_weight(term, &key, known);
            query.asked.push(Asked { key, text: term.text.clone(), kind: term.kind, known, weight });
        }
        query.terms = terms;
        query
    }

    fn asked_weight(&self, term: &Term, key: &str, known: bool) -> f32 {
        if is_when(key) {
            return 0.25;
        }
        match (term.kind, known) {
            (TermKind::Number, true) => 0.35 * self.weight(key),
            (TermKind::Number, false) => 0.1,
            (_, true) => self.weight(key),
            (TermKind::Topic, false) => 0.9,
            (TermKind::Word, false) if has_thai(&term.text) => 0.4,
            (TermKind::Word, false) => 0.7,
            (TermKind::Strange, false) => 0.45,
            (TermKind::Noise | TermKind::Cue, false) => 0.0,
        }
    }

    /// The passages that cover a question best, best first; ties stand in the order of the knowledge.
    pub(crate) fn fits(&self, query: &Query) -> Vec<Fit> {
        let mass: f32 = query.asked.iter().map(telling).sum();
        if mass <= 0.0 {
            return Vec::new();
        }
        let mut out: Vec<Fit> =
            self.entries.iter().enumerate().filter_map(|(at, entry)| fit(query, mass, at, entry)).collect();
        out.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry)));
        out
    }

    pub(crate) fn passages(&self, query: &Query, most: usize) -> Vec<Passage> {
        let mut out: Vec<Passage> = self
            .fits(query)
            .into_iter()
            .filter_map(|fit| {
                let entry = self.entries.get(fit.entry)?;
                Some(Passage { source: entry.source.clone(), text: entry.text(), score: fit.score.min(1.0) })
            })
            .collect();
        let mass = query.mass().max(0.01);
        for item in &self.items {
            let keys = item.all_keys();
            let covered: f32 =
                query.asked.iter().filter(|asked| keys.contains(&asked.key)).map(|asked| asked.weight).sum();
            if covered <= 0.0 {
                continue;
            }
            for row in &item.rows {
                let own: f32 = query
                    .asked
                    .iter()
                    .filter(|asked| row.keys.contains(&asked.key))
                    .map(|asked| asked.weight)
                    .sum();
                let Some(price) = self.knowledge.prices.get(row.at) else { continue };
                out.push(Passage {
                    source: Source(format!("prices:{}", price.sku)),
                    text: crate::writing::row_line(price),
                    score: ((covered + own * 0.2) / mass).min(1.0),
                });
            }
        }
        out.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.source.cmp(&b.source)));
        out.truncate(most);
        out
    }
}

/// Days and hours say when, not what.
pub(crate) fn is_when(key: &str) -> bool {
    const WHEN: [&str; 21] = [
        "t:today",
        "t:tomorrow",
        "t:monday",
        "t:tuesday",
        "t:wednesday",
        "t:thursday",
        "t:friday",
        "t:saturday",
        "t:sunday",
        "t:weekday",
        "t:weekend",
        "t:everyday",
        "t:morning",
        "t:afternoon",
        "t:evening",
        "t:year",
        "t:month",
        "t:week",
        "t:hour",
        "t:minute",
        "t:age",
    ];
    WHEN.contains(&key)
}

fn fit(query: &Query, mass: f32, at: usize, entry: &Entry) -> Option<Fit> {
    let in_heading = |asked: &&Asked| entry.heading.contains(&asked.key);
    let heading: f32 = query.asked.iter().filter(in_heading).map(telling).sum();
    let covered: f32 = query
        .asked
        .iter()
        .filter(|asked| {
            entry.heading.contains(&asked.key) || entry.clauses.iter().any(|c| c.keys.contains(&asked.key))
        })
        .map(telling)
        .sum();
    if covered <= 0.0 {
        return None;
    }
    let mut best: Option<(f32, Range<usize>)> = None;
    for length in 1..=3_usize {
        for start in 0..entry.clauses.len().saturating_sub(length - 1) {
            let window = start..start + length;
            let Some(clauses) = entry.clauses.get(window.clone()) else { continue };
            let mut close: f32 = query
                .asked
                .iter()
                .filter(|asked| clauses.iter().any(|clause| clause.keys.contains(&asked.key)))
                .map(telling)
                .sum();
            // A subject that the title names need not be said again in the line.
            close += 0.6
                * query
                    .asked
                    .iter()
                    .filter(in_heading)
                    .filter(|asked| !clauses.iter().any(|clause| clause.keys.contains(&asked.key)))
                    .map(telling)
                    .sum::<f32>();
            let text = super::passages::join(clauses.iter().map(|clause| clause.text.as_str()));
            #[expect(clippy::cast_precision_loss, reason = "one to three clauses")]
            let merit = close + 0.15 * mass * answers(query, &text) - 0.06 * length as f32;
            if best.as_ref().is_none_or(|(most, _)| merit > *most) {
                best = Some((merit, window));
            }
        }
    }
    let (merit, window) = best?;
    let quick = if entry.kind == EntryKind::Quick { 0.9 } else { 1.0 };
    let covered = covered / mass;
    let close = (merit / mass).clamp(0.0, 1.2);
    let score = (0.45 * covered + 0.5 * close + 0.15 * (heading / mass)) * quick;
    Some(Fit { entry: at, window, covered, close, score })
}

/// Numbers meet by chance: they weigh little.
fn telling(asked: &Asked) -> f32 {
    if asked.kind == TermKind::Number { asked.weight * 0.4 } else { asked.weight }
}

/// Whether a text holds the kind of fact that is asked for: 1 when it does, 0 when nothing special is asked,
/// -1 when it does not.
pub(crate) fn answers(query: &Query, text: &str) -> f32 {
    let text = normal(text);
    let holds = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let digits = text.chars().any(|c| c.is_ascii_digit());
    let mut verdicts = Vec::new();
    if query.cue("q:price") {
        verdicts.push(
            (digits && holds(&["บาท", "baht", "฿", "+", "%"]))
                || holds(&["ฟรี", "free", "ไม่คิด", "ไม่เสีย", "no charge", "no extra", "แถม", "ไม่มีค่า"]),
        );
    }
    if query.cue("q:howlong") {
        let unit =
            ["วัน", "นาที", "ชั่วโมง", "เดือน", "ปี", "สัปดาห์", "day", "hour", "minute", "month", "year", "week"];
        const UNITS: [(&[&str], &[&str]); 6] = [
            (&["กี่วัน", "how many days"], &["วัน", "day", "สัปดาห์", "week"]),
            (&["กี่นาที", "how many minutes"], &["นาที", "minute"]),
            (&["กี่ชั่วโมง", "กี่ชม", "how many hours"], &["ชั่วโมง", "ชม", "hour"]),
            (&["กี่เดือน", "how many months"], &["เดือน", "month"]),
            (&["กี่ปี", "how many years"], &["ปี", "year"]),
            (&["กี่สัปดาห์", "กี่อาทิตย์", "how many weeks"], &["สัปดาห์", "week"]),
        ];
        let named = UNITS.iter().find(|(asks, _)| asks.iter().any(|ask| query.normal.contains(ask)));
        verdicts.push(digits && named.map_or_else(|| holds(&unit), |(_, units)| holds(units)));
    }
    if query.cue("q:howmany") {
        verdicts.push(digits || holds(&["หนึ่ง", "สอง", "สาม", "one", "two", "three"]));
    }
    if query.cue("q:when") {
        let days = [
            "จันทร์",
            "อังคาร",
            "พุธ",
            "พฤหัส",
            "ศุกร์",
            "เสาร์",
            "อาทิตย์",
            "ทุกวัน",
            "โมง",
            "ทุ่ม",
            "เที่ยง",
            "day",
            "noon",
        ];
        verdicts.push(digits || holds(&days));
    }
    if verdicts.is_empty() {
        0.0
    } else if verdicts.iter().any(|fits| *fits) {
        1.0
    } else {
        -1.0
    }
}
