//! The door of OpenAI and its imitators: `chat/completions` (never streamed) and the list of models.

use serde_json::{Value, json};

use super::{Bad, MODELS, Read, Spoken, tokens};
use crate::wire::{Answer, Asked, Failure};

const KNOWN: [&str; 22] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_completion_tokens",
    "max_tokens",
    "response_format",
    "reasoning_effort",
    "temperature",
    "top_p",
    "n",
    "stop",
    "seed",
    "user",
    "store",
    "metadata",
    "presence_penalty",
    "frequency_penalty",
    "tools",
    "tool_choice",
    "thinking",
    "chat_template_kwargs",
];

pub(super) fn read(asked: &Asked) -> Result<Read, Bad> {
    let body =
        asked.json().ok_or_else(|| Bad::new(400, "We could not parse the JSON body of your request."))?;
    let fields = body.as_object().ok_or_else(|| Bad::new(400, "The body must be a JSON object."))?;
    if let Some(unknown) = fields.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(Bad::new(400, format!("Unrecognized request argument supplied: {unknown}")));
    }
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
    if model.is_empty() {
        return Err(Bad::new(400, "you must provide a model parameter"));
    }
    if !MODELS.contains(&model.as_str()) {
        return Err(Bad::new(
            404,
            format!("The model `{model}` does not exist or you do not have access to it."),
        ));
    }
    if body.get("stream").and_then(Value::as_bool) == Some(true) {
        return Err(Bad::new(400, "Unsupported value: 'stream' is not played here."));
    }
    // <https://platform.openai.com/docs/guides/reasoning>: reasoning models know neither.
    if model.starts_with("gpt-5") {
        if body.get("max_tokens").is_some() {
            let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                           'max_completion_tokens' instead.";
            return Err(Bad::new(400, message));
        }
        if body.get("temperature").is_some_and(|temperature| temperature.as_f64() != Some(1.0)) {
            return Err(Bad::new(
                400,
                "Unsupported value: 'temperature' does not support this value with this model.",
            ));
        }
    }
    let (system, talk) = talk(&body)?;
    let schema = schema(&body, &format!("{system}\n{talk}"))?;
    Ok(Read { model, system, talk, schema })
}

pub(super) fn written(read: &Read, spoken: Spoken) -> Answer {
    let prompt = tokens(&read.system) + tokens(&read.talk);
    let (message, finish, count) = match spoken {
        Spoken::Foreign => return Answer::bytes(200, "text/html", "<html>Sign in to the network</html>"),
        Spoken::Blocked => {
            (json!({ "role": "assistant", "content": null, "refusal": "I can't help with that." }), "stop", 8)
        }
        Spoken::Nothing => (json!({ "role": "assistant", "content": "", "refusal": null }), "length", 0),
        Spoken::Cut(text) => (message(&text), "length", tokens(&text)),
        Spoken::Text(text) => (message(&text), "stop", tokens(&text)),
    };
    let reasoning = 7;
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_781_062_200, "model": read.model,
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish }],
        "usage": {
            "prompt_tokens": prompt, "completion_tokens": count + reasoning,
            "total_tokens": prompt + count + reasoning,
            "prompt_tokens_details": { "cached_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": reasoning },
        },
    });
    Answer::json(200, &body)
}

pub(super) fn bad(refusal: &Bad) -> Answer {
    let (kind, code) = match refusal.status {
        404 => ("invalid_request_error", "model_not_found"),
        400 => ("invalid_request_error", "invalid_value"),
        _ => ("server_error", "server_error"),
    };
    error(refusal.status, kind, code, &refusal.message)
}

pub(super) fn wrong_key() -> Answer {
    error(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.")
}

pub(super) fn credit_spent() -> Answer {
    let message = "You exceeded your current quota, please check your plan and billing details.";
    error(429, "insufficient_quota", "insufficient_quota", message)
}

pub(super) fn list() -> Answer {
    let data: Vec<Value> = MODELS
        .iter()
        .filter(|name| !name.starts_with("gemini"))
        .map(|name| json!({ "id": name, "object": "model", "created": 1_781_062_200, "owned_by": "test" }))
        .collect();
    Answer::json(200, &json!({ "object": "list", "data": data }))
}

pub(super) fn refused(failure: Failure) -> Answer {
    match failure {
        Failure::NoSuchAddress => error(404, "invalid_request_error", "unknown_url", "Unknown request URL"),
        Failure::Broken => error(500, "server_error", "server_error", "The server had an error."),
        Failure::TooMany { retry_after_s } => {
            let answer = error(429, "requests", "rate_limit_exceeded", "Rate limit reached.");
            match retry_after_s {
                Some(seconds) => answer.with("retry-after", seconds.to_string()),
                None => answer,
            }
        }
        Failure::ExpiredToken => wrong_key(),
        Failure::TooLarge => error(413, "invalid_request_error", "too_large", "Request too large"),
    }
}

fn error(status: u16, kind: &str, code: &str, message: &str) -> Answer {
    let body = json!({ "error": { "message": message, "type": kind, "param": null, "code": code } });
    Answer::json(status, &body)
}

fn message(text: &str) -> Value {
    json!({ "role": "assistant", "content": text, "refusal": null })
}

/// The system's words, and the rest.
fn talk(body: &Value) -> Result<(String, String), Bad> {
    let messages = body.get("messages").and_then(Value::as_array).filter(|list| !list.is_empty());
    let Some(messages) = messages else {
        return Err(Bad::new(
            400,
            "Invalid 'messages': empty array. Expected an array with minimum length 1.",
        ));
    };
    let (mut system, mut talk) = (Vec::new(), Vec::new());
    for message in messages {
        let words = match message.get("content") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
                texts.collect::<Vec<_>>().join("\n")
            }
            _ => return Err(Bad::new(400, "Invalid type for 'messages[].content'")),
        };
        match message.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => system.push(words),
            Some("user" | "assistant") => talk.push(words),
            _ => return Err(Bad::new(400, "Invalid value for 'messages[].role'")),
        }
    }
    Ok((system.join("\n"), talk.join("\n")))
}

fn schema(body: &Value, prompt: &str) -> Result<Option<Value>, Bad> {
    let Some(format) = body.get("response_format") else { return Ok(None) };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(None),
        Some("json_object") if prompt.to_lowercase().contains("json") => Ok(Some(json!({
            "type": "object", "properties": { "reply": { "type": "string" } }, "additionalProperties": true,
        }))),
        Some("json_object") => Err(Bad::new(
            400,
            "'messages' must contain the word 'json' in some form, to use 'response_format'",
        )),
        Some("json_schema") => {
            let wrapped = format.get("json_schema").unwrap_or(&Value::Null);
            let name = wrapped.get("name").and_then(Value::as_str).unwrap_or_default();
            let fits = (1..=64).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            let schema = wrapped.get("schema").filter(|schema| schema.is_object());
            match schema {
                Some(schema) if fits => {
                    if wrapped.get("strict").and_then(Value::as_bool) == Some(true) {
                        check_strict(schema)?;
                    }
                    Ok(Some(schema.clone()))
                }
                _ => Err(Bad::new(400, "Missing or invalid 'response_format.json_schema'")),
            }
        }
        _ => Err(Bad::new(400, "Invalid value for 'response_format.type'")),
    }
}

/// Strict schemas close every object and require every property.
fn check_strict(schema: &Value) -> Result<(), Bad> {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err(Bad::new(
                400,
                "Invalid schema: 'additionalProperties' is required to be supplied and to be false.",
            ));
        }
        let required = schema.get("required").and_then(Value::as_array);
        let has =
            |name: &String| required.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(name)));
        if let Some(missing) = properties.keys().find(|name| !has(name)) {
            return Err(Bad::new(400, format!("Invalid schema: 'required' must include '{missing}'.")));
        }
        for property in properties.values() {
            check_strict(property)?;
        }
    }
    for alternative in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
        check_strict(alternative)?;
    }
    schema.get("items").map_or(Ok(()), check_strict)
}
