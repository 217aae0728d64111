//! Understandings: what the device made of each message, and how the owner corrected it.

use domain::{ChannelId, ConversationId, Intent, MessageId, SentimentLevel, Timestamp, Understanding};
use sqlx::query;

use crate::{
    Change, Figure, Result, StoreError, Tx,
    columns::{id, json, name, named},
};

/// What a message means, with the figures that rest on it.
#[derive(Debug, Clone)]
pub struct Understood {
    pub message: MessageId,
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub said_at: Timestamp,
    pub meaning: Understanding,
    pub priority: u8,
    pub lead: u8,
}

impl Tx {
    /// False when another work settled it first, or the message was taken back meanwhile.
    pub async fn understood(&mut self, new: &Understood) -> Result<bool> {
        let key = new.message.to_string();
        let first =
            query!("UPDATE message SET understood = 1 WHERE id = ? AND understood = 0 RETURNING day", key)
                .fetch_optional(&mut self.connection)
                .await?;
        let Some(first) = first else { return Ok(false) };
        let meaning = &new.meaning;
        let (intent, confidence) = (meaning.intent().name(), f64::from(meaning.intent_confidence()));
        let (language, sentiment) = (name(&meaning.language)?, name(&meaning.sentiment.label)?);
        let (score, body) = (f64::from(meaning.sentiment.score), json(meaning)?);
        query!(
            "INSERT INTO understanding
                (message_id, intent, confidence, language, sentiment, score, priority, lead, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key,
            intent,
            confidence,
            language,
            sentiment,
            score,
            new.priority,
            new.lead,
            body
        )
        .execute(&mut self.connection)
        .await?;
        // On the day the message itself was counted for, whatever zone the shop has moved to since.
        self.figure_on(new.channel, first.day, Figure::Intent(meaning.intent()), 1)?;
        self.figure_on(new.channel, first.day, Figure::Sentiment(meaning.sentiment.label), 1)?;
        self.tell(Change::MessageChanged(new.message));
        Ok(true)
    }

    /// A customer's words changed: what was understood of the old ones, and the figures on them, go. Words that
    /// were taken back, or are ours, are not understood at all.
    pub async fn understand_again(&mut self, message: MessageId) -> Result<()> {
        let key = message.to_string();
        let again = query!(
            "UPDATE message SET understood = 0 WHERE id = ? AND author = 'customer' AND unsent_at IS NULL",
            key
        )
        .execute(&mut self.connection)
        .await?;
        if again.rows_affected() == 0 {
            return Ok(());
        }
        let old = query!("DELETE FROM understanding WHERE message_id = ? RETURNING intent, sentiment", key)
            .fetch_optional(&mut self.connection)
            .await?;
        let row = query!("SELECT channel_id, day FROM message WHERE id = ?", key)
            .fetch_one(&mut self.connection)
            .await?;
        if let Some(old) = old {
            let channel = id(&row.channel_id)?;
            self.figure_on(channel, row.day, Figure::Intent(named(&old.intent)?), -1)?;
            self.figure_on(channel, row.day, Figure::Sentiment(named(&old.sentiment)?), -1)?;
        }
        self.tell(Change::MessageWaiting);
        Ok(())
    }

    /// What the device took a message for.
    pub async fn understanding_of(&mut self, message: MessageId) -> Result<(Intent, SentimentLevel)> {
        let key = message.to_string();
        let row = query!("SELECT intent, sentiment FROM understanding WHERE message_id = ?", key)
            .fetch_optional(&mut self.connection)
            .await?
            .ok_or(StoreError::NotFound("understood message"))?;
        Ok((named(&row.intent)?, named(&row.sentiment)?))
    }

    pub async fn correct_intent(&mut self, message: MessageId, intent: Intent) -> Result<()> {
        let (key, intent) = (message.to_string(), intent.name());
        query!("UPDATE understanding SET true_intent = ? WHERE message_id = ?", intent, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::MessageChanged(message));
        Ok(())
    }

    pub async fn correct_sentiment(&mut self, message: MessageId, level: SentimentLevel) -> Result<()> {
        let (key, level) = (message.to_string(), name(&level)?);
        query!("UPDATE understanding SET true_sentiment = ? WHERE message_id = ?", level, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::MessageChanged(message));
        Ok(())
    }
}
