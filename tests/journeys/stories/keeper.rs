//! When a person acts, the assistant is silent: from the owner's phone, from the screen, at the last moment.

use std::time::Duration;

use domain::{Autonomy, DeliveryState, Keeper, StuckReason};
use journeys::{
    Stage,
    shop::{ASKS_CROISSANT, ASKS_LATTE, ASKS_PARKING},
};
use testkit::{EchoTiming, Person};

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_answers_from_the_phone_and_the_assistant_stops_in_its_hold() {
    let stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.asks(&page, &mali, ASKS_LATTE).await;
    let echo = stage.fakes.graph.webhook().by_hand(&mali, "75 บาทค่ะ เดี๋ยวพี่ทำให้เลย").signed();
    assert_eq!(stage.post(&page, &echo).await.status, 200);
    let stopped = stage.until_delivery(&page, &mali, DeliveryState::Stopped).await;
    assert_eq!(stopped.reason, Some(StuckReason::PersonTookOver));
    stage.wind(Duration::from_secs(60));
    let row = stage.conversation(&page, &mali).await.unwrap();
    assert_eq!(row.keeper, Keeper::Person { until: None });
    stage.hears(&page, &mali, ASKS_PARKING).await;
    stage.pause();
    stage.decided().await;
    assert!(stage.replies(&page, &mali).is_empty(), "{}", stage.ledger().transcript());
    assert_eq!(
        stage.transcript(&page, &mali).await,
        [
            format!("customer: {ASKS_LATTE}"),
            "person: 75 บาทค่ะ เดี๋ยวพี่ทำให้เลย".to_owned(),
            format!("customer: {ASKS_PARKING}"),
        ]
    );
    stage.house().give_back(row.id).await.unwrap();
    let answer = stage.is_answered(&page, &mali, ASKS_CROISSANT).await;
    assert!(answer.text.contains("90"), "given back, the assistant answers again: {}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_echo_of_our_own_words_is_no_person_even_when_it_outruns_the_answer() {
    let stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Auto).await;
    let mali = Person::mali();
    for timing in [EchoTiming::BeforeResponse, EchoTiming::AfterResponse] {
        stage.fakes.graph.echo_to(&page.url, timing);
        let asked = if timing == EchoTiming::BeforeResponse { ASKS_LATTE } else { ASKS_PARKING };
        stage.is_answered(&page, &mali, asked).await;
        stage.all_confirmed().await;
        stage.decided().await;
    }
    let row = stage.conversation(&page, &mali).await.unwrap();
    assert_eq!(row.keeper, Keeper::Assistant);
    let said = stage.transcript(&page, &mali).await;
    assert_eq!(said.len(), 4, "no message of ours stands there twice: {said:?}");
    assert_eq!(stage.replies(&page, &mali).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_over_at_the_moment_of_sending_either_it_left_before_or_it_never_leaves() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mut stopped = 0;
    for nth in 0..12 {
        let guest = Person::of_the_crowd(nth);
        stage.asks(&line, &guest, ASKS_LATTE).await;
        let conversation = stage.conversation_id(&line, &guest).await;
        if nth % 2 == 0 {
            // The hold is over in the same moment.
            stage.hold_over();
            stage.house().take_over(conversation, None).await.unwrap();
        } else {
            stage.house().take_over(conversation, None).await.unwrap();
            stage.hold_over();
        }
        let taken_at = stage.replies(&line, &guest).len();
        stage.settled(&line, &guest).await;
        let state = stage.deliveries(&line, &guest).await.last().unwrap().state;
        let sent = stage.replies(&line, &guest).len();
        match state {
            DeliveryState::Stopped => {
                stopped += 1;
                assert_eq!(sent, 0, "guest {nth}: stopped, and sent all the same");
            }
            DeliveryState::Sent => assert_eq!(sent, 1, "guest {nth}"),
            DeliveryState::Waiting
            | DeliveryState::Sending
            | DeliveryState::Unsure
            | DeliveryState::Stuck => panic!("guest {nth}: {state:?}"),
        }
        assert!(nth % 2 == 0 || taken_at == 0, "taken over in the hold, nothing leaves");
    }
    assert!(stopped >= 6, "those taken over before the hold was over");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_own_words_leave_at_once_and_in_order() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.asks(&line, &mali, ASKS_LATTE).await;
    let conversation = stage.conversation_id(&line, &mali).await;
    for words in ["สวัสดีค่ะ พี่มะลิ", "วันนี้ลาเต้ลดเหลือ 60 บาทค่ะ", "รับกี่แก้วดีคะ"]
    {
        stage.house().write(conversation, words.to_owned()).await.unwrap();
    }
    stage
        .until("three messages at LINE", async || (stage.replies(&line, &mali).len() == 3).then_some(()))
        .await;
    let read: Vec<String> = stage.replies(&line, &mali).into_iter().map(|sent| sent.text).collect();
    assert_eq!(read, ["สวัสดีค่ะ พี่มะลิ", "วันนี้ลาเต้ลดเหลือ 60 บาทค่ะ", "รับกี่แก้วดีคะ"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_over_for_an_hour_the_assistant_is_back_after_it() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.is_answered(&line, &mali, ASKS_LATTE).await;
    let conversation = stage.conversation_id(&line, &mali).await;
    stage.house().take_over(conversation, Some(Duration::from_secs(3_600))).await.unwrap();
    stage.hears(&line, &mali, ASKS_PARKING).await;
    stage.pause();
    stage.decided().await;
    assert_eq!(stage.replies(&line, &mali).len(), 1);
    stage.wind(Duration::from_secs(3_600));
    stage.is_answered(&line, &mali, ASKS_CROISSANT).await;
}
