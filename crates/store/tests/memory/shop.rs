//! What the owner told of her shop: knowledge by version, personalities, settings, channels, customers.

use std::collections::BTreeMap;

use domain::{
    Article, Autonomy, Bilingual, Health, Keeper, Particle, Peer, Personality, PersonalityId, PriceRow,
    QuickReply, ReplyToken, Settings, ShopFacts, Tongue,
};
use pretty_assertions::assert_eq;
use store::{KnowledgePiece, StoreError};

use crate::house::{House, at, line_channel};

fn article(slug: &str, body: &str, n: u8) -> KnowledgePiece {
    KnowledgePiece::Article(Article {
        id: domain::ArticleId::new(at(0), [n; 10]),
        slug: slug.to_owned(),
        title: slug.to_owned(),
        tongues: vec![Tongue::Thai],
        tags: Vec::new(),
        body: body.to_owned(),
        updated: None,
    })
}

fn price(sku: &str, satang: i64, n: u8) -> PriceRow {
    PriceRow {
        id: domain::PriceId::new(at(0), [n; 10]),
        sku: sku.to_owned(),
        name_th: "เสื้อ".to_owned(),
        name_en: "shirt".to_owned(),
        variant: String::new(),
        price_satang: satang,
        stock: Some(0),
        note: String::new(),
    }
}

async fn keep(house: &House, piece: KnowledgePiece) {
    let workspace = house.workspace;
    house.store.write(async move |tx| tx.keep_knowledge(workspace, &piece, at(1)).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_change_of_knowledge_is_a_new_version_and_replaces_its_namesake() {
    let house = House::new().await;
    let version = async || house.store.read().knowledge(house.workspace).await.unwrap().version;
    let first = version().await;
    keep(&house, article("parking", "จอดหน้าร้าน", 1)).await;
    keep(&house, article("parking", "จอดหลังร้าน", 2)).await;
    keep(&house, article("about", "ร้านผ้า", 3)).await;
    keep(&house, KnowledgePiece::Prices(vec![price("B", 59_000, 1), price("A", 100, 2)])).await;
    keep(&house, KnowledgePiece::Prices(vec![price("C", 1, 3), price("A", 200, 4)])).await;
    let quick = QuickReply {
        id: domain::QuickReplyId::new(at(0), [1; 10]),
        code: "HELLO".to_owned(),
        text: Bilingual::both("สวัสดีค่ะ", "Hello"),
        variables: Vec::new(),
    };
    keep(&house, KnowledgePiece::QuickReply(quick.clone())).await;
    let facts =
        ShopFacts { timezone: "Asia/Bangkok".to_owned(), trade: "cloth".to_owned(), ..Default::default() };
    keep(&house, KnowledgePiece::Facts(facts.clone())).await;

    let knowledge = house.store.read().knowledge(house.workspace).await.unwrap();
    assert_eq!(knowledge.version, first + 7);
    let articles: Vec<_> =
        knowledge.articles.iter().map(|article| (article.slug.as_str(), article.body.as_str())).collect();
    assert_eq!(articles, [("about", "ร้านผ้า"), ("parking", "จอดหลังร้าน")]);
    let prices: Vec<_> = knowledge.prices.iter().map(|row| (row.sku.as_str(), row.price_satang)).collect();
    assert_eq!(prices, [("C", 1), ("A", 200)], "the whole table, in the owner's order");
    assert_eq!(knowledge.quick_replies, [quick]);
    assert_eq!(knowledge.facts, facts);

    let workspace = house.workspace;
    house.store.write(async move |tx| tx.remove_article(workspace, "parking").await).await.unwrap();
    assert_eq!(version().await, first + 8);
    let gone = house.store.write(async move |tx| tx.remove_article(workspace, "parking").await).await;
    assert_eq!(gone, Err(StoreError::NotFound("article")));
    assert_eq!(version().await, first + 8, "nothing changed, no new version");
}

fn personality(id: PersonalityId, name: &str) -> Personality {
    Personality {
        id,
        version: 99,
        name: name.to_owned(),
        tongues: vec![Tongue::Thai],
        tone: "warm".to_owned(),
        formality: 40,
        warmth: 80,
        length: 30,
        emoji: 10,
        pronoun_th: "เรา".to_owned(),
        particle_th: Particle::Kha,
        greeting: Bilingual::default(),
        sign_off: Bilingual::default(),
        always_say: Vec::new(),
        never_say: Vec::new(),
        hand_over: Vec::new(),
        templates: BTreeMap::new(),
        steps: BTreeMap::new(),
        model: domain::ModelWish::default(),
    }
}

async fn save(house: &House, personality: &Personality) -> Personality {
    let (workspace, personality) = (house.workspace, personality.clone());
    house
        .store
        .write(async move |tx| tx.save_personality(workspace, &personality, at(1)).await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_personality_keeps_all_its_versions_and_the_first_is_the_default() {
    let house = House::new().await;
    let workspace = house.workspace;
    let read = house.store.read();
    assert_eq!(read.personality_or_default(workspace, None).await.unwrap(), None);
    let (warm, cool) = (PersonalityId::new(at(0), [1; 10]), PersonalityId::new(at(0), [2; 10]));
    let first = save(&house, &personality(warm, "Warm")).await;
    assert_eq!(first.version, 1, "ours to count");
    let second = save(&house, &Personality { tone: "warmer".to_owned(), ..first.clone() }).await;
    assert_eq!(second.version, 2);
    let other = save(&house, &personality(cool, "Cool")).await;
    assert_eq!(read.personalities(workspace).await.unwrap(), [second.clone(), other.clone()]);
    assert_eq!(read.personality_or_default(workspace, None).await.unwrap().as_ref(), Some(&second));
    assert_eq!(read.personality_or_default(workspace, Some(cool)).await.unwrap().as_ref(), Some(&other));
    let nobody = PersonalityId::new(at(0), [9; 10]);
    assert_eq!(read.personality_or_default(workspace, Some(nobody)).await.unwrap().as_ref(), Some(&second));
    let versions: Vec<Personality> =
        read.personality_versions(warm).await.unwrap().into_iter().map(|(_, saved)| saved).collect();
    assert_eq!(versions, [second.clone(), first]);

    house.store.write(async move |tx| tx.make_default_personality(workspace, cool).await).await.unwrap();
    assert_eq!(read.personality_or_default(workspace, None).await.unwrap().as_ref(), Some(&other));
    let failed =
        house.store.write(async move |tx| tx.make_default_personality(workspace, nobody).await).await;
    assert_eq!(failed, Err(StoreError::NotFound("personality")));
    assert_eq!(read.personality_or_default(workspace, None).await.unwrap().as_ref(), Some(&other), "undone");
    // Saving a default again leaves it the default.
    let third = save(&house, &Personality { tone: "cooler".to_owned(), ..other }).await;
    assert_eq!(read.personality_or_default(workspace, None).await.unwrap(), Some(third));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn settings_and_single_values_read_back() {
    let house = House::new().await;
    let workspace = house.workspace;
    let settings = Settings { autonomy: Autonomy::Auto, hold_ms: 0, panic: true, ..Settings::default() };
    let saved = settings.clone();
    house
        .store
        .write(async move |tx| {
            tx.save_settings(workspace, &saved).await?;
            tx.save_value("cursor", &41_u64).await?;
            tx.save_value("cursor", &42_u64).await?;
            assert_eq!(tx.value::<u64>("cursor").await?, Some(42));
            Ok(())
        })
        .await
        .unwrap();
    let read = house.store.read();
    assert_eq!(read.settings(workspace).await.unwrap(), settings);
    assert_eq!(read.value::<u64>("cursor").await.unwrap(), Some(42));
    assert_eq!(read.value::<u64>("no such").await.unwrap(), None);
    assert!(matches!(read.value::<String>("cursor").await, Err(StoreError::Defect(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_channel_turns_red_counts_what_it_refused_and_leaves_with_its_path() {
    let house = House::new().await;
    let workspace = house.workspace;
    let new = store::NewChannel { path: Some("p-1".to_owned()), ..line_channel(workspace, "สาขา") };
    let channel = house.store.write(async move |tx| tx.add_channel(&new, at(1)).await).await.unwrap();
    let red = Health::ReconnectNeeded { why: "token expired".to_owned(), since: at(2) };
    let health = red.clone();
    house
        .store
        .write(async move |tx| {
            tx.set_health(channel, &health).await?;
            tx.count_refused(channel).await?;
            tx.count_refused(channel).await?;
            tx.channel_heard(channel, at(9)).await?;
            tx.channel_heard(channel, at(5)).await?;
            tx.set_cursor(channel, "offset:7").await?;
            tx.set_channel_autonomy(channel, Some(Autonomy::Off)).await
        })
        .await
        .unwrap();
    let read = house.store.read();
    let row = read.channel(channel).await.unwrap();
    assert_eq!((row.health, row.refused, row.last_event_at), (red, 2, Some(at(9))));
    assert_eq!(
        (row.autonomy, read.cursor(channel).await.unwrap().as_deref()),
        (Some(Autonomy::Off), Some("offset:7"))
    );
    assert_eq!(read.channel_paths().await.unwrap(), [(channel, "p-1".to_owned())]);
    house.store.write(async move |tx| tx.remove_channel(channel, at(9)).await).await.unwrap();
    assert_eq!(read.channel_paths().await.unwrap(), []);
    assert_eq!(read.channels().await.unwrap().len(), 1);
    assert!(read.channel(channel).await.is_ok(), "its conversations still name it");
    let twice = house.store.write(async move |tx| tx.remove_channel(channel, at(9)).await).await;
    assert_eq!(twice, Err(StoreError::NotFound("channel")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_customer_is_known_again_and_a_profile_never_forgets_by_silence() {
    let house = House::new().await;
    let (workspace, channel) = (house.workspace, house.channel);
    let behind = async |peer: Peer| {
        house
            .store
            .write(async move |tx| tx.customer_behind(workspace, channel, &peer, at(1)).await)
            .await
            .unwrap()
    };
    let bare = Peer { id: "U1".to_owned(), ..Peer::default() };
    let mali = behind(bare.clone()).await;
    assert_eq!(behind(Peer { name: Some("มาลี".into()), ..bare.clone() }).await, mali);
    assert_eq!(behind(Peer { language: Some("th".to_owned()), ..bare }).await, mali);
    let row = house.store.read().customer(mali).await.unwrap();
    assert_eq!((row.name, row.language.as_deref()), (Some("มาลี".into()), Some("th")));
    assert_ne!(behind(Peer { id: "U2".to_owned(), ..Peer::default() }).await, mali);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_episode_ends_with_its_resolution_or_a_day_of_silence() {
    let house = House::new().await;
    let day = 24 * 3_600;
    let (talk, _) = house.hears("Mali", "m1", "สวัสดี", at(0)).await;
    let episode = async || {
        let row = house.store.read().conversation(talk).await.unwrap();
        (row.episode, row.unread, row.state)
    };
    house.hears("Mali", "m2", "อยู่ไหมคะ", at(day)).await;
    assert_eq!(episode().await, (1, 2, "open".to_owned()));
    house.hears("Mali", "m3", "ฮัลโหล", at(2 * day + 1)).await;
    assert_eq!(episode().await.0, 2);
    house.store.write(async move |tx| tx.hand_back(talk).await).await.unwrap();
    assert!(house.store.read().conversation(talk).await.unwrap().handed_back);
    house
        .store
        .write(async move |tx| {
            tx.mark_read(talk).await?;
            tx.set_conversation_state(talk, "resolved", None).await
        })
        .await
        .unwrap();
    house.hears("Mali", "m4", "ขอถามอีกนิด", at(2 * day + 2)).await;
    assert_eq!(episode().await, (3, 1, "open".to_owned()));
    let row = house.store.read().conversation(talk).await.unwrap();
    assert!(!row.handed_back, "a new episode may call a person again");
    assert_eq!(row.keeper, Keeper::Assistant);
    assert_eq!(house.store.read().earlier_conversations(row.customer).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_newest_reply_token_is_kept_and_spent_once() {
    let house = House::new().await;
    let (talk, _) = house.hears("Mali", "m1", "สวัสดี", at(0)).await;
    let token = |token: &str, until| ReplyToken { token: token.to_owned(), until: at(until) };
    let (new, old) = (token("new", 90), token("old", 60));
    house
        .store
        .write(async move |tx| {
            tx.heard(talk, at(1), Some(&new), Some("read-1")).await?;
            tx.heard(talk, at(1), Some(&old), None).await
        })
        .await
        .unwrap();
    let row = house.store.read().conversation(talk).await.unwrap();
    assert_eq!((row.reply_token, row.read_token.as_deref()), (Some(token("new", 90)), Some("read-1")));
    house.store.write(async move |tx| tx.spend_reply_token(talk).await).await.unwrap();
    assert_eq!(house.store.read().conversation(talk).await.unwrap().reply_token, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_talk_that_moved_goes_on_under_its_new_key() {
    let house = House::new().await;
    let (talk, _) = house.hears("group-1", "m1", "สวัสดี", at(0)).await;
    let channel = house.channel;
    let found = house
        .store
        .write(async move |tx| {
            tx.move_conversation(channel, "group-1", "supergroup-9").await?;
            Ok((
                tx.find_conversation(channel, "group-1").await?,
                tx.find_conversation(channel, "supergroup-9").await?,
            ))
        })
        .await;
    assert_eq!(found, Ok((None, Some(talk))));
    let (other, _) = house.hears("group-2", "m2", "สวัสดี", at(1)).await;
    house
        .store
        .write(async move |tx| tx.move_conversation(channel, "group-2", "supergroup-9").await)
        .await
        .unwrap();
    assert_ne!(other, talk);
    assert_eq!(house.transcript(talk).await, ["customer: สวัสดี"], "an existing talk is not overwritten");
}
