//! LINE Official Accounts, over the Messaging API.
//!
//! <https://developers.line.biz/en/reference/messaging-api/>

mod account;
mod client;
mod error;
mod send;
mod webhook;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Attachment, Event, LengthUnit, Peer, Platform, TextLimit, Timestamp};
use secrecy::SecretString;

use crate::{
    Abilities, Account, Adapter, Call, ChannelSettings, ConfigError, Credentials, Fate, FetchError, Fetched,
    KeyOnSend, OutPart, PollError, Polled, QuickReplyLimit, ReceiveError, SendError, Sent, Webhook,
    WindowRule,
    abilities::{pack_into_calls, utf16},
    settings::required,
};
use client::Line;

pub(crate) use webhook::{SIGNATURE, read};

/// How long LINE remembers a retry key.
const RETRY_KEY_LIFE: Duration = Duration::from_secs(24 * 3_600);

const ABILITIES: Abilities = Abilities {
    text_limit: utf16(5_000),
    most_per_call: 5,
    quick_replies: Some(QuickReplyLimit {
        most: 13,
        label: TextLimit { most: 20, unit: LengthUnit::Utf16Units },
        send: TextLimit { most: 300, unit: LengthUnit::Utf16Units },
    }),
    images: true,
    typing: true,
    marks_read: true,
    key_on_send: KeyOnSend::RetryKey { valid: RETRY_KEY_LIFE },
    history: false,
    window: WindowRule::Unlimited,
    polls: false,
    webhooks: true,
    groups: true,
    quota: true,
};

pub(crate) struct LineAdapter {
    secret: SecretString,
    account: Option<String>,
    line: Line,
}

impl LineAdapter {
    pub(crate) fn new(credentials: &Credentials, settings: &ChannelSettings) -> Result<Self, ConfigError> {
        Ok(Self {
            secret: required(Platform::Line, credentials, "channel_secret")?.clone(),
            account: settings.account.clone(),
            line: Line::new(credentials, settings)?,
        })
    }
}

#[async_trait]
impl Adapter for LineAdapter {
    fn platform(&self) -> Platform {
        Platform::Line
    }

    fn abilities(&self) -> &Abilities {
        &ABILITIES
    }

    fn receive(&self, hook: &Webhook) -> Result<Vec<Event>, ReceiveError> {
        let events = webhook::receive(&self.secret, hook)?;
        let foreign = |event: &Event| event.account.is_some() && event.account != self.account;
        if self.account.is_some() && !events.is_empty() && events.iter().all(foreign) {
            return Err(ReceiveError::NotOurs);
        }
        Ok(events)
    }

    fn challenge(&self, _hook: &Webhook) -> Option<String> {
        None
    }

    async fn poll(&self, _cursor: Option<&str>, _wait: Duration) -> Result<Polled, PollError> {
        Err(PollError::Unsupported)
    }

    fn pack(&self, parts: &[OutPart]) -> Vec<Vec<OutPart>> {
        pack_into_calls(parts, &ABILITIES)
    }

    async fn send(&self, call: &Call) -> Result<Sent, SendError> {
        send::send(&self.line, call).await
    }

    async fn reconcile(&self, call: &Call, tried: Timestamp) -> Result<Fate, SendError> {
        send::reconcile(&self.line, call, tried).await
    }

    async fn typing(&self, thread: &str) -> Result<(), SendError> {
        send::typing(&self.line, thread).await
    }

    async fn mark_read(&self, _thread: &str, token_or_message: &str) -> Result<(), SendError> {
        send::mark_read(&self.line, token_or_message).await
    }

    async fn profile(&self, peer: &str) -> Result<Peer, SendError> {
        account::profile(&self.line, peer).await
    }

    async fn check(&self) -> Result<Account, SendError> {
        account::check(&self.line).await
    }

    async fn connect(&self, webhook: Option<&str>) -> Result<(), SendError> {
        account::connect(&self.line, webhook).await
    }

    fn woke(&self) {
        self.line.renew();
    }

    async fn fetch(&self, file: &Attachment) -> Result<Fetched, FetchError> {
        self.line.content(file).await
    }
}
