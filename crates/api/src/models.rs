//! The language model: which one answers, and a question to try it with.

use std::time::Duration;

use assistant::{ModelError, Prompt};
pub use pipeline::{ModelChoice, ModelKind};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;

use crate::{Error, House, Result};

/// As long as a test may take; the house itself waits less.
const PATIENCE: Duration = Duration::from_secs(30);

/// None = the built-in assistant answers.
pub async fn chosen(house: &House) -> Result<Option<ModelChoice>> {
    Ok(house.flow.model_choice().await?.filter(|choice| choice.kind != ModelKind::BuiltIn))
}

/// Chooses; a key goes to the vault, and without one the key kept before stays.
pub async fn choose(house: &House, choice: ModelChoice, key: Option<SecretString>) -> Result<()> {
    if choice.kind != ModelKind::BuiltIn && choice.model.trim().is_empty() {
        return Err(Error::bad_input("the name of the model is missing"));
    }
    Ok(house.flow.choose_model(choice, key).await?)
}

/// What came of the test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    pub provider: String,
    pub model: String,
    /// The host that the question left for; none = it stayed on this machine.
    pub left_to: Option<String>,
    pub tokens_in: Option<u32>,
    pub tokens_out: Option<u32>,
    pub millis: u64,
}

/// Asks the chosen model one small question in the form that answers take; none when the built-in assistant
/// answers.
pub async fn test(house: &House) -> Result<Option<Tried>> {
    let Some(model) = house.flow.model().await? else { return Ok(None) };
    let prompt = Prompt {
        system: "You test a connection. Answer in JSON by the schema.".to_owned(),
        talk: String::new(),
        question: "Say the word ready.".to_owned(),
        schema: json!({
            "type": "object",
            "properties": { "reply": { "type": "string" } },
            "required": ["reply"],
            "additionalProperties": false,
        }),
    };
    let begun = house.now();
    let written = tokio::time::timeout(PATIENCE, model.write(&prompt))
        .await
        .map_err(|_| Error::from(ModelError::TimedOut))?
        .map_err(Error::from)?;
    let readable = serde_json::from_str::<serde_json::Value>(&written.text)
        .is_ok_and(|answer| answer.get("reply").is_some_and(serde_json::Value::is_string));
    if !readable {
        return Err(ModelError::Garbled.into());
    }
    Ok(Some(Tried {
        provider: model.provider().to_owned(),
        model: model.name().to_owned(),
        left_to: model.host(),
        tokens_in: written.tokens_in,
        tokens_out: written.tokens_out,
        millis: u64::try_from(house.now().since(begun).as_millis()).unwrap_or(u64::MAX),
    }))
}
