//! Telegram bots, over the Bot API.
//!
//! <https://core.telegram.org/bots/api>

mod account;
mod client;
mod error;
mod parts;
mod poll;
mod send;
mod webhook;
mod wire;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{Attachment, Event, LengthUnit, Peer, Platform, TextLimit, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Abilities, Account, Adapter, Call, ChannelSettings, ConfigError, Credentials, Fate, FetchError, Fetched,
    KeyOnSend, OutPart, PollError, Polled, QuickReplyLimit, ReceiveError, SendError, Sent, Webhook,
    WindowRule,
    abilities::{pack_into_calls, utf16},
    settings::required,
};
use client::Bot;

pub(crate) use webhook::{SECRET, read};
pub(crate) use wire::Me;

const ABILITIES: Abilities = Abilities {
    text_limit: utf16(4_096),
    most_per_call: 1,
    quick_replies: Some(QuickReplyLimit {
        most: 13,
        label: TextLimit { most: 40, unit: LengthUnit::Utf16Units },
        // Callback data.
        send: TextLimit { most: 64, unit: LengthUnit::Bytes },
    }),
    images: true,
    typing: true,
    // A tapped button, and messages to a connected business account.
    marks_read: true,
    key_on_send: KeyOnSend::None,
    history: false,
    window: WindowRule::Unlimited,
    polls: true,
    webhooks: true,
    groups: true,
    quota: false,
};

pub(crate) struct Telegram {
    bot: Bot,
    webhook_secret: Option<SecretString>,
    can: Abilities,
    /// The username is learnt from the first `getMe`.
    me: Mutex<Me>,
    /// One consumer at a time: a second getUpdates would end the first.
    lease: tokio::sync::Mutex<poll::Lease>,
}

impl Telegram {
    pub(crate) fn new(credentials: &Credentials, settings: &ChannelSettings) -> Result<Self, ConfigError> {
        let token = required(Platform::Telegram, credentials, "bot_token")?;
        // A token begins with the bot's id.
        let id = token.expose_secret().trim().split_once(':').map(|(id, _)| id.to_owned());
        let webhook_secret = credentials.get("webhook_secret").cloned();
        if settings.by_webhook && webhook_secret.is_none() {
            return Err(ConfigError::MissingSecret { platform: Platform::Telegram, name: "webhook_secret" });
        }
        Ok(Self {
            bot: Bot::new(token, settings)?,
            webhook_secret,
            can: Abilities { polls: !settings.by_webhook, webhooks: settings.by_webhook, ..ABILITIES },
            me: Mutex::new(Me { id, username: settings.username.clone() }),
            lease: tokio::sync::Mutex::new(poll::Lease::default()),
        })
    }

    fn me(&self) -> Me {
        self.me.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks once who we are; groups are read correctly only then.
    async fn introduced(&self) -> Me {
        let me = self.me();
        if me.username.is_some() {
            return me;
        }
        match account::me(&self.bot).await {
            Ok((told, _)) => {
                *self.me.lock().unwrap_or_else(PoisonError::into_inner) = told.clone();
                told
            }
            Err(_) => me,
        }
    }
}

#[async_trait]
impl Adapter for Telegram {
    fn platform(&self) -> Platform {
        Platform::Telegram
    }

    fn abilities(&self) -> &Abilities {
        &self.can
    }

    fn receive(&self, hook: &Webhook) -> Result<Vec<Event>, ReceiveError> {
        webhook::receive(self.webhook_secret.as_ref(), &self.me(), hook)
    }

    fn challenge(&self, _hook: &Webhook) -> Option<String> {
        None
    }

    async fn poll(&self, cursor: Option<&str>, wait: Duration) -> Result<Polled, PollError> {
        let Ok(mut lease) = self.lease.try_lock() else {
            return Err(PollError::Conflict { why: "already polling here".to_owned() });
        };
        let me = self.introduced().await;
        poll::poll(&self.bot, &mut lease, &me, cursor, wait).await
    }

    fn pack(&self, parts: &[OutPart]) -> Vec<Vec<OutPart>> {
        pack_into_calls(parts, &self.can)
    }

    async fn send(&self, call: &Call) -> Result<Sent, SendError> {
        send::send(&self.bot, call).await
    }

    async fn reconcile(&self, _call: &Call, _tried: Timestamp) -> Result<Fate, SendError> {
        // No key, no echo, no history.
        Ok(Fate::Undecidable)
    }

    async fn typing(&self, thread: &str) -> Result<(), SendError> {
        send::typing(&self.bot, thread).await
    }

    async fn mark_read(&self, _thread: &str, token_or_message: &str) -> Result<(), SendError> {
        send::mark_read(&self.bot, token_or_message).await
    }

    async fn profile(&self, peer: &str) -> Result<Peer, SendError> {
        account::profile(&self.bot, peer).await
    }

    async fn check(&self) -> Result<Account, SendError> {
        let (account, me) = account::check(&self.bot, self.can.webhooks).await?;
        *self.me.lock().unwrap_or_else(PoisonError::into_inner) = me;
        Ok(account)
    }

    async fn connect(&self, webhook: Option<&str>) -> Result<(), SendError> {
        account::connect(&self.bot, webhook, self.webhook_secret.as_ref()).await
    }

    fn woke(&self) {
        self.bot.renew();
    }

    async fn fetch(&self, file: &Attachment) -> Result<Fetched, FetchError> {
        self.bot.file(file).await
    }
}
