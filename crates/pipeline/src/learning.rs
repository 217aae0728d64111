//! Room 6, learning, and all that a person does: verdicts on drafts, taking over, giving back, writing,
//! stopping. Every act is one transaction, and what it teaches is kept with it.

use std::{sync::Arc, time::Duration};

use domain::{
    Author, ConversationId, DraftId, Intent, Keeper, Lesson, MessageId, ReplyId, SentimentLevel,
    SilentBecause, StuckReason, Verdict, fold,
};
use store::{NewReply, Purpose, Reader};

use crate::{HouseError, decision::pack, hall::Hall};

/// Approves a draft, with the owner's words instead of the proposed ones where given.
pub(crate) async fn approve(
    hall: &Arc<Hall>,
    draft: DraftId,
    words: Option<String>,
) -> Result<ReplyId, HouseError> {
    let row = hall.store.read().draft(draft).await?;
    let conversation = hall.store.read().conversation(row.conversation).await?;
    let served = hall.served(conversation.channel).ok_or(HouseError::NotFound("connected channel"))?;
    let proposed = row.words.as_str().to_owned();
    let edited = words.filter(|words| words.trim() != proposed.trim());
    let said = edited.clone().unwrap_or(proposed.clone());
    let calls =
        pack(&served, &said).ok_or_else(|| HouseError::Refused("there are no words to send".to_owned()))?;
    let now = hall.clock.now();
    let result = hall
        .store
        .write(async move |tx| {
            let row = tx.waiting_draft(draft).await?;
            let confidence = row.confidence;
            let (verdict, lesson, author) = match edited {
                None => (Verdict::Approved, Lesson::Approved { confidence }, Author::Assistant),
                Some(after) => {
                    let lesson = Lesson::Edited { before: proposed.into(), after: after.into(), confidence };
                    (Verdict::Edited, lesson, Author::Person)
                }
            };
            tx.rule(&row, &verdict, &lesson, now).await?;
            tx.question_answered(row.conversation, now).await?;
            let reply = NewReply {
                workspace: row.workspace,
                channel: conversation.channel,
                conversation: row.conversation,
                turn: Some(row.turn),
                draft: Some(draft),
                run: row.run,
                author,
                purpose: Purpose::Answer,
                words: said,
                calls,
                due_at: now,
            };
            tx.mark_read(row.conversation).await?;
            tx.promise(&reply, now).await
        })
        .await;
    Ok(result?)
}

pub(crate) async fn refuse(hall: &Arc<Hall>, draft: DraftId, why: Option<String>) -> Result<(), HouseError> {
    let now = hall.clock.now();
    Ok(hall
        .store
        .write(async move |tx| {
            let row = tx.waiting_draft(draft).await?;
            let lesson = Lesson::Refused { why: why.clone(), confidence: row.confidence };
            tx.rule(&row, &Verdict::Refused { why }, &lesson, now).await
        })
        .await?)
}

/// The owner has the conversation from now on (until a time, where one is given); the assistant is silent.
pub(crate) async fn take_over(
    hall: &Arc<Hall>,
    conversation: ConversationId,
    span: Option<Duration>,
) -> Result<(), HouseError> {
    let now = hall.clock.now();
    let keeper = Keeper::Person { until: span.map(|span| now + span) };
    Ok(hall
        .store
        .write(async move |tx| {
            tx.set_keeper(conversation, keeper).await?;
            tx.stop_assistant(conversation, &StuckReason::PersonTookOver).await?;
            tx.withdraw_draft(conversation, now).await?;
            tx.end_open_turn(conversation, SilentBecause::PersonKeepsIt, now).await?;
            tx.take_escalation(conversation, now).await
        })
        .await?)
}

/// The assistant has it again. An escalation given back untouched teaches that it was not needed.
pub(crate) async fn give_back(hall: &Arc<Hall>, conversation: ConversationId) -> Result<(), HouseError> {
    let now = hall.clock.now();
    Ok(hall
        .store
        .write(async move |tx| {
            let row = tx.conversation(conversation).await?;
            let untouched = row.keeper == Keeper::Waiting;
            let ended = tx.end_escalation(conversation, "handed_back", now).await?;
            if let (Some(rule), true) = (ended, untouched) {
                let lesson = Lesson::EscalationTakenBack { rule };
                tx.learn(row.workspace, Some(conversation), None, None, &lesson, now).await?;
            }
            tx.hand_back(conversation).await
        })
        .await?)
}

/// Words of the owner. They take the conversation over and leave without a hold.
pub(crate) async fn write(
    hall: &Arc<Hall>,
    conversation: ConversationId,
    words: String,
) -> Result<ReplyId, HouseError> {
    let row = hall.store.read().conversation(conversation).await?;
    let served = hall.served(row.channel).ok_or(HouseError::NotFound("connected channel"))?;
    let calls =
        pack(&served, &words).ok_or_else(|| HouseError::Refused("there are no words to send".to_owned()))?;
    let question = last_question(&hall.store.read(), conversation, hall).await?;
    let now = hall.clock.now();
    Ok(hall
        .store
        .write(async move |tx| {
            tx.set_keeper(conversation, Keeper::Person { until: None }).await?;
            tx.stop_assistant(conversation, &StuckReason::PersonTookOver).await?;
            tx.withdraw_draft(conversation, now).await?;
            tx.end_open_turn(conversation, SilentBecause::PersonKeepsIt, now).await?;
            tx.question_answered(conversation, now).await?;
            tx.take_escalation(conversation, now).await?;
            if let Some(question) = question {
                let lesson =
                    Lesson::AnsweredByPerson { question: question.into(), answer: words.clone().into() };
                tx.learn(row.workspace, Some(conversation), None, None, &lesson, now).await?;
            }
            let reply = NewReply {
                workspace: row.workspace,
                channel: row.channel,
                conversation,
                turn: None,
                draft: None,
                run: None,
                author: Author::Person,
                purpose: Purpose::Answer,
                words,
                calls,
                due_at: now,
            };
            tx.mark_read(conversation).await?;
            tx.promise(&reply, now).await
        })
        .await?)
}

/// The customer's words since we last spoke, if any.
async fn last_question(
    reader: &Reader,
    conversation: ConversationId,
    hall: &Hall,
) -> Result<Option<String>, HouseError> {
    let after_now = hall.clock.now() + Duration::from_secs(1);
    let talk = reader.talk(conversation, after_now, 10).await?;
    let asked: Vec<String> = talk
        .into_iter()
        .rev()
        .take_while(|spoken| spoken.author == Author::Customer)
        .map(|spoken| spoken.text)
        .filter(|text| !fold(text).is_empty())
        .collect();
    Ok((!asked.is_empty()).then(|| asked.into_iter().rev().collect::<Vec<_>>().join("\n")))
}

/// The matter is settled: the next word begins a new episode.
pub(crate) async fn resolve(hall: &Arc<Hall>, conversation: ConversationId) -> Result<(), HouseError> {
    let now = hall.clock.now();
    Ok(hall
        .store
        .write(async move |tx| {
            tx.end_escalation(conversation, "resolved", now).await?;
            tx.withdraw_draft(conversation, now).await?;
            tx.end_open_turn(conversation, SilentBecause::PersonKeepsIt, now).await?;
            tx.set_keeper(conversation, Keeper::Assistant).await?;
            tx.mark_read(conversation).await?;
            tx.set_conversation_state(conversation, "resolved", None).await
        })
        .await?)
}

/// Stops a reply in its hold (or one that is stuck).
pub(crate) async fn stop(hall: &Arc<Hall>, reply: ReplyId) -> Result<(), HouseError> {
    Ok(hall.store.write(async move |tx| tx.stop_reply(reply, &StuckReason::StoppedByOwner).await).await?)
}

pub(crate) async fn retry(hall: &Arc<Hall>, reply: ReplyId) -> Result<(), HouseError> {
    let now = hall.clock.now();
    Ok(hall.store.write(async move |tx| tx.retry_reply(reply, now).await).await?)
}

/// The owner says what a message really means.
pub(crate) async fn correct(
    hall: &Arc<Hall>,
    message: MessageId,
    intent: Option<Intent>,
    sentiment: Option<SentimentLevel>,
) -> Result<(), HouseError> {
    let now = hall.clock.now();
    let workspace = hall.workspace;
    Ok(hall
        .store
        .write(async move |tx| {
            let (from_intent, from_sentiment) = tx.understanding_of(message).await?;
            if let Some(to) = intent {
                tx.correct_intent(message, to).await?;
                let lesson = Lesson::IntentCorrected { from: from_intent, to };
                tx.learn(workspace, None, Some(message), None, &lesson, now).await?;
            }
            if let Some(to) = sentiment {
                tx.correct_sentiment(message, to).await?;
                let lesson = Lesson::SentimentCorrected { from: from_sentiment, to };
                tx.learn(workspace, None, Some(message), None, &lesson, now).await?;
            }
            Ok(())
        })
        .await?)
}
