//! The talk: the messages of a conversation with what was understood.

use domain::{Author, ConversationId, MessageId, Part, Timestamp, TurnId, Understanding};
use sqlx::query;

use crate::{
    Reader, Result,
    columns::{from_json, id, maybe_id, named, time},
};

/// A message as the thread shows it.
#[derive(Debug, Clone)]
pub struct Spoken {
    pub row: i64,
    pub message: MessageId,
    pub author: Author,
    pub parts: Vec<Part>,
    pub text: String,
    pub said_at: Timestamp,
    pub edited: bool,
    pub unsent: bool,
    pub delivered_at: Option<Timestamp>,
    pub read_at: Option<Timestamp>,
    pub failed: Option<String>,
    pub delivery: Option<String>,
    pub turn: Option<TurnId>,
    pub meaning: Option<Understanding>,
}

impl Reader {
    /// The last messages said before a moment, oldest first.
    pub async fn talk(
        &self,
        conversation: ConversationId,
        before: Timestamp,
        most: i64,
    ) -> Result<Vec<Spoken>> {
        let (key, before) = (conversation.to_string(), before.millis());
        let mut rows: Vec<Spoken> = query!(
            r#"SELECT message.row AS "row!: i64", message.id AS "id!", message.author AS "author!",
                      message.parts AS "parts!", message.text AS "text!", message.said_at AS "said_at!: i64",
                      message.edited_at, message.unsent_at, message.delivered_at, message.read_at,
                      message.failed, message.delivery_id, message.turn_id, understanding.body AS "meaning?"
               FROM message LEFT JOIN understanding ON understanding.message_id = message.id
               WHERE message.conversation_id = ? AND message.said_at < ?
               ORDER BY message.said_at DESC, message.row DESC LIMIT ?"#,
            key,
            before,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Spoken {
                row: row.row,
                message: id(&row.id)?,
                author: named(&row.author)?,
                parts: from_json(&row.parts)?,
                text: row.text,
                said_at: time(row.said_at),
                edited: row.edited_at.is_some(),
                unsent: row.unsent_at.is_some(),
                delivered_at: row.delivered_at.map(time),
                read_at: row.read_at.map(time),
                failed: row.failed,
                delivery: row.delivery_id,
                turn: maybe_id(row.turn_id)?,
                // Of an unsent message nothing is kept.
                meaning: row.meaning.as_deref().filter(|body| *body != "{}").map(from_json).transpose()?,
            })
        })
        .collect::<Result<_>>()?;
        rows.reverse();
        Ok(rows)
    }
}
