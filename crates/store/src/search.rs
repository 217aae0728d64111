//! Searching everything said: Thai in mid-sentence, newest first.

use domain::{ConversationId, MessageId, Timestamp, Words, fold};
use sqlx::query;

use crate::{
    Reader, Result,
    columns::{id, time},
};

/// A message that holds the words.
#[derive(Debug, Clone)]
pub struct Found {
    pub row: i64,
    pub message: MessageId,
    pub conversation: ConversationId,
    pub text: Words,
    pub said_at: Timestamp,
}

/// The trigram index sees pieces of three code points; shorter words are looked for in the newest messages.
const SHORTEST_FOR_INDEX: usize = 3;

impl Reader {
    /// The newest messages that hold the words, older than `before` (a row) when given.
    pub async fn search(&self, words: &str, before: Option<i64>, most: i64) -> Result<Vec<Found>> {
        let folded = fold(words);
        if folded.is_empty() {
            return Ok(Vec::new());
        }
        let before = before.unwrap_or(i64::MAX);
        // A question to the index ends at its first NUL.
        if folded.chars().count() < SHORTEST_FOR_INDEX || folded.contains('\0') {
            return self.scan(&folded, before, most).await;
        }
        let phrase = format!("\"{}\"", folded.replace('"', "\"\""));
        // CROSS JOIN holds SQLite to walking the index first; the other way round a search takes seconds.
        query!(
            r#"SELECT message.row AS "row!: i64", message.id AS "id!", message.conversation_id AS "conversation!",
                      message.text AS "text!", message.said_at AS "said_at!: i64"
               FROM message_fts CROSS JOIN message ON message.row = message_fts.rowid
               WHERE message_fts MATCH ? AND message_fts.rowid < ?
               ORDER BY message_fts.rowid DESC LIMIT ?"#,
            phrase,
            before,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| found(row.row, &row.id, &row.conversation, row.text, row.said_at))
        .collect()
    }

    async fn scan(&self, folded: &str, before: i64, most: i64) -> Result<Vec<Found>> {
        query!(
            r#"SELECT row AS "row!: i64", id AS "id!", conversation_id AS "conversation!", text AS "text!",
                      said_at AS "said_at!: i64"
               FROM message WHERE row < ? AND instr(folded, ?) > 0 ORDER BY row DESC LIMIT ?"#,
            before,
            folded,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| found(row.row, &row.id, &row.conversation, row.text, row.said_at))
        .collect()
    }
}

fn found(row: i64, message: &str, conversation: &str, text: String, said_at: i64) -> Result<Found> {
    Ok(Found {
        row,
        message: id(message)?,
        conversation: id(conversation)?,
        text: text.into(),
        said_at: time(said_at),
    })
}
