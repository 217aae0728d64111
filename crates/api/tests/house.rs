//! Stories through the border: a house of its own, asked as a screen would ask.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use api::{
    Code, House, Opening,
    changes::Notice,
    drafts, escalations,
    inbox::{self, KeptBy, Wanted},
    knowledge, playground,
    playground::Says,
    settings, talk,
};
use domain::{Author, Autonomy, ChannelId, DeliveryState, Intent, TurnState};
use tempfile::TempDir;

struct Shop {
    house: House,
    channel: ChannelId,
    _home: TempDir,
}

async fn shop(autonomy: Autonomy) -> Shop {
    let home = tempfile::tempdir().unwrap();
    let house = House::open(&Opening::throwaway(home.path().to_owned())).await.unwrap();
    assert!(knowledge::load_sample(&house).await.unwrap().prices > 0);
    let channel = playground::channel(&house).await.unwrap();
    assert_eq!(playground::channel(&house).await.unwrap(), channel);
    playground::hurry(&house, channel, autonomy, 100).await.unwrap();
    Shop { house, channel, _home: home }
}

impl Shop {
    async fn says(&self, who: &str, text: &str) {
        playground::say(&self.house, self.channel, who, Says::Text { text: text.into() }).await.unwrap();
    }

    /// Looks again at every notice until there is what is looked for.
    async fn until<T>(&self, what: &str, look: impl AsyncFn(&House) -> Option<T>) -> T {
        let mut changes = self.house.changes();
        let patience = async {
            loop {
                if let Some(found) = look(&self.house).await {
                    return found;
                }
                let _ = tokio::time::timeout(Duration::from_millis(200), changes.next()).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), patience).await.unwrap_or_else(|_| panic!("{what}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mali_s_draft_waits_is_approved_in_other_words_and_reaches_her_with_its_receipt() {
    let shop = shop(Autonomy::Draft).await;
    shop.says("มะลิ", "ห้องแอร์คืนละเท่าไหร่คะ").await;
    let draft = shop.until("a draft", async |house| drafts::waiting(house).await.unwrap().pop()).await;
    let row = inbox::list(&shop.house, &Wanted::default()).await.unwrap().pop().unwrap();
    assert_eq!((row.conversation, row.unread), (draft.conversation, 1));
    let before = talk::read(&shop.house, draft.conversation, None, 50).await.unwrap();
    assert_eq!(before.draft.as_ref().map(|one| one.id), Some(draft.id));
    assert_eq!(before.messages.len(), 1);
    drafts::approve(&shop.house, draft.id, Some("ห้องแอร์เริ่มต้นที่ 750 บาทค่ะ".to_owned())).await.unwrap();
    let ours = shop
        .until("our words", async |house| {
            let talk = talk::read(house, draft.conversation, None, 50).await.unwrap();
            talk.messages.into_iter().find(|one| one.author != Author::Customer)
        })
        .await;
    assert_eq!(ours.text.as_str(), "ห้องแอร์เริ่มต้นที่ 750 บาทค่ะ");
    assert_eq!(ours.delivery.as_ref().unwrap().journey.delivery, DeliveryState::Sent);
    assert_eq!(ours.turn, Some(draft.turn));
    let why = talk::why(&shop.house, draft.turn).await.unwrap();
    assert_eq!(why.state, TurnState::Answered);
    assert_eq!((why.runs[0].provider.as_str(), why.runs[0].left_to.as_deref()), ("built-in", None));
    // Ruled once.
    let again = drafts::approve(&shop.house, draft.id, None).await.unwrap_err();
    assert_eq!(again.code, Code::Overtaken);
    // What she said is found in mid-sentence, and can be corrected.
    let found = inbox::search(&shop.house, "คืนละ", None, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    talk::correct(&shop.house, found[0].message, Some(Intent::Booking), None).await.unwrap();
    assert!(shop.house.stop().await.would_not.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn somchai_s_anger_calls_a_person_who_takes_over_writes_and_settles_it() {
    let shop = shop(Autonomy::Auto).await;
    shop.says("สมชาย", "แย่มาก ห่วยที่สุด จะแจ้งความ").await;
    let called =
        shop.until("an escalation", async |house| escalations::open(house).await.unwrap().pop()).await;
    let waiting = Wanted { keeper: Some(KeptBy::Waiting), ..Wanted::default() };
    assert_eq!(inbox::list(&shop.house, &waiting).await.unwrap().len(), 1);
    escalations::take_over(&shop.house, called.conversation, None).await.unwrap();
    talk::write(&shop.house, called.conversation, "ขอโทษจริง ๆ ค่ะ".to_owned()).await.unwrap();
    shop.until("the owner's words", async |house| {
        let talk = talk::read(house, called.conversation, None, 50).await.unwrap();
        talk.messages.into_iter().find(|one| one.author == Author::Person)
    })
    .await;
    talk::resolve(&shop.house, called.conversation).await.unwrap();
    assert!(escalations::open(&shop.house).await.unwrap().is_empty());
    let all = escalations::of(&shop.house, called.conversation).await.unwrap();
    assert_eq!(all[0].outcome.as_deref(), Some("resolved"));
    shop.house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_panic_nothing_leaves_until_the_owner_is_calm() {
    let shop = shop(Autonomy::Auto).await;
    let mut changes = shop.house.changes();
    settings::panic(&shop.house).await.unwrap();
    assert!(matches!(changes.next().await, Some(Notice::Changed { .. })));
    shop.says("มะลิ", "ห้องแอร์คืนละเท่าไหร่คะ").await;
    let held = shop
        .until("a promise", async |house| {
            let conversation = playground::conversation(house, shop.channel, "มะลิ").await.unwrap()?;
            let talk = talk::read(house, conversation, None, 50).await.unwrap();
            talk.under_way.into_iter().next()
        })
        .await;
    assert_ne!(held.journey.delivery, DeliveryState::Sent);
    settings::calm(&shop.house).await.unwrap();
    assert!(!settings::get(&shop.house).panic);
    shop.house.stop().await;
}
