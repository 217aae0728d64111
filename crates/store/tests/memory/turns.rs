//! Turns: bursts gather, new words overtake, one is open at a time.

use std::collections::BTreeSet;

use domain::{AnswerAs, Author, Intent, SentimentLevel, SilentBecause, StuckReason, TurnState};
use pretty_assertions::assert_eq;
use store::{Change, DeliveryRow, StoreError};

use crate::house::{House, at, meaning, open, sent};

async fn words(house: &House, turn: domain::TurnId) -> Vec<String> {
    house.store.read().turn_words(turn).await.unwrap().into_iter().map(|row| row.text).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn three_quick_messages_are_one_turn_that_is_due_after_the_pause() {
    let house = House::new().await;
    let (_, turn) = house.asks("Mali", "m1", "สวัสดีค่ะ", at(0)).await;
    let (_, second) = house.asks("Mali", "m2", "เสื้อสีฟ้า", at(3)).await;
    let (_, third) = house.asks("Mali", "m3", "มีไซซ์ M ไหม", at(5)).await;
    assert_eq!((second, third), (turn, turn));
    let due = house.due(turn).await.unwrap();
    assert_eq!((due.revision, due.due_at), (3, at(11)));
    assert_eq!(words(&house, turn).await, ["สวัสดีค่ะ", "เสื้อสีฟ้า", "มีไซซ์ M ไหม"]);
    let read = house.store.read();
    assert!(read.turns_to_decide(at(10), 9).await.unwrap().is_empty(), "she may still be typing");
    assert_eq!(read.turns_to_decide(at(11), 9).await.unwrap().len(), 1);
    assert_eq!(read.next_turn_due(TurnState::Gathering).await.unwrap(), Some(at(11)));
    assert_eq!(read.next_turn_due(TurnState::Ready).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn somchai_s_anger_does_not_wait_for_a_pause() {
    let house = House::new().await;
    let (talk, message) = house.hears("Somchai", "s1", "ของพังหมดเลย!", at(0)).await;
    let message = message.unwrap();
    house.understands(talk, message, at(0), meaning(Intent::Complaint, SentimentLevel::VeryNegative)).await;
    let turn = house.gathers(talk, message, 100, at(0)).await;
    assert_eq!(house.due(turn).await.unwrap().due_at, at(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answer_for_older_words_is_overtaken_whatever_it_tries() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let old = house.starts_writing(turn, at(6)).await;
    let mut notices = house.store.changes();
    house.asks("Mali", "m2", "หรือสีเขียวก็ได้", at(7)).await;
    let mut told = Vec::new();
    while let Ok(changes) = notices.try_recv() {
        told.extend(changes.iter().copied());
    }
    assert!(told.contains(&Change::TurnOvertaken(turn)), "whoever writes is told to stop: {told:?}");

    let overtaken = Err(StoreError::Overtaken("turn"));
    let store = &house.store;
    let because = SilentBecause::NothingToSay;
    assert_eq!(store.write(async move |tx| tx.end_answered(turn, old, at(8)).await).await, overtaken);
    assert_eq!(store.write(async move |tx| tx.end_silent(turn, old, because, at(8)).await).await, overtaken);
    assert_eq!(store.write(async move |tx| tx.claim_turn(turn, old).await).await, overtaken);
    let ready = store.write(async move |tx| tx.turn_ready(turn, old, AnswerAs::Reply, at(8)).await).await;
    assert_eq!(ready, overtaken);
    // An answer and its promise stand or fall together.
    let reply = house.reply(talk, Some(turn), Author::Assistant, &["มีค่ะ"], at(8));
    let promised = store
        .write(async move |tx| {
            tx.promise(&reply, at(8)).await?;
            tx.end_answered(turn, old, at(8)).await
        })
        .await;
    assert_eq!(promised, overtaken);
    assert_eq!(house.store.read().deliveries(talk).await.unwrap().len(), 0);

    let due = house.due(turn).await.unwrap();
    assert_eq!((due.revision, due.attempts), (old + 1, 0), "new words, new attempts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_late_failure_of_an_overtaken_attempt_changes_nothing() {
    let house = House::new().await;
    let (_, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let old = house.starts_writing(turn, at(6)).await;
    house.asks("Mali", "m2", "ด่วนค่ะ", at(7)).await;
    let again = house.store.write(async move |tx| tx.turn_again(turn, old, at(60), "timed out").await).await;
    assert_eq!(again, Ok(()));
    let due = house.due(turn).await.unwrap();
    assert_eq!((due.due_at, due.answer_as), (at(13), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_failed_attempt_waits_and_keeps_its_count() {
    let house = House::new().await;
    let (_, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let revision = house.starts_writing(turn, at(6)).await;
    house
        .store
        .write(async move |tx| tx.turn_again(turn, revision, at(8), "the model timed out").await)
        .await
        .unwrap();
    let read = house.store.read();
    assert!(read.turns_to_answer(at(7), 9).await.unwrap().is_empty());
    let due = read.turns_to_answer(at(8), 9).await.unwrap();
    assert_eq!((due[0].turn, due[0].attempts), (turn, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn many_at_once_still_make_one_open_turn() {
    let house = House::new().await;
    let (talk, _) = house.hears("Mali", "m0", "สวัสดี", at(0)).await;
    let mut messages = Vec::new();
    for n in 1..=30 {
        messages.push(house.hears("Mali", &format!("m{n}"), "คะ", at(n)).await.1.unwrap());
    }
    let gathered = messages.into_iter().map(|message| {
        let (store, workspace) = (house.store.clone(), house.workspace);
        tokio::spawn(async move {
            let settings = domain::Settings::default();
            store
                .write(async move |tx| {
                    tx.gather(workspace, talk, message, at(40), None, 50, &settings, at(40)).await
                })
                .await
                .unwrap()
        })
    });
    let turns: BTreeSet<_> =
        futures::future::join_all(gathered).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(turns.len(), 1);
    let open = "SELECT COUNT(*) FROM turn WHERE state IN ('gathering', 'ready', 'writing')";
    assert_eq!(house.number(open).await, 1);
    // The schema itself refuses a second one.
    let second = crate::house::meddle(
        &house.path(),
        "INSERT INTO turn (id, workspace_id, conversation_id, state, opened_at, last_message_at, due_at, priority)
         SELECT 'second', workspace_id, conversation_id, 'ready', 0, 0, 0, 1 FROM turn",
    )
    .await;
    assert!(second.is_err(), "a second open turn was let in");
}

fn states(deliveries: &[DeliveryRow]) -> Vec<(&'static str, Option<StuckReason>)> {
    deliveries.iter().map(|row| (row.state.name(), row.reason.clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answer_in_its_hold_is_taken_back_and_its_words_wait_again() {
    let house = House::new().await;
    let (talk, message) = house.hears("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let message = message.unwrap();
    house.understands(talk, message, at(0), meaning(Intent::Question, SentimentLevel::Neutral)).await;
    let first = house.gathers(talk, message, 75, at(0)).await;
    house.answers(talk, first, &["มีค่ะ ", "590 บาทค่ะ"], at(6)).await;
    let (_, second) = house.asks("Mali", "m2", "เปลี่ยนเป็นสีเขียวค่ะ", at(8)).await;
    assert_ne!(first, second);
    assert_eq!(words(&house, second).await, ["มีสีฟ้าไหม", "เปลี่ยนเป็นสีเขียวค่ะ"]);
    assert_eq!(words(&house, first).await, Vec::<String>::new());
    let newer = ("stopped", Some(StuckReason::NewerWords));
    assert_eq!(states(&house.store.read().deliveries(talk).await.unwrap()), [newer.clone(), newer]);
    assert_eq!(house.due(second).await.unwrap().priority, 75, "as urgent as the words that joined");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_has_begun_to_leave_is_not_taken_back() {
    let house = House::new().await;
    let (talk, first) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    house.answers(talk, first, &["มีค่ะ ", "590 บาทค่ะ"], at(6)).await;
    let head = house.heads(at(6)).await[0];
    house.freezes(head, at(6)).await;
    house.settles(head, sent(&["r1"], &["มีค่ะ "], at(7))).await;
    let (_, second) = house.asks("Mali", "m2", "ขอบคุณค่ะ", at(8)).await;
    assert_eq!(words(&house, second).await, ["ขอบคุณค่ะ"]);
    let deliveries = house.store.read().deliveries(talk).await.unwrap();
    assert_eq!(states(&deliveries), [("sent", None), ("waiting", None)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_draft_that_waits_is_withdrawn_and_its_words_join() {
    let house = House::new().await;
    let (talk, first) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let draft = house.drafts(talk, first, "มีค่ะ", at(6)).await;
    let (_, second) = house.asks("Mali", "m2", "ไซซ์ M ค่ะ", at(60)).await;
    assert_eq!(words(&house, second).await, ["มีสีฟ้าไหม", "ไซซ์ M ค่ะ"]);
    assert_eq!(house.store.read().draft(draft).await.unwrap().state, "withdrawn");
    assert!(house.store.read().waiting_drafts(house.workspace).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_the_owner_approved_is_not_taken_back_by_newer_words() {
    let house = House::new().await;
    let (talk, first) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let draft = house.drafts(talk, first, "มีค่ะ", at(6)).await;
    let reply = house.reply(talk, Some(first), Author::Assistant, &["มีค่ะ"], at(20));
    house
        .store
        .write(async move |tx| {
            let row = tx.waiting_draft(draft).await?;
            let lesson = domain::Lesson::Approved { confidence: row.confidence };
            tx.rule(&row, &domain::Verdict::Approved, &lesson, at(15)).await?;
            tx.promise(&store::NewReply { draft: Some(draft), ..reply }, at(15)).await
        })
        .await
        .unwrap();
    let (_, second) = house.asks("Mali", "m2", "รอนะคะ", at(16)).await;
    assert_eq!(words(&house, second).await, ["รอนะคะ"]);
    assert_eq!(states(&house.store.read().deliveries(talk).await.unwrap()), [("waiting", None)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_person_s_own_words_are_not_taken_back_by_newer_words() {
    let house = House::new().await;
    let (talk, _) = house.hears("Mali", "m1", "สวัสดี", at(0)).await;
    let reply = house.reply(talk, None, Author::Person, &["รอสักครู่นะคะ"], at(5));
    house.promises(reply, at(1)).await;
    house.asks("Mali", "m2", "ค่ะ รอค่ะ", at(2)).await;
    assert_eq!(states(&house.store.read().deliveries(talk).await.unwrap()), [("waiting", None)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_person_who_acts_ends_the_turn_that_is_being_written_for() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let revision = house.starts_writing(turn, at(6)).await;
    assert!(house.store.read().still_writing(turn).await.unwrap());
    let because = SilentBecause::PersonKeepsIt;
    let ended = house.store.write(async move |tx| tx.end_open_turn(talk, because, at(7)).await).await;
    assert_eq!(ended, Ok(Some(turn)));
    assert!(!house.store.read().still_writing(turn).await.unwrap());
    let late = house.store.write(async move |tx| tx.end_answered(turn, revision, at(8)).await).await;
    assert_eq!(late, Err(StoreError::Overtaken("turn")));
    let again = house.store.write(async move |tx| tx.end_open_turn(talk, because, at(9)).await).await;
    assert_eq!(again, Ok(None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn words_that_change_are_decided_anew_only_while_their_turn_is_open() {
    let house = House::new().await;
    let (talk, message) = house.hears("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let message = message.unwrap();
    house.understands(talk, message, at(0), meaning(Intent::Question, SentimentLevel::Neutral)).await;
    let turn = house.gathers(talk, message, 50, at(0)).await;
    let in_open = async || house.store.write(async move |tx| tx.in_open_turn(message).await).await.unwrap();
    assert!(in_open().await);
    let revision = house.starts_writing(turn, at(6)).await;
    house.store.write(async move |tx| tx.turn_changed(talk, at(7)).await).await.unwrap();
    let due = house.due(turn).await.unwrap();
    assert_eq!((due.revision, due.due_at), (revision + 1, at(7)));
    house.answers(talk, turn, &["มีค่ะ"], at(8)).await;
    assert!(!in_open().await);
    house.store.write(async move |tx| tx.turn_changed(talk, at(9)).await).await.unwrap();
    assert!(house.due(turn).await.is_none(), "an answered turn does not open again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_most_urgent_turn_is_answered_first() {
    let house = House::new().await;
    let mut expected = Vec::new();
    for (who, priority) in [("Mali", 50), ("Somchai", 100), ("Nok", 75)] {
        let (talk, message) = house.hears(who, who, "ช่วยด้วย", at(0)).await;
        let turn = house.gathers(talk, message.unwrap(), priority, at(0)).await;
        house
            .store
            .write(async move |tx| tx.turn_ready(turn, 1, AnswerAs::Reply, at(1)).await)
            .await
            .unwrap();
        expected.push((std::cmp::Reverse(priority), turn));
    }
    expected.sort();
    let found = house.store.read().turns_to_answer(at(9), 9).await.unwrap();
    assert_eq!(
        found.iter().map(|due| due.turn).collect::<Vec<_>>(),
        expected.iter().map(|(_, turn)| *turn).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_being_written_when_the_house_died_waits_again() {
    let house = House::new().await;
    let (_, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let revision = house.starts_writing(turn, at(6)).await;
    house.store.close().await;
    let house = House { store: open(&house.path()).await.unwrap(), ..house };
    assert!(house.due(turn).await.is_none());
    assert_eq!(house.store.write(async |tx| tx.recover_turns().await).await, Ok(1));
    let due = house.due(turn).await.unwrap();
    assert_eq!((due.revision, due.attempts), (revision, 1), "its attempt stays counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn earlier_turns_come_newest_first_and_without_what_moved_on() {
    let house = House::new().await;
    let mut last = None;
    for (n, words) in ["หนึ่ง", "สอง", "สาม"].into_iter().enumerate() {
        let when = at(100 * i64::try_from(n).unwrap());
        let (talk, turn) = house.asks("Mali", &format!("m{n}"), words, when).await;
        if n < 2 {
            let reply = house.answers(talk, turn, &["ค่ะ"], when).await;
            let head = house.heads(when).await[0];
            house.freezes(head, when).await;
            house.settles(head, sent(&[&reply.to_string()], &["ค่ะ"], when)).await;
        }
        last = Some((talk, turn));
    }
    let (talk, turn) = last.unwrap();
    let earlier = house.store.read().words_of_earlier_turns(talk, turn, 9).await.unwrap();
    assert_eq!(earlier, ["สอง", "หนึ่ง"]);
    assert_eq!(house.store.read().words_of_earlier_turns(talk, turn, 1).await.unwrap(), ["สอง"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_is_understood_once_and_a_turn_knows_what_it_means() {
    let house = House::new().await;
    let (talk, message) = house.hears("Mali", "m1", "ขอคืนเงินค่ะ", at(0)).await;
    let message = message.unwrap();
    let waiting = house.store.read().to_understand(0, 9).await.unwrap();
    assert_eq!(
        waiting.iter().map(|row| (row.message, row.text.as_str())).collect::<Vec<_>>(),
        [(message, "ขอคืนเงินค่ะ")]
    );
    let refund = meaning(Intent::Refund, SentimentLevel::Negative);
    assert!(house.understands(talk, message, at(0), refund.clone()).await);
    assert!(
        !house.understands(talk, message, at(0), meaning(Intent::Greeting, SentimentLevel::Neutral)).await
    );
    assert!(house.store.read().to_understand(0, 9).await.unwrap().is_empty());
    let turn = house.gathers(talk, message, 50, at(0)).await;
    assert_eq!(house.store.read().turn_words(turn).await.unwrap()[0].meaning, Some(refund));
    assert_eq!(house.store.read().last_intents(talk, 10).await.unwrap(), [Intent::Refund]);
    house.store.write(async move |tx| tx.correct_intent(message, Intent::Support).await).await.unwrap();
    assert_eq!(house.store.read().last_intents(talk, 10).await.unwrap(), [Intent::Support]);
}
