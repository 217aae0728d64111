//! What must not be overlooked: law, danger, abuse, a call for a person, spam.

use std::collections::BTreeMap;

use domain::Flag;

use crate::{
    lexicon::{Cue, Hit},
    model::{FLAGS, OUTPUTS, sigmoid},
};

/// In the order of the model's outputs: the flag, the cue for it, the cue against it, and from where on it holds.
pub(crate) const ALL: [(Flag, Cue, Option<Cue>, f32); 5] = [
    (Flag::Legal, Cue::Legal, Some(Cue::LegalNot), 0.4),
    (Flag::Emergency, Cue::Emergency, Some(Cue::EmergencyNot), 0.4),
    (Flag::Abuse, Cue::Abuse, Some(Cue::AbuseNot), 0.4),
    (Flag::WantsPerson, Cue::Person, Some(Cue::PersonNot), 0.4),
    (Flag::Spam, Cue::Spam, None, 0.4),
];

/// A phrase that says it plainly lifts the score by this much, one that denies it lowers it.
const PLAINLY: f32 = 1.5;

pub(crate) fn of(scores: &[f32; OUTPUTS], hits: &[Hit]) -> BTreeMap<Flag, f32> {
    let opinions = scores.get(FLAGS).unwrap_or_default();
    ALL.into_iter()
        .zip(opinions)
        .filter_map(|((flag, cue, against, threshold), score)| {
            let plainly = hits.iter().any(|hit| hit.cue == cue && hit.weight == 3);
            let denied = hits.iter().any(|hit| Some(hit.cue) == against);
            let lift = match (plainly, denied) {
                (true, false) => PLAINLY,
                (false, true) => -PLAINLY,
                (true, true) | (false, false) => 0.0,
            };
            let confidence = sigmoid(score + lift);
            (confidence >= threshold).then_some((flag, confidence))
        })
        .collect()
}
