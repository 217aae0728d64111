//! Google Gemini through `generateContent`, which stores nothing.
//!
//! Wire facts: <https://ai.google.dev/api/generate-content>, errors
//! <https://ai.google.dev/gemini-api/docs/troubleshooting>.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    Model, ModelError, Prompt, Written,
    wire::{self, Answer, count, put},
};
use crate::prices;

const BASE: &str = "https://generativelanguage.googleapis.com/v1beta";
/// Enough for the longest reply and its sources.
const MOST_TOKENS: u32 = 1_024;

/// How to reach a Gemini model.
pub struct GeminiSettings {
    /// None = Google's own.
    pub base_url: Option<String>,
    pub key: SecretString,
    /// `gemini-3.5-flash-lite`.
    pub model: String,
    pub most_tokens: Option<u32>,
}

/// A Gemini model.
pub struct Gemini {
    http: reqwest::Client,
    base: String,
    key: SecretString,
    model: String,
    most_tokens: u32,
}

impl Gemini {
    pub fn new(settings: GeminiSettings) -> Result<Self, ModelError> {
        let base = settings.base_url.unwrap_or_else(|| BASE.to_owned());
        Ok(Self {
            http: wire::client()?,
            base: base.trim_end_matches('/').to_owned(),
            key: settings.key,
            model: settings.model.trim_start_matches("models/").to_owned(),
            most_tokens: settings.most_tokens.unwrap_or(MOST_TOKENS),
        })
    }

    fn body(&self, prompt: &Prompt) -> Value {
        let mut config = json!({
            "maxOutputTokens": self.most_tokens,
            "responseMimeType": "application/json",
            "responseJsonSchema": prompt.schema,
        });
        // Level and budget together are refused; temperature and the like are no longer taken.
        let thinking = prices::thinking(&self.model);
        if let Some(level) = thinking.level {
            put(&mut config, "thinkingConfig", json!({ "thinkingLevel": level }));
        } else if let Some(budget) = thinking.budget {
            put(&mut config, "thinkingConfig", json!({ "thinkingBudget": budget }));
        }
        json!({
            "systemInstruction": { "parts": [{ "text": prompt.system }] },
            "contents": [{ "role": "user", "parts": [{ "text": prompt.talk }, { "text": prompt.question }] }],
            "generationConfig": config,
        })
    }
}

#[async_trait]
impl Model for Gemini {
    fn provider(&self) -> &str {
        "gemini"
    }

    fn name(&self) -> &str {
        &self.model
    }

    fn host(&self) -> Option<String> {
        wire::host_away(&self.base)
    }

    fn most_tokens(&self) -> u32 {
        self.most_tokens
    }

    async fn write(&self, prompt: &Prompt) -> Result<Written, ModelError> {
        let mut key = HeaderValue::from_str(self.key.expose_secret()).map_err(|_| ModelError::WrongKey)?;
        key.set_sensitive(true);
        let response = self
            .http
            .post(format!("{}/models/{}:generateContent", self.base, self.model))
            .header("x-goog-api-key", key)
            .json(&self.body(prompt))
            .send()
            .await
            .map_err(|error| wire::lost(&error))?;
        understand(&wire::read(response).await?)
    }
}

/// What an answer of `generateContent` says.
fn understand(answer: &Answer) -> Result<Written, ModelError> {
    let Some(body) = &answer.body else {
        return Err(match answer.status {
            200..=299 => ModelError::Garbled,
            status => wire::by_status(status, answer.retry_after),
        });
    };
    // Without `alt=sse` a stream's error comes as an array of one.
    let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
    if let Some(error) = body.get("error") {
        return Err(refusal(answer, error));
    }
    if !(200..300).contains(&answer.status) {
        return Err(wire::by_status(answer.status, answer.retry_after));
    }
    if let Some(reason) = body.pointer("/promptFeedback/blockReason").and_then(Value::as_str) {
        return Err(ModelError::Blocked(short(reason)));
    }
    let Some(candidate) = body.pointer("/candidates/0") else { return Err(ModelError::Garbled) };
    let finish = candidate.get("finishReason").and_then(Value::as_str).unwrap_or("STOP");
    let text: String = candidate
        .pointer("/content/parts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|part| part.get("thought").and_then(Value::as_bool) != Some(true))
        .filter_map(|part| part.get("text").and_then(Value::as_str))
        .collect();
    match finish {
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => {
            return Err(ModelError::Blocked(short(finish)));
        }
        _ => {}
    }
    let usage = body.get("usageMetadata").unwrap_or(&Value::Null);
    let thoughts = count(usage, "thoughtsTokenCount");
    let tokens_out = match (count(usage, "candidatesTokenCount"), thoughts) {
        (None, None) => None,
        (words, thoughts) => Some(words.unwrap_or(0).saturating_add(thoughts.unwrap_or(0))),
    };
    let cut_short = finish == "MAX_TOKENS";
    // Thinking may use up every token: what it cost must reach the receipt all the same.
    if text.trim().is_empty() && !cut_short {
        return Err(ModelError::Garbled);
    }
    Ok(Written {
        text,
        tokens_in: count(usage, "promptTokenCount"),
        tokens_cached: count(usage, "cachedContentTokenCount"),
        tokens_out,
        cut_short,
    })
}

fn refusal(answer: &Answer, error: &Value) -> ModelError {
    let status = match error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()) {
        Some(code) if (200..300).contains(&answer.status) => code,
        Some(_) | None => answer.status,
    };
    let details = || error.get("details").and_then(Value::as_array).into_iter().flatten();
    let kind = error.get("status").and_then(Value::as_str).unwrap_or("");
    match status {
        400 if details().any(|d| d.get("reason").and_then(Value::as_str) == Some("API_KEY_INVALID")) => {
            ModelError::WrongKey
        }
        404 if kind == "NOT_FOUND" => ModelError::NoSuchModel,
        429 => {
            let daily = details()
                .filter_map(|detail| detail.get("violations").and_then(Value::as_array))
                .flatten()
                .filter_map(|violation| violation.get("quotaId").and_then(Value::as_str))
                .any(|quota| quota.contains("PerDay"));
            // A day's quota has been answered with a delay of seconds: the quota's name is what counts.
            if daily {
                return ModelError::QuotaSpent;
            }
            let delay = details().find_map(|detail| {
                let text = detail.get("retryDelay").and_then(Value::as_str)?;
                wire::seconds_of(text.strip_suffix('s')?.parse().ok()?)
            });
            ModelError::RetryAfter(delay.or(answer.retry_after).unwrap_or(Duration::from_secs(30)))
        }
        status => wire::by_status(status, answer.retry_after),
    }
}

/// A reason as the provider names it: a word in capitals, never a text.
fn short(reason: &str) -> String {
    reason.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn every_recorded_answer_is_understood_or_refused_without_a_panic() {
        let Some(folder) = super::super::contracts("gemini") else {
            println!("skipped: no contracts folder");
            return;
        };
        let files: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() > 20);
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            for status in [200, 400, 404, 429, 503] {
                let body = serde_json::from_slice(&bytes).ok();
                let _ = understand(&Answer { status, retry_after: None, body });
            }
        }
    }

    #[test]
    fn recorded_answers_mean_what_they_mean() {
        let Some(folder) = super::super::contracts("gemini") else {
            println!("skipped: no contracts folder");
            return;
        };
        let read = |name: &str, status: u16| {
            let bytes = std::fs::read(folder.join(name)).unwrap();
            understand(&Answer { status, retry_after: None, body: serde_json::from_slice(&bytes).ok() })
        };
        assert_eq!(read("error-400-api-key-invalid.json", 400), Err(ModelError::WrongKey));
        assert_eq!(read("error-404-unknown-model.json", 404), Err(ModelError::NoSuchModel));
        assert_eq!(read("error-404-html-not-json.html", 404), Err(ModelError::Refused { status: 404 }));
        assert!(matches!(read("prompt-blocked-safety.json", 200), Err(ModelError::Blocked(_))));
        assert!(matches!(read("finish-safety.json", 200), Err(ModelError::Blocked(_))));
        assert!(matches!(read("finish-safety-no-content.json", 200), Err(ModelError::Blocked(_))));
        assert_eq!(read("empty-content.json", 200), Err(ModelError::Garbled));
        assert!(read("generate-basic-long.json", 200).is_ok());
        assert!(read("finish-unknown-enum.json", 200).is_ok());
        assert!(read("generate-missing-safety.json", 200).is_ok());
    }
}
