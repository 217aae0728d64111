//! The fate of a turn: where it stands, why it ended so, and which reply answers it.

use domain::{AnswerAs, ConversationId, DraftId, ReplyId, RunId, Timestamp, TurnId, TurnState};
use sqlx::query;

use crate::{
    Reader, Result, StoreError,
    columns::{id, maybe_id, named, time},
};

/// Where a turn stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    pub turn: TurnId,
    pub state: TurnState,
    /// Decided: sent by itself, or put before the owner.
    pub answer_as: Option<AnswerAs>,
    /// Of a silent turn its reason, of an escalated one its rule.
    pub because: Option<String>,
    pub closed_at: Option<Timestamp>,
}

/// What a reply goes back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyOrigin {
    pub reply: ReplyId,
    pub turn: Option<TurnId>,
    pub draft: Option<DraftId>,
    pub run: Option<RunId>,
}

impl Reader {
    pub async fn fate(&self, turn: TurnId) -> Result<Fate> {
        let key = turn.to_string();
        let row = query!("SELECT state, answer_as, because, closed_at FROM turn WHERE id = ?", key)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(StoreError::NotFound("turn"))?;
        Ok(Fate {
            turn,
            state: named(&row.state)?,
            answer_as: row.answer_as.as_deref().map(named).transpose()?,
            because: row.because,
            closed_at: row.closed_at.map(time),
        })
    }

    /// The origins of all replies of a conversation, in the order they were promised.
    pub async fn reply_origins(&self, conversation: ConversationId) -> Result<Vec<ReplyOrigin>> {
        let key = conversation.to_string();
        query!("SELECT id, turn_id, draft_id, run_id FROM reply WHERE conversation_id = ? ORDER BY created_at, id", key)
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(|row| {
                Ok(ReplyOrigin {
                    reply: id(&row.id)?,
                    turn: maybe_id(row.turn_id)?,
                    draft: maybe_id(row.draft_id)?,
                    run: maybe_id(row.run_id)?,
                })
            })
            .collect()
    }
}
