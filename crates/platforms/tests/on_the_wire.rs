//! What leaves for a platform, and what its answers mean: real HTTP against a server that says what it is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm
)]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Response},
};
use domain::{Attachment, Platform, ReplyId, ReplyToken, ThreadKind, Timestamp};
use platforms::{
    Account, AccountWarning, Adapter, Call, ChannelSettings, Choice, Credentials, Fate, FetchError, OutPart,
    PollError, SendError, SentWay, adapter, facebook::read_metadata,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_millis(1_795_168_800_000);
const KEY: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);

#[derive(Clone)]
struct Seen {
    method: String,
    target: String,
    headers: HeaderMap,
    body: Value,
}

type Script = Arc<Mutex<(Vec<Seen>, VecDeque<(u16, Vec<(&'static str, String)>, Vec<u8>)>)>>;

/// A platform that answers from a list and remembers what it was asked.
struct Fake {
    address: String,
    script: Script,
}

impl Fake {
    async fn start() -> Self {
        let script = Script::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, script }
    }

    fn will(&self, status: u16, body: Value) {
        self.will_with(status, &[], body.to_string().into_bytes());
    }

    fn will_with(&self, status: u16, headers: &[(&'static str, &str)], body: Vec<u8>) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.script.lock().unwrap().1.push_back((status, headers, body));
    }

    fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().0.clone()
    }

    fn last(&self) -> Seen {
        self.seen().pop().expect("nothing was asked")
    }

    fn settings(&self) -> ChannelSettings {
        ChannelSettings { api_base: Some(self.address.clone()), ..ChannelSettings::default() }
    }

    fn line(&self) -> Arc<dyn Adapter> {
        let credentials = Credentials::new()
            .with("channel_secret", "s".to_owned())
            .with("channel_access_token", "line-token".to_owned());
        adapter(Platform::Line, &credentials, &self.settings()).unwrap()
    }

    fn facebook(&self, human_agent: bool) -> Arc<dyn Adapter> {
        let credentials = Credentials::new()
            .with("app_secret", "app-secret".to_owned())
            .with("page_access_token", "page-token".to_owned())
            .with("verify_token", "v".to_owned())
            .with("page_id", "1001".to_owned());
        let settings = ChannelSettings { human_agent, ..self.settings() };
        adapter(Platform::Facebook, &credentials, &settings).unwrap()
    }

    fn telegram(&self) -> Arc<dyn Adapter> {
        let credentials = Credentials::new().with("bot_token", "999:bot-token".to_owned());
        let settings = ChannelSettings { username: Some("mali_bot".to_owned()), ..self.settings() };
        adapter(Platform::Telegram, &credentials, &settings).unwrap()
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let mut script = script.lock().unwrap();
    script.0.push(Seen {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers,
        body: serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned())),
    });
    let (status, headers, body) = script.1.pop_front().unwrap_or((599, Vec::new(), Vec::new()));
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

fn call(thread: &str, text: &str) -> Call {
    Call {
        reply: ReplyId::from_uuid(Uuid::from_u128(7)),
        key: KEY,
        thread: thread.to_owned(),
        kind: ThreadKind::Direct,
        parts: vec![OutPart::Text(text.into())],
        answers: None,
        reply_token: None,
        typed_by_person: false,
        last_inbound: Some(NOW - Duration::from_secs(60)),
        now: NOW,
    }
}

fn with_token(call: Call, lives: i64) -> Call {
    let until = Timestamp::from_millis(NOW.millis() + lives);
    Call { reply_token: Some(ReplyToken { token: "rt".to_owned(), until }), ..call }
}

// ── LINE ────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn mali_is_answered_with_the_reply_token_while_it_lives() {
    let fake = Fake::start().await;
    fake.will(200, json!({ "sentMessages": [{ "id": "461230966842064897", "quoteToken": "q" }] }));
    let sent = fake.line().send(&with_token(call("Umali", "มีสีฟ้าค่ะ"), 1)).await.unwrap();
    assert_eq!((sent.way, sent.quota_used), (SentWay::Reply, 0));
    assert_eq!(sent.messages, ["461230966842064897"]);
    let asked = fake.last();
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/v2/bot/message/reply"));
    assert_eq!(asked.headers["authorization"], "Bearer line-token");
    assert!(!asked.headers.contains_key("x-line-retry-key"));
    assert_eq!(asked.body, json!({ "replyToken": "rt", "messages": [{ "type": "text", "text": "มีสีฟ้าค่ะ" }] }));
}

#[tokio::test]
async fn a_dead_token_is_not_tried_and_the_push_carries_its_key() {
    let fake = Fake::start().await;
    fake.will(200, json!({ "sentMessages": [{ "id": "1" }] }));
    let sent = fake.line().send(&with_token(call("Umali", "สวัสดีค่ะ"), 0)).await.unwrap();
    assert_eq!((sent.way, sent.quota_used), (SentWay::Push, 1));
    let asked = fake.last();
    assert_eq!(asked.target, "/v2/bot/message/push");
    assert_eq!(asked.headers["x-line-retry-key"], KEY.hyphenated().to_string().as_str());
    assert_eq!(asked.body["to"], "Umali");
}

#[tokio::test]
async fn a_push_already_accepted_is_sent() {
    let fake = Fake::start().await;
    let told = json!({ "message": "The retry key is already accepted", "sentMessages": [{ "id": "77" }] });
    fake.will(409, told.clone());
    assert_eq!(fake.line().send(&call("Umali", "a")).await.unwrap().messages, ["77"]);
    fake.will(409, told);
    let fate = fake.line().reconcile(&call("Umali", "a"), NOW - Duration::from_secs(5)).await.unwrap();
    assert_eq!(fate, Fate::Landed { messages: vec!["77".to_owned()] });
    let late = fake.line().reconcile(&call("Umali", "a"), NOW - Duration::from_secs(24 * 3_600)).await;
    assert_eq!(late, Ok(Fate::Undecidable));
    assert_eq!(fake.seen().len(), 2, "after a day the key is forgotten, so nothing is sent");
}

#[tokio::test]
async fn a_doubtful_reply_is_settled_by_its_token() {
    let fake = Fake::start().await;
    let doubtful = with_token(call("Umali", "a"), 20_000);
    fake.will(400, json!({ "message": "Invalid reply token" }));
    assert_eq!(fake.line().send(&doubtful).await, Err(SendError::TokenSpent));
    fake.will(400, json!({ "message": "Invalid reply token" }));
    assert_eq!(fake.line().reconcile(&doubtful, NOW).await, Ok(Fate::Landed { messages: Vec::new() }));
    let stale = with_token(call("Umali", "a"), -1);
    assert_eq!(fake.line().reconcile(&stale, NOW).await, Ok(Fate::Undecidable));
}

#[tokio::test]
async fn lines_refusals_say_what_to_do() {
    let fake = Fake::start().await;
    let line = fake.line();
    let words = "ข้อความลับของมะลิ";
    let mut meant = Vec::new();
    for (status, headers, message) in [
        (429, vec![], "You have reached your monthly limit."),
        (429, vec![("retry-after", "7")], "The API rate limit has been exceeded. Try again later."),
        (
            401,
            vec![],
            "Authentication failed due to the following reason: invalid token. Confirm that the access token in the authorization header is valid.",
        ),
        (500, vec![], "Internal error"),
    ] {
        fake.will_with(status, &headers, json!({ "message": message }).to_string().into_bytes());
        // A pause once asked for is kept, so each refusal meets a fresh channel.
        meant.push(fake.line().send(&call("Umali", words)).await.unwrap_err());
    }
    assert!(
        matches!(
            meant.as_slice(),
            [SendError::QuotaSpent, SendError::RetryAfter(wait), SendError::Reconnect { .. }, SendError::Unsure]
                if wait.as_secs() == 7
        ),
        "{meant:?}"
    );
    fake.will(
        400,
        json!({ "message": format!("bad: {words}"), "details": [{ "message": "May not be empty" }] }),
    );
    let error = line.send(&call("Umali", words)).await.unwrap_err();
    assert_eq!(
        error,
        SendError::Refused { code: "400".to_owned(), why: "bad: …; May not be empty".to_owned() }
    );
}

#[tokio::test]
async fn a_pause_asked_for_is_kept_without_asking_again() {
    let fake = Fake::start().await;
    fake.will_with(429, &[("retry-after", "30")], b"{}".to_vec());
    let line = fake.line();
    line.send(&call("Umali", "a")).await.unwrap_err();
    let error = line.send(&call("Umali", "a")).await.unwrap_err();
    assert!(matches!(error, SendError::RetryAfter(wait) if wait.as_secs() > 25), "{error:?}");
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn pictures_and_choices_go_five_to_a_call() {
    let fake = Fake::start().await;
    let line = fake.line();
    let choice = Choice {
        label: "ดูรูปเพิ่มเติมของสินค้าชิ้นนี้ทั้งหมด".into(), send: "ดูรูป".into()
    };
    let image = |name: &str| OutPart::Image { url: format!("https://x.example/{name}"), preview: None };
    let parts: Vec<OutPart> = ["1", "2", "3", "4", "5"]
        .map(image)
        .into_iter()
        .chain([OutPart::QuickReplies {
            text: "เลือกได้เลยค่ะ".into(), choices: vec![choice]
        }])
        .collect();
    let packed = line.pack(&parts);
    assert_eq!(packed.iter().map(Vec::len).collect::<Vec<_>>(), [5, 1]);
    fake.will(200, json!({ "sentMessages": [] }));
    line.send(&Call { parts: packed[1].clone(), ..call("Umali", "") }).await.unwrap();
    let button = &fake.last().body["messages"][0]["quickReply"]["items"][0]["action"];
    assert_eq!(button["type"], "message");
    assert_eq!(button["text"], "ดูรูป");
    assert!(button["label"].as_str().unwrap().encode_utf16().count() <= 20);
}

#[tokio::test]
async fn the_channel_test_of_line_tells_quota_and_door() {
    let fake = Fake::start().await;
    fake.will(
        200,
        json!({ "userId": "Ub", "displayName": "ร้านมะลิ", "chatMode": "bot", "markAsReadMode": "auto" }),
    );
    fake.will(200, json!({ "type": "limited", "value": 300 }));
    fake.will(200, json!({ "totalUsage": 280 }));
    fake.will(200, json!({ "endpoint": "https://relay.example/x", "active": false }));
    let Account { id, quota, webhook, warnings, .. } = fake.line().check().await.unwrap();
    assert_eq!((id.as_str(), quota.unwrap().limit, quota.unwrap().used), ("Ub", Some(300), 280));
    assert_eq!(webhook.as_deref(), Some("https://relay.example/x"));
    assert_eq!(warnings, [AccountWarning::QuotaLow, AccountWarning::WebhookOff]);
}

#[tokio::test]
async fn a_stateless_token_is_asked_for_once_and_renewed_when_refused() {
    let fake = Fake::start().await;
    let credentials = Credentials::new()
        .with("channel_secret", "s3cret".to_owned())
        .with("channel_id", "1650000000".to_owned());
    let line = adapter(Platform::Line, &credentials, &fake.settings()).unwrap();
    fake.will(200, json!({ "token_type": "Bearer", "access_token": "short-1", "expires_in": 900 }));
    fake.will(200, json!({ "sentMessages": [] }));
    fake.will(401, json!({}));
    fake.will(200, json!({ "access_token": "short-2", "expires_in": 900 }));
    fake.will(200, json!({ "sentMessages": [] }));
    line.send(&call("U", "1")).await.unwrap();
    line.send(&call("U", "2")).await.unwrap_err();
    line.send(&call("U", "2")).await.unwrap();
    let targets: Vec<String> = fake.seen().iter().map(|seen| seen.target.clone()).collect();
    let (token, push) = ("/oauth2/v3/token", "/v2/bot/message/push");
    assert_eq!(targets, [token, push, push, token, push]);
    assert_eq!(fake.last().headers["authorization"], "Bearer short-2");
}

#[tokio::test]
async fn content_is_fetched_by_id_typed_by_content_and_named_safely() {
    let fake = Fake::start().await;
    let line = fake.line();
    let file = Attachment {
        remote_id: Some("64/../../oauth".to_owned()),
        name: Some("..\\สลิป.txt".to_owned()),
        ..Attachment::default()
    };
    fake.will_with(200, &[], b"\xff\xd8\xff\xe0slip".to_vec());
    let fetched = line.fetch(&file).await.unwrap();
    assert_eq!((fetched.mime, fetched.name.as_str()), ("image/jpeg", "สลิป.txt.jpg"));
    assert_eq!(fake.last().target, "/v2/bot/message/64%2F..%2F..%2Foauth/content");
    for (status, expected) in [(202, FetchError::NotReady), (404, FetchError::Gone), (410, FetchError::Gone)]
    {
        fake.will_with(status, &[], Vec::new());
        assert_eq!(line.fetch(&file).await, Err(expected));
    }
    fake.will_with(200, &[], vec![0; 26 * 1024 * 1024]);
    assert!(matches!(line.fetch(&file).await, Err(FetchError::TooLarge { .. })));
}

// ── the line between "never left" and "may have left" ───────────────────────────────────────────────────────

#[tokio::test]
async fn nobody_listening_is_unreachable_and_a_cut_line_is_unsure() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let fake = Fake { address: nobody, script: Script::default() };
    for channel in [fake.line(), fake.facebook(false), fake.telegram()] {
        assert_eq!(
            channel.send(&call("1", "a")).await,
            Err(SendError::Unreachable),
            "{}",
            channel.platform()
        );
    }
    let rude = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", rude.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = rude.accept().await.unwrap();
            let mut some = [0_u8; 16];
            let _ = tokio::io::AsyncReadExt::read(&mut socket, &mut some).await;
        }
    });
    let fake = Fake { address, script: Script::default() };
    for channel in [fake.line(), fake.facebook(false), fake.telegram()] {
        assert_eq!(channel.send(&call("1", "a")).await, Err(SendError::Unsure), "{}", channel.platform());
        assert_eq!(channel.profile("1").await, Err(SendError::Unreachable), "{}", channel.platform());
    }
}

#[tokio::test]
async fn after_sleep_no_old_connection_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (count, mut counted) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            count.send(()).unwrap();
            tokio::spawn(async move {
                let mut some = [0_u8; 4_096];
                while tokio::io::AsyncReadExt::read(&mut socket, &mut some).await.unwrap_or(0) > 0 {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                    tokio::io::AsyncWriteExt::write_all(&mut socket, answer).await.unwrap();
                }
            });
        }
    });
    let line = Fake { address, script: Script::default() }.line();
    line.typing("Umali").await.unwrap();
    line.typing("Umali").await.unwrap();
    line.woke();
    line.typing("Umali").await.unwrap();
    let mut connections = 0;
    while counted.try_recv().is_ok() {
        connections += 1;
    }
    assert_eq!(connections, 2, "one before the sleep, one after");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let fake = Fake::start().await;
    fake.will_with(307, &[("location", "http://127.0.0.1:9/elsewhere")], Vec::new());
    assert_eq!(fake.line().send(&call("U", "a")).await, Err(SendError::Unsure));
    assert_eq!(fake.seen().len(), 1);
}

// ── Messenger ───────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn messenger_carries_our_ids_and_the_proof() {
    let fake = Fake::start().await;
    fake.will(200, json!({ "recipient_id": "77", "message_id": "m_1" }));
    let sent = fake.facebook(false).send(&call("77", "มีค่ะ")).await.unwrap();
    assert_eq!(sent.messages, ["m_1"]);
    let asked = fake.last();
    // HMAC-SHA256 of "page-token" under "app-secret".
    let proof = "d8b448b9cc7d64c51098271805b3cc20b5b715e52bd587eb71b610259587c856";
    assert_eq!(asked.target, format!("/v25.0/1001/messages?appsecret_proof={proof}"));
    assert!(!asked.target.contains("page-token"));
    assert_eq!(asked.headers["authorization"], "Bearer page-token");
    assert_eq!(asked.body["messaging_type"], "RESPONSE");
    assert_eq!(asked.body["recipient"], json!({ "id": "77" }));
    let metadata = asked.body["message"]["metadata"].as_str().unwrap();
    assert_eq!(read_metadata(metadata), Some((ReplyId::from_uuid(Uuid::from_u128(7)), KEY)));
}

#[tokio::test]
async fn after_a_day_only_a_persons_words_go_out_and_after_a_week_none() {
    let fake = Fake::start().await;
    let (day, week) = (Duration::from_secs(86_400), Duration::from_secs(7 * 86_400));
    let after = |span: Duration, typed_by_person| Call {
        last_inbound: Some(NOW - span),
        typed_by_person,
        ..call("77", "สวัสดีค่ะ")
    };
    let approved = fake.facebook(true);
    assert_eq!(approved.send(&after(day, false)).await, Err(SendError::WindowClosed));
    assert_eq!(approved.send(&after(week, true)).await, Err(SendError::WindowClosed));
    assert_eq!(fake.facebook(false).send(&after(day, true)).await, Err(SendError::WindowClosed));
    assert!(fake.seen().is_empty(), "nothing leaves through a closed window");
    fake.will(200, json!({ "message_id": "m" }));
    approved.send(&after(day, true)).await.unwrap();
    let body = fake.last().body;
    assert_eq!((&body["messaging_type"], &body["tag"]), (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT")));
}

#[tokio::test]
async fn metas_codes_decide_not_its_words() {
    let fake = Fake::start().await;
    let mut meant = Vec::new();
    for (code, subcode) in [
        (10, 2_018_278),
        (551, 0),
        (200, 1_545_041),
        (190, 463),
        (1, 1_357_046),
        (4, 0),
        (368, 0),
        (100, 2_018_109),
    ] {
        let error = json!({ "error": { "message": "(#551) ผู้รับ", "code": code, "error_subcode": subcode } });
        fake.will(400, error);
        meant.push(match fake.facebook(false).send(&call("77", "a")).await.unwrap_err() {
            SendError::Refused { code, .. } => format!("refused {code}"),
            SendError::Reconnect { why } => format!("reconnect: {why}"),
            other => format!("{other:?}"),
        });
    }
    assert_eq!(
        meant,
        [
            "WindowClosed",
            "Blocked",
            "Blocked",
            "reconnect: token expired",
            "Unsure",
            "RetryAfter(60s)",
            "reconnect: blocked for policy",
            "refused 100/2018109",
        ]
    );
    fake.will(400, json!({ "error": { "code": 506 } }));
    assert_eq!(fake.facebook(false).send(&call("77", "a")).await.unwrap().messages, Vec::<String>::new());
}

#[tokio::test]
async fn a_nearly_spent_quota_silences_the_channel() {
    let fake = Fake::start().await;
    fake.will_with(200, &[("x-app-usage", r#"{"call_count":97}"#)], br#"{"message_id":"m"}"#.to_vec());
    let page = fake.facebook(false);
    page.send(&call("77", "a")).await.unwrap();
    assert!(matches!(page.send(&call("77", "b")).await, Err(SendError::RetryAfter(_))));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_doubtful_message_is_looked_up_in_the_conversation() {
    let fake = Fake::start().await;
    let said = json!({ "data": [{ "messages": { "data": [
        { "id": "m_9", "created_time": "2026-11-20T10:00:02+0000", "from": { "id": "1001" }, "message": "มีค่ะ" },
        { "id": "m_8", "created_time": "2026-11-20T09:59:00+0000", "from": { "id": "77" }, "message": "มีไหม" },
    ] } }] });
    fake.will(200, said);
    let tried = Timestamp::from_millis(1_795_168_800_000);
    let fate = fake.facebook(false).reconcile(&call("77", "มีค่ะ"), tried).await.unwrap();
    assert_eq!(fate, Fate::Landed { messages: vec!["m_9".to_owned()] });
    assert!(fake.last().target.contains("user_id=77"));
}

#[tokio::test]
async fn a_comment_is_answered_under_it() {
    let fake = Fake::start().await;
    fake.will(200, json!({ "id": "777_999" }));
    let comment = Call {
        kind: ThreadKind::Comment,
        answers: Some("777_888".to_owned()),
        last_inbound: None,
        ..call("1001_777/77", "ส่งค่ะ")
    };
    assert_eq!(fake.facebook(false).send(&comment).await.unwrap().messages, ["777_999"]);
    assert!(fake.last().target.starts_with("/v25.0/777_888/comments?"));
    assert_eq!(fake.last().body, json!({ "message": "ส่งค่ะ" }));
}

#[tokio::test]
async fn a_gap_is_filled_from_the_conversations_under_the_webhooks_keys() {
    let fake = Fake::start().await;
    fake.will(200, json!({ "data": [
        { "id": "t_1", "updated_time": "2026-11-20T10:00:02+0000",
          "participants": { "data": [{ "id": "77", "name": "มะลิ" }, { "id": "1001", "name": "ร้าน" }] },
          "messages": { "data": [
            { "id": "m_3", "created_time": "2026-11-20T10:00:02+0000", "from": { "id": "1001" }, "message": "มีค่ะ" },
            { "id": "m_2", "created_time": "2026-11-20T10:00:00+0000", "from": { "id": "77", "name": "มะลิ" },
              "attachments": { "data": [{ "id": "a", "mime_type": "image/jpeg", "image_data": { "url": "https://scontent.xx.fbcdn.net/a" } }] } },
            { "id": "m_1", "created_time": "2026-11-19T10:00:00+0000", "from": { "id": "77" }, "message": "เก่า" }] } },
        { "id": "t_0", "updated_time": "2026-11-19T10:00:02+0000", "messages": { "data": [] } },
    ], "paging": { "next": "https://graph.facebook.com/next", "cursors": { "after": "x" } } }));
    let seen = "1795140000000";
    let polled = fake.facebook(false).poll(Some(seen), Duration::ZERO).await.unwrap();
    let keys: Vec<&str> = polled.events.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(keys, ["m_2", "m_3"]);
    assert!(polled.events.iter().all(|event| event.thread.as_ref().unwrap().key == "77"));
    assert_eq!(polled.cursor, "1795168802000");
    assert_eq!(fake.seen().len(), 1, "an older conversation ends the reading");
}

#[tokio::test]
async fn a_file_is_fetched_from_the_platform_only_wherever_it_redirects() {
    let fake = Fake::start().await;
    let page = fake.facebook(false);
    let at = |url: String| Attachment { url: Some(url), ..Attachment::default() };
    fake.will_with(302, &[("location", "/moved.png")], Vec::new());
    fake.will_with(200, &[], b"\x89PNG\r\n\x1a\n....".to_vec());
    assert_eq!(page.fetch(&at(format!("{}/a", fake.address))).await.unwrap().mime, "image/png");
    assert!(fake.seen().iter().all(|seen| !seen.headers.contains_key("authorization")));
    fake.will_with(302, &[("location", "http://169.254.169.254/latest")], Vec::new());
    assert_eq!(page.fetch(&at(format!("{}/a", fake.address))).await, Err(FetchError::NotAllowed));
    for evil in ["http://127.0.0.1:1/x", "https://evil.example/x", "/reel/1", "data:text/plain,x"] {
        assert_eq!(page.fetch(&at(evil.to_owned())).await, Err(FetchError::NotAllowed), "{evil}");
    }
}

// ── Telegram ────────────────────────────────────────────────────────────────────────────────────────────────

fn update(id: i64, text: &str) -> Value {
    json!({ "update_id": id, "message": {
        "message_id": 5, "date": 1_795_168_800, "text": text,
        "from": { "id": 77, "first_name": "มะลิ" }, "chat": { "id": 77, "type": "private" } } })
}

#[tokio::test]
async fn polling_confirms_what_came_before_and_never_skips_what_it_cannot_read() {
    let fake = Fake::start().await;
    let bot = fake.telegram();
    let button = json!({ "update_id": 12, "callback_query": { "id": "cb9", "from": { "id": 77 }, "data": "BOOK",
        "message": { "message_id": 6, "date": 1, "chat": { "id": 77, "type": "private" } } } });
    let odd = json!({ "update_id": 11, "telepathy": 7 });
    fake.will_with(
        200,
        &[("date", "Fri, 20 Nov 2026 10:00:00 GMT")],
        json!({ "ok": true, "result": [update(10, "สวัสดี"), odd, button] }).to_string().into_bytes(),
    );
    let polled = bot.poll(None, Duration::from_secs(1)).await.unwrap();
    assert_eq!(polled.cursor, "13");
    assert_eq!(polled.events.iter().map(|event| event.key.as_str()).collect::<Vec<_>>(), ["10", "11", "12"]);
    assert_eq!(polled.events[2].at, NOW, "a tapped button is as new as the answer that brought it");
    let asked = fake.last();
    assert_eq!(asked.target, "/bot999:bot-token/getUpdates");
    assert!(asked.body["allowed_updates"].as_array().unwrap().contains(&json!("message_reaction")));
    assert_eq!(asked.body.get("offset"), None);
    fake.will(200, json!({ "ok": true, "result": true }));
    fake.will(200, json!({ "ok": true, "result": [] }));
    let next = bot.poll(Some(&polled.cursor), Duration::from_secs(1)).await.unwrap();
    assert_eq!((next.cursor.as_str(), next.events.len()), ("13", 0));
    let seen = fake.seen();
    assert_eq!(
        seen[1].body,
        json!({ "callback_query_id": "cb9" }),
        "the button stops spinning once it is stored"
    );
    assert_eq!(seen[2].body["offset"], 13);
}

#[tokio::test]
async fn two_consumers_do_not_fight_over_the_updates() {
    let fake = Fake::start().await;
    fake.will(409, json!({ "ok": false, "error_code": 409, "description": "Conflict: terminated by other getUpdates request" }));
    assert!(matches!(fake.telegram().poll(None, Duration::ZERO).await, Err(PollError::Conflict { .. })));
    fake.will(401, json!({ "ok": false, "error_code": 401, "description": "Unauthorized" }));
    assert!(matches!(fake.telegram().poll(None, Duration::ZERO).await, Err(PollError::Reconnect { .. })));
    // In one house, the second asks nobody.
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", slow.local_addr().unwrap());
    let bot = Fake { address, script: Script::default() }.telegram();
    let first = tokio::spawn({
        let bot = bot.clone();
        async move { bot.poll(None, Duration::from_secs(30)).await }
    });
    let (_held, _) = slow.accept().await.unwrap();
    assert!(matches!(bot.poll(None, Duration::ZERO).await, Err(PollError::Conflict { .. })));
    first.abort();
}

#[tokio::test]
async fn telegram_sends_plain_text_and_says_what_its_refusals_mean() {
    let fake = Fake::start().await;
    fake.will(200, json!({ "ok": true, "result": { "message_id": 9, "chat": { "id": 77 } } }));
    let sent = fake.telegram().send(&call("77", "*ไม่ใช่* <b>markup</b>")).await.unwrap();
    assert_eq!(sent.messages, ["77:9"]);
    assert_eq!(fake.last().body, json!({ "chat_id": 77, "text": "*ไม่ใช่* <b>markup</b>" }));

    let refusal = |code: u16, description: &str, parameters: Value| json!({ "ok": false, "error_code": code, "description": description, "parameters": parameters });
    fake.will(403, refusal(403, "Forbidden: bot was blocked by the user", json!({})));
    assert_eq!(fake.telegram().send(&call("77", "a")).await, Err(SendError::Blocked));
    fake.will(429, refusal(429, "Too Many Requests: retry after 14", json!({ "retry_after": 14 })));
    assert_eq!(
        fake.telegram().send(&call("77", "a")).await,
        Err(SendError::RetryAfter(Duration::from_secs(14)))
    );
    fake.will(
        400,
        refusal(400, "group chat was upgraded", json!({ "migrate_to_chat_id": -1_001_555_296_434_i64 })),
    );
    let moved = SendError::Moved { to_key: "-1001555296434".to_owned() };
    assert_eq!(fake.telegram().send(&call("-55", "a")).await, Err(moved));
    fake.will_with(502, &[], b"<html>bad gateway</html>".to_vec());
    assert_eq!(fake.telegram().send(&call("77", "a")).await, Err(SendError::Unsure));
    fake.will_with(200, &[], b"<html>captive portal</html>".to_vec());
    assert_eq!(fake.telegram().send(&call("77", "a")).await, Err(SendError::Unsure));
    assert_eq!(fake.telegram().reconcile(&call("77", "a"), NOW).await, Ok(Fate::Undecidable));
}

#[tokio::test]
async fn a_group_topic_and_a_business_chat_are_found_again() {
    let fake = Fake::start().await;
    let bot = fake.telegram();
    let ok = json!({ "ok": true, "result": { "message_id": 1, "chat": { "id": -100 } } });
    fake.will(200, ok.clone());
    let topic =
        Call { kind: ThreadKind::Group, answers: Some("-100:20".to_owned()), ..call("-100/4", "ค่ะ") };
    bot.send(&topic).await.unwrap();
    assert_eq!(
        fake.last().body,
        json!({ "chat_id": -100, "message_thread_id": 4, "text": "ค่ะ",
                "reply_parameters": { "message_id": 20, "allow_sending_without_reply": true } })
    );
    fake.will(200, ok);
    bot.send(&call("business:conn1:77", "ค่ะ")).await.unwrap();
    assert_eq!(fake.last().body, json!({ "chat_id": 77, "business_connection_id": "conn1", "text": "ค่ะ" }));
    fake.will(200, json!({ "ok": true, "result": true }));
    bot.mark_read("business:conn1:77", "business:conn1:77:50").await.unwrap();
    assert_eq!(
        fake.last().body,
        json!({ "business_connection_id": "conn1", "chat_id": 77, "message_id": 50 })
    );
}

#[tokio::test]
async fn no_error_shows_a_token() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let fake = Fake { address: nobody, script: Script::default() };
    let bot = fake.telegram();
    let file = Attachment { remote_id: Some("f".to_owned()), ..Attachment::default() };
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        bot.send(&call("77", "a")).await,
        bot.poll(None, Duration::ZERO).await,
        bot.fetch(&file).await,
        bot.check().await
    );
    assert!(!shown.contains("bot-token"), "{shown}");
}
