//! Language models: one trait, one file per provider.

mod gemini;
mod openai;
mod wire;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde_json::Value;

pub use gemini::{Gemini, GeminiSettings};
pub use openai::{Dialect, OpenAi, OpenAiSettings};

/// A language model. Dropping the future cancels the call.
#[async_trait]
pub trait Model: Send + Sync {
    /// `gemini`, `openai-compatible`: what the receipt says.
    fn provider(&self) -> &str;

    /// The model's own name.
    fn name(&self) -> &str;

    /// The host that the prompt leaves the laptop for; none when it stays on this machine.
    fn host(&self) -> Option<String>;

    /// The most tokens it may write, thoughts included; what a budget is reckoned with.
    fn most_tokens(&self) -> u32;

    async fn write(&self, prompt: &Prompt) -> Result<Written, ModelError>;
}

/// What a model is asked. Each adapter renders it in its provider's own shape.
#[derive(Clone, PartialEq)]
pub struct Prompt {
    /// Who it is, its rules, the shop's passages: ours.
    pub system: String,
    /// The talk so far and the turn, fenced as data: the customer's.
    pub talk: String,
    /// What to do with it: ours, and last.
    pub question: String,
    /// JSON Schema of the answer, in the subset every provider takes.
    pub schema: Value,
}

impl Prompt {
    /// As the receipt keeps it.
    pub fn as_text(&self) -> String {
        format!("{}\n\n{}\n\n{}", self.system, self.talk, self.question)
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt(redacted, {} bytes)", self.system.len() + self.talk.len() + self.question.len())
    }
}

/// What a model wrote, and what it counted.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The text as it came: JSON by the schema, if the model obeyed.
    pub text: String,
    /// Of the prompt, cached ones included.
    pub tokens_in: Option<u32>,
    pub tokens_cached: Option<u32>,
    /// Thoughts included: they are billed as output.
    pub tokens_out: Option<u32>,
    /// The limit was reached before the end: the text is no whole JSON, or empty.
    pub cut_short: bool,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Written(redacted, {} bytes, in {:?}, cached {:?}, out {:?})",
            self.text.len(),
            self.tokens_in,
            self.tokens_cached,
            self.tokens_out
        )
    }
}

/// Why a model wrote nothing that can be used. Holds no words of the prompt or of the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No connection, or it broke: try later.
    #[error("the model's server cannot be reached")]
    Unreachable,
    #[error("the model took too long")]
    TimedOut,
    /// Too many requests, or not ready: try again after this.
    #[error("the model's server asks to wait {0:?}")]
    RetryAfter(Duration),
    /// The day's quota or the account's credit is spent: no use trying before the owner or midnight acts.
    #[error("the model's quota is spent")]
    QuotaSpent,
    #[error("the model's server refused the key")]
    WrongKey,
    #[error("the model's server knows no such model")]
    NoSuchModel,
    /// The provider's own filters held the prompt or the answer back.
    #[error("the model's filters held the answer back: {0}")]
    Blocked(String),
    /// Cut off, empty, or not the JSON that was asked for.
    #[error("the model's answer could not be read")]
    Garbled,
    /// The request itself was refused.
    #[error("the model's server refused the request with status {status}")]
    Refused { status: u16 },
}

/// The recorded payloads of a provider: `SALA_CONTRACTS`, else `../shared/contracts` beside the repository.
#[cfg(test)]
fn contracts(provider: &str) -> Option<std::path::PathBuf> {
    let root = std::env::var_os("SALA_CONTRACTS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts"),
        std::path::PathBuf::from,
    );
    let folder = root.join("payloads").join(provider);
    folder.is_dir().then_some(folder)
}
