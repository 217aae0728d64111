//! The inbox: conversations with their last words, and searching everything said.

use domain::{Author, ChannelId, ConversationId, Keeper, MessageId, Platform, Timestamp, Words};
use serde::{Deserialize, Serialize};
use store::views::InboxFilter;

use crate::{House, Result};

/// At most so many rows at once.
const MOST: u32 = 500;

/// Which conversations, newest first; what is not said does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub struct Wanted {
    pub channel: Option<ChannelId>,
    pub keeper: Option<KeptBy>,
    /// None = open ones.
    pub state: Option<TalkState>,
    /// Older than this: the `last_at` of the last row seen.
    pub before: Option<Timestamp>,
    /// 50 when nothing is said, 500 at the most.
    pub most: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptBy {
    Assistant,
    Waiting,
    Person,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TalkState {
    Open,
    Snoozed,
    Resolved,
}

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub conversation: ConversationId,
    pub channel: ChannelId,
    pub platform: Platform,
    pub customer: Option<Words>,
    pub last_words: Words,
    pub last_author: Option<Author>,
    pub last_at: Timestamp,
    #[serde(flatten)]
    pub keeper: Keeper,
    pub unread: u32,
    pub state: String,
}

pub async fn list(house: &House, wanted: &Wanted) -> Result<Vec<Row>> {
    let filter = InboxFilter {
        channel: wanted.channel,
        keeper: wanted.keeper.map(|keeper| keeper.name().to_owned()),
        state: wanted.state.map(|state| state.name().to_owned()),
    };
    let most = i64::from(wanted.most.unwrap_or(50).min(MOST));
    let rows = house.flow.read().inbox(house.flow.workspace(), &filter, wanted.before, most).await?;
    let now = house.now();
    Ok(rows
        .into_iter()
        .map(|row| Row {
            conversation: row.conversation,
            channel: row.channel,
            platform: row.platform,
            customer: row.customer_name,
            last_words: row.last_words,
            last_author: row.last_author,
            last_at: row.last_message_at,
            keeper: row.keeper.at(now),
            unread: row.unread,
            state: row.state,
        })
        .collect())
}

/// A message that holds the words searched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// To ask for older ones.
    pub row: i64,
    pub message: MessageId,
    pub conversation: ConversationId,
    pub text: Words,
    pub said_at: Timestamp,
}

/// The newest messages that hold the words, Thai in mid-sentence included; older than `before` (a row) when given.
pub async fn search(house: &House, words: &str, before: Option<i64>, most: u32) -> Result<Vec<Found>> {
    let found = house.flow.read().search(words, before, i64::from(most.min(MOST))).await?;
    Ok(found
        .into_iter()
        .map(|one| Found {
            row: one.row,
            message: one.message,
            conversation: one.conversation,
            text: one.text,
            said_at: one.said_at,
        })
        .collect())
}

impl KeptBy {
    const fn name(self) -> &'static str {
        match self {
            Self::Assistant => "assistant",
            Self::Waiting => "waiting",
            Self::Person => "person",
        }
    }
}

impl TalkState {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }
}
