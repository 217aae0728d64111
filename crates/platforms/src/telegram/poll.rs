//! Long polling: asking with an offset confirms everything before it.
//!
//! <https://core.telegram.org/bots/api#getupdates>

use std::time::Duration;

use domain::{Event, EventKind, Timestamp};
use serde_json::json;

use super::{
    client::{Bot, Trouble, result},
    send::answer_button,
    wire::{self, Me},
};
use crate::{
    PollError, Polled,
    http::Answer,
    json::{Json, elements, members, text_of_body},
};

/// Everything we read. Always sent: the server keeps the last list, and an empty one leaves reactions out.
pub(super) const WANTED: [&str; 23] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
];

/// The server waits no longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(50);

/// Held while polling; remembers the buttons that still spin.
#[derive(Debug, Default)]
pub(super) struct Lease {
    spinning: Vec<String>,
}

pub(super) async fn poll(
    bot: &Bot,
    lease: &mut Lease,
    me: &Me,
    cursor: Option<&str>,
    wait: Duration,
) -> Result<Polled, PollError> {
    // What the last poll brought is stored by now: the buttons tapped in it may stop spinning.
    for button in std::mem::take(&mut lease.spinning) {
        if answer_button(bot, &button).await.is_err() {
            tracing::debug!("a tapped button could not be answered");
        }
    }
    let wait = wait.min(LONGEST_WAIT);
    let mut body = json!({ "limit": 100, "timeout": wait.as_secs(), "allowed_updates": WANTED });
    let offset = cursor.and_then(|cursor| cursor.parse::<i64>().ok());
    if let (Some(offset), Some(members)) = (offset, body.as_object_mut()) {
        members.insert("offset".to_owned(), json!(offset));
    }
    let answer = bot.exchange("getUpdates", &body, Some(wait)).await.map_err(poll_error)?;
    let text = text_of_body(&answer.body);
    // Some updates (a tapped button) carry no time of their own; they are as new as the answer that brought them.
    let told = answer_time(&answer).unwrap_or_default();
    result(answer).map_err(poll_error)?;
    let members = members(&text).map_err(|_| PollError::Unreachable)?;
    let updates = elements(members.get("result")).ok_or(PollError::Unreachable)?;
    let mut next = offset;
    let mut events: Vec<Event> = Vec::new();
    for raw in updates {
        let id = Json::read(raw.get()).get("update_id").integer();
        next = next.max(id.map(|id| id.saturating_add(1)));
        events.extend(wire::events(raw.get(), me, told));
    }
    lease.spinning = events.iter().filter_map(button).collect();
    Ok(Polled { events, cursor: next.map_or_else(String::new, |next| next.to_string()) })
}

/// By the server's clock.
fn answer_time(answer: &Answer) -> Option<Timestamp> {
    let date = answer.headers.get("date")?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(Timestamp::from_millis(date.timestamp().as_millisecond()))
}

fn button(event: &Event) -> Option<String> {
    if let EventKind::Message(message) = &event.what {
        message.read_token.clone().filter(|token| token.starts_with("callback:"))
    } else {
        None
    }
}

fn poll_error(trouble: Trouble) -> PollError {
    if let Trouble::Refused(refusal) = &trouble
        && refusal.code == 409
    {
        return PollError::Conflict { why: refusal.description.chars().take(200).collect() };
    }
    trouble.of_asking().of_polling()
}
