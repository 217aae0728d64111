//! What an adapter is made of: named secrets from the vault, and the channel's settings.

use std::{collections::BTreeMap, fmt};

use domain::Platform;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// The secrets of one channel by name; `required_secrets` lists the names.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, SecretString>);

impl Credentials {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with(mut self, name: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        self.0.insert(name.into(), secret.into());
        self
    }

    /// The secret of this name; a blank one counts as missing.
    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.get(name).filter(|secret| !secret.expose_secret().trim().is_empty())
    }
}

impl From<BTreeMap<String, SecretString>> for Credentials {
    fn from(named: BTreeMap<String, SecretString>) -> Self {
        Self(named)
    }
}

impl FromIterator<(String, SecretString)> for Credentials {
    fn from_iter<I: IntoIterator<Item = (String, SecretString)>>(named: I) -> Self {
        Self(named.into_iter().collect())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.keys().map(|name| (name, "redacted"))).finish()
    }
}

/// What is set per channel and is no secret. Everything has a default, so `{}` reads as one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelSettings {
    /// Our account on the platform: Page id, bot user id. `Adapter::check` tells it.
    pub account: Option<String>,
    /// The platform's API, when not the public one. https, or http on loopback.
    pub api_base: Option<String>,
    /// Where files are fetched, when the platform serves them elsewhere (LINE); defaults to `api_base` if that
    /// is set, else to the public one.
    pub content_base: Option<String>,
    /// Meta has granted the HUMAN_AGENT feature to the app.
    pub human_agent: bool,
    /// Telegram: the bot's name without the at sign; learnt by `Adapter::check` where not set.
    pub username: Option<String>,
    /// Telegram: events come by webhook, so `poll` is not used.
    pub by_webhook: bool,
}

/// The names of secrets that a channel may have besides the required ones.
///
/// LINE: with `channel_id`, short-lived tokens are issued on demand and `channel_access_token` is not needed.
/// Facebook: `app_secret_next` is taken too while secrets are exchanged. Telegram: `webhook_secret` is needed
/// when events come by webhook (1 to 256 of `A-Z a-z 0-9 _ -`).
pub const fn optional_secrets(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::Line => &["channel_id"],
        Platform::Facebook => &["app_secret_next"],
        Platform::Telegram => &["webhook_secret"],
        Platform::Playground
        | Platform::Instagram
        | Platform::Whatsapp
        | Platform::Sms
        | Platform::Email
        | Platform::Discord
        | Platform::X
        | Platform::Linkedin => &[],
    }
}

/// The names of the secrets without which a channel does not work.
pub const fn required_secrets(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::Line => &["channel_secret", "channel_access_token"],
        Platform::Facebook => &["app_secret", "page_access_token", "verify_token", "page_id"],
        Platform::Telegram => &["bot_token"],
        Platform::Playground
        | Platform::Instagram
        | Platform::Whatsapp
        | Platform::Sms
        | Platform::Email
        | Platform::Discord
        | Platform::X
        | Platform::Linkedin => &[],
    }
}

/// The secret of this name, or the error that names it.
pub(crate) fn required<'a>(
    platform: Platform,
    credentials: &'a Credentials,
    name: &'static str,
) -> Result<&'a SecretString, crate::ConfigError> {
    credentials.get(name).ok_or(crate::ConfigError::MissingSecret { platform, name })
}
