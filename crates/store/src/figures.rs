//! Figures: counted in the same transaction as the rows they count, per local day and per hour. The works of one
//! commit are added up first, for most of them count the same things.

use std::collections::BTreeMap;

use domain::{ChannelId, Intent, SentimentLevel, Timestamp};
use jiff::tz::TimeZone;
use sqlx::query;

use crate::{
    Reader, Result, Tx,
    columns::{name, time},
};

/// What is counted. Each stands for rows, so a recount gives the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    Messages(domain::Author),
    NewConversations,
    Intent(Intent),
    Sentiment(SentimentLevel),
    Escalations,
    Drafts,
    Approved,
    Edited,
    Refused,
    /// Answers of the assistant that left.
    Answers,
    /// First answers to a turn, and the milliseconds they took.
    FirstAnswers,
    FirstAnswerMillis,
    Runs,
    RunMillis,
    CostMicroUsd,
    TokensIn,
    TokensOut,
}

impl Figure {
    pub fn key(self) -> Result<String> {
        Ok(match self {
            Self::Messages(author) => format!("messages.{}", author.name()),
            Self::NewConversations => "conversations.new".to_owned(),
            Self::Intent(intent) => format!("intent.{}", intent.name()),
            Self::Sentiment(level) => format!("sentiment.{}", name(&level)?),
            Self::Escalations => "escalations".to_owned(),
            Self::Drafts => "drafts".to_owned(),
            Self::Approved => "drafts.approved".to_owned(),
            Self::Edited => "drafts.edited".to_owned(),
            Self::Refused => "drafts.refused".to_owned(),
            Self::Answers => "answers".to_owned(),
            Self::FirstAnswers => "first_answers".to_owned(),
            Self::FirstAnswerMillis => "first_answers.millis".to_owned(),
            Self::Runs => "runs".to_owned(),
            Self::RunMillis => "runs.millis".to_owned(),
            Self::CostMicroUsd => "runs.cost_micro_usd".to_owned(),
            Self::TokensIn => "runs.tokens_in".to_owned(),
            Self::TokensOut => "runs.tokens_out".to_owned(),
        })
    }
}

/// The local day of a moment, in days since 1970.
pub fn local_day(at: Timestamp, zone: &TimeZone) -> i64 {
    let seconds = at.millis().div_euclid(1_000);
    let offset = jiff::Timestamp::from_second(seconds.clamp(-377_705_023_201, 253_402_207_200))
        .map_or(0, |moment| i64::from(zone.to_offset(moment).seconds()));
    seconds.saturating_add(offset).div_euclid(86_400)
}

/// Counted, and not yet added to its row.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    channel: ChannelId,
    span: Span,
    key: String,
    value: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Span {
    /// Days since 1970, where the shop is.
    Day(i64),
    /// Hours since 1970, UTC.
    Hour(i64),
}

impl Tx {
    /// Adds to the day and, for messages, to the hour.
    pub(crate) async fn figure(
        &mut self,
        channel: ChannelId,
        at: Timestamp,
        figure: Figure,
        value: i64,
    ) -> Result<()> {
        let zone = self.zone(channel).await?;
        self.figure_on(channel, local_day(at, &zone), figure, value)?;
        if let Figure::Messages(_) = figure {
            let hour = Span::Hour(at.millis().div_euclid(3_600_000));
            self.counted.push(Counted { channel, span: hour, key: figure.key()?, value });
        }
        Ok(())
    }

    /// Adds to a local day that is already known.
    pub(crate) fn figure_on(
        &mut self,
        channel: ChannelId,
        day: i64,
        figure: Figure,
        value: i64,
    ) -> Result<()> {
        self.counted.push(Counted { channel, span: Span::Day(day), key: figure.key()?, value });
        Ok(())
    }

    /// Adds up what all works of a commit counted, a row each; just before the commit.
    pub(crate) async fn keep_figures(&mut self) -> Result<()> {
        let mut sums: BTreeMap<(Span, ChannelId, String), i64> = BTreeMap::new();
        for counted in std::mem::take(&mut self.counted) {
            let sum = sums.entry((counted.span, counted.channel, counted.key)).or_default();
            *sum = sum.saturating_add(counted.value);
        }
        for ((span, channel, key), value) in sums {
            let channel = channel.to_string();
            match span {
                Span::Day(day) => {
                    query!(
                        "INSERT INTO figure_day (channel_id, day, figure, value) VALUES (?, ?, ?, ?)
                         ON CONFLICT DO UPDATE SET value = value + excluded.value",
                        channel,
                        day,
                        key,
                        value
                    )
                    .execute(&mut self.connection)
                    .await?;
                }
                Span::Hour(hour) => {
                    query!(
                        "INSERT INTO figure_hour (channel_id, hour, figure, value) VALUES (?, ?, ?, ?)
                         ON CONFLICT DO UPDATE SET value = value + excluded.value",
                        channel,
                        hour,
                        key,
                        value
                    )
                    .execute(&mut self.connection)
                    .await?;
                }
            }
        }
        Ok(())
    }

    /// The zone in which a channel's days are counted.
    pub(crate) async fn zone(&mut self, channel: ChannelId) -> Result<TimeZone> {
        if let Some(zone) = self.zones.get(&channel) {
            return Ok(zone.clone());
        }
        let key = channel.to_string();
        let row = query!(
            "SELECT workspace.timezone FROM channel JOIN workspace ON workspace.id = channel.workspace_id
             WHERE channel.id = ?",
            key
        )
        .fetch_one(&mut self.connection)
        .await?;
        let zone = TimeZone::get(&row.timezone).unwrap_or(TimeZone::UTC);
        self.zones.insert(channel, zone.clone());
        Ok(zone)
    }
}

impl Reader {
    /// The sum over all channels from one local day to another, both included.
    pub async fn figure_between(&self, figure: Figure, first: i64, last: i64) -> Result<i64> {
        let key = figure.key()?;
        let row = query!(
            r#"SELECT COALESCE(SUM(value), 0) AS "n!: i64" FROM figure_day
               WHERE figure = ? AND day BETWEEN ? AND ?"#,
            key,
            first,
            last
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.n)
    }

    /// What the model has cost since a moment, in millionths of a US dollar.
    pub async fn spent_since(&self, workspace: domain::WorkspaceId, since: Timestamp) -> Result<u64> {
        let (workspace, since) = (workspace.to_string(), since.millis());
        let row = query!(
            r#"SELECT COALESCE(SUM(cost_micro_usd), 0) AS "n!: i64" FROM run
               WHERE workspace_id = ? AND at >= ?"#,
            workspace,
            since
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(u64::try_from(row.n).unwrap_or(0))
    }

    /// The oldest message, for screens that say since when there is data.
    pub async fn data_since(&self) -> Result<Option<Timestamp>> {
        let row = query!(r#"SELECT said_at AS "at!: i64" FROM message ORDER BY row LIMIT 1"#)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| time(row.at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_at_half_past_midnight_in_bangkok_counts_for_the_new_day() {
        let bangkok = TimeZone::get("Asia/Bangkok").unwrap();
        // 2026-06-09T17:30Z is 00:30 on 10 June in Bangkok.
        let late = Timestamp::from_millis(1_781_026_200_000);
        assert_eq!(local_day(late, &bangkok) - local_day(late, &TimeZone::UTC), 1);
        assert_eq!(local_day(Timestamp::from_millis(i64::MIN), &bangkok).signum(), -1);
    }
}
