//! Ids: UUIDv7 in text form, one type per noun, so that no id is taken for another's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// The text was not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {0}")]
pub struct NotAnId(String);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A UUIDv7: sorts by `at`, told apart by `entropy`.
            pub fn new(at: Timestamp, entropy: [u8; 10]) -> Self {
                Self(v7(at, entropy))
            }

            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::parse_str(text).map(Self).map_err(|_| NotAnId(text.chars().take(60).collect()))
            }
        }
    )+};
}

ids! {
    WorkspaceId, ChannelId, CustomerId, HandleId, ConversationId,
    /// One message, whoever wrote it.
    MessageId,
    TurnId, DraftId,
    /// Words promised to the customer; also the idempotency key where the platform takes a UUID.
    ReplyId,
    EscalationId, LessonId,
    /// One run of the assistant: the receipt's id.
    RunId,
    ArticleId, QuickReplyId, PriceId, PersonalityId,
    EnvelopeId,
}

fn v7(at: Timestamp, entropy: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.millis()).unwrap_or(0), &entropy).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let earlier = MessageId::new(Timestamp::from_millis(1_000), [255; 10]);
        let later = MessageId::new(Timestamp::from_millis(1_001), [0; 10]);
        assert!(earlier < later);
        assert!(earlier.to_string() < later.to_string());
    }

    #[test]
    fn an_id_reads_back_from_its_text_and_refuses_other_text() {
        let id = TurnId::new(Timestamp::from_millis(1_781_000_000_000), [7; 10]);
        assert_eq!(id.to_string().parse::<TurnId>(), Ok(id));
        assert!("turn-1".parse::<TurnId>().is_err());
    }
}
