//! The outbox: in order per conversation, a stuck lane holds itself only, evidence settles once.

use domain::{Author, DeliveryState, Keeper, StuckReason};
use pretty_assertions::assert_eq;
use store::{Change, Figure, NewReply, SendResult, StoreError};

use crate::house::{House, at, open, sent, the_end};

fn stuck(reason: StuckReason) -> SendResult {
    SendResult::Stuck { reason }
}

async fn states(house: &House, talk: domain::ConversationId) -> Vec<DeliveryState> {
    house.store.read().deliveries(talk).await.unwrap().iter().map(|row| row.state).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn replies_leave_in_the_order_they_were_promised() {
    let house = House::new().await;
    let (talk, _) = house.hears("Mali", "m1", "สวัสดี", at(0)).await;
    let author = Author::Person;
    // The second is due before the first: it waits all the same.
    house.promises(house.reply(talk, None, author, &["หนึ่ง", "สอง"], at(10)), at(1)).await;
    house.promises(house.reply(talk, None, author, &["สาม"], at(2)), at(2)).await;
    assert_eq!(house.heads(at(5)).await, Vec::<uuid::Uuid>::new());
    assert_eq!(house.store.read().next_delivery_due().await.unwrap(), Some(at(10)));
    for words in ["หนึ่ง", "สอง", "สาม"] {
        let heads = house.heads(at(20)).await;
        assert_eq!(heads.len(), 1, "one head a lane");
        house.freezes(heads[0], at(20)).await;
        assert_eq!(
            house.heads(at(20)).await,
            Vec::<uuid::Uuid>::new(),
            "nothing overtakes what is on its way"
        );
        house.settles(heads[0], sent(&[words], &[words], at(21))).await;
    }
    assert_eq!(house.transcript(talk).await, ["customer: สวัสดี", "person: หนึ่ง", "person: สอง", "person: สาม"]);
    assert_eq!(house.store.read().next_delivery_due().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stuck_head_holds_its_own_lane_only_and_wakes_nobody() {
    let house = House::new().await;
    let (mali, _) = house.hears("Mali", "m1", "สวัสดี", at(0)).await;
    let (somchai, _) = house.hears("Somchai", "s1", "เฮ้ย", at(0)).await;
    house.promises(house.reply(somchai, None, Author::Person, &["1", "2"], at(1)), at(1)).await;
    let head = house.heads(at(1)).await[0];
    house.freezes(head, at(1)).await;
    house.settles(head, stuck(StuckReason::WindowClosed)).await;
    house.promises(house.reply(mali, None, Author::Person, &["ค่ะ"], at(9)), at(2)).await;
    assert_eq!(house.heads(at(5)).await, Vec::<uuid::Uuid>::new());
    assert_eq!(house.store.read().next_delivery_due().await.unwrap(), Some(at(9)), "Mali's, not Somchai's");
    assert_eq!(house.heads(at(9)).await.len(), 1);
    assert_eq!(states(&house, somchai).await, [DeliveryState::Stuck, DeliveryState::Waiting]);
    let counts = house.store.read().outbox_counts().await.unwrap();
    assert_eq!(counts, [("stuck".to_owned(), 1), ("waiting".to_owned(), 2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn answer_and_echo_settle_once_in_either_order() {
    for echo_first in [false, true] {
        let house = House::new().await;
        let (talk, turn) = house.asks("Mali", "m1", "ราคาเท่าไหร่", at(0)).await;
        house.answers(talk, turn, &["590 บาทค่ะ"], at(6)).await;
        let head = house.heads(at(6)).await[0];
        let mut evidence = vec![sent(&["r1"], &["590 บาทค่ะ"], at(7)), sent(&["r1"], &["590 บาทค่ะ"], at(8))];
        if echo_first {
            evidence.reverse();
        }
        house.freezes(head, at(6)).await;
        for found in evidence {
            house.settles(head, found).await;
        }
        // The network's answer comes last and knows nothing.
        house.settles(head, SendResult::Unsure { look_at: at(9) }).await;
        house.settles(head, SendResult::Again { at: at(9) }).await;
        house.settles(head, stuck(StuckReason::GaveUp)).await;
        assert_eq!(house.transcript(talk).await, ["customer: ราคาเท่าไหร่", "assistant: 590 บาทค่ะ"]);
        assert_eq!(states(&house, talk).await, [DeliveryState::Sent]);
        let read = house.store.read();
        assert_eq!(read.conversation(talk).await.unwrap().answers_in_episode, 1);
        assert_eq!(read.figure_between(Figure::Answers, 0, i64::MAX).await.unwrap(), 1);
        assert_eq!(read.figure_between(Figure::FirstAnswers, 0, i64::MAX).await.unwrap(), 1);
        assert_eq!(read.replies_since(house.channel, at(0)).await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_the_echo_brought_first_is_not_said_twice() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "ราคาเท่าไหร่", at(0)).await;
    house.answers(talk, turn, &["590 บาทค่ะ"], at(6)).await;
    let head = house.heads(at(6)).await[0];
    house.freezes(head, at(6)).await;
    let (workspace, channel) = (house.workspace, house.channel);
    let echo = store::NewMessage {
        workspace,
        channel,
        conversation: talk,
        author: Author::Assistant,
        remote: Some("r1".to_owned()),
        parts: vec![domain::Part::text("590 บาทค่ะ")],
        reply_to: None,
        delivery: None,
        said_at: at(7),
        arrived_at: at(7),
        addressed: true,
        from_history: false,
    };
    house.store.write(async move |tx| tx.add_message(&echo).await).await.unwrap();
    house.settles(head, sent(&["r1"], &["590 บาทค่ะ"], at(8))).await;
    assert_eq!(house.transcript(talk).await.len(), 2);
    assert_eq!(house.store.read().figure_between(Figure::Answers, 0, i64::MAX).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_answer_in_three_calls_is_one_answer() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "เล่าให้ฟังหน่อย", at(0)).await;
    // The away text of the same turn is no answer.
    let away = NewReply {
        purpose: store::Purpose::Away,
        ..house.reply(talk, Some(turn), Author::Assistant, &["ร้านปิดแล้วค่ะ"], at(1))
    };
    house.promises(away, at(1)).await;
    house.answers(talk, turn, &["หนึ่ง", "สอง", "สาม"], at(6)).await;
    for n in 0..4 {
        let head = house.heads(at(10)).await[0];
        house.freezes(head, at(10 + n)).await;
        house.settles(head, sent(&[&format!("r{n}")], &["…"], at(10 + n))).await;
    }
    let read = house.store.read();
    assert_eq!(read.conversation(talk).await.unwrap().answers_in_episode, 1);
    assert_eq!(read.figure_between(Figure::Answers, 0, i64::MAX).await.unwrap(), 1);
    assert_eq!(read.figure_between(Figure::FirstAnswers, 0, i64::MAX).await.unwrap(), 1);
    assert_eq!(read.figure_between(Figure::FirstAnswerMillis, 0, i64::MAX).await.unwrap(), 11_000);
    assert_eq!(read.replies_since(house.channel, at(0)).await.unwrap(), 2, "replies, not calls");
    assert_eq!(read.replies_since(house.channel, at(10)).await.unwrap(), 1, "after the moment, not at it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_call_that_became_two_messages_stands_as_two() {
    let house = House::new().await;
    let (talk, _) = house.hears("Mali", "m1", "สวัสดี", at(0)).await;
    house.promises(house.reply(talk, None, Author::Person, &["both"], at(1)), at(1)).await;
    let head = house.heads(at(1)).await[0];
    house.freezes(head, at(1)).await;
    house.settles(head, sent(&["r1", "r2"], &["หนึ่ง", "สอง"], at(2))).await;
    assert_eq!(house.transcript(talk).await, ["customer: สวัสดี", "person: หนึ่ง", "person: สอง"]);
    let channel = house.channel;
    let second = house.store.write(async move |tx| tx.message_by_remote(channel, "r2").await).await.unwrap();
    assert_eq!(second.unwrap().1, talk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn frozen_once_and_with_what_was_frozen() {
    let house = House::new().await;
    let (talk, _) = house.hears("Mali", "m1", "สวัสดี", at(0)).await;
    let reply = house.promises(house.reply(talk, None, Author::Person, &["ค่ะ"], at(1)), at(1)).await;
    let head = house.heads(at(1)).await[0];
    house.store.write(async move |tx| tx.freeze(head, r#"{"to":"Mali"}"#, at(2)).await).await.unwrap();
    let twice = house.store.write(async move |tx| tx.freeze(head, "{}", at(3)).await).await;
    assert_eq!(twice, Err(StoreError::Overtaken("delivery")));
    assert!(house.store.write(async move |tx| tx.lane_head(head).await).await.unwrap().is_none());
    house.settles(head, SendResult::Again { at: at(9) }).await;
    house.store.write(async move |tx| tx.freeze(head, r#"{"to":"Mali"}"#, at(9)).await).await.unwrap();
    let frozen = house.store.read().frozen_call(head).await.unwrap();
    assert_eq!(frozen, Some((r#"{"to":"Mali"}"#.to_owned(), reply, at(2), 0)), "since the first try");
    assert_eq!(house.store.read().deliveries(talk).await.unwrap()[0].attempts, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_last_look_sees_newer_words_but_no_sticker_and_nothing_taken_back() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "ราคาเท่าไหร่", at(0)).await;
    house.answers(talk, turn, &["590"], at(6)).await;
    let head = house.heads(at(6)).await[0];
    let newer = async || {
        let head = house.store.write(async move |tx| tx.lane_head(head).await).await.unwrap().unwrap();
        (head.newer_words, head.approved)
    };
    assert_eq!(newer().await, (false, false));
    house.hears("Mali", "sticker", "", at(7)).await;
    assert_eq!(newer().await, (false, false));
    let (_, message) = house.hears("Mali", "m2", "ไม่เอาแล้ว", at(8)).await;
    assert_eq!(newer().await, (true, false));
    house.store.write(async move |tx| tx.unsend_message(message.unwrap(), at(9)).await).await.unwrap();
    assert_eq!(newer().await, (false, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn found_on_its_way_at_launch_is_unsure_until_evidence_comes() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "ราคาเท่าไหร่", at(0)).await;
    house.answers(talk, turn, &["590 บาท", "ส่งฟรีค่ะ"], at(6)).await;
    let head = house.heads(at(6)).await[0];
    house.freezes(head, at(6)).await;
    house.store.close().await;

    let house = House { store: open(&house.path()).await.unwrap(), ..house };
    assert_eq!(house.store.write(async |tx| tx.recover_deliveries(at(100)).await).await, Ok(1));
    assert_eq!(
        house.heads(the_end()).await,
        Vec::<uuid::Uuid>::new(),
        "never a blind second send, and nothing passes it"
    );
    let unsure = house.store.read().unsure(at(100), 9).await.unwrap();
    assert_eq!(unsure, [(head, talk, house.channel)]);
    assert_eq!(house.store.read().next_delivery_due().await.unwrap(), Some(at(100)));
    house.store.write(async move |tx| tx.looked(head).await).await.unwrap();
    house.settles(head, SendResult::Unsure { look_at: at(110) }).await;
    assert_eq!(house.store.read().unsure(at(109), 9).await.unwrap(), []);
    assert_eq!(house.store.read().frozen_call(head).await.unwrap().unwrap().3, 1);
    house.settles(head, sent(&["r1"], &["590 บาท"], at(111))).await;
    assert_eq!(house.heads(at(111)).await.len(), 1, "the second call may go now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn connected_again_what_waited_for_it_goes_on_and_nothing_else() {
    let house = House::new().await;
    let (mali, _) = house.hears("Mali", "m1", "สวัสดี", at(0)).await;
    let (somchai, _) = house.hears("Somchai", "s1", "เฮ้ย", at(0)).await;
    for (talk, reason) in [(mali, StuckReason::ReconnectNeeded), (somchai, StuckReason::WindowClosed)] {
        house.promises(house.reply(talk, None, Author::Person, &["ค่ะ"], at(1)), at(1)).await;
        let head = house.heads(at(1)).await[0];
        house.freezes(head, at(1)).await;
        house.settles(head, stuck(reason)).await;
    }
    let mut notices = house.store.changes();
    let channel = house.channel;
    assert_eq!(house.store.write(async move |tx| tx.release_lanes(channel, at(50)).await).await, Ok(1));
    let changes = notices.try_recv().unwrap();
    assert!(matches!(*changes, [Change::ReplyPromised(_)]), "the outbox is woken: {changes:?}");
    let head = &house.store.read().lane_heads(at(50), 9).await.unwrap();
    assert_eq!(head.iter().map(|(_, talk, _)| *talk).collect::<Vec<_>>(), [mali]);
    assert_eq!(states(&house, somchai).await, [DeliveryState::Stuck]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_owner_retries_what_is_stuck_and_stops_what_she_does_not_want() {
    let house = House::new().await;
    let (talk, _) = house.hears("Mali", "m1", "สวัสดี", at(0)).await;
    let first = house.promises(house.reply(talk, None, Author::Person, &["1"], at(1)), at(1)).await;
    house.promises(house.reply(talk, None, Author::Person, &["2"], at(1)), at(1)).await;
    let too_early = house.store.write(async move |tx| tx.retry_reply(first, at(2)).await).await;
    assert_eq!(too_early, Err(StoreError::Overtaken("reply")));
    let head = house.heads(at(1)).await[0];
    house.freezes(head, at(1)).await;
    house.settles(head, stuck(StuckReason::QuotaSpent)).await;
    assert_eq!(house.store.read().deliveries(talk).await.unwrap()[0].reason, Some(StuckReason::QuotaSpent));
    house.store.write(async move |tx| tx.retry_reply(first, at(5)).await).await.unwrap();
    assert_eq!(house.heads(at(5)).await, [head]);
    house
        .store
        .write(async move |tx| tx.stop_reply(first, &StuckReason::StoppedByOwner).await)
        .await
        .unwrap();
    let heads = house.store.read().lane_heads(at(5), 9).await.unwrap();
    assert_eq!(heads.len(), 1);
    assert_ne!(heads[0].0, head, "the lane goes on with the next");
    assert_eq!(states(&house, talk).await, [DeliveryState::Stopped, DeliveryState::Waiting]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_stopped_while_unsure_and_landed_after_all_stands_in_the_talk() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "ราคาเท่าไหร่", at(0)).await;
    let reply = house.answers(talk, turn, &["590 บาท"], at(6)).await;
    let head = house.heads(at(6)).await[0];
    house.freezes(head, at(6)).await;
    house.settles(head, SendResult::Unsure { look_at: at(9) }).await;
    house
        .store
        .write(async move |tx| tx.stop_reply(reply, &StuckReason::StoppedByOwner).await)
        .await
        .unwrap();
    house.settles(head, SendResult::Again { at: at(10) }).await;
    assert_eq!(states(&house, talk).await, [DeliveryState::Stopped], "stopped stays stopped");
    house.settles(head, sent(&["r1"], &["590 บาท"], at(11))).await;
    assert_eq!(states(&house, talk).await, [DeliveryState::Sent]);
    assert_eq!(house.transcript(talk).await, ["customer: ราคาเท่าไหร่", "assistant: 590 บาท"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_call_stopped_on_its_way_frees_the_lane() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "ราคาเท่าไหร่", at(0)).await;
    house.answers(talk, turn, &["590", "บาท"], at(6)).await;
    let head = house.heads(at(6)).await[0];
    house.freezes(head, at(6)).await;
    house.settles(head, SendResult::Stopped { reason: StuckReason::GaveUp }).await;
    assert_eq!(states(&house, talk).await, [DeliveryState::Stopped, DeliveryState::Stopped]);
    house.promises(house.reply(talk, None, Author::Person, &["ขอโทษค่ะ"], at(7)), at(7)).await;
    assert_eq!(house.heads(at(7)).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_person_who_takes_over_stops_the_assistant_and_is_not_held_by_it() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "ราคาเท่าไหร่", at(0)).await;
    house.answers(talk, turn, &["590", "บาท"], at(6)).await;
    let head = house.heads(at(6)).await[0];
    house.freezes(head, at(6)).await;
    house.settles(head, stuck(StuckReason::QuotaSpent)).await;
    house.promises(house.reply(talk, None, Author::Person, &["เดี๋ยวดูให้นะคะ"], at(7)), at(7)).await;
    house
        .store
        .write(async move |tx| {
            tx.set_keeper(talk, Keeper::Person { until: None }).await?;
            tx.stop_assistant(talk, &StuckReason::PersonTookOver).await
        })
        .await
        .unwrap();
    let stopped = DeliveryState::Stopped;
    assert_eq!(states(&house, talk).await, [stopped, stopped, DeliveryState::Waiting]);
    assert_eq!(house.heads(at(7)).await.len(), 1, "the person's own words go");
    assert_eq!(house.store.read().conversation(talk).await.unwrap().keeper, Keeper::Person { until: None });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_on_its_way_is_not_stopped_by_anyone() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "ราคาเท่าไหร่", at(0)).await;
    let reply = house.answers(talk, turn, &["590"], at(6)).await;
    let head = house.heads(at(6)).await[0];
    house.freezes(head, at(6)).await;
    house
        .store
        .write(async move |tx| {
            tx.stop_reply(reply, &StuckReason::StoppedByOwner).await?;
            tx.stop_assistant(talk, &StuckReason::PersonTookOver).await
        })
        .await
        .unwrap();
    assert_eq!(states(&house, talk).await, [DeliveryState::Sending]);
    let by_name = head.to_string();
    let found = house.store.write(async move |tx| tx.delivery_by_metadata(&by_name).await).await.unwrap();
    assert_eq!(found, Some((head, reply)));
    let foreign = house.store.write(async |tx| tx.delivery_by_metadata("someone else's").await).await;
    assert_eq!(foreign, Ok(None));
}
