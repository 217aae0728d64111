//! Replies: words promised to customers. They leave, or somebody is told why not.

use domain::{
    Author, ChannelId, ConversationId, DraftId, ReplyId, RunId, StuckReason, Timestamp, TurnId, WorkspaceId,
};
use sqlx::query;

use crate::{
    Change, Reader, Result, StoreError, Tx,
    columns::{count, id, json, maybe_id, name},
    connection::entropy,
};

/// Why the words go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Answer,
    /// Tells the customer that a person will answer.
    HandOver,
    /// The shop is closed.
    Away,
}

/// Words promised to a customer, packed into calls.
#[derive(Debug, Clone)]
pub struct NewReply {
    pub workspace: WorkspaceId,
    pub channel: ChannelId,
    pub conversation: ConversationId,
    pub turn: Option<TurnId>,
    pub draft: Option<DraftId>,
    pub run: Option<RunId>,
    pub author: Author,
    pub purpose: Purpose,
    pub words: String,
    /// The content of each call to the platform, as the platform's crate packed it (JSON).
    pub calls: Vec<String>,
    /// After the hold.
    pub due_at: Timestamp,
}

impl Tx {
    /// Promises the words: from here on they leave, or somebody is told why not.
    pub async fn promise(&mut self, new: &NewReply, now: Timestamp) -> Result<ReplyId> {
        let made = ReplyId::new(now, entropy());
        let (key, workspace) = (made.to_string(), new.workspace.to_string());
        let (conversation, channel) = (new.conversation.to_string(), new.channel.to_string());
        let turn = new.turn.map(|id| id.to_string());
        let draft = new.draft.map(|id| id.to_string());
        let run = new.run.map(|id| id.to_string());
        let (author, purpose, at) = (new.author.name(), name(&new.purpose)?, now.millis());
        query!(
            "INSERT INTO reply
                (id, workspace_id, conversation_id, turn_id, draft_id, run_id, author, purpose, words, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key,
            workspace,
            conversation,
            turn,
            draft,
            run,
            author,
            purpose,
            new.words,
            at
        )
        .execute(&mut self.connection)
        .await?;
        let due = new.due_at.millis();
        for parts in &new.calls {
            let delivery = ReplyId::new(now, entropy()).to_string();
            query!(
                "INSERT INTO delivery (id, reply_id, conversation_id, channel_id, parts, due_at)
                 VALUES (?, ?, ?, ?, ?, ?)",
                delivery,
                key,
                conversation,
                channel,
                parts,
                due
            )
            .execute(&mut self.connection)
            .await?;
        }
        self.tell(Change::ReplyPromised(made));
        self.tell(Change::ConversationChanged(new.conversation));
        Ok(made)
    }

    /// The customer wrote again: replies of the assistant that have not begun to leave, and a draft that waits,
    /// are taken back, and the words they answered join the given turn.
    pub(crate) async fn take_back_unsent(
        &mut self,
        conversation: ConversationId,
        into: TurnId,
        now: Timestamp,
    ) -> Result<()> {
        let (key, into, at) = (conversation.to_string(), into.to_string(), now.millis());
        let reason = json(&StuckReason::NewerWords)?;
        let taken = query!(
            r#"SELECT reply.id AS "id!", reply.turn_id AS "turn_id!" FROM reply
               WHERE reply.conversation_id = ? AND reply.author = 'assistant' AND reply.purpose = 'answer'
                 AND reply.turn_id IS NOT NULL AND reply.draft_id IS NULL
                 AND EXISTS (SELECT 1 FROM delivery WHERE delivery.reply_id = reply.id AND state = 'waiting')
                 AND NOT EXISTS (SELECT 1 FROM delivery
                                 WHERE delivery.reply_id = reply.id AND (state <> 'waiting' OR attempts > 0))"#,
            key
        )
        .fetch_all(&mut self.connection)
        .await?;
        for row in taken {
            query!(
                "UPDATE delivery SET state = 'stopped', reason = ? WHERE reply_id = ? AND state = 'waiting'",
                reason,
                row.id
            )
            .execute(&mut self.connection)
            .await?;
            self.join_turns(&row.turn_id, &into).await?;
            self.tell(Change::DeliveryChanged(id(&row.id)?));
        }
        let withdrawn = query!(
            r#"UPDATE draft SET state = 'withdrawn', ruled_at = ?
               WHERE conversation_id = ? AND state = 'waiting' RETURNING id AS "id!", turn_id AS "turn_id!""#,
            at,
            key
        )
        .fetch_all(&mut self.connection)
        .await?;
        for row in withdrawn {
            self.join_turns(&row.turn_id, &into).await?;
            self.tell(Change::DraftChanged(id(&row.id)?));
        }
        Ok(())
    }

    /// The words of an answer that was taken back wait again, as urgently as before.
    async fn join_turns(&mut self, from: &str, into: &str) -> Result<()> {
        query!("UPDATE message SET turn_id = ? WHERE turn_id = ?", into, from)
            .execute(&mut self.connection)
            .await?;
        query!(
            "UPDATE turn SET priority = MAX(priority, (SELECT older.priority FROM turn AS older WHERE older.id = ?))
             WHERE id = ?",
            from,
            into
        )
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Nothing of the reply that has not left will leave.
    pub async fn stop_reply(&mut self, reply: ReplyId, reason: &StuckReason) -> Result<()> {
        let (key, body) = (reply.to_string(), json(reason)?);
        query!(
            "UPDATE delivery SET state = 'stopped', reason = ?
             WHERE reply_id = ? AND state IN ('waiting', 'stuck', 'unsure')",
            body,
            key
        )
        .execute(&mut self.connection)
        .await?;
        self.tell(Change::DeliveryChanged(reply));
        Ok(())
    }

    /// A person took the conversation: whatever the assistant promised and is not on its way is stopped; what is
    /// stuck too, so that it does not hold the person's own words. What the owner approved is hers and stays.
    pub async fn stop_assistant(&mut self, conversation: ConversationId, reason: &StuckReason) -> Result<()> {
        let (key, body) = (conversation.to_string(), json(reason)?);
        let stopped = query!(
            r#"UPDATE delivery SET state = 'stopped', reason = ?
               WHERE conversation_id = ? AND state IN ('waiting', 'sending', 'unsure', 'stuck')
                 AND state IN ('waiting', 'stuck')
                 AND EXISTS (SELECT 1 FROM reply
                             WHERE reply.id = reply_id AND author = 'assistant' AND draft_id IS NULL)
               RETURNING reply_id AS "reply_id!""#,
            body,
            key
        )
        .fetch_all(&mut self.connection)
        .await?;
        for row in stopped {
            self.tell(Change::DeliveryChanged(id(&row.reply_id)?));
        }
        Ok(())
    }

    /// The owner wants a stuck or unsure reply to go again.
    pub async fn retry_reply(&mut self, reply: ReplyId, now: Timestamp) -> Result<()> {
        let (key, at) = (reply.to_string(), now.millis());
        let done = query!(
            "UPDATE delivery SET state = 'waiting', reason = NULL, due_at = ?
             WHERE reply_id = ? AND state IN ('stuck', 'unsure')",
            at,
            key
        )
        .execute(&mut self.connection)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Overtaken("reply"));
        }
        self.tell(Change::DeliveryChanged(reply));
        self.tell(Change::ReplyPromised(reply));
        Ok(())
    }
}

impl Reader {
    /// Replies of the channel that left since a moment.
    pub async fn replies_since(&self, channel: ChannelId, since: Timestamp) -> Result<u32> {
        let (key, since) = (channel.to_string(), since.millis());
        let row = query!(
            r#"SELECT COUNT(DISTINCT reply_id) AS "n!: i64" FROM delivery
               WHERE channel_id = ? AND sent_at IS NOT NULL AND sent_at > ?"#,
            key,
            since
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(count(row.n))
    }

    /// The run that wrote a reply's words.
    pub async fn run_of(&self, reply: ReplyId) -> Result<Option<RunId>> {
        let key = reply.to_string();
        let row = query!("SELECT run_id FROM reply WHERE id = ?", key).fetch_optional(&self.pool).await?;
        maybe_id(row.and_then(|row| row.run_id))
    }
}
