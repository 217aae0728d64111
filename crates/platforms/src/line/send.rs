//! Sending on LINE: with the reply token while it lives, else pushed against the quota with a retry key.
//!
//! <https://developers.line.biz/en/docs/messaging-api/retrying-api-request/>

use domain::{ReplyToken, ThreadKind, Timestamp};
use serde_json::{Value, json};

use super::{
    RETRY_KEY_LIFE,
    client::{LOADING, Line, MOST},
    error::send_error,
};
use crate::{Call, Fate, OutPart, SendError, Sent, SentWay, http::Answer, json::Json};

/// Shown until the answer comes, at most this long; steps of 5, from 5 to 60.
const LOADING_SECONDS: u32 = 20;

pub(super) async fn send(line: &Line, call: &Call) -> Result<Sent, SendError> {
    match living_token(call) {
        Some(token) => reply(line, call, token).await,
        None => push(line, call).await,
    }
}

fn living_token(call: &Call) -> Option<&ReplyToken> {
    call.reply_token.as_ref().filter(|token| call.now < token.until)
}

/// Free of charge, once. A retry key is not allowed here.
async fn reply(line: &Line, call: &Call, token: &ReplyToken) -> Result<Sent, SendError> {
    let body = json!({ "replyToken": token.token, "messages": messages(&call.parts) });
    let answer = line.post(MOST, &["v2", "bot", "message", "reply"], &body).await?;
    if answer.is_taken() {
        return Ok(Sent { messages: sent_ids(&answer), way: SentWay::Reply, quota_used: 0 });
    }
    Err(send_error(&answer, &body))
}

async fn push(line: &Line, call: &Call) -> Result<Sent, SendError> {
    let body = json!({ "to": call.thread, "messages": messages(&call.parts) });
    let answer = line.post_once(&["v2", "bot", "message", "push"], &body, call.key).await?;
    // 409: this very call was accepted before.
    if answer.is_taken() || answer.status == 409 {
        let quota_used = recipients(line, call).await;
        return Ok(Sent { messages: sent_ids(&answer), way: SentWay::Push, quota_used });
    }
    Err(send_error(&answer, &body))
}

/// A push counts once per recipient, so a group counts all its members.
async fn recipients(line: &Line, call: &Call) -> u32 {
    if call.kind != ThreadKind::Group {
        return 1;
    }
    let place = if call.thread.starts_with('R') { "room" } else { "group" };
    let count = line.get(&["v2", "bot", place, &call.thread, "members", "count"]).await;
    count
        .ok()
        .and_then(|answer| answer.json().get("count").count())
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(1)
}

fn sent_ids(answer: &Answer) -> Vec<String> {
    answer.json().get("sentMessages").list().iter().filter_map(|sent| sent.get("id").id()).collect()
}

/// A push is simply made again: the key sees to it that it lands once. A reply is made again while its token
/// could still work: only if the first attempt did not land, this one does.
pub(super) async fn reconcile(line: &Line, call: &Call, tried: Timestamp) -> Result<Fate, SendError> {
    if let Some(token) = &call.reply_token {
        if call.now >= token.until {
            return Ok(Fate::Undecidable);
        }
        return match reply(line, call, token).await {
            Ok(sent) => Ok(Fate::Landed { messages: sent.messages }),
            Err(SendError::TokenSpent) => Ok(Fate::Landed { messages: Vec::new() }),
            Err(error) => Err(error),
        };
    }
    if call.now.since(tried) >= RETRY_KEY_LIFE {
        return Ok(Fate::Undecidable);
    }
    match push(line, call).await {
        Ok(sent) => Ok(Fate::Landed { messages: sent.messages }),
        Err(error) => Err(error),
    }
}

/// The loading animation; one-to-one chats only.
/// <https://developers.line.biz/en/reference/messaging-api/#display-a-loading-indicator>
pub(super) async fn typing(line: &Line, thread: &str) -> Result<(), SendError> {
    if !thread.starts_with('U') {
        return Ok(());
    }
    let body = json!({ "chatId": thread, "loadingSeconds": LOADING_SECONDS });
    done(line.post(LOADING, &["v2", "bot", "chat", "loading", "start"], &body).await?)
}

/// <https://developers.line.biz/en/reference/messaging-api/#mark-as-read>
pub(super) async fn mark_read(line: &Line, token: &str) -> Result<(), SendError> {
    // A message id is all digits; without a token LINE has no way to mark it.
    if token.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    let body = json!({ "markAsReadToken": token });
    done(line.post(MOST, &["v2", "bot", "chat", "markAsRead"], &body).await?)
}

fn done(answer: Answer) -> Result<(), SendError> {
    if answer.is_success() { Ok(()) } else { Err(send_error(&answer, &Value::Null)) }
}

fn messages(parts: &[OutPart]) -> Vec<Value> {
    parts.iter().map(message).collect()
}

fn message(part: &OutPart) -> Value {
    match part {
        OutPart::Text(words) => json!({ "type": "text", "text": words.as_str() }),
        OutPart::Image { url, preview } => json!({
            "type": "image",
            "originalContentUrl": url,
            "previewImageUrl": preview.as_ref().unwrap_or(url),
        }),
        OutPart::QuickReplies { text, choices } => {
            let items: Vec<Value> = choices
                .iter()
                .map(|choice| {
                    json!({ "type": "action", "action": {
                        "type": "message",
                        "label": choice.label.as_str(),
                        "text": choice.send.as_str(),
                    }})
                })
                .collect();
            if items.is_empty() {
                json!({ "type": "text", "text": text.as_str() })
            } else {
                json!({ "type": "text", "text": text.as_str(), "quickReply": { "items": items } })
            }
        }
    }
}

/// The answer to a question, or why there is none.
pub(super) fn told(answer: Answer) -> Result<Json, SendError> {
    if answer.is_success() {
        return Ok(answer.json());
    }
    Err(send_error(&answer, &Value::Null).of_asking())
}
