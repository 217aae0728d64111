//! How much the assistant may do by itself, and what narrows it: settings, sleep, limits, hours, panic.

use std::{collections::BTreeMap, time::Duration};

use domain::{Autonomy, Bilingual, DeliveryState, Intent, StuckReason};
use journeys::{
    Stage,
    shop::{ASKS_CROISSANT, ASKS_LATTE, ASKS_PARKING},
};
use store::Purpose;
use testkit::Person;

#[tokio::test(flavor = "multi_thread")]
async fn off_is_silent_draft_proposes_auto_sends_and_the_intent_narrows() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Off).await;
    let (mali, ploy, nok, john) = (Person::mali(), Person::ploy(), Person::nok(), Person::john());
    stage.hears(&line, &mali, ASKS_LATTE).await;
    stage.pause();
    stage.decided().await;
    assert!(stage.draft(&line, &mali).await.is_none());
    assert!(stage.deliveries(&line, &mali).await.is_empty());

    stage.house().set_channel_autonomy(line.channel, Some(Autonomy::Draft)).await.unwrap();
    stage.hears(&line, &ploy, ASKS_LATTE).await;
    stage.pause();
    stage.until_draft(&line, &ploy).await;

    stage.house().set_channel_autonomy(line.channel, Some(Autonomy::Auto)).await.unwrap();
    stage.is_answered(&line, &nok, ASKS_LATTE).await;

    let every: BTreeMap<Intent, Autonomy> =
        [Intent::Question, Intent::PurchaseInquiry, Intent::Unknown].map(|one| (one, Autonomy::Draft)).into();
    stage.set_settings(|settings| settings.autonomy_by_intent = every).await;
    stage.hears(&line, &john, ASKS_LATTE).await;
    stage.pause();
    stage.until_draft(&line, &john).await;
    assert_eq!(stage.ledger().accepted().len(), 1, "only Nok was answered by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_half_an_hour_of_sleep_answers_are_drafts() {
    let mut stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let (mali, ploy) = (Person::mali(), Person::ploy());
    stage.close().await;
    stage.says(&line, &mali, ASKS_LATTE).await;
    stage.wind(Duration::from_secs(29 * 60));
    stage.says(&line, &ploy, ASKS_LATTE).await;
    stage.wind(Duration::from_secs(2 * 60));
    stage.open().await;
    stage.heard(&line, &mali, ASKS_LATTE).await;
    stage.heard(&line, &ploy, ASKS_LATTE).await;
    stage.pause();
    stage.until_draft(&line, &mali).await;
    stage.until_delivery(&line, &ploy, DeliveryState::Waiting).await;
    stage.hold_over();
    stage.until_delivery(&line, &ploy, DeliveryState::Sent).await;
    assert!(stage.replies(&line, &mali).is_empty(), "31 minutes old: a draft, not sent");
    assert_eq!(stage.replies(&line, &ploy).len(), 1, "two minutes old: sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_laptop_that_slept_for_a_night_calls_people_but_tells_nobody_at_dawn() {
    let mut stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let somchai = Person::somchai();
    let angry = "บริการแย่มาก ห่วยที่สุด โกรธมาก";
    stage.close().await;
    stage.says(&line, &somchai, angry).await;
    stage.wind(Duration::from_secs(8 * 3_600));
    stage.open().await;
    stage.heard(&line, &somchai, angry).await;
    stage.until_escalated(&line, &somchai).await;
    stage.decided().await;
    assert!(stage.deliveries(&line, &somchai).await.is_empty(), "no note eight hours late");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_hourly_limit_answers_wait_for_the_owner() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    stage.set_settings(|settings| settings.replies_per_hour = 2).await;
    for nth in 0..2 {
        stage.is_answered(&line, &Person::of_the_crowd(nth), ASKS_LATTE).await;
    }
    let third = Person::of_the_crowd(2);
    stage.hears(&line, &third, ASKS_LATTE).await;
    stage.pause();
    stage.until_draft(&line, &third).await;
    stage.wind(Duration::from_secs(3_600));
    stage.is_answered(&line, &Person::of_the_crowd(3), ASKS_LATTE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_away_text_goes_out_once_in_a_closed_night() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    stage
        .set_settings(|settings| {
            settings.away_text = Bilingual::both("ตอนนี้ร้านปิดแล้วนะคะ", "We are closed now.");
        })
        .await;
    // From half past ten in the morning to half past eight in the evening.
    stage.wind(Duration::from_secs(10 * 3_600));
    for asked in [ASKS_LATTE, ASKS_PARKING] {
        stage.hears(&line, &mali, asked).await;
        stage.pause();
        stage
            .until("an answer promised", async || {
                let deliveries = stage.deliveries(&line, &mali).await;
                let waits = |one: &&store::DeliveryRow| {
                    one.purpose == Purpose::Answer && one.state == DeliveryState::Waiting
                };
                deliveries.iter().find(waits).map(|_| ())
            })
            .await;
        stage.hold_over();
        stage.settled(&line, &mali).await;
    }
    let texts: Vec<String> = stage.replies(&line, &mali).into_iter().map(|sent| sent.text).collect();
    let away = texts.iter().filter(|text| text.contains("ร้านปิด")).count();
    assert_eq!(away, 1, "{texts:?}");
    assert_eq!(texts.len(), 3, "{texts:?}");
    // The next night is another closed period.
    stage.wind(Duration::from_secs(24 * 3_600));
    stage.hears(&line, &mali, ASKS_CROISSANT).await;
    stage.pause();
    stage
        .until("the away text promised again", async || {
            let deliveries = stage.deliveries(&line, &mali).await;
            let away = |one: &&store::DeliveryRow| one.purpose == Purpose::Away;
            (deliveries.iter().filter(away).count() == 2).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_stops_everything_within_a_second_and_takes_nothing_back() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let guests: Vec<Person> = (0..5).map(Person::of_the_crowd).collect();
    for guest in &guests {
        stage.asks(&line, guest, ASKS_LATTE).await;
    }
    // Winding for the later guests let the earlier holds run out: whoever has been answered has been.
    for guest in &guests[..4] {
        stage.until_delivery(&line, guest, DeliveryState::Sent).await;
    }
    let pressed = tokio::time::Instant::now();
    stage.set_settings(|settings| settings.panic = true).await;
    assert!(pressed.elapsed() < Duration::from_secs(1), "pressed to stopped: {:?}", pressed.elapsed());
    stage.wind(Duration::from_secs(600));
    // The house lives on: somebody else's words are taken in and drafted while nothing leaves.
    let mali = Person::mali();
    stage.hears(&line, &mali, ASKS_LATTE).await;
    stage.pause();
    stage.until_delivery(&line, &mali, DeliveryState::Waiting).await;
    assert_eq!(stage.ledger().accepted().len(), 4);
    stage.set_settings(|settings| settings.panic = false).await;
    stage.until_delivery(&line, &guests[4], DeliveryState::Sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_stops_a_reply_in_its_hold() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    let promised = stage.asks(&line, &mali, ASKS_LATTE).await;
    assert_eq!(promised.due_at, stage.now() + Duration::from_secs(5), "a hold of five seconds");
    stage.house().stop_reply(promised.reply).await.unwrap();
    stage.wind(Duration::from_secs(60));
    stage.is_answered(&line, &Person::ploy(), ASKS_LATTE).await;
    let stopped = stage.until_delivery(&line, &mali, DeliveryState::Stopped).await;
    assert_eq!(stopped.reason, Some(StuckReason::StoppedByOwner));
    assert!(stage.replies(&line, &mali).is_empty());
}
