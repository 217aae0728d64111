//! Channels in the database; their secrets lie in the vault.

use std::collections::BTreeMap;

use domain::{Autonomy, Channel, ChannelId, Door, Health, PersonalityId, Platform, Timestamp, WorkspaceId};
use sqlx::query;

use crate::{
    Change, Reader, Result, StoreError, Tx,
    columns::{from_json, id, json, maybe_id, name, named, time},
    connection::entropy,
};

#[derive(Debug, Clone)]
pub struct NewChannel {
    pub workspace: WorkspaceId,
    pub platform: Platform,
    pub name: String,
    pub account: Option<String>,
    pub door: Door,
    /// The random path at the relay or the tunnel door.
    pub path: Option<String>,
    pub settings: BTreeMap<String, String>,
    pub autonomy: Option<Autonomy>,
}

struct Raw {
    id: String,
    workspace_id: String,
    platform: String,
    name: String,
    account: Option<String>,
    door: String,
    settings: String,
    health: String,
    autonomy: Option<String>,
    personality_id: Option<String>,
    last_event_at: Option<i64>,
    refused: i64,
    created_at: i64,
}

impl TryFrom<Raw> for Channel {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: id(&raw.id)?,
            workspace: id(&raw.workspace_id)?,
            platform: named(&raw.platform)?,
            name: raw.name,
            account: raw.account,
            door: named(&raw.door)?,
            settings: from_json(&raw.settings)?,
            health: from_json(&raw.health)?,
            autonomy: raw.autonomy.as_deref().map(named).transpose()?,
            personality: maybe_id(raw.personality_id)?,
            last_event_at: raw.last_event_at.map(time),
            refused: u64::try_from(raw.refused).unwrap_or(0),
            created_at: time(raw.created_at),
        })
    }
}

impl Tx {
    pub async fn add_channel(&mut self, new: &NewChannel, now: Timestamp) -> Result<ChannelId> {
        let made = ChannelId::new(now, entropy());
        let (key, workspace, at) = (made.to_string(), new.workspace.to_string(), now.millis());
        let (platform, door) = (name(&new.platform)?, name(&new.door)?);
        let (settings, health) = (json(&new.settings)?, json(&Health::Good)?);
        let autonomy = new.autonomy.map(Autonomy::name);
        query!(
            "INSERT INTO channel
                (id, workspace_id, platform, name, account, door, path, settings, health, autonomy, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key,
            workspace,
            platform,
            new.name,
            new.account,
            door,
            new.path,
            settings,
            health,
            autonomy,
            at
        )
        .execute(&mut self.connection)
        .await?;
        self.tell(Change::ChannelChanged(made));
        Ok(made)
    }

    pub async fn set_health(&mut self, channel: ChannelId, health: &Health) -> Result<()> {
        let (key, body) = (channel.to_string(), json(health)?);
        let changed = query!("UPDATE channel SET health = ? WHERE id = ? AND health <> ?", body, key, body)
            .execute(&mut self.connection)
            .await?;
        if changed.rows_affected() > 0 {
            self.tell(Change::ChannelChanged(channel));
        }
        Ok(())
    }

    pub async fn set_account(&mut self, channel: ChannelId, account: &str, title: &str) -> Result<()> {
        let key = channel.to_string();
        query!("UPDATE channel SET account = ?, name = ? WHERE id = ?", account, title, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::ChannelChanged(channel));
        Ok(())
    }

    pub async fn set_channel_autonomy(
        &mut self,
        channel: ChannelId,
        autonomy: Option<Autonomy>,
    ) -> Result<()> {
        let (key, value) = (channel.to_string(), autonomy.map(Autonomy::name));
        query!("UPDATE channel SET autonomy = ? WHERE id = ?", value, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::ChannelChanged(channel));
        Ok(())
    }

    pub async fn set_channel_personality(
        &mut self,
        channel: ChannelId,
        personality: Option<PersonalityId>,
    ) -> Result<()> {
        let (key, value) = (channel.to_string(), personality.map(|id| id.to_string()));
        query!("UPDATE channel SET personality_id = ? WHERE id = ?", value, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::ChannelChanged(channel));
        Ok(())
    }

    /// Where polling goes on; stored with what was polled.
    pub async fn set_cursor(&mut self, channel: ChannelId, cursor: &str) -> Result<()> {
        let key = channel.to_string();
        query!("UPDATE channel SET cursor = ? WHERE id = ?", cursor, key)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    pub async fn channel_heard(&mut self, channel: ChannelId, at: Timestamp) -> Result<()> {
        let (key, at) = (channel.to_string(), at.millis());
        query!("UPDATE channel SET last_event_at = MAX(COALESCE(last_event_at, 0), ?) WHERE id = ?", at, key)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// A delivery with a wrong or missing signature: counted and shown, not stored.
    pub async fn count_refused(&mut self, channel: ChannelId) -> Result<()> {
        let key = channel.to_string();
        query!("UPDATE channel SET refused = refused + 1 WHERE id = ?", key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::ChannelChanged(channel));
        Ok(())
    }

    /// No longer served; its conversations stay.
    pub async fn remove_channel(&mut self, channel: ChannelId, now: Timestamp) -> Result<()> {
        let (key, at) = (channel.to_string(), now.millis());
        let done = query!(
            "UPDATE channel SET removed_at = ?, path = NULL WHERE id = ? AND removed_at IS NULL",
            at,
            key
        )
        .execute(&mut self.connection)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("channel"));
        }
        self.tell(Change::ChannelChanged(channel));
        Ok(())
    }
}

impl Reader {
    pub async fn channels(&self) -> Result<Vec<Channel>> {
        sqlx::query_as!(
            Raw,
            "SELECT id, workspace_id, platform, name, account, door, settings, health, autonomy,
                    personality_id, last_event_at, refused, created_at
             FROM channel WHERE removed_at IS NULL ORDER BY created_at, id"
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(Channel::try_from)
        .collect()
    }

    pub async fn channel(&self, channel: ChannelId) -> Result<Channel> {
        let key = channel.to_string();
        sqlx::query_as!(
            Raw,
            "SELECT id, workspace_id, platform, name, account, door, settings, health, autonomy,
                    personality_id, last_event_at, refused, created_at
             FROM channel WHERE id = ?",
            key
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound("channel"))?
        .try_into()
    }

    /// The paths of the channels that have one.
    pub async fn channel_paths(&self) -> Result<Vec<(ChannelId, String)>> {
        query!(r#"SELECT id, path AS "path!" FROM channel WHERE path IS NOT NULL AND removed_at IS NULL"#)
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(|row| Ok((id(&row.id)?, row.path)))
            .collect()
    }

    pub async fn cursor(&self, channel: ChannelId) -> Result<Option<String>> {
        let key = channel.to_string();
        Ok(query!("SELECT cursor FROM channel WHERE id = ?", key)
            .fetch_optional(&self.pool)
            .await?
            .and_then(|row| row.cursor))
    }
}
