//! Understandings: what the device made of each message, and how the owner corrected it.

use domain::{ChannelId, ConversationId, Intent, MessageId, SentimentLevel, Timestamp, Understanding};
use sqlx::query;

use crate::{
    Change, Figure, Result, Tx,
    columns::{json, name},
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
        let first = query!("UPDATE message SET understood = 1 WHERE id = ? AND understood = 0", key)
            .execute(&mut self.connection)
            .await?;
        if first.rows_affected() == 0 {
            return Ok(false);
        }
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
        self.figure(new.channel, new.said_at, Figure::Intent(meaning.intent()), 1).await?;
        self.figure(new.channel, new.said_at, Figure::Sentiment(meaning.sentiment.label), 1).await?;
        self.tell(Change::MessageChanged(new.message));
        Ok(true)
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
