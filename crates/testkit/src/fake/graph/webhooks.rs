//! Meta's side of a conversation: what people and the owner do there, as webhooks in Meta's shape, escaped and
//! signed as Meta does.

use bytes::Bytes;
use domain::Platform;
use serde_json::{Value, json};

use super::{
    Graph, PAGE_INBOX_APP,
    state::{Comment, Stored},
};
use crate::{
    ids::keyed_hex,
    ledger::{Accepted, Entry, Said, Way},
    objects::{merged, set},
    people::Person,
    webhook::SignedWebhook,
    wire::held,
};

/// A webhook that is being filled; each event becomes an entry of its own, in the order they are added.
pub struct GraphWebhook<'a> {
    graph: &'a Graph,
    entries: Vec<Value>,
    message_ids: Vec<String>,
    /// The time of the events; the clock's unless set.
    at_ms: Option<i64>,
}

impl<'a> GraphWebhook<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Self { graph, entries: Vec::new(), message_ids: Vec::new(), at_ms: None }
    }

    /// The events added from here on happened then.
    #[must_use]
    pub fn at_ms(mut self, millis: i64) -> Self {
        self.at_ms = Some(millis);
        self
    }

    #[must_use]
    pub fn text(self, person: &Person, text: &str) -> Self {
        self.message(person, text, json!({ "text": text }))
    }

    /// Three quick messages instead of one, in one webhook.
    #[must_use]
    pub fn burst(self, person: &Person, texts: &[&str]) -> Self {
        texts.iter().fold(self, |hook, text| hook.text(person, text))
    }

    /// A tapped quick reply is a text with a payload.
    #[must_use]
    pub fn quick_reply(self, person: &Person, title: &str, payload: &str) -> Self {
        self.message(person, title, json!({ "text": title, "quick_reply": { "payload": payload } }))
    }

    /// An answer to a certain message.
    #[must_use]
    pub fn answer_to(self, person: &Person, mid: &str, text: &str) -> Self {
        self.message(person, text, json!({ "text": text, "reply_to": { "mid": mid } }))
    }

    /// Thumbs up, in the form of 2026-08-30.
    #[must_use]
    pub fn sticker(self, person: &Person) -> Self {
        let payload =
            json!({ "url": "https://scontent.xx.fbcdn.net/t39.png", "sticker_id": 369_239_263_222_822_i64 });
        let message = json!({ "attachments": [{ "type": "sticker", "payload": payload }] });
        self.message(person, "[sticker]", message)
    }

    #[must_use]
    pub fn image(self, person: &Person, url: &str) -> Self {
        let message = json!({ "attachments": [{ "type": "image", "payload": { "url": url } }] });
        self.message(person, "[image]", message)
    }

    #[must_use]
    pub fn postback(self, person: &Person, title: &str, payload: &str) -> Self {
        self.acts(person, &format!("[taps {title}]"));
        let postback = json!({ "mid": self.graph.mid(), "title": title, "payload": payload });
        self.person_to_page(person, json!({ "postback": postback }))
    }

    #[must_use]
    pub fn reaction(self, person: &Person, mid: &str, emoji: &str) -> Self {
        self.acts(person, &format!("[reacts {emoji}]"));
        let reaction = json!({ "mid": mid, "action": "react", "reaction": "love", "emoji": emoji });
        self.person_to_page(person, json!({ "reaction": reaction }))
    }

    /// `times`: which edit of this message it is, from 1.
    #[must_use]
    pub fn edited(self, person: &Person, mid: &str, text: &str, times: u32) -> Self {
        self.acts(person, &format!("[edits] {text}"));
        let edit = json!({ "mid": mid, "text": text, "num_edit": times });
        self.person_to_page(person, json!({ "message_edit": edit }))
    }

    #[must_use]
    pub fn unsent(self, person: &Person, mid: &str) -> Self {
        self.acts(person, "[takes a message back]");
        self.person_to_page(person, json!({ "message": { "mid": mid, "is_deleted": true } }))
    }

    /// Through an advertisement.
    #[must_use]
    pub fn referral(self, person: &Person, ad: &str) -> Self {
        self.acts(person, "[comes through an ad]");
        let referral = json!({ "ref": "june", "source": "ADS", "type": "OPEN_THREAD", "ad_id": ad });
        self.person_to_page(person, json!({ "referral": referral }))
    }

    /// The person's phone has these messages, and all before now.
    #[must_use]
    pub fn delivered(self, person: &Person, mids: &[&str]) -> Self {
        let watermark = self.now();
        self.person_to_page(person, json!({ "delivery": { "mids": mids, "watermark": watermark } }))
    }

    /// The person has read everything up to now.
    #[must_use]
    pub fn read(self, person: &Person) -> Self {
        let watermark = self.now();
        self.person_to_page(person, json!({ "read": { "watermark": watermark } }))
    }

    /// The owner answers from the phone, in the Page inbox.
    #[must_use]
    pub fn by_hand(mut self, person: &Person, text: &str) -> Self {
        let (mid, at_ms, psid) = (self.graph.mid(), self.now(), person.psid());
        let mut state = held(&self.graph.state);
        state.meet(person);
        let stored = Stored { mid: mid.clone(), at_ms, from_page: true, text: text.to_owned() };
        state.store(&psid, stored);
        drop(state);
        self.graph.ledger.keep(Entry::Accepted(Accepted {
            at_ms,
            platform: Platform::Facebook,
            to: psid.clone(),
            way: Way::ByHand,
            key: None,
            token: None,
            request_id: mid.clone(),
            message_ids: vec![mid.clone()],
            text: text.to_owned(),
            shown: true,
            body: json!({ "message": { "text": text } }),
        }));
        let message = json!({ "mid": mid, "is_echo": true, "app_id": PAGE_INBOX_APP, "text": text });
        let event = self.between(&self.graph.account.page_id, &psid, json!({ "message": message }));
        self.message_ids.push(mid);
        self.entry("messaging", event)
    }

    /// A comment under a post of the Page.
    #[must_use]
    pub fn comment(mut self, person: &Person, post: &str, text: &str) -> Self {
        let id = format!("{}_{}", post, self.graph.ids.digits(15));
        let at_ms = self.now();
        let comment = Comment { from: person.psid(), at_ms, answered_privately: false };
        self.acts(person, &format!("[comments] {text}"));
        held(&self.graph.state).comments.insert(id.clone(), comment);
        let post = format!("{}_{post}", self.graph.account.page_id);
        let value = json!({
            "item": "comment", "verb": "add", "comment_id": id, "post_id": post, "parent_id": post,
            "from": { "id": person.psid(), "name": person.display_name }, "message": text,
            "created_time": at_ms / 1_000,
        });
        self.message_ids.push(id);
        let change = json!({ "field": "feed", "value": value });
        // Seconds for changes, milliseconds for messaging.
        let entry = json!({ "id": self.graph.account.page_id, "time": at_ms / 1_000, "changes": [change] });
        self.entries.push(entry);
        self
    }

    /// An event of a kind that nobody knows.
    #[must_use]
    pub fn unknown(self, person: &Person, kind: &str) -> Self {
        self.person_to_page(person, json!({ kind: { "surprise": [1, 2, 3] } }))
    }

    /// Any entry as it is.
    #[must_use]
    pub fn raw(mut self, entry: Value) -> Self {
        self.entries.push(entry);
        self
    }

    /// The last event goes to an app that does not own the thread.
    #[must_use]
    pub fn standby(mut self) -> Self {
        if let Some(entry) = self.entries.last_mut().and_then(Value::as_object_mut)
            && let Some(events) = entry.remove("messaging")
        {
            entry.insert("standby".to_owned(), events);
        }
        self
    }

    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.entries.reverse();
        self
    }

    pub fn signed(self) -> SignedWebhook {
        let body = json!({ "object": "page", "entry": self.entries });
        signed(self.graph, Bytes::from(escaped(&body)), self.message_ids)
    }

    fn message(mut self, person: &Person, shown: &str, mut message: Value) -> Self {
        let mid = self.graph.mid();
        self.acts(person, shown);
        let text = message.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        let stored = Stored { mid: mid.clone(), at_ms: self.now(), from_page: false, text };
        held(&self.graph.state).store(&person.psid(), stored);
        if let Some(fields) = message.as_object_mut() {
            fields.insert("mid".to_owned(), json!(mid));
        }
        self.message_ids.push(mid);
        self.person_to_page(person, json!({ "message": message }))
    }

    fn person_to_page(self, person: &Person, what: Value) -> Self {
        held(&self.graph.state).meet(person);
        let event = self.between(&person.psid(), &self.graph.account.page_id, what);
        self.entry("messaging", event)
    }

    fn between(&self, sender: &str, recipient: &str, what: Value) -> Value {
        between(sender, recipient, self.now(), what)
    }

    fn entry(mut self, list: &str, event: Value) -> Self {
        let entry = json!({ "id": self.graph.account.page_id, "time": self.now(), list: [event] });
        self.entries.push(entry);
        self
    }

    /// The person did something: the window opens, and the ledger has it.
    fn acts(&self, person: &Person, text: &str) {
        let at_ms = self.now();
        let mut state = held(&self.graph.state);
        let talk = state.meet(person);
        talk.last_action_ms = talk.last_action_ms.max(Some(at_ms));
        drop(state);
        self.graph.ledger.keep(Entry::Said(Said {
            at_ms: self.graph.clock.now_ms(),
            platform: Platform::Facebook,
            from: person.psid(),
            name: person.name.clone(),
            text: text.to_owned(),
        }));
    }

    fn now(&self) -> i64 {
        self.at_ms.unwrap_or_else(|| self.graph.clock.now_ms())
    }
}

pub(super) fn echo_of(graph: &Graph, sent: &Accepted) -> SignedWebhook {
    let mid = sent.message_ids.first().cloned().unwrap_or_default();
    let mut message = json!({ "mid": mid, "is_echo": true });
    if let Ok(app) = graph.account.app_id.parse::<i64>() {
        set(&mut message, "app_id", json!(app));
    }
    for name in ["text", "metadata"] {
        if let Some(value) = sent.body.pointer(&format!("/message/{name}")) {
            set(&mut message, name, value.clone());
        }
    }
    if let Some(attachment) = sent.body.pointer("/message/attachment") {
        set(&mut message, "attachments", json!([attachment]));
    }
    let now_ms = graph.clock.now_ms();
    let event = between(&graph.account.page_id, &sent.to, sent.at_ms, json!({ "message": message }));
    let entry = json!({ "id": graph.account.page_id, "time": now_ms, "messaging": [event] });
    let body = json!({ "object": "page", "entry": [entry] });
    signed(graph, Bytes::from(escaped(&body)), vec![mid])
}

/// `X-Hub-Signature-256`: HMAC-SHA256 with the app secret over the body's bytes, in hex.
/// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>
pub(super) fn signed(graph: &Graph, body: Bytes, message_ids: Vec<String>) -> SignedWebhook {
    let signature = format!("sha256={}", keyed_hex(graph.account.app_secret.as_bytes(), &body));
    SignedWebhook {
        platform: Platform::Facebook,
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), "facebookexternalua".to_owned()),
            ("x-hub-signature-256".to_owned(), signature),
        ],
        body,
        message_ids,
    }
}

fn between(sender: &str, recipient: &str, at_ms: i64, what: Value) -> Value {
    let mut event =
        json!({ "sender": { "id": sender }, "recipient": { "id": recipient }, "timestamp": at_ms });
    event = merged(event, what);
    event
}

/// As Meta writes and signs it: everything beyond ASCII as `\u0e01` in lowercase, slashes as `\/`.
fn escaped(body: &Value) -> String {
    let mut text = String::new();
    for letter in body.to_string().chars() {
        match letter {
            '/' => text.push_str("\\/"),
            ' '..='~' => text.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_escaped_as_meta_signs_them_and_mean_the_same() {
        let body = json!({ "text": "äöå ก 🌼 a/b \"\n" });
        let text = escaped(&body);
        assert!(text.contains("\\u00e4\\u00f6\\u00e5 \\u0e01 \\ud83c\\udf3c a\\/b"), "{text}");
        assert!(text.is_ascii());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), body);
    }
}
