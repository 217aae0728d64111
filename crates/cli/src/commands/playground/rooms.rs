//! What each room made of the customer's words, printed as it is committed.

use std::time::Duration;

use api::{
    House,
    changes::Changes,
    playground,
    talk::{self, Delivery, Message, Receipt, Talk, Why},
};
use domain::{
    AnswerAs, Author, ChannelId, Check, ConversationId, DeliveryState, Flag, Influence, LeadSigns, Part,
    TurnId, TurnState, Understanding, Words, lead_potential, priority,
};
use serde::Serialize;

use super::labels::{Label, Tongue};
use crate::out;

/// Longer than the house may take for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Messages looked at.
const MOST: u32 = 200;

/// What was just said.
pub(super) struct Heard<'a> {
    pub(super) name: &'a str,
    /// Messages of the burst.
    pub(super) pieces: u32,
}

/// Watches the house from the customer's side.
pub(super) struct Rooms<'h> {
    house: &'h House,
    channel: ChannelId,
    last_turn: Option<TurnId>,
}

impl<'h> Rooms<'h> {
    pub(super) const fn new(house: &'h House, channel: ChannelId) -> Self {
        Self { house, channel, last_turn: None }
    }

    /// Another customer sits down.
    pub(super) fn forget(&mut self) {
        self.last_turn = None;
    }

    /// Waits for the fate of what was said, and prints it room by room.
    pub(super) async fn watch(&mut self, heard: &Heard<'_>, tongue: Tongue) -> anyhow::Result<()> {
        let mut changes = self.house.changes();
        let settled = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(found) = self.settled(heard).await? {
                    return Ok::<_, api::Error>(Some(found));
                }
                if !moved(&mut changes).await {
                    return Ok(None);
                }
            }
        })
        .await;
        let Ok(Some((talk, why))) = settled.unwrap_or(Ok(None)) else {
            return out::line(tongue.too_long());
        };
        self.last_turn = Some(why.turn);
        print(&talk, &why, tongue)
    }

    /// Everything there is to show, once nothing moves any more.
    async fn settled(&self, heard: &Heard<'_>) -> api::Result<Option<(Talk, Why)>> {
        let Some(conversation) = playground::conversation(self.house, self.channel, heard.name).await? else {
            return Ok(None);
        };
        let talk = talk::read(self.house, conversation, None, MOST).await?;
        let of_customer: Vec<&Message> =
            talk.messages.iter().filter(|one| one.author == Author::Customer).collect();
        let Some(turn) = of_customer.last().and_then(|last| last.turn) else { return Ok(None) };
        if Some(turn) == self.last_turn {
            return Ok(None);
        }
        let pieces = of_customer.iter().filter(|one| one.turn == Some(turn)).count();
        if pieces < usize::try_from(heard.pieces).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        let why = talk::why(self.house, turn).await?;
        match why.state {
            TurnState::Gathering | TurnState::Ready | TurnState::Writing => return Ok(None),
            TurnState::Answered | TurnState::Escalated | TurnState::Silent => {}
        }
        // Read after the turn ended, so that all it led to is in it.
        let talk = talk::read(self.house, conversation, None, MOST).await?;
        Ok(at_rest(&talk).then_some((talk, why)))
    }

    /// After a verdict: until nothing is under way.
    pub(super) async fn until_sent(
        &self,
        conversation: ConversationId,
        tongue: Tongue,
    ) -> anyhow::Result<()> {
        let mut changes = self.house.changes();
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let talk = talk::read(self.house, conversation, None, MOST).await?;
                if at_rest(&talk) {
                    return Ok::<_, api::Error>(Some(talk));
                }
                if !moved(&mut changes).await {
                    return Ok(None);
                }
            }
        })
        .await;
        match waited.unwrap_or(Ok(None))? {
            Some(talk) => match talk.messages.last() {
                Some(last) => said(last, tongue),
                None => Ok(()),
            },
            None => out::line(tongue.too_long()),
        }
    }

    /// Everything behind the last answer.
    pub(super) async fn receipts(&self, tongue: Tongue) -> anyhow::Result<()> {
        let Some(turn) = self.last_turn else { return out::line(tongue.nothing_yet()) };
        let why = talk::why(self.house, turn).await?;
        out::line(&serde_json::to_string_pretty(&why)?)
    }
}

/// Whether the house still tells of changes. Looks again after a while even when nothing is told.
async fn moved(changes: &mut Changes) -> bool {
    match tokio::time::timeout(Duration::from_millis(500), changes.next()).await {
        Ok(notice) => notice.is_some(),
        Err(_) => true,
    }
}

fn at_rest(talk: &Talk) -> bool {
    talk.under_way.iter().all(|delivery| match delivery.journey.delivery {
        DeliveryState::Waiting | DeliveryState::Sending | DeliveryState::Unsure => false,
        DeliveryState::Sent | DeliveryState::Stuck | DeliveryState::Stopped => true,
    })
}

fn print(talk: &Talk, why: &Why, tongue: Tongue) -> anyhow::Result<()> {
    for message in &talk.messages {
        if message.author == Author::Customer && message.turn == Some(why.turn) {
            room(tongue, Label::Arrival, &arrived(message))?;
            if let Some(meaning) = &message.meaning {
                room(tongue, Label::Understanding, &understood(meaning))?;
            }
        }
    }
    room(tongue, Label::Decision, &decided(talk, why, tongue))?;
    if let Some(run) = why.runs.last() {
        room(tongue, Label::Reply, &wrote(run))?;
    }
    if let Some(draft) = talk.draft.as_ref().filter(|draft| draft.turn == why.turn) {
        room(
            tongue,
            Label::Reply,
            &format!("{} · {} {:.2}", tongue.owner_draft(), word(&draft.kind), draft.confidence),
        )?;
        words("📝", &draft.words)?;
    }
    for message in &talk.messages {
        if message.author != Author::Customer && message.turn == Some(why.turn) {
            said(message, tongue)?;
        }
    }
    for delivery in &talk.under_way {
        room(tongue, Label::Delivery, &journey(delivery))?;
    }
    Ok(())
}

fn room(tongue: Tongue, label: Label, text: &str) -> anyhow::Result<()> {
    out::line(&format!("  {} · {text}", tongue.label(label)))
}

/// Our words, indented, line by line.
fn words(mark: &str, words: &Words) -> anyhow::Result<()> {
    for line in words.as_str().lines() {
        out::line(&format!("  {mark} {line}"))?;
    }
    Ok(())
}

fn said(message: &Message, tongue: Tongue) -> anyhow::Result<()> {
    words("💬", &message.text)?;
    match &message.delivery {
        Some(delivery) => room(tongue, Label::Delivery, &journey(delivery)),
        None => Ok(()),
    }
}

fn arrived(message: &Message) -> String {
    let kinds: Vec<&str> = message
        .parts
        .iter()
        .map(|part| match part {
            Part::Text { .. } => "text",
            Part::Sticker { .. } => "sticker",
            Part::Image(_)
            | Part::Video(_)
            | Part::Audio(_)
            | Part::File(_)
            | Part::Location { .. }
            | Part::Contact { .. }
            | Part::Template { .. }
            | Part::Postback { .. }
            | Part::StoryReply { .. }
            | Part::SharedPost { .. }
            | Part::Unsupported { .. } => "other",
        })
        .collect();
    format!("{} · playground", kinds.join(", "))
}

fn understood(meaning: &Understanding) -> String {
    let mut parts = vec![word(&meaning.language)];
    let intents = meaning.intents.iter().take(2);
    parts.extend(intents.map(|guess| format!("{} {:.2}", guess.name.name(), guess.confidence)));
    parts.push(format!("{} {:+.2}", word(&meaning.sentiment.label), meaning.sentiment.score));
    parts.extend(meaning.flags.keys().map(|flag: &Flag| format!("⚑ {}", word(flag))));
    parts.extend(meaning.entities.iter().map(|entity| format!("{} “{}”", word(&entity.kind), entity.value)));
    parts.push(format!("priority {}", priority(meaning, Influence::Ordinary)));
    parts.push(format!("lead {}", lead_potential(meaning, LeadSigns::default())));
    parts.join(" · ")
}

fn decided(talk: &Talk, why: &Why, tongue: Tongue) -> String {
    let because = why.because.as_deref().map(|because| format!(": {because}")).unwrap_or_default();
    match why.state {
        TurnState::Silent => format!("{}{because}", tongue.silent()),
        TurnState::Escalated => format!("{}{because} · {}", tongue.escalate(), tongue.person_note()),
        TurnState::Answered if talk.draft.as_ref().is_some_and(|draft| draft.turn == why.turn) => {
            tongue.asks_owner().to_owned()
        }
        TurnState::Gathering | TurnState::Ready | TurnState::Writing | TurnState::Answered => {
            match why.answer_as {
                Some(AnswerAs::Draft) => tongue.asks_owner().to_owned(),
                Some(AnswerAs::Reply) | None => tongue.by_itself().to_owned(),
            }
        }
    }
}

fn wrote(run: &Receipt) -> String {
    let sources: Vec<String> = run
        .passages
        .iter()
        .take(3)
        .map(|passage| format!("{} {:.2}", passage.source.0, passage.score))
        .collect();
    let checks: Vec<String> = run.checks.iter().map(check).collect();
    let mut parts = vec![format!("{} {}", run.provider, run.model), format!("{} ms", run.millis)];
    if !sources.is_empty() {
        parts.push(sources.join(", "));
    }
    if !checks.is_empty() {
        parts.push(checks.join(" "));
    }
    parts.extend(run.error.clone());
    parts.join(" · ")
}

fn check(check: &Check) -> String {
    format!("{}{}", word(&check.name), if check.passed { "✓" } else { "✗" })
}

fn journey(delivery: &Delivery) -> String {
    let purpose = word(&delivery.purpose);
    let journey = &delivery.journey;
    match &journey.reason {
        Some(reason) => format!("{purpose} {} ({})", journey.delivery.name(), word_of_tag(reason)),
        None => format!("{purpose} {}", journey.delivery.name()),
    }
}

/// The name by which it travels.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => String::new(),
    }
}

fn word_of_tag(value: &impl Serialize) -> String {
    let tagged = serde_json::to_value(value).unwrap_or_default();
    tagged.get("why").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
