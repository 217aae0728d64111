//! Which language model answers, if any; its key lies in the vault.

use std::sync::Arc;

use assistant::{Assistant, Model};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{HouseError, shared::Shared};

/// The owner's choice, kept in the settings without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChoice {
    pub kind: ModelKind,
    pub model: String,
    /// Of the API; none = the provider's own (Gemini, OpenAI).
    pub base: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    BuiltIn,
    Gemini,
    OpenaiCompatible,
}

/// Where the choice is kept.
pub(crate) const CHOICE: &str = "model";
/// The key's name in the vault.
pub(crate) const KEY: &str = "workspace";

impl Shared {
    /// Makes the assistant of the owner's choice; without one, the built-in assistant answers.
    pub(crate) async fn read_model(&self) -> Result<(), HouseError> {
        let choice: Option<ModelChoice> = self.store.read().value(CHOICE).await?;
        match choice {
            Some(choice) if choice.kind != ModelKind::BuiltIn => {
                let key = self.vault.model_key(KEY).await?;
                let model = made(&choice, key)?;
                self.set_assistant(Assistant::with_model(model), true);
            }
            Some(_) | None => self.set_assistant(Assistant::built_in(), false),
        }
        Ok(())
    }
}

pub(crate) fn made(choice: &ModelChoice, key: Option<SecretString>) -> Result<Arc<dyn Model>, HouseError> {
    let key = key.unwrap_or_else(|| SecretString::from(String::new()));
    let refused = |error: String| HouseError::Refused(error);
    match choice.kind {
        ModelKind::Gemini => {
            if key.expose_secret().is_empty() {
                return Err(refused("Gemini needs an API key: set one with `sala model set`".to_owned()));
            }
            Err(refused("this version speaks to no Gemini yet".to_owned()))
        }
        ModelKind::OpenaiCompatible => {
            let _ = key;
            Err(refused("this version speaks to no such model yet".to_owned()))
        }
        ModelKind::BuiltIn => Err(refused("the built-in assistant is no language model".to_owned())),
    }
}
