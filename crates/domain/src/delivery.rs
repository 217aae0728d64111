//! Drafts, replies and their journey to the customer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The owner's ruling on a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Approved,
    /// Sent with other words than proposed.
    Edited,
    Refused {
        why: Option<String>,
    },
}

/// Where a delivery stands. One delivery is one call to the platform; a reply has one or more, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    /// Frozen and handed to the network; after a crash this becomes `Unsure`.
    Sending,
    Sent,
    /// It may have arrived: settled by evidence, never by a blind second send.
    Unsure,
    /// Needs the owner, or a reconnect; holds its own lane only.
    Stuck,
    /// Taken back by the owner, or overtaken, before it left.
    Stopped,
}

impl DeliveryState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unsure => "unsure",
            Self::Stuck => "stuck",
            Self::Stopped => "stopped",
        }
    }
}

/// Why a delivery is stuck or was stopped; the words are made where they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum StuckReason {
    /// The channel must be connected again; goes on by itself afterwards.
    ReconnectNeeded,
    WindowClosed,
    BlockedByCustomer,
    QuotaSpent,
    Refused {
        code: String,
        message: String,
    },
    /// Nobody can tell whether it arrived: the owner decides.
    Undecidable,
    /// A person took the conversation over before it left.
    PersonTookOver,
    /// The customer wrote again before it left.
    NewerWords,
    StoppedByOwner,
    Panic,
    /// The message was taken back.
    OutOfHours,
    GaveUp,
}

/// Exponential backoff from `first`, doubled per attempt, at most ten minutes, with up to 20 % of jitter taken
/// from `entropy`.
pub fn backoff(first: Duration, attempt: u32, entropy: u8) -> Duration {
    let doubled =
        first.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1).min(20)).unwrap_or(u32::MAX));
    let capped = doubled.min(Duration::from_secs(600));
    capped + capped.mul_f64(0.2 * f64::from(entropy) / 255.0)
}

/// May a reply that the assistant wrote still leave? Read again at the moment of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendFacts {
    pub now: Timestamp,
    pub keeper: crate::Keeper,
    pub by_assistant: bool,
    /// Told the customer that a person will answer: leaves although the keeper is waiting.
    pub hand_over_note: bool,
    /// The customer wrote after the turn that this answers.
    pub newer_words: bool,
    pub panic: bool,
    pub channel_may_send: bool,
}

/// None = go. An assistant's words give way to a person and to newer words; a person's words do not.
pub fn held_back(facts: SendFacts) -> Option<StuckReason> {
    if facts.panic {
        return Some(StuckReason::Panic);
    }
    if !facts.channel_may_send {
        return Some(StuckReason::ReconnectNeeded);
    }
    if !facts.by_assistant {
        return None;
    }
    match facts.keeper.at(facts.now) {
        crate::Keeper::Person { .. } => Some(StuckReason::PersonTookOver),
        crate::Keeper::Waiting if !facts.hand_over_note => Some(StuckReason::PersonTookOver),
        crate::Keeper::Waiting | crate::Keeper::Assistant if facts.newer_words && !facts.hand_over_note => {
            Some(StuckReason::NewerWords)
        }
        crate::Keeper::Waiting | crate::Keeper::Assistant => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Keeper;

    const FREE: SendFacts = SendFacts {
        now: Timestamp::from_millis(1_000),
        keeper: Keeper::Assistant,
        by_assistant: true,
        hand_over_note: false,
        newer_words: false,
        panic: false,
        channel_may_send: true,
    };

    #[test]
    fn a_person_at_the_moment_of_sending_silences_the_assistant_but_not_herself() {
        let person = SendFacts { keeper: Keeper::Person { until: None }, ..FREE };
        assert_eq!(held_back(FREE), None);
        assert_eq!(held_back(person), Some(StuckReason::PersonTookOver));
        assert_eq!(held_back(SendFacts { by_assistant: false, ..person }), None);
    }

    #[test]
    fn panic_stops_everything_a_person_s_words_too() {
        assert_eq!(
            held_back(SendFacts { panic: true, by_assistant: false, ..FREE }),
            Some(StuckReason::Panic)
        );
    }

    #[test]
    fn the_hand_over_note_leaves_while_a_person_is_awaited() {
        let waiting = SendFacts { keeper: Keeper::Waiting, ..FREE };
        assert_eq!(held_back(waiting), Some(StuckReason::PersonTookOver));
        assert_eq!(held_back(SendFacts { hand_over_note: true, ..waiting }), None);
    }

    #[test]
    fn backoff_doubles_from_two_seconds_and_stops_at_ten_minutes() {
        let first = Duration::from_secs(2);
        assert_eq!(backoff(first, 1, 0), Duration::from_secs(2));
        assert_eq!(backoff(first, 3, 0), Duration::from_secs(8));
        assert_eq!(backoff(first, 40, 0), Duration::from_secs(600));
        assert!(backoff(first, 1, 255) <= Duration::from_millis(2_400));
    }
}
