//! Drafts: words held back from the outbox until the owner rules; see law 7.

use domain::{
    AnswerKind, ConversationId, DraftId, Lesson, RunId, Timestamp, TurnId, Verdict, Words, WorkspaceId,
};
use sqlx::query;

use crate::{
    Change, Figure, Reader, Result, StoreError, Tx,
    columns::{id, maybe_id, name, named, time},
    connection::entropy,
};

#[derive(Debug, Clone)]
pub struct NewDraft {
    pub workspace: WorkspaceId,
    pub conversation: ConversationId,
    pub turn: TurnId,
    pub run: Option<RunId>,
    pub kind: AnswerKind,
    pub words: Words,
    pub confidence: f32,
    /// When the platform's window for answering closes.
    pub window_until: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub struct DraftRow {
    pub id: DraftId,
    pub workspace: WorkspaceId,
    pub conversation: ConversationId,
    pub turn: TurnId,
    pub run: Option<RunId>,
    pub kind: AnswerKind,
    pub words: Words,
    pub confidence: f32,
    pub created_at: Timestamp,
    pub window_until: Option<Timestamp>,
    pub state: String,
}

struct Raw {
    id: String,
    workspace_id: String,
    conversation_id: String,
    turn_id: String,
    run_id: Option<String>,
    kind: String,
    words: String,
    confidence: f64,
    created_at: i64,
    window_until: Option<i64>,
    state: String,
}

impl TryFrom<Raw> for DraftRow {
    type Error = StoreError;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a confidence from 0 to 1 loses nothing that matters"
    )]
    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: id(&raw.id)?,
            workspace: id(&raw.workspace_id)?,
            conversation: id(&raw.conversation_id)?,
            turn: id(&raw.turn_id)?,
            run: maybe_id(raw.run_id)?,
            kind: named(&raw.kind)?,
            words: raw.words.into(),
            confidence: raw.confidence as f32,
            created_at: time(raw.created_at),
            window_until: raw.window_until.map(time),
            state: raw.state,
        })
    }
}

impl Tx {
    pub async fn add_draft(&mut self, new: &NewDraft, now: Timestamp) -> Result<DraftId> {
        let made = DraftId::new(now, entropy());
        let (key, workspace) = (made.to_string(), new.workspace.to_string());
        let (conversation, turn) = (new.conversation.to_string(), new.turn.to_string());
        let (run, kind) = (new.run.map(|id| id.to_string()), name(&new.kind)?);
        let (words, confidence) = (new.words.as_str(), f64::from(new.confidence));
        let (at, until) = (now.millis(), new.window_until.map(Timestamp::millis));
        query!(
            "INSERT INTO draft
                (id, workspace_id, conversation_id, turn_id, run_id, kind, words, confidence, created_at,
                 window_until)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key,
            workspace,
            conversation,
            turn,
            run,
            kind,
            words,
            confidence,
            at,
            until
        )
        .execute(&mut self.connection)
        .await?;
        let channel = self.conversation(new.conversation).await?.channel;
        self.figure(channel, now, Figure::Drafts, 1).await?;
        self.tell(Change::DraftChanged(made));
        self.tell(Change::ConversationChanged(new.conversation));
        Ok(made)
    }

    /// The draft, if it still waits.
    pub async fn waiting_draft(&mut self, draft: DraftId) -> Result<DraftRow> {
        let key = draft.to_string();
        let raw = sqlx::query_as!(
            Raw,
            "SELECT id, workspace_id, conversation_id, turn_id, run_id, kind, words, confidence, created_at,
                    window_until, state
             FROM draft WHERE id = ?",
            key
        )
        .fetch_optional(&mut self.connection)
        .await?
        .ok_or(StoreError::NotFound("draft"))?;
        if raw.state != "waiting" {
            return Err(StoreError::Overtaken("draft"));
        }
        raw.try_into()
    }

    /// Ruled once; the verdict is kept as a lesson.
    pub async fn rule(
        &mut self,
        draft: &DraftRow,
        verdict: &Verdict,
        lesson: &Lesson,
        now: Timestamp,
    ) -> Result<()> {
        let (key, at) = (draft.id.to_string(), now.millis());
        let (state, why, figure) = match verdict {
            Verdict::Approved => ("approved", None, Figure::Approved),
            Verdict::Edited => ("edited", None, Figure::Edited),
            Verdict::Refused { why } => ("refused", why.clone(), Figure::Refused),
        };
        let done = query!(
            "UPDATE draft SET state = ?, why = ?, ruled_at = ? WHERE id = ? AND state = 'waiting'",
            state,
            why,
            at,
            key
        )
        .execute(&mut self.connection)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Overtaken("draft"));
        }
        let channel = self.conversation(draft.conversation).await?.channel;
        self.figure(channel, now, figure, 1).await?;
        self.learn(draft.workspace, Some(draft.conversation), None, Some(draft.id), lesson, now).await?;
        self.tell(Change::DraftChanged(draft.id));
        self.tell(Change::ConversationChanged(draft.conversation));
        Ok(())
    }

    /// The conversation's waiting draft, if any, is of no use any more.
    pub async fn withdraw_draft(&mut self, conversation: ConversationId, now: Timestamp) -> Result<()> {
        let (key, at) = (conversation.to_string(), now.millis());
        let withdrawn = query!(
            r#"UPDATE draft SET state = 'withdrawn', ruled_at = ?
               WHERE conversation_id = ? AND state = 'waiting' RETURNING id AS "id!""#,
            at,
            key
        )
        .fetch_optional(&mut self.connection)
        .await?;
        if let Some(row) = withdrawn {
            self.tell(Change::DraftChanged(id(&row.id)?));
        }
        Ok(())
    }
}

impl Reader {
    /// The drafts that wait, those whose window closes first on top.
    pub async fn waiting_drafts(&self, workspace: WorkspaceId) -> Result<Vec<DraftRow>> {
        let key = workspace.to_string();
        sqlx::query_as!(
            Raw,
            "SELECT id, workspace_id, conversation_id, turn_id, run_id, kind, words, confidence, created_at,
                    window_until, state
             FROM draft WHERE workspace_id = ? AND state = 'waiting'
             ORDER BY window_until IS NULL, window_until, created_at",
            key
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(DraftRow::try_from)
        .collect()
    }

    pub async fn draft(&self, draft: DraftId) -> Result<DraftRow> {
        let key = draft.to_string();
        sqlx::query_as!(
            Raw,
            "SELECT id, workspace_id, conversation_id, turn_id, run_id, kind, words, confidence, created_at,
                    window_until, state
             FROM draft WHERE id = ?",
            key
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound("draft"))?
        .try_into()
    }
}
