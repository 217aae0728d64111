//! The playground: the owner writes as a customer and sees what the whole house makes of it.

use std::collections::BTreeMap;

use domain::{Autonomy, ChannelId, ConversationId, Door, Peer, Platform, Words};
use platforms::playground::{Said, said};
use serde::Deserialize;
use uuid::Uuid;

use crate::{House, Result, settings, settings::Settings};

/// What the played customer does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum Says {
    Text {
        text: Words,
    },
    /// What the sticker shows.
    Sticker {
        words: Words,
    },
}

/// The playground's channel; made when there is none yet.
pub async fn channel(house: &House) -> Result<ChannelId> {
    let channels = house.flow.read().channels().await?;
    if let Some(known) = channels.into_iter().find(|one| one.platform == Platform::Playground) {
        return Ok(known.id);
    }
    let none = BTreeMap::new();
    Ok(house.flow.add_channel(Platform::Playground, "Playground", Door::Local, none, BTreeMap::new()).await?)
}

/// A customer of this name says something. Answers the id under which the message will be found.
pub async fn say(house: &House, channel: ChannelId, who: &str, says: Says) -> Result<String> {
    let (text, sticker) = match says {
        Says::Text { text } => (Some(text), None),
        Says::Sticker { words } => (None, Some(words)),
    };
    let now = house.now();
    let id = format!("played-{}", Uuid::new_v4());
    let words = Said {
        id: id.clone(),
        at: now,
        from: Peer { id: who.to_owned(), name: Some(who.into()), ..Peer::default() },
        text,
        sticker,
        payload: None,
        reply_to: None,
    };
    house.flow.hand_in(channel, &said(&[words], now)).await?;
    Ok(id)
}

/// The conversation with the played customer of this name, once something was said.
pub async fn conversation(house: &House, channel: ChannelId, who: &str) -> Result<Option<ConversationId>> {
    let wanted = crate::inbox::Wanted { channel: Some(channel), most: Some(500), ..Default::default() };
    let rows = crate::inbox::list(house, &wanted).await?;
    Ok(rows
        .into_iter()
        .find(|row| row.customer.as_ref().is_some_and(|name| name.as_str() == who))
        .map(|row| row.conversation))
}

/// Answers come at once and by themselves: a short gap, no hold, the channel as given.
pub async fn hurry(house: &House, channel: ChannelId, autonomy: Autonomy, gap_ms: u64) -> Result<()> {
    let quick = Settings { burst_gap_ms: gap_ms, hold_ms: 0, ..Settings::clone(&settings::get(house)) };
    settings::set(house, quick).await?;
    crate::channels::set_autonomy(house, channel, Some(autonomy)).await
}
