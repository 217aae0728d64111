//! LINE's side of a conversation: what people do there, as webhooks in LINE's shape and with its signature.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use domain::Platform;
use serde_json::{Value, json};

use super::{ContentState, Line};
use crate::{
    ids::keyed,
    ledger::{Entry, Said},
    objects::merged,
    people::Person,
    webhook::SignedWebhook,
    wire::held,
};

/// A webhook that is being filled; events stand in it in the order they are added.
pub struct LineWebhook<'a> {
    line: &'a Line,
    events: Vec<Value>,
    message_ids: Vec<String>,
    /// The time of the events; the clock's unless set.
    at_ms: Option<i64>,
}

impl<'a> LineWebhook<'a> {
    pub(super) fn new(line: &'a Line) -> Self {
        Self { line, events: Vec::new(), message_ids: Vec::new(), at_ms: None }
    }

    /// The events added from here on happened then: hours late, out of order, absurd.
    #[must_use]
    pub fn at_ms(mut self, millis: i64) -> Self {
        self.at_ms = Some(millis);
        self
    }

    #[must_use]
    pub fn text(self, person: &Person, text: &str) -> Self {
        let quote_token = self.line.ids.hex();
        self.message(person, text, json!({ "type": "text", "text": text, "quoteToken": quote_token }))
    }

    /// Three quick messages instead of one, in one webhook.
    #[must_use]
    pub fn burst(self, person: &Person, texts: &[&str]) -> Self {
        texts.iter().fold(self, |hook, text| hook.text(person, text))
    }

    #[must_use]
    pub fn sticker(self, person: &Person, keywords: &[&str]) -> Self {
        let shown = format!("[sticker {}]", keywords.join(" "));
        let quote_token = self.line.ids.hex();
        let message = json!({
            "type": "sticker", "packageId": "446", "stickerId": "1988", "stickerResourceType": "ANIMATION",
            "keywords": keywords, "quoteToken": quote_token,
        });
        self.message(person, &shown, message)
    }

    /// The bytes can be fetched by the message's id.
    #[must_use]
    pub fn image(self, person: &Person, bytes: impl Into<Bytes>) -> Self {
        let quote_token = self.line.ids.hex();
        let message =
            json!({ "type": "image", "contentProvider": { "type": "line" }, "quoteToken": quote_token });
        let hook = self.message(person, "[image]", message);
        if let Some(id) = hook.message_ids.last() {
            held(&hook.line.state).add_content(id, bytes.into());
        }
        hook
    }

    #[must_use]
    pub fn location(self, person: &Person, title: &str, latitude: f64, longitude: f64) -> Self {
        let message = json!({
            "type": "location", "title": title, "address": title, "latitude": latitude, "longitude": longitude,
        });
        self.message(person, "[location]", message)
    }

    #[must_use]
    pub fn postback(self, person: &Person, data: &str) -> Self {
        self.said(person, &format!("[taps {data}]"));
        self.event(person, "postback", json!({ "postback": { "data": data } }), Answerable::Yes)
    }

    /// `again`: the person had blocked the account before.
    #[must_use]
    pub fn follow(self, person: &Person, again: bool) -> Self {
        held(&self.line.state).block(person, false);
        self.said(person, "[follows]");
        self.event(person, "follow", json!({ "follow": { "isUnblocked": again } }), Answerable::Yes)
    }

    #[must_use]
    pub fn unfollow(self, person: &Person) -> Self {
        let hook = self.event(person, "unfollow", json!({}), Answerable::No);
        hook.said(person, "[blocks the account]");
        held(&hook.line.state).block(person, true);
        hook
    }

    /// The person takes a message back; its content is gone too.
    #[must_use]
    pub fn unsend(self, person: &Person, message_id: &str) -> Self {
        held(&self.line.state).set_content(message_id, ContentState::Gone);
        self.said(person, "[takes a message back]");
        self.event(person, "unsend", json!({ "unsend": { "messageId": message_id } }), Answerable::No)
    }

    /// LINE has this in group chats only; the document does not know it yet, the reference does.
    #[must_use]
    pub fn edited(self, person: &Person, group: &str, message_id: &str, text: &str) -> Self {
        self.said(person, &format!("[edits] {text}"));
        let message =
            json!({ "id": message_id, "type": "text", "text": text, "quoteToken": self.line.ids.hex() });
        let source = json!({ "type": "group", "groupId": group, "userId": person.line_id() });
        let hook = self.event(person, "messageEdited", json!({ "message": message }), Answerable::Yes);
        hook.with_source(source)
    }

    #[must_use]
    pub fn group_text(self, person: &Person, group: &str, text: &str) -> Self {
        let source = json!({ "type": "group", "groupId": group, "userId": person.line_id() });
        self.text(person, text).with_source(source)
    }

    /// The bot is told that a push has been delivered (`delivery`, the phone-number notification's receipt).
    #[must_use]
    pub fn delivery(mut self, data: &str) -> Self {
        let event = self.common("delivery");
        self.events.push(merged(event, json!({ "delivery": { "data": data } })));
        self
    }

    /// An event of a kind that nobody knows.
    #[must_use]
    pub fn unknown(self, person: &Person, kind: &str) -> Self {
        self.event(person, kind, json!({ kind: { "surprise": [1, 2, 3] } }), Answerable::No)
    }

    /// Any event as it is.
    #[must_use]
    pub fn raw(mut self, event: Value) -> Self {
        self.events.push(event);
        self
    }

    /// The last event first: a batch in which order cannot be trusted.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.events.reverse();
        self
    }

    /// The last event comes to a channel in standby: without reply token, not to be answered.
    #[must_use]
    pub fn standby(mut self) -> Self {
        if let Some(event) = self.events.last_mut().and_then(Value::as_object_mut) {
            event.insert("mode".to_owned(), json!("standby"));
            event.remove("replyToken");
        }
        self
    }

    pub fn signed(self) -> SignedWebhook {
        let body = json!({ "destination": self.line.account.bot_user_id, "events": self.events });
        signed(self.line, Bytes::from(body.to_string()), self.message_ids)
    }

    fn message(mut self, person: &Person, shown: &str, message: Value) -> Self {
        self.said(person, shown);
        let id = self.line.ids.digits(18);
        let read_token = self.line.ids.hex();
        held(&self.line.state).read_tokens.insert(read_token.clone(), person.line_id());
        self.message_ids.push(id.clone());
        let message = merged(message, json!({ "id": id, "markAsReadToken": read_token }));
        self.event(person, "message", json!({ "message": message }), Answerable::Yes)
    }

    fn event(mut self, person: &Person, kind: &str, body: Value, answerable: Answerable) -> Self {
        let user = person.line_id();
        let mut event = merged(self.common(kind), json!({ "source": { "type": "user", "userId": user } }));
        let mut state = held(&self.line.state);
        state.meet(person);
        if answerable == Answerable::Yes {
            let token: String = self.line.ids.hex().chars().take(32).collect();
            state.issue_reply_token(&token, &user, self.line.clock.now_ms());
            event = merged(event, json!({ "replyToken": token }));
        }
        drop(state);
        self.events.push(merged(event, body));
        self
    }

    fn common(&self, kind: &str) -> Value {
        let at_ms = self.at_ms.unwrap_or_else(|| self.line.clock.now_ms());
        json!({
            "type": kind,
            "mode": "active",
            "timestamp": at_ms,
            "webhookEventId": self.line.ids.ulid(at_ms),
            "deliveryContext": { "isRedelivery": false },
        })
    }

    fn with_source(mut self, source: Value) -> Self {
        if let Some(event) = self.events.last_mut().and_then(Value::as_object_mut) {
            event.insert("source".to_owned(), source);
        }
        self
    }

    fn said(&self, person: &Person, text: &str) {
        self.line.ledger.keep(Entry::Said(Said {
            at_ms: self.line.clock.now_ms(),
            platform: Platform::Line,
            from: person.line_id(),
            name: person.name.clone(),
            text: text.to_owned(),
        }));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answerable {
    Yes,
    No,
}

/// `x-line-signature`: base64 of HMAC-SHA256 with the channel secret over the body's bytes.
/// <https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/>
pub(super) fn signed(line: &Line, body: Bytes, message_ids: Vec<String>) -> SignedWebhook {
    let signature = STANDARD.encode(keyed(line.account.channel_secret.as_bytes(), &body));
    SignedWebhook {
        platform: Platform::Line,
        headers: vec![
            ("content-type".to_owned(), "application/json; charset=utf-8".to_owned()),
            ("user-agent".to_owned(), "LineBotWebhook/2.0".to_owned()),
            ("x-line-signature".to_owned(), signature),
        ],
        body,
        message_ids,
    }
}

pub(super) fn redelivered(line: &Line, hook: &SignedWebhook) -> SignedWebhook {
    let mut body: Value = serde_json::from_slice(&hook.body).unwrap_or(Value::Null);
    let events = body.get_mut("events").and_then(Value::as_array_mut);
    for event in events.into_iter().flatten() {
        if let Some(token) = event.get("replyToken").and_then(Value::as_str) {
            held(&line.state).renew_reply_token(token, line.clock.now_ms());
        }
        if let Some(fields) = event.as_object_mut() {
            fields.insert("deliveryContext".to_owned(), json!({ "isRedelivery": true }));
        }
    }
    signed(line, Bytes::from(body.to_string()), hook.message_ids.clone())
}
