//! The tunnel door: the relay's routes on loopback, served by the house itself.

use domain::{Autonomy, Door};
use journeys::{Stage, shop::ASKS_LATTE};
use testkit::Person;

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_signed_gets_in_and_it_is_answered() {
    let stage = Stage::set_with_tunnel().await;
    let page = stage.facebook_by(Door::Tunnel, Autonomy::Auto).await;
    let mali = Person::mali();
    let hook = || stage.fakes.graph.webhook().text(&mali, "ขอส่วนลดหน่อย 50%").signed();
    assert_eq!(stage.post(&page, &hook().tampered()).await.status, 401);
    assert_eq!(stage.post(&page, &hook().unsigned()).await.status, 401);
    assert_eq!(stage.post(&page, &hook().signed_with("sha256=00")).await.status, 401);
    let channel = stage.house().read().channel(page.channel).await.unwrap();
    assert_eq!(channel.refused, 3, "counted, and shown on the channel");
    assert!(stage.conversation(&page, &mali).await.is_none(), "not stored as a message");
    stage.is_answered(&page, &mali, ASKS_LATTE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_asks_whether_the_door_is_ours() {
    let stage = Stage::set_with_tunnel().await;
    let page = stage.facebook_by(Door::Tunnel, Autonomy::Auto).await;
    let token = stage.fakes.graph.account().verify_token.clone();
    let asked = |token: &str| {
        vec![
            ("hub.mode".to_owned(), "subscribe".to_owned()),
            ("hub.challenge".to_owned(), "1158201444".to_owned()),
            ("hub.verify_token".to_owned(), token.to_owned()),
        ]
    };
    let ask = async |token: &str| {
        let query = asked(token);
        let query: Vec<(&str, &str)> = query.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        stage.get(&page, &query).await
    };
    let right = ask(&token).await;
    assert_eq!((right.status, &right.body[..]), (200, b"1158201444".as_slice()));
    assert_eq!(ask("guessed").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_and_unknown_paths_are_turned_away() {
    let stage = Stage::set_with_tunnel().await;
    let page = stage.facebook_by(Door::Tunnel, Autonomy::Auto).await;
    let huge = stage.fakes.graph.sign(vec![b' '; 10 * 1024 * 1024]);
    // 413, or cut off in the middle of it.
    assert!(matches!(stage.try_post(&page, &huge).await, Some(413) | None));
    let nowhere = journeys::Connected { url: format!("{}x", page.url), ..page.clone() };
    let hook = stage.fakes.graph.webhook().text(&Person::mali(), ASKS_LATTE).signed();
    assert_eq!(stage.post(&nowhere, &hook).await.status, 404);
    assert_eq!(stage.house().read().envelope_counts().await.unwrap(), (0, 0), "none of it is kept");
    stage.is_answered(&page, &Person::ploy(), ASKS_LATTE).await;
}
