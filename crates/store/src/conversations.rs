//! Conversations: one per thread of a channel, who keeps it, and what may be sent free of charge.

use std::time::Duration;

use domain::{
    ChannelId, ConversationId, CustomerId, Keeper, ReplyToken, Thread, ThreadKind, Timestamp, WorkspaceId,
};
use sqlx::query;

use crate::{
    Change, Figure, Reader, Result, StoreError, Tx,
    columns::{count, id, name, named, time},
    connection::entropy,
};

#[derive(Debug, Clone)]
pub struct ConversationRow {
    pub id: ConversationId,
    pub workspace: WorkspaceId,
    pub channel: ChannelId,
    pub customer: CustomerId,
    pub kind: ThreadKind,
    pub thread: String,
    pub keeper: Keeper,
    pub other_app: bool,
    pub state: String,
    pub unread: u32,
    pub episode: u32,
    pub answers_in_episode: u32,
    pub handed_back: bool,
    pub away_period: Option<Timestamp>,
    pub last_message_at: Timestamp,
    pub last_inbound_at: Option<Timestamp>,
    pub reply_token: Option<ReplyToken>,
    pub read_token: Option<String>,
}

struct Raw {
    id: String,
    workspace_id: String,
    channel_id: String,
    customer_id: String,
    kind: String,
    thread: String,
    keeper: String,
    keeper_until: Option<i64>,
    other_app: i64,
    state: String,
    unread: i64,
    episode: i64,
    answers_in_episode: i64,
    handed_back_episode: Option<i64>,
    away_period: Option<i64>,
    last_message_at: i64,
    last_inbound_at: Option<i64>,
    reply_token: Option<String>,
    reply_token_until: Option<i64>,
    read_token: Option<String>,
}

impl TryFrom<Raw> for ConversationRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: id(&raw.id)?,
            workspace: id(&raw.workspace_id)?,
            channel: id(&raw.channel_id)?,
            customer: id(&raw.customer_id)?,
            kind: named(&raw.kind)?,
            thread: raw.thread,
            keeper: keeper(&raw.keeper, raw.keeper_until)?,
            other_app: raw.other_app != 0,
            state: raw.state,
            unread: count(raw.unread),
            episode: count(raw.episode),
            answers_in_episode: count(raw.answers_in_episode),
            handed_back: raw.handed_back_episode == Some(raw.episode),
            away_period: raw.away_period.map(time),
            last_message_at: time(raw.last_message_at),
            last_inbound_at: raw.last_inbound_at.map(time),
            reply_token: raw
                .reply_token
                .zip(raw.reply_token_until)
                .map(|(token, until)| ReplyToken { token, until: time(until) }),
            read_token: raw.read_token,
        })
    }
}

pub(crate) fn keeper(word: &str, until: Option<i64>) -> Result<Keeper> {
    match word {
        "assistant" => Ok(Keeper::Assistant),
        "waiting" => Ok(Keeper::Waiting),
        "person" => Ok(Keeper::Person { until: until.map(time) }),
        other => Err(StoreError::Defect(format!("no keeper is called {other}"))),
    }
}

/// An episode ends when the talk is resolved, or after this long without a word.
const EPISODE_ENDS_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

impl Tx {
    /// The conversation of a thread; made when its first word comes.
    pub async fn conversation_of(
        &mut self,
        workspace: WorkspaceId,
        channel: ChannelId,
        thread: &Thread,
        customer: CustomerId,
        at: Timestamp,
    ) -> Result<ConversationId> {
        if let Some(found) = self.find_conversation(channel, &thread.key).await? {
            return Ok(found);
        }
        let made = ConversationId::new(at, entropy());
        let (key, workspace, channel_key) = (made.to_string(), workspace.to_string(), channel.to_string());
        let (customer, kind, at_ms) = (customer.to_string(), name(&thread.kind)?, at.millis());
        query!(
            "INSERT INTO conversation
                (id, workspace_id, channel_id, customer_id, kind, thread, last_message_at, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            key,
            workspace,
            channel_key,
            customer,
            kind,
            thread.key,
            at_ms,
            at_ms
        )
        .execute(&mut self.connection)
        .await?;
        self.figure(channel, at, Figure::NewConversations, 1).await?;
        Ok(made)
    }

    pub async fn find_conversation(
        &mut self,
        channel: ChannelId,
        thread: &str,
    ) -> Result<Option<ConversationId>> {
        let channel = channel.to_string();
        query!("SELECT id FROM conversation WHERE channel_id = ? AND thread = ?", channel, thread)
            .fetch_optional(&mut self.connection)
            .await?
            .map(|row| id(&row.id))
            .transpose()
    }

    /// The platform moved the talk to another key.
    pub async fn move_conversation(&mut self, channel: ChannelId, from: &str, to: &str) -> Result<()> {
        let channel = channel.to_string();
        query!(
            "UPDATE OR IGNORE conversation SET thread = ? WHERE channel_id = ? AND thread = ?",
            to,
            channel,
            from
        )
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// A customer's message came in: the talk is unread and open, and may begin a new episode.
    pub async fn heard(
        &mut self,
        conversation: ConversationId,
        said_at: Timestamp,
        reply_token: Option<&ReplyToken>,
        read_token: Option<&str>,
    ) -> Result<()> {
        let (key, at) = (conversation.to_string(), said_at.millis());
        let ends = i64::try_from(EPISODE_ENDS_AFTER.as_millis()).unwrap_or(i64::MAX);
        query!(
            "UPDATE conversation SET
                episode = episode + ((state = 'resolved') OR (? - last_message_at > ?)),
                answers_in_episode =
                    CASE WHEN state = 'resolved' OR ? - last_message_at > ? THEN 0 ELSE answers_in_episode END,
                state = 'open',
                unread = unread + 1,
                last_message_at = MAX(last_message_at, ?),
                last_inbound_at = MAX(COALESCE(last_inbound_at, 0), ?)
             WHERE id = ?",
            at,
            ends,
            at,
            ends,
            at,
            at,
            key
        )
        .execute(&mut self.connection)
        .await?;
        if let Some(token) = reply_token {
            let until = token.until.millis();
            query!(
                "UPDATE conversation SET reply_token = ?, reply_token_until = ?
                 WHERE id = ? AND COALESCE(reply_token_until, 0) <= ?",
                token.token,
                until,
                key,
                until
            )
            .execute(&mut self.connection)
            .await?;
        }
        if let Some(token) = read_token {
            query!("UPDATE conversation SET read_token = ? WHERE id = ?", token, key)
                .execute(&mut self.connection)
                .await?;
        }
        self.tell(Change::ConversationChanged(conversation));
        Ok(())
    }

    /// One of our messages stands in the talk.
    pub(crate) async fn spoke(&mut self, conversation: ConversationId, at: Timestamp) -> Result<()> {
        let (key, at) = (conversation.to_string(), at.millis());
        query!(
            "UPDATE conversation SET last_message_at = MAX(last_message_at, ?),
                    last_outbound_at = MAX(COALESCE(last_outbound_at, 0), ?) WHERE id = ?",
            at,
            at,
            key
        )
        .execute(&mut self.connection)
        .await?;
        self.tell(Change::ConversationChanged(conversation));
        Ok(())
    }

    /// Taken out to be used: whatever becomes of it, it is not used again.
    pub async fn spend_reply_token(&mut self, conversation: ConversationId) -> Result<()> {
        let key = conversation.to_string();
        query!("UPDATE conversation SET reply_token = NULL, reply_token_until = NULL WHERE id = ?", key)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    pub async fn set_keeper(&mut self, conversation: ConversationId, keeper: Keeper) -> Result<()> {
        let (key, word) = (conversation.to_string(), keeper.name());
        let until = match keeper {
            Keeper::Person { until } => until.map(Timestamp::millis),
            Keeper::Assistant | Keeper::Waiting => None,
        };
        query!("UPDATE conversation SET keeper = ?, keeper_until = ? WHERE id = ?", word, until, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::ConversationChanged(conversation));
        Ok(())
    }

    /// The assistant has it again, and this episode's old reasons do not call again.
    pub async fn hand_back(&mut self, conversation: ConversationId) -> Result<()> {
        let key = conversation.to_string();
        query!(
            "UPDATE conversation SET keeper = 'assistant', keeper_until = NULL, handed_back_episode = episode
             WHERE id = ?",
            key
        )
        .execute(&mut self.connection)
        .await?;
        self.tell(Change::ConversationChanged(conversation));
        Ok(())
    }

    pub async fn set_other_app(&mut self, conversation: ConversationId, held: bool) -> Result<()> {
        let key = conversation.to_string();
        query!("UPDATE conversation SET other_app = ? WHERE id = ?", held, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::ConversationChanged(conversation));
        Ok(())
    }

    pub async fn told_away(&mut self, conversation: ConversationId, period: Timestamp) -> Result<()> {
        let (key, period) = (conversation.to_string(), period.millis());
        query!("UPDATE conversation SET away_period = ? WHERE id = ?", period, key)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// Read by the owner.
    pub async fn mark_read(&mut self, conversation: ConversationId) -> Result<()> {
        let key = conversation.to_string();
        query!("UPDATE conversation SET unread = 0 WHERE id = ?", key).execute(&mut self.connection).await?;
        self.tell(Change::ConversationChanged(conversation));
        Ok(())
    }

    /// open, snoozed (until a moment) or resolved.
    pub async fn set_conversation_state(
        &mut self,
        conversation: ConversationId,
        state: &str,
        until: Option<Timestamp>,
    ) -> Result<()> {
        let (key, until) = (conversation.to_string(), until.map(Timestamp::millis));
        query!("UPDATE conversation SET state = ?, snoozed_until = ? WHERE id = ?", state, until, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::ConversationChanged(conversation));
        Ok(())
    }

    pub async fn conversation(&mut self, conversation: ConversationId) -> Result<ConversationRow> {
        let key = conversation.to_string();
        sqlx::query_as!(
            Raw,
            "SELECT id, workspace_id, channel_id, customer_id, kind, thread, keeper, keeper_until, other_app,
                    state, unread, episode, answers_in_episode, handed_back_episode, away_period,
                    last_message_at, last_inbound_at, reply_token, reply_token_until, read_token
             FROM conversation WHERE id = ?",
            key
        )
        .fetch_optional(&mut self.connection)
        .await?
        .ok_or(StoreError::NotFound("conversation"))?
        .try_into()
    }
}

impl Reader {
    pub async fn conversation(&self, conversation: ConversationId) -> Result<ConversationRow> {
        let key = conversation.to_string();
        sqlx::query_as!(
            Raw,
            "SELECT id, workspace_id, channel_id, customer_id, kind, thread, keeper, keeper_until, other_app,
                    state, unread, episode, answers_in_episode, handed_back_episode, away_period,
                    last_message_at, last_inbound_at, reply_token, reply_token_until, read_token
             FROM conversation WHERE id = ?",
            key
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound("conversation"))?
        .try_into()
    }
}
