//! The talk: what was said, what is on its way, what was understood, and why it was answered so.

use std::collections::BTreeMap;

use domain::{
    AnswerAs, Author, Autonomy, ChannelId, Check, ConversationId, CustomerId, DeliveryState, DraftId, Intent,
    Keeper, MessageId, Part, Passage, ReplyId, RunId, SentimentLevel, StuckReason, Timestamp, TurnId,
    TurnState, Understanding, Words,
};
use platforms::OutPart;
use serde::Serialize;
use store::{DeliveryRow, Purpose, RunRow, views::Spoken};

use crate::{House, Result, drafts::Draft, escalations::Escalation};

/// A conversation as its screen shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Talk {
    pub conversation: ConversationId,
    pub channel: ChannelId,
    pub customer: Customer,
    #[serde(flatten)]
    pub keeper: Keeper,
    /// open, snoozed or resolved
    pub state: String,
    pub unread: u32,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// What was promised and has not become a message: on its way, stuck or stopped.
    pub under_way: Vec<Delivery>,
    pub draft: Option<Draft>,
    /// The open one.
    pub escalation: Option<Escalation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Customer {
    pub id: CustomerId,
    pub name: Option<Words>,
    pub language: Option<String>,
    pub since: Timestamp,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    pub id: MessageId,
    pub author: Author,
    pub parts: Vec<Part>,
    pub text: Words,
    pub said_at: Timestamp,
    pub edited: bool,
    pub unsent: bool,
    pub delivered_at: Option<Timestamp>,
    pub read_at: Option<Timestamp>,
    pub failed: Option<String>,
    /// Of a customer's message the turn it belongs to, of ours the one it answers: ask [`why`] with it.
    pub turn: Option<TurnId>,
    pub meaning: Option<Understanding>,
    /// How ours got there.
    pub delivery: Option<Delivery>,
}

/// One call to the platform, and how it fares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivery {
    pub id: String,
    pub reply: ReplyId,
    pub author: Author,
    pub purpose: Purpose,
    pub words: Words,
    #[serde(flatten)]
    pub journey: Journey,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Journey {
    pub delivery: DeliveryState,
    pub attempts: u32,
    pub due_at: Timestamp,
    /// Why it is stuck or was stopped.
    pub reason: Option<StuckReason>,
    /// With a reply token, or counted against the quota.
    pub way: Option<String>,
    pub sent_at: Option<Timestamp>,
}

/// The last messages said before a moment (none: up to now), oldest first; 500 at the most.
pub async fn read(
    house: &House,
    conversation: ConversationId,
    before: Option<Timestamp>,
    most: u32,
) -> Result<Talk> {
    let reader = house.flow.read();
    let row = reader.conversation(conversation).await?;
    let customer = reader.customer(row.customer).await?;
    // Deliveries before messages: what is sent in between is seen twice rather than not at all.
    let mut deliveries: Vec<Delivery> =
        reader.deliveries(conversation).await?.into_iter().map(Delivery::from).collect();
    let origins: BTreeMap<ReplyId, Option<TurnId>> = reader
        .reply_origins(conversation)
        .await?
        .into_iter()
        .map(|origin| (origin.reply, origin.turn))
        .collect();
    let before = before.unwrap_or(Timestamp::from_millis(i64::MAX));
    let spoken = reader.talk(conversation, before, i64::from(most.min(500))).await?;
    let said: BTreeMap<&str, Timestamp> =
        spoken.iter().filter_map(|one| Some((one.delivery.as_deref()?, one.said_at))).collect();
    for one in &mut deliveries {
        if let Some(at) = said.get(one.id.as_str()) {
            one.journey.delivery = DeliveryState::Sent;
            one.journey.sent_at = one.journey.sent_at.or(Some(*at));
        }
    }
    let by_id: BTreeMap<&str, &Delivery> = deliveries.iter().map(|one| (one.id.as_str(), one)).collect();
    let messages = spoken.into_iter().map(|one| message(one, &by_id, &origins)).collect();
    let under_way =
        deliveries.iter().filter(|one| one.journey.delivery != DeliveryState::Sent).cloned().collect();
    let drafts = reader.waiting_drafts(row.workspace).await?;
    let escalations = reader.escalations(conversation).await?;
    Ok(Talk {
        conversation,
        channel: row.channel,
        customer: Customer {
            id: customer.id,
            name: customer.name,
            language: customer.language,
            since: customer.created_at,
        },
        keeper: row.keeper.at(house.now()),
        state: row.state,
        unread: row.unread,
        messages,
        under_way,
        draft: drafts.into_iter().find(|draft| draft.conversation == conversation).map(Draft::from),
        escalation: escalations.into_iter().rev().find(|one| one.ended_at.is_none()).map(Escalation::from),
    })
}

fn message(
    spoken: Spoken,
    deliveries: &BTreeMap<&str, &Delivery>,
    origins: &BTreeMap<ReplyId, Option<TurnId>>,
) -> Message {
    let delivery = spoken.delivery.and_then(|id| deliveries.get(id.as_str()).copied().cloned());
    let answers = delivery.as_ref().and_then(|one| origins.get(&one.reply).copied().flatten());
    Message {
        id: spoken.message,
        author: spoken.author,
        parts: spoken.parts,
        text: spoken.text.into(),
        said_at: spoken.said_at,
        edited: spoken.edited,
        unsent: spoken.unsent,
        delivered_at: spoken.delivered_at,
        read_at: spoken.read_at,
        failed: spoken.failed,
        turn: spoken.turn.or(answers),
        meaning: spoken.meaning,
        delivery,
    }
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        let parts: Vec<OutPart> = serde_json::from_str(&row.parts).unwrap_or_default();
        let words: Vec<&str> = parts
            .iter()
            .map(|part| match part {
                OutPart::Text(text) | OutPart::QuickReplies { text, .. } => text.as_str(),
                OutPart::Image { url, .. } => url.as_str(),
            })
            .collect();
        Self {
            id: row.delivery.hyphenated().to_string(),
            reply: row.reply,
            author: row.author,
            purpose: row.purpose,
            words: words.join("\n").into(),
            journey: Journey {
                delivery: row.state,
                attempts: row.attempts,
                due_at: row.due_at,
                reason: row.reason,
                way: row.way,
                sent_at: row.sent_at,
            },
        }
    }
}

/// Why a turn was answered so: what was decided, and the receipt of every run of the assistant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    pub turn: TurnId,
    pub state: TurnState,
    pub answer_as: Option<AnswerAs>,
    /// Of a silent turn its reason, of an escalated one its rule.
    pub because: Option<String>,
    pub runs: Vec<Receipt>,
}

/// The receipt of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Receipt {
    pub id: RunId,
    pub at: Timestamp,
    pub provider: String,
    pub model: String,
    pub prompt: Words,
    pub response: Words,
    pub tokens_in: Option<u32>,
    pub tokens_cached: Option<u32>,
    pub tokens_out: Option<u32>,
    /// Millionths of a US dollar.
    pub cost_micro_usd: Option<u64>,
    pub millis: u32,
    pub passages: Vec<Passage>,
    pub checks: Vec<Check>,
    pub personality_version: u32,
    pub knowledge_version: u64,
    /// The host the prompt went to; none = nothing left the laptop.
    pub left_to: Option<String>,
    pub error: Option<String>,
}

impl From<RunRow> for Receipt {
    fn from(row: RunRow) -> Self {
        let run = row.run;
        Self {
            id: row.id,
            at: row.at,
            provider: run.provider,
            model: run.model,
            prompt: run.prompt,
            response: run.response,
            tokens_in: run.tokens_in,
            tokens_cached: run.tokens_cached,
            tokens_out: run.tokens_out,
            cost_micro_usd: run.cost_micro_usd,
            millis: run.millis,
            passages: run.passages,
            checks: run.checks,
            personality_version: run.personality_version,
            knowledge_version: run.knowledge_version,
            left_to: run.left_to,
            error: run.error,
        }
    }
}

pub async fn why(house: &House, turn: TurnId) -> Result<Why> {
    let reader = house.flow.read();
    let fate = reader.fate(turn).await?;
    let runs = reader.runs_of_turn(turn).await?;
    Ok(Why {
        turn,
        state: fate.state,
        answer_as: fate.answer_as,
        because: fate.because,
        runs: runs.into_iter().map(Receipt::from).collect(),
    })
}

/// Words of the owner: they take the conversation over and leave without a hold.
pub async fn write(house: &House, conversation: ConversationId, words: String) -> Result<ReplyId> {
    Ok(house.flow.write(conversation, words).await?)
}

/// How much the assistant may do with this customer; none = as the channel says.
pub async fn set_customer_autonomy(
    house: &House,
    customer: CustomerId,
    autonomy: Option<Autonomy>,
) -> Result<()> {
    Ok(house.flow.set_customer_autonomy(customer, autonomy).await?)
}

/// The matter is settled.
pub async fn resolve(house: &House, conversation: ConversationId) -> Result<()> {
    Ok(house.flow.resolve(conversation).await?)
}

/// Stops a reply that has not begun to leave.
pub async fn stop_reply(house: &House, reply: ReplyId) -> Result<()> {
    Ok(house.flow.stop_reply(reply).await?)
}

/// Tries a stuck reply again.
pub async fn retry_reply(house: &House, reply: ReplyId) -> Result<()> {
    Ok(house.flow.retry_reply(reply).await?)
}

/// The owner says what a message really means.
pub async fn correct(
    house: &House,
    message: MessageId,
    intent: Option<Intent>,
    sentiment: Option<SentimentLevel>,
) -> Result<()> {
    Ok(house.flow.correct(message, intent, sentiment).await?)
}

/// The draft that a conversation waits with, if any.
pub async fn draft_of(house: &House, conversation: ConversationId) -> Result<Option<DraftId>> {
    let drafts = house.flow.read().waiting_drafts(house.flow.workspace()).await?;
    Ok(drafts.into_iter().find(|draft| draft.conversation == conversation).map(|draft| draft.id))
}
