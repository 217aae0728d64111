//! What LINE refuses in a body: its OpenAPI document first, then what only its reference says.

use serde_json::Value;

use super::LineCall;
use crate::schema::{Document, Fault};

/// Of a text, in UTF-16 code units.
const MOST_TEXT_UNITS: usize = 5_000;
/// Of the label of a quick reply button, in UTF-16 code units.
const MOST_LABEL_UNITS: usize = 20;
/// Of the text a message action says, in UTF-16 code units.
const MOST_ACTION_TEXT_UNITS: usize = 300;
/// Of a picture's address.
const MOST_URL_CHARACTERS: usize = 2_000;

pub(super) struct Rules(Document);

impl Rules {
    pub(super) fn load() -> anyhow::Result<Self> {
        Ok(Self(Document::parse(include_str!("../../../openapi/line.json"))?))
    }

    /// Everything that LINE would not take in this body.
    pub(super) fn check(&self, call: LineCall, body: &Value) -> Vec<Fault> {
        let schema = match call {
            LineCall::Reply => "ReplyMessageRequest",
            LineCall::Push => "PushMessageRequest",
            LineCall::LoadingStart => "ShowLoadingAnimationRequest",
            LineCall::MarkAsRead => "MarkMessagesAsReadByTokenRequest",
            LineCall::SetWebhook => "SetWebhookEndpointRequest",
            LineCall::TestWebhook => "TestWebhookEndpointRequest",
            LineCall::Profile
            | LineCall::Content
            | LineCall::ContentPreview
            | LineCall::ContentTranscoding
            | LineCall::BotInfo
            | LineCall::Quota
            | LineCall::QuotaConsumption
            | LineCall::GetWebhook
            | LineCall::StatelessToken => return Vec::new(),
        };
        let mut faults = self.0.check(schema, body);
        let messages = body.get("messages").and_then(Value::as_array);
        for (index, message) in messages.into_iter().flatten().enumerate() {
            check_message(message, &format!("messages[{index}]"), &mut faults);
        }
        if let Some(seconds) = body.get("loadingSeconds").and_then(Value::as_i64)
            && seconds % 5 != 0
        {
            add(&mut faults, "loadingSeconds", "Must be a multiple of 5");
        }
        faults
    }
}

fn check_message(message: &Value, at: &str, faults: &mut Vec<Fault>) {
    let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
    if matches!(kind, "text" | "textV2") {
        check_length(message.get("text"), &format!("{at}.text"), 1, MOST_TEXT_UNITS, faults);
    }
    for name in ["originalContentUrl", "previewImageUrl"] {
        if let Some(url) = message.get(name).and_then(Value::as_str)
            && (!url.starts_with("https://") || url.chars().count() > MOST_URL_CHARACTERS)
        {
            add(faults, &format!("{at}.{name}"), "Must be an https address of at most 2000 characters");
        }
    }
    let Some(items) = message.pointer("/quickReply/items").and_then(Value::as_array) else {
        if message.get("quickReply").is_some() {
            add(faults, &format!("{at}.quickReply.items"), "May not be empty");
        }
        return;
    };
    if items.is_empty() {
        add(faults, &format!("{at}.quickReply.items"), "May not be empty");
    }
    for (index, item) in items.iter().enumerate() {
        let at = format!("{at}.quickReply.items[{index}]");
        if item.get("type").and_then(Value::as_str) != Some("action") {
            add(faults, &format!("{at}.type"), "Must be action");
        }
        let Some(action) = item.get("action") else {
            add(faults, &format!("{at}.action"), "May not be empty");
            continue;
        };
        check_length(action.get("label"), &format!("{at}.action.label"), 1, MOST_LABEL_UNITS, faults);
        if action.get("type").and_then(Value::as_str) == Some("message") {
            check_length(action.get("text"), &format!("{at}.action.text"), 1, MOST_ACTION_TEXT_UNITS, faults);
        }
    }
}

fn check_length(text: Option<&Value>, at: &str, least: usize, most: usize, faults: &mut Vec<Fault>) {
    let units = text.and_then(Value::as_str).unwrap_or_default().encode_utf16().count();
    if units < least {
        add(faults, at, "May not be empty");
    } else if units > most {
        add(faults, at, &format!("Length must be between {least} and {most}"));
    }
}

fn add(faults: &mut Vec<Fault>, property: &str, message: &str) {
    let fault = Fault { message: message.to_owned(), property: property.to_owned() };
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}
