//! Turns: the customer's words still waiting for an answer; at most one open in a conversation.

use domain::{
    AnswerAs, ConversationId, EscalationRule, Intent, MessageId, Part, Settings, SilentBecause, Timestamp,
    TurnId, TurnState, Understanding, WorkspaceId, turn_due,
};
use sqlx::query;

use crate::{
    Change, Reader, Result, StoreError, Tx,
    columns::{count, from_json, id, name, named, time},
    connection::entropy,
};

/// A turn in work.
#[derive(Debug, Clone)]
pub struct DueTurn {
    pub turn: TurnId,
    pub conversation: ConversationId,
    pub revision: i64,
    pub attempts: u32,
    pub priority: u8,
    pub due_at: Timestamp,
    pub answer_as: Option<AnswerAs>,
}

/// One message of a turn.
#[derive(Debug, Clone)]
pub struct TurnRow {
    pub message: MessageId,
    pub parts: Vec<Part>,
    pub text: String,
    pub said_at: Timestamp,
    pub arrived_at: Timestamp,
    pub addressed: bool,
    pub from_history: bool,
    pub meaning: Option<Understanding>,
}

impl Tx {
    /// Puts an understood message into the conversation's open turn, or opens one. An answer that is being
    /// written for that turn is overtaken; one that waits for the owner or in its hold is taken back, and the
    /// words it answered join the new turn.
    #[expect(clippy::too_many_arguments, reason = "all that is known of one message, each of its own type")]
    pub async fn gather(
        &mut self,
        workspace: WorkspaceId,
        conversation: ConversationId,
        message: MessageId,
        said_at: Timestamp,
        reply_token_until: Option<Timestamp>,
        priority: u8,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<TurnId> {
        let key = conversation.to_string();
        let open = query!(
            "SELECT id, opened_at, state FROM turn
             WHERE conversation_id = ? AND state IN ('gathering', 'ready', 'writing')",
            key
        )
        .fetch_optional(&mut self.connection)
        .await?;
        // Time runs by our clock: what arrives late is not due before it came.
        let heard = said_at.max(now);
        let turn: TurnId = if let Some(row) = open {
            let turn: TurnId = id(&row.id)?;
            let due = due(time(row.opened_at), heard, reply_token_until, priority, settings).millis();
            let (said, priority) = (said_at.millis(), i64::from(priority));
            query!(
                "UPDATE turn SET state = 'gathering', revision = revision + 1, due_at = ?, answer_as = NULL,
                        attempts = 0, error = NULL, last_message_at = MAX(last_message_at, ?),
                        priority = MAX(priority, ?)
                 WHERE id = ?",
                due,
                said,
                priority,
                row.id
            )
            .execute(&mut self.connection)
            .await?;
            if row.state != "gathering" {
                self.tell(Change::TurnOvertaken(turn));
            }
            turn
        } else {
            let turn = TurnId::new(now, entropy());
            let due = due(heard, heard, reply_token_until, priority, settings).millis();
            let (turn_key, workspace) = (turn.to_string(), workspace.to_string());
            let (opened, said, priority) = (heard.millis(), said_at.millis(), i64::from(priority));
            query!(
                "INSERT INTO turn
                    (id, workspace_id, conversation_id, state, opened_at, last_message_at, due_at, priority)
                 VALUES (?, ?, ?, 'gathering', ?, ?, ?, ?)",
                turn_key,
                workspace,
                key,
                opened,
                said,
                due,
                priority
            )
            .execute(&mut self.connection)
            .await?;
            self.take_back_unsent(conversation, turn, now).await?;
            turn
        };
        let (turn_key, message) = (turn.to_string(), message.to_string());
        query!("UPDATE message SET turn_id = ? WHERE id = ?", turn_key, message)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::TurnGathering(turn));
        Ok(turn)
    }

    /// Words of the conversation's open turn changed or went: what is being written for them is dropped, and the
    /// turn is decided anew.
    pub async fn turn_changed(&mut self, conversation: ConversationId, now: Timestamp) -> Result<()> {
        let (key, at) = (conversation.to_string(), now.millis());
        let changed = query!(
            r#"UPDATE turn SET state = 'gathering', revision = revision + 1, due_at = ?, answer_as = NULL,
                      attempts = 0, error = NULL
               WHERE conversation_id = ? AND state IN ('gathering', 'ready', 'writing') RETURNING id AS "id!""#,
            at,
            key
        )
        .fetch_optional(&mut self.connection)
        .await?;
        if let Some(row) = changed {
            let turn = id(&row.id)?;
            self.tell(Change::TurnOvertaken(turn));
            self.tell(Change::TurnGathering(turn));
        }
        Ok(())
    }

    /// Is this message part of a turn that is still open?
    pub async fn in_open_turn(&mut self, message: MessageId) -> Result<bool> {
        let key = message.to_string();
        let row = query!(
            r#"SELECT EXISTS (SELECT 1 FROM message JOIN turn ON turn.id = message.turn_id
                   WHERE message.id = ? AND turn.state IN ('gathering', 'ready', 'writing')) AS "open!: i64""#,
            key
        )
        .fetch_one(&mut self.connection)
        .await?;
        Ok(row.open != 0)
    }

    /// Decided: to be answered. Fails when words joined since.
    pub async fn turn_ready(
        &mut self,
        turn: TurnId,
        revision: i64,
        as_: AnswerAs,
        not_before: Timestamp,
    ) -> Result<()> {
        let (key, as_, due) = (turn.to_string(), name(&as_)?, not_before.millis());
        let done = query!(
            "UPDATE turn SET state = 'ready', answer_as = ?, due_at = ?
             WHERE id = ? AND revision = ? AND state = 'gathering'",
            as_,
            due,
            key,
            revision
        )
        .execute(&mut self.connection)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Overtaken("turn"));
        }
        self.tell(Change::TurnReady(turn));
        Ok(())
    }

    /// Taken into work; an attempt is counted. Fails when words joined since.
    pub async fn claim_turn(&mut self, turn: TurnId, revision: i64) -> Result<()> {
        let key = turn.to_string();
        let done = query!(
            "UPDATE turn SET state = 'writing', attempts = attempts + 1
             WHERE id = ? AND revision = ? AND state = 'ready'",
            key,
            revision
        )
        .execute(&mut self.connection)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::Overtaken("turn")) } else { Ok(()) }
    }

    /// Nothing will be said.
    pub async fn end_silent(
        &mut self,
        turn: TurnId,
        revision: i64,
        because: SilentBecause,
        now: Timestamp,
    ) -> Result<()> {
        let because = name(&because)?;
        self.end_turn(turn, revision, "silent", Some(&because), now).await
    }

    /// Words were promised or drafted.
    pub async fn end_answered(&mut self, turn: TurnId, revision: i64, now: Timestamp) -> Result<()> {
        self.end_turn(turn, revision, "answered", None, now).await
    }

    /// A person was called.
    pub async fn end_escalated(
        &mut self,
        turn: TurnId,
        revision: i64,
        rule: EscalationRule,
        now: Timestamp,
    ) -> Result<()> {
        self.end_turn(turn, revision, "escalated", Some(rule.name()), now).await
    }

    async fn end_turn(
        &mut self,
        turn: TurnId,
        revision: i64,
        state: &str,
        because: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let (key, at) = (turn.to_string(), now.millis());
        let done = query!(
            "UPDATE turn SET state = ?, because = ?, closed_at = ?
             WHERE id = ? AND revision = ? AND state IN ('gathering', 'ready', 'writing')",
            state,
            because,
            at,
            key,
            revision
        )
        .execute(&mut self.connection)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Overtaken("turn"));
        }
        self.tell(Change::TurnEnded(turn));
        Ok(())
    }

    /// A person acts: the open turn ends, whatever was being written for it.
    pub async fn end_open_turn(
        &mut self,
        conversation: ConversationId,
        because: SilentBecause,
        now: Timestamp,
    ) -> Result<Option<TurnId>> {
        let (key, because, at) = (conversation.to_string(), name(&because)?, now.millis());
        let ended = query!(
            r#"UPDATE turn SET state = 'silent', because = ?, closed_at = ?, revision = revision + 1
               WHERE conversation_id = ? AND state IN ('gathering', 'ready', 'writing')
               RETURNING id AS "id!""#,
            because,
            at,
            key
        )
        .fetch_optional(&mut self.connection)
        .await?;
        let Some(row) = ended else { return Ok(None) };
        let turn = id(&row.id)?;
        self.tell(Change::TurnOvertaken(turn));
        self.tell(Change::TurnEnded(turn));
        Ok(Some(turn))
    }

    /// Found in work at launch: nobody writes for it any more, so it waits again. Its attempt stays counted.
    pub async fn recover_turns(&mut self) -> Result<u64> {
        let done = query!("UPDATE turn SET state = 'ready' WHERE state = 'writing'")
            .execute(&mut self.connection)
            .await?;
        Ok(done.rows_affected())
    }

    /// The attempt failed: again later, with the reason kept. An overtaken attempt changes nothing.
    pub async fn turn_again(
        &mut self,
        turn: TurnId,
        revision: i64,
        due: Timestamp,
        error: &str,
    ) -> Result<()> {
        let (key, due) = (turn.to_string(), due.millis());
        let done = query!(
            "UPDATE turn SET state = 'ready', due_at = ?, error = ?
             WHERE id = ? AND revision = ? AND state = 'writing'",
            due,
            error,
            key,
            revision
        )
        .execute(&mut self.connection)
        .await?;
        if done.rows_affected() > 0 {
            self.tell(Change::TurnReady(turn));
        }
        Ok(())
    }
}

/// Above this priority nothing waits.
const NOTHING_WAITS_ABOVE: u8 = 80;

fn due(
    opened: Timestamp,
    heard: Timestamp,
    reply_token_until: Option<Timestamp>,
    priority: u8,
    settings: &Settings,
) -> Timestamp {
    if priority > NOTHING_WAITS_ABOVE { heard } else { turn_due(opened, heard, reply_token_until, settings) }
}

struct Raw {
    id: String,
    conversation_id: String,
    revision: i64,
    attempts: i64,
    priority: i64,
    due_at: i64,
    answer_as: Option<String>,
}

impl TryFrom<Raw> for DueTurn {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self {
            turn: id(&raw.id)?,
            conversation: id(&raw.conversation_id)?,
            revision: raw.revision,
            attempts: count(raw.attempts),
            priority: u8::try_from(raw.priority).unwrap_or(100),
            due_at: time(raw.due_at),
            answer_as: raw.answer_as.as_deref().map(named).transpose()?,
        })
    }
}

impl Reader {
    /// Turns whose customer has paused.
    pub async fn turns_to_decide(&self, now: Timestamp, most: i64) -> Result<Vec<DueTurn>> {
        let now = now.millis();
        sqlx::query_as!(
            Raw,
            "SELECT id, conversation_id, revision, attempts, priority, due_at, answer_as FROM turn
             WHERE state = 'gathering' AND due_at <= ? ORDER BY due_at LIMIT ?",
            now,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(DueTurn::try_from)
        .collect()
    }

    /// Turns to be answered, the most urgent first.
    pub async fn turns_to_answer(&self, now: Timestamp, most: i64) -> Result<Vec<DueTurn>> {
        let now = now.millis();
        sqlx::query_as!(
            Raw,
            "SELECT id, conversation_id, revision, attempts, priority, due_at, answer_as FROM turn
             WHERE state = 'ready' AND due_at <= ? ORDER BY priority DESC, due_at LIMIT ?",
            now,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(DueTurn::try_from)
        .collect()
    }

    /// When the next turn is to be decided or answered.
    pub async fn next_turn_due(&self, state: TurnState) -> Result<Option<Timestamp>> {
        let due = match state {
            TurnState::Gathering => {
                query!(r#"SELECT MIN(due_at) AS "due?: i64" FROM turn WHERE state = 'gathering'"#)
                    .fetch_one(&self.pool)
                    .await?
                    .due
            }
            TurnState::Ready => {
                query!(r#"SELECT MIN(due_at) AS "due?: i64" FROM turn WHERE state = 'ready'"#)
                    .fetch_one(&self.pool)
                    .await?
                    .due
            }
            TurnState::Writing | TurnState::Answered | TurnState::Escalated | TurnState::Silent => None,
        };
        Ok(due.map(time))
    }

    /// Is an answer still wanted for it?
    pub async fn still_writing(&self, turn: TurnId) -> Result<bool> {
        let key = turn.to_string();
        let row = query!(
            r#"SELECT EXISTS (SELECT 1 FROM turn WHERE id = ? AND state = 'writing') AS "yes!: i64""#,
            key
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.yes != 0)
    }

    /// The words of a turn, in the order they were said.
    pub async fn turn_words(&self, turn: TurnId) -> Result<Vec<TurnRow>> {
        let key = turn.to_string();
        query!(
            r#"SELECT message.id, message.parts, message.text, message.said_at, message.arrived_at,
                      message.addressed, message.from_history, understanding.body AS "meaning?"
               FROM message LEFT JOIN understanding ON understanding.message_id = message.id
               WHERE message.turn_id = ? AND message.unsent_at IS NULL ORDER BY message.said_at, message.row"#,
            key
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(TurnRow {
                message: id(&row.id)?,
                parts: from_json(&row.parts)?,
                text: row.text,
                said_at: time(row.said_at),
                arrived_at: time(row.arrived_at),
                addressed: row.addressed != 0,
                from_history: row.from_history != 0,
                meaning: row.meaning.as_deref().map(from_json).transpose()?,
            })
        })
        .collect()
    }

    /// The intents of the customer's last messages, newest first.
    pub async fn last_intents(&self, conversation: ConversationId, most: i64) -> Result<Vec<Intent>> {
        let key = conversation.to_string();
        query!(
            "SELECT COALESCE(understanding.true_intent, understanding.intent) AS intent
             FROM message JOIN understanding ON understanding.message_id = message.id
             WHERE message.conversation_id = ? AND message.author = 'customer'
             ORDER BY message.said_at DESC, message.row DESC LIMIT ?",
            key,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| named(&row.intent))
        .collect()
    }

    /// The words of the turns before this one, newest first.
    pub async fn words_of_earlier_turns(
        &self,
        conversation: ConversationId,
        before: TurnId,
        most: i64,
    ) -> Result<Vec<String>> {
        let (key, before) = (conversation.to_string(), before.to_string());
        let rows = query!(
            r#"SELECT turn.id AS "id!",
                      (SELECT GROUP_CONCAT(message.text, char(10)) FROM message
                       WHERE message.turn_id = turn.id) AS "words?: String"
               FROM turn
               WHERE turn.conversation_id = ? AND turn.id <> ?
                 AND turn.opened_at <= (SELECT this.opened_at FROM turn AS this WHERE this.id = ?)
               ORDER BY turn.opened_at DESC LIMIT ?"#,
            key,
            before,
            before,
            most
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().filter_map(|row| row.words).collect())
    }
}
