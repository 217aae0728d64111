//! What the assistant is given, and what it gives back.

use std::{fmt, time::Duration};

use domain::{
    Author, Candidate, Language, Personality, Platform, Run, TextLimit, Timestamp, Understanding, Words,
};

use crate::{Library, ModelError};

/// Everything an answer may draw on.
pub struct Ask<'a> {
    /// The customer's messages of this turn; what is no text stands as `[sticker]`, `[image]`…
    pub turn: &'a [String],
    /// The last messages before the turn, oldest first.
    pub talk: &'a [Said],
    /// Of the turn joined; evidence, not law: the assistant judges the words by itself too.
    pub meaning: &'a Understanding,
    pub library: &'a Library,
    pub personality: &'a Personality,
    pub customer: &'a CustomerProfile,
    pub now: Timestamp,
    pub limit: TextLimit,
    pub platform: Platform,
    /// For the milliseconds of the receipt and for nothing else.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
}

/// A message before the turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub author: Author,
    pub words: Words,
}

/// What is known of the customer.
#[derive(Clone, PartialEq, Default)]
pub struct CustomerProfile {
    pub name: Option<String>,
    pub language: Option<Language>,
    pub earlier_conversations: u32,
    /// The mean of the marks given, from 1 to 5.
    pub satisfaction: Option<f32>,
}

impl fmt::Debug for CustomerProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerProfile(redacted)")
    }
}

/// Whether a language model may be asked, and for how long and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelAllowance {
    None,
    Budget {
        /// For all calls of this answer together (the second one after failed checks included).
        deadline: Duration,
        /// What is left to spend, in millionths of a US dollar; none = no limit was set.
        micro_usd: Option<u64>,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub candidate: Candidate,
    /// A receipt for each run, in order: the model's (none to two), then the built-in assistant's when it spoke.
    pub runs: Vec<Run>,
    /// Why a model that was allowed gave no words that may be used.
    pub model_failed: Option<ModelFailure>,
}

/// Why the model's words are not the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelFailure {
    /// The model or the way to it.
    Model(ModelError),
    /// It answered twice, and both answers failed a check.
    ChecksFailed,
    /// What is left of the budget would not pay the call.
    OverBudget,
    /// The turn changed while it was being answered.
    Cancelled,
}
