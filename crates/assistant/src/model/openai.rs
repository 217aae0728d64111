//! Chat completions as OpenAI invented them and DeepSeek, Ollama, llama.cpp, LM Studio and others speak them.
//!
//! Wire facts: <https://platform.openai.com/docs/api-reference/chat>, <https://api-docs.deepseek.com>,
//! <https://github.com/ollama/ollama/blob/main/docs/api/openai-compatibility.mdx>,
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    Model, ModelError, Prompt, Written,
    wire::{self, Answer, count, put},
};
use crate::prices;

const MOST_TOKENS: u32 = 1_024;

/// Whose reading of the interface it is: they differ in the names of limits, in schemas and in thinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    OpenAi,
    DeepSeek,
    Ollama,
    LlamaCpp,
    LmStudio,
    Other,
}

impl Dialect {
    /// By host and usual port.
    pub fn of(base_url: &str) -> Self {
        let url = base_url.to_lowercase();
        if url.contains("api.openai.com") {
            Self::OpenAi
        } else if url.contains("deepseek.com") {
            Self::DeepSeek
        } else if url.contains(":11434") || url.contains("ollama") {
            Self::Ollama
        } else if url.contains(":8080") {
            Self::LlamaCpp
        } else if url.contains(":1234") {
            Self::LmStudio
        } else {
            Self::Other
        }
    }
}

/// How to reach a model behind chat completions.
pub struct OpenAiSettings {
    /// With the version: `https://api.openai.com/v1`, `http://localhost:11434/v1`.
    pub base_url: String,
    /// Servers on this machine need none.
    pub key: Option<SecretString>,
    pub model: String,
    pub most_tokens: Option<u32>,
    /// None = by the address.
    pub dialect: Option<Dialect>,
}

/// A model behind chat completions.
pub struct OpenAi {
    http: reqwest::Client,
    base: String,
    key: Option<SecretString>,
    model: String,
    most_tokens: u32,
    dialect: Dialect,
}

impl OpenAi {
    pub fn new(settings: OpenAiSettings) -> Result<Self, ModelError> {
        let base = settings.base_url.trim_end_matches('/').to_owned();
        Ok(Self {
            http: wire::client()?,
            dialect: settings.dialect.unwrap_or_else(|| Dialect::of(&base)),
            base,
            key: settings.key,
            model: settings.model,
            most_tokens: settings.most_tokens.unwrap_or(MOST_TOKENS),
        })
    }

    fn body(&self, prompt: &Prompt) -> Value {
        let mut system = prompt.system.clone();
        let format = match self.dialect {
            // DeepSeek takes no schema; it wants the word "json" and the shape in the prompt.
            Dialect::DeepSeek => {
                system.push_str("\n\nAnswer with one json object of this JSON Schema and nothing else:\n");
                system.push_str(&prompt.schema.to_string());
                json!({ "type": "json_object" })
            }
            // Nested, although llama.cpp's README shows it flat: sent flat the schema is silently ignored.
            Dialect::OpenAi | Dialect::Ollama | Dialect::LlamaCpp | Dialect::LmStudio | Dialect::Other => {
                json!({
                    "type": "json_schema",
                    "json_schema": { "name": "reply", "strict": true, "schema": prompt.schema },
                })
            }
        };
        let mut body = json!({
            "model": self.model,
            "messages": [
                { "role": "system", "content": system },
                { "role": "user", "content": format!("{}\n\n{}", prompt.talk, prompt.question) },
            ],
            "stream": false,
            "response_format": format,
        });
        let limit = match self.dialect {
            // `max_tokens` is refused by reasoning models.
            Dialect::OpenAi => "max_completion_tokens",
            Dialect::DeepSeek | Dialect::Ollama | Dialect::LlamaCpp | Dialect::LmStudio | Dialect::Other => {
                "max_tokens"
            }
        };
        put(&mut body, limit, json!(self.most_tokens));
        match self.dialect {
            Dialect::OpenAi => {
                if let Some(effort) = prices::thinking(&self.model).effort {
                    put(&mut body, "reasoning_effort", json!(effort));
                }
            }
            Dialect::DeepSeek => put(&mut body, "thinking", json!({ "type": "disabled" })),
            Dialect::Ollama => put(&mut body, "reasoning_effort", json!("none")),
            Dialect::LlamaCpp => put(&mut body, "chat_template_kwargs", json!({ "enable_thinking": false })),
            Dialect::LmStudio | Dialect::Other => {}
        }
        body
    }
}

#[async_trait]
impl Model for OpenAi {
    fn provider(&self) -> &str {
        "openai-compatible"
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
        let mut request = self.http.post(format!("{}/chat/completions", self.base)).json(&self.body(prompt));
        if let Some(key) = &self.key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
                .map_err(|_| ModelError::WrongKey)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let response = request.send().await.map_err(|error| wire::lost(&error))?;
        understand(&wire::read(response).await?)
    }
}

/// What a chat completion says.
fn understand(answer: &Answer) -> Result<Written, ModelError> {
    let Some(body) = &answer.body else {
        return Err(match answer.status {
            200..=299 => ModelError::Garbled,
            status => wire::by_status(status, answer.retry_after),
        });
    };
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        return Err(refusal(answer, error));
    }
    if !(200..300).contains(&answer.status) {
        return Err(wire::by_status(answer.status, answer.retry_after));
    }
    let Some(choice) = body.get("choices").and_then(Value::as_array).and_then(|list| list.first()) else {
        return Err(ModelError::Garbled);
    };
    let finish = choice.get("finish_reason").and_then(Value::as_str).unwrap_or("stop");
    if finish == "content_filter" {
        return Err(ModelError::Blocked("content_filter".to_owned()));
    }
    if choice.pointer("/message/refusal").and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
        return Err(ModelError::Blocked("refusal".to_owned()));
    }
    let text = match choice.pointer("/message/content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect()
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => String::new(),
    };
    let cut_short = finish == "length";
    if text.trim().is_empty() && !cut_short {
        return Err(ModelError::Garbled);
    }
    let usage = body.get("usage").unwrap_or(&Value::Null);
    let cached = usage
        .get("prompt_tokens_details")
        .and_then(|details| count(details, "cached_tokens"))
        .or_else(|| count(usage, "prompt_cache_hit_tokens"));
    Ok(Written {
        text,
        tokens_in: count(usage, "prompt_tokens"),
        tokens_cached: cached,
        // Reasoning tokens are part of the completion's.
        tokens_out: count(usage, "completion_tokens"),
        cut_short,
    })
}

fn refusal(answer: &Answer, error: &Value) -> ModelError {
    // A number with llama.cpp, a word with OpenAI; Ollama's own interface gives a bare text.
    let code = error.get("code").and_then(Value::as_str).unwrap_or("");
    let kind = error.get("type").and_then(Value::as_str).unwrap_or("");
    let number = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status =
        if (200..300).contains(&answer.status) { number.unwrap_or(answer.status) } else { answer.status };
    if code == "insufficient_quota" || kind == "insufficient_quota" {
        return ModelError::QuotaSpent;
    }
    match status {
        404 => ModelError::NoSuchModel,
        _ if code == "model_not_found" || kind == "not_found_error" => ModelError::NoSuchModel,
        _ if code == "invalid_api_key" => ModelError::WrongKey,
        200..=299 => ModelError::Garbled,
        503 => ModelError::RetryAfter(answer.retry_after.unwrap_or(Duration::from_secs(5))),
        status => wire::by_status(status, answer.retry_after),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn every_recorded_answer_is_understood_or_refused_without_a_panic() {
        let Some(folder) = super::super::contracts("openai") else {
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
        let Some(folder) = super::super::contracts("openai") else {
            println!("skipped: no contracts folder");
            return;
        };
        let read = |name: &str, status: u16| {
            let bytes = std::fs::read(folder.join(name)).unwrap();
            understand(&Answer { status, retry_after: None, body: serde_json::from_slice(&bytes).ok() })
        };
        assert!(read("groq-text.json", 200).is_ok_and(|written| written.tokens_in.is_some()));
        assert!(read("deepseek-json-object.json", 200).is_ok());
        assert_eq!(read("llamacpp-error-401.json", 401), Err(ModelError::WrongKey));
        assert!(matches!(read("llamacpp-error-503-loading.json", 503), Err(ModelError::RetryAfter(_))));
    }
}
