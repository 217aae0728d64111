//! The relay's door: what comes in is kept before it is confirmed, and bad input harms nobody but itself.

use domain::{Autonomy, DeliveryState};
use journeys::{Stage, shop::ASKS_LATTE};
use serde_json::json;
use testkit::{Person, SignedWebhook};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_signature_is_found_at_home_counted_and_not_stored() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    let forged = stage.fakes.line.webhook().text(&mali, "ขอส่วนลด 50%").signed().tampered();
    // The relay has no secrets, so it cannot know.
    assert_eq!(stage.post(&line, &forged).await.status, 200);
    let hook = stage.fakes.line.webhook().text(&mali, "ขอส่วนลด 50%").signed().unsigned();
    assert_eq!(stage.post(&line, &hook).await.status, 200);
    stage
        .until("two refusals on the channel", async || {
            let channel = stage.house().read().channel(line.channel).await.unwrap();
            (channel.refused == 2).then_some(())
        })
        .await;
    stage.all_confirmed().await;
    assert!(stage.conversation(&line, &mali).await.is_none());
    stage.is_answered(&line, &mali, ASKS_LATTE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_body_is_parked_and_blocks_nobody() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let bodies: [&[u8]; 5] = [
        b"{\"destination\": \"U5a1a\", \"events\": [",
        b"",
        b"[]",
        b"\xff\xfe\x00\x00 not UTF-8 \xc3\x28",
        b"{\"events\": {\"a\": 1e999}}",
    ];
    for body in bodies {
        assert_eq!(stage.post(&line, &stage.fakes.line.sign(body.to_vec())).await.status, 200);
    }
    let mali = Person::mali();
    stage.is_answered(&line, &mali, ASKS_LATTE).await;
    stage.all_confirmed().await;
    let (waiting, parked) = stage.house().read().envelope_counts().await.unwrap();
    assert_eq!(waiting, 0);
    assert!(parked >= 1, "kept for whoever wants to look");
}

/// One webhook with nonsense around Mali's question.
fn with_bad_neighbours(stage: &Stage, mali: &Person) -> SignedWebhook {
    stage
        .fakes
        .line
        .webhook()
        .raw(json!(null))
        .raw(json!({ "type": "message" }))
        .raw(json!({ "type": "brain_wave", "timestamp": 1e300, "webhookEventId": "W1" }))
        .raw(json!({
            "type": "message", "timestamp": -99_999_999_999_999_i64, "webhookEventId": "W2",
            "source": { "type": "user", "userId": "U0000000000000000000000000000beef" },
            "message": { "type": "text", "id": 9_007_199_254_740_993_i64, "text": 7 },
        }))
        .unknown(mali, "hologram")
        .text(mali, ASKS_LATTE)
        .raw(json!({ "type": "unsend", "unsend": {} }))
        .signed()
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_in_the_same_batch_survive() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    let hook = with_bad_neighbours(&stage, &mali);
    assert_eq!(stage.post(&line, &hook).await.status, 200);
    stage.heard(&line, &mali, ASKS_LATTE).await;
    stage.pause();
    stage.until_delivery(&line, &mali, DeliveryState::Waiting).await;
    stage.hold_over();
    stage.until_delivery(&line, &mali, DeliveryState::Sent).await;
    assert_eq!(stage.replies(&line, &mali).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_are_too_large_and_a_long_letter_is_not() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Draft).await;
    let mali = Person::mali();
    let huge = stage.fakes.line.sign(vec![b'x'; 10 * 1024 * 1024]);
    // 413, or cut off in the middle of it.
    assert!(matches!(stage.try_post(&line, &huge).await, Some(413) | None));
    let letter = "ลาเต้เย็นราคาเท่าไหร่คะ ".repeat(100_000 / 24);
    let letter = letter.trim();
    assert!(letter.chars().count() > 95_000);
    stage.hears(&line, &mali, letter).await;
    stage.pause();
    stage.decided().await;
    let talk = stage.talk(&line, &mali).await;
    assert_eq!(talk[0].text, letter, "kept whole");
    assert!(talk[0].meaning.is_some(), "and understood by its beginning");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_evil_names_are_only_names() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Draft).await;
    let mali = Person::mali();
    let names = ["../../../etc/passwd", "C:\\Windows\\nul.txt", "slip\u{202e}gpj.exe", "", "....//\u{0}x"];
    let mut hook = stage.fakes.line.webhook();
    for (nth, name) in (0_i64..).zip(names) {
        hook = hook.raw(json!({
            "type": "message", "mode": "active", "timestamp": stage.now().millis(),
            "webhookEventId": format!("01EVIL{nth:020}"), "deliveryContext": { "isRedelivery": false },
            "source": { "type": "user", "userId": mali.line_id() },
            "message": { "type": "file", "id": format!("9000000000000000{nth:02}"), "fileName": name,
                         "fileSize": 9_007_199_254_740_993_i64 },
        }));
    }
    assert_eq!(stage.post(&line, &hook.signed()).await.status, 200);
    stage
        .until("all files in a turn", async || {
            let talk = stage.talk(&line, &mali).await;
            (talk.iter().filter(|spoken| spoken.turn.is_some()).count() == 5).then_some(())
        })
        .await;
    stage.pause();
    stage.decided().await;
    for spoken in stage.talk(&line, &mali).await {
        for part in &spoken.parts {
            let domain::Part::File(file) = part else { panic!("{part:?}") };
            let safe = domain::safe_file_name(file.name.as_deref().unwrap_or_default());
            assert!(!safe.contains(['/', '\\', '\0', '\u{202e}']) && !safe.starts_with('.'), "{safe:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_answers_meta_and_line_while_the_laptop_is_off() {
    let mut stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Auto).await;
    let line = stage.line(Autonomy::Auto).await;
    stage.close().await;
    let token = stage.fakes.graph.account().verify_token.clone();
    let query =
        [("hub.mode", "subscribe"), ("hub.challenge", "314159"), ("hub.verify_token", token.as_str())];
    let told = stage.get(&page, &query).await;
    assert_eq!((told.status, &told.body[..]), (200, b"314159".as_slice()));
    // LINE's button "Verify" posts a webhook without events.
    assert_eq!(stage.post(&line, &stage.fakes.line.webhook().signed()).await.status, 200);
    stage.open().await;
    stage.all_confirmed().await;
    stage.is_answered(&line, &Person::mali(), ASKS_LATTE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_away_for_an_hour_is_found_again() {
    let mut stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.is_answered(&line, &mali, ASKS_LATTE).await;
    stage.relay.close().await;
    stage
        .until("the house noticing", async || stage.house().troubles().contains_key("relay").then_some(()))
        .await;
    stage.relay.reopen().await;
    let text = "แล้วครัวซองต์ราคาเท่าไหร่คะ";
    stage.says(&line, &mali, text).await;
    stage
        .until("the words that waited at the relay", async || {
            stage.wind(std::time::Duration::from_secs(1));
            stage.transcript(&line, &mali).await.iter().any(|said| said.contains(text)).then_some(())
        })
        .await;
}
