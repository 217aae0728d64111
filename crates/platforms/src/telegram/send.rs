//! Sending on Telegram: plain text, at most once.
//!
//! <https://core.telegram.org/bots/api#sendmessage>

use serde_json::{Map, Value, json};

use super::client::{Bot, Trouble};
use crate::{Call, OutPart, SendError, Sent, SentWay, http::Lost, json::Json};

/// Where a message goes, as the conversation's key says it.
struct Target<'a> {
    connection: Option<&'a str>,
    chat: &'a str,
    topic: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn of(thread: &'a str) -> Self {
        let (connection, place) = match thread.strip_prefix("business:").and_then(|rest| rest.split_once(':'))
        {
            Some((connection, place)) => (Some(connection), place),
            None => (None, thread),
        };
        match place.split_once('/') {
            Some((chat, topic)) => Self { connection, chat, topic: Some(topic) },
            None => Self { connection, chat: place, topic: None },
        }
    }

    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("chat_id".to_owned(), number(self.chat));
        if let Some(topic) = self.topic {
            body.insert("message_thread_id".to_owned(), number(topic));
        }
        if let Some(connection) = self.connection {
            body.insert("business_connection_id".to_owned(), json!(connection));
        }
        body
    }
}

/// Ids are 64-bit numbers; channels may also be named by `@username`.
fn number(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| json!(id), |number| json!(number))
}

pub(super) async fn send(bot: &Bot, call: &Call) -> Result<Sent, SendError> {
    let target = Target::of(&call.thread);
    let mut messages = Vec::new();
    for part in &call.parts {
        let (method, body) = message(call, &target, part);
        match deliver(bot, &target, method, &body).await {
            Ok(sent) => messages.extend(super::wire::message_id(&sent)),
            // Of several parts the first are out already, which no plain refusal would tell.
            Err(_) if !messages.is_empty() => return Err(SendError::Unsure),
            Err(trouble) => return Err(trouble.of_sending(&body)),
        }
    }
    Ok(Sent { messages, way: SentWay::Plain, quota_used: 0 })
}

async fn deliver(bot: &Bot, target: &Target<'_>, method: &str, body: &Value) -> Result<Json, Trouble> {
    bot.pace(target.chat).await?;
    let sent = bot.call(method, body).await;
    if let Err(Trouble::Refused(refusal)) = &sent
        && let Some(wait) = refusal.retry_after
    {
        bot.hold(target.chat, wait);
    }
    sent
}

fn message(call: &Call, target: &Target<'_>, part: &OutPart) -> (&'static str, Value) {
    let mut body = target.body();
    // In a group it must be seen who is answered; in a direct talk a quote would only be in the way.
    let quoted = call.answers.as_deref().filter(|_| target.chat.starts_with('-'));
    if let Some(message) = quoted.and_then(|id| id.rsplit_once(':')).map(|(_, message)| number(message)) {
        let reply = json!({ "message_id": message, "allow_sending_without_reply": true });
        body.insert("reply_parameters".to_owned(), reply);
    }
    let method = match part {
        OutPart::Text(words) => {
            body.insert("text".to_owned(), json!(words.as_str()));
            "sendMessage"
        }
        OutPart::Image { url, .. } => {
            body.insert("photo".to_owned(), json!(url));
            "sendPhoto"
        }
        OutPart::QuickReplies { text, choices } => {
            body.insert("text".to_owned(), json!(text.as_str()));
            let rows: Vec<Value> = choices
                .iter()
                .map(|choice| json!([{ "text": choice.label.as_str(), "callback_data": choice.send.as_str() }]))
                .collect();
            if !rows.is_empty() {
                body.insert("reply_markup".to_owned(), json!({ "inline_keyboard": rows }));
            }
            "sendMessage"
        }
    };
    (method, Value::Object(body))
}

/// Lasts five seconds.
pub(super) async fn typing(bot: &Bot, thread: &str) -> Result<(), SendError> {
    let mut body = Target::of(thread).body();
    body.insert("action".to_owned(), json!("typing"));
    bot.call("sendChatAction", &Value::Object(body)).await.map(|_| ()).map_err(Trouble::of_asking)
}

/// `callback:ID` stops a tapped button from spinning, `business:CONNECTION:CHAT:MESSAGE` marks a message to a
/// connected business account; bots have nothing else to mark.
pub(super) async fn mark_read(bot: &Bot, token: &str) -> Result<(), SendError> {
    if token.starts_with("callback:") {
        return answer_button(bot, token).await;
    }
    let Some(rest) = token.strip_prefix("business:") else { return Ok(()) };
    let mut pieces = rest.splitn(3, ':');
    let (Some(connection), Some(chat), Some(message)) = (pieces.next(), pieces.next(), pieces.next()) else {
        return Ok(());
    };
    let body = json!({
        "business_connection_id": connection,
        "chat_id": number(chat),
        "message_id": number(message),
    });
    bot.call("readBusinessMessage", &body).await.map(|_| ()).map_err(Trouble::of_asking)
}

/// Too late (400) is as good as done: the button no longer spins.
pub(super) async fn answer_button(bot: &Bot, token: &str) -> Result<(), SendError> {
    let id = token.strip_prefix("callback:").unwrap_or(token);
    match bot.call("answerCallbackQuery", &json!({ "callback_query_id": id })).await {
        Ok(_) => Ok(()),
        Err(Trouble::Refused(refusal)) if refusal.code == 400 => Ok(()),
        Err(Trouble::Lost(Lost::NotConnected | Lost::MaybeWritten)) => Err(SendError::Unreachable),
        Err(trouble) => Err(trouble.of_asking()),
    }
}
