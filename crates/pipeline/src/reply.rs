//! Room 4, reply: the assistant writes, its words are checked, and they become a reply, a draft or a call for
//! a person.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use assistant::{Answered, Ask, CustomerProfile, ModelAllowance, ModelError, ModelFailure, Said};
use domain::{
    AnswerAs, Candidate, EscalationRule, Lesson, Outcome, Personality, PersonalityId, Run, RunId,
    SilentBecause, Timestamp, TurnId, Words, backoff, outcome,
};
use futures::future::join_all;
use platforms::{WindowState, window};
use store::{Change, DueTurn, NewDraft, NewEscalation, NewReply, Purpose, StoreError, Tx};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    HouseError,
    arrival::as_words,
    decision::{Case, PersonCall, case},
    hall::Hall,
};

/// The first wait after a failed attempt; doubled each time.
const FIRST_BACKOFF: Duration = Duration::from_secs(2);

/// Less than this is no time for a model to answer in.
const TOO_SHORT: Duration = Duration::from_millis(500);

/// What this room is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// A turn waits to be answered.
    Ready,
    /// A turn that may be in work changed or ended.
    Overtaken,
}

async fn heard(notices: &mut Receiver<Arc<[Change]>>) -> Heard {
    loop {
        match notices.recv().await {
            Ok(changes) if changes.iter().any(|change| matches!(change, Change::TurnOvertaken(_))) => {
                return Heard::Overtaken;
            }
            Ok(changes) if changes.iter().any(|change| matches!(change, Change::TurnReady(_))) => {
                return Heard::Ready;
            }
            Ok(_) => {}
            // What was missed may have been either.
            Err(RecvError::Lagged(_)) => return Heard::Overtaken,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Starts at most so many per minute, by the clock of the house.
pub(crate) struct PerMinute {
    started: Mutex<VecDeque<Timestamp>>,
}

impl PerMinute {
    pub(crate) fn new() -> Self {
        Self { started: Mutex::default() }
    }

    /// None = start now (and it is counted); else when the next may start.
    fn start(&self, most: u32, now: Timestamp) -> Option<Timestamp> {
        let minute = Duration::from_secs(60);
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        while started.front().is_some_and(|first| now.since(*first) >= minute) {
            started.pop_front();
        }
        if started.len() >= most as usize {
            return started.front().map(|first| *first + minute);
        }
        started.push_back(now);
        None
    }
}

/// Runs until the house stops; several turns are written for at once.
pub(crate) async fn run(hall: Arc<Hall>) {
    let mut notices = hall.store.changes();
    let mut writing: JoinSet<TurnId> = JoinSet::new();
    let turns = PerMinute::new();
    let model = Arc::new(ModelPace { calls: PerMinute::new(), at_once: tokio::sync::Semaphore::new(0) });
    model.at_once.add_permits(hall.settings().pace.model_at_once.max(1) as usize);
    loop {
        let until = match start_some(&hall, &mut writing, &turns, &model).await {
            Ok(until) => until,
            Err(error) => {
                tracing::error!(worker = "reply", %error, "turns could not be read; trying again");
                hall.trouble("reply", &error);
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
            heard = heard(&mut notices) => if heard == Heard::Overtaken {
                stop_overtaken(&hall).await;
            },
            Some(ended) = writing.join_next(), if !writing.is_empty() => {
                if let Ok(turn) = ended {
                    hall.writing.lock().unwrap_or_else(PoisonError::into_inner).remove(&turn);
                }
            }
            () = sleep => {}
        }
    }
    for token in hall.writing.lock().unwrap_or_else(PoisonError::into_inner).values() {
        token.cancel();
    }
    writing.shutdown().await;
}

/// Whoever writes for a turn that is no longer being written stops.
async fn stop_overtaken(hall: &Hall) {
    let in_work: Vec<(TurnId, CancellationToken)> = hall
        .writing
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .map(|(turn, token)| (*turn, token.clone()))
        .collect();
    for (turn, token) in in_work {
        if let Ok(false) = hall.store.read().still_writing(turn).await {
            token.cancel();
        }
    }
}

async fn start_some(
    hall: &Arc<Hall>,
    writing: &mut JoinSet<TurnId>,
    turns: &PerMinute,
    model: &Arc<ModelPace>,
) -> Result<Option<Timestamp>, HouseError> {
    let pace = hall.settings().pace;
    let now = hall.clock.now();
    let room = (pace.turns_at_once.max(1) as usize).saturating_sub(writing.len());
    if room == 0 {
        return Ok(None);
    }
    let ready = hall.store.read().turns_to_answer(now, i64::try_from(room).unwrap_or(1)).await?;
    if ready.is_empty() {
        return Ok(hall.store.read().next_turn_due(domain::TurnState::Ready).await?);
    }
    let mut until = now;
    let mut claims = Vec::with_capacity(ready.len());
    for due in ready {
        if let Some(later) = turns.start(pace.turns_per_minute, now) {
            until = later;
            break;
        }
        claims.push(claim(hall, due));
    }
    // One after another they would wait for a commit each; together they share one.
    let mut failed = None;
    for claimed in join_all(claims).await {
        match claimed {
            Ok(Some(due)) => write_beside(hall, writing, due, model),
            Ok(None) => {}
            // Those that are claimed are written for all the same.
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        None => Ok(Some(until)),
        Some(error) => Err(error),
    }
}

/// None when new words came in between.
async fn claim(hall: &Hall, due: DueTurn) -> Result<Option<DueTurn>, HouseError> {
    let (turn, revision) = (due.turn, due.revision);
    match hall.store.write(async move |tx| tx.claim_turn(turn, revision).await).await {
        Ok(()) => Ok(Some(DueTurn { attempts: due.attempts + 1, ..due })),
        Err(StoreError::Overtaken(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn write_beside(hall: &Arc<Hall>, writing: &mut JoinSet<TurnId>, due: DueTurn, model: &Arc<ModelPace>) {
    let turn = due.turn;
    let cancel = CancellationToken::new();
    hall.writing.lock().unwrap_or_else(PoisonError::into_inner).insert(turn, cancel.clone());
    let (hall, model) = (hall.clone(), model.clone());
    writing.spawn(async move {
        write_for(&hall, due, &cancel, &model).await;
        turn
    });
}

pub(crate) struct ModelPace {
    calls: PerMinute,
    at_once: tokio::sync::Semaphore,
}

async fn write_for(hall: &Arc<Hall>, due: DueTurn, cancel: &CancellationToken, pace: &ModelPace) {
    let (turn, revision, attempts) = (due.turn, due.revision, due.attempts);
    let result = match case(hall, due).await {
        Ok(Some(case)) => write_and_settle(hall, &case, cancel, pace).await,
        Ok(None) => {
            let now = hall.clock.now();
            let because = SilentBecause::NotConnected;
            hall.store
                .write(async move |tx| tx.end_silent(turn, revision, because, now).await)
                .await
                .map_err(HouseError::from)
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(()) | Err(HouseError::Store(StoreError::Overtaken(_) | StoreError::Closed)) => {}
        Err(error) => {
            tracing::error!(%turn, %error, attempts, "a turn could not be answered");
            let due = hall.clock.now() + backoff(FIRST_BACKOFF, attempts, 0);
            let why = error.to_string();
            let again =
                hall.store.write(async move |tx| tx.turn_again(turn, revision, due, &why).await).await;
            if let Err(error) = again {
                tracing::error!(%turn, %error, "the turn waits for the next launch");
            }
        }
    }
}

async fn write_and_settle(
    hall: &Arc<Hall>,
    case: &Case,
    cancel: &CancellationToken,
    pace: &ModelPace,
) -> Result<(), HouseError> {
    let thread = case.conversation.thread.clone();
    let adapter = case.served.adapter.clone();
    if adapter.abilities().typing && case.due.answer_as == Some(AnswerAs::Reply) {
        // Best effort, beside the writing.
        tokio::spawn(async move {
            if let Err(error) = adapter.typing(&thread).await {
                tracing::debug!(%error, "no typing indication");
            }
        });
    }
    let (answered, runs) = answer(hall, case, cancel, pace).await?;
    settle(hall, case, answered, runs).await
}

/// The model within its five seconds, tried again while there is time; then the built-in assistant.
async fn answer(
    hall: &Arc<Hall>,
    case: &Case,
    cancel: &CancellationToken,
    pace: &ModelPace,
) -> Result<(Answered, Vec<Run>), HouseError> {
    let settings = hall.settings();
    let turn: Vec<String> = case.words.iter().map(|word| as_words(&word.parts)).collect();
    let first_said = case.words.first().map_or(case.due.due_at, |word| word.said_at);
    let talk: Vec<Said> = hall
        .store
        .read()
        .talk(case.conversation.id, first_said, 10)
        .await?
        .into_iter()
        .filter(|spoken| !spoken.unsent)
        .map(|spoken| Said { author: spoken.author, words: as_words(&spoken.parts).into() })
        .collect();
    let library = hall.library();
    let personality = hall
        .personality(case.served.channel.personality)
        .unwrap_or_else(|| Personality::plain(PersonalityId::from_uuid(uuid::Uuid::nil())));
    let customer = CustomerProfile {
        name: case.customer.name.clone().map(Words::into_string),
        language: Some(case.meaning.language),
        earlier_conversations: hall.store.read().earlier_conversations(case.customer.id).await?,
        #[expect(clippy::cast_possible_truncation, reason = "a mark from 1 to 5")]
        satisfaction: case.customer.satisfaction.map(|mark| mark as f32),
    };
    let (assistant, with_model) = hall.assistant();
    let clock = hall.clock.clone();
    let started = clock.now();
    let tell_time = move || clock.now();
    let mut runs = Vec::new();
    for attempt in 1.. {
        let deadline = Duration::from_millis(settings.pace.model_deadline_ms);
        let left = deadline.saturating_sub(hall.clock.now().since(started));
        let permit = match with_model && left > TOO_SHORT && attempt <= settings.pace.model_attempts {
            true => model_permit(hall, pace, left).await,
            false => None,
        };
        let allowance = match &permit {
            Some(_) => ModelAllowance::Budget { deadline: left, micro_usd: left_to_spend(hall).await? },
            None => ModelAllowance::None,
        };
        let ask = Ask {
            turn: &turn,
            talk: &talk,
            meaning: &case.meaning,
            library: &library,
            personality: &personality,
            customer: &customer,
            now: hall.clock.now(),
            limit: case.served.adapter.abilities().text_limit,
            platform: case.served.channel.platform,
            clock: &tell_time,
        };
        let answered = assistant.answer(&ask, allowance, cancel).await;
        drop(permit);
        runs.extend(answered.runs.iter().cloned());
        let wait = backoff(FIRST_BACKOFF, attempt, 0);
        let left = deadline.saturating_sub(hall.clock.now().since(started));
        if cancel.is_cancelled() || !passing(answered.model_failed.as_ref()) || left < wait + TOO_SHORT {
            return Ok((answered, runs));
        }
        tokio::select! {
            () = cancel.cancelled() => return Ok((answered, runs)),
            () = hall.clock.sleep(wait) => {}
        }
    }
    Err(HouseError::Refused("nobody answered".to_owned()))
}

/// Would the same question to the model fare better a little later?
fn passing(failed: Option<&ModelFailure>) -> bool {
    matches!(failed, Some(ModelFailure::Model(ModelError::Unreachable | ModelError::RetryAfter(_))))
}

/// A place among the model's calls: at most three at once and fifty a minute, by default.
async fn model_permit<'p>(
    hall: &Hall,
    pace: &'p ModelPace,
    patience: Duration,
) -> Option<tokio::sync::SemaphorePermit<'p>> {
    let permit = tokio::time::timeout(patience, pace.at_once.acquire()).await.ok()?.ok()?;
    match pace.calls.start(hall.settings().pace.model_per_minute, hall.clock.now()) {
        None => Some(permit),
        Some(_) => None,
    }
}

/// What is left of this month's budget; none = no limit.
async fn left_to_spend(hall: &Hall) -> Result<Option<u64>, HouseError> {
    let Some(budget) = hall.settings().monthly_budget_micro_usd else { return Ok(None) };
    let zone = crate::decision::zone_of(&hall.library().knowledge().facts);
    let today = hall.clock.now().zoned(&zone);
    let first =
        today.date().first_of_month().to_zoned(zone).map_or(0, |day| day.timestamp().as_millisecond());
    let spent = hall.store.read().spent_since(hall.workspace, Timestamp::from_millis(first)).await?;
    Ok(Some(budget.saturating_sub(spent)))
}

async fn settle(hall: &Arc<Hall>, case: &Case, answered: Answered, runs: Vec<Run>) -> Result<(), HouseError> {
    let settings = hall.settings();
    let now = hall.clock.now();
    let (turn, revision) = (case.due.turn, case.due.revision);
    let as_ = case.due.answer_as.unwrap_or(AnswerAs::Draft);
    let overtaken = matches!(answered.model_failed, Some(ModelFailure::Cancelled));
    let failed = answered.model_failed.is_some();
    let candidate = answered.candidate;
    let receipts = Receipts {
        workspace: case.conversation.workspace,
        channel: case.conversation.channel,
        conversation: case.conversation.id,
        turn,
        runs,
    };
    if overtaken {
        return Ok(hall.store.write(async move |tx| receipts.keep(tx, now).await.map(drop)).await?);
    }
    let spare = receipts.clone();
    let found = outcome(&candidate, as_, failed, &settings);
    let result = match once_an_episode(found, case.conversation.handed_back, &candidate.words) {
        Outcome::Silent => {
            let because = SilentBecause::NothingToSay;
            hall.store
                .write(async move |tx| {
                    receipts.keep(tx, now).await?;
                    tx.end_silent(turn, revision, because, now).await
                })
                .await
        }
        Outcome::Send => {
            let Some(reply) =
                case.reply(candidate.words.into_string(), Purpose::Answer, now + settings.hold())
            else {
                return Err(HouseError::Refused("the answer is empty".to_owned()));
            };
            let settled = Settled::Reply(reply);
            hall.store.write(async move |tx| settled.settle(tx, &receipts, revision, now).await).await
        }
        Outcome::Draft => {
            let settled = Settled::Draft(draft(case, candidate, now));
            hall.store.write(async move |tx| settled.settle(tx, &receipts, revision, now).await).await
        }
        Outcome::AskOwner => {
            let lesson = Lesson::Unanswered { question: question(case) };
            let call = NewEscalation {
                workspace: case.conversation.workspace,
                conversation: case.conversation.id,
                turn: Some(turn),
                rule: EscalationRule::NotKnown,
                priority: case.due.priority,
            };
            let honest = (as_ == AnswerAs::Reply && candidate.passes())
                .then(|| {
                    case.reply(candidate.words.as_str().to_owned(), Purpose::Answer, now + settings.hold())
                })
                .flatten();
            let settled = honest.map_or_else(|| Settled::Draft(draft(case, candidate, now)), Settled::Reply);
            hall.store
                .write(async move |tx| {
                    settled.settle(tx, &receipts, revision, now).await?;
                    tx.learn(call.workspace, Some(call.conversation), None, None, &lesson, now).await?;
                    tx.escalate(&call, now).await.map(drop)
                })
                .await
        }
        Outcome::Escalate(rule) => {
            let words = (!candidate.words.is_blank() && rule != EscalationRule::LowConfidence)
                .then(|| candidate.words.into_string());
            let call = PersonCall::new(hall, case, rule, words);
            let unanswered = (rule == EscalationRule::ModelFailed)
                .then(|| Lesson::Unanswered { question: question(case) });
            let (workspace, conversation) = (case.conversation.workspace, case.conversation.id);
            hall.store
                .write(async move |tx| {
                    receipts.keep(tx, now).await?;
                    if let Some(lesson) = unanswered {
                        tx.learn(workspace, Some(conversation), None, None, &lesson, now).await?;
                    }
                    call.settle(tx, now).await
                })
                .await
        }
    };
    // The words are dropped, what they cost is not forgotten.
    if let Err(StoreError::Overtaken(_)) = result {
        return Ok(hall.store.write(async move |tx| spare.keep(tx, now).await.map(drop)).await?);
    }
    Ok(result?)
}

/// In an episode that was handed back the owner has seen the trouble: what the assistant would say is put before
/// her, and she is called again only for danger or when the customer asks for a person.
fn once_an_episode(found: Outcome, handed_back: bool, words: &Words) -> Outcome {
    match found {
        Outcome::Escalate(rule)
            if handed_back
                && !words.is_blank()
                && !rule.is_urgent()
                && rule != EscalationRule::WantsPerson =>
        {
            Outcome::Draft
        }
        Outcome::Escalate(_) | Outcome::AskOwner | Outcome::Send | Outcome::Draft | Outcome::Silent => found,
    }
}

/// What the turn ends with.
enum Settled {
    Reply(NewReply),
    Draft(NewDraft),
}

impl Settled {
    async fn settle(
        self,
        tx: &mut Tx,
        receipts: &Receipts,
        revision: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let run = receipts.keep(tx, now).await?;
        tx.end_answered(receipts.turn, revision, now).await?;
        match self {
            Self::Reply(reply) => tx.promise(&NewReply { run, ..reply }, now).await.map(drop),
            Self::Draft(draft) => tx.add_draft(&NewDraft { run, ..draft }, now).await.map(drop),
        }
    }
}

fn draft(case: &Case, candidate: Candidate, now: Timestamp) -> NewDraft {
    NewDraft {
        workspace: case.conversation.workspace,
        conversation: case.conversation.id,
        turn: case.due.turn,
        run: None,
        kind: candidate.kind,
        words: candidate.words,
        confidence: candidate.confidence,
        window_until: window_until(case, now),
    }
}

fn question(case: &Case) -> Words {
    let texts: Vec<&str> = case.words.iter().map(|word| word.text.as_str()).collect();
    Words::new(texts.join("\n"))
}

/// When the platform stops letting the assistant write here.
fn window_until(case: &Case, now: Timestamp) -> Option<Timestamp> {
    let rule = case.served.adapter.abilities().window;
    match window(rule, case.conversation.last_inbound_at, now, false) {
        WindowState::Open { until } | WindowState::HumanAgentOnly { until } => Some(until),
        WindowState::Unlimited | WindowState::Closed => None,
    }
}

#[derive(Clone)]
struct Receipts {
    workspace: domain::WorkspaceId,
    channel: domain::ChannelId,
    conversation: domain::ConversationId,
    turn: TurnId,
    runs: Vec<Run>,
}

impl Receipts {
    /// All of them; the last one wrote the words.
    async fn keep(&self, tx: &mut Tx, now: Timestamp) -> Result<Option<RunId>, StoreError> {
        let mut last = None;
        for run in &self.runs {
            let id = tx.add_run(self.workspace, self.channel, self.conversation, self.turn, run, now).await?;
            last = Some(id);
        }
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixty_first_second_makes_room_again() {
        let pace = PerMinute::new();
        let start = Timestamp::from_seconds(1_000);
        assert_eq!(pace.start(2, start), None);
        assert_eq!(pace.start(2, start + Duration::from_secs(10)), None);
        assert_eq!(pace.start(2, start + Duration::from_secs(20)), Some(start + Duration::from_secs(60)));
        assert_eq!(pace.start(2, start + Duration::from_secs(60)), None);
    }
}
