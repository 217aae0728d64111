//! Drafts: words proposed, which wait for the owner's verdict.

use domain::{AnswerKind, ConversationId, DraftId, ReplyId, RunId, Timestamp, TurnId, Words};
use serde::Serialize;
use store::DraftRow;

use crate::{House, Result};

/// A draft that waits, or waited.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draft {
    pub id: DraftId,
    pub conversation: ConversationId,
    pub turn: TurnId,
    pub run: Option<RunId>,
    pub kind: AnswerKind,
    pub words: Words,
    pub confidence: f32,
    pub created_at: Timestamp,
    /// When the platform's window for answering closes.
    pub window_until: Option<Timestamp>,
    /// waiting, approved, edited, refused or withdrawn
    pub state: String,
}

impl From<DraftRow> for Draft {
    fn from(row: DraftRow) -> Self {
        Self {
            id: row.id,
            conversation: row.conversation,
            turn: row.turn,
            run: row.run,
            kind: row.kind,
            words: row.words,
            confidence: row.confidence,
            created_at: row.created_at,
            window_until: row.window_until,
            state: row.state,
        }
    }
}

/// Those that wait, the ones whose window closes first on top.
pub async fn waiting(house: &House) -> Result<Vec<Draft>> {
    let rows = house.flow.read().waiting_drafts(house.flow.workspace()).await?;
    Ok(rows.into_iter().map(Draft::from).collect())
}

pub async fn one(house: &House, draft: DraftId) -> Result<Draft> {
    Ok(house.flow.read().draft(draft).await?.into())
}

/// Sends it, with the owner's words instead of the proposed ones where given.
pub async fn approve(house: &House, draft: DraftId, words: Option<String>) -> Result<ReplyId> {
    Ok(house.flow.approve(draft, words).await?)
}

/// Never leaves; why it was wrong is kept as a lesson.
pub async fn refuse(house: &House, draft: DraftId, why: Option<String>) -> Result<()> {
    Ok(house.flow.refuse(draft, why).await?)
}
