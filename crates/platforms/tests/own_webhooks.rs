//! Our own recorded-style webhooks, and what becomes of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use domain::{Event, Platform, Timestamp};
use platforms::{ChannelSettings, Credentials, Webhook, adapter, read_webhook};

/// 20 November 2026, 17:00 in Bangkok.
const ARRIVED: Timestamp = Timestamp::from_millis(1_795_168_805_000);

fn folder(platform: &str) -> BTreeMap<String, Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/webhooks").join(platform);
    fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

/// One line an event, in the order they came.
fn show(events: &[Event]) -> String {
    events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect()
}

fn keys_are_unique(events: &[Event]) {
    let mut keys: Vec<&str> = events.iter().map(|event| event.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), events.len(), "two events share a key");
}

#[test]
fn line() {
    for (name, body) in folder("line") {
        let events = read_webhook(Platform::Line, None, &Webhook::post(body, ARRIVED)).unwrap();
        keys_are_unique(&events);
        insta::assert_snapshot!(format!("line_{name}"), show(&events));
    }
}

#[test]
fn facebook() {
    for (name, body) in folder("facebook") {
        let events = read_webhook(Platform::Facebook, None, &Webhook::post(body, ARRIVED)).unwrap();
        keys_are_unique(&events);
        insta::assert_snapshot!(format!("facebook_{name}"), show(&events));
    }
}

#[test]
fn telegram() {
    let credentials =
        Credentials::new().with("bot_token", "999:abc".to_owned()).with("webhook_secret", "s".to_owned());
    let settings = ChannelSettings {
        by_webhook: true,
        username: Some("mali_shop_bot".to_owned()),
        ..ChannelSettings::default()
    };
    let bot = adapter(Platform::Telegram, &credentials, &settings).unwrap();
    let mut all = String::new();
    for (name, body) in folder("telegram") {
        let hook = Webhook::post(body, ARRIVED).with_header("x-telegram-bot-api-secret-token", "s");
        let events = bot.receive(&hook).unwrap();
        keys_are_unique(&events);
        all.push_str(&format!("# {name}\n{}", show(&events)));
    }
    insta::assert_snapshot!("telegram", all);
}

#[test]
fn the_same_delivery_twice_has_the_same_keys() {
    for platform in [Platform::Line, Platform::Facebook, Platform::Telegram] {
        for (name, body) in folder(platform.name()) {
            let keys = |at| {
                let events = read_webhook(platform, None, &Webhook::post(body.clone(), at)).unwrap();
                events.into_iter().map(|event| event.key).collect::<Vec<_>>()
            };
            let later = Timestamp::from_millis(ARRIVED.millis() + 3_600_000);
            assert_eq!(keys(ARRIVED), keys(later), "{platform} {name}");
        }
    }
}

#[test]
fn a_redelivered_event_without_an_id_keeps_its_key() {
    let body = |redelivered: bool| {
        format!(
            r#"{{"destination":"Ub","events":[{{"type":"follow","timestamp":1795168800000,
            "source":{{"type":"user","userId":"Umali"}},"deliveryContext":{{"isRedelivery":{redelivered}}}}}]}}"#
        )
    };
    let key = |body: String| {
        read_webhook(Platform::Line, None, &Webhook::post(body, ARRIVED)).unwrap()[0].key.clone()
    };
    assert_eq!(key(body(false)), key(body(true)));
}
