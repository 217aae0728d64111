//! The inbox: conversations with their last words, newest first.

use domain::{ChannelId, ConversationId, Keeper, Platform, Timestamp, Words, WorkspaceId};
use sqlx::query;

use crate::{
    Reader, Result,
    columns::{count, id, named, time},
    conversations::keeper,
};

/// One row of the list.
#[derive(Debug, Clone)]
pub struct InboxRow {
    pub conversation: ConversationId,
    pub channel: ChannelId,
    pub platform: Platform,
    pub customer_name: Option<Words>,
    pub last_words: Words,
    pub last_author: Option<domain::Author>,
    pub last_message_at: Timestamp,
    pub keeper: Keeper,
    pub unread: u32,
    pub state: String,
}

/// Which conversations; none = all.
#[derive(Debug, Clone, Default)]
pub struct InboxFilter {
    pub channel: Option<ChannelId>,
    /// assistant, waiting, person
    pub keeper: Option<String>,
    /// open, snoozed, resolved
    pub state: Option<String>,
}

impl Reader {
    pub async fn inbox(
        &self,
        workspace: WorkspaceId,
        filter: &InboxFilter,
        before: Option<Timestamp>,
        most: i64,
    ) -> Result<Vec<InboxRow>> {
        let (key, channel) = (workspace.to_string(), filter.channel.map(|id| id.to_string()));
        let before = before.map_or(i64::MAX, Timestamp::millis);
        let state = filter.state.as_deref().unwrap_or("open");
        query!(
            r#"SELECT conversation.id, conversation.channel_id, channel.platform, customer.name,
                      conversation.keeper, conversation.keeper_until, conversation.unread, conversation.state,
                      conversation.last_message_at,
                      (SELECT message.text FROM message WHERE message.conversation_id = conversation.id
                       ORDER BY message.said_at DESC, message.row DESC LIMIT 1) AS "words?: String",
                      (SELECT message.author FROM message WHERE message.conversation_id = conversation.id
                       ORDER BY message.said_at DESC, message.row DESC LIMIT 1) AS "author?: String"
               FROM conversation
               JOIN channel ON channel.id = conversation.channel_id
               JOIN customer ON customer.id = conversation.customer_id
               WHERE conversation.workspace_id = ? AND conversation.state = ?
                 AND conversation.last_message_at < ?
                 AND (? IS NULL OR conversation.channel_id = ?)
                 AND (? IS NULL OR conversation.keeper = ?)
               ORDER BY conversation.last_message_at DESC LIMIT ?"#,
            key,
            state,
            before,
            channel,
            channel,
            filter.keeper,
            filter.keeper,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(InboxRow {
                conversation: id(&row.id)?,
                channel: id(&row.channel_id)?,
                platform: named(&row.platform)?,
                customer_name: row.name.map(Words::from),
                last_words: row.words.unwrap_or_default().into(),
                last_author: row.author.as_deref().map(named).transpose()?,
                last_message_at: time(row.last_message_at),
                keeper: keeper(&row.keeper, row.keeper_until)?,
                unread: count(row.unread),
                state: row.state,
            })
        })
        .collect()
    }
}
