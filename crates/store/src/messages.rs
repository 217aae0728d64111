//! Messages: what was said, edited, taken back, delivered and read.

use std::collections::BTreeMap;

use domain::{
    Author, ChannelId, ConversationId, MessageId, Part, ThreadKind, Timestamp, WorkspaceId, fold, text_of,
};
use sqlx::query;

use crate::{
    Change, Figure, Reader, Result, Tx,
    columns::{from_json, id, json, named, time},
    connection::entropy,
    local_day,
};

#[derive(Debug, Clone)]
pub struct NewMessage {
    pub workspace: WorkspaceId,
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub author: Author,
    /// The platform's message id.
    pub remote: Option<String>,
    pub parts: Vec<Part>,
    pub reply_to: Option<String>,
    /// Of our own messages: the delivery that carried it.
    pub delivery: Option<uuid::Uuid>,
    pub said_at: Timestamp,
    pub arrived_at: Timestamp,
    pub addressed: bool,
    pub from_history: bool,
}

/// A customer's message that waits to be understood.
#[derive(Debug, Clone)]
pub struct ToUnderstand {
    pub row: i64,
    pub message: MessageId,
    pub workspace: WorkspaceId,
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub kind: ThreadKind,
    pub text: String,
    pub said_at: Timestamp,
    pub arrived_at: Timestamp,
    pub from_history: bool,
    /// When the free answer's token dies.
    pub reply_token_until: Option<Timestamp>,
    pub customer_name_known: bool,
}

impl Tx {
    /// None when the platform's message is already there.
    pub async fn add_message(&mut self, new: &NewMessage) -> Result<Option<MessageId>> {
        let made = MessageId::new(new.arrived_at, entropy());
        let zone = self.zone(new.channel).await?;
        let text = text_of(&new.parts);
        let (key, folded, parts) = (made.to_string(), fold(&text), json(&new.parts)?);
        let (workspace, channel) = (new.workspace.to_string(), new.channel.to_string());
        let (conversation, author) = (new.conversation.to_string(), new.author.name());
        let (said, arrived) = (new.said_at.millis(), new.arrived_at.millis());
        let day = local_day(new.said_at, &zone);
        let delivery = new.delivery.map(|id| id.to_string());
        let understood = new.author != Author::Customer;
        let done = query!(
            "INSERT INTO message
                (id, workspace_id, channel_id, conversation_id, author, remote, parts, text, folded, reply_to,
                 delivery_id, said_at, arrived_at, day, addressed, from_history, understood)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            key,
            workspace,
            channel,
            conversation,
            author,
            new.remote,
            parts,
            text,
            folded,
            new.reply_to,
            delivery,
            said,
            arrived,
            day,
            new.addressed,
            new.from_history,
            understood
        )
        .execute(&mut self.connection)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        self.figure(new.channel, new.said_at, Figure::Messages(new.author), 1).await?;
        if new.author == Author::Customer {
            self.tell(Change::MessageWaiting);
        } else {
            self.spoke(new.conversation, new.said_at).await?;
        }
        self.tell(Change::MessageChanged(made));
        Ok(Some(made))
    }

    /// Is this message of the platform the work of another delivery than the given one?
    pub async fn sent_by_another(
        &mut self,
        channel: ChannelId,
        remote: &str,
        delivery: uuid::Uuid,
    ) -> Result<bool> {
        let (channel, delivery) = (channel.to_string(), delivery.to_string());
        let row = query!(
            r#"SELECT EXISTS (SELECT 1 FROM message WHERE channel_id = ? AND remote = ?
                   AND COALESCE(delivery_id, '') <> ?) AS "other!: i64""#,
            channel,
            remote,
            delivery
        )
        .fetch_one(&mut self.connection)
        .await?;
        Ok(row.other != 0)
    }

    /// The message that the platform calls so.
    pub async fn message_by_remote(
        &mut self,
        channel: ChannelId,
        remote: &str,
    ) -> Result<Option<(MessageId, ConversationId)>> {
        let channel = channel.to_string();
        query!("SELECT id, conversation_id FROM message WHERE channel_id = ? AND remote = ?", channel, remote)
            .fetch_optional(&mut self.connection)
            .await?
            .map(|row| Ok((id(&row.id)?, id(&row.conversation_id)?)))
            .transpose()
    }

    /// New words; an edit that is older than the last one changes nothing.
    pub async fn edit_message(&mut self, message: MessageId, parts: &[Part], at: Timestamp) -> Result<()> {
        let text = text_of(parts);
        let (key, folded, body, at) = (message.to_string(), fold(&text), json(&parts)?, at.millis());
        query!(
            "UPDATE message SET parts = ?, text = ?, folded = ?, edited_at = ?
             WHERE id = ? AND unsent_at IS NULL AND COALESCE(edited_at, 0) <= ?",
            body,
            text,
            folded,
            at,
            key,
            at
        )
        .execute(&mut self.connection)
        .await?;
        self.tell(Change::MessageChanged(message));
        Ok(())
    }

    /// Taken back by its sender: the words go, the place stays.
    pub async fn unsend_message(&mut self, message: MessageId, at: Timestamp) -> Result<()> {
        let (key, at) = (message.to_string(), at.millis());
        query!(
            "UPDATE message SET parts = '[]', text = '', folded = '', unsent_at = ?, understood = 1
             WHERE id = ?",
            at,
            key
        )
        .execute(&mut self.connection)
        .await?;
        query!("UPDATE understanding SET body = '{}' WHERE message_id = ?", key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::MessageChanged(message));
        Ok(())
    }

    /// One emoji per person; none = taken away.
    pub async fn react(&mut self, message: MessageId, who: &str, emoji: Option<&str>) -> Result<()> {
        let key = message.to_string();
        let row =
            query!("SELECT reactions FROM message WHERE id = ?", key).fetch_one(&mut self.connection).await?;
        let mut reactions: BTreeMap<String, String> = from_json(&row.reactions)?;
        match emoji {
            Some(emoji) => reactions.insert(who.to_owned(), emoji.to_owned()),
            None => reactions.remove(who),
        };
        let body = json(&reactions)?;
        query!("UPDATE message SET reactions = ? WHERE id = ?", body, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::MessageChanged(message));
        Ok(())
    }

    pub async fn message_delivered(&mut self, message: MessageId, at: Timestamp) -> Result<()> {
        let (key, at) = (message.to_string(), at.millis());
        query!("UPDATE message SET delivered_at = COALESCE(delivered_at, ?) WHERE id = ?", at, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::MessageChanged(message));
        Ok(())
    }

    pub async fn message_read(&mut self, message: MessageId, at: Timestamp) -> Result<()> {
        let (key, at) = (message.to_string(), at.millis());
        query!(
            "UPDATE message SET read_at = COALESCE(read_at, ?), delivered_at = COALESCE(delivered_at, ?)
             WHERE id = ?",
            at,
            at,
            key
        )
        .execute(&mut self.connection)
        .await?;
        self.tell(Change::MessageChanged(message));
        Ok(())
    }

    /// All that we said in the talk at or before a moment was delivered, or read.
    pub async fn all_delivered_up_to(
        &mut self,
        conversation: ConversationId,
        up_to: Timestamp,
        at: Timestamp,
    ) -> Result<()> {
        let (key, up_to, at) = (conversation.to_string(), up_to.millis(), at.millis());
        query!(
            "UPDATE message SET delivered_at = ?
             WHERE conversation_id = ? AND author <> 'customer' AND said_at <= ? AND delivered_at IS NULL",
            at,
            key,
            up_to
        )
        .execute(&mut self.connection)
        .await?;
        self.tell(Change::ConversationChanged(conversation));
        Ok(())
    }

    pub async fn all_read_up_to(
        &mut self,
        conversation: ConversationId,
        up_to: Timestamp,
        at: Timestamp,
    ) -> Result<()> {
        let (key, up_to, at) = (conversation.to_string(), up_to.millis(), at.millis());
        query!(
            "UPDATE message SET read_at = ?, delivered_at = COALESCE(delivered_at, ?)
             WHERE conversation_id = ? AND author <> 'customer' AND said_at <= ? AND read_at IS NULL",
            at,
            at,
            key,
            up_to
        )
        .execute(&mut self.connection)
        .await?;
        self.tell(Change::ConversationChanged(conversation));
        Ok(())
    }

    /// Accepted by the platform, and failed after all.
    pub async fn message_failed(&mut self, message: MessageId, reason: &str) -> Result<()> {
        let key = message.to_string();
        query!("UPDATE message SET failed = ? WHERE id = ?", reason, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::MessageChanged(message));
        Ok(())
    }
}

impl Reader {
    /// The platform's id of the customer's last message in the talk.
    pub async fn last_heard(&self, conversation: ConversationId) -> Result<Option<String>> {
        let key = conversation.to_string();
        let row = query!(
            "SELECT remote FROM message WHERE conversation_id = ? AND author = 'customer' AND remote IS NOT NULL
             ORDER BY said_at DESC, row DESC LIMIT 1",
            key
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.and_then(|row| row.remote))
    }

    /// In the order they came, after `row`.
    pub async fn to_understand(&self, after: i64, most: i64) -> Result<Vec<ToUnderstand>> {
        query!(
            "SELECT message.row, message.id, message.workspace_id, message.channel_id, message.conversation_id,
                    conversation.kind, message.text, message.said_at, message.arrived_at,
                    message.from_history, conversation.reply_token_until,
                    customer.name IS NOT NULL AS name_known
             FROM message
             JOIN conversation ON conversation.id = message.conversation_id
             JOIN customer ON customer.id = conversation.customer_id
             WHERE message.understood = 0 AND message.row > ?
             ORDER BY message.row LIMIT ?",
            after,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(ToUnderstand {
                row: row.row,
                message: id(&row.id)?,
                workspace: id(&row.workspace_id)?,
                channel: id(&row.channel_id)?,
                conversation: id(&row.conversation_id)?,
                kind: named(&row.kind)?,
                text: row.text,
                said_at: time(row.said_at),
                arrived_at: time(row.arrived_at),
                from_history: row.from_history != 0,
                reply_token_until: row.reply_token_until.map(time),
                customer_name_known: row.name_known != 0,
            })
        })
        .collect()
    }
}
