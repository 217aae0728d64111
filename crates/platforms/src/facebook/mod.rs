//! Facebook Pages: Messenger, and what is said under posts, in mentions and in reviews.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform>

mod account;
mod error;
mod history;
mod page;
mod parts;
mod poll;
mod send;
mod webhook;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Attachment, Event, LengthUnit, Peer, Platform, TextLimit, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Abilities, Account, Adapter, Call, ChannelSettings, ConfigError, Credentials, Fate, FetchError, Fetched,
    KeyOnSend, OutPart, PollError, Polled, QuickReplyLimit, ReceiveError, SendError, Sent, Webhook,
    WindowRule,
    abilities::{pack_into_calls, utf16},
    media::Media,
    meta::{Graph, Trouble},
    settings::required,
    throttle::Rate,
};

pub use send::{metadata, read_metadata};
pub(crate) use webhook::{SIGNATURE, read};

/// Send API: 300 a second. Conversations: 2 a second. The rest: nowhere stated, so modest.
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
const SEND: (&str, Rate) = ("send", Rate { per_second: 250, burst: 50 });
const CONVERSATIONS: (&str, Rate) = ("conversations", Rate { per_second: 2, burst: 2 });
const OTHER: (&str, Rate) = ("other", Rate { per_second: 10, burst: 10 });

/// Pictures and files of messages, posts and profiles.
const FILES: &[&str] = &["fbcdn.net", "fbsbx.com"];

const ABILITIES: Abilities = Abilities {
    // "Less than 2000 characters".
    text_limit: utf16(1_999),
    most_per_call: 1,
    quick_replies: Some(QuickReplyLimit {
        most: 13,
        label: TextLimit { most: 20, unit: LengthUnit::Utf16Units },
        send: TextLimit { most: 1_000, unit: LengthUnit::Utf16Units },
    }),
    images: true,
    typing: true,
    marks_read: true,
    key_on_send: KeyOnSend::Metadata,
    history: true,
    window: WindowRule::META,
    polls: false,
    webhooks: true,
    groups: false,
    quota: false,
};

pub(crate) struct Facebook {
    /// Two may be live while one replaces the other.
    app_secrets: Vec<SecretString>,
    verify_token: SecretString,
    page: String,
    /// Meta lets a person's words out for seven days.
    human_agent: bool,
    graph: Graph,
    media: Media,
}

impl Facebook {
    pub(crate) fn new(credentials: &Credentials, settings: &ChannelSettings) -> Result<Self, ConfigError> {
        let secret = |name| required(Platform::Facebook, credentials, name);
        let app_secret = secret("app_secret")?;
        let page = match &settings.account {
            Some(page) => page.clone(),
            None => secret("page_id")?.expose_secret().trim().to_owned(),
        };
        let graph = Graph::new(settings, ("page_access_token", secret("page_access_token")?), app_secret)?;
        Ok(Self {
            app_secrets: std::iter::once(app_secret)
                .chain(credentials.get("app_secret_next"))
                .cloned()
                .collect(),
            verify_token: secret("verify_token")?.clone(),
            page,
            human_agent: settings.human_agent,
            media: Media::new(FILES, graph.base())?,
            graph,
        })
    }
}

#[async_trait]
impl Adapter for Facebook {
    fn platform(&self) -> Platform {
        Platform::Facebook
    }

    fn abilities(&self) -> &Abilities {
        &ABILITIES
    }

    fn receive(&self, hook: &Webhook) -> Result<Vec<Event>, ReceiveError> {
        webhook::receive(&self.app_secrets, Some(&self.page), hook)
    }

    fn challenge(&self, hook: &Webhook) -> Option<String> {
        webhook::challenge(&self.verify_token, hook)
    }

    async fn poll(&self, cursor: Option<&str>, _wait: Duration) -> Result<Polled, PollError> {
        poll::poll(&self.graph, &self.page, cursor).await
    }

    fn pack(&self, parts: &[OutPart]) -> Vec<Vec<OutPart>> {
        pack_into_calls(parts, &ABILITIES)
    }

    async fn send(&self, call: &Call) -> Result<Sent, SendError> {
        send::send(&self.graph, &self.page, self.human_agent, call).await
    }

    async fn reconcile(&self, call: &Call, tried: Timestamp) -> Result<Fate, SendError> {
        history::reconcile(&self.graph, &self.page, call, tried).await
    }

    async fn typing(&self, thread: &str) -> Result<(), SendError> {
        send::action(&self.graph, &self.page, thread, "typing_on").await
    }

    async fn mark_read(&self, thread: &str, _token_or_message: &str) -> Result<(), SendError> {
        send::action(&self.graph, &self.page, thread, "mark_seen").await
    }

    async fn profile(&self, peer: &str) -> Result<Peer, SendError> {
        account::profile(&self.graph, peer).await
    }

    async fn check(&self) -> Result<Account, SendError> {
        account::check(&self.graph, &self.page).await
    }

    async fn connect(&self, webhook: Option<&str>) -> Result<(), SendError> {
        account::connect(&self.graph, &self.page, webhook).await
    }

    fn woke(&self) {
        self.graph.renew();
    }

    async fn fetch(&self, file: &Attachment) -> Result<Fetched, FetchError> {
        self.media.fetch(file).await
    }
}
