//! Room 5, delivery: the only room that sends. One lane per conversation; read again just before sending;
//! frozen before the first byte; what is unsure is settled by evidence.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{
    Author, ChannelId, ConversationId, Health, Part, SendFacts, StuckReason, ThreadKind, Timestamp, backoff,
    held_back,
};
use platforms::{Call, Fate, OutPart, SendError, SentWay, WindowState, window};
use serde::{Deserialize, Serialize};
use store::{Change, LaneHead, Purpose, SendResult, StoreError};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    HouseError,
    hall::{Hall, Served},
    worker::notice,
};

/// The first wait after a send that never reached the platform; doubled each time, ten minutes at most.
const FIRST_BACKOFF: Duration = Duration::from_secs(2);

/// A call that has no answer after this long is unsure.
const CALL_PATIENCE: Duration = Duration::from_secs(30);

/// Evidence (an echo, a status) is awaited this long before it is looked for, and looked for again.
const EVIDENCE_GAP: Duration = Duration::from_secs(10);

/// As many looks without a finding, and the owner is asked.
const MOST_LOOKS: u32 = 5;

/// A newer message is understood well within this.
const NEWER_WORDS_GAP: Duration = Duration::from_millis(250);

/// A reply token is used only while this much of its life is left for the way to the platform.
const TOKEN_MARGIN: Duration = Duration::from_secs(3);

fn wakes(change: &Change) -> bool {
    matches!(
        change,
        Change::ReplyPromised(_)
            | Change::DeliveryChanged(_)
            | Change::SettingsChanged
            | Change::ChannelChanged(_)
    )
}

/// What is fixed before the first byte leaves; the same at every later look for evidence.
#[derive(Serialize, Deserialize)]
struct Frozen {
    thread: String,
    kind: ThreadKind,
    parts: Vec<OutPart>,
    answers: Option<String>,
    reply_token: Option<domain::ReplyToken>,
    typed_by_person: bool,
    last_inbound: Option<Timestamp>,
}

impl Frozen {
    fn call(&self, reply: domain::ReplyId, key: Uuid, now: Timestamp) -> Call {
        Call {
            reply,
            key,
            thread: self.thread.clone(),
            kind: self.kind,
            parts: self.parts.clone(),
            answers: self.answers.clone(),
            reply_token: self.reply_token.clone(),
            typed_by_person: self.typed_by_person,
            last_inbound: self.last_inbound,
            now,
        }
    }
}

/// Conversations with a send in flight: one lane, one send at a time.
type Lanes = Arc<Mutex<BTreeSet<ConversationId>>>;

/// Runs until the house stops.
pub(crate) async fn run(hall: Arc<Hall>) {
    let mut notices = hall.store.changes();
    let mut settings = hall.settings_read();
    let lanes: Lanes = Arc::default();
    let mut sending: JoinSet<()> = JoinSet::new();
    loop {
        let until = match start_some(&hall, &lanes, &mut sending).await {
            Ok(until) => until,
            Err(error) => {
                tracing::error!(worker = "delivery", %error, "the outbox could not be read; trying again");
                hall.trouble("delivery", &error);
                Some(hall.clock.now() + Duration::from_secs(1))
            }
        };
        let sleep = async {
            match until {
                Some(when) => hall.clock.sleep_until(when).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = hall.stopping.cancelled() => break,
            () = notice(&mut notices, wakes) => {}
            Ok(()) = settings.changed() => {}
            Some(_) = sending.join_next(), if !sending.is_empty() => {}
            () = sleep => {}
        }
    }
    // What is on its way may arrive; its answer is worth the grace period.
    while sending.join_next().await.is_some() {}
}

async fn start_some(
    hall: &Arc<Hall>,
    lanes: &Lanes,
    sending: &mut JoinSet<()>,
) -> Result<Option<Timestamp>, HouseError> {
    let settings = hall.settings();
    if settings.panic {
        return Ok(None);
    }
    let now = hall.clock.now();
    let room = (settings.pace.sends_at_once.max(1) as usize).saturating_sub(sending.len());
    if room == 0 {
        return Ok(None);
    }
    let most = i64::try_from(room + sending.len()).unwrap_or(i64::MAX);
    let reader = hall.store.read();
    let mut started = 0;
    for (delivery, conversation, channel) in reader.unsure(now, most).await? {
        if started < room && enter(lanes, conversation) {
            started += 1;
            let (hall, lanes) = (hall.clone(), lanes.clone());
            sending.spawn(async move {
                report(settle_unsure(&hall, delivery, channel).await, &hall).await;
                leave(&lanes, conversation);
            });
        }
    }
    for (delivery, conversation, channel) in reader.lane_heads(now, most).await? {
        if started < room && enter(lanes, conversation) {
            started += 1;
            let (hall, lanes) = (hall.clone(), lanes.clone());
            sending.spawn(async move {
                report(send_one(&hall, delivery, channel).await, &hall).await;
                leave(&lanes, conversation);
            });
        }
    }
    if started > 0 {
        return Ok(Some(now));
    }
    if sending.is_empty() { Ok(reader.next_delivery_due().await?.filter(|due| *due > now)) } else { Ok(None) }
}

fn enter(lanes: &Lanes, conversation: ConversationId) -> bool {
    lanes.lock().unwrap_or_else(PoisonError::into_inner).insert(conversation)
}

fn leave(lanes: &Lanes, conversation: ConversationId) {
    lanes.lock().unwrap_or_else(PoisonError::into_inner).remove(&conversation);
}

async fn report(result: Result<(), HouseError>, hall: &Hall) {
    match result {
        Ok(()) | Err(HouseError::Store(StoreError::Overtaken(_) | StoreError::Closed)) => {}
        Err(error) => {
            tracing::error!(%error, "a delivery could not be settled; it is looked at again");
            hall.trouble("delivery", &error);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// What the last look found.
enum Look {
    /// Frozen and on its way.
    Go(Box<Frozen>, LaneHead),
    /// Settled without sending.
    Done,
}

async fn send_one(hall: &Arc<Hall>, delivery: Uuid, channel: ChannelId) -> Result<(), HouseError> {
    let Some(served) = hall.served(channel) else {
        return hold_lane(hall, delivery, StuckReason::ReconnectNeeded).await;
    };
    let heard = hall.store.read();
    let look = {
        let (clock, served, settings) = (hall.clock.clone(), served.clone(), hall.settings());
        let answers = heard.last_heard_for(delivery).await?;
        hall.store
            .write(async move |tx| {
                let Some(head) = tx.lane_head(delivery).await? else { return Ok(Look::Done) };
                let now = clock.now();
                let conversation = tx.conversation(head.conversation).await?;
                let facts = SendFacts {
                    now,
                    keeper: conversation.keeper,
                    by_assistant: head.author == Author::Assistant && !head.approved,
                    hand_over_note: head.purpose != Purpose::Answer,
                    newer_words: head.newer_words,
                    panic: settings.panic,
                    channel_may_send: served.channel.health.may_send(),
                };
                match held_back(facts) {
                    None => {}
                    // Panic holds; it does not take back.
                    Some(StuckReason::Panic) => return Ok(Look::Done),
                    // Understanding will take the reply back, and put the words it answered before the new ones:
                    // were it stopped here, they would wait for an answer in vain.
                    Some(StuckReason::NewerWords) => {
                        tx.settle_send(delivery, &SendResult::Again { at: now + NEWER_WORDS_GAP }).await?;
                        return Ok(Look::Done);
                    }
                    Some(reason @ StuckReason::ReconnectNeeded) => {
                        tx.settle_send(delivery, &SendResult::Stuck { reason }).await?;
                        return Ok(Look::Done);
                    }
                    Some(reason) => {
                        tx.settle_send(delivery, &SendResult::Stopped { reason }).await?;
                        return Ok(Look::Done);
                    }
                }
                let typed_by_person = head.author == Author::Person;
                let rule = served.adapter.abilities().window;
                if window(rule, conversation.last_inbound_at, now, typed_by_person) == WindowState::Closed {
                    let reason = StuckReason::WindowClosed;
                    tx.settle_send(delivery, &SendResult::Stuck { reason }).await?;
                    return Ok(Look::Done);
                }
                let parts = serde_json::from_str(&head.parts)
                    .map_err(|_| StoreError::Defect("a stored call does not read back".to_owned()))?;
                let token = conversation.reply_token.filter(|token| now + TOKEN_MARGIN < token.until);
                if token.is_some() {
                    tx.spend_reply_token(head.conversation).await?;
                }
                let frozen = Frozen {
                    thread: conversation.thread,
                    kind: conversation.kind,
                    parts,
                    answers,
                    reply_token: token,
                    typed_by_person,
                    last_inbound: conversation.last_inbound_at,
                };
                let body =
                    serde_json::to_string(&frozen).map_err(|error| StoreError::Defect(error.to_string()))?;
                tx.freeze(delivery, &body, now).await?;
                Ok(Look::Go(Box::new(frozen), head))
            })
            .await?
    };
    let Look::Go(frozen, head) = look else { return Ok(()) };
    let call = frozen.call(head.reply, delivery, hall.clock.now());
    let sent = tokio::time::timeout(CALL_PATIENCE, served.adapter.send(&call)).await;
    let result = match sent {
        Ok(Ok(sent)) => SendResult::Sent {
            remotes: sent.messages,
            way: way_name(sent.way).to_owned(),
            parts: shown(&frozen.parts),
            at: hall.clock.now(),
        },
        Ok(Err(error)) => after_error(hall, &served, error, head.attempts + 1, &frozen.thread).await?,
        Err(_) => SendResult::Unsure { look_at: hall.clock.now() + EVIDENCE_GAP },
    };
    let went = matches!(result, SendResult::Sent { .. });
    hall.store.write(async move |tx| tx.settle_send(delivery, &result).await).await?;
    if went && served.adapter.abilities().marks_read {
        mark_read(hall, &served, head.conversation).await;
    }
    Ok(())
}

async fn hold_lane(hall: &Hall, delivery: Uuid, reason: StuckReason) -> Result<(), HouseError> {
    let result = SendResult::Stuck { reason };
    Ok(hall.store.write(async move |tx| tx.settle_send(delivery, &result).await).await?)
}

/// What an error of the platform means for the delivery and for the channel.
async fn after_error(
    hall: &Hall,
    served: &Served,
    error: SendError,
    attempts: u32,
    thread: &str,
) -> Result<SendResult, HouseError> {
    let now = hall.clock.now();
    let stuck = |reason| SendResult::Stuck { reason };
    Ok(match error {
        SendError::RetryAfter(wait) => SendResult::Again { at: now + wait },
        SendError::Unreachable => SendResult::Again { at: now + backoff(FIRST_BACKOFF, attempts, jitter()) },
        // The next attempt goes without the token.
        SendError::TokenSpent => SendResult::Again { at: now },
        SendError::Moved { to_key } => {
            let channel = served.channel.id;
            tracing::info!(%channel, "the platform moved a conversation");
            let from = thread.to_owned();
            hall.store.write(async move |tx| tx.move_conversation(channel, &from, &to_key).await).await?;
            SendResult::Again { at: now }
        }
        SendError::Unsure => SendResult::Unsure { look_at: now + EVIDENCE_GAP },
        SendError::Reconnect { why } => {
            let channel = served.channel.id;
            let health = Health::ReconnectNeeded { why, since: now };
            hall.store.write(async move |tx| tx.set_health(channel, &health).await).await?;
            hall.read_channels().await?;
            stuck(StuckReason::ReconnectNeeded)
        }
        SendError::WindowClosed => stuck(StuckReason::WindowClosed),
        SendError::Blocked => stuck(StuckReason::BlockedByCustomer),
        SendError::QuotaSpent => stuck(StuckReason::QuotaSpent),
        SendError::Refused { code, why } => stuck(StuckReason::Refused { code, message: why }),
    })
}

/// Looks for evidence of a call whose outcome is unknown.
async fn settle_unsure(hall: &Arc<Hall>, delivery: Uuid, channel: ChannelId) -> Result<(), HouseError> {
    let Some(served) = hall.served(channel) else {
        return hold_lane(hall, delivery, StuckReason::ReconnectNeeded).await;
    };
    let reader = hall.store.read();
    let now = hall.clock.now();
    let Some((frozen, reply, tried, looks)) = reader.frozen_call(delivery).await? else {
        return hold_lane(hall, delivery, StuckReason::Undecidable).await;
    };
    let Ok(frozen) = serde_json::from_str::<Frozen>(&frozen) else {
        return hold_lane(hall, delivery, StuckReason::Undecidable).await;
    };
    let call = frozen.call(reply, delivery, now);
    let fate = tokio::time::timeout(CALL_PATIENCE, served.adapter.reconcile(&call, tried)).await;
    let later = SendResult::Unsure { look_at: now + backoff(EVIDENCE_GAP, looks + 1, 0) };
    let otherwise = later.clone();
    let result = match fate {
        Ok(Ok(Fate::Landed { messages })) => SendResult::Sent {
            remotes: messages,
            way: "evidence".to_owned(),
            parts: shown(&frozen.parts),
            at: tried,
        },
        Ok(Ok(Fate::Absent)) => SendResult::Again { at: now },
        // An echo or a status may still come; then nobody can tell, and the owner decides.
        Ok(Ok(Fate::Undecidable)) if looks < MOST_LOOKS && evidence_may_come(&served) => later.clone(),
        Ok(Ok(Fate::Undecidable)) => SendResult::Stuck { reason: StuckReason::Undecidable },
        Ok(Err(SendError::Unsure | SendError::Unreachable)) | Err(_) => later.clone(),
        Ok(Err(SendError::RetryAfter(wait))) => SendResult::Unsure { look_at: now + wait },
        Ok(Err(error)) => match after_error(hall, &served, error, looks, &frozen.thread).await? {
            // Not "again": whether it arrived is still unknown.
            SendResult::Again { .. } => later.clone(),
            settled @ (SendResult::Sent { .. }
            | SendResult::Unsure { .. }
            | SendResult::Stuck { .. }
            | SendResult::Stopped { .. }) => settled,
        },
    };
    Ok(hall
        .store
        .write(async move |tx| {
            tx.looked(delivery).await?;
            // The same words said twice look alike in a history: what is known as another's is no evidence.
            if let SendResult::Sent { remotes, .. } = &result {
                for remote in remotes {
                    if tx.sent_by_another(channel, remote, delivery).await? {
                        return tx.settle_send(delivery, &otherwise).await;
                    }
                }
            }
            tx.settle_send(delivery, &result).await
        })
        .await?)
}

/// An echo or a status carries what we attached.
fn evidence_may_come(served: &Served) -> bool {
    served.adapter.abilities().key_on_send != platforms::KeyOnSend::None
}

/// Best effort: the customer sees that the answer's question was read.
async fn mark_read(hall: &Hall, served: &Served, conversation: ConversationId) {
    let reader = hall.store.read();
    let (Ok(row), Ok(last)) =
        (reader.conversation(conversation).await, reader.last_heard(conversation).await)
    else {
        return;
    };
    let Some(token) = row.read_token.or(last) else { return };
    if let Err(error) = served.adapter.mark_read(&row.thread, &token).await {
        tracing::debug!(%error, "not marked as read");
    }
}

/// What was sent, as the talk shows it.
fn shown(parts: &[OutPart]) -> Vec<Part> {
    parts
        .iter()
        .map(|part| match part {
            OutPart::Text(words) => Part::text(words.clone()),
            OutPart::QuickReplies { text, .. } => Part::text(text.clone()),
            OutPart::Image { url, .. } => {
                Part::Image(domain::Attachment { url: Some(url.clone()), ..domain::Attachment::default() })
            }
        })
        .collect()
}

const fn way_name(way: SentWay) -> &'static str {
    match way {
        SentWay::Reply => "reply",
        SentWay::Push => "push",
        SentWay::Plain => "plain",
    }
}

fn jitter() -> u8 {
    rand::random()
}
