//! Telegram by polling: one consumer at a time, and a cursor that is committed with what it confirmed.

use std::time::Duration;

use domain::{Autonomy, Health};
use journeys::{
    Stage,
    shop::{ASKS_CROISSANT, ASKS_LATTE},
};
use testkit::Person;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_before_a_restart_is_not_fetched_again_and_what_came_in_between_is() {
    let mut stage = Stage::set().await;
    let bot = stage.telegram(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.is_answered(&bot, &mali, ASKS_LATTE).await;
    stage.close().await;
    stage.says(&bot, &mali, ASKS_CROISSANT).await;
    stage.wind(Duration::from_secs(30));
    stage.open().await;
    stage.heard(&bot, &mali, ASKS_CROISSANT).await;
    stage
        .until("Telegram being told that all is kept", async || {
            (stage.fakes.telegram.unconfirmed() == 0).then_some(())
        })
        .await;
    let said = stage.transcript(&bot, &mali).await;
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(stage.replies(&bot, &mali).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_that_polls_the_bot_turns_the_channel_red_until_it_stops() {
    let stage = Stage::set().await;
    let bot = stage.telegram(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.is_answered(&bot, &mali, ASKS_LATTE).await;
    let token = &stage.fakes.telegram.account().token;
    let url = format!("{}/bot{token}/getUpdates?timeout=0", stage.fakes.telegram.base_url());
    let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(stranger.get(&url).send().await.unwrap().status().is_success());
    let health = async || stage.house().read().channel(bot.channel).await.unwrap().health;
    stage
        .until("the channel being red", async || {
            matches!(health().await, Health::ReconnectNeeded { .. }).then_some(())
        })
        .await;
    stage.says(&bot, &mali, ASKS_CROISSANT).await;
    // The stranger is gone: after a minute the house polls again, and is well.
    stage
        .until("Mali's words after the conflict", async || {
            stage.wind(Duration::from_secs(10));
            stage.transcript(&bot, &mali).await.iter().any(|said| said.contains(ASKS_CROISSANT)).then_some(())
        })
        .await;
    stage.until("the channel being well", async || health().await.may_send().then_some(())).await;
}
