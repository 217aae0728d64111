//! Sending on Messenger, and answering in public.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/reference/send-api>

use domain::{ReplyId, ThreadKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{OTHER, SEND, error::is_duplicate};
use crate::{
    Call, OutPart, SendError, Sent, SentWay, WindowRule, WindowState, json::Json, meta::Graph, window,
};

/// What goes with every message and comes back in its echo: our reply and the call's key.
pub fn metadata(reply: ReplyId, key: Uuid) -> String {
    format!("sala:{reply}:{}", key.hyphenated())
}

/// The reply and the key of an echo that is ours.
pub fn read_metadata(metadata: &str) -> Option<(ReplyId, Uuid)> {
    let (reply, key) = metadata.strip_prefix("sala:")?.split_once(':')?;
    Some((reply.parse().ok()?, key.parse().ok()?))
}

pub(super) async fn send(
    graph: &Graph,
    page: &str,
    human_agent: bool,
    call: &Call,
) -> Result<Sent, SendError> {
    match call.kind {
        ThreadKind::Direct | ThreadKind::Group => direct(graph, page, human_agent, call).await,
        ThreadKind::Comment | ThreadKind::Mention | ThreadKind::Review => public(graph, call).await,
    }
}

async fn direct(graph: &Graph, page: &str, human_agent: bool, call: &Call) -> Result<Sent, SendError> {
    let person = call.typed_by_person && human_agent;
    let tag = match window(WindowRule::META, call.last_inbound, call.now, person) {
        WindowState::Unlimited | WindowState::Open { .. } => None,
        WindowState::HumanAgentOnly { .. } => Some("HUMAN_AGENT"),
        WindowState::Closed => return Err(SendError::WindowClosed),
    };
    let mut messages = Vec::new();
    for part in &call.parts {
        let body = message(call, part, tag);
        let sent = match graph.post(SEND, &[page, "messages"], &[], &body).await {
            Ok(answer) => answer.get("message_id").id(),
            Err(trouble) if is_duplicate(&trouble) => None,
            // Of several parts the first are out already, which no plain refusal would tell.
            Err(_) if !messages.is_empty() => return Err(SendError::Unsure),
            Err(trouble) => return Err(trouble.of_sending(&body)),
        };
        messages.extend(sent);
    }
    Ok(Sent { messages, way: SentWay::Plain, quota_used: 0 })
}

fn recipient(thread: &str) -> Value {
    match thread.strip_prefix("user_ref:") {
        Some(user) => json!({ "user_ref": user }),
        None => json!({ "id": thread }),
    }
}

fn message(call: &Call, part: &OutPart, tag: Option<&str>) -> Value {
    let metadata = metadata(call.reply, call.key);
    let message = match part {
        OutPart::Text(words) => json!({ "text": words.as_str(), "metadata": metadata }),
        OutPart::Image { url, .. } => json!({
            "attachment": { "type": "image", "payload": { "url": url } },
            "metadata": metadata,
        }),
        OutPart::QuickReplies { text, choices } if choices.is_empty() => {
            json!({ "text": text.as_str(), "metadata": metadata })
        }
        OutPart::QuickReplies { text, choices } => {
            let buttons: Vec<Value> = choices
                .iter()
                .map(|choice| {
                    json!({
                        "content_type": "text",
                        "title": choice.label.as_str(),
                        "payload": choice.send.as_str(),
                    })
                })
                .collect();
            json!({ "text": text.as_str(), "quick_replies": buttons, "metadata": metadata })
        }
    };
    match tag {
        None => json!({
            "recipient": recipient(&call.thread),
            "messaging_type": "RESPONSE",
            "message": message,
        }),
        Some(tag) => json!({
            "recipient": recipient(&call.thread),
            "messaging_type": "MESSAGE_TAG",
            "tag": tag,
            "message": message,
        }),
    }
}

/// Under the comment or post answered; under a review, under its story. The window does not apply in public.
/// <https://developers.facebook.com/docs/graph-api/reference/object/comments>
async fn public(graph: &Graph, call: &Call) -> Result<Sent, SendError> {
    let root = call.thread.split_once('/').map(|(root, _)| root);
    let under = if call.kind == ThreadKind::Review { root } else { call.answers.as_deref().or(root) };
    let Some(under) = under else {
        return Err(SendError::Refused { code: "no_target".to_owned(), why: String::new() });
    };
    let mut messages = Vec::new();
    for part in &call.parts {
        let body = match part {
            OutPart::Text(words) => json!({ "message": words.as_str() }),
            OutPart::Image { url, .. } => json!({ "attachment_url": url }),
            OutPart::QuickReplies { text, .. } => json!({ "message": text.as_str() }),
        };
        match graph.post(OTHER, &[under, "comments"], &[], &body).await {
            Ok(answer) => messages.extend(answer.get("id").id()),
            Err(trouble) if is_duplicate(&trouble) => {}
            Err(_) if !messages.is_empty() => return Err(SendError::Unsure),
            Err(trouble) => return Err(trouble.of_sending(&body)),
        }
    }
    Ok(Sent { messages, way: SentWay::Plain, quota_used: 0 })
}

/// `typing_on` or `mark_seen`: a request of its own with nothing else in it. In public there is neither.
pub(super) async fn action(graph: &Graph, page: &str, thread: &str, action: &str) -> Result<(), SendError> {
    if thread.contains('/') {
        return Ok(());
    }
    let body = json!({ "recipient": recipient(thread), "sender_action": action });
    let answer: Result<Json, _> = graph.post(SEND, &[page, "messages"], &[], &body).await;
    answer.map(|_| ()).map_err(|trouble| trouble.of_sending(&body))
}
