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
    /// Comes from an earlier turn: names the subject, but need not be covered again.
    pub carried: bool,
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
        self.asked.iter().map(telling).sum()
    }

    /// This question with the subject of an earlier one: `and iced?` after `how much is a mocha?`.
    pub(crate) fn after(&self, earlier: &Query) -> Query {
        let mut both = self.clone();
        for asked in &earlier.asked {
            if !both.asked.iter().any(|have| have.key == asked.key) {
                // What was asked before need not be covered again.
                both.asked.push(Asked { carried: true, ..asked.clone() });
            }
        }
        let subject = self.asked.iter().any(|asked| asked.known && asked.weight >= 0.25);
        let weak = both.cues.iter().all(|cue| cue == "q:right" || cue == "q:can");
        if both.cues.is_empty() || (weak && !subject) {
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
        let terms = self.opened(terms(&text, &self.own));
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
            query.asked.push(Asked {
                key,
                text: term.text.clone(),
                kind: term.kind,
                known,
                weight,
                carried: false,
            });
        }
        if ["how long is", "how long are"].iter().any(|ask| text_has(&query.normal, ask))
            && self.knows("t:long")
        {
            let weight = self.weight("t:long");
            let (key, text) = ("t:long".to_owned(), "long".to_owned());
            query.asked.push(Asked { key, text, kind: TermKind::Topic, known: true, weight, carried: false });
        }
        // `มี … ไหม`, however much stands between.
        let says = |words: &[&str]| terms.iter().any(|term| words.contains(&term.text.as_str()));
        if says(&["มี", "ยังมี", "พอมี"])
            && says(&["ไหม", "มั้ย", "มัย", "ปะ", "ป่ะ", "ป่าว", "เปล่า", "รึเปล่า", "หรือเปล่า", "ไม"])
        {
            query.cues.insert("q:exist".to_owned());
        }
        query.terms = terms;
        query
    }

    /// Compounds of the dictionary that the shop writes as two words (`กาแฟเย็น`) are cut in two.
    fn opened(&self, terms: Vec<Term>) -> Vec<Term> {
        let mut out = Vec::with_capacity(terms.len());
        for term in terms {
            let compound = term.kind == TermKind::Word
                && has_thai(&term.text)
                && term.text.chars().count() >= 5
                && self.resolve(&term).is_none();
            match compound.then(|| self.halves(&term)).flatten() {
                Some((left, right)) => out.extend([left, right]),
                None => out.push(term),
            }
        }
        out
    }

    fn halves(&self, term: &Term) -> Option<(Term, Term)> {
        let half = |from: usize, to: usize| -> Option<Term> {
            let text = term.text.get(from..to)?;
            let mut found = terms(text, &self.own);
            let one = found.pop().filter(|_| found.is_empty())?;
            let known = self.knows(&one.key) || matches!(one.kind, TermKind::Cue | TermKind::Noise);
            (known && text.chars().count() >= 2).then(|| Term {
                start: term.start + from,
                end: term.start + to,
                ..one
            })
        };
        term.text.char_indices().skip(1).find_map(|(at, _)| Some((half(0, at)?, half(at, term.text.len())?)))
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
            (TermKind::Strange, false) if term.text.chars().count() >= 3 => 0.6,
            (TermKind::Strange, false) => 0.3,
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
    const WHEN: [&str; 22] = [
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
        "t:clock",
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
            let merit = close + 0.30 * mass * answers(query, &text) - 0.06 * length as f32;
            if best.as_ref().is_none_or(|(most, _)| merit > *most) {
                best = Some((merit, window));
            }
        }
    }
    let (merit, window) = best?;
    let quick = if entry.kind == EntryKind::Quick { 0.9 } else { 1.0 };
    let covered = covered / mass;
    let close = (merit / mass).clamp(0.0, 1.25);
    let score = (0.45 * covered + 0.5 * close + 0.15 * (heading / mass)) * quick;
    Some(Fit { entry: at, window, covered, close, score })
}

/// Numbers meet by chance, and what was said before is half answered: they weigh little.
fn telling(asked: &Asked) -> f32 {
    let weight = if asked.kind == TermKind::Number { asked.weight * 0.4 } else { asked.weight };
    if asked.carried { weight * 0.35 } else { weight }
}

fn text_has(text: &str, words: &str) -> bool {
    text.contains(words)
}

/// A number right before one of the units: `18-24 เดือน`, `2 days`.
fn counts(text: &str, units: &[&str]) -> bool {
    units.iter().any(|unit| {
        text.match_indices(unit).any(|(at, _)| {
            text.get(..at).is_some_and(|head| {
                let head = head.trim_end().trim_end_matches("working").trim_end();
                head.ends_with(|c: char| c.is_ascii_digit())
                    || ["หนึ่ง", "สอง", "สาม", "ครึ่ง", "one", "two", "three"]
                        .iter()
                        .any(|word| head.ends_with(word))
            })
        })
    })
}

/// Whether a text holds the kind of fact that is asked for: 1 when it does, 0 when nothing special is asked,
/// -1 when it does not.
pub(crate) fn answers(query: &Query, text: &str) -> f32 {
    let text = normal(text);
    let holds = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let digits = text.chars().any(|c| c.is_ascii_digit());
    let mut verdicts = Vec::new();
    let may = query.cue("q:can") && holds(&["ได้", "ไม่", "not", "no ", "only", "can"]);
    if query.cue("q:price") {
        let free = ["ฟรี", "free", "ไม่คิด", "ไม่เสีย", "no charge", "no extra", "แถม", "ไม่มีค่า", "included"];
        verdicts.push((digits && holds(&["บาท", "baht", "฿", "+", "%"])) || holds(&free) || may);
    }
    if query.cue("q:howlong") {
        const ANY: &[&str] = &[
            "วัน",
            "นาที",
            "ชั่วโมง",
            "ชม",
            "เดือน",
            "ปี",
            "สัปดาห์",
            "คืน",
            "day",
            "hour",
            "minute",
            "month",
            "year",
            "week",
            "night",
        ];
        const UNITS: [(&[&str], &[&str]); 7] = [
            (&["กี่วัน", "how many days"], &["วัน", "day", "สัปดาห์", "week"]),
            (&["กี่นาที", "how many minutes"], &["นาที", "minute"]),
            (&["กี่ชั่วโมง", "กี่ชม", "how many hours"], &["ชั่วโมง", "ชม", "hour"]),
            (&["กี่เดือน", "how many months"], &["เดือน", "month"]),
            (&["กี่ปี", "how many years"], &["ปี", "year"]),
            (&["กี่คืน", "how many nights"], &["คืน", "night"]),
            (&["กี่สัปดาห์", "กี่อาทิตย์", "how many weeks"], &["สัปดาห์", "week"]),
        ];
        let named = UNITS.iter().find(|(asks, _)| asks.iter().any(|ask| query.normal.contains(ask)));
        let length = query.asked.iter().any(|asked| asked.key == "t:long") && digits;
        verdicts.push(counts(&text, named.map_or(ANY, |(_, units)| units)) || length);
    }
    if query.cue("q:howmany") {
        verdicts.push(digits || holds(&["หนึ่ง", "สอง", "สาม", "one", "two", "three"]));
    }
    if query.cue("q:when") {
        const DAYS: &[&str] = &[
            "จันทร์",
            "อังคาร",
            "พุธ",
            "พฤหัส",
            "ศุกร์",
            "เสาร์",
            "อาทิตย์",
            "ทุกวัน",
            "วันที่",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
            "every day",
            "daily",
        ];
        const CLOCK: &[&str] = &["โมง", "ทุ่ม", "เที่ยง", "noon", " am", " pm", "o'clock"];
        let time = clock_time(&text) || holds(CLOCK);
        let asks_time =
            ["กี่โมง", "กี่ทุ่ม", "what time", "until when"].iter().any(|ask| query.normal.contains(ask));
        let asks_day = ["วันไหน", "which day", "what day"].iter().any(|ask| query.normal.contains(ask));
        let day = holds(DAYS) || months(&text);
        verdicts.push(match (asks_time, asks_day) {
            (true, false) => time,
            (false, true) => day,
            (true, true) | (false, false) => time || day || digits,
        });
    }
    if query.cue("q:where") {
        const PLACES: &[&str] = &[
            "อยู่",
            "ที่",
            "ตรงข้าม",
            "ข้าง",
            "จาก",
            "ซอย",
            "ถนน",
            "ชั้น",
            "หน้า",
            " at ",
            " in ",
            " on ",
            "near",
            "opposite",
            "from",
            "upstairs",
        ];
        verdicts.push(holds(PLACES));
    }
    if verdicts.is_empty() {
        0.0
    } else if verdicts.iter().any(|fits| *fits) {
        1.0
    } else {
        -1.0
    }
}

/// `07:30`.
fn clock_time(text: &str) -> bool {
    text.match_indices(':').any(|(at, _)| {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        digit(text.get(..at).and_then(|head| head.chars().next_back()))
            && digit(text.get(at + 1..).and_then(|tail| tail.chars().next()))
    })
}

fn months(text: &str) -> bool {
    const MONTHS: [&str; 24] = [
        "มกราคม",
        "กุมภาพันธ์",
        "มีนาคม",
        "เมษายน",
        "พฤษภาคม",
        "มิถุนายน",
        "กรกฎาคม",
        "สิงหาคม",
        "กันยายน",
        "ตุลาคม",
        "พฤศจิกายน",
        "ธันวาคม",
        "january",
        "february",
        "march",
        "april",
        "may ",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    MONTHS.iter().any(|month| text.contains(month))
}
