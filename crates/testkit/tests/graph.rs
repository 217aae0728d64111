//! The fake Graph API refuses what Meta refuses, and takes what Meta takes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use testkit::{
    FakeGraph, FakeLine, Fault, GraphAccount, GraphCall, HandClock, Ledger, LineAccount, Person,
    fake::graph::EchoTiming, ledger::Way,
};

struct Story {
    clock: HandClock,
    ledger: Ledger,
    graph: FakeGraph,
    client: Client,
}

impl Story {
    async fn begins() -> Self {
        Self::of(GraphAccount::default()).await
    }

    async fn of(account: GraphAccount) -> Self {
        let (clock, ledger) = (HandClock::new(), Ledger::new());
        let graph = FakeGraph::start_as(account, 0, 1, &clock, &ledger).await.unwrap();
        Self { clock, ledger, graph, client: Client::builder().no_proxy().build().unwrap() }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let mut request = self
            .client
            .request(method, format!("{}/v25.0/{path}", self.graph.base_url()))
            .timeout(Duration::from_secs(5))
            .bearer_auth(&self.graph.account().page_token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn send(&self, body: Value) -> (u16, Value) {
        self.call(Method::POST, "me/messages", body).await
    }

    async fn refused(&self, body: Value) -> (i64, i64) {
        let (status, answer) = self.send(body).await;
        assert!(status >= 400, "{answer}");
        let number = |name: &str| answer["error"][name].as_i64().unwrap_or(0);
        (number("code"), number("error_subcode"))
    }
}

fn text_to(person: &Person, text: &str) -> Value {
    json!({"recipient": {"id": person.psid()}, "messaging_type": "RESPONSE",
           "message": {"text": text, "metadata": "outbox-1"}})
}

#[tokio::test]
async fn mali_asks_and_the_answer_stands_in_the_ledger_and_the_conversation() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.graph.webhook().text(&mali, "มีเสื้อสีฟ้าไหมคะ").signed();
    story.clock.advance(Duration::from_secs(3));
    let (status, body) = story.send(text_to(&mali, "มีค่ะ")).await;
    assert_eq!((status, body["recipient_id"].as_str()), (200, Some(mali.psid().as_str())));
    let sent = story.ledger.replies_to(&mali.psid());
    assert_eq!(sent.len(), 1);
    assert_eq!(body["message_id"], sent[0].message_ids[0].as_str());
    assert_eq!(sent[0].key.as_deref(), Some("outbox-1"));

    let path = format!(
        "me/conversations?platform=messenger&user_id={}&fields=updated_time,messages.limit(1){{id,message,from,created_time}}",
        mali.psid()
    );
    let (_, told) = story.call(Method::GET, &path, Value::Null).await;
    let talk = &told["data"][0];
    assert_eq!(talk["updated_time"], "2026-06-10T03:30:03+0000");
    assert_eq!(talk["messages"]["data"].as_array().unwrap().len(), 1);
    assert_eq!(talk["messages"]["data"][0]["id"], body["message_id"]);
    assert_eq!(talk["messages"]["data"][0]["message"], "มีค่ะ");
    assert_eq!(talk["messages"]["data"][0]["from"]["id"], story.graph.account().page_id.as_str());
    assert_eq!(talk.get("snippet"), None, "only what was asked for");
}

#[tokio::test]
async fn the_window_closes_after_a_day_and_for_a_persons_words_after_a_week() {
    let story = Story::begins().await;
    let (mali, tagged) = (Person::mali(), |person: &Person| {
        json!({"recipient": {"id": person.psid()}, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT",
               "message": {"text": "ขอโทษที่ตอบช้านะคะ"}})
    });
    assert_eq!(story.refused(text_to(&mali, "สวัสดีค่ะ")).await, (100, 2_018_001), "never wrote");
    story.graph.webhook().text(&mali, "สวัสดี").signed();
    story.clock.advance(Duration::from_secs(24 * 3_600 - 1));
    assert_eq!(story.send(text_to(&mali, "หนึ่ง")).await.0, 200);
    story.clock.advance(Duration::from_secs(1));
    assert_eq!(story.refused(text_to(&mali, "สอง")).await, (10, 2_018_278));
    assert_eq!(story.send(tagged(&mali)).await.0, 200);
    story.clock.advance(Duration::from_secs(6 * 24 * 3_600));
    assert_eq!(story.refused(tagged(&mali)).await, (10, 2_018_278));
    story.graph.webhook().reaction(&mali, "m_1", "❤").signed();
    assert_eq!(story.send(text_to(&mali, "สาม")).await.0, 200, "a reaction opens it again");

    let account = GraphAccount { human_agent: false, ..GraphAccount::default() };
    let poor = Story::of(account).await;
    poor.graph.webhook().text(&mali, "สวัสดี").signed();
    assert_eq!(poor.refused(tagged(&mali)).await.0, 10, "the feature was not granted");
}

#[tokio::test]
async fn bodies_that_meta_would_not_take_are_refused() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.graph.webhook().text(&mali, "สวัสดี").signed();
    let with = |message: Value| json!({"recipient": {"id": mali.psid()}, "messaging_type": "RESPONSE", "message": message});
    let buttons = |count: usize, title: &str| {
        let replies: Vec<Value> =
            (0..count).map(|_| json!({"content_type": "text", "title": title, "payload": "p"})).collect();
        with(json!({"text": "เลือกค่ะ", "quick_replies": replies}))
    };
    let image = |url: &str| with(json!({"attachment": {"type": "image", "payload": {"url": url}}}));
    let refused: Vec<(&str, Value)> = vec![
        ("2000 characters", text_to(&mali, &"ก".repeat(2_000))),
        ("no words", text_to(&mali, " ")),
        ("nothing", with(json!({}))),
        ("text and picture", with(json!({"text": "x", "attachment": {"type": "image", "payload": {}}}))),
        ("long metadata", with(json!({"text": "x", "metadata": "m".repeat(1_001)}))),
        ("14 buttons", buttons(14, "ใช่")),
        ("no buttons", buttons(0, "ใช่")),
        ("long title", buttons(1, &"ก".repeat(21))),
        ("misspelt key", with(json!({"text": "x", "quick_reply": []}))),
        ("picture without https", image("http://a.example/1.jpg")),
        ("no messaging type", json!({"recipient": {"id": mali.psid()}, "message": {"text": "x"}})),
        (
            "retired tag",
            json!({"recipient": {"id": mali.psid()}, "messaging_type": "MESSAGE_TAG",
                   "tag": "ACCOUNT_UPDATE", "message": {"text": "x"}}),
        ),
        ("no recipient", json!({"messaging_type": "RESPONSE", "message": {"text": "x"}})),
    ];
    for (what, body) in refused {
        assert_eq!(story.refused(body).await.0, 100, "{what}");
    }
    assert!(story.ledger.accepted().is_empty());
    let accepted = [
        text_to(&mali, &"ก".repeat(1_999)),
        with(json!({"text": "x", "metadata": "m".repeat(1_000)})),
        buttons(13, &"ก".repeat(20)),
        image("https://a.example/1.jpg"),
    ];
    for body in accepted {
        let (status, answer) = story.send(body).await;
        assert_eq!(status, 200, "{answer}");
    }
    assert_eq!(story.ledger.accepted().len(), 4);
}

#[tokio::test]
async fn sender_actions_stand_alone() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.graph.webhook().text(&mali, "สวัสดี").signed();
    let action = |name: &str| json!({"recipient": {"id": mali.psid()}, "sender_action": name});
    assert_eq!(story.send(action("typing_on")).await.0, 200);
    assert_eq!(story.send(action("mark_seen")).await.0, 200);
    assert_eq!(story.ledger.noted("typing").len(), 1);
    assert_eq!(story.ledger.noted("read").len(), 1);
    assert_eq!(story.send(action("dance")).await.0, 400);
    let mut both = action("typing_on");
    both["message"] = json!({"text": "x"});
    assert_eq!(story.send(both).await.0, 400);
    assert!(story.ledger.accepted().is_empty());
}

#[tokio::test]
async fn tokens_and_proofs_are_verified() {
    let account = GraphAccount { requires_proof: true, ..GraphAccount::default() };
    let story = Story::of(account).await;
    let ask = |token: &str, proof: &str| {
        let url = format!("{}/v25.0/me?fields=name&access_token={token}{proof}", story.graph.base_url());
        let client = story.client.clone();
        async move {
            let answer: Value = client.get(url).send().await.unwrap().json().await.unwrap();
            answer["error"]["code"].as_i64().ok_or(answer)
        }
    };
    let token = &story.graph.account().page_token;
    assert_eq!(ask("", "").await.unwrap(), 190);
    assert_eq!(ask("other", "").await.unwrap(), 190);
    assert_eq!(ask(token, "").await.unwrap(), 100, "the proof is missing");
    assert_eq!(ask(token, "&appsecret_proof=00").await.unwrap(), 100);
    // HMAC-SHA256 of the default token with the default secret, computed with another program.
    let proof = "&appsecret_proof=71dca75643891d6a5fd578d7d9c2e861410a330d8481df4eb7636275e7062552";
    assert_eq!(ask(token, proof).await.unwrap_err()["name"], "Sala Café");
    story.graph.expire_token();
    assert_eq!(ask(token, proof).await.unwrap(), 190);
    let without = story.client.get(format!("{}/me", story.graph.base_url())).send().await.unwrap();
    assert_eq!(without.json::<Value>().await.unwrap()["error"]["code"], 104);
}

#[tokio::test]
async fn twenty_messages_can_be_read_and_no_more() {
    let story = Story::begins().await;
    let mali = Person::mali();
    let mut hook = story.graph.webhook();
    for n in 0..25 {
        hook = hook.text(&mali, &format!("ข้อความ {n}"));
    }
    let mids = hook.signed().message_ids;
    story.graph.webhook().text(&Person::somchai(), "หนึ่ง").signed();
    let path = format!("t_{}/messages?limit=50", mali.psid());
    let (_, list) = story.call(Method::GET, &path, Value::Null).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 20);
    assert_eq!(list["data"][0].as_object().unwrap().len(), 2, "unasked: id and created_time only");
    let (_, newest) = story.call(Method::GET, &format!("{}?fields=message", mids[24]), Value::Null).await;
    assert_eq!(newest["message"], "ข้อความ 24");
    let (status, old) = story.call(Method::GET, &format!("{}?fields=message", mids[4]), Value::Null).await;
    assert_eq!((status, old["error"]["code"].as_i64()), (400, Some(9_000_001)));

    let (_, first) = story.call(Method::GET, "me/conversations?limit=1", Value::Null).await;
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    assert!(first["paging"]["next"].is_string());
    let path = format!("me/conversations?limit=1&after={after}");
    let (_, second) = story.call(Method::GET, &path, Value::Null).await;
    assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
    assert!(second["paging"].get("next").is_none());
}

#[tokio::test]
async fn faults_and_people_who_are_not_available() {
    let story = Story::begins().await;
    let mali = Person::mali();
    story.graph.webhook().text(&mali, "สวัสดี").signed();
    let faults = story.graph.faults();
    faults.once(GraphCall::Send, Fault::ErrorAfter);
    let (status, answer) = story.send(text_to(&mali, "หนึ่ง")).await;
    assert_eq!((status, answer["error"]["is_transient"].as_bool()), (500, Some(true)));
    assert_eq!(story.ledger.accepted().len(), 1);
    assert_eq!(story.send(text_to(&mali, "หนึ่ง")).await.0, 200, "Meta knows no key");
    assert_eq!(story.ledger.double_sends().len(), 1, "but the ledger sees the second send");

    faults.once(GraphCall::Send, Fault::TooMany { retry_after_s: Some(61) });
    let url = format!("{}/v25.0/me/messages", story.graph.base_url());
    let limited = story.client.post(url).bearer_auth(&story.graph.account().page_token);
    let limited = limited.json(&text_to(&mali, "สอง")).send().await.unwrap();
    let usage: Value =
        serde_json::from_str(limited.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    let page = &usage[&story.graph.account().page_id][0];
    assert_eq!(page["estimated_time_to_regain_access"], 2);
    assert_eq!(limited.json::<Value>().await.unwrap()["error"]["code"], 613);

    story.graph.block(&mali);
    assert_eq!(story.refused(text_to(&mali, "สาม")).await, (551, 1_545_041));
}

#[tokio::test]
async fn the_page_is_subscribed_and_the_token_looked_at() {
    let story = Story::begins().await;
    let (status, _) =
        story.call(Method::POST, "me/subscribed_apps?subscribed_fields=messages,gossip", Value::Null).await;
    assert_eq!(status, 400);
    let path = "me/subscribed_apps?subscribed_fields=messages,message_echoes";
    assert_eq!(story.call(Method::POST, path, Value::Null).await, (200, json!({"success": true})));
    assert_eq!(story.graph.subscribed_fields(), ["message_echoes", "messages"]);
    let (_, told) = story.call(Method::GET, "me/subscribed_apps", Value::Null).await;
    assert_eq!(told["data"][0]["subscribed_fields"], json!(["message_echoes", "messages"]));

    let account = story.graph.account();
    let query = [
        ("input_token", account.page_token.clone()),
        ("access_token", format!("{}|{}", account.app_id, account.app_secret)),
    ];
    let url = format!("{}/debug_token", story.graph.base_url());
    let told: Value = story.client.get(&url).query(&query).send().await.unwrap().json().await.unwrap();
    assert_eq!(told["data"]["is_valid"], true);
    let query = [("input_token", &account.page_token), ("access_token", &account.page_token)];
    let refused = story.client.get(&url).query(&query).send().await.unwrap();
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn a_comment_is_answered_in_public_and_once_in_private() {
    let story = Story::begins().await;
    let mali = Person::mali();
    let comment = story.graph.webhook().comment(&mali, "900", "ราคาเท่าไหร่คะ").signed().message_ids[0].clone();
    let (status, answer) =
        story.call(Method::POST, &format!("{comment}/comments"), json!({"message": "290 บาทค่ะ"})).await;
    assert_eq!(status, 200);
    assert!(answer["id"].as_str().unwrap().starts_with("900_"));
    let unknown = story.call(Method::POST, "900_1/comments", json!({"message": "x"})).await;
    assert_eq!(unknown.0, 400);
    let private = json!({"recipient": {"comment_id": comment}, "message": {"text": "ทักแชทนะคะ"}});
    assert_eq!(story.send(private.clone()).await.0, 200);
    assert_eq!(story.refused(private).await.0, 10, "once per comment");
}

/// The door is a fake LINE that has no such address: what it was sent stands in its ledger as refused.
#[tokio::test]
async fn echoes_are_posted_signed_before_the_answer_when_wanted() {
    let story = Story::begins().await;
    let mali = Person::mali();
    let (door_clock, door_ledger) = (HandClock::new(), Ledger::new());
    let door = FakeLine::start_as(LineAccount::default(), 0, 1, &door_clock, &door_ledger).await.unwrap();
    story.graph.webhook().text(&mali, "สวัสดี").signed();
    story.graph.echo_to(&format!("{}/hook", door.base_url()), EchoTiming::BeforeResponse);
    story.send(text_to(&mali, "สวัสดีค่ะ")).await;
    let posted = door_ledger.refused();
    assert_eq!(posted.len(), 1, "the echo came before the answer");
    let message = &posted[0].body["entry"][0]["messaging"][0]["message"];
    assert_eq!(message["is_echo"], true);
    assert_eq!(message["metadata"], "outbox-1");
    assert_eq!(message["text"], "สวัสดีค่ะ");
    assert_eq!(message["mid"], story.ledger.accepted()[0].message_ids[0].as_str());
}

#[tokio::test]
async fn a_door_is_verified_by_its_challenge() {
    let story = Story::begins().await;
    let door = axum::Router::new().route(
        "/hook",
        axum::routing::get(|axum::extract::RawQuery(query): axum::extract::RawQuery| async move {
            let query = query.unwrap_or_default();
            let find = |name: &str| {
                let pairs = url::form_urlencoded::parse(query.as_bytes());
                pairs.into_owned().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
            };
            if find("hub.verify_token") == "sala-verify-token" {
                find("hub.challenge")
            } else {
                "no".to_owned()
            }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, door).await });
    assert!(story.graph.verifies_door(&format!("{base}/hook")).await.unwrap());
    assert!(!story.graph.verifies_door(&format!("{base}/other")).await.unwrap());
    let stranger = GraphAccount { verify_token: "other".to_owned(), ..GraphAccount::default() };
    let stranger = Story::of(stranger).await;
    assert!(!stranger.graph.verifies_door(&format!("{base}/hook")).await.unwrap());
}

#[tokio::test]
async fn every_kind_of_webhook_has_metas_shape() {
    let story = Story::begins().await;
    let (mali, somchai) = (Person::mali(), Person::somchai());
    let hook = story
        .graph
        .webhook()
        .burst(&mali, &["สวัสดี", "มีเสื้อไหม 🌼"])
        .quick_reply(&mali, "ใช่", "yes")
        .sticker(&mali)
        .image(&mali, "https://scontent.xx.fbcdn.net/slip.jpg")
        .postback(&mali, "เริ่มต้น", "GET_STARTED")
        .reaction(&mali, "m_1", "❤")
        .edited(&mali, "m_1", "แก้แล้ว", 1)
        .unsent(&mali, "m_1")
        .referral(&somchai, "6000")
        .delivered(&mali, &["m_2"])
        .read(&mali)
        .by_hand(&somchai, "เดี๋ยวโทรกลับนะครับ")
        .comment(&somchai, "900", "แย่มาก")
        .unknown(&mali, "hologram")
        .answer_to(&mali, "m_2", "อันนี้ค่ะ")
        .standby()
        .signed();
    assert!(hook.body.is_ascii(), "Meta escapes what is beyond ASCII");
    let body: Value = serde_json::from_slice(&hook.body).unwrap();
    insta::assert_json_snapshot!(body);
    let by_hand = story.ledger.accepted();
    assert_eq!(by_hand[0].way, Way::ByHand);
    assert!(
        story.ledger.replies_to(&somchai.psid()).is_empty(),
        "the owner's own words are no reply of ours"
    );
}
