//! The playground: a customer played by the owner, on this laptop, without network.
//!
//! What the customer says comes through the same door as everything else ([`said`]); what is sent is given ids
//! made from the call's key, so that a call repeated after a crash is the same messages.

mod send;
mod webhook;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Attachment, Event, LengthUnit, Peer, Platform, TextLimit, Timestamp};

use crate::{
    Abilities, Account, Adapter, Call, Fate, FetchError, Fetched, KeyOnSend, OutPart, PollError, Polled,
    QuickReplyLimit, ReceiveError, SendError, Sent, Webhook, WindowRule, pack_into_calls,
};

pub use webhook::{read, said};
pub use wire::Said;

/// A customer played by the owner.
pub struct Playground {
    can: Abilities,
}

impl Playground {
    pub fn new() -> Self {
        Self {
            can: Abilities {
                text_limit: characters(5_000),
                most_per_call: 1,
                quick_replies: Some(QuickReplyLimit {
                    most: 13,
                    label: characters(20),
                    send: characters(300),
                }),
                images: true,
                typing: true,
                marks_read: true,
                key_on_send: KeyOnSend::RetryKey { valid: Duration::MAX },
                history: false,
                window: WindowRule::Unlimited,
                polls: false,
                webhooks: true,
                groups: false,
                quota: false,
            },
        }
    }
}

impl Default for Playground {
    fn default() -> Self {
        Self::new()
    }
}

const fn characters(most: usize) -> TextLimit {
    TextLimit { most, unit: LengthUnit::Characters }
}

#[async_trait]
impl Adapter for Playground {
    fn platform(&self) -> Platform {
        Platform::Playground
    }

    fn abilities(&self) -> &Abilities {
        &self.can
    }

    fn receive(&self, hook: &Webhook) -> Result<Vec<Event>, ReceiveError> {
        read(hook)
    }

    fn challenge(&self, _hook: &Webhook) -> Option<String> {
        None
    }

    async fn poll(&self, _cursor: Option<&str>, _wait: Duration) -> Result<Polled, PollError> {
        Err(PollError::Unsupported)
    }

    fn pack(&self, parts: &[OutPart]) -> Vec<Vec<OutPart>> {
        pack_into_calls(parts, &self.can)
    }

    async fn send(&self, call: &Call) -> Result<Sent, SendError> {
        Ok(send::handed_over(call))
    }

    async fn reconcile(&self, call: &Call, _tried: Timestamp) -> Result<Fate, SendError> {
        Ok(Fate::Landed { messages: send::handed_over(call).messages })
    }

    async fn typing(&self, _thread: &str) -> Result<(), SendError> {
        Ok(())
    }

    async fn mark_read(&self, _thread: &str, _token_or_message: &str) -> Result<(), SendError> {
        Ok(())
    }

    async fn profile(&self, peer: &str) -> Result<Peer, SendError> {
        Ok(Peer { id: peer.to_owned(), ..Peer::default() })
    }

    async fn check(&self) -> Result<Account, SendError> {
        Ok(Account {
            id: "playground".to_owned(),
            name: None,
            quota: None,
            webhook: None,
            warnings: Vec::new(),
        })
    }

    async fn connect(&self, _webhook: Option<&str>) -> Result<(), SendError> {
        Ok(())
    }

    async fn fetch(&self, _file: &Attachment) -> Result<Fetched, FetchError> {
        Err(FetchError::NotAllowed)
    }
}
