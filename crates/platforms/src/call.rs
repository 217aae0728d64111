//! What we hand to a platform, and what came of it.

use domain::{ReplyId, ReplyToken, ThreadKind, Timestamp, Words};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A piece of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutPart {
    Text(Words),
    /// Fetched by the platform, so both must be public https addresses; `preview` defaults to the picture.
    Image {
        url: String,
        preview: Option<String>,
    },
    QuickReplies {
        text: Words,
        choices: Vec<Choice>,
    },
}

/// One button: what it shows, and what the customer says by tapping it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub label: Words,
    pub send: Words,
}

/// One call to a platform: body, recipient and key frozen before the first byte leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub reply: ReplyId,
    /// The idempotency key of this very call; the same on every attempt of it.
    pub key: Uuid,
    /// The platform's key of the conversation, as in `domain::Thread::key`.
    pub thread: String,
    pub kind: ThreadKind,
    /// One element of what `Adapter::pack` returned.
    pub parts: Vec<OutPart>,
    /// The platform's id of the message answered: quoted where the platform can, and needed to answer a comment.
    pub answers: Option<String>,
    /// Only while usable; spent by the first call that carries it, whatever comes of that.
    pub reply_token: Option<ReplyToken>,
    /// A person typed these words, or approved them letter by letter.
    pub typed_by_person: bool,
    pub last_inbound: Option<Timestamp>,
    pub now: Timestamp,
}

/// The platform has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The platform's ids of the messages, in order; empty where it gives none.
    pub messages: Vec<String>,
    pub way: SentWay,
    /// Messages counted against the channel's quota by this call.
    pub quota_used: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SentWay {
    /// With a reply token, free of charge.
    Reply,
    /// Counted against the quota.
    Push,
    Plain,
}
