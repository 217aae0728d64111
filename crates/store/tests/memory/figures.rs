//! Figures equal a recount, whatever happened.

use std::collections::BTreeMap;

use domain::{Author, EscalationRule, Intent, Lesson, Part, SentimentLevel, Timestamp, Verdict};
use jiff::tz::TimeZone;
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use sqlx::Row as _;
use store::{Figure, NewEscalation, SendResult, local_day};

use crate::house::{House, assert_sound, meaning, meddle, rows, sent};

/// (figure, channel, day or hour) → value.
type Counts = BTreeMap<(String, String, i64), i64>;

async fn kept(house: &House, table: &str, unit: &str) -> Counts {
    let sql = format!("SELECT figure, channel_id, {unit}, value FROM {table} WHERE value <> 0");
    let rows = rows(&house.path(), &sql).await;
    rows.iter().map(|row| ((row.get(0), row.get(1), row.get(2)), row.get(3))).collect()
}

/// Each gives (figure, channel, moment, value) of every row that counts.
const ROWS: [&str; 11] = [
    "SELECT 'conversations.new', channel_id, created_at, 1 FROM conversation",
    "SELECT 'escalations', channel_id, raised_at, 1 FROM escalation
     JOIN conversation ON conversation.id = conversation_id",
    "SELECT 'drafts', channel_id, draft.created_at, 1 FROM draft
     JOIN conversation ON conversation.id = conversation_id",
    "SELECT 'drafts.' || draft.state, channel_id, ruled_at, 1 FROM draft
     JOIN conversation ON conversation.id = conversation_id
     WHERE draft.state IN ('approved', 'edited', 'refused')",
    "SELECT 'answers', channel_id, MIN(sent_at), 1 FROM delivery JOIN reply ON reply.id = reply_id
     WHERE delivery.state = 'sent' AND author = 'assistant' AND purpose = 'answer' GROUP BY reply.id",
    "SELECT 'first_answers', channel_id, MIN(sent_at), 1 FROM delivery JOIN reply ON reply.id = reply_id
     WHERE delivery.state = 'sent' AND author = 'assistant' AND purpose = 'answer' AND turn_id IS NOT NULL
     GROUP BY turn_id",
    "SELECT 'first_answers.millis', channel_id, MIN(sent_at), MAX(0, MIN(sent_at) - opened_at)
     FROM delivery JOIN reply ON reply.id = reply_id JOIN turn ON turn.id = turn_id
     WHERE delivery.state = 'sent' AND author = 'assistant' AND purpose = 'answer' GROUP BY turn_id",
    "SELECT 'runs', channel_id, at, 1 FROM run JOIN conversation ON conversation.id = conversation_id",
    "SELECT 'runs.millis', channel_id, at, millis FROM run
     JOIN conversation ON conversation.id = conversation_id",
    "SELECT 'runs.tokens_in', channel_id, at, tokens_in FROM run
     JOIN conversation ON conversation.id = conversation_id WHERE tokens_in IS NOT NULL",
    "SELECT 'runs.cost_micro_usd', channel_id, at, cost_micro_usd FROM run
     JOIN conversation ON conversation.id = conversation_id WHERE cost_micro_usd IS NOT NULL",
];

/// Of messages the local day stands in the row.
const DAYS: [&str; 3] = [
    "SELECT 'messages.' || author, channel_id, day, 1 FROM message",
    "SELECT 'intent.' || intent, channel_id, day, 1 FROM understanding JOIN message ON message.id = message_id",
    "SELECT 'sentiment.' || sentiment, channel_id, day, 1 FROM understanding
     JOIN message ON message.id = message_id",
];

async fn count(house: &House, sql: &str, unit: impl Fn(i64) -> i64, counts: &mut Counts) {
    for row in rows(&house.path(), sql).await {
        *counts.entry((row.get(0), row.get(1), unit(row.get(2)))).or_default() += row.get::<i64, _>(3);
    }
}

async fn assert_recounted(house: &House) {
    let bangkok = TimeZone::get("Asia/Bangkok").unwrap();
    let mut days = Counts::new();
    for sql in DAYS {
        count(house, sql, |day| day, &mut days).await;
    }
    for sql in ROWS {
        count(house, sql, |at| local_day(Timestamp::from_millis(at), &bangkok), &mut days).await;
    }
    days.retain(|_, value| *value != 0);
    assert_eq!(kept(house, "figure_day", "day").await, days);
    let mut hours = Counts::new();
    let said = "SELECT 'messages.' || author, channel_id, said_at, 1 FROM message";
    count(house, said, |at| at.div_euclid(3_600_000), &mut hours).await;
    assert_eq!(kept(house, "figure_hour", "hour").await, hours);
}

/// Something that happens in the shop: who it concerns, after how many minutes, and a number for the details.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Hears,
    HearsTwice,
    Understands,
    Edits,
    TakesBack,
    Answers,
    Drafts,
    Rules,
    Sends,
    Escalates,
    HandsBack,
    Runs,
    Fails,
}

fn happening() -> impl Strategy<Value = (Happening, u8, u16)> {
    use Happening::{
        Answers, Drafts, Edits, Escalates, Fails, HandsBack, Hears, HearsTwice, Rules, Runs, Sends,
        TakesBack, Understands,
    };
    let what = prop_oneof![
        4 => Just(Hears),
        1 => Just(HearsTwice),
        4 => Just(Understands),
        1 => Just(Edits),
        1 => Just(TakesBack),
        3 => Just(Answers),
        2 => Just(Drafts),
        2 => Just(Rules),
        4 => Just(Sends),
        1 => Just(Escalates),
        1 => Just(HandsBack),
        2 => Just(Runs),
        1 => Just(Fails),
    ];
    (what, any::<u8>(), any::<u16>())
}

const INTENTS: [Intent; 3] = [Intent::Question, Intent::Complaint, Intent::Greeting];
const LEVELS: [SentimentLevel; 3] =
    [SentimentLevel::Neutral, SentimentLevel::VeryNegative, SentimentLevel::Positive];

/// A shop, its time, and what platforms number by.
struct Story {
    house: House,
    now: i64,
    remote: u32,
}

impl Story {
    fn now(&self) -> Timestamp {
        crate::house::at(self.now)
    }

    async fn hears(&mut self, who: u8) {
        self.remote += 1;
        // Sometimes late by hours, over midnight.
        let said = crate::house::at(self.now - i64::from(who) * 200);
        self.house
            .hears(&format!("customer {}", who % 4), &format!("m{}", self.remote), "ราคาเท่าไหร่", said)
            .await;
    }

    async fn understands(&mut self, pick: usize) {
        let waiting = self.house.store.read().to_understand(0, 50).await.unwrap();
        let Some(row) = waiting.get(pick % waiting.len().max(1)) else { return };
        let meaning = meaning(INTENTS[pick % 3], LEVELS[pick / 3 % 3]);
        if self.house.understands(row.conversation, row.message, row.said_at, meaning).await {
            self.house.gathers(row.conversation, row.message, 50, self.now()).await;
        }
    }

    /// Any message of the shop.
    async fn message(&self, pick: usize) -> Option<domain::MessageId> {
        let rows = rows(&self.house.path(), "SELECT id FROM message ORDER BY row").await;
        rows.get(pick % rows.len().max(1)).map(|row| row.get::<String, _>(0).parse().unwrap())
    }

    async fn due(&self, pick: usize) -> Option<store::DueTurn> {
        let due = self.house.store.read().turns_to_decide(crate::house::the_end(), 50).await.unwrap();
        due.get(pick % due.len().max(1)).cloned()
    }

    async fn sends(&mut self, pick: usize) {
        let heads = self.house.heads(crate::house::the_end()).await;
        let Some(head) = heads.get(pick % heads.len().max(1)) else { return };
        self.house.freezes(*head, self.now()).await;
        self.remote += 1;
        let remote = format!("r{}", self.remote);
        let result = match pick % 5 {
            0 => SendResult::Again { at: self.now() },
            1 => SendResult::Stuck { reason: domain::StuckReason::ReconnectNeeded },
            _ => sent(&[&remote], &["ค่ะ"], self.now()),
        };
        self.house.settles(*head, result.clone()).await;
        // Evidence comes twice.
        self.house.settles(*head, result).await;
        let (channel, now) = (self.house.channel, self.now());
        self.house.store.write(async move |tx| tx.release_lanes(channel, now).await).await.unwrap();
    }

    async fn happens(&mut self, what: Happening, who: u8, pick: usize) {
        let now = self.now();
        match what {
            Happening::Hears => self.hears(who).await,
            Happening::HearsTwice => {
                self.hears(who).await;
                self.remote -= 1;
                self.hears(who).await;
            }
            Happening::Understands => self.understands(pick).await,
            Happening::Edits => {
                let Some(message) = self.message(pick).await else { return };
                let edit = async move |tx: &mut store::Tx| {
                    tx.edit_message(message, &[Part::text("แก้แล้ว")], now).await?;
                    tx.understand_again(message).await
                };
                self.house.store.write(edit).await.unwrap();
            }
            Happening::TakesBack => {
                let Some(message) = self.message(pick).await else { return };
                self.house.store.write(async move |tx| tx.unsend_message(message, now).await).await.unwrap();
            }
            Happening::Answers => {
                let Some(due) = self.due(pick).await else { return };
                let calls: &[&str] = if pick.is_multiple_of(2) { &["1"] } else { &["1", "2", "3"] };
                self.house.answers(due.conversation, due.turn, calls, now).await;
            }
            Happening::Drafts => {
                let Some(due) = self.due(pick).await else { return };
                self.house.drafts(due.conversation, due.turn, "ค่ะ", now).await;
            }
            Happening::Rules => self.rules(pick).await,
            Happening::Sends => self.sends(pick).await,
            Happening::Escalates => {
                let Some(due) = self.due(pick).await else { return };
                let new = NewEscalation {
                    workspace: self.house.workspace,
                    conversation: due.conversation,
                    turn: Some(due.turn),
                    rule: EscalationRule::Refund,
                    priority: 80,
                };
                self.house.store.write(async move |tx| tx.escalate(&new, now).await).await.unwrap();
            }
            Happening::HandsBack => {
                let Some(due) = self.due(pick).await else { return };
                let talk = due.conversation;
                let end = async move |tx: &mut store::Tx| tx.end_escalation(talk, "handed_back", now).await;
                self.house.store.write(end).await.unwrap();
            }
            Happening::Runs => {
                let Some(due) = self.due(pick).await else { return };
                let (workspace, channel) = (self.house.workspace, self.house.channel);
                let run = a_run(u32::try_from(pick).unwrap());
                let add = async move |tx: &mut store::Tx| {
                    tx.add_run(workspace, channel, due.conversation, due.turn, &run, now).await
                };
                self.house.store.write(add).await.unwrap();
            }
            // All of it happens, and then it does not.
            Happening::Fails => {
                let (workspace, channel) = (self.house.workspace, self.house.channel);
                let Some(due) = self.due(pick).await else { return };
                let fail = async move |tx: &mut store::Tx| {
                    tx.add_run(workspace, channel, due.conversation, due.turn, &a_run(1), now).await?;
                    tx.end_answered(due.turn, due.revision - 1, now).await
                };
                assert!(self.house.store.write(fail).await.is_err());
            }
        }
    }

    async fn rules(&mut self, pick: usize) {
        let now = self.now();
        let waiting = self.house.store.read().waiting_drafts(self.house.workspace).await.unwrap();
        let Some(draft) = waiting.get(pick % waiting.len().max(1)).cloned() else { return };
        let confidence = draft.confidence;
        let (verdict, lesson) = match pick % 3 {
            0 => (Verdict::Approved, Lesson::Approved { confidence }),
            1 => (Verdict::Refused { why: None }, Lesson::Refused { why: None, confidence }),
            _ => (Verdict::Edited, Lesson::Edited { before: "a".into(), after: "b".into(), confidence }),
        };
        let author = if pick.is_multiple_of(3) { Author::Assistant } else { Author::Person };
        let reply = self.house.reply(draft.conversation, Some(draft.turn), author, &["ค่ะ"], now);
        let refused = matches!(verdict, Verdict::Refused { .. });
        let rule = async move |tx: &mut store::Tx| {
            tx.rule(&draft, &verdict, &lesson, now).await?;
            if !refused {
                tx.promise(&store::NewReply { draft: Some(draft.id), ..reply }, now).await?;
            }
            Ok(())
        };
        self.house.store.write(rule).await.unwrap();
    }
}

fn a_run(millis: u32) -> domain::Run {
    domain::Run {
        provider: "built-in".to_owned(),
        model: "none".to_owned(),
        prompt: "p".into(),
        response: "r".into(),
        tokens_in: millis.is_multiple_of(2).then_some(millis),
        tokens_cached: None,
        tokens_out: None,
        cost_micro_usd: millis.is_multiple_of(3).then_some(u64::from(millis)),
        millis,
        passages: Vec::new(),
        checks: Vec::new(),
        personality_version: 1,
        knowledge_version: 1,
        left_to: None,
        error: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_equal_a_recount_after_any_history(history in prop::collection::vec(happening(), 40..120)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut story = Story { house: House::new().await, now: 0, remote: 0 };
            for (what, who, pick) in history {
                story.now += i64::from(pick) / 20;
                story.happens(what, who, usize::from(pick)).await;
            }
            assert_recounted(&story.house).await;
            assert_sound(&story.house.path()).await;
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn works_that_share_a_commit_count_together_and_one_that_fails_counts_nothing() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "สวัสดี", crate::house::at(0)).await;
    let (workspace, channel, now) = (house.workspace, house.channel, crate::house::at(1));
    let run = async |fails: bool| {
        let work = async move |tx: &mut store::Tx| {
            tx.add_run(workspace, channel, talk, turn, &a_run(6), now).await?;
            if fails { Err(store::StoreError::Overtaken("run")) } else { Ok(()) }
        };
        house.store.write(work).await
    };
    let all = tokio::join!(run(false), run(true), run(false), run(true), run(false));
    assert!(all.0.is_ok() && all.1.is_err() && all.2.is_ok() && all.3.is_err() && all.4.is_ok());
    assert_recounted(&house).await;
    let runs = "SELECT value FROM figure_day WHERE figure = 'runs'";
    assert_eq!(house.number(runs).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_recount_notices_a_figure_that_is_off_by_one() {
    let house = House::new().await;
    house.hears("Mali", "m1", "สวัสดี", crate::house::at(0)).await;
    assert_recounted(&house).await;
    let off = "UPDATE figure_day SET value = value + 1 WHERE figure = 'messages.customer'";
    meddle(&house.path(), off).await.unwrap();
    let noticed = tokio::spawn(async move { assert_recounted(&house).await }).await;
    assert!(noticed.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_shop_that_moves_to_another_zone_keeps_its_figures_on_their_days() {
    let house = House::new().await;
    let when = crate::house::at(0);
    let (talk, message) = house.hears("Mali", "m1", "ราคาเท่าไหร่", when).await;
    let message = message.unwrap();
    house.understands(talk, message, when, meaning(Intent::Question, SentimentLevel::Neutral)).await;
    let workspace = house.workspace;
    let facts = domain::ShopFacts { timezone: "Pacific/Kiritimati".to_owned(), ..Default::default() };
    house
        .store
        .write(async move |tx| {
            tx.keep_knowledge(workspace, &store::KnowledgePiece::Facts(facts), when).await?;
            tx.understand_again(message).await
        })
        .await
        .unwrap();
    let read = house.store.read();
    assert_eq!(read.figure_between(Figure::Intent(Intent::Question), 0, i64::MAX).await.unwrap(), 0);
    house.understands(talk, message, when, meaning(Intent::Complaint, SentimentLevel::Neutral)).await;
    let today = local_day(when, &TimeZone::get("Asia/Bangkok").unwrap());
    for figure in [Figure::Intent(Intent::Complaint), Figure::Messages(Author::Customer)] {
        assert_eq!(read.figure_between(figure, today, today).await.unwrap(), 1, "{figure:?}");
    }
    // What comes from now on counts by the new zone: it is already tomorrow there.
    house.hears("Mali", "m2", "สวัสดี", when + std::time::Duration::from_secs(8 * 3_600)).await;
    assert_eq!(
        read.figure_between(Figure::Messages(Author::Customer), today + 1, today + 1).await.unwrap(),
        1
    );
}
