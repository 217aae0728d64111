//! Which language model answers, if any; its key lies in the vault.

use std::sync::Arc;

use assistant::{Assistant, Gemini, GeminiSettings, Model, ModelError, ModelPrices, OpenAi, OpenAiSettings};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{HouseError, hall::Hall};

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

impl Hall {
    /// Makes the assistant of the owner's choice; without one, the built-in assistant answers.
    pub(crate) async fn read_model(&self) -> Result<(), HouseError> {
        let choice: Option<ModelChoice> = self.store.read().value(CHOICE).await?;
        match choice {
            Some(choice) if choice.kind != ModelKind::BuiltIn => {
                let key = self.vault.model_key(KEY).await?;
                let model = made(&choice, key)?;
                self.set_assistant(Assistant::with_model(model, ModelPrices::known()), true);
            }
            Some(_) | None => self.set_assistant(Assistant::built_in(), false),
        }
        Ok(())
    }
}

/// OpenAI's own; every other server is named by its base.
const OPENAI: &str = "https://api.openai.com/v1";

pub(crate) fn made(choice: &ModelChoice, key: Option<SecretString>) -> Result<Arc<dyn Model>, HouseError> {
    let key = key.filter(|key| !key.expose_secret().trim().is_empty());
    let refused = |error: &str| HouseError::Refused(error.to_owned());
    let unusable = |error: ModelError| HouseError::Refused(format!("the language model: {error}"));
    match choice.kind {
        ModelKind::Gemini => {
            let key =
                key.ok_or_else(|| refused("Gemini needs an API key: give one with `sala model set gemini`"))?;
            let settings = GeminiSettings {
                base_url: choice.base.clone(),
                key,
                model: choice.model.clone(),
                most_tokens: None,
            };
            Ok(Arc::new(Gemini::new(settings).map_err(unusable)?))
        }
        ModelKind::OpenaiCompatible => {
            let settings = OpenAiSettings {
                base_url: choice.base.clone().unwrap_or_else(|| OPENAI.to_owned()),
                key,
                model: choice.model.clone(),
                most_tokens: None,
                dialect: None,
            };
            Ok(Arc::new(OpenAi::new(settings).map_err(unusable)?))
        }
        ModelKind::BuiltIn => Err(refused("the built-in assistant is no language model")),
    }
}
