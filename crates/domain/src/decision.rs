//! The decision: what becomes of a turn once the customer has paused.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Autonomy, EscalationRule, Flag, Keeper, OpenState, Settings, SilentBecause, TalkSoFar, ThreadKind,
    Timestamp, Understanding, Wordless, autonomy_for, escalates, needs_answer,
};

/// When a turn that gathers is due: after a quiet gap, at the cap at the latest, and early enough for a reply
/// token that is about to die.
pub fn turn_due(
    opened: Timestamp,
    last_message: Timestamp,
    reply_token_until: Option<Timestamp>,
    settings: &Settings,
) -> Timestamp {
    // An answer takes up to the model's deadline and the hold; a token that would not live through them is no
    // reason to hurry.
    let room = Duration::from_millis(settings.pace.model_deadline_ms + settings.hold_ms + 4_000);
    let quiet = last_message + settings.burst_gap();
    let due = quiet.min(opened + settings.burst_cap());
    match reply_token_until {
        Some(until) if until - room > last_message => due.min(until - room),
        Some(_) | None => due,
    }
}

/// All that the decision looks at, read at one moment.
#[derive(Debug, Clone)]
pub struct TurnFacts<'a> {
    pub now: Timestamp,
    pub kind: ThreadKind,
    /// When the customer's last message of the turn was written, by the platform.
    pub said_at: Timestamp,
    /// Of the whole turn.
    pub meaning: &'a Understanding,
    pub wordless: Wordless,
    pub keeper: Keeper,
    /// In a group: the account was named.
    pub addressed: bool,
    /// Another application holds the conversation.
    pub other_app: bool,
    /// Read from history, not from life.
    pub from_history: bool,
    pub talk: TalkSoFar,
    pub customer_autonomy: Option<Autonomy>,
    pub channel_autonomy: Option<Autonomy>,
    pub open: OpenState,
    pub auto_hours: OpenState,
    pub replies_last_hour: u32,
    /// The closed period in which this customer last got the away text.
    pub away_told: Option<Timestamp>,
}

/// What becomes of the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Decision {
    Silent { because: SilentBecause },
    Escalate { rule: EscalationRule },
    Answer { as_: AnswerAs, away: Option<Timestamp> },
}

/// Sent by itself, or put before the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerAs {
    Reply,
    Draft,
}

/// Rules in the order in which they outrank each other; read aloud, this is the product's promise.
pub fn decide(facts: &TurnFacts<'_>, settings: &Settings) -> Decision {
    let silent = |because| Decision::Silent { because };
    if facts.other_app {
        return silent(SilentBecause::OtherAppHasIt);
    }
    if facts.meaning.has(Flag::Spam) {
        return silent(SilentBecause::Spam);
    }
    let keeper = facts.keeper.at(facts.now);
    if let Keeper::Person { .. } = keeper {
        return silent(SilentBecause::PersonKeepsIt);
    }
    if !facts.addressed {
        return silent(SilentBecause::NotAddressed);
    }
    let age = facts.now.since(facts.said_at);
    let stale = age > settings.stale_after();
    if facts.from_history && stale {
        return silent(SilentBecause::TooOld);
    }
    if keeper == Keeper::Waiting {
        return silent(SilentBecause::AlreadyWaiting);
    }
    if let Some(rule) = escalates(facts.meaning, facts.talk, &settings.escalation) {
        return Decision::Escalate { rule };
    }
    if !needs_answer(facts.meaning, facts.kind, facts.wordless) {
        return silent(SilentBecause::NoAnswerNeeded);
    }
    let by_intent = settings.autonomy_by_intent.get(&facts.meaning.intent()).copied();
    let autonomy =
        autonomy_for(facts.customer_autonomy, by_intent, facts.channel_autonomy, settings.autonomy);
    let away = match facts.open {
        OpenState::Closed { period, .. } if facts.away_told != Some(period) => Some(period),
        OpenState::Closed { .. } | OpenState::Open => None,
    };
    match autonomy {
        Autonomy::Off => silent(SilentBecause::AutonomyOff),
        Autonomy::Draft => Decision::Answer { as_: AnswerAs::Draft, away: None },
        Autonomy::Auto
            if stale
                || !facts.auto_hours.is_open()
                || facts.replies_last_hour >= settings.replies_per_hour =>
        {
            Decision::Answer { as_: AnswerAs::Draft, away: None }
        }
        Autonomy::Auto => {
            Decision::Answer { as_: AnswerAs::Reply, away: away.filter(|_| !settings.away_text.is_empty()) }
        }
    }
}

/// What becomes of a finished candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Send,
    Draft,
    /// Say honestly that the owner will be asked, and ask the owner.
    AskOwner,
    Escalate(EscalationRule),
    Silent,
}

/// Auto sends what is sure enough and passed its checks; the rest is put before the owner.
pub fn outcome(
    candidate: &crate::Candidate,
    as_: AnswerAs,
    model_failed: bool,
    settings: &Settings,
) -> Outcome {
    use crate::AnswerKind as Kind;
    match candidate.kind {
        Kind::Silent => return Outcome::Silent,
        Kind::Escalate => return Outcome::Escalate(EscalationRule::HandedOverTopic),
        Kind::Refuse if model_failed => return Outcome::Escalate(EscalationRule::ModelFailed),
        Kind::Refuse => return Outcome::AskOwner,
        Kind::Answer | Kind::AskBack | Kind::Smalltalk => {}
    }
    let sure = candidate.confidence;
    let low = sure < settings.escalation.confidence_below.min(settings.draft_from)
        && !settings.escalation.off.contains(&EscalationRule::LowConfidence);
    match as_ {
        _ if low => Outcome::Escalate(EscalationRule::LowConfidence),
        AnswerAs::Reply if sure >= settings.send_from && candidate.passes() => Outcome::Send,
        AnswerAs::Reply | AnswerAs::Draft => Outcome::Draft,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AnswerKind, Candidate, Check, CheckName, Intent, IntentGuess};

    fn question() -> Understanding {
        let mut meaning = Understanding::of_nothing();
        meaning.intents = vec![IntentGuess { name: Intent::Question, confidence: 0.9 }];
        meaning
    }

    fn facts(meaning: &Understanding) -> TurnFacts<'_> {
        let now = Timestamp::from_seconds(1_781_000_000);
        TurnFacts {
            now,
            kind: ThreadKind::Direct,
            said_at: now - Duration::from_secs(6),
            meaning,
            wordless: Wordless::No,
            keeper: Keeper::Assistant,
            addressed: true,
            other_app: false,
            from_history: false,
            talk: TalkSoFar::default(),
            customer_autonomy: None,
            channel_autonomy: Some(Autonomy::Auto),
            open: OpenState::Open,
            auto_hours: OpenState::Open,
            replies_last_hour: 0,
            away_told: None,
        }
    }

    #[test]
    fn when_a_person_keeps_it_the_assistant_is_silent_whatever_is_said() {
        let mut meaning = question();
        meaning.flags.insert(Flag::Legal, 0.9);
        let kept = TurnFacts { keeper: Keeper::Person { until: None }, ..facts(&meaning) };
        assert_eq!(
            decide(&kept, &Settings::default()),
            Decision::Silent { because: SilentBecause::PersonKeepsIt }
        );
    }

    #[test]
    fn a_keeper_whose_time_ran_out_has_given_back() {
        let meaning = question();
        let base = facts(&meaning);
        let back = TurnFacts { keeper: Keeper::Person { until: Some(base.now) }, ..base };
        assert_eq!(
            decide(&back, &Settings::default()),
            Decision::Answer { as_: AnswerAs::Reply, away: None }
        );
    }

    #[test]
    fn an_old_turn_after_sleep_becomes_a_draft() {
        let meaning = question();
        let base = facts(&meaning);
        let old = TurnFacts { said_at: base.now - Duration::from_secs(31 * 60), ..base };
        assert_eq!(decide(&old, &Settings::default()), Decision::Answer { as_: AnswerAs::Draft, away: None });
    }

    #[test]
    fn the_away_text_goes_out_once_per_closed_period() {
        let meaning = question();
        let settings = Settings {
            away_text: crate::Bilingual::both("ปิดแล้วค่ะ", "We are closed"),
            ..Settings::default()
        };
        let period = Timestamp::from_seconds(1_780_990_000);
        let closed = TurnFacts { open: OpenState::Closed { period, opens: None }, ..facts(&meaning) };
        assert_eq!(decide(&closed, &settings), Decision::Answer { as_: AnswerAs::Reply, away: Some(period) });
        let told = TurnFacts { away_told: Some(period), ..closed };
        assert_eq!(decide(&told, &settings), Decision::Answer { as_: AnswerAs::Reply, away: None });
    }

    #[test]
    fn the_hourly_limit_turns_replies_into_drafts() {
        let meaning = question();
        let busy = TurnFacts { replies_last_hour: 120, ..facts(&meaning) };
        assert_eq!(
            decide(&busy, &Settings::default()),
            Decision::Answer { as_: AnswerAs::Draft, away: None }
        );
    }

    #[test]
    fn the_turn_waits_for_the_gap_but_not_beyond_the_cap_nor_past_the_token() {
        let settings = Settings::default();
        let start = Timestamp::from_seconds(1_000);
        let secs = |n| start + Duration::from_secs(n);
        assert_eq!(turn_due(start, start, None, &settings), secs(6));
        assert_eq!(turn_due(start, secs(24), None, &settings), secs(25));
        // A token that dies at 50 s leaves room for 14 s of writing and holding.
        assert_eq!(turn_due(start, start, Some(secs(18)), &settings), secs(4));
        assert_eq!(turn_due(start, start, Some(secs(10)), &settings), secs(6));
    }

    #[test]
    fn what_nobody_knows_is_put_to_the_owner_and_a_failed_model_calls_a_person() {
        let refusal = Candidate {
            kind: AnswerKind::Refuse,
            words: "ขอถามเจ้าของร้านก่อนนะคะ".into(),
            sources: Vec::new(),
            confidence: 0.2,
            checks: Vec::new(),
        };
        let settings = Settings::default();
        assert_eq!(outcome(&refusal, AnswerAs::Reply, false, &settings), Outcome::AskOwner);
        assert_eq!(
            outcome(&refusal, AnswerAs::Reply, true, &settings),
            Outcome::Escalate(EscalationRule::ModelFailed)
        );
    }

    #[test]
    fn an_answer_that_failed_a_check_is_never_sent_by_itself() {
        let mut candidate = Candidate {
            kind: AnswerKind::Answer,
            words: "75 บาทค่ะ".into(),
            sources: Vec::new(),
            confidence: 0.95,
            checks: Vec::new(),
        };
        let settings = Settings::default();
        assert_eq!(outcome(&candidate, AnswerAs::Reply, false, &settings), Outcome::Send);
        assert_eq!(outcome(&candidate, AnswerAs::Draft, false, &settings), Outcome::Draft);
        candidate.checks.push(Check { name: CheckName::Grounded, passed: false, detail: None });
        assert_eq!(outcome(&candidate, AnswerAs::Reply, false, &settings), Outcome::Draft);
        candidate.confidence = 0.4;
        assert_eq!(
            outcome(&candidate, AnswerAs::Reply, false, &settings),
            Outcome::Escalate(EscalationRule::LowConfidence)
        );
    }
}
