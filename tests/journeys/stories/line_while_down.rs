//! Mali writes while the laptop sleeps; the relay keeps her words, the owner approves, she is answered once.

use std::time::Duration;

use domain::{Autonomy, DeliveryState, Platform};
use journeys::{Connected, Stage, house::approve, shop::ASKS_LATTE};
use store::DeliveryRow;
use testkit::{LineCall, Person, ledger::Way};

/// The house is down, Mali writes, the house comes up: her draft waits and nothing has left.
async fn drafted_after_sleep() -> (Stage, Connected, Person) {
    let mut stage = Stage::set().await;
    let line = stage.line(Autonomy::Draft).await;
    let mali = Person::mali();
    stage.close().await;
    stage.says(&line, &mali, ASKS_LATTE).await;
    assert_eq!(stage.relay.kept().await, 1, "the relay keeps it");
    stage.wind(Duration::from_secs(10));
    stage.open().await;
    stage.heard(&line, &mali, ASKS_LATTE).await;
    stage.all_confirmed().await;
    stage.pause();
    let draft = stage.until_draft(&line, &mali).await;
    assert!(draft.words.as_str().contains("75"), "{}", draft.words.as_str());
    assert!(stage.replies(&line, &mali).is_empty(), "a draft never leaves the house");
    (stage, line, mali)
}

async fn approved(stage: &Stage, line: &Connected, mali: &Person) -> DeliveryRow {
    let draft = stage.until_draft(line, mali).await;
    approve(stage.api(), draft.id).await.unwrap();
    let sent = stage.until_delivery(line, mali, DeliveryState::Sent).await;
    assert!(approve(stage.api(), draft.id).await.is_err(), "a draft is ruled once");
    sent
}

async fn exactly_one_reply(stage: &Stage, line: &Connected, mali: &Person, way: Way) {
    let replies = stage.replies(line, mali);
    assert_eq!(replies.len(), 1, "{}", stage.ledger().transcript());
    assert_eq!(replies[0].way, way);
    assert!(replies[0].text.contains("75"), "{}", replies[0].text);
    stage.ledger().assert_no_double_sends();
    let talk = stage.talk(line, mali).await;
    let ours = talk.last().unwrap();
    assert_eq!(ours.text, replies[0].text, "what was sent stands in the talk");
    assert!(ours.delivery.is_some() && ours.failed.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_reply_token_lives_the_answer_goes_out_free_of_charge() {
    let (stage, line, mali) = drafted_after_sleep().await;
    let sent = approved(&stage, &line, &mali).await;
    assert_eq!(sent.way.as_deref(), Some("reply"));
    exactly_one_reply(&stage, &line, &mali, Way::Reply).await;
    assert_eq!(stage.fakes.line.quota_used(), 0);
    stage
        .until("Mali's message being marked as read", async || {
            stage.ledger().noted("read").first().filter(|noted| noted.platform == Platform::Line).map(|_| ())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_reply_token_gives_way_to_a_push_with_a_retry_key() {
    let (stage, line, mali) = drafted_after_sleep().await;
    stage.wind(Duration::from_secs(600));
    let sent = approved(&stage, &line, &mali).await;
    assert_eq!(sent.way.as_deref(), Some("push"));
    exactly_one_reply(&stage, &line, &mali, Way::Push).await;
    assert_eq!(stage.fakes.line.quota_used(), 1);
    let key = stage.replies(&line, &mali)[0].key.clone().unwrap();
    assert_eq!(key, sent.delivery.to_string(), "the key was frozen with the delivery");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_answer_is_lost_is_made_again_with_the_same_key_and_lands_once() {
    let (stage, line, mali) = drafted_after_sleep().await;
    stage.wind(Duration::from_secs(600));
    stage.fakes.line.faults().once(LineCall::Push, testkit::Fault::AcceptThenReset);
    let draft = stage.until_draft(&line, &mali).await;
    approve(stage.api(), draft.id).await.unwrap();
    stage.until_delivery(&line, &mali, DeliveryState::Unsure).await;
    stage.wind(Duration::from_secs(10));
    stage.until_delivery(&line, &mali, DeliveryState::Sent).await;
    assert_eq!(stage.fakes.line.faults().waiting(), 0, "the fault happened");
    exactly_one_reply(&stage, &line, &mali, Way::Push).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_leaves_a_receipt_of_its_run() {
    let (stage, line, mali) = drafted_after_sleep().await;
    let sent = approved(&stage, &line, &mali).await;
    let turn = stage.talk(&line, &mali).await[0].turn.unwrap();
    let runs = stage.house().read().runs_of_turn(turn).await.unwrap();
    assert_eq!(runs.len(), 1);
    let receipt = stage.house().read().run_of(sent.reply).await.unwrap();
    assert_eq!(receipt, Some(runs[0].id), "the reply names the run that wrote it");
    assert!(runs[0].run.left_to.is_none(), "the built-in assistant sends nothing away");
}
