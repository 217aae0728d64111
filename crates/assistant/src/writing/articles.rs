//! Answers out of articles: the lines that answer, in the reply's tongue where there is one.

use std::collections::BTreeSet;

use domain::{AnswerKind, Tongue};

use super::{Draft, Voice, signs};
use crate::{
    Library,
    knowledge::{Asked, Entry, Fit, Query, tongue_of},
    words::{TermKind, normal::normal},
};

/// Letters of a quotation beyond which neighbours are left out.
const ENOUGH: usize = 170;

pub(crate) struct Found {
    pub draft: Draft,
    pub score: f32,
}

/// The best lines for a question, if they cover enough of it.
pub(crate) fn answer(library: &Library, query: &Query, voice: Voice<'_>) -> Option<Found> {
    let fits = library.fits(query);
    let best = fits.iter().find(|fit| is_enough(library, query, fit))?;
    let chosen = in_tongue(library, &fits, best, voice.tongue);
    let entry = library.entries.get(chosen.entry)?;
    // In a frame of the other tongue there is room for the lines that answer and no more.
    let enough = if entry.tongue == voice.tongue { ENOUGH } else { 60 };
    let text = lines(query, entry, chosen, enough);
    if text.is_empty() {
        return None;
    }
    let words = framed(query, entry, &text, voice);
    Some(Found {
        draft: Draft {
            kind: AnswerKind::Answer,
            words,
            sources: vec![entry.source.clone()],
            confidence: calibrated(chosen.score),
            settled: false,
        },
        score: best.score,
    })
}

/// How sure a quotation is, by how well it fits: of those that score 0.62 or more about nine in ten were right in
/// conversations with shops of four trades, of those below about two in three.
fn calibrated(score: f32) -> f32 {
    const SURE: f32 = 0.62;
    if score >= SURE { (0.8 + (score - SURE) * 0.4).min(0.95) } else { (score / SURE * 0.79).max(0.0) }
}

/// Whether a passage answers rather than merely touches the question: the telling words are in it, and the kind
/// of fact that is asked for is there.
fn is_enough(library: &Library, query: &Query, fit: &Fit) -> bool {
    let Some(entry) = library.entries.get(fit.entry) else { return false };
    let keys = entry.all_keys();
    let content = |asked: &&Asked| {
        asked.kind != TermKind::Number && !asked.carried && !crate::knowledge_when(&asked.key)
    };
    // One of several models, dishes or treatments that the passage speaks of in general.
    let instance = |key: &String| {
        library.items.iter().any(|item| {
            let names = item.names();
            names.contains(key) && names.iter().any(|name| name != key && keys.contains(name))
        })
    };
    let lacks = |asked: &&Asked| !keys.contains(&asked.key);
    let lost = |asked: &Asked| if instance(&asked.key) { asked.weight * 0.35 } else { asked.weight };
    let missing: f32 = query.asked.iter().filter(content).filter(lacks).map(lost).sum();
    let all: f32 = query.asked.iter().filter(content).map(|a| a.weight).sum();
    let covered = if all > 0.0 { 1.0 - missing / all } else { 1.0 };
    // Whatever town is named: there is a branch or there is none.
    if query.has("t:branch") {
        return keys.contains("t:branch");
    }
    let unknown_topic = query
        .asked
        .iter()
        .any(|a| !a.known && !a.carried && a.kind == TermKind::Topic && !crate::knowledge_when(&a.key));
    let text = entry.text();
    let kind = crate::knowledge_answers(query, &text);
    let mut needed = 0.52;
    if unknown_topic {
        needed += 0.26;
    }
    if query.cue("q:price") {
        needed += 0.16;
    }
    if kind < 0.0 {
        needed += 0.34;
    }
    covered >= needed && fit.score >= 0.42
}

/// The same article in the reply's tongue, when it says about as much.
fn in_tongue<'a>(library: &Library, fits: &'a [Fit], best: &'a Fit, tongue: Tongue) -> &'a Fit {
    let Some(entry) = library.entries.get(best.entry) else { return best };
    if entry.tongue == tongue {
        return best;
    }
    fits.iter()
        .find(|fit| {
            library
                .entries
                .get(fit.entry)
                .is_some_and(|other| other.source == entry.source && other.tongue == tongue)
                && fit.covered >= best.covered * 0.7
                && fit.close >= best.close * 0.6
        })
        .unwrap_or(best)
}

/// The window that answers and its neighbours while there is room.
fn lines(query: &Query, entry: &Entry, fit: &Fit, enough: usize) -> String {
    let mut from = fit.window.start;
    let mut to = fit.window.end;
    let letters = |from: usize, to: usize| -> usize {
        entry.clauses.get(from..to).map_or(0, |c| c.iter().map(|c| c.text.chars().count() + 1).sum())
    };
    // Every clause that a further term of the question points to, if it is near.
    let said: BTreeSet<&String> =
        entry.clauses.get(from..to).into_iter().flatten().flat_map(|clause| clause.keys.iter()).collect();
    let wanting: Vec<&Asked> = query.asked.iter().filter(|a| !said.contains(&a.key)).collect();
    for (n, clause) in entry.clauses.iter().enumerate() {
        let wanted = wanting.iter().any(|asked| asked.weight >= 0.3 && clause.keys.contains(&asked.key));
        if wanted && letters(n.min(from), (n + 1).max(to)) <= 2 * enough {
            from = from.min(n);
            to = to.max(n + 1);
        }
    }
    while letters(from, to) < enough {
        let after = (to < entry.clauses.len()).then(|| letters(from, to + 1));
        let before = from.checked_sub(1).map(|start| letters(start, to));
        match (after, before) {
            (Some(size), _) if size <= enough + 60 => to += 1,
            (_, Some(size)) if size <= enough + 60 => from -= 1,
            _ => break,
        }
    }
    let kept: Vec<&str> =
        entry.clauses.get(from..to).into_iter().flatten().map(|clause| clause.text.as_str()).collect();
    kept.join(" ").trim_end_matches(['/', ';', ' ']).to_owned()
}

/// The lines as a reply: a plain yes or no before them where one was asked for and the lines say which, and in
/// a frame of the customer's tongue where the shop wrote them in the other.
fn framed(query: &Query, entry: &Entry, text: &str, voice: Voice<'_>) -> String {
    let text = voice.in_voice(text);
    if tongue_of(&text) == voice.tongue || entry.tongue == voice.tongue {
        return voice.close(&text);
    }
    let no = denies(&text);
    let yes_no =
        query.cue("q:can") || query.cue("q:right") || query.cue("q:exist") || asks_yes_no(&query.normal);
    match voice.tongue {
        Tongue::English => {
            let gist = match (yes_no, no) {
                (true, true) => "It looks like the answer is no, or not fully. ",
                (true, false) => "It looks like the answer is yes. ",
                (false, _) => "",
            };
            format!(
                "{gist}The shop's own note about this is written in Thai only, so here it is word for word, \
                 and we are happy to explain any part of it in English if you ask: “{text}” \
                 Please tell us if anything in this note is unclear to you, thank you."
            )
        }
        Tongue::Thai => {
            let gist = match (yes_no, no) {
                (true, true) => "น่าจะไม่ได้ หรือได้เพียงบางส่วน{นะคะ} ",
                (true, false) => "น่าจะได้{นะคะ} ",
                (false, _) => "",
            };
            voice.say(
                &format!("{gist}ข้อมูลเรื่องนี้ทางร้านเขียนไว้เป็นภาษาอังกฤษ ขอยกมาให้ดูตามนี้{{นะคะ}} “{text}” สงสัยตรงไหนถามเพิ่มได้เลย{{ค่ะ}}"),
                "",
            )
        }
    }
}

fn asks_yes_no(text: &str) -> bool {
    const OPENERS: [&str; 14] = [
        "can", "do", "does", "is", "are", "will", "could", "would", "may", "have", "any", "am", "should",
        "did",
    ];
    text.split_whitespace().any(|word| OPENERS.contains(&word))
}

fn denies(text: &str) -> bool {
    let text = normal(text);
    signs::has(&text, &["ไม่", "ไม่ได้", "ไม่มี", "ห้าม", "งด", "no", "not", "cannot", "never", "sorry"])
        || text.contains("ไม่")
        || text.contains("n't")
}
