//! Arrival: an envelope is kept once, an event happens once, for ever; what comes too early waits.

use domain::{Door, Event, EventKind, Timestamp};
use pretty_assertions::assert_eq;
use store::{Change, NewEnvelope};

use crate::house::{House, at, event, line_channel, open};

fn envelope(house: &House, relay_seq: Option<i64>, body: &[u8]) -> NewEnvelope {
    NewEnvelope {
        channel: house.channel,
        door: Door::Relay,
        relay_seq,
        arrived_at: at(1),
        request: r#"{"method":"POST"}"#.to_owned(),
        body: body.to_vec(),
    }
}

async fn keep(house: &House, new: NewEnvelope) -> bool {
    house.store.write(async move |tx| tx.keep_envelope(&new).await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_relay_s_number_comes_in_once_and_doors_without_numbers_always() {
    let house = House::new().await;
    let mut notices = house.store.changes();
    assert!(keep(&house, envelope(&house, Some(7), b"Mali asks")).await);
    assert_eq!(*notices.try_recv().unwrap(), [Change::EnvelopeWaiting]);
    assert!(!keep(&house, envelope(&house, Some(7), b"Mali asks")).await);
    assert!(notices.try_recv().is_err(), "nothing came, nobody is woken");
    assert!(keep(&house, envelope(&house, None, b"tunnel")).await);
    assert!(keep(&house, envelope(&house, None, b"tunnel")).await);
    let bodies: Vec<Vec<u8>> =
        house.store.read().waiting_envelopes(0, 10).await.unwrap().into_iter().map(|row| row.body).collect();
    assert_eq!(bodies, [b"Mali asks".to_vec(), b"tunnel".to_vec(), b"tunnel".to_vec()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_nobody_can_read_is_parked_and_holds_up_nothing() {
    let house = House::new().await;
    for body in [&b"\xff\xfe\0"[..], b"good"] {
        assert!(keep(&house, envelope(&house, None, body)).await);
    }
    let rows = house.store.read().waiting_envelopes(0, 10).await.unwrap();
    assert_eq!(rows[0].body, b"\xff\xfe\0");
    let bad = rows[0].row;
    house.store.write(async move |tx| tx.park_envelope(bad, "not JSON").await).await.unwrap();
    assert_eq!(house.store.read().envelope_counts().await.unwrap(), (1, 1));
    let good = house.store.read().waiting_envelopes(0, 10).await.unwrap();
    assert_eq!(good.len(), 1);
    let row = good[0].row;
    house.store.write(async move |tx| tx.envelope_done(row).await).await.unwrap();
    assert_eq!(house.store.read().envelope_counts().await.unwrap(), (0, 1));
    // A number is never given twice, or a reader that goes on after it would miss the next one.
    assert!(keep(&house, envelope(&house, None, b"later")).await);
    assert_eq!(house.store.read().waiting_envelopes(row, 10).await.unwrap().len(), 1);
}

async fn first_time(house: &House, channel: domain::ChannelId, event: Event) -> bool {
    house.store.write(async move |tx| tx.first_time(channel, &event, "message").await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_event_happens_once_for_ever_even_after_a_restart_and_years() {
    let house = House::new().await;
    let workspace = house.workspace;
    let other =
        house.store.write(async move |tx| tx.add_channel(&line_channel(workspace, "สาขา 2"), at(0)).await);
    let other = other.await.unwrap();
    assert!(first_time(&house, house.channel, event("e1", at(1), "มีเสื้อสีฟ้าไหม")).await);
    assert!(!first_time(&house, house.channel, event("e1", at(1), "มีเสื้อสีฟ้าไหม")).await);
    assert!(first_time(&house, other, event("e1", at(1), "another shop")).await, "keys are per channel");
    house.store.close().await;

    let again = House { store: open(&house.path()).await.unwrap(), ..house };
    let much_later = Timestamp::from_millis(i64::MAX);
    assert!(!first_time(&again, again.channel, event("e1", much_later, "other words")).await);
    assert!(first_time(&again, again.channel, event("E1", at(1), "keys are exact")).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn of_many_at_once_exactly_one_is_the_first() {
    let house = House::new().await;
    let tries = (0..40).map(|n| {
        let (store, channel) = (house.store.clone(), house.channel);
        tokio::spawn(async move {
            let event = event("same", at(n), "สวัสดี");
            store.write(async move |tx| tx.first_time(channel, &event, "message").await).await.unwrap()
        })
    });
    let firsts = futures::future::join_all(tries).await;
    assert_eq!(firsts.into_iter().filter(|first| *first.as_ref().unwrap()).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_came_before_its_message_waits_for_it_and_is_taken_once_in_order() {
    let house = House::new().await;
    let channel = house.channel;
    let early = |key: &str, seconds: i64, what: EventKind| Event { what, ..event(key, at(seconds), "") };
    let read = early("r", 30, EventKind::Read { message: Some("m1".to_owned()), up_to: None });
    let edit = early("e", 20, EventKind::Edited { message: "m1".to_owned(), parts: Vec::new() });
    let unsent = early("u", 30, EventKind::Unsent { message: "m1".to_owned() });
    let other = early("o", 10, EventKind::Unsent { message: "m2".to_owned() });
    for (message, event) in [("m1", &read), ("m1", &edit), ("m2", &other), ("m1", &unsent)] {
        let (message, event) = (message.to_owned(), event.clone());
        house.store.write(async move |tx| tx.await_message(channel, &message, &event).await).await.unwrap();
    }
    let take = async |message: &'static str| {
        house.store.write(async move |tx| tx.take_awaiting(channel, message).await).await.unwrap()
    };
    assert_eq!(take("m1").await, [edit, read, unsent]);
    assert_eq!(take("m1").await, []);
    assert_eq!(take("m2").await, [other]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_stands_once_however_it_comes() {
    let house = House::new().await;
    let (talk, first) = house.hears("Mali", "m1", "เอาสีฟ้าค่ะ", at(1)).await;
    let (same, second) = house.hears("Mali", "m1", "เอาสีฟ้าค่ะ", at(2)).await;
    assert_eq!((same, first.is_some(), second), (talk, true, None));
    assert_eq!(house.transcript(talk).await, ["customer: เอาสีฟ้าค่ะ"]);
    assert_eq!(house.store.read().conversation(talk).await.unwrap().unread, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn absurd_times_and_long_texts_are_kept_like_any_other() {
    let house = House::new().await;
    let long = "ก".repeat(100_000);
    for (n, when) in [i64::MIN, i64::MIN + 1, -1, 0, 1 << 53, i64::MAX - 1, i64::MAX].into_iter().enumerate()
    {
        let when = Timestamp::from_millis(when);
        house.hears(&format!("customer {n}"), &format!("m{n}"), &long, when).await;
    }
    assert_eq!(house.number("SELECT COUNT(*) FROM message").await, 7);
    assert_eq!(house.store.read().to_understand(0, 100).await.unwrap().len(), 7);
    crate::house::assert_sound(&house.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_edit_that_is_older_changes_nothing_and_what_was_taken_back_stays_away() {
    let house = House::new().await;
    let (talk, message) = house.hears("Mali", "m1", "one", at(1)).await;
    let message = message.unwrap();
    let edit = async |words: &'static str, seconds| {
        let parts = [domain::Part::text(words)];
        house.store.write(async move |tx| tx.edit_message(message, &parts, at(seconds)).await).await.unwrap();
    };
    edit("three", 30).await;
    edit("two", 20).await;
    assert_eq!(house.transcript(talk).await, ["customer: three"]);
    house.store.write(async move |tx| tx.unsend_message(message, at(40)).await).await.unwrap();
    edit("back again", 50).await;
    house.store.write(async move |tx| tx.understand_again(message).await).await.unwrap();
    assert_eq!(house.transcript(talk).await, ["customer: "]);
    assert!(
        house.store.read().to_understand(0, 9).await.unwrap().is_empty(),
        "nothing is left to understand"
    );
}
