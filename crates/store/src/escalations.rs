//! Escalations: a person is needed: why, since when, taken by whom, how it ended.

use domain::{ConversationId, EscalationId, EscalationRule, Keeper, Timestamp, TurnId, WorkspaceId};
use sqlx::query;

use crate::{
    Change, Figure, Reader, Result, StoreError, Tx,
    columns::{count, id, named, time},
    connection::entropy,
};

#[derive(Debug, Clone)]
pub struct NewEscalation {
    pub workspace: WorkspaceId,
    pub conversation: ConversationId,
    pub turn: Option<TurnId>,
    pub rule: EscalationRule,
    pub priority: u8,
}

#[derive(Debug, Clone)]
pub struct EscalationRow {
    pub id: EscalationId,
    pub conversation: ConversationId,
    pub rule: EscalationRule,
    pub priority: u8,
    pub raised_at: Timestamp,
    pub alerted_at: Option<Timestamp>,
    pub alerts: u32,
    pub seen_at: Option<Timestamp>,
    pub taken_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<String>,
}

struct Raw {
    id: String,
    conversation_id: String,
    rule: String,
    priority: i64,
    raised_at: i64,
    alerted_at: Option<i64>,
    alerts: i64,
    seen_at: Option<i64>,
    taken_at: Option<i64>,
    ended_at: Option<i64>,
    outcome: Option<String>,
}

impl TryFrom<Raw> for EscalationRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            id: id(&raw.id)?,
            conversation: id(&raw.conversation_id)?,
            rule: named(&raw.rule)?,
            priority: u8::try_from(raw.priority).unwrap_or(100),
            raised_at: time(raw.raised_at),
            alerted_at: raw.alerted_at.map(time),
            alerts: count(raw.alerts),
            seen_at: raw.seen_at.map(time),
            taken_at: raw.taken_at.map(time),
            ended_at: raw.ended_at.map(time),
            outcome: raw.outcome,
        })
    }
}

impl Tx {
    /// Calls a person. Unless the rule lets the assistant go on, the keeper becomes *waiting*. One escalation is open
    /// in a conversation; a question put to the owner gives way to a graver reason. None when nothing changed.
    pub async fn escalate(&mut self, new: &NewEscalation, now: Timestamp) -> Result<Option<EscalationId>> {
        let conversation = new.conversation.to_string();
        let open = query!(
            "SELECT id, rule FROM escalation WHERE conversation_id = ? AND ended_at IS NULL",
            conversation
        )
        .fetch_optional(&mut self.connection)
        .await?;
        let called = match open {
            None => self.raise(new, now).await?,
            Some(row) => {
                let known: EscalationRule = named(&row.rule)?;
                if known.holds_the_conversation() || !new.rule.holds_the_conversation() {
                    return Ok(None);
                }
                let (turn, rule, at) = (new.turn.map(|id| id.to_string()), new.rule.name(), now.millis());
                query!(
                    "UPDATE escalation SET rule = ?, turn_id = ?, priority = MAX(priority, ?), raised_at = ?,
                            alerted_at = NULL, seen_at = NULL
                     WHERE id = ?",
                    rule,
                    turn,
                    new.priority,
                    at,
                    row.id
                )
                .execute(&mut self.connection)
                .await?;
                id(&row.id)?
            }
        };
        if new.rule.holds_the_conversation() {
            self.set_keeper(new.conversation, Keeper::Waiting).await?;
        }
        self.tell(Change::EscalationChanged(called));
        Ok(Some(called))
    }

    async fn raise(&mut self, new: &NewEscalation, now: Timestamp) -> Result<EscalationId> {
        let made = EscalationId::new(now, entropy());
        let (key, workspace, conversation) =
            (made.to_string(), new.workspace.to_string(), new.conversation.to_string());
        let (turn, rule, at) = (new.turn.map(|id| id.to_string()), new.rule.name(), now.millis());
        query!(
            "INSERT INTO escalation (id, workspace_id, conversation_id, turn_id, rule, priority, raised_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            key,
            workspace,
            conversation,
            turn,
            rule,
            new.priority,
            at
        )
        .execute(&mut self.connection)
        .await?;
        let channel = self.conversation(new.conversation).await?.channel;
        self.figure(channel, now, Figure::Escalations, 1).await?;
        Ok(made)
    }

    /// A person looks after it now.
    pub async fn take_escalation(&mut self, conversation: ConversationId, now: Timestamp) -> Result<()> {
        let (key, at) = (conversation.to_string(), now.millis());
        let taken = query!(
            r#"UPDATE escalation SET taken_at = COALESCE(taken_at, ?), seen_at = COALESCE(seen_at, ?)
               WHERE conversation_id = ? AND ended_at IS NULL RETURNING id AS "id!""#,
            at,
            at,
            key
        )
        .fetch_optional(&mut self.connection)
        .await?;
        if let Some(row) = taken {
            self.tell(Change::EscalationChanged(id(&row.id)?));
        }
        Ok(())
    }

    /// resolved, handed_back or answered.
    pub async fn end_escalation(
        &mut self,
        conversation: ConversationId,
        outcome: &str,
        now: Timestamp,
    ) -> Result<Option<EscalationRule>> {
        let (key, at) = (conversation.to_string(), now.millis());
        let ended = query!(
            r#"UPDATE escalation SET ended_at = ?, outcome = ?
               WHERE conversation_id = ? AND ended_at IS NULL RETURNING id AS "id!", rule AS "rule!""#,
            at,
            outcome,
            key
        )
        .fetch_optional(&mut self.connection)
        .await?;
        let Some(row) = ended else { return Ok(None) };
        self.tell(Change::EscalationChanged(id(&row.id)?));
        Ok(Some(named(&row.rule)?))
    }

    /// A person has spoken: the question that was put to the owner has its answer.
    pub async fn question_answered(&mut self, conversation: ConversationId, now: Timestamp) -> Result<()> {
        let (key, at, rule) = (conversation.to_string(), now.millis(), EscalationRule::NotKnown.name());
        let ended = query!(
            r#"UPDATE escalation SET ended_at = ?, outcome = 'answered'
               WHERE conversation_id = ? AND ended_at IS NULL AND rule = ? RETURNING id AS "id!""#,
            at,
            key,
            rule
        )
        .fetch_optional(&mut self.connection)
        .await?;
        if let Some(row) = ended {
            self.tell(Change::EscalationChanged(id(&row.id)?));
        }
        Ok(())
    }

    /// The owner was called (again).
    pub async fn alerted(&mut self, escalation: EscalationId, now: Timestamp) -> Result<()> {
        let (key, at) = (escalation.to_string(), now.millis());
        query!("UPDATE escalation SET alerted_at = ?, alerts = alerts + 1 WHERE id = ?", at, key)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}

impl Reader {
    /// Open ones, the most urgent first.
    pub async fn open_escalations(&self, workspace: WorkspaceId) -> Result<Vec<EscalationRow>> {
        let key = workspace.to_string();
        sqlx::query_as!(
            Raw,
            "SELECT id, conversation_id, rule, priority, raised_at, alerted_at, alerts, seen_at, taken_at,
                    ended_at, outcome
             FROM escalation WHERE workspace_id = ? AND ended_at IS NULL
             ORDER BY priority DESC, raised_at",
            key
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(EscalationRow::try_from)
        .collect()
    }

    /// All of a conversation, oldest first.
    pub async fn escalations(&self, conversation: ConversationId) -> Result<Vec<EscalationRow>> {
        let key = conversation.to_string();
        sqlx::query_as!(
            Raw,
            "SELECT id, conversation_id, rule, priority, raised_at, alerted_at, alerts, seen_at, taken_at,
                    ended_at, outcome
             FROM escalation WHERE conversation_id = ? ORDER BY raised_at, id",
            key
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(EscalationRow::try_from)
        .collect()
    }
}
