//! Three quick messages, the same webhook twice, events in the wrong order: one turn, one answer, once.

use std::time::Duration;

use domain::{Author, Autonomy, DeliveryState, TurnState};
use journeys::{
    Stage,
    shop::{ASKS_CROISSANT, ASKS_LATTE},
};
use testkit::Person;

#[tokio::test(flavor = "multi_thread")]
async fn three_messages_in_one_webhook_become_one_answer() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    let texts = ["สวัสดีค่ะ", "ขอถามหน่อยนะคะ", ASKS_LATTE];
    let hook = stage.fakes.line.webhook().burst(&mali, &texts).signed();
    assert_eq!(stage.post(&line, &hook).await.status, 200);
    for text in texts {
        stage.heard(&line, &mali, text).await;
    }
    let turns: std::collections::BTreeSet<_> =
        stage.talk(&line, &mali).await.iter().filter_map(|spoken| spoken.turn).collect();
    assert_eq!(turns.len(), 1, "a burst is one turn");
    stage.pause();
    stage.until_delivery(&line, &mali, DeliveryState::Waiting).await;
    stage.hold_over();
    stage.until_delivery(&line, &mali, DeliveryState::Sent).await;
    let replies = stage.replies(&line, &mali);
    assert_eq!(replies.len(), 1);
    assert!(replies[0].text.contains("75"), "{}", replies[0].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_two_seconds_apart_push_the_answer_back_and_join() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    for text in ["สวัสดีค่ะ", "ขอถามหน่อยนะคะ", ASKS_LATTE] {
        stage.hears(&line, &mali, text).await;
        stage.wind(Duration::from_secs(2));
    }
    assert!(stage.deliveries(&line, &mali).await.is_empty(), "four quiet seconds are not six");
    stage.wind(Duration::from_secs(4));
    stage.until_delivery(&line, &mali, DeliveryState::Waiting).await;
    stage.hold_over();
    stage.until_delivery(&line, &mali, DeliveryState::Sent).await;
    assert_eq!(stage.replies(&line, &mali).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_on_and_on_is_answered_at_the_cap() {
    let stage = Stage::set().await;
    // Messenger: no reply token hurries the turn.
    let page = stage.facebook(Autonomy::Auto).await;
    let mali = Person::mali();
    for nth in 0..5 {
        stage.hears(&page, &mali, &format!("{ASKS_LATTE} {nth}")).await;
        stage.wind(Duration::from_secs(5));
    }
    // Twenty-five seconds since the first, never six quiet ones.
    stage.until_delivery(&page, &mali, DeliveryState::Waiting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_come_in_the_hold_take_the_answer_back_and_join_the_turn() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.asks(&line, &mali, ASKS_LATTE).await;
    stage.hears(&line, &mali, ASKS_CROISSANT).await;
    stage
        .until("the first answer being taken back", async || {
            let deliveries = stage.deliveries(&line, &mali).await;
            (deliveries.first()?.state == DeliveryState::Stopped).then_some(())
        })
        .await;
    stage.wind(Duration::from_secs(6));
    stage.until_delivery(&line, &mali, DeliveryState::Waiting).await;
    stage.hold_over();
    stage.until_delivery(&line, &mali, DeliveryState::Sent).await;
    let replies = stage.replies(&line, &mali);
    assert_eq!(replies.len(), 1, "{}", stage.ledger().transcript());
    let turns: std::collections::BTreeSet<_> =
        stage.talk(&line, &mali).await.iter().filter_map(|spoken| spoken.turn).collect();
    assert_eq!(turns.len(), 1, "both questions belong to the turn that was answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_webhook_twice_and_a_redelivery_are_one_message() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    let hook = stage.fakes.line.webhook().text(&mali, ASKS_LATTE).signed();
    for _ in 0..3 {
        assert_eq!(stage.post(&line, &hook).await.status, 200);
    }
    let again = stage.fakes.line.redelivered(&hook);
    assert_eq!(stage.post(&line, &again).await.status, 200);
    stage.heard(&line, &mali, ASKS_LATTE).await;
    stage.all_confirmed().await;
    stage.pause();
    stage.until_delivery(&line, &mali, DeliveryState::Waiting).await;
    stage.hold_over();
    stage.until_delivery(&line, &mali, DeliveryState::Sent).await;
    // Days later LINE delivers it once more.
    stage.wind(Duration::from_secs(3 * 86_400));
    assert_eq!(stage.post(&line, &again).await.status, 200);
    stage.all_confirmed().await;
    stage.decided().await;
    let said = stage.transcript(&line, &mali).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(stage.replies(&line, &mali).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_and_an_unsend_that_come_before_the_message_are_applied_to_it() {
    let stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Draft).await;
    let (mali, ploy) = (Person::mali(), Person::ploy());
    let graph = &stage.fakes.graph;
    let edited = graph.webhook().text(&mali, "ลาเต้เย้นราคาเท่าไหร่คะ").signed();
    let edit = graph.webhook().edited(&mali, &edited.message_ids[0], ASKS_LATTE, 1).signed();
    let unsent = graph.webhook().text(&ploy, "ส่งผิดค่ะ ขอโทษนะคะ").signed();
    let unsend = graph.webhook().unsent(&ploy, &unsent.message_ids[0]).signed();
    for hook in [&edit, &unsend, &edited, &unsent] {
        assert_eq!(stage.post(&page, hook).await.status, 200);
    }
    stage.heard(&page, &mali, ASKS_LATTE).await;
    stage
        .until("Ploy's message being taken back", async || {
            stage.talk(&page, &ploy).await.first().filter(|spoken| spoken.unsent).map(|_| ())
        })
        .await;
    stage.pause();
    let draft = stage.until_draft(&page, &mali).await;
    assert!(draft.words.as_str().contains("75"), "the edited words are answered");
    stage.decided().await;
    assert!(stage.draft(&page, &ploy).await.is_none(), "what was taken back is not answered");
    let said = stage.talk(&page, &ploy).await;
    assert!(!said.iter().any(|spoken| spoken.text.contains("ส่งผิด")), "its words are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_show_on_our_message_whenever_they_come() {
    let stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Auto).await;
    let mali = Person::mali();
    let sent = stage.is_answered(&page, &mali, ASKS_LATTE).await;
    stage.wind(Duration::from_secs(5));
    let mid = sent.message_ids[0].as_str();
    let hook = stage.fakes.graph.webhook().read(&mali).delivered(&mali, &[mid]).signed();
    assert_eq!(stage.post(&page, &hook).await.status, 200);
    stage
        .until("delivered and read", async || {
            let talk = stage.talk(&page, &mali).await;
            let ours = talk.iter().rev().find(|spoken| spoken.author == Author::Assistant)?;
            (ours.delivered_at.is_some() && ours.read_at.is_some()).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sticker_alone_is_taken_in_and_not_answered() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let nok = Person::nok();
    let hook = stage.fakes.line.webhook().sticker(&nok, &["hello", "cute"]).signed();
    assert_eq!(stage.post(&line, &hook).await.status, 200);
    stage
        .until("the sticker in a turn", async || {
            stage.house().read().next_turn_due(TurnState::Gathering).await.unwrap()
        })
        .await;
    stage.pause();
    stage.decided().await;
    assert_eq!(stage.talk(&line, &nok).await.len(), 1);
    assert!(stage.deliveries(&line, &nok).await.is_empty());
    assert!(stage.draft(&line, &nok).await.is_none());
}
