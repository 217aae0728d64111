//! Conversations: who keeps them, and the turns in them.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Who has the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "keeper", rename_all = "snake_case")]
pub enum Keeper {
    Assistant,
    /// An escalation waits to be taken.
    Waiting,
    /// A person answers; the assistant is silent until `until` (none = until given back).
    Person {
        until: Option<Timestamp>,
    },
}

impl Keeper {
    /// Who has it at `now`: a person's time may have run out.
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Person { until: Some(until) } if until <= now => Self::Assistant,
            Self::Assistant | Self::Waiting | Self::Person { .. } => self,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Assistant => "assistant",
            Self::Waiting => "waiting",
            Self::Person { .. } => "person",
        }
    }
}

/// Where a turn stands: the customer's words still waiting for an answer.
///
/// At most one turn of a conversation is open (gathering, ready or writing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnState {
    /// The customer may still be typing.
    Gathering,
    /// Decided: to be answered.
    Ready,
    /// An answer is being written.
    Writing,
    /// Words were promised or drafted.
    Answered,
    /// A person was called.
    Escalated,
    /// Needs no answer, or a person keeps the conversation.
    Silent,
}

impl TurnState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Ready => "ready",
            Self::Writing => "writing",
            Self::Answered => "answered",
            Self::Escalated => "escalated",
            Self::Silent => "silent",
        }
    }
}

/// Why a turn got no answer by the assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilentBecause {
    NoAnswerNeeded,
    PersonKeepsIt,
    AlreadyWaiting,
    AutonomyOff,
    NotAddressed,
    OtherAppHasIt,
    TooOld,
    Spam,
    /// The channel is not connected now.
    NotConnected,
    /// The assistant found that nothing needs to be said.
    NothingToSay,
}
