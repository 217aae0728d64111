//! `sala parse`: signatures, events, and exit codes.

use crate::sala::{Said, bare, fed};

/// Secret, body and signature as LINE publishes them.
const SECRET: &str = "8c570fa6dd201bb328f1c1eac23a96d8";
const BODY: &[u8] = br#"{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}"#;
const SIGNATURE: &str = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=";

/// Another of LINE's: signed, and no JSON.
const NO_JSON: (&str, &[u8], &str) =
    ("channel_secret", b"bodybodybodybody", "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k=");

const MALI_SAYS_HI: &[u8] = "{\"destination\":\"U0\",\"events\":[{\"type\":\"message\",\"mode\":\"active\",\
    \"timestamp\":1781062200000,\"webhookEventId\":\"01E1\",\"deliveryContext\":{\"isRedelivery\":false},\
    \"source\":{\"type\":\"user\",\"userId\":\"Umali\"},\"replyToken\":\"t1\",\
    \"message\":{\"type\":\"text\",\"id\":\"m1\",\"quoteToken\":\"q1\",\"text\":\"สวัสดีค่ะ\"}},\
    {\"type\":\"moonrise\",\"timestamp\":1781062200001,\"webhookEventId\":\"01E2\",\
    \"source\":{\"type\":\"user\",\"userId\":\"Umali\"}}]}"
    .as_bytes();

fn parse(secret: &str, signature: Option<&str>, body: &[u8]) -> Said {
    let header = signature.map(|signature| format!("X-Line-Signature: {signature}"));
    let mut args = vec!["parse", "--platform", "line", "--secret", secret];
    if let Some(header) = &header {
        args.extend(["--header", header]);
    }
    fed(bare(&args), body)
}

#[test]
fn lines_published_vector_is_believed_with_the_secret_bare_or_named() {
    for secret in [SECRET.to_owned(), format!("channel_secret={SECRET}")] {
        let said = parse(&secret, Some(SIGNATURE), BODY);
        assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    }
}

#[test]
fn an_altered_body_a_missing_and_a_foreign_signature_end_with_three() {
    let mut altered = BODY.to_vec();
    altered[20] ^= 1;
    for (secret, signature, body) in [
        (SECRET, Some(SIGNATURE), altered.as_slice()),
        (SECRET, None, BODY),
        ("other", Some(SIGNATURE), BODY),
    ] {
        let said = parse(secret, signature, body);
        assert_eq!((said.code, said.out.as_str()), (3, ""), "{said:?}");
        assert!(said.complaint.contains("signature"), "{}", said.complaint);
    }
}

#[test]
fn what_is_signed_and_no_json_ends_with_four() {
    let (secret, body, signature) = NO_JSON;
    let said = parse(secret, Some(signature), body);
    assert_eq!(said.code, 4, "{said:?}");
    let cut = &MALI_SAYS_HI[..MALI_SAYS_HI.len() - 2];
    let said = fed(bare(&["parse", "--platform", "line"]), cut);
    assert_eq!(said.code, 4, "{said:?}");
}

#[test]
fn mali_says_hi_and_a_moonrise_beside_it_is_kept_as_unsupported() {
    let said = fed(bare(&["parse", "--platform", "line"]), MALI_SAYS_HI);
    assert_eq!(said.code, 0, "{said:?}");
    let events: Vec<serde_json::Value> =
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["event"], "message");
    assert_eq!(events[0]["parts"][0]["text"], "สวัสดีค่ะ");
    assert_eq!(events[0]["thread"]["key"], "Umali");
    assert_eq!(events[1]["event"], "unsupported");
    assert_eq!(events[1]["what"], "moonrise");
}

#[test]
fn a_platform_nobody_knows_is_a_usage_error() {
    let said = fed(bare(&["parse", "--platform", "icq"]), b"{}");
    assert_eq!(said.code, 2, "{said:?}");
}
