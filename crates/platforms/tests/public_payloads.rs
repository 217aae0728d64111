//! Public fixtures of other projects: everything in them arrives somewhere. They are not part of this
//! repository; where the folder is missing, the tests say so and pass.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::{fs, path::PathBuf};

use domain::{Event, EventKind, Platform, Timestamp};
use platforms::{Webhook, read_webhook};
use serde_json::{Value, json};

const ARRIVED: Timestamp = Timestamp::from_millis(1_795_168_800_000);

fn payloads(platform: &str) -> Vec<(String, Value)> {
    let root = std::env::var_os("SALA_CONTRACTS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts"),
        PathBuf::from,
    );
    let folder = root.join("payloads").join(platform);
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("skipped: public payloads of {platform} (no folder {})", folder.display());
        return Vec::new();
    };
    let mut found: Vec<(String, Value)> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        })
        .filter(|(name, _)| !name.starts_with("signature_vectors"))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn read(platform: Platform, body: &Value) -> Vec<Event> {
    read_webhook(platform, None, &Webhook::post(body.to_string(), ARRIVED)).unwrap()
}

/// Every text under these names, wherever it stands.
fn said<'a>(value: &'a Value, names: &[&str], found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if let (true, Some(text)) = (names.contains(&name.as_str()), member.as_str()) {
                    found.push(text);
                }
                said(member, names, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| said(element, names, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn nothing_is_lost(name: &str, body: &Value, names: &[&str], events: &[Event]) {
    let kept = serde_json::to_string(events).unwrap();
    let mut texts = Vec::new();
    said(body, names, &mut texts);
    for text in texts.into_iter().filter(|text| !text.is_empty()) {
        let quoted = serde_json::to_string(text).unwrap();
        let inner = quoted.trim_matches('"');
        // Inside an unsupported event the whole stands as a string within a string.
        let nested = serde_json::to_string(inner).unwrap();
        assert!(
            kept.contains(inner) || kept.contains(nested.trim_matches('"')),
            "{name}: {text:?} is lost in {kept}"
        );
    }
}

fn unsupported(events: &[Event]) -> Vec<&str> {
    let what = |event: &'_ Event| matches!(event.what, EventKind::Unsupported { .. });
    events
        .iter()
        .filter(|event| what(event))
        .map(|event| if let EventKind::Unsupported { what, .. } = &event.what { what.as_str() } else { "" })
        .collect()
}

#[test]
fn line() {
    let names = ["text", "title", "address", "fileName", "data", "messageId"];
    for (name, body) in payloads("line") {
        let events = read(Platform::Line, &body);
        assert_eq!(events.len(), body["events"].as_array().unwrap().len(), "{name}");
        nothing_is_lost(&name, &body, &names, &events);
        let expected = name.contains("unknown") || name.contains("undefined");
        assert_eq!(!unsupported(&events).is_empty(), expected, "{name}: {:?}", unsupported(&events));
    }
}

#[test]
fn facebook() {
    let names = ["text", "mid", "url", "title", "emoji", "review_text", "reviewer_name", "ad_id"];
    let unknown = ["payment", "checkout_update", "field parking", "field payment_options"];
    for (name, body) in payloads("facebook") {
        let events = read(Platform::Facebook, &body);
        let count: usize = body["entry"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|entry| {
                ["messaging", "standby", "changes"].map(|list| entry[list].as_array().map_or(0, Vec::len))
            })
            .sum();
        assert_eq!(events.len(), count, "{name}");
        // The buttons of a template lead away; what they show is the platform's affair.
        if name != "messaging-message-button-template" {
            nothing_is_lost(&name, &body, &names, &events);
        }
        for what in unsupported(&events) {
            assert!(unknown.contains(&what), "{name}: {what}");
        }
    }
}

#[test]
fn telegram() {
    let names = ["text", "caption", "data", "emoji", "phone_number", "address"];
    for (name, fixture) in payloads("telegram") {
        let kind = name.split('_').nth(1).unwrap_or_default();
        let body = match kind {
            "msg" | "inaccessible" => json!({ "update_id": 7, "message": fixture }),
            "callback" => json!({ "update_id": 7, "callback_query": fixture }),
            "pollanswer" => json!({ "update_id": 7, "poll_answer": fixture }),
            "bizdel" => json!({ "update_id": 7, "deleted_business_messages": fixture }),
            // Answers to calls rather than updates; as an update they are unknown, and kept.
            "file" | "respparams" => json!({ "update_id": 7, "answer": fixture }),
            _ => fixture,
        };
        let events = read(Platform::Telegram, &body);
        let several = body["deleted_business_messages"]["message_ids"].as_array().map_or(1, Vec::len);
        assert_eq!(events.len(), several, "{name}");
        // A notice that a message was pinned names it; the message itself came before. Counts of anonymous
        // reactions are nobody's words.
        if !matches!(
            name.as_str(),
            "teloxide_upd_pinned_message_works" | "teloxide_upd_message_reaction_count_updated"
        ) {
            nothing_is_lost(&name, &body, &names, &events);
        }
        let expected = matches!(kind, "file" | "respparams" | "callback") || name.contains("new_update_kind");
        assert_eq!(!unsupported(&events).is_empty(), expected, "{name}: {:?}", unsupported(&events));
    }
}
