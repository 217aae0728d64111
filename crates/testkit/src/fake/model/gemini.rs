//! Gemini's door: `models/{m}:generateContent` and the list of models.

use serde_json::{Value, json};

use super::{Bad, MODELS, Read, Spoken, tokens};
use crate::{
    objects::set,
    wire::{Answer, Asked, Failure},
};

/// The keywords of JSON Schema that `responseJsonSchema` takes, and those of `responseSchema`.
const SCHEMA_KEYWORDS: [&str; 22] = [
    "$id",
    "$defs",
    "$ref",
    "$anchor",
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "anyOf",
    "oneOf",
    "properties",
    "additionalProperties",
    "required",
    "propertyOrdering",
    "nullable",
];

pub(super) fn read(asked: &Asked) -> Result<Read, Bad> {
    let model =
        asked.segments().get(2).copied().unwrap_or_default().trim_end_matches(":generateContent").to_owned();
    if !MODELS.contains(&model.as_str()) || !model.starts_with("gemini") {
        let message = format!(
            "models/{model} is not found for API version v1beta, or is not supported for generateContent. Call \
             ModelService.ListModels to see the list of available models and their supported methods."
        );
        return Err(Bad::new(404, message));
    }
    let body = asked.json().ok_or_else(|| Bad::new(400, "Invalid JSON payload received."))?;
    let top = [
        "contents",
        "systemInstruction",
        "generationConfig",
        "safetySettings",
        "tools",
        "toolConfig",
        "cachedContent",
        "store",
        "serviceTier",
    ];
    known(&body, "", &top)?;
    let config = body.get("generationConfig").cloned().unwrap_or_else(|| json!({}));
    let settings = [
        "maxOutputTokens",
        "stopSequences",
        "responseMimeType",
        "responseSchema",
        "responseJsonSchema",
        "thinkingConfig",
        "temperature",
        "topP",
        "topK",
        "candidateCount",
        "seed",
        "presencePenalty",
        "frequencyPenalty",
        "responseModalities",
        "mediaResolution",
    ];
    known(&config, " at 'generation_config'", &settings)?;
    check_thinking(&model, config.get("thinkingConfig"))?;
    let schema = schema(&config)?;
    let system = parts(body.get("systemInstruction").unwrap_or(&Value::Null)).join("\n");
    let contents = body.get("contents").and_then(Value::as_array).filter(|list| !list.is_empty());
    let Some(contents) = contents else {
        return Err(Bad::new(400, "* GenerateContentRequest.contents: contents is not specified"));
    };
    let mut talk = Vec::new();
    for content in contents {
        let role = content.get("role").and_then(Value::as_str);
        if !matches!(role, None | Some("user" | "model")) {
            return Err(Bad::new(400, "Please use a valid role: user, model."));
        }
        let said = parts(content);
        if said.is_empty() {
            let message = "* GenerateContentRequest.contents.parts: contents.parts must not be empty.";
            return Err(Bad::new(400, message));
        }
        talk.extend(said);
    }
    Ok(Read { model, system, talk: talk.join("\n"), schema })
}

pub(super) fn written(read: &Read, spoken: Spoken) -> Answer {
    let prompt = tokens(&read.system) + tokens(&read.talk);
    let (candidate, count) = match spoken {
        Spoken::Foreign => return Answer::bytes(200, "text/html", "<html>Sign in to the network</html>"),
        Spoken::Blocked => {
            let body = json!({
                "promptFeedback": { "blockReason": "SAFETY" },
                "usageMetadata": { "promptTokenCount": prompt, "totalTokenCount": prompt },
                "modelVersion": read.model,
            });
            return Answer::json(200, &body);
        }
        Spoken::Nothing => {
            (json!({ "content": { "role": "model" }, "finishReason": "MAX_TOKENS", "index": 0 }), 0)
        }
        Spoken::Cut(text) => (candidate(&text, "MAX_TOKENS"), tokens(&text)),
        Spoken::Text(text) => (candidate(&text, "STOP"), tokens(&text)),
    };
    let thoughts = 7;
    let body = json!({
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": prompt, "candidatesTokenCount": count, "thoughtsTokenCount": thoughts,
            "totalTokenCount": prompt + count + thoughts,
        },
        "modelVersion": read.model, "responseId": "resp-1",
    });
    Answer::json(200, &body)
}

pub(super) fn bad(refusal: &Bad) -> Answer {
    let status = match refusal.status {
        404 => "NOT_FOUND",
        400 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    };
    error(refusal.status, status, &refusal.message, &json!([]))
}

pub(super) fn wrong_key() -> Answer {
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
        "domain": "googleapis.com", "metadata": { "service": "generativelanguage.googleapis.com" },
    }]);
    error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", &details)
}

/// The trap: a day's quota answered with a delay of seconds.
pub(super) fn day_spent() -> Answer {
    quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", Some(36))
}

pub(super) fn list() -> Answer {
    let models: Vec<Value> = MODELS
        .iter()
        .filter(|name| name.starts_with("gemini"))
        .map(|name| {
            json!({
                "name": format!("models/{name}"), "displayName": name, "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536, "supportedGenerationMethods": ["generateContent", "countTokens"],
            })
        })
        .collect();
    Answer::json(200, &json!({ "models": models }))
}

pub(super) fn refused(failure: Failure) -> Answer {
    match failure {
        Failure::NoSuchAddress => Answer::bytes(404, "text/html", "<!DOCTYPE html><title>Error 404</title>"),
        Failure::Broken => error(500, "INTERNAL", "An internal error has occurred.", &json!([])),
        Failure::TooMany { retry_after_s } => {
            quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", retry_after_s)
        }
        Failure::ExpiredToken => wrong_key(),
        Failure::TooLarge => {
            error(400, "INVALID_ARGUMENT", "Request payload size exceeds the limit", &json!([]))
        }
    }
}

fn quota(id: &str, retry_after_s: Option<u32>) -> Answer {
    let mut details = vec![json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{ "quotaId": id, "quotaValue": "20" }],
    })];
    if let Some(seconds) = retry_after_s {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s"),
        }));
    }
    let message = "You exceeded your current quota, please check your plan and billing details.";
    error(429, "RESOURCE_EXHAUSTED", message, &Value::Array(details))
}

fn error(code: u16, status: &str, message: &str, details: &Value) -> Answer {
    let mut error = json!({ "code": code, "message": message, "status": status });
    if details.as_array().is_some_and(|details| !details.is_empty()) {
        set(&mut error, "details", details.clone());
    }
    Answer::json(code, &json!({ "error": error }))
}

fn candidate(text: &str, finish: &str) -> Value {
    json!({
        "content": { "role": "model", "parts": [{ "text": text, "thoughtSignature": "c2ln" }] },
        "finishReason": finish, "index": 0,
    })
}

fn parts(content: &Value) -> Vec<String> {
    let list = content.get("parts").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|part| part.get("text")?.as_str()).map(str::to_owned).collect()
}

fn known(value: &Value, at: &str, names: &[&str]) -> Result<(), Bad> {
    let unknown = value
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys())
        .find(|key| !names.contains(&key.as_str()));
    match unknown {
        Some(name) => {
            let message =
                format!("Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field.");
            Err(Bad::new(400, message))
        }
        None => Ok(()),
    }
}

fn check_thinking(model: &str, thinking: Option<&Value>) -> Result<(), Bad> {
    let Some(thinking) = thinking else { return Ok(()) };
    known(
        thinking,
        " at 'generation_config.thinking_config'",
        &["thinkingLevel", "thinkingBudget", "includeThoughts"],
    )?;
    let level = thinking.get("thinkingLevel").and_then(Value::as_str).map(str::to_lowercase);
    let budget = thinking.get("thinkingBudget").is_some();
    if level.is_some() && budget {
        return Err(Bad::new(400, "You can only set only one of thinking budget and thinking level."));
    }
    if budget && model == "gemini-4-argon" {
        return Err(Bad::new(400, "Thinking budget is not supported for this model."));
    }
    let without_minimal = matches!(model, "gemini-4-argon" | "gemini-3.8-flash");
    match level.as_deref() {
        Some("minimal") if without_minimal => {
            Err(Bad::new(400, "Thinking level MINIMAL is not supported for this model."))
        }
        None | Some("minimal" | "low" | "medium" | "high") => Ok(()),
        Some(_) => Err(Bad::new(400, "Invalid value at 'generation_config.thinking_config.thinking_level'")),
    }
}

fn schema(config: &Value) -> Result<Option<Value>, Bad> {
    let found = match (config.get("responseSchema"), config.get("responseJsonSchema")) {
        (Some(_), Some(_)) => {
            return Err(Bad::new(400, "Only one of response_schema and response_json_schema may be set."));
        }
        (Some(schema), None) | (None, Some(schema)) => schema,
        (None, None) => return Ok(None),
    };
    if config.get("responseMimeType").and_then(Value::as_str) != Some("application/json") {
        return Err(Bad::new(400, "response_schema is only allowed with mime type application/json"));
    }
    check_schema(found)?;
    Ok(Some(found.clone()))
}

fn check_schema(schema: &Value) -> Result<(), Bad> {
    known(schema, " at 'generation_config.response_schema'", &SCHEMA_KEYWORDS)?;
    for inner in ["properties", "$defs"] {
        for schema in
            schema.get(inner).and_then(Value::as_object).into_iter().flat_map(|fields| fields.values())
        {
            check_schema(schema)?;
        }
    }
    for inner in ["anyOf", "oneOf", "prefixItems"] {
        for schema in schema.get(inner).and_then(Value::as_array).into_iter().flatten() {
            check_schema(schema)?;
        }
    }
    schema.get("items").map_or(Ok(()), check_schema)
}
