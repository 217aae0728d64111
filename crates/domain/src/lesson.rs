//! Lessons: what a verdict or a correction teaches. Recorded now, applied only when the owner accepts.

use serde::{Deserialize, Serialize};

use crate::{Intent, SentimentLevel, Words};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "lesson", rename_all = "snake_case")]
pub enum Lesson {
    Approved {
        confidence: f32,
    },
    Edited {
        before: Words,
        after: Words,
        confidence: f32,
    },
    Refused {
        why: Option<String>,
        confidence: f32,
    },
    IntentCorrected {
        from: Intent,
        to: Intent,
    },
    SentimentCorrected {
        from: SentimentLevel,
        to: SentimentLevel,
    },
    /// A question the shop's knowledge does not answer.
    Unanswered {
        question: Words,
    },
    /// An escalation the owner gave back as unneeded.
    EscalationTakenBack {
        rule: crate::EscalationRule,
    },
    /// The owner answered by hand where the assistant had proposed nothing.
    AnsweredByPerson {
        question: Words,
        answer: Words,
    },
}
