//! Room 1, arrival: envelopes are verified, parsed and taken in, each event once, for ever.

use std::sync::Arc;

use domain::{
    Author, Channel, Echo, Event, EventKind, Incoming, Keeper, Part, Peer, SilentBecause, StuckReason,
    Thread, Timestamp,
};
use futures::future::join_all;
use platforms::{ReceiveError, Webhook};
use serde::{Deserialize, Serialize};
use store::{Change, EnvelopeRow, NewMessage, SendResult, StoreError, Tx};

use crate::{
    HouseError,
    hall::{Hall, Served},
    worker::Step,
};

/// As many envelopes are in work at once.
const BATCH: i64 = 128;

/// A request without its body, as it is kept in an envelope.
#[derive(Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) url: Option<String>,
    /// Values in base64: a header need not be text.
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn of(hook: &Webhook) -> Self {
        use base64::Engine as _;
        let value = |bytes: &Vec<u8>| base64::engine::general_purpose::STANDARD.encode(bytes);
        Self {
            method: hook.method.clone(),
            path: hook.path.clone(),
            query: hook.query.clone(),
            url: hook.url.clone(),
            headers: hook.headers.iter().map(|(name, bytes)| (name.clone(), value(bytes))).collect(),
        }
    }

    fn with(self, body: Vec<u8>, arrived: Timestamp) -> Webhook {
        use base64::Engine as _;
        let bytes =
            |text: &String| base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
        Webhook {
            method: self.method,
            path: self.path,
            query: self.query,
            url: self.url,
            headers: self.headers.iter().map(|(name, text)| (name.clone(), bytes(text))).collect(),
            body,
            arrived,
        }
    }
}

pub(crate) fn wakes(change: &Change) -> bool {
    matches!(change, Change::EnvelopeWaiting)
}

pub(crate) async fn step(hall: &Arc<Hall>) -> Result<Step, HouseError> {
    let waiting = hall.store.read().waiting_envelopes(0, BATCH).await?;
    if waiting.is_empty() {
        return Ok(Step::Idle { until: None });
    }
    // In the order they came; they share a commit.
    let results = join_all(waiting.into_iter().map(|envelope| take_envelope(hall, envelope))).await;
    results.into_iter().collect::<Result<Vec<()>, _>>()?;
    Ok(Step::Worked)
}

async fn take_envelope(hall: &Arc<Hall>, envelope: EnvelopeRow) -> Result<(), HouseError> {
    let row = envelope.row;
    let Some(Served { channel, adapter }) = hall.served(envelope.channel) else {
        return park(hall, row, "the channel is not connected").await;
    };
    let Ok(request) = serde_json::from_str::<Request>(&envelope.request) else {
        return park(hall, row, "the request does not read").await;
    };
    let hook = request.with(envelope.body, envelope.arrived_at);
    match adapter.receive(&hook) {
        Ok(events) => {
            let (clock, arrived) = (hall.clock.clone(), envelope.arrived_at);
            let taken = hall
                .store
                .write(async move |tx| {
                    take_in(tx, &channel, &events, arrived, clock.now()).await?;
                    tx.envelope_done(row).await
                })
                .await;
            match taken {
                // A poison envelope is parked; it never blocks those behind it.
                Err(StoreError::Defect(why)) => {
                    tracing::error!(channel = %envelope.channel, why, "an envelope could not be taken in");
                    park(hall, row, "it could not be taken in").await
                }
                other => Ok(other?),
            }
        }
        Err(ReceiveError::BadSignature | ReceiveError::MissingSignature) => {
            tracing::warn!(channel = %envelope.channel, "a webhook with a wrong signature was refused");
            let channel = envelope.channel;
            Ok(hall
                .store
                .write(async move |tx| {
                    tx.count_refused(channel).await?;
                    tx.envelope_done(row).await
                })
                .await?)
        }
        Err(ReceiveError::Malformed { at }) => park(hall, row, &format!("malformed at byte {at}")).await,
        Err(ReceiveError::NotOurs) => park(hall, row, "addressed to another account").await,
    }
}

async fn park(hall: &Arc<Hall>, row: i64, reason: &str) -> Result<(), HouseError> {
    let reason = reason.to_owned();
    Ok(hall.store.write(async move |tx| tx.park_envelope(row, &reason).await).await?)
}

/// Takes events in; also for what was polled, where the cursor is stored in the same transaction.
pub(crate) async fn take_in(
    tx: &mut Tx,
    channel: &Channel,
    events: &[Event],
    arrived: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    for event in events {
        if !tx.first_time(channel.id, event, kind_name(&event.what)).await? {
            continue;
        }
        take_event(tx, channel, event, arrived, now).await?;
    }
    if !events.is_empty() {
        tx.channel_heard(channel.id, arrived).await?;
    }
    Ok(())
}

async fn take_event(
    tx: &mut Tx,
    channel: &Channel,
    event: &Event,
    arrived: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    match &event.what {
        EventKind::Message(incoming) => heard(tx, channel, event, incoming, arrived, now).await,
        EventKind::Echo(echo) => echoed(tx, channel, event, echo, arrived, now).await,
        EventKind::Edited { message, .. }
        | EventKind::Unsent { message }
        | EventKind::Failed { message, .. } => refers(tx, channel, event, message, now).await,
        EventKind::Reacted { message: Some(message), .. } => refers(tx, channel, event, message, now).await,
        EventKind::Delivered { messages, up_to } => {
            for message in messages {
                refers(tx, channel, event, message, now).await?;
            }
            if let (Some(up_to), Some(thread)) = (up_to, &event.thread)
                && let Some(conversation) = tx.find_conversation(channel.id, &thread.key).await?
            {
                tx.all_delivered_up_to(conversation, *up_to, event.at).await?;
            }
            Ok(())
        }
        EventKind::Read { message, up_to } => {
            if let Some(message) = message {
                refers(tx, channel, event, message, now).await?;
            }
            if let (Some(up_to), Some(thread)) = (up_to, &event.thread)
                && let Some(conversation) = tx.find_conversation(channel.id, &thread.key).await?
            {
                tx.all_read_up_to(conversation, *up_to, event.at).await?;
            }
            Ok(())
        }
        EventKind::Followed { .. } => {
            if let Some(peer) = peer(event) {
                tx.customer_behind(channel.workspace, channel.id, peer, now).await?;
                tx.set_blocked(channel.id, &peer.id, None).await?;
            }
            tx.keep_event(channel.id, event, "followed").await
        }
        EventKind::Unfollowed => {
            if let Some(peer) = peer(event) {
                tx.set_blocked(channel.id, &peer.id, Some(event.at)).await?;
            }
            tx.keep_event(channel.id, event, "unfollowed").await
        }
        EventKind::ProfileChanged(changed) => {
            let customer = tx.customer_behind(channel.workspace, channel.id, changed, now).await?;
            tx.set_profile(customer, changed).await
        }
        EventKind::Migrated { to_key } => {
            if let Some(thread) = &event.thread {
                tx.move_conversation(channel.id, &thread.key, to_key).await?;
            }
            tx.keep_event(channel.id, event, "migrated").await
        }
        EventKind::ControlChanged { ours } => {
            if let Some(thread) = &event.thread
                && let Some(conversation) = tx.find_conversation(channel.id, &thread.key).await?
            {
                tx.set_other_app(conversation, !ours).await?;
            }
            tx.keep_event(channel.id, event, "control_changed").await
        }
        EventKind::AccountNotice { what, healthy } => {
            let health = if *healthy {
                domain::Health::Good
            } else {
                domain::Health::ReconnectNeeded { why: what.clone(), since: now }
            };
            tx.set_health(channel.id, &health).await?;
            tx.keep_event(channel.id, event, "account_notice").await
        }
        EventKind::Reacted { message: None, .. }
        | EventKind::Joined { .. }
        | EventKind::Left
        | EventKind::MembersChanged { .. }
        | EventKind::Referred(_)
        | EventKind::Consented { .. }
        | EventKind::Activity { .. }
        | EventKind::Unsupported { .. } => tx.keep_event(channel.id, event, kind_name(&event.what)).await,
    }
}

/// A customer's message.
async fn heard(
    tx: &mut Tx,
    channel: &Channel,
    event: &Event,
    incoming: &Incoming,
    arrived: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(thread) = &event.thread else {
        return tx.keep_event(channel.id, event, "message").await;
    };
    let unnamed = Peer { id: thread.key.clone(), ..Peer::default() };
    let who = thread.peer.as_ref().unwrap_or(&unnamed);
    let customer = tx.customer_behind(channel.workspace, channel.id, who, now).await?;
    let conversation =
        tx.conversation_of(channel.workspace, channel.id, thread, customer, sane(event.at, arrived)).await?;
    let new = NewMessage {
        workspace: channel.workspace,
        channel: channel.id,
        conversation,
        author: Author::Customer,
        remote: Some(incoming.message.clone()),
        parts: incoming.parts.clone(),
        reply_to: incoming.reply_to.clone(),
        delivery: None,
        said_at: sane(event.at, arrived),
        arrived_at: now,
        addressed: incoming.addressed,
        from_history: false,
    };
    // The same message under another event (a poll after a webhook) is one message.
    if tx.add_message(&new).await?.is_none() {
        return Ok(());
    }
    tx.heard(conversation, new.said_at, incoming.reply_token.as_ref(), incoming.read_token.as_deref())
        .await?;
    tx.set_blocked(channel.id, &who.id, None).await?;
    let row = tx.conversation(conversation).await?;
    if row.other_app != incoming.standby {
        tx.set_other_app(conversation, incoming.standby).await?;
    }
    if incoming.referral.is_some() {
        tx.keep_event(channel.id, event, "referred").await?;
    }
    catch_up(tx, channel, &incoming.message, now).await
}

/// What came before this message and refers to it.
async fn catch_up(tx: &mut Tx, channel: &Channel, message: &str, now: Timestamp) -> Result<(), StoreError> {
    for early in tx.take_awaiting(channel.id, message).await? {
        refers(tx, channel, &early, message, now).await?;
    }
    Ok(())
}

/// An event about a message: applied when it is there, kept until it comes when not.
async fn refers(
    tx: &mut Tx,
    channel: &Channel,
    event: &Event,
    remote: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some((message, conversation)) = tx.message_by_remote(channel.id, remote).await? else {
        return tx.await_message(channel.id, remote, event).await;
    };
    match &event.what {
        EventKind::Edited { parts, .. } => {
            tx.edit_message(message, parts, event.at).await?;
            // Words that are still to be answered are understood anew; the answer to the old ones is dropped.
            if tx.in_open_turn(message).await? {
                tx.turn_changed(conversation, now).await?;
                tx.understand_again(message).await?;
            }
        }
        EventKind::Unsent { .. } => {
            let open = tx.in_open_turn(message).await?;
            tx.unsend_message(message, event.at).await?;
            if open {
                tx.turn_changed(conversation, now).await?;
            }
        }
        EventKind::Reacted { emoji, removed, .. } => {
            let who = peer(event).map_or("", |peer| peer.id.as_str());
            let emoji = emoji.as_deref().filter(|_| !removed);
            tx.react(message, who, emoji).await?;
        }
        EventKind::Delivered { .. } => tx.message_delivered(message, event.at).await?,
        EventKind::Read { .. } => tx.message_read(message, event.at).await?,
        EventKind::Failed { reason, .. } => tx.message_failed(message, reason).await?,
        EventKind::Message(_)
        | EventKind::Echo(_)
        | EventKind::Followed { .. }
        | EventKind::Unfollowed
        | EventKind::Joined { .. }
        | EventKind::Left
        | EventKind::MembersChanged { .. }
        | EventKind::Referred(_)
        | EventKind::Consented { .. }
        | EventKind::ProfileChanged(_)
        | EventKind::Migrated { .. }
        | EventKind::ControlChanged { .. }
        | EventKind::AccountNotice { .. }
        | EventKind::Activity { .. }
        | EventKind::Unsupported { .. } => {}
    }
    Ok(())
}

/// Our side said something: evidence of a delivery of ours, or a person wrote in the platform's own app and
/// keeps the conversation from now on.
async fn echoed(
    tx: &mut Tx,
    channel: &Channel,
    event: &Event,
    echo: &Echo,
    arrived: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ours = echo.metadata.as_deref().and_then(platforms::facebook::read_metadata);
    if let Some((_, delivery)) = ours
        && tx.delivery_by_metadata(&delivery.to_string()).await?.is_some()
    {
        let sent = SendResult::Sent {
            remotes: vec![echo.message.clone()],
            way: "echo".to_owned(),
            parts: echo.parts.clone(),
            at: sane(event.at, arrived),
        };
        tx.settle_send(delivery, &sent).await?;
        return catch_up(tx, channel, &echo.message, now).await;
    }
    if tx.message_by_remote(channel.id, &echo.message).await?.is_some() {
        return Ok(());
    }
    let Some(thread) = &event.thread else {
        return tx.keep_event(channel.id, event, "echo").await;
    };
    let customer = customer_of(tx, channel, thread, now).await?;
    let at = sane(event.at, arrived);
    let conversation = tx.conversation_of(channel.workspace, channel.id, thread, customer, at).await?;
    let new = NewMessage {
        workspace: channel.workspace,
        channel: channel.id,
        conversation,
        author: Author::Person,
        remote: Some(echo.message.clone()),
        parts: echo.parts.clone(),
        reply_to: None,
        delivery: None,
        said_at: at,
        arrived_at: now,
        addressed: true,
        from_history: false,
    };
    tx.add_message(&new).await?;
    tx.set_keeper(conversation, Keeper::Person { until: None }).await?;
    tx.stop_assistant(conversation, &StuckReason::PersonTookOver).await?;
    tx.withdraw_draft(conversation, now).await?;
    tx.end_open_turn(conversation, SilentBecause::PersonKeepsIt, now).await?;
    tx.take_escalation(conversation, now).await?;
    catch_up(tx, channel, &echo.message, now).await
}

async fn customer_of(
    tx: &mut Tx,
    channel: &Channel,
    thread: &Thread,
    now: Timestamp,
) -> Result<domain::CustomerId, StoreError> {
    let unnamed = Peer { id: thread.key.clone(), ..Peer::default() };
    tx.customer_behind(channel.workspace, channel.id, thread.peer.as_ref().unwrap_or(&unnamed), now).await
}

fn peer(event: &Event) -> Option<&Peer> {
    event.thread.as_ref()?.peer.as_ref()
}

/// A platform's time that lies in the future, or before there were platforms, is replaced by when it arrived.
fn sane(at: Timestamp, arrived: Timestamp) -> Timestamp {
    const YEAR_2004: i64 = 1_072_915_200_000;
    if at.millis() < YEAR_2004 || at > arrived + std::time::Duration::from_secs(3_600) { arrived } else { at }
}

const fn kind_name(what: &EventKind) -> &'static str {
    match what {
        EventKind::Message(_) => "message",
        EventKind::Echo(_) => "echo",
        EventKind::Edited { .. } => "edited",
        EventKind::Unsent { .. } => "unsent",
        EventKind::Reacted { .. } => "reacted",
        EventKind::Delivered { .. } => "delivered",
        EventKind::Read { .. } => "read",
        EventKind::Failed { .. } => "failed",
        EventKind::Followed { .. } => "followed",
        EventKind::Unfollowed => "unfollowed",
        EventKind::Joined { .. } => "joined",
        EventKind::Left => "left",
        EventKind::MembersChanged { .. } => "members_changed",
        EventKind::Referred(_) => "referred",
        EventKind::Consented { .. } => "consented",
        EventKind::ProfileChanged(_) => "profile_changed",
        EventKind::Migrated { .. } => "migrated",
        EventKind::ControlChanged { .. } => "control_changed",
        EventKind::AccountNotice { .. } => "account_notice",
        EventKind::Activity { .. } => "activity",
        EventKind::Unsupported { .. } => "unsupported",
    }
}

/// Text of the parts for the assistant: what is no text stands as a word in brackets.
pub(crate) fn as_words(parts: &[Part]) -> String {
    let text = domain::text_of(parts);
    if !text.trim().is_empty() {
        return text;
    }
    let names: Vec<&str> = parts
        .iter()
        .map(|part| match part {
            Part::Text { .. } | Part::Postback { .. } => "",
            Part::Image(_) => "[image]",
            Part::Video(_) => "[video]",
            Part::Audio(_) => "[audio]",
            Part::File(_) => "[file]",
            Part::Sticker { .. } => "[sticker]",
            Part::Location { .. } => "[location]",
            Part::Contact { .. } => "[contact]",
            Part::Template { .. } => "[template]",
            Part::StoryReply { .. } => "[story]",
            Part::SharedPost { .. } => "[post]",
            Part::Unsupported { .. } => "[unsupported]",
        })
        .filter(|name| !name.is_empty())
        .collect();
    names.join(" ")
}
