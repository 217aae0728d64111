//! Envelopes: webhooks as they came, durable before anything is acknowledged.

use domain::{ChannelId, Door, Timestamp};
use sqlx::query;

use crate::{
    Change, Reader, Result, Tx,
    columns::{id, name, named, time},
};

/// What a door hands in.
#[derive(Debug, Clone)]
pub struct NewEnvelope {
    pub channel: ChannelId,
    pub door: Door,
    /// The relay's number of it.
    pub relay_seq: Option<i64>,
    pub arrived_at: Timestamp,
    /// JSON of the request without its body.
    pub request: String,
    pub body: Vec<u8>,
}

#[derive(Clone)]
pub struct EnvelopeRow {
    pub row: i64,
    pub channel: ChannelId,
    pub door: Door,
    pub arrived_at: Timestamp,
    pub request: String,
    pub body: Vec<u8>,
}

impl Tx {
    /// False when the relay's number was already taken in.
    pub async fn keep_envelope(&mut self, new: &NewEnvelope) -> Result<bool> {
        let channel = new.channel.to_string();
        let door = name(&new.door)?;
        let at = new.arrived_at.millis();
        let kept = query!(
            "INSERT INTO envelope (channel_id, door, relay_seq, arrived_at, request, body)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (relay_seq) DO NOTHING",
            channel,
            door,
            new.relay_seq,
            at,
            new.request,
            new.body
        )
        .execute(&mut self.connection)
        .await?
        .rows_affected()
            > 0;
        if kept {
            self.tell(Change::EnvelopeWaiting);
        }
        Ok(kept)
    }

    /// Parsed and settled: the words live on in their messages. The relay's cursor remembers that it came.
    pub async fn envelope_done(&mut self, row: i64) -> Result<()> {
        query!("DELETE FROM envelope WHERE row = ?", row).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Kept aside with the reason: nobody can read it now, a later version may.
    pub async fn park_envelope(&mut self, row: i64, reason: &str) -> Result<()> {
        query!("UPDATE envelope SET state = 'parked', reason = ? WHERE row = ?", reason, row)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}

impl Reader {
    /// The oldest that wait, after `row`.
    pub async fn waiting_envelopes(&self, after: i64, most: i64) -> Result<Vec<EnvelopeRow>> {
        query!(
            "SELECT row, channel_id, door, arrived_at, request, body FROM envelope
             WHERE state = 'waiting' AND row > ? ORDER BY row LIMIT ?",
            after,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(EnvelopeRow {
                row: row.row,
                channel: id(&row.channel_id)?,
                door: named(&row.door)?,
                arrived_at: time(row.arrived_at),
                request: row.request,
                body: row.body,
            })
        })
        .collect()
    }

    /// How many wait, and how many are parked.
    pub async fn envelope_counts(&self) -> Result<(i64, i64)> {
        let row = query!(
            r#"SELECT
                (SELECT COUNT(*) FROM envelope WHERE state = 'waiting') AS "waiting!: i64",
                (SELECT COUNT(*) FROM envelope WHERE state = 'parked') AS "parked!: i64""#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((row.waiting, row.parked))
    }
}
