//! What screens and other programs read: the inbox, the talk, receipts, and the two views with foreign names.

use domain::{Author, EscalationRule, Passage, Run, Source};
use pretty_assertions::assert_eq;
use sqlx::Row as _;
use store::views::InboxFilter;

use crate::house::{House, at, rows, sent, the_end};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_inbox_shows_last_words_newest_first_and_filters() {
    let house = House::new().await;
    let (mali, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let (somchai, _) = house.hears("Somchai", "s1", "เฮ้ย", at(5)).await;
    house.answers(mali, turn, &["มีค่ะ"], at(6)).await;
    let head = house.heads(at(6)).await[0];
    house.freezes(head, at(6)).await;
    house.settles(head, sent(&["r1"], &["มีค่ะ"], at(7))).await;
    house
        .store
        .write(async move |tx| {
            let new = store::NewEscalation {
                workspace: tx.conversation(somchai).await?.workspace,
                conversation: somchai,
                turn: None,
                rule: EscalationRule::VeryNegative,
                priority: 90,
            };
            tx.escalate(&new, at(8)).await
        })
        .await
        .unwrap();
    let inbox = async |filter: InboxFilter, before| {
        let rows = house.store.read().inbox(house.workspace, &filter, before, 10).await.unwrap();
        rows.into_iter()
            .map(|row| {
                let author = row.last_author.map_or("", Author::name);
                let name = row.customer_name.unwrap_or_default().into_string();
                format!(
                    "{name} {author}: {} ({} unread, {})",
                    row.last_words.as_str(),
                    row.unread,
                    row.keeper.name()
                )
            })
            .collect::<Vec<_>>()
    };
    let rows = ["Mali assistant: มีค่ะ (1 unread, assistant)", "Somchai customer: เฮ้ย (1 unread, waiting)"];
    assert_eq!(inbox(InboxFilter::default(), None).await, rows);
    assert_eq!(inbox(InboxFilter::default(), Some(at(7))).await, rows[1..]);
    let waiting = InboxFilter { keeper: Some("waiting".to_owned()), ..InboxFilter::default() };
    assert_eq!(inbox(waiting, None).await, rows[1..]);
    let other =
        InboxFilter { channel: Some(domain::ChannelId::new(at(0), [1; 10])), ..InboxFilter::default() };
    assert_eq!(inbox(other, None).await, Vec::<String>::new());
    let resolved = InboxFilter { state: Some("resolved".to_owned()), ..InboxFilter::default() };
    assert_eq!(inbox(resolved.clone(), None).await, Vec::<String>::new());
    house.store.write(async move |tx| tx.set_conversation_state(mali, "resolved", None).await).await.unwrap();
    assert_eq!(inbox(resolved, None).await, rows[..1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_talk_is_read_in_pages_oldest_first_with_its_ticks() {
    let house = House::new().await;
    let (talk, _) = house.hears("Mali", "m0", "0", at(0)).await;
    for n in 1..6 {
        house.hears("Mali", &format!("m{n}"), &n.to_string(), at(n)).await;
    }
    house.promises(house.reply(talk, None, Author::Person, &["ค่ะ"], at(6)), at(6)).await;
    let head = house.heads(at(6)).await[0];
    house.freezes(head, at(6)).await;
    house.settles(head, sent(&["r1"], &["ค่ะ"], at(6))).await;
    let channel = house.channel;
    house
        .store
        .write(async move |tx| {
            tx.all_delivered_up_to(talk, at(6), at(7)).await?;
            tx.all_read_up_to(talk, at(5), at(8)).await?;
            let (message, _) = tx.message_by_remote(channel, "r1").await?.unwrap();
            tx.react(message, "U1", Some("❤")).await?;
            tx.react(message, "U1", Some("👍")).await
        })
        .await
        .unwrap();
    let read = house.store.read();
    let page = read.talk(talk, at(4), 2).await.unwrap();
    assert_eq!(page.iter().map(|said| said.text.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    let last = read.talk(talk, the_end(), 1).await.unwrap().remove(0);
    assert_eq!((last.delivered_at, last.read_at), (Some(at(7)), None), "read only up to what was seen");
    assert_eq!(last.delivery.as_deref(), Some(head.to_string().as_str()));
    assert_eq!(read.last_heard(talk).await.unwrap().as_deref(), Some("m5"));
    assert_eq!(
        crate::house::text(&house.path(), "SELECT MIN(reactions) FROM message").await,
        r#"{"U1":"👍"}"#
    );
}

fn run(error: Option<&str>) -> Run {
    Run {
        provider: "gemini".to_owned(),
        model: "flash".to_owned(),
        prompt: "the prompt".into(),
        response: "มีค่ะ".into(),
        tokens_in: Some(100),
        tokens_cached: Some(10),
        tokens_out: Some(20),
        cost_micro_usd: Some(1_500_000),
        millis: 800,
        passages: vec![Passage { source: Source("prices:A".to_owned()), text: "590".to_owned(), score: 0.5 }],
        checks: Vec::new(),
        personality_version: 1,
        knowledge_version: 2,
        left_to: Some("example.org".to_owned()),
        error: error.map(str::to_owned),
    }
}

async fn view(house: &House, name: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let sql = format!("SELECT name FROM pragma_table_info('{name}') ORDER BY cid");
    let names: Vec<String> = rows(&house.path(), &sql).await.iter().map(|row| row.get(0)).collect();
    let all = names.iter().map(|name| format!("COALESCE(CAST({name} AS TEXT), 'NULL')")).collect::<Vec<_>>();
    let sql = format!("SELECT {} FROM {name} ORDER BY created_at, id", all.join(", "));
    let rows = rows(&house.path(), &sql).await;
    let rows = rows.iter().map(|row| (0..names.len()).map(|n| row.get(n)).collect()).collect();
    (names, rows)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_tools_find_the_queue_under_the_names_they_know() {
    let house = House::new().await;
    let (_, gathering) = house.asks("A", "a1", "1", at(0)).await;
    let (_, writing) = house.asks("B", "b1", "2", at(1)).await;
    house.starts_writing(writing, at(2)).await;
    // Failed once, answered then.
    let (talk, answered) = house.asks("C", "c1", "3", at(3)).await;
    let revision = house.starts_writing(answered, at(4)).await;
    let again = async move |tx: &mut store::Tx| tx.turn_again(answered, revision, at(4), "timed out").await;
    house.store.write(again).await.unwrap();
    let reply = house.reply(talk, Some(answered), Author::Assistant, &["ค่ะ"], at(5));
    house
        .store
        .write(async move |tx| {
            tx.claim_turn(answered, revision).await?;
            tx.end_answered(answered, revision, at(5)).await?;
            tx.promise(&reply, at(5)).await
        })
        .await
        .unwrap();
    // Failed, and a person was called.
    let (_, failed) = house.asks("D", "d1", "4", at(6)).await;
    let revision = house.starts_writing(failed, at(7)).await;
    house
        .store
        .write(async move |tx| {
            tx.turn_again(failed, revision, at(7), "timed out").await?;
            tx.end_escalated(failed, revision, EscalationRule::ModelFailed, at(8)).await
        })
        .await
        .unwrap();
    let (names, rows) = view(&house, "ai_response_queue").await;
    assert_eq!(
        names,
        [
            "id",
            "workspace_id",
            "contact_id",
            "message_id",
            "status",
            "attempts",
            "error",
            "created_at",
            "processed_at"
        ]
    );
    let found: Vec<_> =
        rows.iter().map(|row| (row[0].as_str(), row[4].as_str(), row[5].as_str(), row[6].as_str())).collect();
    let ids = [gathering, writing, answered, failed].map(|turn| turn.to_string());
    assert_eq!(
        found,
        [
            (ids[0].as_str(), "pending", "0", "NULL"),
            (ids[1].as_str(), "processing", "1", "NULL"),
            (ids[2].as_str(), "complete", "2", "timed out"),
            (ids[3].as_str(), "error", "1", "timed out"),
        ]
    );
    assert!(rows.iter().all(|row| row[2].len() == 36 && row[3].len() == 36), "customer and message by id");
    assert_eq!(rows[3][8], at(8).millis().to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_run_leaves_a_receipt_for_us_and_for_others() {
    let house = House::new().await;
    let (talk, turn) = house.asks("Mali", "m1", "มีสีฟ้าไหม", at(0)).await;
    let (workspace, channel) = (house.workspace, house.channel);
    for (when, error) in [(at(2), Some("timed out")), (at(3), None)] {
        let run = run(error);
        house
            .store
            .write(async move |tx| tx.add_run(workspace, channel, talk, turn, &run, when).await)
            .await
            .unwrap();
    }
    let receipts = house.store.read().runs_of_turn(turn).await.unwrap();
    assert_eq!(
        receipts.iter().map(|row| row.run.clone()).collect::<Vec<_>>(),
        [run(Some("timed out")), run(None)]
    );
    assert_eq!(house.store.read().spent_since(workspace, at(3)).await.unwrap(), 1_500_000);
    let (names, rows) = view(&house, "ai_response_logs").await;
    for expected in
        ["id", "workspace_id", "provider", "model", "prompt", "response", "tokens_used", "cost", "created_at"]
    {
        assert!(names.iter().any(|name| name == expected), "no column {expected}: {names:?}");
    }
    let row: Vec<&str> = rows[1][3..9].iter().map(String::as_str).collect();
    assert_eq!(row, ["gemini", "flash", "the prompt", "มีค่ะ", "120", "1.5"]);
}
