//! What a Page remembers between calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{EchoTiming, GraphAccount};
use crate::people::Person;

/// Only so many newest messages of a conversation can be read.
pub(super) const READABLE_MESSAGES: usize = 20;

#[derive(Default)]
pub(super) struct State {
    /// By the person's page-scoped id.
    pub(super) talks: BTreeMap<String, Talk>,
    pub(super) subscribed: BTreeSet<String>,
    pub(super) echo: Option<(String, EchoTiming)>,
    pub(super) token_expired: bool,
    /// Comments that people wrote: comment id → person's id, time, and whether it was answered privately.
    pub(super) comments: BTreeMap<String, Comment>,
}

/// A comment under a post.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) from: String,
    pub(super) at_ms: i64,
    pub(super) answered_privately: bool,
}

/// Everything between the Page and one person.
#[derive(Debug, Clone)]
pub(super) struct Talk {
    pub(super) person: Person,
    pub(super) blocked: bool,
    /// The person's last message, tap or reaction.
    pub(super) last_action_ms: Option<i64>,
    pub(super) messages: Vec<Stored>,
}

#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) mid: String,
    pub(super) at_ms: i64,
    pub(super) from_page: bool,
    pub(super) text: String,
}

impl State {
    pub(super) fn meet(&mut self, person: &Person) -> &mut Talk {
        self.talks.entry(person.psid()).or_insert_with(|| Talk {
            person: person.clone(),
            blocked: false,
            last_action_ms: None,
            messages: Vec::new(),
        })
    }

    pub(super) fn store(&mut self, psid: &str, message: Stored) {
        if let Some(talk) = self.talks.get_mut(psid) {
            talk.messages.push(message);
        }
    }

    /// The message and whose conversation it is in; false: older than what can be read.
    pub(super) fn message(&self, mid: &str) -> Option<(&Talk, &Stored, bool)> {
        self.talks.values().find_map(|talk| {
            let from_newest = talk.messages.iter().rev().position(|stored| stored.mid == mid)?;
            let stored = talk.messages.iter().rev().nth(from_newest)?;
            Some((talk, stored, from_newest < READABLE_MESSAGES))
        })
    }
}

impl Talk {
    pub(super) fn id(&self) -> String {
        format!("t_{}", self.person.psid())
    }

    pub(super) fn updated_ms(&self) -> i64 {
        self.messages.iter().map(|stored| stored.at_ms).max().unwrap_or(0)
    }

    /// Everything that can be told of the conversation; the caller picks the fields.
    pub(super) fn as_json(&self, account: &GraphAccount) -> Value {
        let messages: Vec<Value> = self
            .messages
            .iter()
            .rev()
            .take(READABLE_MESSAGES)
            .map(|stored| stored.as_json(self, account))
            .collect();
        json!({
            "id": self.id(),
            "updated_time": iso(self.updated_ms()),
            "link": format!("/{}/inbox/{}/", account.page_id, self.person.psid()),
            "snippet": self.messages.last().map(|stored| stored.text.as_str()).unwrap_or_default(),
            "message_count": self.messages.len(),
            "unread_count": 0,
            "can_reply": !self.blocked,
            "participants": { "data": [self.party(account, false), self.party(account, true)] },
            "messages": { "data": messages },
        })
    }

    fn party(&self, account: &GraphAccount, page: bool) -> Value {
        if page {
            json!({ "name": account.page_name, "id": account.page_id })
        } else {
            json!({ "name": self.person.display_name, "id": self.person.psid() })
        }
    }
}

impl Stored {
    pub(super) fn as_json(&self, talk: &Talk, account: &GraphAccount) -> Value {
        json!({
            "id": self.mid,
            "created_time": iso(self.at_ms),
            "from": talk.party(account, self.from_page),
            "to": { "data": [talk.party(account, !self.from_page)] },
            "message": self.text,
        })
    }
}

/// `2026-01-02T03:04:05+0000`: whole seconds, the offset without a colon.
pub(super) fn iso(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}
