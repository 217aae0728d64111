//! Room 3, decision: once the customer has paused, what becomes of the turn.

use std::{sync::Arc, time::Duration};

use domain::{
    Author, Autonomy, Decision, EscalationRule, OpenState, SilentBecause, TalkSoFar, Timestamp,
    Understanding, Wordless, autonomy_for, decide, is_wordless, open_state, says_the_same,
};
use futures::future::join_all;
use jiff::tz::TimeZone;
use platforms::OutPart;
use store::{
    Change, ConversationRow, CustomerRow, DueTurn, NewEscalation, NewReply, Purpose, StoreError, Tx,
};

use crate::{
    HouseError,
    hall::{Hall, Served},
    notes::tongue_for,
    understanding::read,
    worker::Step,
};

/// As many turns are decided in one go.
const BATCH: i64 = 128;

pub(crate) fn wakes(change: &Change) -> bool {
    matches!(change, Change::TurnGathering(_))
}

/// A turn with all that belongs to it.
pub(crate) struct Case {
    pub(crate) due: DueTurn,
    pub(crate) conversation: ConversationRow,
    pub(crate) customer: CustomerRow,
    pub(crate) words: Vec<store::TurnRow>,
    /// Of the whole turn.
    pub(crate) meaning: Understanding,
    pub(crate) served: Served,
}

pub(crate) async fn step(hall: &Arc<Hall>) -> Result<Step, HouseError> {
    let now = hall.clock.now();
    let due = hall.store.read().turns_to_decide(now, BATCH).await?;
    if due.is_empty() {
        let until = hall.store.read().next_turn_due(domain::TurnState::Gathering).await?;
        return Ok(Step::Idle { until });
    }
    let results = join_all(due.into_iter().map(|due| settle(hall, due))).await;
    for result in results {
        match result {
            // New words came in between: the turn gathers again.
            Err(HouseError::Store(StoreError::Overtaken(_))) => {}
            other => other?,
        }
    }
    Ok(Step::Worked)
}

/// Reads the case together; none when the channel is not served now.
pub(crate) async fn case(hall: &Hall, due: DueTurn) -> Result<Option<Case>, HouseError> {
    let reader = hall.store.read();
    let conversation = reader.conversation(due.conversation).await?;
    let Some(served) = hall.served(conversation.channel) else { return Ok(None) };
    let customer = reader.customer(conversation.customer).await?;
    let words = reader.turn_words(due.turn).await?;
    let meaning = whole_meaning(&hall.reader, &words);
    Ok(Some(Case { due, conversation, customer, words, meaning, served }))
}

/// A burst is read as one text; flags of any message in it hold, and the worst mood counts.
fn whole_meaning(reader: &nlu::Reader, words: &[store::TurnRow]) -> Understanding {
    let parts: Vec<&Understanding> = words.iter().filter_map(|word| word.meaning.as_ref()).collect();
    if let ([only], 1) = (parts.as_slice(), words.len()) {
        return (*only).clone();
    }
    let joined: Vec<&str> =
        words.iter().map(|word| word.text.as_str()).filter(|text| !text.trim().is_empty()).collect();
    let mut meaning = read(reader, &joined.join("\n"));
    for part in parts {
        for (flag, confidence) in &part.flags {
            let known = meaning.flags.entry(*flag).or_insert(*confidence);
            *known = known.max(*confidence);
        }
        if part.sentiment.score < meaning.sentiment.score {
            meaning.sentiment = part.sentiment;
        }
    }
    meaning
}

async fn settle(hall: &Arc<Hall>, due: DueTurn) -> Result<(), HouseError> {
    let now = hall.clock.now();
    let (turn, revision) = (due.turn, due.revision);
    let Some(case) = case(hall, due).await? else {
        let because = SilentBecause::NotConnected;
        return Ok(hall
            .store
            .write(async move |tx| tx.end_silent(turn, revision, because, now).await)
            .await?);
    };
    let settings = hall.settings();
    let decision = if case.words.is_empty() {
        // All of it was taken back.
        Decision::Silent { because: SilentBecause::NoAnswerNeeded }
    } else {
        decide(&facts(hall, &case, now).await?, &settings)
    };
    match decision {
        Decision::Silent { because } => {
            hall.store.write(async move |tx| tx.end_silent(turn, revision, because, now).await).await?;
        }
        Decision::Escalate { rule } => {
            let call = PersonCall::new(hall, &case, rule, None);
            hall.store.write(async move |tx| call.settle(tx, now).await).await?;
        }
        Decision::Answer { as_, away } => {
            let not_before = now + Duration::from_millis(settings.response_delay_ms);
            let away = away.and_then(|period| away_reply(hall, &case, period, now));
            let conversation = case.conversation.id;
            hall.store
                .write(async move |tx| {
                    tx.turn_ready(turn, revision, as_, not_before).await?;
                    if let Some((period, reply)) = away {
                        tx.promise(&reply, now).await?;
                        tx.told_away(conversation, period).await?;
                    }
                    Ok(())
                })
                .await?;
        }
    }
    Ok(())
}

async fn facts<'a>(hall: &Hall, case: &'a Case, now: Timestamp) -> Result<domain::TurnFacts<'a>, HouseError> {
    let reader = hall.store.read();
    let conversation = &case.conversation;
    let settings = hall.settings();
    let intents = reader.last_intents(conversation.id, 10).await?;
    let complaints = intents.iter().filter(|intent| **intent == domain::Intent::Complaint).count();
    let said: String = case.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join("\n");
    let wanted = i64::from(settings.escalation.same_thing_turns.saturating_sub(1));
    let before = reader.words_of_earlier_turns(conversation.id, case.due.turn, wanted).await?;
    let same = before.iter().take_while(|words| says_the_same(words, &said)).count();
    let library = hall.library();
    let shop = &library.knowledge().facts;
    let zone = zone_of(shop);
    let last = case.words.last();
    Ok(domain::TurnFacts {
        now,
        kind: conversation.kind,
        said_at: last.map_or(now, |word| word.said_at),
        meaning: &case.meaning,
        wordless: if case.words.iter().all(|word| is_wordless(&word.parts)) {
            Wordless::Yes
        } else {
            Wordless::No
        },
        keeper: conversation.keeper,
        addressed: case.words.iter().any(|word| word.addressed),
        other_app: conversation.other_app,
        from_history: case.words.iter().all(|word| word.from_history),
        talk: TalkSoFar {
            complaints_in_last_ten: u32::try_from(complaints).unwrap_or(u32::MAX),
            same_thing_turns: u32::try_from(same).unwrap_or(u32::MAX).saturating_add(1),
            answers_in_episode: conversation.answers_in_episode,
            handed_back: conversation.handed_back,
        },
        customer_autonomy: case.customer.autonomy,
        channel_autonomy: case.served.channel.autonomy,
        open: open_state(now, &zone, &shop.hours, &shop.holidays),
        auto_hours: open_state(now, &zone, &settings.auto_hours, &[]),
        replies_last_hour: reader
            .replies_since(conversation.channel, now - Duration::from_secs(3_600))
            .await?,
        away_told: conversation.away_period,
    })
}

pub(crate) fn zone_of(shop: &domain::ShopFacts) -> TimeZone {
    TimeZone::get(&shop.timezone).unwrap_or(TimeZone::UTC)
}

fn away_reply(hall: &Hall, case: &Case, period: Timestamp, now: Timestamp) -> Option<(Timestamp, NewReply)> {
    let settings = hall.settings();
    let words = settings.away_text.in_tongue(tongue_for(case.meaning.language))?.to_owned();
    Some((period, case.reply(words, Purpose::Away, now + settings.hold())?))
}

impl Case {
    /// Words of the assistant for this turn, packed for its platform.
    pub(crate) fn reply(&self, words: String, purpose: Purpose, due_at: Timestamp) -> Option<NewReply> {
        let calls = pack(&self.served, &words)?;
        Some(NewReply {
            workspace: self.conversation.workspace,
            channel: self.conversation.channel,
            conversation: self.conversation.id,
            turn: Some(self.due.turn),
            draft: None,
            run: None,
            author: Author::Assistant,
            purpose,
            words,
            calls,
            due_at,
        })
    }

    /// How much the assistant may do in this conversation.
    pub(crate) fn autonomy(&self, settings: &domain::Settings) -> Autonomy {
        autonomy_for(
            self.customer.autonomy,
            settings.autonomy_by_intent.get(&self.meaning.intent()).copied(),
            self.served.channel.autonomy,
            settings.autonomy,
        )
    }
}

/// The calls that carry these words; none when there is nothing to say.
pub(crate) fn pack(served: &Served, words: &str) -> Option<Vec<String>> {
    let calls: Vec<String> = served
        .adapter
        .pack(&[OutPart::Text(words.into())])
        .iter()
        .filter_map(|parts| serde_json::to_string(parts).ok())
        .collect();
    (!calls.is_empty()).then_some(calls)
}

/// Everything that calling a person settles in one transaction.
pub(crate) struct PersonCall {
    escalation: NewEscalation,
    revision: i64,
    /// Tells the customer, where the assistant may speak by itself; once, for it is promised only with a new
    /// escalation.
    note: Option<NewReply>,
}

impl PersonCall {
    /// `words`: what the assistant found to say about it; else the house's own note.
    pub(crate) fn new(hall: &Hall, case: &Case, rule: EscalationRule, words: Option<String>) -> Self {
        let settings = hall.settings();
        let now = hall.clock.now();
        let library = hall.library();
        let shop = &library.knowledge().facts;
        // In an episode that was handed back the house does not announce a person again.
        let announced = case.conversation.handed_back && words.is_none();
        let may_speak = case.autonomy(&settings) == Autonomy::Auto && !came_late(case, &settings, now);
        let note = (may_speak && !announced).then(|| {
            words.unwrap_or_else(|| {
                let personality = hall.personality(case.served.channel.personality);
                let open: OpenState = open_state(now, &zone_of(shop), &shop.hours, &shop.holidays);
                hall.notes.hand_over(tongue_for(case.meaning.language), personality.as_ref(), open, shop)
            })
        });
        Self {
            escalation: NewEscalation {
                workspace: case.conversation.workspace,
                conversation: case.conversation.id,
                turn: Some(case.due.turn),
                rule,
                priority: case.due.priority,
            },
            revision: case.due.revision,
            note: note.and_then(|words| case.reply(words, Purpose::HandOver, now + settings.hold())),
        }
    }

    pub(crate) async fn settle(self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        let Self { escalation, revision, note } = self;
        if let Some(turn) = escalation.turn {
            tx.end_escalated(turn, revision, escalation.rule, now).await?;
        }
        let called = tx.escalate(&escalation, now).await?;
        if let (Some(_), Some(note)) = (called, note) {
            tx.promise(&note, now).await?;
        }
        Ok(())
    }
}

/// Words that waited while the laptop slept are not answered by themselves, with a note neither.
fn came_late(case: &Case, settings: &domain::Settings, now: Timestamp) -> bool {
    case.words.last().is_some_and(|word| now.since(word.said_at) > settings.stale_after())
}
