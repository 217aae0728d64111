//! The fake Bot API refuses what Telegram refuses, and takes what Telegram takes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use testkit::{FakeTelegram, Fault, HandClock, Ledger, Person, TelegramCall};

struct Story {
    clock: HandClock,
    ledger: Ledger,
    telegram: FakeTelegram,
    client: Client,
}

impl Story {
    async fn begins() -> Self {
        let (clock, ledger) = (HandClock::new(), Ledger::new());
        let telegram = FakeTelegram::start(&clock, &ledger).await.unwrap();
        Self { clock, ledger, telegram, client: Client::builder().no_proxy().build().unwrap() }
    }

    async fn call(&self, method: &str, body: Value) -> Value {
        let url = format!("{}/bot{}/{method}", self.telegram.base_url(), self.telegram.account().token);
        let answer = self.client.post(url).timeout(Duration::from_secs(5)).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["ok"].as_bool() == Some(true), status == 200, "{body}");
        body
    }

    async fn refused(&self, method: &str, body: Value) -> (i64, String) {
        let answer = self.call(method, body).await;
        let code = answer["error_code"].as_i64().unwrap_or_else(|| panic!("taken: {answer}"));
        (code, answer["description"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn updates_are_confirmed_by_offset_and_come_again_until_then() {
    let story = Story::begins().await;
    let mali = Person::mali();
    let ids = story.telegram.updates().burst(&mali, &["สวัสดี", "มีเสื้อไหม", "สีฟ้า"]).queued();
    let first = story.call("getUpdates", json!({"limit": 2})).await;
    assert_eq!(first["result"].as_array().unwrap().len(), 2);
    let again = story.call("getUpdates", json!({"offset": ids[0]})).await;
    assert_eq!(again["result"].as_array().unwrap().len(), 3, "nothing was confirmed");
    assert_eq!(again["result"][0]["message"]["text"], "สวัสดี");
    assert_eq!(again["result"][0]["message"]["from"]["id"], mali.telegram_id());
    let rest = story.call("getUpdates", json!({"offset": ids[1] + 1})).await;
    assert_eq!(rest["result"].as_array().unwrap().len(), 1);
    assert_eq!(rest["result"][0]["update_id"], ids[2]);
    let none = story.call("getUpdates", json!({"offset": ids[2] + 1})).await;
    assert_eq!(none["result"], json!([]));
    assert_eq!(story.telegram.unconfirmed(), 0);

    let ids = story.telegram.updates().text(&mali, "เก่า").text(&mali, "ใหม่").queued();
    let newest = story.call("getUpdates", json!({"offset": -1})).await;
    assert_eq!(newest["result"][0]["update_id"], ids[1]);
    story.clock.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(story.call("getUpdates", json!({})).await["result"], json!([]), "kept for a day");
}

#[tokio::test]
async fn a_long_poll_ends_when_something_comes_or_someone_else_polls() {
    let story = Story::begins().await;
    let poll = || {
        let (client, base) = (story.client.clone(), story.telegram.base_url());
        let url = format!("{base}/bot{}/getUpdates", story.telegram.account().token);
        tokio::spawn(async move {
            let answer = client.post(url).json(&json!({"timeout": 30})).send().await.unwrap();
            answer.json::<Value>().await.unwrap()
        })
    };
    let first = poll();
    // The second ends the first, whichever of the two the server meets first.
    let second = poll();
    let ended = tokio::select! {
        answer = first => answer.unwrap(),
        answer = second => answer.unwrap(),
    };
    assert_eq!(ended["error_code"], 409);
    assert!(ended["description"].as_str().unwrap().starts_with("Conflict: terminated by other getUpdates"));

    let third = poll();
    while !third.is_finished() {
        story.telegram.updates().text(&Person::mali(), "มีใครอยู่ไหม").queued();
        tokio::task::yield_now().await;
    }
    assert_eq!(third.await.unwrap()["result"][0]["message"]["text"], "มีใครอยู่ไหม");
}

#[tokio::test]
async fn polling_and_a_webhook_exclude_each_other() {
    let story = Story::begins().await;
    assert_eq!(story.refused("setWebhook", json!({"url": "http://shop.example/hook"})).await.0, 400);
    assert_eq!(story.refused("setWebhook", json!({"url": "https://shop.example:9000/hook"})).await.0, 400);
    let spaced = json!({"url": "https://shop.example/hook", "secret_token": "with space"});
    assert_eq!(story.refused("setWebhook", spaced).await.0, 400);
    // A door that answers 404: nothing else listens there.
    let door = format!("{}/hook", story.telegram.base_url());
    let set = json!({"url": door, "secret_token": "s3cret_-"});
    assert_eq!(story.call("setWebhook", set).await["result"], true);
    let (code, why) = story.refused("getUpdates", json!({})).await;
    assert_eq!(code, 409);
    assert!(why.contains("webhook is active"));

    let hooks = story.telegram.updates().text(&Person::mali(), "สวัสดี").signed();
    assert_eq!(hooks[0].signature(), Some("s3cret_-"));
    story.telegram.updates().text(&Person::mali(), "สวัสดี").queued();
    assert_eq!(story.telegram.deliver().await.unwrap(), 0);
    let info = story.call("getWebhookInfo", json!({})).await;
    assert_eq!(info["result"]["url"], door.as_str());
    assert_eq!(info["result"]["pending_update_count"], 1);
    assert_eq!(info["result"]["last_error_message"], "Wrong response from the webhook: 404");
    assert_eq!(story.call("deleteWebhook", json!({"drop_pending_updates": true})).await["result"], true);
    assert_eq!(story.call("getUpdates", json!({})).await["result"], json!([]));
}

#[tokio::test]
async fn kinds_that_were_not_asked_for_do_not_come_and_the_list_persists() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.call("getUpdates", json!({"allowed_updates": ["message"]})).await;
    assert!(story.telegram.updates().edited(&mali, 1, "แก้").queued().is_empty());
    assert_eq!(story.telegram.updates().text(&mali, "สวัสดี").queued().len(), 1);
    story.call("getUpdates", json!({"allowed_updates": []})).await;
    assert_eq!(story.telegram.updates().edited(&mali, 1, "แก้").unknown("hologram").queued().len(), 2);
    assert!(story.telegram.updates().unknown("message_reaction").queued().is_empty());
}

#[tokio::test]
async fn messages_are_taken_within_their_limits_and_only_for_people_who_wrote() {
    let story = Story::begins().await;
    let mali = Person::mali();
    let say = |text: &str| json!({"chat_id": mali.telegram_id(), "text": text});
    assert_eq!(
        story.refused("sendMessage", say("สวัสดี")).await,
        (400, "Bad Request: chat not found".to_owned())
    );
    story.telegram.updates().text(&mali, "สวัสดี").queued();
    let answer = story.call("sendMessage", say("สวัสดีค่ะ")).await;
    assert_eq!(answer["result"]["message_id"], 2);
    assert_eq!(answer["result"]["chat"]["id"], mali.telegram_id());
    assert_eq!(story.call("sendMessage", say(&"ก".repeat(4_096))).await["ok"], true);
    for (what, body) in [
        ("too long", say(&"ก".repeat(4_097))),
        ("empty", say("")),
        ("misspelt", json!({"chat_id": mali.telegram_id(), "text": "x", "reply_to": 1})),
        (
            "quotes nothing",
            json!({"chat_id": mali.telegram_id(), "text": "x", "reply_parameters": {"message_id": 99}}),
        ),
        (
            "long button data",
            json!({"chat_id": mali.telegram_id(), "text": "x", "reply_markup":
                   {"inline_keyboard": [[{"text": "a", "callback_data": "d".repeat(65)}]]}}),
        ),
        (
            "keyboard of one row",
            json!({"chat_id": mali.telegram_id(), "text": "x", "reply_markup": {"keyboard": ["a"]}}),
        ),
    ] {
        assert_eq!(story.refused("sendMessage", body).await.0, 400, "{what}");
    }
    let keyboard = json!({"chat_id": mali.telegram_id(), "text": "เลือกค่ะ", "reply_markup":
        {"keyboard": [[{"text": "ใช่"}, {"text": "ไม่"}]], "one_time_keyboard": true},
        "reply_parameters": {"message_id": 1}});
    assert_eq!(story.call("sendMessage", keyboard).await["ok"], true);
    let photo = |photo: &str| json!({"chat_id": mali.telegram_id(), "photo": photo, "caption": "เมนู"});
    assert_eq!(story.call("sendPhoto", photo("https://a.example/1.jpg")).await["ok"], true);
    assert_eq!(story.refused("sendPhoto", photo("nothing")).await.0, 400);
    assert_eq!(story.ledger.replies_to(&mali.telegram_id().to_string()).len(), 4);

    story.telegram.updates().blocks(&mali).queued();
    let (code, why) = story.refused("sendMessage", say("ยังอยู่ไหมคะ")).await;
    assert_eq!((code, why.as_str()), (403, "Forbidden: bot was blocked by the user"));
}

#[tokio::test]
async fn taps_actions_chats_and_files() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.telegram.updates().tap(&mali, 1, "yes").photo(&mali, "สลิป", &b"\xFF\xD8slip"[..]).queued();
    let updates = story.call("getUpdates", json!({})).await;
    let query = updates["result"][0]["callback_query"]["id"].clone();
    let file = updates["result"][1]["message"]["photo"][0]["file_id"].clone();
    assert_eq!(story.call("answerCallbackQuery", json!({"callback_query_id": query})).await["result"], true);
    assert_eq!(story.refused("answerCallbackQuery", json!({"callback_query_id": query})).await.0, 400);
    let action = |action: &str| json!({"chat_id": mali.telegram_id(), "action": action});
    assert_eq!(story.call("sendChatAction", action("typing")).await["result"], true);
    assert_eq!(story.refused("sendChatAction", action("dancing")).await.0, 400);
    let chat = story.call("getChat", json!({"chat_id": mali.telegram_id()})).await;
    assert_eq!(chat["result"]["first_name"], mali.display_name.as_str());
    assert_eq!(story.call("getMe", json!({})).await["result"]["id"], 8_100_000_001_i64);

    let told = story.call("getFile", json!({"file_id": file})).await;
    let path = told["result"]["file_path"].as_str().unwrap();
    let base = story.telegram.base_url();
    let url = format!("{base}/file/bot{}/{path}", story.telegram.account().token);
    assert_eq!(&story.client.get(url).send().await.unwrap().bytes().await.unwrap()[..], b"\xFF\xD8slip");
    let url = format!("{base}/file/bot1:wrong/{path}");
    assert_eq!(story.client.get(url).send().await.unwrap().status(), 401);
    assert_eq!(story.refused("getFile", json!({"file_id": "nothing"})).await.0, 400);
}

#[tokio::test]
async fn a_wrong_token_too_many_calls_and_a_cut_connection() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.telegram.updates().text(&mali, "สวัสดี").queued();
    let url = format!("{}/bot1:wrong/getMe", story.telegram.base_url());
    assert_eq!(story.client.get(url).send().await.unwrap().status(), 401);
    story.telegram.revoke_token();
    assert_eq!(story.refused("getMe", json!({})).await.0, 401);
    story.telegram.renew_token();

    let faults = story.telegram.faults();
    faults.once(TelegramCall::SendMessage, Fault::TooMany { retry_after_s: Some(7) });
    let say = json!({"chat_id": mali.telegram_id(), "text": "สวัสดีค่ะ"});
    let limited = story.call("sendMessage", say.clone()).await;
    assert_eq!(limited["parameters"]["retry_after"], 7);
    assert!(story.ledger.accepted().is_empty());

    faults.once(TelegramCall::SendMessage, Fault::AcceptThenReset);
    let url = format!("{}/bot{}/sendMessage", story.telegram.base_url(), story.telegram.account().token);
    assert!(story.client.post(url).json(&say).send().await.is_err());
    assert_eq!(story.ledger.accepted().len(), 1);
    let refusals = format!("{:?}", story.ledger.refused());
    assert!(!refusals.contains(&story.telegram.account().token), "the ledger must not show the token");
}
