//! Foreign bytes never panic, and a broken event never takes its neighbours with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{fs, path::PathBuf};

use domain::{EventKind, Platform, Timestamp, text_of};
use platforms::{ReceiveError, Webhook, read_webhook};
use proptest::prelude::*;

const ARRIVED: Timestamp = Timestamp::from_millis(1_795_168_800_000);
const ALL: [Platform; 4] = [Platform::Line, Platform::Facebook, Platform::Telegram, Platform::Playground];

fn read(platform: Platform, body: impl Into<Vec<u8>>) -> Result<Vec<domain::Event>, ReceiveError> {
    read_webhook(platform, None, &Webhook::post(body, ARRIVED))
}

fn seeds() -> Vec<(Platform, Vec<u8>)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/webhooks");
    let mut all = Vec::new();
    for platform in [Platform::Line, Platform::Facebook, Platform::Telegram] {
        let mut paths: Vec<_> =
            fs::read_dir(root.join(platform.name())).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        all.extend(paths.into_iter().map(|path| (platform, fs::read(path).unwrap())));
    }
    all
}

/// JSON of any shape, often with the names that the readers look for.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let name = prop_oneof![
        "[a-z_]{1,8}",
        prop::sample::select(vec![
            "events",
            "type",
            "message",
            "source",
            "entry",
            "messaging",
            "changes",
            "value",
            "field",
            "object",
            "sender",
            "recipient",
            "id",
            "mid",
            "text",
            "attachments",
            "payload",
            "update_id",
            "chat",
            "from",
            "date",
            "photo",
            "callback_query",
            "my_chat_member",
            "reaction",
            "delivery",
            "timestamp",
            "userId",
            "feed",
            "item",
            "verb",
            "post_id",
            "comment_id",
            "members",
            "postback",
            "new_reaction",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        "\\PC{0,12}".prop_map(Into::into),
        prop::sample::select(vec![
            "message", "text", "user", "page", "feed", "comment", "add", "group", "private"
        ])
        .prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..600)) {
        for platform in ALL {
            let _ = read(platform, body.clone());
        }
    }

    #[test]
    fn arbitrary_json_never_panics_and_no_element_of_events_is_dropped(
        events in prop::collection::vec(json(), 0..6),
        root in json(),
    ) {
        for platform in ALL {
            let _ = read(platform, root.to_string());
        }
        let line = serde_json::json!({ "events": events, "destination": root });
        prop_assert_eq!(read(Platform::Line, line.to_string()).unwrap().len(), events.len());
        let page = serde_json::json!({ "object": "page", "entry": [{ "id": "1", "messaging": events, "changes": events }] });
        let expected = if events.is_empty() { 1 } else { events.len() * 2 };
        prop_assert_eq!(read(Platform::Facebook, page.to_string()).unwrap().len(), expected);
        let update = serde_json::json!({ "update_id": 1, "message": root });
        prop_assert!(!read(Platform::Telegram, update.to_string()).unwrap().is_empty());
    }

    #[test]
    fn a_damaged_webhook_is_read_or_refused(
        seed in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..6),
    ) {
        let seeds = seeds();
        let (platform, mut body) = seeds[seed.index(seeds.len())].clone();
        for (at, byte, how) in damage {
            if body.is_empty() {
                break;
            }
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.truncate(at),
                _ => body.insert(at, byte),
            }
        }
        let _ = read(platform, body);
    }
}

fn line_text(text: &str) -> String {
    serde_json::json!({ "destination": "Ub", "events": [
        { "type": "message", "timestamp": 1_795_168_800_000_i64, "webhookEventId": "01KA1",
          "source": { "type": "user", "userId": "Umali" },
          "message": { "id": "1", "type": "text", "text": text } },
        { "type": "unfollow", "timestamp": 1_795_168_800_000_i64, "webhookEventId": "01KA2",
          "source": { "type": "user", "userId": "Umali" } },
    ]})
    .to_string()
}

#[test]
fn a_text_of_100_000_characters_arrives_whole() {
    let long = "ก".repeat(100_000);
    let events = read(Platform::Line, line_text(&long)).unwrap();
    let EventKind::Message(message) = &events[0].what else { panic!("{:?}", events[0].what) };
    assert_eq!(text_of(&message.parts), long);
    assert_eq!(events[1].what, EventKind::Unfollowed);
}

#[test]
fn ten_megabytes_are_read_or_refused_and_never_kill_us() {
    let long = "x".repeat(10 * 1024 * 1024);
    assert_eq!(read(Platform::Line, line_text(&long)).unwrap().len(), 2);
    for platform in ALL {
        let _ = read(platform, long.clone());
        let _ = read(platform, "[".repeat(10 * 1024 * 1024));
        let _ = read(platform, r#"{"a":"#.repeat(2 * 1024 * 1024));
        let _ = read(platform, vec![0xff_u8; 10 * 1024 * 1024]);
    }
    let deep = format!(r#"{{"update_id":1,"message":{}1{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(read(Platform::Telegram, deep).unwrap().len(), 1);
}

#[test]
fn invalid_utf8_spoils_a_letter_not_a_batch() {
    let mut body = line_text("MARK").into_bytes();
    let at = body.windows(4).position(|window| window == b"MARK").unwrap();
    body[at] = 0xe0;
    body[at + 1] = 0xff;
    let events = read(Platform::Line, body).unwrap();
    assert_eq!(events.len(), 2);
    let EventKind::Message(message) = &events[0].what else { panic!("{:?}", events[0].what) };
    assert!(text_of(&message.parts).ends_with("RK"));
    assert_eq!(events[1].what, EventKind::Unfollowed);
}

#[test]
fn a_body_that_ends_too_soon_says_where() {
    let whole = line_text("สวัสดี");
    let read = read(Platform::Line, &whole.as_bytes()[..whole.len() - 5]);
    let Err(ReceiveError::Malformed { at }) = read else { panic!("{read:?}") };
    assert!(at > 100 && at <= whole.len());
}
