//! The attitude the writer shows: five levels, and a score within the level.

use domain::{Sentiment, SentimentLevel};

use crate::{
    features::{Seen, is_denied},
    lexicon::{Cue, Hit},
    model::{LEVELS, OUTPUTS, softmax},
};

/// Half the way between two levels, less a little: the score never leaves its level.
const WITHIN: f32 = 0.19;

const ALL: [SentimentLevel; 5] = [
    SentimentLevel::VeryNegative,
    SentimentLevel::Negative,
    SentimentLevel::Neutral,
    SentimentLevel::Positive,
    SentimentLevel::VeryPositive,
];

/// Below this confidence the model's "neutral" gives way to what the lists of feelings say.
const UNSURE: f32 = 0.6;

pub(crate) fn of(scores: &[f32; OUTPUTS], seen: &Seen<'_>) -> Sentiment {
    let shares: [f32; 5] = softmax(scores.get(LEVELS).unwrap_or_default());
    let (mut label, mut confidence) = ALL
        .into_iter()
        .zip(shares)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .unwrap_or((SentimentLevel::Neutral, 0.0));
    if label == SentimentLevel::Neutral && confidence < UNSURE {
        let told = told(seen.hits);
        if told.abs() >= 2 {
            label = if told < 0 { SentimentLevel::Negative } else { SentimentLevel::Positive };
            confidence = 1.0 - confidence;
        }
    }
    let expected: f32 = ALL.into_iter().zip(shares).map(|(level, share)| level.score() * share).sum();
    let middle = label.score();
    let score = expected.clamp(middle - WITHIN, middle + WITHIN).clamp(-1.0, 1.0);
    Sentiment { label, score, confidence }
}

/// Praise less blame by the lists alone, each turned round when it is denied.
fn told(hits: &[Hit]) -> i32 {
    hits.iter()
        .map(|hit| {
            let weight = i32::from(hit.weight);
            let sign = i32::from(hit.cue == Cue::Praise) - i32::from(hit.cue == Cue::Blame);
            if is_denied(hits, hit) { -sign * weight } else { sign * weight }
        })
        .sum()
}
