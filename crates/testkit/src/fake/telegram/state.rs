//! What Telegram remembers of a bot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use serde_json::Value;

use crate::people::Person;

/// Updates nobody fetched are gone after a day.
const UPDATE_LIFE_MS: i64 = 24 * 3_600_000;

/// Sent only when asked for by name.
const ONLY_WHEN_NAMED: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

pub(super) struct State {
    pub(super) updates: VecDeque<Update>,
    next_update: i64,
    /// Empty: all but those only sent when named.
    pub(super) allowed: Vec<String>,
    pub(super) webhook: Option<Webhook>,
    /// Counts the calls of getUpdates: a poll that is not the newest has been terminated.
    pub(super) polls: u64,
    pub(super) chats: BTreeMap<i64, Chat>,
    pub(super) files: BTreeMap<String, Bytes>,
    /// Callback queries that may still be answered.
    pub(super) queries: BTreeSet<String>,
    pub(super) token_revoked: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Update {
    pub(super) id: i64,
    pub(super) at_ms: i64,
    pub(super) body: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) secret: Option<String>,
    pub(super) last_error: Option<(i64, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct Chat {
    pub(super) person: Person,
    pub(super) blocked: bool,
    /// The newest message id; they count up within a chat.
    pub(super) last_message: i64,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            updates: VecDeque::new(),
            // Beyond 32 bits, and growing with the seed as with time.
            next_update: 5_000_000_000 + i64::try_from(seed % 1_000_000_000_000).unwrap_or(0) * 1_000,
            allowed: Vec::new(),
            webhook: None,
            polls: 0,
            chats: BTreeMap::new(),
            files: BTreeMap::new(),
            queries: BTreeSet::new(),
            token_revoked: false,
        }
    }

    pub(super) fn meet(&mut self, person: &Person) -> &mut Chat {
        let chat = Chat { person: person.clone(), blocked: false, last_message: 0 };
        self.chats.entry(person.telegram_id()).or_insert(chat)
    }

    pub(super) fn next_message(&mut self, chat: i64) -> i64 {
        self.chats.get_mut(&chat).map_or(0, |chat| {
            chat.last_message += 1;
            chat.last_message
        })
    }

    pub(super) fn next_update_id(&mut self) -> i64 {
        self.next_update += 1;
        self.next_update
    }

    /// None of its kind is wanted: Telegram does not even keep it.
    pub(super) fn wants(&self, update: &Value) -> bool {
        let kinds = update.as_object().into_iter().flat_map(|fields| fields.keys());
        let kind = kinds.map(String::as_str).find(|key| *key != "update_id").unwrap_or_default();
        if self.allowed.is_empty() {
            !ONLY_WHEN_NAMED.contains(&kind)
        } else {
            self.allowed.iter().any(|allowed| allowed == kind)
        }
    }

    /// Everything below `offset` is confirmed and gone; a negative one leaves that many of the newest.
    pub(super) fn confirm(&mut self, offset: i64, now_ms: i64) {
        self.updates.retain(|update| now_ms - update.at_ms < UPDATE_LIFE_MS);
        if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            while self.updates.len() > keep {
                self.updates.pop_front();
            }
        } else {
            self.updates.retain(|update| update.id >= offset);
        }
    }
}
