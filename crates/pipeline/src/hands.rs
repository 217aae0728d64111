//! Hands: the adapter of each channel, made of its settings and its secrets.

use std::sync::Arc;

use domain::Channel;
use platforms::{Adapter, ChannelSettings, Credentials};
use secrecy::{ExposeSecret, SecretString};
use vault::Vault;

use crate::HouseError;

pub(crate) async fn adapter_of(channel: &Channel, vault: &Vault) -> Result<Arc<dyn Adapter>, HouseError> {
    let kept = vault.credentials(&channel.id.to_string()).await?.unwrap_or_default();
    Ok(platforms::adapter(channel.platform, &for_platform(&kept), &settings_of(channel))?)
}

/// The vault's secrets in the form the platforms take.
pub(crate) fn for_platform(kept: &vault::Credentials) -> Credentials {
    kept.names()
        .filter_map(|name| {
            let secret = kept.get(name)?.expose_secret().to_owned();
            Some((name.to_owned(), SecretString::from(secret)))
        })
        .collect()
}

/// The channel's settings by name; what a name does not hold stays at its default.
pub(crate) fn settings_of(channel: &Channel) -> ChannelSettings {
    let text = |name: &str| channel.settings.get(name).cloned().filter(|value| !value.is_empty());
    let yes = |name: &str| channel.settings.get(name).is_some_and(|value| value == "true");
    ChannelSettings {
        account: channel.account.clone(),
        username: text("username"),
        api_base: text("api_base"),
        content_base: text("content_base"),
        human_agent: yes("human_agent"),
        by_webhook: channel.door != domain::Door::Polling,
    }
}
