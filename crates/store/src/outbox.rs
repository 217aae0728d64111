//! The outbox: what carries promised replies to the platforms, one lane per conversation, in order.

use domain::{Author, ChannelId, ConversationId, Part, ReplyId, StuckReason, Timestamp};
use sqlx::query;
use uuid::Uuid;

use crate::{
    Change, Figure, NewMessage, Purpose, Reader, Result, StoreError, Tx,
    columns::{count, from_json, id, json, named, time},
};

/// The head of a lane, with what the last look before sending needs.
#[derive(Debug, Clone)]
pub struct LaneHead {
    pub delivery: Uuid,
    pub reply: ReplyId,
    pub conversation: ConversationId,
    pub channel: ChannelId,
    pub author: Author,
    pub purpose: Purpose,
    pub parts: String,
    pub attempts: u32,
    /// What was frozen at the last attempt (JSON).
    pub frozen: Option<String>,
    pub first_tried_at: Option<Timestamp>,
    /// Promised at; words of the customer after this are newer.
    pub promised_at: Timestamp,
    /// The customer wrote after the turn that this answers.
    pub newer_words: bool,
    /// The owner approved these words.
    pub approved: bool,
}

/// How a call to the platform ended.
#[derive(Debug, Clone)]
pub enum SendResult {
    Sent {
        remotes: Vec<String>,
        way: String,
        parts: Vec<Part>,
        at: Timestamp,
    },
    /// Definitely not sent; again at this time.
    Again {
        at: Timestamp,
    },
    /// It may have arrived: look for evidence at this time.
    Unsure {
        look_at: Timestamp,
    },
    Stuck {
        reason: StuckReason,
    },
    Stopped {
        reason: StuckReason,
    },
}

/// A delivery as screens show it.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    pub delivery: Uuid,
    pub reply: ReplyId,
    pub conversation: ConversationId,
    pub author: Author,
    pub purpose: Purpose,
    pub state: domain::DeliveryState,
    pub parts: String,
    pub attempts: u32,
    pub due_at: Timestamp,
    pub reason: Option<StuckReason>,
    pub way: Option<String>,
    pub sent_at: Option<Timestamp>,
}

impl Tx {
    /// The head of a lane read again inside the transaction that lets it go; none when it is no longer waiting.
    pub async fn lane_head(&mut self, delivery: Uuid) -> Result<Option<LaneHead>> {
        let key = delivery.to_string();
        let row = query!(
            r#"SELECT delivery.reply_id, delivery.conversation_id, delivery.channel_id, delivery.parts,
                      delivery.attempts, delivery.frozen, delivery.first_tried_at,
                      reply.author, reply.purpose, reply.created_at, reply.draft_id,
                      EXISTS (SELECT 1 FROM message
                              WHERE message.conversation_id = delivery.conversation_id
                                AND message.author = 'customer' AND message.unsent_at IS NULL
                                AND message.arrived_at > reply.created_at
                                AND length(trim(message.text)) > 0)
                          AS "newer!: i64"
               FROM delivery JOIN reply ON reply.id = delivery.reply_id
               WHERE delivery.id = ? AND delivery.state = 'waiting'"#,
            key
        )
        .fetch_optional(&mut self.connection)
        .await?;
        row.map(|row| {
            Ok(LaneHead {
                delivery,
                reply: id(&row.reply_id)?,
                conversation: id(&row.conversation_id)?,
                channel: id(&row.channel_id)?,
                author: named(&row.author)?,
                purpose: named(&row.purpose)?,
                parts: row.parts,
                attempts: count(row.attempts),
                frozen: row.frozen,
                first_tried_at: row.first_tried_at.map(time),
                promised_at: time(row.created_at),
                newer_words: row.newer != 0,
                approved: row.draft_id.is_some(),
            })
        })
        .transpose()
    }

    /// Frozen: body, recipient and key are fixed before the first byte leaves.
    pub async fn freeze(&mut self, delivery: Uuid, frozen: &str, now: Timestamp) -> Result<()> {
        let (key, at) = (delivery.to_string(), now.millis());
        let done = query!(
            "UPDATE delivery SET state = 'sending', frozen = ?, attempts = attempts + 1,
                    first_tried_at = COALESCE(first_tried_at, ?)
             WHERE id = ? AND state = 'waiting'",
            frozen,
            at,
            key
        )
        .execute(&mut self.connection)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::Overtaken("delivery")) } else { Ok(()) }
    }

    /// What became of a call. Evidence that comes twice (the answer and the echo) settles once.
    pub async fn settle_send(&mut self, delivery: Uuid, result: &SendResult) -> Result<()> {
        let key = delivery.to_string();
        let row = query!(
            r#"SELECT delivery.reply_id AS "reply_id!", delivery.conversation_id AS "conversation_id!",
                      delivery.channel_id AS "channel_id!", delivery.state AS "state!",
                      delivery.attempts AS "attempts!: i64", reply.workspace_id AS "workspace_id!",
                      reply.author AS "author!", reply.purpose AS "purpose!", reply.turn_id AS "turn_id?"
               FROM delivery JOIN reply ON reply.id = delivery.reply_id WHERE delivery.id = ?"#,
            key
        )
        .fetch_optional(&mut self.connection)
        .await?
        .ok_or(StoreError::NotFound("delivery"))?;
        // What was stopped while it was unsure may turn out to have landed: then it stands in the talk after all.
        let landed = matches!(result, SendResult::Sent { .. });
        if row.state == "sent" || (row.state == "stopped" && !landed) {
            return Ok(());
        }
        let reply: ReplyId = id(&row.reply_id)?;
        match result {
            SendResult::Sent { remotes, way, parts, at } => {
                let sent = at.millis();
                query!(
                    "UPDATE delivery SET state = 'sent', sent_at = ?, way = ?, reason = NULL WHERE id = ?",
                    sent,
                    way,
                    key
                )
                .execute(&mut self.connection)
                .await?;
                let new = NewMessage {
                    workspace: id(&row.workspace_id)?,
                    channel: id(&row.channel_id)?,
                    conversation: id(&row.conversation_id)?,
                    author: named(&row.author)?,
                    remote: None,
                    parts: Vec::new(),
                    reply_to: None,
                    delivery: Some(delivery),
                    said_at: *at,
                    arrived_at: *at,
                    addressed: true,
                    from_history: false,
                };
                self.say(&new, remotes, parts).await?;
                self.count_answer(reply, row.turn_id.as_deref(), &row.author, &row.purpose, &new).await?;
            }
            SendResult::Again { at } => {
                let due = at.millis();
                query!("UPDATE delivery SET state = 'waiting', due_at = ? WHERE id = ?", due, key)
                    .execute(&mut self.connection)
                    .await?;
            }
            SendResult::Unsure { look_at } => {
                let due = look_at.millis();
                query!("UPDATE delivery SET state = 'unsure', due_at = ? WHERE id = ?", due, key)
                    .execute(&mut self.connection)
                    .await?;
            }
            SendResult::Stuck { reason } => {
                let body = json(reason)?;
                query!("UPDATE delivery SET state = 'stuck', reason = ? WHERE id = ?", body, key)
                    .execute(&mut self.connection)
                    .await?;
            }
            SendResult::Stopped { reason } => {
                let body = json(reason)?;
                query!("UPDATE delivery SET state = 'stopped', reason = ? WHERE id = ?", body, key)
                    .execute(&mut self.connection)
                    .await?;
                self.stop_reply(reply, reason).await?;
            }
        }
        self.tell(Change::DeliveryChanged(reply));
        self.tell(Change::ConversationChanged(id(&row.conversation_id)?));
        Ok(())
    }

    /// The words stand in the talk: one message per platform message, or one where the platform gives no ids.
    async fn say(&mut self, new: &NewMessage, remotes: &[String], parts: &[Part]) -> Result<()> {
        if remotes.len() > 1 && remotes.len() == parts.len() {
            for (remote, part) in remotes.iter().zip(parts) {
                let one =
                    NewMessage { remote: Some(remote.clone()), parts: vec![part.clone()], ..new.clone() };
                self.add_message(&one).await?;
            }
            return Ok(());
        }
        let whole = NewMessage { remote: remotes.first().cloned(), parts: parts.to_vec(), ..new.clone() };
        self.add_message(&whole).await?;
        Ok(())
    }

    /// An answer of the assistant counts once, however many calls carry it; so does the first one to a turn.
    async fn count_answer(
        &mut self,
        reply: ReplyId,
        turn: Option<&str>,
        author: &str,
        purpose: &str,
        new: &NewMessage,
    ) -> Result<()> {
        if author != "assistant" || purpose != "answer" {
            return Ok(());
        }
        let (conversation, reply) = (new.conversation.to_string(), reply.to_string());
        let calls = query!(
            r#"SELECT COUNT(*) AS "sent!: i64" FROM delivery WHERE reply_id = ? AND state = 'sent'"#,
            reply
        )
        .fetch_one(&mut self.connection)
        .await?;
        if calls.sent != 1 {
            return Ok(());
        }
        query!(
            "UPDATE conversation SET answers_in_episode = answers_in_episode + 1 WHERE id = ?",
            conversation
        )
        .execute(&mut self.connection)
        .await?;
        self.figure(new.channel, new.said_at, Figure::Answers, 1).await?;
        let Some(turn) = turn else { return Ok(()) };
        let row = query!(
            r#"SELECT opened_at, (SELECT COUNT(DISTINCT reply.id) FROM reply
                       JOIN delivery ON delivery.reply_id = reply.id
                       WHERE reply.turn_id = turn.id AND reply.author = 'assistant'
                         AND reply.purpose = 'answer' AND delivery.state = 'sent') AS "answers!: i64"
               FROM turn WHERE id = ?"#,
            turn
        )
        .fetch_one(&mut self.connection)
        .await?;
        if row.answers == 1 {
            let took = (new.said_at.millis() - row.opened_at).max(0);
            self.figure(new.channel, new.said_at, Figure::FirstAnswers, 1).await?;
            self.figure(new.channel, new.said_at, Figure::FirstAnswerMillis, took).await?;
        }
        Ok(())
    }

    /// Connected again: what waited for it goes on.
    pub async fn release_lanes(&mut self, channel: ChannelId, now: Timestamp) -> Result<u64> {
        let (key, at) = (channel.to_string(), now.millis());
        let reason = json(&StuckReason::ReconnectNeeded)?;
        let freed = query!(
            r#"UPDATE delivery SET state = 'waiting', reason = NULL, due_at = ?
               WHERE channel_id = ? AND state IN ('waiting', 'sending', 'unsure', 'stuck')
                 AND state = 'stuck' AND reason = ? RETURNING reply_id AS "reply_id!""#,
            at,
            key,
            reason
        )
        .fetch_all(&mut self.connection)
        .await?;
        for row in &freed {
            self.tell(Change::ReplyPromised(id(&row.reply_id)?));
        }
        Ok(freed.len() as u64)
    }

    /// Found on its way at launch: nobody knows whether it arrived.
    pub async fn recover_deliveries(&mut self, now: Timestamp) -> Result<u64> {
        let at = now.millis();
        let done = query!("UPDATE delivery SET state = 'unsure', due_at = ? WHERE state = 'sending'", at)
            .execute(&mut self.connection)
            .await?;
        Ok(done.rows_affected())
    }

    /// Evidence was looked for once more.
    pub async fn looked(&mut self, delivery: Uuid) -> Result<()> {
        let key = delivery.to_string();
        query!("UPDATE delivery SET looks = looks + 1 WHERE id = ?", key)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// The delivery that carries this key, as an echo names it: by the delivery's id or its reply's.
    pub async fn delivery_by_metadata(&mut self, metadata: &str) -> Result<Option<(Uuid, ReplyId)>> {
        let row =
            query!(r#"SELECT id AS "id!", reply_id AS "reply_id!" FROM delivery WHERE id = ?"#, metadata)
                .fetch_optional(&mut self.connection)
                .await?;
        row.map(|row| {
            let delivery = Uuid::parse_str(&row.id).map_err(|error| StoreError::Defect(error.to_string()))?;
            Ok((delivery, id(&row.reply_id)?))
        })
        .transpose()
    }
}

struct RawHead {
    id: String,
    conversation_id: String,
    channel_id: String,
}

impl Reader {
    /// Heads of lanes that may go, the longest waiting first: nothing older of the same conversation is still on
    /// its way, unsure or stuck.
    pub async fn lane_heads(
        &self,
        now: Timestamp,
        most: i64,
    ) -> Result<Vec<(Uuid, ConversationId, ChannelId)>> {
        self.heads("waiting", now, most).await
    }

    /// Deliveries whose evidence is to be looked for.
    pub async fn unsure(&self, now: Timestamp, most: i64) -> Result<Vec<(Uuid, ConversationId, ChannelId)>> {
        self.heads("unsure", now, most).await
    }

    async fn heads(
        &self,
        state: &str,
        now: Timestamp,
        most: i64,
    ) -> Result<Vec<(Uuid, ConversationId, ChannelId)>> {
        let now = now.millis();
        sqlx::query_as!(
            RawHead,
            "SELECT id, conversation_id, channel_id FROM delivery
             WHERE state = ? AND state IN ('waiting', 'unsure') AND due_at <= ?
               AND NOT EXISTS (SELECT 1 FROM delivery AS older
                               WHERE older.conversation_id = delivery.conversation_id
                                 AND older.row < delivery.row
                                 AND older.state IN ('waiting', 'sending', 'unsure', 'stuck'))
             ORDER BY due_at LIMIT ?",
            state,
            now,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            let delivery = Uuid::parse_str(&row.id).map_err(|error| StoreError::Defect(error.to_string()))?;
            Ok((delivery, id(&row.conversation_id)?, id(&row.channel_id)?))
        })
        .collect()
    }

    /// When the next head of a lane is due; what waits behind another wakes nobody.
    pub async fn next_delivery_due(&self) -> Result<Option<Timestamp>> {
        let row = query!(
            "SELECT due_at FROM delivery
             WHERE state IN ('waiting', 'unsure')
               AND NOT EXISTS (SELECT 1 FROM delivery AS older
                               WHERE older.conversation_id = delivery.conversation_id
                                 AND older.row < delivery.row
                                 AND older.state IN ('waiting', 'sending', 'unsure', 'stuck'))
             ORDER BY due_at LIMIT 1"
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| time(row.due_at)))
    }

    /// What a delivery was frozen as, for looking for its evidence: the call, its reply, when it first left, and
    /// how often it was looked for.
    pub async fn frozen_call(&self, delivery: Uuid) -> Result<Option<(String, ReplyId, Timestamp, u32)>> {
        let key = delivery.to_string();
        let row = query!("SELECT frozen, reply_id, first_tried_at, looks FROM delivery WHERE id = ?", key)
            .fetch_optional(&self.pool)
            .await?;
        let Some((frozen, reply, tried, looks)) =
            row.and_then(|row| Some((row.frozen?, row.reply_id, row.first_tried_at?, row.looks)))
        else {
            return Ok(None);
        };
        Ok(Some((frozen, id(&reply)?, time(tried), count(looks))))
    }

    /// The platform's id of the customer's message that a delivery answers.
    pub async fn last_heard_for(&self, delivery: Uuid) -> Result<Option<String>> {
        let key = delivery.to_string();
        let row = query!("SELECT conversation_id FROM delivery WHERE id = ?", key)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(StoreError::NotFound("delivery"))?;
        self.last_heard(id(&row.conversation_id)?).await
    }

    /// The journey of all replies of a conversation, oldest first.
    pub async fn deliveries(&self, conversation: ConversationId) -> Result<Vec<DeliveryRow>> {
        let key = conversation.to_string();
        query!(
            "SELECT delivery.id, delivery.reply_id, reply.author, reply.purpose, delivery.state, delivery.parts,
                    delivery.attempts, delivery.due_at, delivery.reason, delivery.way, delivery.sent_at
             FROM delivery JOIN reply ON reply.id = delivery.reply_id
             WHERE reply.conversation_id = ? ORDER BY delivery.row",
            key
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(DeliveryRow {
                delivery: Uuid::parse_str(&row.id)
                    .map_err(|error| StoreError::Defect(error.to_string()))?,
                reply: id(&row.reply_id)?,
                conversation,
                author: named(&row.author)?,
                purpose: named(&row.purpose)?,
                state: named(&row.state)?,
                parts: row.parts,
                attempts: count(row.attempts),
                due_at: time(row.due_at),
                reason: row.reason.as_deref().map(from_json).transpose()?,
                way: row.way,
                sent_at: row.sent_at.map(time),
            })
        })
        .collect()
    }

    /// How many deliveries stand in each state that is not yet settled.
    pub async fn outbox_counts(&self) -> Result<Vec<(String, i64)>> {
        Ok(query!(
            r#"SELECT state AS "state!", COUNT(*) AS "n!: i64" FROM delivery
               WHERE state IN ('waiting', 'sending', 'unsure', 'stuck') GROUP BY state ORDER BY state"#
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| (row.state, row.n))
        .collect())
    }
}
