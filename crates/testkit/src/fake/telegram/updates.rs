//! What people do on Telegram, as updates: queued for polling, or posted with the secret header.

use bytes::Bytes;
use domain::Platform;
use serde_json::{Value, json};

use super::{
    Telegram,
    state::{Chat, Update},
};
use crate::{
    ledger::{Entry, Said},
    objects::{merged, set},
    people::Person,
    webhook::SignedWebhook,
    wire::held,
};

/// Updates that are being filled; each is one update of its own, numbered when it is added.
pub struct TelegramUpdates<'a> {
    telegram: &'a Telegram,
    updates: Vec<Value>,
    /// The time of the messages; the clock's unless set.
    at_ms: Option<i64>,
}

impl<'a> TelegramUpdates<'a> {
    pub(super) fn new(telegram: &'a Telegram) -> Self {
        Self { telegram, updates: Vec::new(), at_ms: None }
    }

    /// The messages added from here on were written then.
    #[must_use]
    pub fn at_ms(mut self, millis: i64) -> Self {
        self.at_ms = Some(millis);
        self
    }

    #[must_use]
    pub fn text(self, person: &Person, text: &str) -> Self {
        self.message(person, text, json!({ "text": text }))
    }

    /// Three quick messages instead of one: three updates.
    #[must_use]
    pub fn burst(self, person: &Person, texts: &[&str]) -> Self {
        texts.iter().fold(self, |updates, text| updates.text(person, text))
    }

    #[must_use]
    pub fn sticker(self, person: &Person, emoji: &str) -> Self {
        let sticker = json!({
            "file_id": "CAAC-sticker", "file_unique_id": "s1", "type": "regular", "width": 512, "height": 512,
            "is_animated": false, "is_video": false, "emoji": emoji, "set_name": "SalaCats",
        });
        self.message(person, &format!("[sticker {emoji}]"), json!({ "sticker": sticker }))
    }

    /// The bytes can be fetched by the photo's file id.
    #[must_use]
    pub fn photo(self, person: &Person, caption: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let file: String = self.telegram.ids.hex().chars().take(20).collect();
        let file = format!("AgAC{file}");
        let size = json!({
            "file_id": file, "file_unique_id": "u1", "file_size": bytes.len(), "width": 800, "height": 600,
        });
        held(&self.telegram.state).files.insert(file, bytes);
        let mut message = json!({ "photo": [size] });
        if !caption.is_empty() {
            set(&mut message, "caption", json!(caption));
        }
        self.message(person, &format!("[photo] {caption}"), message)
    }

    #[must_use]
    pub fn location(self, person: &Person, latitude: f64, longitude: f64) -> Self {
        let location = json!({ "latitude": latitude, "longitude": longitude });
        self.message(person, "[location]", json!({ "location": location }))
    }

    /// A tap on an inline button; it waits for an answer.
    #[must_use]
    pub fn tap(self, person: &Person, message_id: i64, data: &str) -> Self {
        self.said(person, &format!("[taps {data}]"));
        let id = self.telegram.ids.digits(18);
        let at_s = self.now() / 1_000;
        let mut state = held(&self.telegram.state);
        let chat = chat_json(state.meet(person));
        state.queries.insert(id.clone());
        drop(state);
        let under =
            json!({ "message_id": message_id, "from": self.telegram.bot(), "chat": chat, "date": at_s });
        let query = json!({
            "id": id, "from": user_json(person), "message": under, "chat_instance": "1", "data": data,
        });
        self.update(json!({ "callback_query": query }))
    }

    #[must_use]
    pub fn edited(self, person: &Person, message_id: i64, text: &str) -> Self {
        self.said(person, &format!("[edits] {text}"));
        let at_s = self.now() / 1_000;
        let chat = chat_json(held(&self.telegram.state).meet(person));
        let message = json!({
            "message_id": message_id, "from": user_json(person), "chat": chat, "date": at_s, "edit_date": at_s,
            "text": text,
        });
        self.update(json!({ "edited_message": message }))
    }

    /// The person blocks the bot, which is told so.
    #[must_use]
    pub fn blocks(self, person: &Person) -> Self {
        self.said(person, "[blocks the bot]");
        let at_s = self.now() / 1_000;
        let mut state = held(&self.telegram.state);
        let chat = state.meet(person);
        chat.blocked = true;
        let chat = chat_json(chat);
        drop(state);
        let bot = self.telegram.bot();
        let member = json!({
            "chat": chat, "from": user_json(person), "date": at_s,
            "old_chat_member": { "user": bot, "status": "member" },
            "new_chat_member": { "user": bot, "status": "kicked", "until_date": 0 },
        });
        self.update(json!({ "my_chat_member": member }))
    }

    /// An update of a kind that nobody knows.
    #[must_use]
    pub fn unknown(self, kind: &str) -> Self {
        self.update(json!({ kind: { "surprise": [1, 2, 3] } }))
    }

    /// Waits to be polled (or delivered, when a webhook is set): the ids of those Telegram kept. Kinds that
    /// were not asked for are not kept.
    pub fn queued(self) -> Vec<i64> {
        let at_ms = self.telegram.clock.now_ms();
        let mut state = held(&self.telegram.state);
        let mut ids = Vec::new();
        for body in self.updates {
            let id = body.get("update_id").and_then(Value::as_i64).unwrap_or(0);
            if state.wants(&body) {
                state.updates.push_back(Update { id, at_ms, body });
                ids.push(id);
            }
        }
        drop(state);
        self.telegram.moved.notify_waiters();
        ids
    }

    /// Each as a webhook of its own, for posting by hand: twice, late, out of order.
    pub fn signed(self) -> Vec<SignedWebhook> {
        let hooks = self.updates.iter().map(|update| {
            let message = update.pointer("/message/message_id").and_then(Value::as_i64);
            let ids = message.map(|id| id.to_string()).into_iter().collect();
            signed(self.telegram, Bytes::from(update.to_string()), ids)
        });
        hooks.collect()
    }

    fn message(self, person: &Person, shown: &str, what: Value) -> Self {
        self.said(person, shown);
        let at_s = self.now() / 1_000;
        let mut state = held(&self.telegram.state);
        let chat = chat_json(state.meet(person));
        let message_id = state.next_message(person.telegram_id());
        drop(state);
        let mut message =
            json!({ "message_id": message_id, "from": user_json(person), "chat": chat, "date": at_s });
        message = merged(message, what);
        self.update(json!({ "message": message }))
    }

    fn update(mut self, mut body: Value) -> Self {
        let id = held(&self.telegram.state).next_update_id();
        if let Some(fields) = body.as_object_mut() {
            fields.insert("update_id".to_owned(), json!(id));
        }
        self.updates.push(body);
        self
    }

    fn said(&self, person: &Person, text: &str) {
        self.telegram.ledger.keep(Entry::Said(Said {
            at_ms: self.telegram.clock.now_ms(),
            platform: Platform::Telegram,
            from: person.telegram_id().to_string(),
            name: person.name.clone(),
            text: text.to_owned(),
        }));
    }

    fn now(&self) -> i64 {
        self.at_ms.unwrap_or_else(|| self.telegram.clock.now_ms())
    }
}

/// `X-Telegram-Bot-Api-Secret-Token`: the secret as it was set. <https://core.telegram.org/bots/api#setwebhook>
pub(super) fn signed(telegram: &Telegram, body: Bytes, message_ids: Vec<String>) -> SignedWebhook {
    let secret = held(&telegram.state).webhook.as_ref().and_then(|webhook| webhook.secret.clone());
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(secret.map(|secret| ("x-telegram-bot-api-secret-token".to_owned(), secret)));
    SignedWebhook { platform: Platform::Telegram, body, headers, message_ids }
}

pub(super) async fn deliver(telegram: &Telegram) -> anyhow::Result<usize> {
    let mut taken = 0;
    loop {
        let next = {
            let state = held(&telegram.state);
            state.webhook.as_ref().map(|webhook| webhook.url.clone()).zip(state.updates.front().cloned())
        };
        let Some((url, update)) = next else { return Ok(taken) };
        let hook = signed(telegram, Bytes::from(update.body.to_string()), Vec::new());
        let outcome = match telegram.postman.post(&url, &hook).await {
            Ok(posted) if (200..300).contains(&posted.status) => Ok(()),
            Ok(posted) => Err(format!("Wrong response from the webhook: {}", posted.status)),
            Err(_) => Err("Connection failed".to_owned()),
        };
        let mut state = held(&telegram.state);
        match outcome {
            Ok(()) => {
                state.updates.retain(|one| one.id != update.id);
                taken += 1;
            }
            Err(error) => {
                let now_ms = telegram.clock.now_ms();
                if let Some(webhook) = &mut state.webhook {
                    webhook.last_error = Some((now_ms, error));
                }
                return Ok(taken);
            }
        }
    }
}

pub(super) fn chat_json(chat: &Chat) -> Value {
    json!({
        "id": chat.person.telegram_id(), "type": "private", "first_name": chat.person.display_name,
        "username": username(&chat.person),
    })
}

fn user_json(person: &Person) -> Value {
    json!({
        "id": person.telegram_id(), "is_bot": false, "first_name": person.display_name,
        "username": username(person), "language_code": person.language,
    })
}

fn username(person: &Person) -> String {
    person.name.to_lowercase().replace(' ', "_")
}
