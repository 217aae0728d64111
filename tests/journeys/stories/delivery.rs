//! Never lost, never twice: what a platform can do to a reply on its way, and what becomes of it.

use std::time::Duration;

use domain::{Autonomy, DeliveryState, Health, StuckReason};
use journeys::{
    Connected, Stage,
    house::approve,
    shop::{ASKS_CROISSANT, ASKS_LATTE, ASKS_PARKING},
};
use secrecy::SecretString;
use testkit::{EchoTiming, Fault, GraphCall, LineCall, Person, TelegramCall, ledger::Way};

const SECOND: Duration = Duration::from_secs(1);

/// A draft is approved when the reply token is long gone, so that LINE is pushed to.
async fn approved_late(stage: &Stage, to: &Connected, person: &Person) {
    stage.hears(to, person, ASKS_LATTE).await;
    stage.pause();
    let draft = stage.until_draft(to, person).await;
    stage.wind(600 * SECOND);
    approve(stage.api(), draft.id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn line_fails_in_every_way_and_mali_reads_it_once() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Draft).await;
    let faults = [Fault::ErrorBefore, Fault::ErrorAfter, Fault::Reset, Fault::AcceptThenReset];
    for (nth, fault) in (0..).zip(faults) {
        let guest = Person::of_the_crowd(nth);
        stage.fakes.line.faults().once(LineCall::Push, fault);
        approved_late(&stage, &line, &guest).await;
        stage.until_delivery(&line, &guest, DeliveryState::Unsure).await;
        stage.wind(10 * SECOND);
        stage.until_delivery(&line, &guest, DeliveryState::Sent).await;
        assert_eq!(stage.replies(&line, &guest).len(), 1, "{fault:?}");
    }
    assert_eq!(stage.fakes.line.faults().waiting(), 0, "every fault happened");
    stage.ledger().assert_no_double_sends();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_token_whose_answer_was_lost_is_its_own_evidence() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    for (nth, fault) in (0..).zip([Fault::AcceptThenReset, Fault::Reset, Fault::ErrorAfter]) {
        let guest = Person::of_the_crowd(nth);
        stage.fakes.line.faults().once(LineCall::Reply, fault);
        stage.asks(&line, &guest, ASKS_LATTE).await;
        stage.hold_over();
        stage.until_delivery(&line, &guest, DeliveryState::Unsure).await;
        stage.wind(10 * SECOND);
        stage.until_delivery(&line, &guest, DeliveryState::Sent).await;
        let replies = stage.replies(&line, &guest);
        assert_eq!(replies.len(), 1, "{fault:?}");
        assert_eq!(replies[0].way, Way::Reply);
    }
    stage.ledger().assert_no_double_sends();
}

#[tokio::test(flavor = "multi_thread")]
async fn messenger_drops_the_answer_and_the_echo_settles_it() {
    let stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.fakes.graph.echo_to(&page.url, EchoTiming::AfterResponse);
    stage.fakes.graph.faults().once(GraphCall::Send, Fault::AcceptThenReset);
    stage.asks(&page, &mali, ASKS_LATTE).await;
    stage.hold_over();
    // No time passes: it is the echo that tells.
    let sent = stage.until_delivery(&page, &mali, DeliveryState::Sent).await;
    assert_eq!(sent.way.as_deref(), Some("echo"));
    assert_eq!(stage.replies(&page, &mali).len(), 1);
    assert_eq!(stage.transcript(&page, &mali).await.len(), 2);
    stage.ledger().assert_no_double_sends();
}

#[tokio::test(flavor = "multi_thread")]
async fn messenger_drops_the_answer_and_the_echo_and_history_settles_it() {
    let stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.fakes.graph.faults().once(GraphCall::Send, Fault::AcceptThenReset);
    stage.asks(&page, &mali, ASKS_LATTE).await;
    stage.hold_over();
    stage.until_delivery(&page, &mali, DeliveryState::Unsure).await;
    stage.wind(10 * SECOND);
    let sent = stage.until_delivery(&page, &mali, DeliveryState::Sent).await;
    assert_eq!(sent.way.as_deref(), Some("evidence"));
    assert_eq!(stage.replies(&page, &mali).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_messenger_never_took_is_proven_absent_and_goes_out_once() {
    let stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.fakes.graph.faults().once(GraphCall::Send, Fault::Reset);
    stage.asks(&page, &mali, ASKS_LATTE).await;
    stage.hold_over();
    stage.until_delivery(&page, &mali, DeliveryState::Unsure).await;
    assert!(stage.replies(&page, &mali).is_empty());
    stage
        .until("the reply at Messenger", async || {
            stage.wind(10 * SECOND);
            (!stage.replies(&page, &mali).is_empty()).then_some(())
        })
        .await;
    stage.settled(&page, &mali).await;
    assert_eq!(stage.replies(&page, &mali).len(), 1);
    stage.ledger().assert_no_double_sends();
}

#[tokio::test(flavor = "multi_thread")]
async fn on_telegram_nobody_can_tell_so_the_owner_decides_and_other_lanes_go_on() {
    let stage = Stage::set().await;
    let bot = stage.telegram(Autonomy::Auto).await;
    let (mali, ploy) = (Person::mali(), Person::ploy());
    stage.fakes.telegram.faults().once(TelegramCall::SendMessage, Fault::AcceptThenReset);
    stage.asks(&bot, &mali, ASKS_LATTE).await;
    stage.hold_over();
    stage.until_delivery(&bot, &mali, DeliveryState::Unsure).await;
    stage.wind(10 * SECOND);
    let stuck = stage.until_delivery(&bot, &mali, DeliveryState::Stuck).await;
    assert_eq!(stuck.reason, Some(StuckReason::Undecidable));
    // Her lane is held; Ploy's is not.
    stage.is_answered(&bot, &ploy, ASKS_LATTE).await;
    stage.asks(&bot, &mali, ASKS_PARKING).await;
    stage.wind(3_600 * SECOND);
    stage.is_answered(&bot, &ploy, ASKS_PARKING).await;
    assert_eq!(stage.replies(&bot, &mali).len(), 1, "never a second send by itself");
    // The owner has looked at the phone: it arrived. What waited behind goes on.
    stage.house().stop_reply(stuck.reply).await.unwrap();
    stage.until("the lane going on", async || (stage.replies(&bot, &mali).len() == 2).then_some(())).await;
    let read: Vec<String> = stage.replies(&bot, &mali).into_iter().map(|sent| sent.text).collect();
    assert!(read[1].contains("จอด"), "{read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_platforms_hang_and_each_is_settled_in_its_own_way() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Draft).await;
    let page = stage.facebook(Autonomy::Auto).await;
    let bot = stage.telegram(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.fakes.line.faults().once(LineCall::Push, Fault::AcceptThenHang);
    stage.fakes.graph.faults().once(GraphCall::Send, Fault::AcceptThenHang);
    stage.fakes.telegram.faults().once(TelegramCall::SendMessage, Fault::AcceptThenHang);
    approved_late(&stage, &line, &mali).await;
    stage.asks(&page, &mali, ASKS_LATTE).await;
    stage.asks(&bot, &mali, ASKS_LATTE).await;
    stage.hold_over();
    // Half a minute of the machine's time: that long a call is waited for.
    for to in [&line, &page, &bot] {
        stage.until_delivery(to, &mali, DeliveryState::Unsure).await;
    }
    stage.wind(10 * SECOND);
    stage.until_delivery(&line, &mali, DeliveryState::Sent).await;
    stage.until_delivery(&page, &mali, DeliveryState::Sent).await;
    stage.until_delivery(&bot, &mali, DeliveryState::Stuck).await;
    for to in [&line, &page, &bot] {
        assert_eq!(stage.replies(to, &mali).len(), 1, "{}", to.platform);
    }
    stage.ledger().assert_no_double_sends();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_asks_for_patience_gets_it() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Draft).await;
    let mali = Person::mali();
    stage.fakes.line.faults().once(LineCall::Push, Fault::TooMany { retry_after_s: Some(2) });
    approved_late(&stage, &line, &mali).await;
    let waiting = stage
        .until("the pause being kept", async || {
            let deliveries = stage.deliveries(&line, &mali).await;
            deliveries.last().filter(|one| one.attempts == 1 && one.state == DeliveryState::Waiting).cloned()
        })
        .await;
    assert_eq!(waiting.due_at, stage.now() + 2 * SECOND, "Retry-After is honoured");
    assert!(stage.replies(&line, &mali).is_empty());
    stage.wind(2 * SECOND);
    stage.until_delivery(&line, &mali, DeliveryState::Sent).await;
    assert_eq!(stage.replies(&line, &mali).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_turns_the_channel_red_and_one_click_lets_everything_go_on() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let page = stage.facebook(Autonomy::Auto).await;
    let (mali, ploy) = (Person::mali(), Person::ploy());
    stage.fakes.line.revoke_token();
    stage.asks(&line, &mali, ASKS_LATTE).await;
    stage.hold_over();
    let stuck = stage.until_delivery(&line, &mali, DeliveryState::Stuck).await;
    assert_eq!(stuck.reason, Some(StuckReason::ReconnectNeeded));
    let channel = stage.house().read().channel(line.channel).await.unwrap();
    assert!(matches!(channel.health, Health::ReconnectNeeded { .. }), "{:?}", channel.health);
    // Another person's reply is held too, and another channel is not.
    stage.asks(&line, &ploy, ASKS_CROISSANT).await;
    stage.hold_over();
    stage.until_delivery(&line, &ploy, DeliveryState::Stuck).await;
    stage.is_answered(&page, &mali, ASKS_LATTE).await;
    assert!(stage.replies(&line, &mali).is_empty());
    stage.fakes.line.renew_token();
    let token = SecretString::from(stage.fakes.line.account().access_token.clone());
    stage.house().reconnect(line.channel, [("channel_access_token".to_owned(), token)].into()).await.unwrap();
    for person in [&mali, &ploy] {
        stage.until_delivery(&line, person, DeliveryState::Sent).await;
        assert_eq!(stage.replies(&line, person).len(), 1);
    }
    assert!(stage.house().read().channel(line.channel).await.unwrap().health.may_send());
    assert_eq!(stage.talk(&line, &mali).await.len(), 2, "history is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_the_window_is_closed_for_the_assistant_but_not_for_a_person() {
    let stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Draft).await;
    let (mali, ploy) = (Person::mali(), Person::ploy());
    for person in [&mali, &ploy] {
        stage.hears(&page, person, ASKS_LATTE).await;
    }
    stage.pause();
    let draft = stage.until_draft(&page, &mali).await;
    stage.until_draft(&page, &ploy).await;
    stage.wind(25 * 3_600 * SECOND);
    approve(stage.api(), draft.id).await.unwrap();
    let stuck = stage.until_delivery(&page, &mali, DeliveryState::Stuck).await;
    assert_eq!(stuck.reason, Some(StuckReason::WindowClosed));
    assert!(stage.replies(&page, &mali).is_empty());
    let ploys = stage.conversation_id(&page, &ploy).await;
    stage.house().write(ploys, "ขอโทษที่ตอบช้านะคะ 75 บาทค่ะ".to_owned()).await.unwrap();
    stage.until_delivery(&page, &ploy, DeliveryState::Sent).await;
    let sent = stage.replies(&page, &ploy);
    assert_eq!(sent[0].body.get("tag").and_then(|tag| tag.as_str()), Some("HUMAN_AGENT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_blocked_us_is_not_written_to_again_and_again() {
    let stage = Stage::set().await;
    let page = stage.facebook(Autonomy::Auto).await;
    let bot = stage.telegram(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.asks(&page, &mali, ASKS_LATTE).await;
    stage.fakes.graph.block(&mali);
    stage.asks(&bot, &mali, ASKS_LATTE).await;
    stage.fakes.telegram.block(&mali);
    stage.hold_over();
    for to in [&page, &bot] {
        let stuck = stage.until_delivery(to, &mali, DeliveryState::Stuck).await;
        assert_eq!(stuck.reason, Some(StuckReason::BlockedByCustomer), "{}", to.platform);
        assert_eq!(stuck.attempts, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_of_one_conversation_leave_in_order_whatever_the_first_one_meets() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Draft).await;
    let mali = Person::mali();
    stage.hears(&line, &mali, ASKS_LATTE).await;
    stage.wind(600 * SECOND);
    let conversation = stage.conversation_id(&line, &mali).await;
    stage.fakes.line.faults().once(LineCall::Push, Fault::ErrorBefore);
    for words in ["หนึ่ง", "สอง", "สาม"] {
        stage.house().write(conversation, words.to_owned()).await.unwrap();
    }
    stage
        .until("the first being unsure", async || {
            let deliveries = stage.deliveries(&line, &mali).await;
            (deliveries.first()?.state == DeliveryState::Unsure).then_some(())
        })
        .await;
    assert!(stage.replies(&line, &mali).is_empty(), "the others wait behind it");
    stage.wind(10 * SECOND);
    stage.until("all three", async || (stage.replies(&line, &mali).len() == 3).then_some(())).await;
    let read: Vec<String> = stage.replies(&line, &mali).into_iter().map(|sent| sent.text).collect();
    assert_eq!(read, ["หนึ่ง", "สอง", "สาม"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_gone_is_tried_again_until_it_is_back() {
    let mut stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.asks(&line, &mali, ASKS_LATTE).await;
    let port: u16 = stage.fakes.line.base_url().rsplit(':').next().unwrap().parse().unwrap();
    let account = stage.fakes.line.account().clone();
    stage.fakes.line.stop();
    stage.hold_over();
    stage
        .until("three attempts that met nobody", async || {
            stage.wind(SECOND);
            let deliveries = stage.deliveries(&line, &mali).await;
            deliveries
                .last()
                .filter(|one| one.attempts >= 3 && one.state == DeliveryState::Waiting)
                .map(|_| ())
        })
        .await;
    let (clock, ledger) = (stage.fakes.clock.clone(), stage.fakes.ledger.clone());
    let back = journeys::wait::look_until(None, Duration::from_secs(10), async || {
        testkit::FakeLine::start_as(account.clone(), port, 2, &clock, &ledger).await.ok()
    })
    .await
    .expect("LINE is back at its address");
    back.befriend(&mali);
    stage.fakes.line = back;
    stage
        .until("the reply at LINE", async || {
            stage.wind(10 * SECOND);
            (!stage.replies(&line, &mali).is_empty()).then_some(())
        })
        .await;
    stage.settled(&line, &mali).await;
    assert_eq!(stage.replies(&line, &mali).len(), 1);
}
