//! The one trait: what every platform can be asked to do.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Attachment, Event, Peer, Platform, Timestamp};
use serde::Serialize;

use crate::{Abilities, Call, FetchError, OutPart, PollError, ReceiveError, SendError, Sent, Webhook};

/// One connected account on one platform.
#[async_trait]
pub trait Adapter: Send + Sync {
    fn platform(&self) -> Platform;

    fn abilities(&self) -> &Abilities;

    /// Verifies the signature over the raw bytes, then reads every event; unknown ones are kept as unsupported.
    fn receive(&self, hook: &Webhook) -> Result<Vec<Event>, ReceiveError>;

    /// The body to answer when `hook` is the platform's question whether this is our door (Meta's GET).
    fn challenge(&self, hook: &Webhook) -> Option<String>;

    /// Events since `cursor` (none: from the beginning of what the platform keeps), waiting up to `wait` for one.
    /// Asking with a cursor confirms everything before it: store the events first.
    async fn poll(&self, cursor: Option<&str>, wait: Duration) -> Result<Polled, PollError>;

    /// A reply dealt into calls that fit the platform; each element is the `parts` of one `Call`.
    fn pack(&self, parts: &[OutPart]) -> Vec<Vec<OutPart>>;

    async fn send(&self, call: &Call) -> Result<Sent, SendError>;

    /// What became of a call whose outcome is unknown; `tried` is when it left.
    async fn reconcile(&self, call: &Call, tried: Timestamp) -> Result<Fate, SendError>;

    /// Shows that an answer is being written; best effort, ends by itself.
    async fn typing(&self, thread: &str) -> Result<(), SendError>;

    /// `token_or_message`: the message's `read_token` where it has one, else its platform id.
    async fn mark_read(&self, thread: &str, token_or_message: &str) -> Result<(), SendError>;

    async fn profile(&self, peer: &str) -> Result<Peer, SendError>;

    /// The channel test: who are we there, and is all well.
    async fn check(&self) -> Result<Account, SendError>;

    /// Tells the platform where our door is; without an address, that we will poll.
    async fn connect(&self, webhook: Option<&str>) -> Result<(), SendError>;

    /// The laptop slept, or the network changed: the connections of before are left, so that nothing is written
    /// into a dead one.
    fn woke(&self) {}

    async fn fetch(&self, file: &Attachment) -> Result<Fetched, FetchError>;
}

/// What a poll brought. Store the events and the cursor together.
#[derive(Debug, Clone, PartialEq)]
pub struct Polled {
    pub events: Vec<Event>,
    pub cursor: String,
}

/// What became of a call whose outcome was unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The platform has it, under these ids (empty where it does not tell them).
    Landed { messages: Vec<String> },
    /// Proven absent: the call may go out again.
    Absent,
    /// Nobody can tell: the owner decides.
    Undecidable,
}

/// Our account on a platform, as it sees itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    pub id: String,
    pub name: Option<String>,
    pub quota: Option<Quota>,
    /// Where the platform delivers events now.
    pub webhook: Option<String>,
    pub warnings: Vec<AccountWarning>,
}

/// This month's messages; `limit` none: as many as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quota {
    pub limit: Option<u64>,
    pub used: u64,
}

/// Something the owner should know about the account; the screen finds the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum AccountWarning {
    NoWebhook,
    /// Set, but switched off at the platform.
    WebhookOff,
    /// The platform could not deliver lately.
    WebhookFailing {
        why: String,
    },
    /// A webhook is set, so nothing can be polled.
    WebhookInTheWay,
    /// Fields of the webhook that are not subscribed.
    NotSubscribed {
        fields: Vec<String>,
    },
    /// Fewer than a tenth of this month's messages are left.
    QuotaLow,
    QuotaSpent,
    /// A person can write from the platform's own app too, and reading is marked there by hand.
    ReadIsMarkedByHand,
    /// The bot sees only what is addressed to it in groups.
    GroupsArePrivate,
}

/// A file, looked at rather than believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    pub bytes: Vec<u8>,
    /// By content; `application/octet-stream` when unknown.
    pub mime: &'static str,
    /// Safe on every disk.
    pub name: String,
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fetched(redacted, {} bytes, {})", self.bytes.len(), self.mime)
    }
}
