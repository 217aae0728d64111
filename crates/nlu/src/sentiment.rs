//! The attitude the writer shows: five levels, and a score within the level.

use domain::{Sentiment, SentimentLevel};

use crate::{
    features::Seen,
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

pub(crate) fn of(scores: &[f32; OUTPUTS], _seen: &Seen<'_>) -> Sentiment {
    let shares: [f32; 5] = softmax(scores.get(LEVELS).unwrap_or_default());
    let (label, confidence) = ALL
        .into_iter()
        .zip(shares)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .unwrap_or((SentimentLevel::Neutral, 0.0));
    let expected: f32 = ALL.into_iter().zip(shares).map(|(level, share)| level.score() * share).sum();
    let middle = label.score();
    let score = expected.clamp(middle - WITHIN, middle + WITHIN).clamp(-1.0, 1.0);
    Sentiment { label, score, confidence }
}
