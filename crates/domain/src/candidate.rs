//! What the assistant proposes, how it was checked, and the receipt of the run that made it.

use serde::{Deserialize, Serialize};

use crate::{Passage, Source, Words};

/// What kind of answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// Gives a fact that the shop's knowledge holds.
    Answer,
    /// Does not know, or may not say; tells the customer that the owner will be asked.
    Refuse,
    /// Asks for the fact it needs.
    AskBack,
    /// A person must take over.
    Escalate,
    Smalltalk,
    /// Nothing needs to be said.
    Silent,
}

/// Words the assistant would say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    pub kind: AnswerKind,
    pub words: Words,
    pub sources: Vec<Source>,
    /// From 0 to 1.
    pub confidence: f32,
    pub checks: Vec<Check>,
}

impl Candidate {
    pub fn passes(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }
}

/// One of the checks every candidate passes before it may be sent or drafted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: CheckName,
    pub passed: bool,
    /// What was found wrong, in a few words; may quote the candidate.
    pub detail: Option<Words>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// Every price, number, date, phone, account and address occurs in the passages or the talk.
    Grounded,
    /// In the customer's language.
    Language,
    /// Fits the platform, whole or split.
    Length,
    /// Shows nothing of the prompt.
    NoLeak,
    /// Names no other customer's data.
    OwnDataOnly,
    /// Promises nothing a person would have to keep.
    NoPromise,
    /// Particles and pronouns are the personality's.
    Voice,
    /// Nothing from the never-say list.
    NeverSay,
}

/// The receipt of one run of the assistant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// `built-in`, `gemini`, `openai-compatible`.
    pub provider: String,
    pub model: String,
    pub prompt: Words,
    pub response: Words,
    pub tokens_in: Option<u32>,
    pub tokens_cached: Option<u32>,
    pub tokens_out: Option<u32>,
    /// Millionths of a US dollar; none where no price is known.
    pub cost_micro_usd: Option<u64>,
    pub millis: u32,
    pub passages: Vec<Passage>,
    pub checks: Vec<Check>,
    pub personality_version: u32,
    pub knowledge_version: u64,
    /// What left the laptop: the host it went to; none = nothing left.
    pub left_to: Option<String>,
    /// Why there is no answer, in words that hold no customer's words.
    pub error: Option<String>,
}
