//! What LINE remembers between calls.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use super::{ContentState, REPLY_TOKEN_MS, REPLY_TOKEN_RENEWAL_MS, RETRY_KEY_MS};
use crate::people::Person;

pub(super) struct State {
    /// Access token → good until.
    tokens: BTreeMap<String, i64>,
    reply_tokens: BTreeMap<String, ReplyToken>,
    retry_keys: BTreeMap<String, Spent>,
    pub(super) friends: BTreeMap<String, Friend>,
    contents: BTreeMap<String, (ContentState, Bytes)>,
    /// markAsReadToken → user.
    pub(super) read_tokens: BTreeMap<String, String>,
    pub(super) quota: Option<u64>,
    pub(super) used: u64,
    pub(super) webhook: Option<(String, bool)>,
}

struct ReplyToken {
    to: String,
    event_ms: i64,
    until_ms: i64,
    used: bool,
}

/// A retry key that was accepted, and what came of it.
#[derive(Clone)]
pub(super) struct Spent {
    at_ms: i64,
    pub(super) request_id: String,
    pub(super) sent: Value,
}

#[derive(Clone)]
pub(super) struct Friend {
    pub(super) person: Person,
    pub(super) blocked: bool,
}

impl State {
    pub(super) fn new(access_token: &str) -> Self {
        Self {
            tokens: BTreeMap::from([(access_token.to_owned(), i64::MAX)]),
            reply_tokens: BTreeMap::new(),
            retry_keys: BTreeMap::new(),
            friends: BTreeMap::new(),
            contents: BTreeMap::new(),
            read_tokens: BTreeMap::new(),
            quota: None,
            used: 0,
            webhook: None,
        }
    }

    pub(super) fn allow(&mut self, token: &str, until_ms: i64) {
        self.tokens.insert(token.to_owned(), until_ms);
    }

    pub(super) fn revoke(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    pub(super) fn allows(&self, token: &str, now_ms: i64) -> bool {
        self.tokens.get(token).is_some_and(|until| now_ms < *until)
    }

    pub(super) fn meet(&mut self, person: &Person) {
        let friend = Friend { person: person.clone(), blocked: false };
        self.friends.entry(person.line_id()).or_insert(friend);
    }

    pub(super) fn block(&mut self, person: &Person, blocked: bool) {
        self.friends.insert(person.line_id(), Friend { person: person.clone(), blocked });
    }

    /// None: never met.
    pub(super) fn reaches(&self, user: &str) -> Option<bool> {
        self.friends.get(user).map(|friend| !friend.blocked)
    }

    pub(super) fn issue_reply_token(&mut self, token: &str, to: &str, now_ms: i64) {
        let until_ms = now_ms + REPLY_TOKEN_MS;
        self.reply_tokens.insert(
            token.to_owned(),
            ReplyToken { to: to.to_owned(), event_ms: now_ms, until_ms, used: false },
        );
    }

    pub(super) fn renew_reply_token(&mut self, token: &str, now_ms: i64) {
        if let Some(known) = self.reply_tokens.get_mut(token)
            && now_ms - known.event_ms <= REPLY_TOKEN_RENEWAL_MS
        {
            known.until_ms = now_ms + REPLY_TOKEN_MS;
        }
    }

    /// To whom the token leads, if it is still good. Spends it.
    pub(super) fn spend_reply_token(&mut self, token: &str, now_ms: i64) -> Option<String> {
        let known = self.reply_tokens.get_mut(token)?;
        if known.used || now_ms > known.until_ms {
            return None;
        }
        known.used = true;
        Some(known.to.clone())
    }

    pub(super) fn spent_key(&self, key: &str, now_ms: i64) -> Option<Spent> {
        self.retry_keys.get(key).filter(|spent| now_ms - spent.at_ms < RETRY_KEY_MS).cloned()
    }

    pub(super) fn spend_key(&mut self, key: &str, now_ms: i64, request_id: &str, sent: &Value) {
        let spent = Spent { at_ms: now_ms, request_id: request_id.to_owned(), sent: sent.clone() };
        self.retry_keys.insert(key.to_owned(), spent);
    }

    pub(super) fn add_content(&mut self, message_id: &str, bytes: Bytes) {
        self.contents.insert(message_id.to_owned(), (ContentState::Ready, bytes));
    }

    pub(super) fn set_content(&mut self, message_id: &str, state: ContentState) {
        if let Some(content) = self.contents.get_mut(message_id) {
            content.0 = state;
        }
    }

    pub(super) fn content(&self, message_id: &str) -> Option<(ContentState, Bytes)> {
        self.contents.get(message_id).cloned()
    }
}
