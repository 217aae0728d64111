//! What the terminal or the window writes when the owner plays a customer.

use domain::{Peer, Timestamp, Words};
use serde::{Deserialize, Serialize};

/// One thing the played customer said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Unique for ever: the event's key and the message's id.
    pub id: String,
    pub at: Timestamp,
    pub from: Peer,
    pub text: Option<Words>,
    /// A sticker instead of words, or with them: what it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticker: Option<Words>,
    /// The hidden payload of the quick reply tapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}
