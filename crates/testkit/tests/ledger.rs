//! The ledger tells double sends from honest ones, and outlives the one who writes it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

use std::{fs::OpenOptions, io::Write as _};

use serde_json::{Value, json};
use testkit::{FakeGraph, FakeLine, HandClock, Ledger, Person};

async fn push(line: &FakeLine, to: &Person, text: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({"to": to.line_id(), "messages": [{"type": "text", "text": text}]});
    let url = format!("{}/v2/bot/message/push", line.base_url());
    let request = client.post(url).bearer_auth(&line.account().access_token).json(&body);
    request.send().await.unwrap().status().as_u16()
}

async fn send(graph: &FakeGraph, to: &Person, text: &str, metadata: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({"recipient": {"id": to.psid()}, "messaging_type": "RESPONSE",
                      "message": {"text": text, "metadata": metadata}});
    let url = format!("{}/me/messages", graph.base_url());
    let request = client.post(url).bearer_auth(&graph.account().page_token).json(&body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_same_words_are_a_double_only_when_nobody_asked_again() {
    let (clock, ledger) = (HandClock::new(), Ledger::new());
    let line = FakeLine::start(&clock, &ledger).await.unwrap();
    let (mali, somchai) = (Person::mali(), Person::somchai());
    line.webhook().text(&mali, "มีไหม").text(&somchai, "มีไหม").signed();
    assert_eq!(push(&line, &mali, "มีค่ะ").await, 200);
    assert_eq!(push(&line, &somchai, "มีค่ะ").await, 200);
    line.webhook().text(&mali, "มีไหม").signed();
    assert_eq!(push(&line, &mali, "มีค่ะ").await, 200);
    assert_eq!(push(&line, &mali, "รับกี่ตัวคะ").await, 200);
    ledger.assert_no_double_sends();
    assert_eq!(push(&line, &mali, "รับกี่ตัวคะ").await, 200);
    assert_eq!(ledger.double_sends().len(), 1);
    assert_eq!(ledger.double_sends()[0].why, "the same words");
}

#[tokio::test]
async fn the_same_key_is_a_double_even_after_the_customer_wrote_again() {
    let (clock, ledger) = (HandClock::new(), Ledger::new());
    let graph = FakeGraph::start(&clock, &ledger).await.unwrap();
    let mali = Person::mali();
    graph.webhook().text(&mali, "มีไหม").signed();
    assert_eq!(send(&graph, &mali, "มีค่ะ", "reply-1").await, 200);
    graph.webhook().text(&mali, "ฮัลโหล").signed();
    assert_eq!(send(&graph, &mali, "มีค่ะ", "reply-1").await, 200);
    assert_eq!(ledger.double_sends().len(), 1);
    assert_eq!(ledger.double_sends()[0].why, "the same key");
}

#[tokio::test]
async fn a_durable_ledger_is_read_again_without_its_torn_last_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let clock = HandClock::new();
    let mali = Person::mali();
    {
        let ledger = Ledger::durable(&path).unwrap();
        let line = FakeLine::start(&clock, &ledger).await.unwrap();
        line.webhook().text(&mali, "สวัสดี").signed();
        assert_eq!(push(&line, &mali, "สวัสดีค่ะ").await, 200);
    }
    let whole = Ledger::read(&path).unwrap().entries();
    assert_eq!(whole.len(), 2);
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"entry\":\"accep").unwrap();

    let ledger = Ledger::durable(&path).unwrap();
    assert_eq!(ledger.entries(), whole);
    let line = FakeLine::start_as(testkit::LineAccount::default(), 0, 2, &clock, &ledger).await.unwrap();
    line.befriend(&mali);
    assert_eq!(push(&line, &mali, "ของมาแล้วค่ะ").await, 200);
    assert_eq!(Ledger::read(&path).unwrap().entries(), ledger.entries());

    std::fs::write(&path, b"not a ledger\n").unwrap();
    assert!(Ledger::read(&path).is_err(), "a broken line that is whole is not passed over");
}

#[tokio::test]
async fn a_test_waits_for_what_must_happen_instead_of_sleeping() {
    let (clock, ledger) = (HandClock::new(), Ledger::new());
    let line = FakeLine::start(&clock, &ledger).await.unwrap();
    let mali = Person::mali();
    line.befriend(&mali);
    let told = ledger.clone();
    let waiter = tokio::spawn(async move { told.until(|ledger| ledger.accepted_count() == 2).await });
    assert_eq!(push(&line, &mali, "หนึ่ง").await, 200);
    assert_eq!(push(&line, &Person::nok(), "ใคร").await, 400);
    assert!(!waiter.is_finished());
    assert_eq!(push(&line, &mali, "สอง").await, 200);
    tokio::time::timeout(std::time::Duration::from_secs(5), waiter)
        .await
        .expect("it waits for ever")
        .unwrap();
}

#[tokio::test]
async fn the_transcript_reads_like_a_story() {
    let (clock, ledger) = (HandClock::new(), Ledger::new());
    let line = FakeLine::start(&clock, &ledger).await.unwrap();
    let graph = FakeGraph::start(&clock, &ledger).await.unwrap();
    let (mali, somchai) = (Person::mali(), Person::somchai());
    line.webhook().burst(&mali, &["สวัสดี", "มีเสื้อไหม"]).sticker(&mali, &["please"]).signed();
    clock.advance(std::time::Duration::from_secs(6));
    push(&line, &mali, "มีค่ะ\nสีฟ้า 290 บาท").await;
    push(&line, &Person::nok(), "ใคร").await;
    graph.webhook().text(&somchai, "แย่มาก").by_hand(&somchai, "ขอโทษครับ").signed();
    insta::assert_snapshot!(ledger.transcript());
    let counts: Vec<(String, usize)> =
        ledger.count_by_person().into_iter().map(|((_, person), count)| (person, count)).collect();
    assert_eq!(counts, [(mali.line_id(), 1)]);
    let read: Vec<Value> =
        ledger.entries().iter().map(|entry| serde_json::to_value(entry).unwrap()).collect();
    assert_eq!(read[0]["entry"], "said");
}
