//! Signatures: the published vectors verify, and no altered byte does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use domain::{Platform, Timestamp};
use platforms::{Adapter, ChannelSettings, Credentials, ReceiveError, Webhook, adapter, read_webhook};
use secrecy::SecretString;

const NOW: Timestamp = Timestamp::from_millis(1_795_168_800_000);

/// Secret, body, signature, as LINE publishes them.
const LINE_VECTORS: [(&str, &[u8], &str); 2] = [
    (
        "8c570fa6dd201bb328f1c1eac23a96d8",
        br#"{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}"#,
        "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=",
    ),
    ("channel_secret", b"bodybodybodybody", "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k="),
];

/// RFC 4231, test case 2, in the form of Meta's header.
const HMAC_VECTOR: (&str, &[u8], &str) = (
    "Jefe",
    b"what do ya want for nothing?",
    "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
);

fn line(secret: &str) -> Arc<dyn Adapter> {
    let credentials = Credentials::new()
        .with("channel_secret", secret.to_owned())
        .with("channel_access_token", "t".to_owned());
    adapter(Platform::Line, &credentials, &ChannelSettings::default()).unwrap()
}

fn facebook(secrets: &[&str]) -> Arc<dyn Adapter> {
    let mut credentials = Credentials::new()
        .with("app_secret", secrets[0].to_owned())
        .with("page_access_token", "t".to_owned())
        .with("verify_token", "ศาลา-token".to_owned())
        .with("page_id", "1001".to_owned());
    if let Some(next) = secrets.get(1) {
        credentials = credentials.with("app_secret_next", (*next).to_owned());
    }
    adapter(Platform::Facebook, &credentials, &ChannelSettings::default()).unwrap()
}

fn line_hook(body: &[u8], signature: &[u8]) -> Webhook {
    Webhook::post(body, NOW).with_header("X-Line-Signature", signature)
}

fn meta_hook(body: &[u8], signature: &[u8]) -> Webhook {
    Webhook::post(body, NOW).with_header("X-Hub-Signature-256", signature)
}

/// Every way of changing one byte by one bit, dropping it, or doubling it.
fn altered(original: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for at in 0..original.len() {
        for bit in 0..8 {
            let mut changed = original.to_vec();
            changed[at] ^= 1 << bit;
            all.push(changed);
        }
        let mut dropped = original.to_vec();
        dropped.remove(at);
        all.push(dropped);
        let mut doubled = original.to_vec();
        doubled.insert(at, original[at]);
        if doubled != original {
            all.push(doubled);
        }
    }
    all.push([original, b"="].concat());
    all.push([original, b" "].concat());
    all.push(Vec::new());
    all
}

fn is_refused(result: Result<Vec<domain::Event>, ReceiveError>) -> bool {
    matches!(result, Err(ReceiveError::BadSignature | ReceiveError::MissingSignature))
}

#[test]
fn lines_published_vectors_verify() {
    let (secret, body, signature) = LINE_VECTORS[0];
    assert_eq!(line(secret).receive(&line_hook(body, signature.as_bytes())), Ok(Vec::new()));
    // The second is no JSON: past the signature it is malformed.
    let (secret, body, signature) = LINE_VECTORS[1];
    let read = line(secret).receive(&line_hook(body, signature.as_bytes()));
    assert!(matches!(read, Err(ReceiveError::Malformed { .. })), "{read:?}");
}

#[test]
fn no_altered_line_body_signature_or_secret_verifies() {
    for (secret, body, signature) in LINE_VECTORS {
        let adapter = line(secret);
        for body in altered(body) {
            assert!(is_refused(adapter.receive(&line_hook(&body, signature.as_bytes()))));
        }
        for signature in altered(signature.as_bytes()) {
            assert!(is_refused(adapter.receive(&line_hook(body, &signature))));
        }
        for secret in altered(secret.as_bytes()).into_iter().filter_map(|it| String::from_utf8(it).ok()) {
            if secret.trim().is_empty() {
                continue;
            }
            let secret = SecretString::from(secret);
            let read = read_webhook(Platform::Line, Some(&secret), &line_hook(body, signature.as_bytes()));
            assert!(is_refused(read));
        }
        assert_eq!(adapter.receive(&Webhook::post(body, NOW)), Err(ReceiveError::MissingSignature));
    }
}

#[test]
fn a_meta_signature_verifies_under_either_live_secret_and_no_alteration_does() {
    let (secret, body, signature) = HMAC_VECTOR;
    let hook = meta_hook(body, signature.as_bytes());
    let malformed = |result| matches!(result, Err(ReceiveError::Malformed { .. }));
    assert!(malformed(facebook(&[secret]).receive(&hook)));
    assert!(malformed(facebook(&["another", secret]).receive(&hook)));
    assert!(is_refused(facebook(&["another", "Jeff"]).receive(&hook)));
    let adapter = facebook(&[secret]);
    for body in altered(body) {
        assert!(is_refused(adapter.receive(&meta_hook(&body, signature.as_bytes()))));
    }
    for signature in altered(signature.as_bytes()) {
        assert!(is_refused(adapter.receive(&meta_hook(body, &signature))));
    }
    let old = Webhook::post(body, NOW)
        .with_header("X-Hub-Signature", "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_eq!(adapter.receive(&old), Err(ReceiveError::MissingSignature));
}

#[test]
fn telegrams_secret_token_must_be_ours_to_the_letter() {
    let credentials = Credentials::new()
        .with("bot_token", "999:abc".to_owned())
        .with("webhook_secret", "Mali_and-Somchai".to_owned());
    let settings = ChannelSettings { by_webhook: true, ..ChannelSettings::default() };
    let bot = adapter(Platform::Telegram, &credentials, &settings).unwrap();
    let body = br#"{"update_id":1,"message":{"message_id":1,"chat":{"id":1,"type":"private"},"date":1795168800,"text":"hi"}}"#;
    let hook =
        |secret: &[u8]| Webhook::post(*body, NOW).with_header("X-Telegram-Bot-Api-Secret-Token", secret);
    assert_eq!(bot.receive(&hook(b"Mali_and-Somchai")).unwrap().len(), 1);
    for secret in altered(b"Mali_and-Somchai") {
        assert!(is_refused(bot.receive(&hook(&secret))));
    }
    assert_eq!(bot.receive(&Webhook::post(*body, NOW)), Err(ReceiveError::MissingSignature));
    // A bot that polls has no webhook secret, so nobody can knock.
    let polling = Credentials::new().with("bot_token", "999:abc".to_owned());
    let polling = adapter(Platform::Telegram, &polling, &ChannelSettings::default()).unwrap();
    assert_eq!(polling.receive(&hook(b"")), Err(ReceiveError::BadSignature));
}

#[test]
fn metas_challenge_is_answered_only_to_who_knows_our_token() {
    let ask = |query: &str| {
        let mut hook = Webhook::post(Vec::new(), NOW);
        "GET".clone_into(&mut hook.method);
        hook.query = Some(query.to_owned());
        facebook(&["s"]).challenge(&hook)
    };
    let ours = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=%E0%B8%A8%E0%B8%B2%E0%B8%A5%E0%B8%B2-token";
    assert_eq!(ask(ours).as_deref(), Some("1158201444"));
    assert_eq!(ask(&ours.replace("-token", "-tokem")), None);
    assert_eq!(ask("hub.mode=subscribe&hub.challenge=1"), None);
    assert_eq!(ask(&ours.replace("subscribe", "unsubscribe")), None);
}

#[test]
fn what_is_for_another_page_alone_is_not_ours() {
    let body = br#"{"object":"page","entry":[{"id":"2002","time":1795168800000,"messaging":[]}]}"#;
    let secret = SecretString::from("s".to_owned());
    let hook = signed("s", body);
    assert_eq!(facebook(&["s"]).receive(&hook), Err(ReceiveError::NotOurs));
    assert_eq!(read_webhook(Platform::Facebook, Some(&secret), &hook).unwrap().len(), 1);
}

fn signed(secret: &str, body: &[u8]) -> Webhook {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    meta_hook(body, signature.as_bytes())
}

#[test]
fn nothing_secret_shows_in_debug_output() {
    let credentials = Credentials::new().with("bot_token", "999:planted-secret".to_owned());
    let hook =
        Webhook::post("เลขบัญชี 055", NOW).with_header("x-telegram-bot-api-secret-token", "planted-secret");
    let shown = format!("{credentials:?} {hook:?}");
    assert!(!shown.contains("planted") && !shown.contains("055"), "{shown}");
}
