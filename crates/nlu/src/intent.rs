//! What the customer wants the page to do next: all that fit, the likeliest first.

use domain::{Intent, IntentGuess};

use crate::{
    features::Seen,
    model::{INTENTS, OUTPUTS, softmax},
    thai,
};

/// Guesses less likely than this are not worth a mention.
const FAINT: f32 = 0.1;
/// Two guesses this close both fit, and then the one higher in the table of intents wins.
const BOTH_FIT: f32 = 0.02;
/// A sentence alone must be this sure of its intent to add it.
const SURE_OF_SENTENCE: f32 = 0.6;
/// Below this no guess is good enough to lead.
const ABSTAIN: f32 = 0.17;

pub(crate) fn guesses(scores: &[f32; OUTPUTS], seen: &Seen<'_>) -> Vec<IntentGuess> {
    if is_wordless(seen) {
        return vec![IntentGuess { name: Intent::Unknown, confidence: 0.95 }];
    }
    let shares: [f32; 14] = softmax(scores.get(INTENTS).unwrap_or_default());
    let mut guesses: Vec<IntentGuess> = Intent::ALL
        .into_iter()
        .zip(shares)
        .map(|(name, confidence)| IntentGuess { name, confidence })
        .collect();
    guesses.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.name.cmp(&b.name)));
    let highest = guesses.first().map_or(0.0, |guess| guess.confidence);
    guesses.retain(|guess| guess.confidence >= FAINT);
    if highest < ABSTAIN {
        guesses.retain(|guess| guess.name != Intent::Unknown);
        guesses.insert(0, IntentGuess { name: Intent::Unknown, confidence: (1.0 - highest).max(highest) });
        return guesses;
    }
    if let [first, second, ..] = guesses.as_mut_slice()
        && first.confidence - second.confidence < BOTH_FIT
        && second.name < first.name
        && second.name != Intent::Unknown
    {
        std::mem::swap(&mut first.name, &mut second.name);
    }
    guesses
}

/// Adds what single sentences of the message ask for beside the main thing; politeness and filling are no second wish.
pub(crate) fn add_from_sentences(guesses: &mut Vec<IntentGuess>, sentences: &[[f32; OUTPUTS]]) {
    let lead = guesses.first().map_or(1.0, |guess| guess.confidence);
    for scores in sentences {
        let shares: [f32; 14] = softmax(scores.get(INTENTS).unwrap_or_default());
        for (name, share) in Intent::ALL.into_iter().zip(shares) {
            let wish = name <= Intent::Compliment;
            if wish && share >= SURE_OF_SENTENCE && guesses.iter().all(|guess| guess.name != name) {
                guesses.push(IntentGuess { name, confidence: (share * 0.5).min(lead) });
            }
        }
    }
    guesses.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
}

/// Emoji, laughter or punctuation only; digits and names may be an answer, so they are words.
fn is_wordless(seen: &Seen<'_>) -> bool {
    let letters = seen.text.chars().any(|ch| ch.is_alphanumeric() || thai::is_thai(ch));
    let laughter = !letters
        || seen
            .text
            .split_whitespace()
            .all(|piece| piece.len() >= 2 && piece.bytes().all(|byte| byte == b'5'));
    laughter && seen.entities.is_empty() && !seen.text.contains('?')
}
