//! Channels: our accounts on the platforms, connected, tested, reconnected and removed.

use std::collections::BTreeMap;

use domain::{Autonomy, ChannelId, Door, Health, Platform, Timestamp};
use platforms::{Account, optional_secrets, required_secrets};
use secrecy::SecretString;
use serde::Serialize;

use crate::{Error, House, Result};

/// A channel's card.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    pub id: ChannelId,
    pub platform: Platform,
    pub name: String,
    pub account: Option<String>,
    pub door: Door,
    pub health: Health,
    /// None = the workspace's.
    pub autonomy: Option<Autonomy>,
    pub settings: BTreeMap<String, String>,
    /// The address to give to the platform, where its events come by webhook and an outside address is known.
    pub webhook: Option<String>,
    /// What follows the outside address of a relay or a tunnel: `/w/…`.
    pub path: Option<String>,
    pub last_event_at: Option<Timestamp>,
    /// Deliveries refused for a wrong or missing signature.
    pub refused: u64,
}

/// What connecting a channel takes.
pub struct NewChannel {
    pub platform: Platform,
    pub name: String,
    pub door: Door,
    /// What is no secret, by name: `api_base`, `human_agent`, `username`…
    pub settings: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, SecretString>,
}

/// What the platform needs of us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Needs {
    pub secrets: Vec<&'static str>,
    pub optional_secrets: Vec<&'static str>,
    /// The door that fits when nothing else is said.
    pub door: Door,
}

pub fn needs(platform: Platform) -> Needs {
    Needs {
        secrets: required_secrets(platform).to_vec(),
        optional_secrets: optional_secrets(platform).to_vec(),
        door: match platform {
            Platform::Playground => Door::Local,
            Platform::Telegram => Door::Polling,
            Platform::Facebook
            | Platform::Instagram
            | Platform::Line
            | Platform::Whatsapp
            | Platform::Sms
            | Platform::Email
            | Platform::Discord
            | Platform::X
            | Platform::Linkedin => Door::Relay,
        },
    }
}

pub async fn list(house: &House) -> Result<Vec<Card>> {
    let paths: BTreeMap<ChannelId, String> = house.flow.webhook_paths().await?.into_iter().collect();
    let relay = house.flow.relay().await?.map(|line| line.address);
    let tunnel = house.launched().tunnel;
    let channels = house.flow.read().channels().await?;
    Ok(channels
        .into_iter()
        .map(|channel| {
            let outside = match channel.door {
                Door::Relay => relay.clone(),
                Door::Tunnel => tunnel.clone(),
                Door::Polling | Door::Local => None,
            };
            Card {
                webhook: outside.zip(paths.get(&channel.id)).map(|(base, path)| address(&base, path)),
                path: paths.get(&channel.id).map(|path| address("", path)),
                id: channel.id,
                platform: channel.platform,
                name: channel.name,
                account: channel.account,
                door: channel.door,
                health: channel.health,
                autonomy: channel.autonomy,
                settings: channel.settings,
                last_event_at: channel.last_event_at,
                refused: channel.refused,
            }
        })
        .collect())
}

/// The routes are the same behind every door.
fn address(base: &str, path: &str) -> String {
    format!("{}/w/{path}", base.trim_end_matches('/'))
}

/// Connects a channel; it starts in Draft.
pub async fn add(house: &House, new: NewChannel) -> Result<ChannelId> {
    let NewChannel { platform, name, door, settings, secrets } = new;
    Ok(house.flow.add_channel(platform, &name, door, settings, secrets).await?)
}

/// Asks the platform who we are there, and whether all is well.
pub async fn test(house: &House, channel: ChannelId) -> Result<Account> {
    Ok(house.flow.test_channel(channel).await?)
}

/// New secrets for a channel that had turned red; what waited goes on.
pub async fn reconnect(
    house: &House,
    channel: ChannelId,
    secrets: BTreeMap<String, SecretString>,
) -> Result<()> {
    Ok(house.flow.reconnect(channel, secrets).await?)
}

/// No longer served; its conversations stay, its secrets go.
pub async fn remove(house: &House, channel: ChannelId) -> Result<()> {
    Ok(house.flow.remove_channel(channel).await?)
}

/// None = as the workspace is set.
pub async fn set_autonomy(house: &House, channel: ChannelId, autonomy: Option<Autonomy>) -> Result<()> {
    Ok(house.flow.set_channel_autonomy(channel, autonomy).await?)
}

/// Tells the platform to deliver behind this outside address (`https://my-tunnel.example`); none = the relay's.
/// Answers the full address that was given.
pub async fn point(house: &House, channel: ChannelId, outside: Option<&str>) -> Result<String> {
    let paths: BTreeMap<ChannelId, String> = house.flow.webhook_paths().await?.into_iter().collect();
    let Some(path) = paths.get(&channel) else {
        return Err(Error::refused("this channel is polled, so there is no address to give to the platform"));
    };
    let base = match outside {
        Some(outside) => outside.to_owned(),
        None => house.flow.relay().await?.map(|line| line.address).ok_or_else(|| {
            Error::refused("there is no relay; pair one, or name the address of your tunnel")
        })?,
    };
    let whole = address(&base, path);
    house.flow.point_platform(channel, Some(&whole)).await?;
    Ok(whole)
}

/// Tells the platform that it will be polled.
pub async fn point_away(house: &House, channel: ChannelId) -> Result<()> {
    Ok(house.flow.point_platform(channel, None).await?)
}
