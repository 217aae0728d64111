//! When a person is needed, and why.

use serde::{Deserialize, Serialize};

use crate::{EscalationSettings, Flag, Intent, SentimentLevel, Understanding, wants_a_person_now};

/// The rules that call a person; each can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationRule {
    Emergency,
    Legal,
    Abuse,
    WantsPerson,
    Refund,
    VeryNegative,
    UnsureComplaint,
    ManyComplaints,
    RepeatsItself,
    NoResolution,
    LowConfidence,
    /// The shop's knowledge does not say, and the owner is asked.
    NotKnown,
    /// A topic that the personality hands over.
    HandedOverTopic,
    /// The model failed or timed out and the built-in assistant does not know.
    ModelFailed,
    /// The owner moved it here by hand.
    ByHand,
}

impl EscalationRule {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Legal => "legal",
            Self::Abuse => "abuse",
            Self::WantsPerson => "wants_person",
            Self::Refund => "refund",
            Self::VeryNegative => "very_negative",
            Self::UnsureComplaint => "unsure_complaint",
            Self::ManyComplaints => "many_complaints",
            Self::RepeatsItself => "repeats_itself",
            Self::NoResolution => "no_resolution",
            Self::LowConfidence => "low_confidence",
            Self::NotKnown => "not_known",
            Self::HandedOverTopic => "handed_over_topic",
            Self::ModelFailed => "model_failed",
            Self::ByHand => "by_hand",
        }
    }

    /// Does the conversation wait for a person? A question nobody can answer yet is put to the owner, and the
    /// assistant goes on with what it does know.
    pub const fn holds_the_conversation(self) -> bool {
        !matches!(self, Self::NotKnown)
    }

    /// Nothing waits for these, quiet hours included.
    pub const fn is_urgent(self) -> bool {
        matches!(self, Self::Emergency | Self::Legal)
    }
}

/// What the rules look at besides the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TalkSoFar {
    /// Complaints among the customer's last ten messages, this one included.
    pub complaints_in_last_ten: u32,
    /// Turns in a row, this one included, in which the customer says the same thing.
    pub same_thing_turns: u32,
    /// Answers of the assistant in this episode.
    pub answers_in_episode: u32,
    /// This episode was escalated before and given back to the assistant.
    pub handed_back: bool,
}

/// The first rule that calls a person, in order of urgency.
///
/// In an episode that was handed back, only new danger calls again: the owner has seen the rest.
pub fn escalates(
    meaning: &Understanding,
    talk: TalkSoFar,
    settings: &EscalationSettings,
) -> Option<EscalationRule> {
    use EscalationRule as Rule;
    let very_negative = meaning.sentiment.label == SentimentLevel::VeryNegative
        || meaning.sentiment.score <= settings.very_negative_at;
    let unsure_complaint =
        meaning.intent() == Intent::Complaint && meaning.intent_confidence() < settings.complaint_below;
    let rules = [
        (Rule::Emergency, meaning.has(Flag::Emergency)),
        (Rule::Legal, meaning.has(Flag::Legal)),
        (Rule::Abuse, meaning.has(Flag::Abuse)),
        (Rule::WantsPerson, meaning.has(Flag::WantsPerson)),
        // A question about the policy or an exchange is answered; money asked back is a person's matter.
        (Rule::Refund, meaning.intent() == Intent::Refund && wants_a_person_now(meaning)),
        (Rule::VeryNegative, very_negative),
        (Rule::UnsureComplaint, unsure_complaint),
        (Rule::ManyComplaints, talk.complaints_in_last_ten >= settings.complaints_in_last_ten),
        (Rule::RepeatsItself, talk.same_thing_turns >= settings.same_thing_turns),
        (Rule::NoResolution, talk.answers_in_episode >= settings.answers_without_resolution),
    ];
    let found = rules
        .into_iter()
        .find(|(rule, holds)| *holds && !settings.off.contains(rule))
        .map(|(rule, _)| rule)?;
    if talk.handed_back && !found.is_urgent() && found != Rule::WantsPerson {
        return None;
    }
    Some(found)
}

/// Do two turns say the same thing? By the share of three-letter pieces they have in common.
pub fn says_the_same(one: &str, other: &str) -> bool {
    let (one, other) = (pieces(one), pieces(other));
    if one.is_empty() || other.is_empty() {
        return false;
    }
    let shared = one.intersection(&other).count();
    let all = one.union(&other).count();
    shared * 10 >= all * 6
}

fn pieces(text: &str) -> std::collections::BTreeSet<[char; 3]> {
    let letters: Vec<char> =
        text.chars().filter(|c| c.is_alphanumeric() || ('\u{0e31}'..='\u{0e4e}').contains(c)).collect();
    letters.windows(3).filter_map(|window| <[char; 3]>::try_from(window).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IntentGuess;

    fn said(intent: Intent, confidence: f32) -> Understanding {
        let mut meaning = Understanding::of_nothing();
        meaning.intents = vec![IntentGuess { name: intent, confidence }];
        meaning
    }

    #[test]
    fn somchai_is_angry_and_a_person_is_called() {
        let mut angry = said(Intent::Complaint, 0.9);
        angry.sentiment.score = -0.9;
        assert_eq!(
            escalates(&angry, TalkSoFar::default(), &EscalationSettings::default()),
            Some(EscalationRule::VeryNegative)
        );
    }

    #[test]
    fn each_history_rule_holds_at_its_number_and_not_before() {
        let plain = said(Intent::Question, 0.9);
        let settings = EscalationSettings::default();
        let at = |talk| escalates(&plain, talk, &settings);
        assert_eq!(at(TalkSoFar { complaints_in_last_ten: 2, ..Default::default() }), None);
        assert_eq!(
            at(TalkSoFar { complaints_in_last_ten: 3, ..Default::default() }),
            Some(EscalationRule::ManyComplaints)
        );
        assert_eq!(at(TalkSoFar { same_thing_turns: 2, ..Default::default() }), None);
        assert_eq!(
            at(TalkSoFar { same_thing_turns: 3, ..Default::default() }),
            Some(EscalationRule::RepeatsItself)
        );
        assert_eq!(at(TalkSoFar { answers_in_episode: 5, ..Default::default() }), None);
        assert_eq!(
            at(TalkSoFar { answers_in_episode: 6, ..Default::default() }),
            Some(EscalationRule::NoResolution)
        );
        assert_eq!(
            escalates(&said(Intent::Complaint, 0.69), TalkSoFar::default(), &settings),
            Some(EscalationRule::UnsureComplaint)
        );
        assert_eq!(escalates(&said(Intent::Complaint, 0.71), TalkSoFar::default(), &settings), None);
    }

    #[test]
    fn money_asked_back_calls_a_person_and_a_question_about_the_policy_does_not() {
        let settings = EscalationSettings::default();
        let mut refund = said(Intent::Refund, 0.9);
        assert_eq!(escalates(&refund, TalkSoFar::default(), &settings), None);
        refund.presses = 0.8;
        assert_eq!(escalates(&refund, TalkSoFar::default(), &settings), Some(EscalationRule::Refund));
        refund.presses = 0.1;
        refund.sentiment.score = -0.5;
        assert_eq!(escalates(&refund, TalkSoFar::default(), &settings), Some(EscalationRule::Refund));
    }

    #[test]
    fn an_episode_handed_back_calls_again_only_for_danger() {
        let talk = TalkSoFar { handed_back: true, ..Default::default() };
        let settings = EscalationSettings::default();
        assert_eq!(escalates(&said(Intent::Refund, 0.9), talk, &settings), None);
        let mut choking = said(Intent::Complaint, 0.9);
        choking.flags.insert(Flag::Emergency, 0.9);
        assert_eq!(escalates(&choking, talk, &settings), Some(EscalationRule::Emergency));
    }

    #[test]
    fn a_rule_switched_off_stays_silent() {
        let mut refund = said(Intent::Refund, 0.9);
        refund.presses = 0.9;
        let settings = EscalationSettings { off: vec![EscalationRule::Refund], ..Default::default() };
        assert_eq!(escalates(&refund, TalkSoFar::default(), &settings), None);
    }

    #[test]
    fn the_same_question_in_other_particles_is_the_same_thing() {
        assert!(says_the_same("ของถึงไหนแล้วคะ", "ของถึงไหนแล้ว"));
        assert!(!says_the_same("ของถึงไหนแล้วคะ", "ร้านเปิดกี่โมง"));
        assert!(!says_the_same("", ""));
    }
}
