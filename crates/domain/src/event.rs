//! What platforms tell us, in one form: the result of parsing a webhook, an update or a history page.

use serde::{Deserialize, Serialize};

use crate::{Part, Timestamp, Words};

/// One thing that happened on a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The platform's id of the event, or a digest where it gives none: unique per channel for ever.
    pub key: String,
    /// When it happened, by the platform's clock.
    pub at: Timestamp,
    /// The account of ours it is addressed to (Page id, bot user id), where the platform says.
    pub account: Option<String>,
    /// Where it happened; none for events of the account as a whole.
    pub thread: Option<Thread>,
    #[serde(flatten)]
    pub what: EventKind,
}

/// The place of a conversation on its platform, and who acted there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The platform's key of the conversation: the customer's id in a direct talk, the group's id in a group.
    pub key: String,
    pub kind: ThreadKind,
    /// The person who acted, where known.
    pub peer: Option<Peer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadKind {
    Direct,
    /// A group or room in which the account is a member: read, shown, answered only when addressed.
    Group,
    Comment,
    Mention,
    Review,
}

/// A person as a platform shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Peer {
    /// The platform's id of the person.
    pub id: String,
    pub name: Option<Words>,
    /// BCP 47, as the platform gives it.
    pub language: Option<String>,
    pub picture: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A customer said something.
    Message(Incoming),
    /// Our side said something: from here, from the platform's own app, or from another program.
    Echo(Echo),
    Edited {
        message: String,
        parts: Vec<Part>,
    },
    /// The sender took a message back: its stored copy must go.
    Unsent {
        message: String,
    },
    Reacted {
        message: Option<String>,
        emoji: Option<String>,
        removed: bool,
    },
    /// Delivered: the named messages, and everything sent at or before `up_to`.
    Delivered {
        messages: Vec<String>,
        up_to: Option<Timestamp>,
    },
    Read {
        message: Option<String>,
        up_to: Option<Timestamp>,
    },
    /// A send that was accepted has failed after all.
    Failed {
        message: String,
        reason: String,
    },
    /// The customer added the account (again).
    Followed {
        again: bool,
        reply_token: Option<ReplyToken>,
    },
    /// The customer removed or blocked the account.
    Unfollowed,
    /// The account came into a group, or left it.
    Joined {
        reply_token: Option<ReplyToken>,
    },
    Left,
    MembersChanged {
        joined: Vec<String>,
        left: Vec<String>,
    },
    /// The customer came through an advertisement or a link.
    Referred(Referral),
    /// The customer agreed to be written to, linked an account, accepted a request.
    Consented {
        how: String,
    },
    ProfileChanged(Peer),
    /// The platform moved the conversation: `to_key` is its new key.
    Migrated {
        to_key: String,
    },
    /// Another application holds the conversation (or gave it back).
    ControlChanged {
        ours: bool,
    },
    /// The account was warned, suspended, resumed, blocked.
    AccountNotice {
        what: String,
        healthy: bool,
    },
    /// A public post, comment count, like or the like: recorded and counted, not answered.
    Activity {
        what: String,
    },
    /// Known to be something, unknown what: kept as it came.
    Unsupported {
        what: String,
        raw: String,
    },
}

/// A customer's message as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    /// The platform's message id.
    pub message: String,
    pub parts: Vec<Part>,
    /// The platform's id of the message this one quotes.
    pub reply_to: Option<String>,
    pub reply_token: Option<ReplyToken>,
    /// Needed by some platforms to mark the message as read.
    pub read_token: Option<String>,
    /// Needed by some platforms to quote the message.
    pub quote_token: Option<String>,
    pub referral: Option<Referral>,
    /// Another application holds the conversation: show, never answer by ourselves.
    pub standby: bool,
    /// In a group: the account was named. In a direct talk always true.
    pub addressed: bool,
}

impl Incoming {
    pub fn new(message: impl Into<String>, parts: Vec<Part>) -> Self {
        Self {
            message: message.into(),
            parts,
            reply_to: None,
            reply_token: None,
            read_token: None,
            quote_token: None,
            referral: None,
            standby: false,
            addressed: true,
        }
    }
}

/// A message of our side, told back by the platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    pub message: String,
    pub parts: Vec<Part>,
    /// What we attached when sending (our reply's id); a foreign or missing value means a person wrote it.
    pub metadata: Option<String>,
    /// The application that sent it, where told.
    pub app: Option<String>,
}

/// Lets one answer go out free of charge, once, for a short time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyToken {
    pub token: String,
    pub until: Timestamp,
}

impl std::fmt::Debug for ReplyToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplyToken(redacted, until {:?})", self.until)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Referral {
    pub source: Option<String>,
    pub reference: Option<String>,
    pub ad: Option<String>,
    pub title: Option<Words>,
}
