//! Events: each is taken in once, for ever; what nobody awaits yet is kept until its message comes.

use domain::{ChannelId, Event, Timestamp};
use sqlx::query;

use crate::{
    Result, Tx,
    columns::{from_json, json},
};

impl Tx {
    /// True the first time; false for every repetition, however late.
    pub async fn first_time(&mut self, channel: ChannelId, event: &Event, kind: &str) -> Result<bool> {
        let channel = channel.to_string();
        let at = event.at.millis();
        let done = query!(
            "INSERT INTO event (channel_id, key, kind, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            channel,
            event.key,
            kind,
            at
        )
        .execute(&mut self.connection)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Recorded as it is: unknown to this version, or only to be counted.
    pub async fn keep_event(&mut self, channel: ChannelId, event: &Event, kind: &str) -> Result<()> {
        let channel = channel.to_string();
        let at = event.at.millis();
        let body = json(event)?;
        query!(
            "INSERT INTO kept_event (channel_id, at, kind, body) VALUES (?, ?, ?, ?)",
            channel,
            at,
            kind,
            body
        )
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// It refers to a message that has not come yet.
    pub async fn await_message(&mut self, channel: ChannelId, message: &str, event: &Event) -> Result<()> {
        let channel = channel.to_string();
        let at = event.at.millis();
        let body = json(event)?;
        query!(
            "INSERT INTO early_event (channel_id, message, at, body) VALUES (?, ?, ?, ?)",
            channel,
            message,
            at,
            body
        )
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// What came before this message and refers to it, oldest first; taken out.
    pub async fn take_awaiting(&mut self, channel: ChannelId, message: &str) -> Result<Vec<Event>> {
        let channel = channel.to_string();
        let found = query!(
            "DELETE FROM early_event WHERE channel_id = ? AND message = ? RETURNING row, at, body",
            channel,
            message
        )
        .fetch_all(&mut self.connection)
        .await?;
        let mut events: Vec<(Timestamp, i64, Event)> = found
            .into_iter()
            .map(|row| Ok((Timestamp::from_millis(row.at), row.row, from_json(&row.body)?)))
            .collect::<Result<_>>()?;
        events.sort_by_key(|(at, row, _)| (*at, *row));
        Ok(events.into_iter().map(|(_, _, event)| event).collect())
    }
}
