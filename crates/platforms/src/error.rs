//! What can go wrong, by what the caller can do about it. No variant ever holds a secret, an address with a
//! token, or a customer's words.

use std::time::Duration;

use domain::Platform;

/// A webhook was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    #[error("the signature does not match")]
    BadSignature,
    #[error("the signature is missing")]
    MissingSignature,
    /// Signed by the platform, yet not what it documents; `at` is the byte where reading ended.
    #[error("malformed at byte {at}")]
    Malformed { at: usize },
    /// Nothing in it is for this channel: another account, or not an event delivery at all.
    #[error("not addressed to this channel")]
    NotOurs,
}

/// Nothing was fetched; the cursor stays where it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// Another program fetches the same events, or a webhook is set: stop and tell the owner.
    #[error("another consumer holds the channel: {why}")]
    Conflict { why: String },
    #[error("the platform no longer accepts our credentials: {why}")]
    Reconnect { why: String },
    #[error("the platform asks to wait {0:?}")]
    RetryAfter(Duration),
    #[error("the platform cannot be reached")]
    Unreachable,
    /// This platform has nothing to poll.
    #[error("this platform is not polled")]
    Unsupported,
}

/// A call did not end with "the platform has it".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was sent; the same call may go out after this time.
    #[error("the platform asks to wait {0:?}")]
    RetryAfter(Duration),
    /// Nothing was sent; the channel needs its owner.
    #[error("the platform no longer accepts our credentials: {why}")]
    Reconnect { why: String },
    /// Nothing was sent; the customer has to write first.
    #[error("the messaging window is closed")]
    WindowClosed,
    /// Nothing was sent; the customer cannot or does not want to be reached.
    #[error("the customer cannot be reached")]
    Blocked,
    /// Nothing was sent, and the same call will never be accepted.
    #[error("the platform refused: {code} {why}")]
    Refused { code: String, why: String },
    /// Nothing was sent; this month's messages are used up.
    #[error("the quota is spent")]
    QuotaSpent,
    /// Nothing was sent by this call: the reply token was used before or is too old.
    #[error("the reply token is spent")]
    TokenSpent,
    /// The conversation continues under another key; nothing was sent.
    #[error("the conversation has moved")]
    Moved { to_key: String },
    /// A byte may have been written and no clear answer came: never repeat blindly, `reconcile` first.
    #[error("it is unknown whether the platform has it")]
    Unsure,
    /// No connection came about: nothing was sent, the same call may go out again.
    #[error("the platform cannot be reached")]
    Unreachable,
}

impl SendError {
    /// Of a question, whose repetition harms nobody: a doubtful outcome is simply no answer.
    pub(crate) fn of_asking(self) -> Self {
        if self == Self::Unsure { Self::Unreachable } else { self }
    }

    pub(crate) fn of_polling(self) -> PollError {
        match self {
            Self::RetryAfter(wait) => PollError::RetryAfter(wait),
            Self::Reconnect { why } => PollError::Reconnect { why },
            // Reading is refused for want of a permission, which a new connection grants.
            Self::Refused { code, .. } => PollError::Reconnect { why: format!("refused: {code}") },
            Self::WindowClosed
            | Self::Blocked
            | Self::QuotaSpent
            | Self::TokenSpent
            | Self::Moved { .. }
            | Self::Unsure
            | Self::Unreachable => PollError::Unreachable,
        }
    }

    pub(crate) fn of_fetching(self) -> FetchError {
        match self {
            Self::RetryAfter(wait) => FetchError::RetryAfter(wait),
            Self::Reconnect { why } => FetchError::Reconnect { why },
            Self::Refused { code, .. } => FetchError::Refused { code },
            Self::WindowClosed
            | Self::Blocked
            | Self::QuotaSpent
            | Self::TokenSpent
            | Self::Moved { .. }
            | Self::Unsure
            | Self::Unreachable => FetchError::Unreachable,
        }
    }
}

/// A file was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Deleted, taken back or expired.
    #[error("the file is gone")]
    Gone,
    /// The platform is still preparing it.
    #[error("the file is not ready yet")]
    NotReady,
    #[error("the file is larger than {most} bytes")]
    TooLarge { most: u64 },
    /// Not an address we fetch from: not https, not on the platform's list, or private.
    #[error("the address is not allowed")]
    NotAllowed,
    #[error("the platform no longer accepts our credentials: {why}")]
    Reconnect { why: String },
    #[error("the platform asks to wait {0:?}")]
    RetryAfter(Duration),
    #[error("the platform refused: {code}")]
    Refused { code: String },
    #[error("the file cannot be reached")]
    Unreachable,
}

/// An adapter cannot be made of this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{platform} needs the secret {name:?}")]
    MissingSecret { platform: Platform, name: &'static str },
    #[error("the secret {name:?} contains characters that cannot be sent")]
    UnusableSecret { name: &'static str },
    #[error("{name} is no https address (http only on loopback)")]
    BadAddress { name: &'static str },
    #[error("no adapter for {0} in this version")]
    NoAdapter(Platform),
    #[error("the HTTP client cannot be set up")]
    NoClient,
}
