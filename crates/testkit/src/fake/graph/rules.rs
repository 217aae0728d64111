//! What the Send API refuses in a body.
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/reference/send-api>

use serde_json::Value;

use super::GraphError;

/// "Less than 2000 characters".
const TEXT_CHARACTERS_BELOW: usize = 2_000;
const MOST_METADATA_CHARACTERS: usize = 1_000;
const MOST_QUICK_REPLIES: usize = 13;
const MOST_TITLE_CHARACTERS: usize = 20;
const MOST_PAYLOAD_CHARACTERS: usize = 1_000;
const MOST_BUTTON_TEXT_CHARACTERS: usize = 640;

/// The sender actions that need nothing but a recipient, and what each is noted as.
pub(super) fn sender_action(body: &Value) -> Result<(String, &'static str), GraphError> {
    only_keys(body, "request", &["recipient", "sender_action", "access_token", "appsecret_proof"])?;
    let Some(psid) = body.pointer("/recipient/id").and_then(Value::as_str) else {
        return Err(GraphError::bad("The parameter recipient is required"));
    };
    let what = match body.get("sender_action").and_then(Value::as_str) {
        Some("typing_on") => "typing",
        Some("typing_off") => "typing off",
        Some("mark_seen") => "read",
        _ => {
            return Err(GraphError::bad(
                "Param sender_action must be one of {typing_on, typing_off, mark_seen}",
            ));
        }
    };
    Ok((psid.to_owned(), what))
}

/// The message itself: what is said, how long, with which buttons.
pub(super) fn message(body: &Value) -> Result<(), GraphError> {
    let Some(message) = body.get("message").filter(|message| message.is_object()) else {
        return Err(GraphError::bad("The parameter message is required"));
    };
    only_keys(message, "message", &["text", "attachment", "quick_replies", "metadata"])?;
    let text = message.get("text").and_then(Value::as_str);
    let attachment = message.get("attachment");
    match (text, attachment) {
        (None, None) => {
            return Err(GraphError::bad("Message cannot be empty, must provide valid attachment or text"));
        }
        (Some(_), Some(_)) => {
            return Err(GraphError::bad("Only one of the text, attachment can be specified"));
        }
        (Some(text), None) => check_text(text)?,
        (None, Some(attachment)) => check_attachment(attachment)?,
    }
    if let Some(metadata) = message.get("metadata") {
        let characters = metadata.as_str().map(|text| text.chars().count());
        if characters.is_none_or(|characters| characters > MOST_METADATA_CHARACTERS) {
            return Err(GraphError::bad(
                "Length of param message[metadata] must be less than or equal to 1000",
            ));
        }
    }
    message.get("quick_replies").map_or(Ok(()), check_quick_replies)
}

/// `messaging_type` and `tag`: whether the person's last words must be a day or a week old at most.
pub(super) fn is_human_agent(body: &Value) -> Result<bool, GraphError> {
    let tag = body.get("tag").and_then(Value::as_str);
    match (body.get("messaging_type").and_then(Value::as_str), tag) {
        (Some("RESPONSE" | "UPDATE"), None) => Ok(false),
        (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) => Ok(true),
        (Some("MESSAGE_TAG"), None) => Err(GraphError::bad("Param tag is required for MESSAGE_TAG")),
        // Since 2026-04-27 the other tags are gone.
        (Some("MESSAGE_TAG"), Some(tag)) => {
            Err(GraphError::bad(format!("Param tag is invalid or retired: {tag}")))
        }
        (Some("RESPONSE" | "UPDATE"), Some(_)) => {
            Err(GraphError::bad("Param tag needs messaging_type MESSAGE_TAG"))
        }
        (_, _) => Err(GraphError::bad(
            "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}",
        )),
    }
}

fn check_text(text: &str) -> Result<(), GraphError> {
    if text.trim().is_empty() {
        return Err(GraphError::bad("Message cannot be empty, must provide valid attachment or text"));
    }
    if text.chars().count() >= TEXT_CHARACTERS_BELOW {
        return Err(GraphError::bad("Length of param message[text] must be less than 2000"));
    }
    Ok(())
}

fn check_attachment(attachment: &Value) -> Result<(), GraphError> {
    only_keys(attachment, "message[attachment]", &["type", "payload"])?;
    let payload = attachment.get("payload").unwrap_or(&Value::Null);
    match attachment.get("type").and_then(Value::as_str) {
        Some("image" | "audio" | "video" | "file") => {
            only_keys(payload, "message[attachment][payload]", &["url", "is_reusable", "attachment_id"])?;
            let url = payload.get("url").and_then(Value::as_str);
            let by_id = payload.get("attachment_id").is_some();
            if !by_id && !url.is_some_and(|url| url.starts_with("https://")) {
                let message = "(#100) The URL you provided is not valid";
                return Err(GraphError::new(400, 100, Some(2_018_008), message));
            }
            Ok(())
        }
        Some("template") => check_template(payload),
        _ => Err(GraphError::new(400, 100, Some(2_018_047), "(#100) Attachment type is not valid")),
    }
}

fn check_template(payload: &Value) -> Result<(), GraphError> {
    let count = |name: &str| payload.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let fits = match payload.get("template_type").and_then(Value::as_str) {
        Some("button") => {
            let text = payload.get("text").and_then(Value::as_str).unwrap_or_default();
            (1..=3).contains(&count("buttons"))
                && (1..=MOST_BUTTON_TEXT_CHARACTERS).contains(&text.chars().count())
        }
        Some("generic") => (1..=10).contains(&count("elements")),
        Some("media") => count("elements") == 1,
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(GraphError::bad("Param message[attachment][payload] is not a valid template"))
    }
}

fn check_quick_replies(list: &Value) -> Result<(), GraphError> {
    let replies = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if replies.is_empty() || replies.len() > MOST_QUICK_REPLIES {
        return Err(GraphError::bad("Param message[quick_replies] must have between 1 and 13 elements"));
    }
    for reply in replies {
        only_keys(reply, "message[quick_replies]", &["content_type", "title", "payload", "image_url"])?;
        let length =
            |name: &str| reply.get(name).and_then(Value::as_str).map_or(0, |text| text.chars().count());
        match reply.get("content_type").and_then(Value::as_str) {
            Some("text") => {
                if !(1..=MOST_TITLE_CHARACTERS).contains(&length("title")) {
                    return Err(GraphError::bad("Param title of a quick reply must be 1 to 20 characters"));
                }
                if !(1..=MOST_PAYLOAD_CHARACTERS).contains(&length("payload")) {
                    return Err(GraphError::bad(
                        "Param payload of a quick reply must be 1 to 1000 characters",
                    ));
                }
            }
            Some("user_phone_number" | "user_email") => {}
            _ => return Err(GraphError::bad("Param content_type of a quick reply is not valid")),
        }
    }
    Ok(())
}

/// Graph names the keys it does not know inside a parameter.
pub(super) fn only_keys(value: &Value, param: &str, known: &[&str]) -> Result<(), GraphError> {
    let unknown: Vec<&str> = value
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys())
        .map(String::as_str)
        .filter(|key| !known.contains(key))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(GraphError::bad(format!("Invalid keys \"{}\" were found in param \"{param}\".", unknown.join(", "))))
}
