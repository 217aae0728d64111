//! A person is needed: the reason is told, the customer is told once, and then there is silence.

use domain::{Autonomy, DeliveryState, EscalationRule, Keeper};
use journeys::{
    Connected, Stage,
    shop::{ASKS_CROISSANT, ASKS_LATTE, ASKS_PARKING},
};
use store::Purpose;
use testkit::Person;

const ANGRY: &str = "บริการแย่มาก ห่วยที่สุด จะไม่มาอีกแล้ว โกรธมาก";

/// These words call a person, and the customer is told so once.
async fn calls_a_person(stage: &Stage, to: &Connected, person: &Person, words: &str) -> EscalationRule {
    stage.hears(to, person, words).await;
    stage.pause();
    let rule = stage.until_escalated(to, person).await;
    let note = stage.until_delivery(to, person, DeliveryState::Waiting).await;
    assert_eq!(note.purpose, Purpose::HandOver);
    stage.hold_over();
    stage.until_delivery(to, person, DeliveryState::Sent).await;
    let row = stage.conversation(to, person).await.unwrap();
    assert_eq!(row.keeper, Keeper::Waiting);
    rule
}

#[tokio::test(flavor = "multi_thread")]
async fn somchai_is_angry_is_told_once_that_a_person_comes_and_then_nothing() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let somchai = Person::somchai();
    assert_eq!(calls_a_person(&stage, &line, &somchai, ANGRY).await, EscalationRule::VeryNegative);
    let told = stage.replies(&line, &somchai);
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains("แอดมิน"), "{}", told[0].text);
    for more in ["ตอบด้วยสิ", ANGRY, ASKS_LATTE] {
        stage.hears(&line, &somchai, more).await;
        stage.pause();
        stage.decided().await;
        stage.hold_over();
    }
    assert_eq!(stage.replies(&line, &somchai).len(), 1, "{}", stage.ledger().transcript());
    let conversation = stage.conversation_id(&line, &somchai).await;
    let escalations = stage.house().read().escalations(conversation).await.unwrap();
    assert_eq!(escalations.len(), 1, "called once");
    // The owner has seen him and gives the talk back: the same anger does not call again.
    stage.house().give_back(conversation).await.unwrap();
    stage.is_answered(&line, &somchai, ASKS_LATTE).await;
    stage.hears(&line, &somchai, ANGRY).await;
    stage.pause();
    stage.decided().await;
    let escalations = stage.house().read().escalations(conversation).await.unwrap();
    let rules: Vec<EscalationRule> = escalations.iter().map(|one| one.rule).collect();
    assert_eq!(rules, [EscalationRule::VeryNegative], "never again in an episode that was given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_draft_the_owner_is_called_and_the_customer_is_told_nothing_by_itself() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Draft).await;
    let somchai = Person::somchai();
    stage.hears(&line, &somchai, ANGRY).await;
    stage.pause();
    stage.until_escalated(&line, &somchai).await;
    stage.decided().await;
    assert!(stage.deliveries(&line, &somchai).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn danger_waits_for_no_gap() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let somchai = Person::somchai();
    stage.says(&line, &somchai, ANGRY).await;
    // The clock stands still: above priority 80 nothing waits.
    stage.until_escalated(&line, &somchai).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_and_the_wish_for_a_person_call_one() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let (ploy, john) = (Person::ploy(), Person::john());
    let rule = calls_a_person(&stage, &line, &ploy, "ขอเงินคืนค่ะ ของที่ได้มาไม่ตรงกับที่สั่ง").await;
    assert_eq!(rule, EscalationRule::Refund);
    let rule = calls_a_person(&stage, &line, &john, "Can I talk to a real person please?").await;
    assert_eq!(rule, EscalationRule::WantsPerson);
    let told = stage.replies(&line, &john);
    assert!(told[0].text.is_ascii(), "John is told in English: {}", told[0].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_the_same_in_three_turns_gets_a_person() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    for _ in 0..2 {
        stage.is_answered(&line, &mali, ASKS_PARKING).await;
    }
    assert_eq!(calls_a_person(&stage, &line, &mali, ASKS_PARKING).await, EscalationRule::RepeatsItself);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_six_answers_without_an_end_a_person_is_called() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    for asked in [ASKS_LATTE, ASKS_PARKING, ASKS_CROISSANT, ASKS_PARKING, ASKS_LATTE, ASKS_PARKING] {
        stage.is_answered(&line, &mali, asked).await;
    }
    let rule = calls_a_person(&stage, &line, &mali, "อเมริกาโน่ร้อนราคาเท่าไหร่คะ").await;
    assert_eq!(rule, EscalationRule::NoResolution);
    assert_eq!(stage.replies(&line, &mali).len(), 7, "six answers and the note");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_shop_does_not_know_is_asked_of_the_owner_and_nothing_is_invented() {
    let stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let mali = Person::mali();
    stage.hears(&line, &mali, "มีเก้าอี้นวดไฟฟ้าขายไหมคะ รุ่นไหนดี").await;
    stage.pause();
    stage.decided().await;
    stage
        .until("a call for the owner or a draft", async || {
            let escalated = stage.escalation(&line, &mali).await.is_some();
            (escalated || stage.draft(&line, &mali).await.is_some()).then_some(())
        })
        .await;
    stage.hold_over();
    stage.settled(&line, &mali).await;
    for sent in stage.replies(&line, &mali) {
        assert!(!sent.text.chars().any(|c| c.is_ascii_digit()), "a number from nowhere: {}", sent.text);
    }
}
