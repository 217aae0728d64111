//! Lessons: what verdicts and corrections teach, kept until the owner accepts or forgets them.

use domain::{ConversationId, DraftId, Lesson, LessonId, MessageId, Timestamp, WorkspaceId};
use sqlx::query;

use crate::{
    Reader, Result, StoreError, Tx,
    columns::{from_json, id, json, time},
    connection::entropy,
};

impl Tx {
    pub async fn learn(
        &mut self,
        workspace: WorkspaceId,
        conversation: Option<ConversationId>,
        message: Option<MessageId>,
        draft: Option<DraftId>,
        lesson: &Lesson,
        now: Timestamp,
    ) -> Result<LessonId> {
        let made = LessonId::new(now, entropy());
        let body = serde_json::to_value(lesson).map_err(|error| StoreError::Defect(error.to_string()))?;
        let kind = body
            .get("lesson")
            .and_then(serde_json::Value::as_str)
            .ok_or_else(|| StoreError::Defect("a lesson has no kind".to_owned()))?
            .to_owned();
        let (key, workspace, at, body) =
            (made.to_string(), workspace.to_string(), now.millis(), json(&body)?);
        let conversation = conversation.map(|id| id.to_string());
        let message = message.map(|id| id.to_string());
        let draft = draft.map(|id| id.to_string());
        query!(
            "INSERT INTO lesson (id, workspace_id, conversation_id, message_id, draft_id, kind, body, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            key,
            workspace,
            conversation,
            message,
            draft,
            kind,
            body,
            at
        )
        .execute(&mut self.connection)
        .await?;
        Ok(made)
    }

    /// The data goes, and with it the effect.
    pub async fn forget_lesson(&mut self, lesson: LessonId) -> Result<()> {
        let key = lesson.to_string();
        query!("DELETE FROM lesson WHERE id = ?", key).execute(&mut self.connection).await?;
        Ok(())
    }
}

impl Reader {
    /// Newest first.
    pub async fn lessons(
        &self,
        workspace: WorkspaceId,
        most: i64,
    ) -> Result<Vec<(LessonId, Timestamp, Lesson)>> {
        let key = workspace.to_string();
        query!(
            "SELECT id, at, body FROM lesson WHERE workspace_id = ? ORDER BY at DESC, id DESC LIMIT ?",
            key,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| Ok((id(&row.id)?, time(row.at), from_json(&row.body)?)))
        .collect()
    }
}
