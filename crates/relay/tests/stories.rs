//! What owners, platforms and strangers meet at the relay, over real HTTP and a real SQLite file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod house;

use std::time::Duration;

use house::{HOUR_MS, Laptop, Running, Street, bodies, stands_in};
use pretty_assertions::assert_eq;
use relay_protocol::{
    ChannelPath, Cursor, Digest, Membership, OwnerKeys, PathKind, PathRegistration, Pull, RelayClient,
    RelayError, Why,
    calls::{PairCode, Warning},
    open,
    signing::{Asked, sign},
};
use reqwest::StatusCode;

#[tokio::test]
async fn a_message_that_comes_at_night_is_there_in_the_morning() {
    let street = Street::open(&["--public-url", "https://relay.example"]).await;
    let mut mali = street.laptop().await;
    let path = mali.path(PathKind::Line).await;

    // Nobody pulls. A customer asks for a blue shirt, and another greets.
    let asked = street.post(&path, "เสื้อสีฟ้ามีไหมคะ").await;
    assert_eq!(asked.status(), StatusCode::OK);
    assert_eq!(asked.text().await.unwrap(), "");
    street.post(&path, "สวัสดีค่ะ").await;

    let webhooks = mali.take().await;
    assert_eq!(bodies(&webhooks), ["เสื้อสีฟ้ามีไหมคะ", "สวัสดีค่ะ"]);
    assert_eq!(webhooks[0].path, path);
    assert_eq!(webhooks[0].method, "POST");
    assert_eq!(webhooks[0].url, Some(format!("https://relay.example/w/{path}")));
    assert_eq!(
        webhooks[0].header("X-Line-Signature"),
        Some(b"GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=".as_slice())
    );
    assert_eq!(webhooks[0].header("cookie"), None);

    // Her database has not committed: the same comes again after a crash.
    let again = Pull { wait: Duration::ZERO, ..Pull::from_cursor(Cursor::resume(0)) };
    assert_eq!(mali.client.pull(&again, street.time.now_ms()).await.unwrap().envelopes.len(), 2);

    // Once it has, it is gone for good.
    mali.confirm().await;
    let before = mali.client.pull(&again, street.time.now_ms()).await.unwrap();
    assert_eq!(before.envelopes, []);
    let status = mali.client.status(street.time.now_ms()).await.unwrap();
    assert_eq!((status.waiting, status.waiting_bytes, status.last_sequence, status.acked_upto), (0, 0, 2, 2));
    street.running.stop().await;
}

#[tokio::test]
async fn the_first_half_can_be_confirmed_while_the_second_is_still_being_committed() {
    let street = Street::open(&[]).await;
    let mut mali = street.laptop().await;
    let path = mali.path(PathKind::Line).await;
    for body in ["one", "two", "three"] {
        street.post(&path, body).await;
    }
    mali.take().await;
    mali.cursor.committed(2);
    assert_eq!(mali.ask(Duration::ZERO).await.unwrap().envelopes, []);
    let again = Pull { wait: Duration::ZERO, ..Pull::from_cursor(Cursor::resume(2)) };
    let left = mali.client.pull(&again, street.time.now_ms()).await.unwrap();
    assert_eq!(left.envelopes.iter().map(|envelope| envelope.heading.sequence).collect::<Vec<_>>(), [3]);
    street.running.stop().await;
}

#[tokio::test]
async fn a_waiting_laptop_hears_of_a_message_at_once() {
    let street = Street::open(&[]).await;
    let mut mali = street.laptop().await;
    let path = mali.path(PathKind::Telegram).await;
    let waiting = mali.ask(Duration::from_secs(50));
    let posting = async {
        // The call is under way before the message comes, or not: it must be heard in both cases.
        tokio::task::yield_now().await;
        street.post(&path, "ขอราคาหน่อยครับ").await
    };
    let (answer, posted) =
        tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(waiting, posting) })
            .await
            .expect("heard long before the 50 seconds end");
    assert_eq!(posted.status(), StatusCode::OK);
    assert_eq!(answer.unwrap().envelopes.len(), 1);
    assert_eq!(bodies(&mali.take().await), ["ขอราคาหน่อยครับ"]);
    street.running.stop().await;
}

#[tokio::test]
async fn a_stop_ends_the_long_polls_and_the_next_run_goes_on_where_this_one_ended() {
    let street = Street::open(&[]).await;
    let mut mali = street.laptop().await;
    let path = mali.path(PathKind::Line).await;
    street.post(&path, "before").await;
    mali.take().await;
    mali.confirm().await;
    street.post(&path, "between").await;
    mali.cursor.received(2);
    let (answer, ()) = tokio::join!(mali.ask(Duration::from_secs(50)), async {
        tokio::task::yield_now().await;
        street.running.stop().await;
    });
    // Answered empty, or not reached any more; in no case held for 50 seconds.
    match answer {
        Ok(answer) => assert_eq!(answer.envelopes, []),
        Err(error) => assert!(matches!(error, RelayError::Unreachable(_) | RelayError::Busy(_)), "{error}"),
    }
    street.time.forward(HOUR_MS);
    let running = Running::start(street.folder.path(), &street.time, &[]).await;
    let mut mali = mali.moved_to(&running.address);
    mali.cursor = Cursor::resume(1);
    house::post(&running.address, &path, "after").await;
    assert_eq!(bodies(&mali.take().await), ["between", "after"], "and the chain holds across the two runs");
    let status = mali.client.status(street.time.now_ms()).await.unwrap();
    assert_eq!(status.reachable_since_ms, street.time.now_ms());
    assert_eq!(status.unreachable_from_ms, Some(street.time.now_ms() - HOUR_MS));
    running.stop().await;
}

#[tokio::test]
async fn meta_gets_its_challenge_answered_while_the_laptop_sleeps() {
    let street = Street::open(&[]).await;
    let mali = street.laptop().await;
    let path = mali.path_with_token(PathKind::Meta, Some("meatyhamhock")).await;
    let ask = |path: ChannelPath, token: &'static str| {
        let url = format!(
            "{}/w/{path}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}",
            street.running.address
        );
        async move { reqwest::get(url).await.unwrap() }
    };
    let right = ask(path, "meatyhamhock").await;
    assert_eq!(right.status(), StatusCode::OK);
    assert_eq!(right.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(right.text().await.unwrap(), "1158201444");
    assert_eq!(ask(path, "meatyhamsock").await.status(), StatusCode::FORBIDDEN);
    let tokenless = mali.path(PathKind::Meta).await;
    assert_eq!(ask(tokenless, "").await.status(), StatusCode::FORBIDDEN);
    let line = mali.path(PathKind::Line).await;
    assert_eq!(ask(line, "meatyhamhock").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(ask(ChannelPath::from_bytes([7; 20]), "meatyhamhock").await.status(), StatusCode::NOT_FOUND);
    street.running.stop().await;
}

#[tokio::test]
async fn every_platform_gets_the_answer_it_expects() {
    let street = Street::open(&[]).await;
    let mut mali = street.laptop().await;
    for kind in [PathKind::Line, PathKind::Meta, PathKind::Telegram] {
        let path = mali.path(kind).await;
        let answer = street.post(&path, r#"{"destination":"U8e74","events":[]}"#).await;
        assert_eq!(
            (answer.status(), answer.text().await.unwrap()),
            (StatusCode::OK, String::new()),
            "{kind:?}"
        );
    }
    let path = mali.path(PathKind::Twilio).await;
    let answer = street.post(&path, "Body=hello").await;
    assert_eq!(answer.headers()["content-type"], "text/xml; charset=utf-8");
    assert_eq!(answer.text().await.unwrap(), "<Response/>");
    let by_query =
        reqwest::get(format!("{}/w/{path}?Body=hello%20again", street.running.address)).await.unwrap();
    assert_eq!(by_query.text().await.unwrap(), "<Response/>");
    let webhooks = mali.take().await;
    assert_eq!(webhooks.len(), 5);
    assert_eq!((webhooks[4].method.as_str(), webhooks[4].query.as_str()), ("GET", "Body=hello%20again"));
    street.running.stop().await;
}

#[tokio::test]
async fn nobody_learns_from_a_404_what_an_unknown_path_lacks() {
    let street = Street::open(&[]).await;
    let mali = street.laptop().await;
    let removed = mali.path(PathKind::Line).await;
    mali.client.remove_path(&removed, street.time.now_ms()).await.unwrap();
    let mut answers = Vec::new();
    for path in ["x".to_owned(), "0".repeat(40), removed.to_string(), "%ff".to_owned()] {
        let url = format!("{}/w/{path}", street.running.address);
        let answer = reqwest::Client::new().post(url).body("{}").send().await.unwrap();
        let mut names: Vec<_> = answer.headers().keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        answers.push((answer.status().as_u16(), names, answer.text().await.unwrap()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].0, 404);
    street.running.stop().await;
}

#[tokio::test]
async fn three_megabytes_pass_and_one_byte_more_does_not() {
    let street = Street::open(&[]).await;
    let mut mali = street.laptop().await;
    let path = mali.path(PathKind::Meta).await;
    let most = 3 * 1024 * 1024;
    assert_eq!(street.post(&path, vec![b'a'; most]).await.status(), StatusCode::OK);
    assert_eq!(street.post(&path, vec![b'a'; most + 1]).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(street.post(&path, vec![b'a'; 10_000_000]).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(street.post(&path, "and the next one is well").await.status(), StatusCode::OK);
    let webhooks = mali.take().await;
    assert_eq!(webhooks.iter().map(|webhook| webhook.body.len()).collect::<Vec<_>>(), [most, 24]);
    street.running.stop().await;
}

#[tokio::test]
async fn a_full_path_turns_away_honestly_and_takes_again_after_confirming() {
    let street = Street::open(&["--path-envelopes", "5"]).await;
    let mut mali = street.laptop().await;
    let full = mali.path(PathKind::Line).await;
    let other = mali.path(PathKind::Line).await;
    for n in 0..5 {
        assert_eq!(street.post(&full, format!("{n}")).await.status(), StatusCode::OK);
    }
    let turned_away = street.post(&full, "6").await;
    assert_eq!(turned_away.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(turned_away.headers()["retry-after"], "60");
    assert_eq!(street.post(&other, "neighbour").await.status(), StatusCode::OK);

    let status = mali.client.status(street.time.now_ms()).await.unwrap();
    assert_eq!(status.warnings, [Warning::PathFilling { path: full, waiting: 5, limit: 5 }]);
    assert_eq!(bodies(&mali.take().await), ["0", "1", "2", "3", "4", "neighbour"]);
    mali.confirm().await;
    assert_eq!(street.post(&full, "6 again").await.status(), StatusCode::OK);
    assert_eq!(bodies(&mali.take().await), ["6 again"]);
    assert_eq!(mali.client.status(street.time.now_ms()).await.unwrap().warnings, []);
    street.running.stop().await;
}

#[tokio::test]
async fn owners_bytes_and_sources_have_their_limits_too() {
    let street = Street::open(&["--owner-envelopes", "2", "--source-per-minute", "20"]).await;
    let mali = street.laptop().await;
    let path = mali.path(PathKind::Line).await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(street.post(&path, "x").await.status().as_u16());
    }
    assert_eq!(answers, [200, 200, 503, 503, 503], "two fit; the fifth is one source's too many as well");
    street.time.forward(3_000);
    assert_eq!(mali.client.status(street.time.now_ms()).await.unwrap().waiting, 2);
    street.running.stop().await;

    let street = Street::open(&["--owner-bytes", "3000"]).await;
    let mali = street.laptop().await;
    let path = mali.path(PathKind::Line).await;
    assert_eq!(street.post(&path, vec![b'x'; 2_000]).await.status(), StatusCode::OK);
    assert_eq!(street.post(&path, vec![b'x'; 2_000]).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    street.running.stop().await;
}

#[tokio::test]
async fn a_full_disk_turns_away_and_still_hands_over_and_forgets() {
    // The smallest letterbox there is: 64 pages of 8 KiB.
    let street = Street::open(&["--disk-bytes", "1"]).await;
    let mut mali = street.laptop().await;
    let path = mali.path(PathKind::Line).await;
    let mut kept = 0;
    let turned_away = loop {
        let answer = street.post(&path, vec![b'x'; 50_000]).await;
        if answer.status() != StatusCode::OK {
            break answer;
        }
        kept += 1;
        assert!(kept < 64, "the disk never fills");
    };
    assert_eq!(turned_away.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(turned_away.headers().contains_key("retry-after"));
    assert_eq!(mali.take().await.len(), kept, "all that was answered with 200, and nothing else");
    mali.confirm().await;
    assert_eq!(street.post(&path, vec![b'x'; 50_000]).await.status(), StatusCode::OK);
    assert_eq!(mali.take().await.len(), 1, "the chain goes on");
    street.running.stop().await;
}

#[tokio::test]
async fn a_second_pairing_ends_the_first_ones_rights() {
    let street = Street::open(&[]).await;
    let mut stolen = street.laptop().await;
    let path = stolen.path(PathKind::Line).await;
    street.post(&path, "read by the first").await;
    stolen.take().await;
    stolen.confirm().await;
    street.post(&path, "waits").await;

    // Mali's laptop is stolen; she keeps the keys for opening, and pairs anew with a fresh signing key.
    let code = street.running.code(Some(stolen.owner()), &street.time).await;
    let (_, sealing) = stolen.client.keys().seeds();
    let fresh = OwnerKeys::from_seeds([9; 32], *sealing);
    stolen.cursor.received(2);
    let held = stolen.ask(Duration::from_secs(50));
    let pairing = Laptop::pair(&street.running.address, &code, fresh, &street.time);
    let (held, paired) = tokio::join!(held, pairing);
    let (mut mali, answer) = paired.unwrap();
    assert!(matches!(held, Err(RelayError::Refused)), "also the call that was being held: {held:?}");
    assert_eq!(answer.owner, stolen.owner());
    assert_eq!(answer.position.sequence, 1);

    assert!(matches!(stolen.ask(Duration::ZERO).await, Err(RelayError::Refused)));
    assert!(matches!(stolen.client.status(street.time.now_ms()).await, Err(RelayError::Refused)));
    street.post(&path, "after").await;
    assert_eq!(bodies(&mali.take().await), ["waits", "after"]);
    street.running.stop().await;
}

#[tokio::test]
async fn what_was_sealed_to_a_lost_key_is_told_from_a_broken_seal() {
    let street = Street::open(&[]).await;
    let lost = street.laptop().await;
    let path = lost.path(PathKind::Line).await;
    street.post(&path, "to the lost key").await;
    let code = street.running.code(Some(lost.owner()), &street.time).await;
    let keys = OwnerKeys::generate(&mut rand::rng());
    let (mali, _) = Laptop::pair(&street.running.address, &code, keys, &street.time).await.unwrap();
    street.post(&path, "to the new key").await;
    let envelopes = mali.ask(Duration::ZERO).await.unwrap().envelopes;
    assert!(matches!(open(mali.client.keys(), &envelopes[0]), Err(RelayError::OtherKey)));
    assert_eq!(open(mali.client.keys(), &envelopes[1]).unwrap().body, b"to the new key");
    street.running.stop().await;
}

#[tokio::test]
async fn a_code_works_once_in_time_and_spelled_right() {
    let street = Street::open(&[]).await;
    let pair = async |code: &PairCode| {
        let keys = OwnerKeys::generate(&mut rand::rng());
        Laptop::pair(&street.running.address, code, keys, &street.time).await.map(|(_, answer)| answer.owner)
    };
    let code = street.running.code(None, &street.time).await;
    assert!(pair(&code).await.is_ok());
    assert!(matches!(pair(&code).await, Err(RelayError::WrongCode)), "spent");
    let late = street.running.code(None, &street.time).await;
    street.time.forward(relay::CODE_LIFE_MS);
    assert!(matches!(pair(&late).await, Err(RelayError::WrongCode)), "too old");
    let wrong = PairCode::read("0000-0000");
    for _ in 0..9 {
        pair(&wrong).await.unwrap_err();
    }
    let right = street.running.code(None, &street.time).await;
    assert!(
        matches!(pair(&right).await, Err(RelayError::Busy(_))),
        "too many wrong ones, even for a right one"
    );
    street.time.forward(15 * 60_000);
    let right = street.running.code(None, &street.time).await;
    assert!(pair(&right).await.is_ok());
    street.running.stop().await;
}

#[tokio::test]
async fn a_request_overheard_cannot_be_used_again_or_changed() {
    let street = Street::open(&[]).await;
    let mali = street.laptop().await;
    let Membership { relay, owner } = mali.client.membership();
    let target = "/v1/status";
    let asked = Asked { relay, method: "GET", target, body: b"" };
    let send = async |target: &str, headers: &[(&'static str, String)]| {
        let mut call = reqwest::Client::new().get(format!("{}{target}", street.running.address));
        for (name, value) in headers {
            call = call.header(*name, value);
        }
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let now_ms = street.time.now_ms();
    let headers = sign(mali.client.keys(), owner, &asked, now_ms, [1; 16]);
    assert_eq!(send(target, &headers).await.0, 200);
    let replayed = send(target, &headers).await;
    assert_eq!(replayed, (401, format!(r#"{{"error":"replayed","now_ms":{now_ms}}}"#)));
    assert_eq!(send("/v1/paths", &headers).await.0, 401);
    assert_eq!(send(target, &[]).await, (401, format!(r#"{{"error":"bad_signature","now_ms":{now_ms}}}"#)));
    street.time.forward(10 * 60_000);
    let stale = sign(mali.client.keys(), owner, &asked, now_ms + 60_000, [2; 16]);
    assert!(send(target, &stale).await.1.contains("clock_skew"));
    street.running.stop().await;

    // A new run knows no nonces, so it believes nothing that was signed before it began.
    let running = Running::start(street.folder.path(), &street.time, &[]).await;
    let signed_before = sign(mali.client.keys(), owner, &asked, street.time.now_ms() - 1, [3; 16]);
    let mut call = reqwest::Client::new().get(format!("{}{target}", running.address));
    for (name, value) in signed_before {
        call = call.header(name, value);
    }
    assert!(call.send().await.unwrap().text().await.unwrap().contains("clock_skew"));
    running.stop().await;
}

#[tokio::test]
async fn a_laptop_whose_clock_is_ten_years_off_is_still_served() {
    let street = Street::open(&[]).await;
    let mali = street.laptop().await;
    let ten_years = 10 * 365 * 24 * HOUR_MS;
    for wrong in [street.time.now_ms() - ten_years, street.time.now_ms() + ten_years, i64::MAX, i64::MIN] {
        mali.client.status(wrong).await.unwrap();
    }
    street.running.stop().await;
}

#[tokio::test]
async fn nothing_is_confirmed_that_never_was() {
    let street = Street::open(&[]).await;
    let mali = street.laptop().await;
    let ahead = Pull { wait: Duration::ZERO, ..Pull::from_cursor(Cursor::resume(7)) };
    let answer = mali.client.pull(&ahead, street.time.now_ms()).await;
    assert!(matches!(answer, Err(RelayError::Declined(Why::AckBeyond))), "{answer:?}");
    street.running.stop().await;
}

#[tokio::test]
async fn paths_belong_to_their_owner() {
    let street = Street::open(&["--owner-paths", "2"]).await;
    let (mali, somchai) = (street.laptop().await, street.laptop().await);
    let now_ms = street.time.now_ms();
    let path = mali.path(PathKind::Line).await;
    let line = PathRegistration { kind: PathKind::Line, verify_token_sha256: None };
    let taken = somchai.client.register_path(&path, &line, now_ms).await;
    assert!(matches!(taken, Err(RelayError::Declined(Why::PathTaken))), "{taken:?}");
    let foreign = somchai.client.remove_path(&path, now_ms).await;
    assert!(matches!(foreign, Err(RelayError::Declined(Why::UnknownPath))), "{foreign:?}");
    let meta = PathRegistration { kind: PathKind::Meta, verify_token_sha256: Some(Digest::of(b"t")) };
    mali.client.register_path(&path, &meta, now_ms).await.unwrap();
    mali.path(PathKind::Line).await;
    let third = mali.client.register_path(&ChannelPath::from_bytes([1; 20]), &line, now_ms).await;
    assert!(matches!(third, Err(RelayError::Declined(Why::PathLimit))), "{third:?}");
    let listed = mali.client.paths(now_ms).await.unwrap();
    let changed = listed.iter().find(|entry| entry.path == path).unwrap();
    assert_eq!((changed.kind, changed.has_verify_token, listed.len()), (PathKind::Meta, true, 2));
    assert_eq!(somchai.client.paths(now_ms).await.unwrap(), []);

    // What arrived before a path was taken back is still handed over.
    street.post(&path, "just before").await;
    mali.client.remove_path(&path, now_ms).await.unwrap();
    assert_eq!(mali.ask(Duration::ZERO).await.unwrap().envelopes.len(), 1);
    street.running.stop().await;
}

#[tokio::test]
async fn two_weeks_unread_are_thrown_away_and_the_owner_is_told() {
    let street = Street::open(&[]).await;
    let mut mali = street.laptop().await;
    let path = mali.path(PathKind::Line).await;
    street.post(&path, "old").await;
    street.time.forward(13 * 24 * HOUR_MS + HOUR_MS);
    street.post(&path, "new").await;
    let sweep = || street.running.relay.sweep(street.time.now_ms());
    sweep().await;
    let status = mali.client.status(street.time.now_ms()).await.unwrap();
    assert_eq!((status.waiting, status.expired), (2, 0));
    assert_eq!(status.warnings, [Warning::Expiring { oldest_arrived_ms: house::MORNING_MS }]);
    street.time.forward(24 * HOUR_MS);
    sweep().await;
    let status = mali.client.status(street.time.now_ms()).await.unwrap();
    assert_eq!((status.waiting, status.expired, status.warnings), (1, 1, vec![]));

    // The chain notices, in so many words.
    let answer = mali.ask(Duration::ZERO).await.unwrap();
    assert_eq!(
        mali.chain.follow(&answer.envelopes[0]),
        relay_protocol::Link::Gap { first_missing: 1, last_missing: 1 }
    );
    street.running.stop().await;
}

#[tokio::test]
async fn a_letterbox_whose_clock_leaps_ten_years_throws_nothing_away() {
    let street = Street::open(&[]).await;
    let mut mali = street.laptop().await;
    let path = mali.path(PathKind::Line).await;
    street.post(&path, "yesterday").await;
    let before_ms = street.time.now_ms();
    street.time.forward(10 * 365 * 24 * HOUR_MS);
    street.running.relay.sweep(before_ms).await;
    assert_eq!(bodies(&mali.take().await), ["yesterday"]);
    street.running.stop().await;
}

#[tokio::test]
async fn planted_words_are_found_nowhere_on_the_disk_and_confirmed_envelopes_leave_it() {
    let street = Street::open(&[]).await;
    let mut mali = street.laptop().await;
    let path = mali.path_with_token(PathKind::Meta, Some("canary-verify-token")).await;
    street.post(&path, "canary-words เลขบัญชี 055-1-87420-3").await;
    let url = format!("{}/w/{path}?q=canary-query", street.running.address);
    let call =
        reqwest::Client::new().post(url).header("x-telegram-bot-api-secret-token", "canary-secret-token");
    call.body("{}").send().await.unwrap();
    let envelopes = mali.ask(Duration::ZERO).await.unwrap().envelopes;
    let sealed = envelopes[0].ciphertext.clone();
    let folder = street.folder.path().to_owned();
    assert!(stands_in(&folder, &sealed), "the search itself works");
    let canaries = ["canary", "055-1-87420-3", "เลขบัญชี"];
    for canary in canaries {
        assert!(!stands_in(&folder, canary.as_bytes()), "{canary}");
    }
    assert_eq!(mali.take().await.len(), 2);
    mali.confirm().await;
    street.running.relay.sweep(street.time.now_ms()).await;
    assert!(!stands_in(&folder, &sealed), "a confirmed envelope is still on the disk");
    street.running.stop().await;
}

#[tokio::test]
async fn many_owners_at_once_get_what_is_theirs_in_order() {
    let street = Street::open(&[]).await;
    let mut owners = Vec::new();
    for _ in 0..4 {
        let laptop = street.laptop().await;
        let path = laptop.path(PathKind::Line).await;
        owners.push((laptop, path));
    }
    let mut posting = tokio::task::JoinSet::new();
    for (number, (_, path)) in owners.iter().enumerate() {
        for n in 0..25 {
            let (address, path) = (street.running.address.clone(), *path);
            posting.spawn(async move {
                let answer = house::post(&address, &path, format!("{number}:{n}")).await;
                assert_eq!(answer.status(), StatusCode::OK);
            });
        }
    }
    while let Some(posted) = posting.join_next().await {
        posted.unwrap();
    }
    for (number, (laptop, _)) in owners.iter_mut().enumerate() {
        let mut got = bodies(&laptop.take().await);
        got.sort_by_key(|body| body.split_once(':').unwrap().1.parse::<u32>().unwrap());
        assert_eq!(got, (0..25).map(|n| format!("{number}:{n}")).collect::<Vec<_>>());
    }
    street.running.stop().await;
}

#[tokio::test]
async fn a_pull_keeps_to_its_size_but_always_brings_one() {
    let street = Street::open(&[]).await;
    let mali = street.laptop().await;
    let path = mali.path(PathKind::Line).await;
    for _ in 0..3 {
        street.post(&path, vec![b'x'; 10_000]).await;
    }
    let pull = async |max, max_bytes| {
        let pull = Pull { max, max_bytes, wait: Duration::ZERO, ..Pull::from_cursor(Cursor::default()) };
        let answer = mali.client.pull(&pull, street.time.now_ms()).await.unwrap();
        (answer.envelopes.len(), answer.remaining)
    };
    assert_eq!(pull(2, u64::MAX).await, (2, 1));
    assert_eq!(pull(100, 25_000).await, (2, 1));
    assert_eq!(pull(100, 1).await, (1, 2));
    assert_eq!(pull(0, 0).await, (1, 2));
    assert_eq!(pull(u32::MAX, u64::MAX).await, (3, 0));
    street.running.stop().await;
}

#[tokio::test]
async fn a_relay_that_is_down_is_unreachable_and_no_error_tells_an_address() {
    let keys = OwnerKeys::generate(&mut rand::rng());
    let membership = Membership {
        relay: relay_protocol::RelayId::from_bytes([1; 16]),
        owner: relay_protocol::OwnerId::from_bytes([2; 16]),
    };
    let client = RelayClient::new(reqwest::Client::new(), "http://127.0.0.1:9/", membership, keys);
    let error = client.status(house::MORNING_MS).await.unwrap_err();
    assert!(matches!(error, RelayError::Unreachable(_)));
    assert!(!error.to_string().contains("/v1/status"), "{error}");
}

#[tokio::test]
async fn two_relays_never_share_a_folder() {
    let street = Street::open(&[]).await;
    let data = street.folder.path().join("data");
    let settings =
        <relay::settings::Cli as clap::Parser>::parse_from(["sala-relay", "--data", data.to_str().unwrap()]);
    let second = relay::Relay::open(settings.settings, street.time.clock()).await;
    assert!(matches!(second.err(), Some(relay::Fault::InUse(_))));
    street.running.stop().await;
}

#[tokio::test]
async fn strange_requests_are_declined_without_harm() {
    let street = Street::open(&[]).await;
    let http = reqwest::Client::new();
    let status = async |call: reqwest::RequestBuilder| call.send().await.unwrap().status().as_u16();
    let at = |target: &str| format!("{}{target}", street.running.address);
    assert_eq!(status(http.get(at("/"))).await, 404);
    assert_eq!(status(http.get(at("/v1/pull?after=x"))).await, 401);
    assert_eq!(status(http.post(at("/v1/pair")).body(vec![0xff; 100])).await, 400);
    assert_eq!(status(http.post(at("/v1/pair")).body(vec![b' '; 100_000])).await, 413);
    assert_eq!(status(http.put(at("/v1/paths/x")).body("{}")).await, 401);
    assert_eq!(status(http.get(at("/healthz"))).await, 200);
    street.running.stop().await;
}
