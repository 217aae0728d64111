//! Words and phrases that speak for something, found in a text without tearing words apart.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::{normalise::normalise, thai};

/// What a phrase speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Cue {
    Refund,
    Booking,
    Blame,
    Support,
    Buy,
    Ask,
    Request,
    Praise,
    Close,
    Greet,
    Yes,
    No,
    Legal,
    LegalNot,
    Emergency,
    EmergencyNot,
    Abuse,
    AbuseNot,
    Person,
    PersonNot,
    Spam,
    Negator,
    Booster,
    Laugh,
    Sarcasm,
    Unheard,
    Polite,
    /// Listed only so that a shorter phrase inside it is not taken for itself: ดี in สวัสดี.
    Plain,
}

impl Cue {
    pub(crate) const ALL: [(Self, &'static str); 28] = [
        (Self::Refund, "refund"),
        (Self::Booking, "booking"),
        (Self::Blame, "blame"),
        (Self::Support, "support"),
        (Self::Buy, "buy"),
        (Self::Ask, "ask"),
        (Self::Request, "request"),
        (Self::Praise, "praise"),
        (Self::Close, "close"),
        (Self::Greet, "greet"),
        (Self::Yes, "yes"),
        (Self::No, "no"),
        (Self::Legal, "legal"),
        (Self::LegalNot, "legal-not"),
        (Self::Emergency, "emergency"),
        (Self::EmergencyNot, "emergency-not"),
        (Self::Abuse, "abuse"),
        (Self::AbuseNot, "abuse-not"),
        (Self::Person, "person"),
        (Self::PersonNot, "person-not"),
        (Self::Spam, "spam"),
        (Self::Negator, "negator"),
        (Self::Booster, "booster"),
        (Self::Laugh, "laugh"),
        (Self::Sarcasm, "sarcasm"),
        (Self::Unheard, "unheard"),
        (Self::Polite, "polite"),
        (Self::Plain, "plain"),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == name).map(|(cue, _)| cue)
    }

    pub(crate) fn is_for_a_flag(self) -> bool {
        matches!(
            self,
            Self::Legal
                | Self::LegalNot
                | Self::Emergency
                | Self::EmergencyNot
                | Self::Abuse
                | Self::AbuseNot
                | Self::Person
                | Self::PersonNot
                | Self::Spam
        )
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(cue, _)| *cue == self).map_or("", |(_, name)| name)
    }
}

/// A phrase found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    pub(crate) cue: Cue,
    /// From 1 (a hint) to 3 (says it plainly).
    pub(crate) weight: u8,
    /// Bytes of the normalised text.
    pub(crate) range: Range<usize>,
}

/// The phrases of all lexicon files, ready to be searched for together.
pub(crate) struct Lexicon {
    phrases: AhoCorasick,
    /// For each pattern its cues (one phrase may speak for two things).
    meanings: Vec<Vec<(Cue, u8)>>,
}

const FILES: [&str; 5] = [
    include_str!("../lexicon/intents.tsv"),
    include_str!("../lexicon/feelings.tsv"),
    include_str!("../lexicon/flags.tsv"),
    include_str!("../lexicon/talk.tsv"),
    include_str!("../lexicon/plain.tsv"),
];

impl Lexicon {
    pub(crate) fn new() -> Self {
        let mut entries: std::collections::BTreeMap<String, Vec<(Cue, u8)>> =
            std::collections::BTreeMap::new();
        for (phrase, cue, weight) in FILES.into_iter().flat_map(rows).flatten() {
            entries.entry(normalise(phrase).as_str().to_owned()).or_default().push((cue, weight));
        }
        #[expect(
            clippy::unwrap_used,
            reason = "plain strings of our own files; every reader builds this, so a test meets it first"
        )]
        let phrases = AhoCorasick::builder().match_kind(MatchKind::Standard).build(entries.keys()).unwrap();
        Self { phrases, meanings: entries.into_values().collect() }
    }

    /// The longest phrases of a normalised text, left to right, without overlaps.
    pub(crate) fn hits(&self, text: &str) -> Vec<Hit> {
        let mut found: Vec<(Range<usize>, usize)> = self
            .phrases
            .find_overlapping_iter(text)
            .map(|hit| (hit.start()..hit.end(), hit.pattern().as_usize()))
            .filter(|(range, _)| thai::may_cut(text, range.start) && thai::may_cut(text, range.end))
            .collect();
        found.sort_unstable_by(|(a, _), (b, _)| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
        let mut hits = Vec::with_capacity(found.len());
        let mut free_from = 0;
        for (range, pattern) in found {
            if range.start < free_from {
                continue;
            }
            free_from = range.end;
            for (cue, weight) in self.meanings.get(pattern).into_iter().flatten() {
                hits.push(Hit { cue: *cue, weight: *weight, range: range.clone() });
            }
        }
        hits
    }
}

/// `phrase TAB cue TAB weight`; `#` begins a comment line. A row that says nothing is `None`.
fn rows(file: &str) -> impl Iterator<Item = Option<(&str, Cue, u8)>> {
    file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let mut columns = line.split('\t');
        let (phrase, cue, weight) = (columns.next()?, columns.next()?, columns.next()?);
        Some((phrase, Cue::named(cue)?, weight.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues(text: &str) -> Vec<&'static str> {
        Lexicon::new().hits(normalise(text).as_str()).into_iter().map(|hit| hit.cue.name()).collect()
    }

    #[test]
    fn every_row_of_every_file_is_understood() {
        for file in FILES {
            for (row, line) in
                rows(file).zip(file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')))
            {
                let (phrase, _, weight) = row.unwrap_or_else(|| panic!("not understood: {line:?}"));
                assert!((1..=3).contains(&weight), "{line:?}");
                assert_eq!(phrase.trim(), phrase, "{line:?}");
            }
        }
    }

    #[test]
    fn a_word_inside_another_word_is_not_found() {
        assert!(!cues("สวัสดีค่ะ").contains(&"praise"), "ดี in สวัสดี");
        assert!(!cues("ส่งดีเลย์").contains(&"praise"), "ดี in ดีเลย์");
        assert!(cues("ดีมากค่ะ").contains(&"praise"));
        assert!(!cues("suethat").contains(&"legal"));
    }
}
