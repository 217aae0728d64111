//! Drafts are ruled once; a person is called once.

use domain::{AnswerKind, EscalationRule, Keeper, Lesson, Timestamp, Verdict};
use pretty_assertions::assert_eq;
use store::{Figure, NewDraft, NewEscalation, StoreError};

use crate::house::{House, at};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_draft_is_ruled_once_and_teaches() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let draft = house.drafts(talk, turn, "มีค่ะ", at(6)).await;
    let rule = async |verdict: Verdict, lesson: Lesson| {
        house
            .store
            .write(async move |tx| {
                let row = tx.waiting_draft(draft).await?;
                tx.rule(&row, &verdict, &lesson, at(10)).await
            })
            .await
    };
    let edited = Lesson::Edited {
        before: "มีค่ะ".into(), after: "มีค่ะ ไซซ์ไหนดีคะ".into(), confidence: 0.7
    };
    assert_eq!(rule(Verdict::Edited, edited.clone()).await, Ok(()));
    let twice = rule(Verdict::Approved, Lesson::Approved { confidence: 0.7 }).await;
    assert_eq!(twice, Err(StoreError::Overtaken("draft")));

    let read = house.store.read();
    assert_eq!(read.draft(draft).await.unwrap().state, "edited");
    assert!(read.waiting_drafts(house.workspace).await.unwrap().is_empty());
    let lessons: Vec<Lesson> =
        read.lessons(house.workspace, 9).await.unwrap().into_iter().map(|(_, _, lesson)| lesson).collect();
    assert_eq!(lessons, [edited]);
    for (figure, expected) in [(Figure::Drafts, 1), (Figure::Edited, 1), (Figure::Approved, 0)] {
        assert_eq!(read.figure_between(figure, 0, i64::MAX).await.unwrap(), expected, "{figure:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn of_two_rulings_at_once_one_counts() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let draft = house.drafts(talk, turn, "มีค่ะ", at(6)).await;
    // Both have read the draft before either rules.
    let row = house.store.read().draft(draft).await.unwrap();
    let ruling = |verdict: Verdict, lesson: Lesson| {
        let (store, row) = (house.store.clone(), row.clone());
        async move { store.write(async move |tx| tx.rule(&row, &verdict, &lesson, at(9)).await).await }
    };
    let (approve, refuse) = tokio::join!(
        ruling(Verdict::Approved, Lesson::Approved { confidence: 0.7 }),
        ruling(Verdict::Refused { why: None }, Lesson::Refused { why: None, confidence: 0.7 }),
    );
    assert_eq!((approve, refuse), (Ok(()), Err(StoreError::Overtaken("draft"))));
    assert_eq!(house.store.read().lessons(house.workspace, 9).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn drafts_wait_in_the_order_in_which_their_windows_close() {
    let house = House::new().await;
    let mut expected = Vec::new();
    for (who, window) in [("Mali", None), ("Somchai", Some(at(900))), ("Nok", Some(at(300)))] {
        let (talk, turn) = house.asks(who, who, "มีสีฟ้าไหม", at(0)).await;
        let draft = NewDraft {
            workspace: house.workspace,
            conversation: talk,
            turn,
            run: None,
            kind: AnswerKind::Answer,
            words: "มีค่ะ".into(),
            confidence: 0.7,
            window_until: window,
        };
        let draft = house.store.write(async move |tx| tx.add_draft(&draft, at(6)).await).await.unwrap();
        expected.push((window.map_or(i64::MAX, Timestamp::millis), draft));
    }
    expected.sort();
    let found = house.store.read().waiting_drafts(house.workspace).await.unwrap();
    assert_eq!(
        found.iter().map(|row| row.id).collect::<Vec<_>>(),
        expected.iter().map(|(_, draft)| *draft).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_withdrawn_draft_can_no_longer_be_approved() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let draft = house.drafts(talk, turn, "มีค่ะ", at(6)).await;
    house.store.write(async move |tx| tx.withdraw_draft(talk, at(7)).await).await.unwrap();
    let late = house.store.write(async move |tx| tx.waiting_draft(draft).await.map(drop)).await;
    assert_eq!(late, Err(StoreError::Overtaken("draft")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_forgotten_lesson_is_gone() {
    let house = House::new().await;
    let workspace = house.workspace;
    let lesson = Lesson::Unanswered { question: "ส่งลาวไหม".into() };
    let kept = house
        .store
        .write(async move |tx| tx.learn(workspace, None, None, None, &lesson, at(1)).await)
        .await
        .unwrap();
    assert_eq!(house.store.read().lessons(workspace, 9).await.unwrap().len(), 1);
    house.store.write(async move |tx| tx.forget_lesson(kept).await).await.unwrap();
    assert!(house.store.read().lessons(workspace, 9).await.unwrap().is_empty());
}

async fn escalates(
    house: &House,
    talk: domain::ConversationId,
    rule: EscalationRule,
    priority: u8,
    seconds: i64,
) -> Option<domain::EscalationId> {
    let new = NewEscalation { workspace: house.workspace, conversation: talk, turn: None, rule, priority };
    house.store.write(async move |tx| tx.escalate(&new, at(seconds)).await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_person_is_called_once_until_it_has_ended() {
    let house = House::new().await;
    let (talk, _) = house.hears("Somchai", "s1", "เรียกผู้จัดการมา", at(0)).await;
    let first = escalates(&house, talk, EscalationRule::WantsPerson, 80, 1).await;
    assert!(first.is_some());
    assert_eq!(escalates(&house, talk, EscalationRule::Refund, 100, 2).await, None);
    let read = house.store.read();
    assert_eq!(read.conversation(talk).await.unwrap().keeper, Keeper::Waiting);
    assert_eq!(read.figure_between(Figure::Escalations, 0, i64::MAX).await.unwrap(), 1);

    house
        .store
        .write(async move |tx| {
            tx.alerted(first.unwrap(), at(3)).await?;
            tx.take_escalation(talk, at(4)).await
        })
        .await
        .unwrap();
    let row = &read.open_escalations(house.workspace).await.unwrap()[0];
    assert_eq!((row.alerts, row.seen_at, row.taken_at), (1, Some(at(4)), Some(at(4))));
    let ended = house
        .store
        .write(async move |tx| {
            let ended = tx.end_escalation(talk, "handed_back", at(9)).await?;
            tx.hand_back(talk).await?;
            Ok(ended)
        })
        .await;
    assert_eq!(ended, Ok(Some(EscalationRule::WantsPerson)));
    let row = read.conversation(talk).await.unwrap();
    assert_eq!((row.keeper, row.handed_back), (Keeper::Assistant, true));
    let again = house.store.write(async move |tx| tx.end_escalation(talk, "resolved", at(10)).await).await;
    assert_eq!(again, Ok(None));
    assert!(escalates(&house, talk, EscalationRule::Legal, 100, 11).await.is_some());
    let all = read.escalations(talk).await.unwrap();
    assert_eq!(
        all.iter().map(|row| (row.rule, row.outcome.as_deref())).collect::<Vec<_>>(),
        [(EscalationRule::WantsPerson, Some("handed_back")), (EscalationRule::Legal, None)]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn called_many_times_at_once_it_is_one_call() {
    let house = House::new().await;
    let (talk, _) = house.hears("Somchai", "s1", "!!!", at(0)).await;
    let calls = (0..20).map(|_| {
        let (store, workspace) = (house.store.clone(), house.workspace);
        tokio::spawn(async move {
            let rule = EscalationRule::VeryNegative;
            let new = NewEscalation { workspace, conversation: talk, turn: None, rule, priority: 90 };
            store.write(async move |tx| tx.escalate(&new, at(1)).await).await.unwrap()
        })
    });
    let called = futures::future::join_all(calls).await;
    assert_eq!(called.into_iter().filter(|call| call.as_ref().unwrap().is_some()).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_most_urgent_call_is_on_top() {
    let house = House::new().await;
    for (who, priority) in [("Mali", 60), ("Somchai", 100), ("Nok", 80)] {
        let (talk, _) = house.hears(who, who, "…", at(0)).await;
        escalates(&house, talk, EscalationRule::ByHand, priority, 1).await.unwrap();
    }
    let open = house.store.read().open_escalations(house.workspace).await.unwrap();
    assert_eq!(open.iter().map(|row| row.priority).collect::<Vec<_>>(), [100, 80, 60]);
}
