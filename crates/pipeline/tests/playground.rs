//! The whole flow on this laptop alone: Mali and Somchai write in the playground, by a hand-wound clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    Article, ArticleId, Autonomy, ChannelId, ConversationId, DeliveryState, Door, Keeper, Peer, Platform,
    PriceId, PriceRow, Settings, Timestamp, Tongue,
};
use pipeline::{Clock, Hand, House, HouseConfig};
use platforms::playground::{Said, said};
use store::{Durability, KnowledgePiece};
use vault::{Cost, Vault};

/// 2026-06-10 10:30 in Bangkok, a Wednesday.
const MORNING: Timestamp = Timestamp::from_millis(1_781_062_200_000);

struct Shop {
    house: House,
    hand: Hand,
    channel: ChannelId,
    said: u32,
    _home: tempfile::TempDir,
}

impl Shop {
    async fn open(autonomy: Autonomy) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (clock, hand) = Clock::by_hand(MORNING);
        let vault = Vault::in_file("test", home.path().join("vault"), "มะลิ".into(), cheap()).unwrap();
        let config = HouseConfig {
            home: home.path().to_owned(),
            vault,
            clock,
            durability: Durability::Full,
            tunnel: None,
        };
        let house = House::open(config).await.unwrap();
        let channel = house
            .add_channel(Platform::Playground, "Playground", Door::Local, BTreeMap::new(), BTreeMap::new())
            .await
            .unwrap();
        house.set_channel_autonomy(channel, Some(autonomy)).await.unwrap();
        house.keep_knowledge(vec![price("LAT-I", "ลาเต้", "Latte", 75), parking()]).await.unwrap();
        Self { house, hand, channel, said: 0, _home: home }
    }

    async fn says(&mut self, who: &str, text: &str) {
        self.said += 1;
        let words = Said {
            id: format!("said-{}", self.said),
            at: self.hand.now(),
            from: Peer { id: who.to_owned(), name: Some(who.into()), ..Peer::default() },
            text: Some(text.into()),
            sticker: None,
            payload: None,
            reply_to: None,
        };
        self.house.hand_in(self.channel, &said(&[words], self.hand.now())).await.unwrap();
    }

    async fn conversation(&self) -> Option<ConversationId> {
        let rows =
            self.house.read().inbox(self.house.workspace(), &Default::default(), None, 10).await.unwrap();
        rows.first().map(|row| row.conversation)
    }

    /// Waits for a condition over what is committed, looking again at every notice.
    async fn until<T>(&self, what: &str, look: impl AsyncFn(&Self) -> Option<T>) -> T {
        let mut notices = self.house.changes();
        let patience = async {
            loop {
                if let Some(found) = look(self).await {
                    return found;
                }
                let _ = tokio::time::timeout(Duration::from_millis(200), notices.recv()).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(20), patience).await {
            Ok(found) => found,
            Err(_) => panic!("waited for {what}; {}", self.state().await),
        }
    }

    /// Everything said in the only conversation, a line each.
    async fn transcript(&self) -> Vec<String> {
        let Some(conversation) = self.conversation().await else { return Vec::new() };
        let late = self.hand.now() + Duration::from_secs(3_600);
        let talk = self.house.read().talk(conversation, late, 50).await.unwrap();
        talk.into_iter().map(|spoken| format!("{}: {}", spoken.author.name(), spoken.text)).collect()
    }

    /// Everything that may explain why something did not happen.
    async fn state(&self) -> String {
        let read = self.house.read();
        let workspace = self.house.workspace();
        format!(
            "said {:?}; drafts {:?}; escalations {:?}; outbox {:?}; troubles {:?}",
            self.transcript().await,
            read.waiting_drafts(workspace)
                .await
                .unwrap()
                .iter()
                .map(|draft| { (draft.words.as_str().to_owned(), draft.confidence) })
                .collect::<Vec<_>>(),
            read.open_escalations(workspace).await.unwrap().iter().map(|one| one.rule).collect::<Vec<_>>(),
            read.outbox_counts().await.unwrap(),
            self.house.troubles()
        )
    }

    async fn understood(&self, count: usize) {
        self.until("understanding", async |shop: &Self| {
            let conversation = shop.conversation().await?;
            let late = shop.hand.now() + Duration::from_secs(3_600);
            let talk = shop.house.read().talk(conversation, late, 50).await.unwrap();
            (talk.iter().filter(|spoken| spoken.meaning.is_some()).count() >= count).then_some(())
        })
        .await;
    }
}

fn cheap() -> Cost {
    Cost { memory_kib: 8, passes: 1, lanes: 1 }
}

fn price(sku: &str, th: &str, en: &str, baht: i64) -> KnowledgePiece {
    KnowledgePiece::Prices(vec![PriceRow {
        id: PriceId::new(MORNING, [1; 10]),
        sku: sku.to_owned(),
        name_th: th.to_owned(),
        name_en: en.to_owned(),
        variant: "เย็น/iced".to_owned(),
        price_satang: baht * 100,
        stock: None,
        note: String::new(),
    }])
}

fn parking() -> KnowledgePiece {
    KnowledgePiece::Article(Article {
        id: ArticleId::new(MORNING, [2; 10]),
        slug: "parking".to_owned(),
        title: "ที่จอดรถ".to_owned(),
        tongues: vec![Tongue::Thai],
        tags: vec!["จอดรถ".to_owned()],
        body: "มีที่จอดรถหลังร้าน 12 คัน จอดฟรี".to_owned(),
        updated: None,
    })
}

async fn send_hold_over(shop: &Shop) {
    shop.until("a promised reply", async |shop: &Shop| {
        let conversation = shop.conversation().await?;
        let deliveries = shop.house.read().deliveries(conversation).await.unwrap();
        deliveries.iter().any(|one| one.state == DeliveryState::Waiting).then_some(())
    })
    .await;
    shop.hand.advance(Duration::from_secs(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn mali_asks_a_price_and_is_answered_after_the_gap_and_the_hold() {
    let mut shop = Shop::open(Autonomy::Auto).await;
    shop.says("mali", "ลาเต้เย็นราคาเท่าไหร่คะ").await;
    shop.understood(1).await;
    assert_eq!(shop.transcript().await, ["customer: ลาเต้เย็นราคาเท่าไหร่คะ"], "nothing before the gap");
    shop.hand.advance(Duration::from_secs(7));
    send_hold_over(&shop).await;
    let answer = shop
        .until("the answer", async |shop: &Shop| {
            shop.transcript().await.into_iter().find(|line| line.starts_with("assistant: "))
        })
        .await;
    assert!(answer.contains("75"), "{answer}");
    assert_eq!(shop.house.stop().await.would_not, Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn three_quick_messages_are_one_turn_with_one_answer() {
    let mut shop = Shop::open(Autonomy::Auto).await;
    shop.house.set_settings(Settings { send_from: 0.6, ..Settings::default() }).await.unwrap();
    for text in ["สวัสดีค่ะ", "ขอถามหน่อย", "มีที่จอดรถไหมคะ"]
    {
        shop.says("mali", text).await;
        shop.hand.advance(Duration::from_secs(2));
    }
    shop.understood(3).await;
    shop.hand.advance(Duration::from_secs(7));
    send_hold_over(&shop).await;
    shop.until("the answer", async |shop: &Shop| {
        shop.transcript().await.into_iter().find(|line| line.starts_with("assistant: "))
    })
    .await;
    let said = shop.transcript().await;
    assert_eq!(said.iter().filter(|line| line.starts_with("assistant: ")).count(), 1, "{said:?}");
    assert!(said.last().unwrap().contains("จอด"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_draft_nothing_leaves_until_the_owner_approves() {
    let mut shop = Shop::open(Autonomy::Draft).await;
    shop.says("mali", "ลาเต้ราคาเท่าไหร่คะ").await;
    shop.understood(1).await;
    shop.hand.advance(Duration::from_secs(7));
    let draft = shop
        .until("a draft", async |shop: &Shop| {
            let drafts = shop.house.read().waiting_drafts(shop.house.workspace()).await.unwrap();
            drafts.into_iter().next()
        })
        .await;
    shop.hand.advance(Duration::from_secs(3_600));
    assert_eq!(shop.transcript().await.len(), 1, "a draft never leaves the house");
    shop.house.approve(draft.id, None).await.unwrap();
    shop.until("the reply", async |shop: &Shop| {
        shop.transcript().await.into_iter().find(|line| line.starts_with("assistant: "))
    })
    .await;
    assert!(shop.house.approve(draft.id, None).await.is_err(), "a draft is ruled once");
}

#[tokio::test(flavor = "multi_thread")]
async fn somchai_is_angry_a_person_is_called_and_he_is_told_once() {
    let mut shop = Shop::open(Autonomy::Auto).await;
    shop.says("somchai", "บริการแย่มาก ห่วยที่สุด จะไม่มาอีกแล้ว โกรธมาก").await;
    let escalated = shop
        .until("an escalation", async |shop: &Shop| {
            let open = shop.house.read().open_escalations(shop.house.workspace()).await.unwrap();
            open.into_iter().next()
        })
        .await;
    let conversation = escalated.conversation;
    send_hold_over(&shop).await;
    shop.until("the note", async |shop: &Shop| {
        shop.transcript().await.into_iter().find(|line| line.starts_with("assistant: "))
    })
    .await;
    shop.says("somchai", "ตอบด้วยสิ").await;
    shop.understood(2).await;
    shop.hand.advance(Duration::from_secs(30));
    shop.until("the second turn's end", async |shop: &Shop| {
        let turns = shop.house.read().next_turn_due(domain::TurnState::Gathering).await.unwrap();
        turns.is_none().then_some(())
    })
    .await;
    let said = shop.transcript().await;
    assert_eq!(said.iter().filter(|line| line.starts_with("assistant: ")).count(), 1, "{said:?}");
    let row = shop.house.read().conversation(conversation).await.unwrap();
    assert_eq!(row.keeper, Keeper::Waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_over_in_the_hold_silences_the_assistant() {
    let mut shop = Shop::open(Autonomy::Auto).await;
    shop.says("mali", "ลาเต้ราคาเท่าไหร่คะ").await;
    shop.understood(1).await;
    shop.hand.advance(Duration::from_secs(7));
    let conversation = shop
        .until("a promised reply", async |shop: &Shop| {
            let conversation = shop.conversation().await?;
            let deliveries = shop.house.read().deliveries(conversation).await.unwrap();
            (!deliveries.is_empty()).then_some(conversation)
        })
        .await;
    shop.house.take_over(conversation, None).await.unwrap();
    shop.hand.advance(Duration::from_secs(60));
    shop.house.write(conversation, "75 บาทค่ะ พี่มะลิ".to_owned()).await.unwrap();
    shop.until("the owner's words", async |shop: &Shop| {
        shop.transcript().await.into_iter().find(|line| line.starts_with("person: "))
    })
    .await;
    let said = shop.transcript().await;
    assert!(!said.iter().any(|line| line.starts_with("assistant: ")), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_holds_what_is_promised_and_lets_it_go_afterwards() {
    let mut shop = Shop::open(Autonomy::Auto).await;
    shop.says("mali", "ลาเต้ราคาเท่าไหร่คะ").await;
    shop.understood(1).await;
    shop.hand.advance(Duration::from_secs(7));
    let conversation = shop
        .until("a promised reply", async |shop: &Shop| {
            let conversation = shop.conversation().await?;
            let deliveries = shop.house.read().deliveries(conversation).await.unwrap();
            (!deliveries.is_empty()).then_some(conversation)
        })
        .await;
    shop.house.set_settings(Settings { panic: true, ..Settings::default() }).await.unwrap();
    shop.hand.advance(Duration::from_secs(60));
    shop.says("somsri", "สวัสดีค่ะ").await;
    shop.until("life goes on behind the panic", async |shop: &Shop| {
        let rows =
            shop.house.read().inbox(shop.house.workspace(), &Default::default(), None, 10).await.unwrap();
        (rows.len() == 2).then_some(())
    })
    .await;
    let state = async |shop: &Shop| {
        shop.house.read().deliveries(conversation).await.unwrap().first().map(|delivery| delivery.state)
    };
    assert_eq!(state(&shop).await, Some(DeliveryState::Waiting), "held, not taken back");
    shop.house.set_settings(Settings::default()).await.unwrap();
    shop.until("the reply", async |shop: &Shop| {
        (state(shop).await == Some(DeliveryState::Sent)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_in_flight_at_a_restart_is_taken_up_again() {
    let home = Arc::new(tempfile::tempdir().unwrap());
    let config = |clock: Clock| HouseConfig {
        home: home.path().to_owned(),
        vault: Vault::in_file("test", home.path().join("vault"), "มะลิ".into(), cheap()).unwrap(),
        clock,
        durability: Durability::Full,
        tunnel: None,
    };
    let (clock, hand) = Clock::by_hand(MORNING);
    let house = House::open(config(clock.clone())).await.unwrap();
    let channel = house
        .add_channel(Platform::Playground, "Playground", Door::Local, BTreeMap::new(), BTreeMap::new())
        .await
        .unwrap();
    house.set_channel_autonomy(channel, Some(Autonomy::Auto)).await.unwrap();
    house.keep_knowledge(vec![price("LAT-I", "ลาเต้", "Latte", 75)]).await.unwrap();
    let mut shop = Shop { house, hand: hand.clone(), channel, said: 0, _home: tempfile::tempdir().unwrap() };
    shop.says("mali", "ลาเต้ราคาเท่าไหร่คะ").await;
    shop.understood(1).await;
    shop.house.stop().await;
    let house = House::open(config(clock)).await.unwrap();
    let shop = Shop { house, hand, channel, said: 1, _home: tempfile::tempdir().unwrap() };
    shop.hand.advance(Duration::from_secs(7));
    send_hold_over(&shop).await;
    shop.until("the answer", async |shop: &Shop| {
        shop.transcript().await.into_iter().find(|line| line.starts_with("assistant: "))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_shop_did_not_tell_is_put_to_the_owner_and_the_assistant_goes_on() {
    let mut shop = Shop::open(Autonomy::Auto).await;
    shop.says("mali", "มีวอลเปเปอร์ลายช้างขายไหมคะ").await;
    shop.understood(1).await;
    shop.hand.advance(Duration::from_secs(7));
    send_hold_over(&shop).await;
    let asked = shop
        .until("the question to the owner", async |shop: &Shop| {
            let open = shop.house.read().open_escalations(shop.house.workspace()).await.unwrap();
            open.into_iter().next()
        })
        .await;
    assert_eq!(asked.rule, domain::EscalationRule::NotKnown);
    shop.until("the honest answer", async |shop: &Shop| {
        shop.transcript().await.into_iter().find(|line| line.starts_with("assistant: "))
    })
    .await;
    shop.says("mali", "แล้วลาเต้เย็นราคาเท่าไหร่คะ").await;
    shop.understood(2).await;
    shop.hand.advance(Duration::from_secs(7));
    send_hold_over(&shop).await;
    shop.until("the price", async |shop: &Shop| {
        shop.transcript()
            .await
            .into_iter()
            .find(|line| line.starts_with("assistant: ") && line.contains("75"))
    })
    .await;
    shop.house.write(asked.conversation, "วอลเปเปอร์ไม่มีค่ะ".to_owned()).await.unwrap();
    let open = shop.house.read().open_escalations(shop.house.workspace()).await.unwrap();
    assert!(open.is_empty(), "the owner has answered: {open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_customer_can_be_kept_from_the_assistant() {
    let mut shop = Shop::open(Autonomy::Auto).await;
    shop.says("mali", "ลาเต้เย็นราคาเท่าไหร่คะ").await;
    let conversation = shop.until("the conversation", async |shop: &Shop| shop.conversation().await).await;
    let customer = shop.house.read().conversation(conversation).await.unwrap().customer;
    shop.house.set_customer_autonomy(customer, Some(Autonomy::Off)).await.unwrap();
    shop.understood(1).await;
    shop.hand.advance(Duration::from_secs(7));
    shop.until("the turn's end", async |shop: &Shop| {
        shop.house.read().next_turn_due(domain::TurnState::Gathering).await.unwrap().is_none().then_some(())
    })
    .await;
    shop.hand.advance(Duration::from_secs(60));
    assert!(shop.house.read().deliveries(conversation).await.unwrap().is_empty());
    assert!(shop.house.read().waiting_drafts(shop.house.workspace()).await.unwrap().is_empty());
}
