//! A webhook's body of any platform: the first byte says which, the rest is the body.
#![no_main]

use domain::{EventKind, Platform, Timestamp, fold, safe_file_name, text_of};
use libfuzzer_sys::fuzz_target;
use platforms::{Webhook, read_webhook};
use secrecy::SecretString;

const ARRIVED: Timestamp = Timestamp::from_millis(1_795_168_800_000);

fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else { return };
    let platform = match first % 4 {
        0 => Platform::Line,
        1 => Platform::Facebook,
        2 => Platform::Telegram,
        _ => Platform::Playground,
    };
    let hook = Webhook::post(body, ARRIVED);
    if let Ok(events) = read_webhook(platform, None, &hook) {
        for event in &events {
            // What is kept must read back as it was, and be fit to be shown and searched.
            let kept = serde_json::to_string(event).expect("an event is kept as JSON");
            assert_eq!(&serde_json::from_str::<domain::Event>(&kept).expect("it reads back"), event);
            if let EventKind::Message(message) = &event.what {
                let _ = fold(&text_of(&message.parts));
            }
        }
        assert_eq!(
            read_webhook(platform, None, &hook).expect("as before"),
            events,
            "the same bytes, the same events"
        );
    }
    // As a signature too: whatever is claimed, nobody signs by chance.
    let secret = SecretString::from("fuzzed");
    for header in ["x-line-signature", "x-hub-signature-256", "x-telegram-bot-api-secret-token"] {
        let claimed = Webhook::post(&b"{}"[..], ARRIVED).with_header(header, body);
        let taken = read_webhook(platform, Some(&secret), &claimed).is_ok();
        assert!(!taken || platform == Platform::Playground || body == b"fuzzed", "a signature was guessed");
    }
    let _ = safe_file_name(&String::from_utf8_lossy(body));
});
