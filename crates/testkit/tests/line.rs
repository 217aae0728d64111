//! The fake LINE refuses what LINE refuses, and takes what LINE takes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use testkit::{
    FakeLine, Fault, HandClock, Ledger, LineCall, Person, Postman, SignedWebhook,
    fake::line::ContentState,
    ledger::{Refused, Way},
};

struct Story {
    clock: HandClock,
    ledger: Ledger,
    line: FakeLine,
    client: Client,
}

impl Story {
    async fn begins() -> Self {
        let (clock, ledger) = (HandClock::new(), Ledger::new());
        let line = FakeLine::start(&clock, &ledger).await.unwrap();
        Self { clock, ledger, line, client: Client::builder().no_proxy().build().unwrap() }
    }

    async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Value) -> (u16, Value) {
        let answer = self.ask(method, path, headers, body).await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> reqwest::Result<Response> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.line.base_url()))
            .timeout(Duration::from_secs(5))
            .bearer_auth(&self.line.account().access_token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        request.send().await
    }

    async fn reply(&self, token: &str, texts: &[&str]) -> (u16, Value) {
        let messages: Vec<Value> = texts.iter().map(|text| json!({"type": "text", "text": text})).collect();
        self.call(
            Method::POST,
            "/v2/bot/message/reply",
            &[],
            json!({"replyToken": token, "messages": messages}),
        )
        .await
    }

    async fn push(&self, to: &str, key: &str, text: &str) -> (u16, Value) {
        let body = json!({"to": to, "messages": [{"type": "text", "text": text}]});
        self.call(Method::POST, "/v2/bot/message/push", &[("x-line-retry-key", key)], body).await
    }

    fn last_refusal(&self) -> Refused {
        self.ledger.refused().pop().expect("nothing was refused")
    }
}

fn reply_token(hook: &SignedWebhook) -> String {
    let body: Value = serde_json::from_slice(&hook.body).unwrap();
    body["events"][0]["replyToken"].as_str().expect("no reply token").to_owned()
}

const KEY: &str = "123e4567-e89b-12d3-a456-426614174000";

#[tokio::test]
async fn mali_asks_and_one_reply_reaches_her_once() {
    let story = Story::begins().await;
    let mali = Person::mali();
    let hook = story.line.webhook().text(&mali, "เสื้อสีฟ้ามีไหมคะ").signed();
    let token = reply_token(&hook);

    let (status, body) = story.reply(&token, &["มีค่ะ 290 บาท", "รับกี่ตัวดีคะ"]).await;
    assert_eq!(status, 200);
    assert_eq!(body["sentMessages"].as_array().unwrap().len(), 2);
    assert!(body["sentMessages"][0]["quoteToken"].is_string());

    let (status, body) = story.reply(&token, &["อีกครั้ง"]).await;
    assert_eq!((status, body["message"].as_str()), (400, Some("Invalid reply token")));

    let sent = story.ledger.replies_to(&mali.line_id());
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].way, Way::Reply);
    assert_eq!(sent[0].text, "มีค่ะ 290 บาท\nรับกี่ตัวดีคะ");
    assert_eq!(story.line.quota_used(), 0, "a reply is free of charge");
    story.ledger.assert_no_double_sends();
}

#[tokio::test]
async fn a_reply_token_dies_after_a_minute_and_a_redelivery_renews_it_for_twenty() {
    let story = Story::begins().await;
    let hook = story.line.webhook().text(&Person::mali(), "ราคาเท่าไหร่คะ").signed();
    story.clock.advance(Duration::from_millis(60_001));
    assert_eq!(story.reply(&reply_token(&hook), &["290"]).await.0, 400);

    let again = story.line.redelivered(&hook);
    assert!(String::from_utf8_lossy(&again.body).contains("\"isRedelivery\":true"));
    assert_ne!(again.signature(), hook.signature());
    story.clock.advance(Duration::from_secs(60));
    assert_eq!(story.reply(&reply_token(&again), &["290"]).await.0, 200);

    let late = story.line.webhook().text(&Person::mali(), "ยังไม่ตอบเลย").signed();
    story.clock.advance(Duration::from_secs(20 * 60 + 1));
    let late = story.line.redelivered(&late);
    assert_eq!(story.reply(&reply_token(&late), &["290"]).await.0, 400);
}

#[tokio::test]
async fn a_reply_must_not_carry_a_retry_key_and_does_not_spend_the_token_then() {
    let story = Story::begins().await;
    let token = reply_token(&story.line.webhook().text(&Person::mali(), "สวัสดี").signed());
    let body = json!({"replyToken": token, "messages": [{"type": "text", "text": "สวัสดีค่ะ"}]});
    let (status, _) =
        story.call(Method::POST, "/v2/bot/message/reply", &[("X-Line-Retry-Key", KEY)], body).await;
    assert_eq!(status, 400);
    assert_eq!(story.reply(&token, &["สวัสดีค่ะ"]).await.0, 200);
}

#[tokio::test]
async fn the_same_retry_key_is_accepted_once_a_day() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.line.befriend(&mali);
    let (status, first) = story.push(&mali.line_id(), KEY, "ของมาแล้วค่ะ").await;
    assert_eq!(status, 200);

    let body = json!({"to": mali.line_id(), "messages": [{"type": "text", "text": "ของมาแล้วค่ะ"}]});
    let again = story
        .ask(Method::POST, "/v2/bot/message/push", &[("x-line-retry-key", &KEY.to_uppercase())], body)
        .await
        .unwrap();
    assert_eq!(again.status(), 409);
    let accepted = again.headers()["x-line-accepted-request-id"].to_str().unwrap().to_owned();
    let body: Value = again.json().await.unwrap();
    assert_eq!(body["message"], "The retry key is already accepted");
    assert_eq!(body["sentMessages"], first["sentMessages"]);
    let sent = story.ledger.replies_to(&mali.line_id());
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].request_id, accepted);
    assert_eq!(story.line.quota_used(), 1);

    story.clock.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(story.push(&mali.line_id(), KEY, "ของมาแล้วค่ะ").await.0, 200, "forgotten after a day");
    assert_eq!(story.push(&mali.line_id(), "not-a-uuid", "x").await.0, 400);
    assert_eq!(story.ledger.double_sends().len(), 1, "the ledger sees what the forgotten key let through");
}

#[tokio::test]
async fn push_stops_at_the_monthly_limit_and_a_blocker_is_not_counted() {
    let story = Story::begins().await;
    story.line.set_quota(Some(1));
    let (mali, somchai) = (Person::mali(), Person::somchai());
    story.line.webhook().text(&mali, "สวัสดี").unfollow(&somchai).signed();

    assert_eq!(
        story.push(&somchai.line_id(), "00000000-0000-4000-8000-000000000001", "ขอโทษครับ").await.0,
        200
    );
    assert!(!story.ledger.replies_to(&somchai.line_id())[0].shown);
    assert_eq!(story.line.quota_used(), 0);

    assert_eq!(story.push(&mali.line_id(), "00000000-0000-4000-8000-000000000002", "หนึ่ง").await.0, 200);
    let (status, body) = story.push(&mali.line_id(), "00000000-0000-4000-8000-000000000003", "สอง").await;
    assert_eq!((status, body["message"].as_str()), (429, Some("You have reached your monthly limit.")));
    let (_, used) = story.call(Method::GET, "/v2/bot/message/quota/consumption", &[], Value::Null).await;
    assert_eq!(used, json!({"totalUsage": 1}));
    let (_, quota) = story.call(Method::GET, "/v2/bot/message/quota", &[], Value::Null).await;
    assert_eq!(quota, json!({"type": "limited", "value": 1}));
    assert_eq!(story.push("Uffffffffffffffffffffffffffffffff", KEY, "ใคร").await.0, 400, "never met");
}

#[tokio::test]
async fn bodies_that_line_would_not_take_are_refused_and_named() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.line.befriend(&mali);
    let text = |text: &str| json!({"type": "text", "text": text});
    let button =
        |label: &str| json!({"type": "action", "action": {"type": "message", "label": label, "text": label}});
    let with_buttons = |count: usize, label: &str| {
        let items: Vec<Value> = (0..count).map(|_| button(label)).collect();
        json!({"type": "text", "text": "เลือกเลยค่ะ", "quickReply": {"items": items}})
    };
    let refused: Vec<(&str, Value, &str)> = vec![
        ("no message", json!([]), "messages"),
        ("six messages", Value::Array((0..6).map(|n| text(&n.to_string())).collect()), "messages"),
        ("no words", json!([text("")]), "messages[0].text"),
        ("words missing", json!([{"type": "text"}]), "messages[0].text"),
        ("5001 units", json!([text(&"ก".repeat(5_001))]), "messages[0].text"),
        ("2501 pairs", json!([text(&"🌼".repeat(2_501))]), "messages[0].text"),
        ("14 buttons", json!([with_buttons(14, "ใช่")]), "messages[0].quickReply.items"),
        ("no buttons", json!([with_buttons(0, "ใช่")]), "messages[0].quickReply.items"),
        (
            "long label",
            json!([with_buttons(1, &"ก".repeat(21))]),
            "messages[0].quickReply.items[0].action.label",
        ),
        ("unknown kind", json!([{"type": "smoke-signal"}]), "messages[0].type"),
        ("misspelt name", json!([{"type": "text", "text": "x", "quickreply": {}}]), "messages[0].quickreply"),
        (
            "picture without https",
            json!([{"type": "image", "originalContentUrl": "http://a.example/1.jpg",
                    "previewImageUrl": "https://a.example/1.jpg"}]),
            "messages[0].originalContentUrl",
        ),
        (
            "picture without preview",
            json!([{"type": "image", "originalContentUrl": "https://a.example/1.jpg"}]),
            "messages[0].previewImageUrl",
        ),
        ("text is a number", json!([{"type": "text", "text": 5}]), "messages[0].text"),
    ];
    for (what, messages, property) in refused {
        let body = json!({"to": mali.line_id(), "messages": messages});
        let (status, answer) = story.call(Method::POST, "/v2/bot/message/push", &[], body).await;
        assert_eq!(status, 400, "{what}: {answer}");
        let named = answer["details"].as_array().unwrap();
        assert!(named.iter().any(|detail| detail["property"] == property), "{what}: {answer}");
    }
    assert!(story.ledger.accepted().is_empty());

    let accepted: Vec<Value> = vec![
        Value::Array((0..5).map(|n| text(&n.to_string())).collect()),
        json!([text(&"ก".repeat(5_000))]),
        json!([text(&"🌼".repeat(2_500))]),
        json!([with_buttons(13, &"ก".repeat(20))]),
        json!([{"type": "image", "originalContentUrl": "https://a.example/1.jpg",
                "previewImageUrl": "https://a.example/1s.jpg"}]),
        json!([{"type": "sticker", "packageId": "446", "stickerId": "1988"}]),
        json!([{"type": "textV2", "text": "สวัสดี {who}", "substitution": {"who": {"type": "mention",
                "mentionee": {"type": "user", "userId": mali.line_id()}}}}]),
        json!([{"type": "template", "altText": "เมนู", "template": {"type": "confirm", "text": "รับไหมคะ",
                "actions": [{"type": "message", "label": "รับ", "text": "รับ"},
                            {"type": "uri", "label": "ดู", "uri": "https://a.example/menu"}]}}]),
        json!([{"type": "flex", "altText": "เมนู", "contents": {"type": "bubble", "body": {"type": "box",
                "layout": "vertical", "contents": [{"type": "text", "text": "ลาเต้"}]}}}]),
    ];
    let count = accepted.len();
    for messages in accepted {
        let body = json!({"to": mali.line_id(), "messages": messages});
        let (status, answer) = story.call(Method::POST, "/v2/bot/message/push", &[], body).await;
        assert_eq!(status, 200, "{messages}: {answer}");
    }
    assert_eq!(story.ledger.accepted().len(), count);
}

#[tokio::test]
async fn a_wrong_or_revoked_token_is_refused_and_a_stateless_one_lives_fifteen_minutes() {
    let story = Story::begins().await;
    let info = format!("{}/v2/bot/info", story.line.base_url());
    let wrong = story.client.get(&info).bearer_auth("someone else's").send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    assert_eq!(story.client.get(&info).send().await.unwrap().status(), 401);
    story.line.revoke_token();
    assert_eq!(story.call(Method::GET, "/v2/bot/info", &[], Value::Null).await.0, 401);
    story.line.renew_token();
    let (status, body) = story.call(Method::GET, "/v2/bot/info", &[], Value::Null).await;
    assert_eq!((status, body["userId"].as_str()), (200, Some(story.line.account().bot_user_id.as_str())));

    let token_url = format!("{}/oauth2/v3/token", story.line.base_url());
    let form = |secret: &str| {
        [
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", story.line.account().channel_id.clone()),
            ("client_secret", secret.to_owned()),
        ]
    };
    let refused = story.client.post(&token_url).form(&form("guessed")).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let issued = story.client.post(&token_url).form(&form(&story.line.account().channel_secret));
    let issued: Value = issued.send().await.unwrap().json().await.unwrap();
    assert_eq!(issued["expires_in"], 900);
    let token = issued["access_token"].as_str().unwrap();
    assert_eq!(story.client.get(&info).bearer_auth(token).send().await.unwrap().status(), 200);
    story.clock.advance(Duration::from_secs(900));
    assert_eq!(story.client.get(&info).bearer_auth(token).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_picture_is_fetched_while_it_is_there() {
    let story = Story::begins().await;
    let nok = Person::nok();
    let hook = story.line.webhook().image(&nok, &b"\x89PNG slip"[..]).signed();
    let id = hook.message_ids[0].clone();
    let path = format!("/v2/bot/message/{id}/content");
    story.line.set_content(&id, ContentState::Preparing);
    assert_eq!(story.call(Method::GET, &path, &[], Value::Null).await.0, 202);
    story.line.set_content(&id, ContentState::Ready);
    let picture = story.ask(Method::GET, &path, &[], Value::Null).await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert_eq!(&picture.bytes().await.unwrap()[..], b"\x89PNG slip");
    story.line.webhook().unsend(&nok, &id).signed();
    assert_eq!(story.call(Method::GET, &path, &[], Value::Null).await.0, 410);
    assert_eq!(story.call(Method::GET, "/v2/bot/message/1/content", &[], Value::Null).await.0, 404);
}

#[tokio::test]
async fn typing_reading_and_profiles_are_noted() {
    let story = Story::begins().await;
    let mali = Person::mali();
    let hook = story.line.webhook().text(&mali, "สวัสดี").signed();
    let loading = |seconds: i64| json!({"chatId": mali.line_id(), "loadingSeconds": seconds});
    let path = "/v2/bot/chat/loading/start";
    assert_eq!(story.call(Method::POST, path, &[], loading(7)).await.0, 400);
    assert_eq!(story.call(Method::POST, path, &[], loading(65)).await.0, 400);
    assert_eq!(story.call(Method::POST, path, &[], loading(20)).await.0, 202);
    assert_eq!(story.ledger.noted("typing").len(), 1);

    let body: Value = serde_json::from_slice(&hook.body).unwrap();
    let token = &body["events"][0]["message"]["markAsReadToken"];
    let path = "/v2/bot/chat/markAsRead";
    assert_eq!(story.call(Method::POST, path, &[], json!({"markAsReadToken": "guessed"})).await.0, 400);
    assert_eq!(story.call(Method::POST, path, &[], json!({"markAsReadToken": token})).await.0, 200);
    assert_eq!(story.ledger.noted("read")[0].about, mali.line_id());

    let path = format!("/v2/bot/profile/{}", mali.line_id());
    assert_eq!(story.call(Method::GET, &path, &[], Value::Null).await.1["displayName"], mali.display_name);
    story.line.webhook().unfollow(&mali).signed();
    assert_eq!(story.call(Method::GET, &path, &[], Value::Null).await.0, 404);
}

#[tokio::test]
async fn faults_tell_accepted_from_not_accepted() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.line.befriend(&mali);
    let body = json!({"to": mali.line_id(), "messages": [{"type": "text", "text": "x"}]});
    let push = |key: u8| {
        let key = format!("00000000-0000-4000-8000-{key:012}");
        let (story, body) = (&story, body.clone());
        async move {
            let answer =
                story.ask(Method::POST, "/v2/bot/message/push", &[("x-line-retry-key", &key)], body).await;
            answer.map(|answer| answer.status().as_u16())
        }
    };
    let faults = story.line.faults();

    faults.once(LineCall::Push, Fault::AcceptThenReset);
    let error = push(1).await.unwrap_err();
    assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
    assert_eq!(story.ledger.accepted().len(), 1, "accepted, although the caller saw a reset");
    assert_eq!(push(1).await.unwrap(), 409, "the same key tells the truth");

    faults.once(LineCall::Push, Fault::Reset);
    assert!(push(2).await.is_err());
    assert_eq!(story.ledger.accepted().len(), 1);

    faults.once(LineCall::Push, Fault::ErrorBefore);
    assert_eq!(push(3).await.unwrap(), 500);
    assert_eq!(story.ledger.accepted().len(), 1);

    faults.once(LineCall::Push, Fault::ErrorAfter);
    assert_eq!(push(4).await.unwrap(), 500);
    assert_eq!(story.ledger.accepted().len(), 2);

    faults.once(LineCall::Push, Fault::TooMany { retry_after_s: Some(30) });
    let limited = story.ask(Method::POST, "/v2/bot/message/push", &[], body.clone()).await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "30"));
    faults.once(LineCall::Push, Fault::TooMany { retry_after_s: None });
    let limited = story.ask(Method::POST, "/v2/bot/message/push", &[], body.clone()).await.unwrap();
    assert!(limited.headers().get("retry-after").is_none());

    faults.once(LineCall::Push, Fault::ExpiredToken);
    assert_eq!(push(5).await.unwrap(), 401);
    assert!(story.last_refusal().reason.contains("invalid token"));

    faults.once(LineCall::Push, Fault::Hang);
    let hung = story
        .client
        .post(format!("{}/v2/bot/message/push", story.line.base_url()))
        .bearer_auth(&story.line.account().access_token)
        .timeout(Duration::from_millis(300))
        .json(&body);
    assert!(hung.send().await.unwrap_err().is_timeout());
    assert_eq!(story.ledger.accepted().len(), 2);

    faults.once(LineCall::Push, Fault::Slow { millis: 30 });
    assert_eq!(push(6).await.unwrap(), 200);
    assert_eq!(faults.waiting(), 0);

    story.line.stop();
    let dead = story.client.get(story.line.base_url()).send().await.unwrap_err();
    assert!(dead.is_connect() || dead.is_request(), "{dead:?}");
}

#[tokio::test]
async fn the_webhook_of_one_fake_verifies_by_the_published_vector_and_the_test_call_posts_one() {
    let story = Story::begins().await;
    let account = testkit::LineAccount {
        channel_secret: "8c570fa6dd201bb328f1c1eac23a96d8".to_owned(),
        ..testkit::LineAccount::default()
    };
    let published = FakeLine::start_as(account, 0, 1, &story.clock, &story.ledger).await.unwrap();
    let hook = published.sign(r#"{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}"#);
    assert_eq!(hook.signature(), Some("GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="));
    assert_ne!(hook.clone().tampered().body, hook.body);
    assert_eq!(hook.unsigned().signature(), None);

    // The door is another fake, which answers 404 to everything that is not its API.
    let door = format!("{}/hooks/line", published.base_url());
    let set = "/v2/bot/channel/webhook/endpoint";
    assert_eq!(story.call(Method::GET, set, &[], Value::Null).await.0, 404);
    let plain = json!({"endpoint": "http://shop.example/hook"});
    assert_eq!(story.call(Method::PUT, set, &[], plain).await.0, 400, "https only");
    assert_eq!(story.call(Method::PUT, set, &[], json!({"endpoint": door})).await.0, 200);
    let (_, got) = story.call(Method::GET, set, &[], Value::Null).await;
    assert_eq!(got, json!({"endpoint": door, "active": true}));
    let (status, test) = story.call(Method::POST, "/v2/bot/channel/webhook/test", &[], json!({})).await;
    assert_eq!(
        (status, test["success"].as_bool(), test["statusCode"].as_u64()),
        (200, Some(false), Some(404))
    );
    let posted = Postman::new().unwrap().post(&door, &story.line.webhook().signed()).await.unwrap();
    assert_eq!(posted.status, 404);
}

#[tokio::test]
async fn every_kind_of_webhook_has_lines_shape() {
    let story = Story::begins().await;
    let (mali, somchai) = (Person::mali(), Person::somchai());
    let hook = story
        .line
        .webhook()
        .burst(&mali, &["สวัสดี", "มีเสื้อไหม", "สีฟ้า"])
        .sticker(&mali, &["hello"])
        .image(&mali, &b"\xFF\xD8"[..])
        .location(&mali, "ร้าน", 13.75, 100.5)
        .postback(&mali, "menu=1")
        .follow(&somchai, true)
        .unfollow(&somchai)
        .unsend(&mali, "500001")
        .edited(&mali, "C1", "500001", "แก้แล้ว")
        .group_text(&mali, "C1", "@ร้าน")
        .delivery("abc")
        .unknown(&mali, "hologram")
        .text(&mali, "ยังอยู่ไหม")
        .standby()
        .at_ms(0)
        .text(&mali, "นานมาแล้ว")
        .signed();
    let body: Value = serde_json::from_slice(&hook.body).unwrap();
    insta::assert_json_snapshot!(body);
}
