//! How SQLite goes about every checked query: nothing that grows without end is read from end to end.

use std::{fs, path::Path};

use pretty_assertions::assert_eq;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use crate::house::{House, look_into};

/// Grow with every message for as long as the shop is open.
const GROWING: [&str; 17] = [
    "message",
    "turn",
    "delivery",
    "envelope",
    "reply",
    "event",
    "kept_event",
    "early_event",
    "run",
    "understanding",
    "draft",
    "escalation",
    "lesson",
    "conversation",
    "customer",
    "handle",
    "figure_day",
];

/// Hold only the work that is open: reading one from end to end reads what is to be done.
const OPEN_WORK: [&str; 13] = [
    "envelope_waiting",
    "envelope_parked",
    "message_to_understand",
    "turn_open",
    "turn_due",
    "turn_ready",
    "turn_writing",
    "delivery_lane",
    "delivery_due",
    "delivery_sending",
    "draft_waiting",
    "escalation_urgent",
    "handle_unasked",
];

/// Every query of the store as `.sqlx/` holds it.
fn checked_queries() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.sqlx");
    let mut queries: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let query: serde_json::Value = serde_json::from_str(&text).unwrap();
            query["query"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    queries.sort();
    queries
}

async fn plan(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
        .fetch_all(connection)
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql}"))
        .iter()
        .map(|row| row.get("detail"))
        .collect()
}

/// Reads a growing table from end to end, or in the order of its rows.
fn is_long(step: &str) -> bool {
    let words: Vec<&str> = step.split_whitespace().collect();
    let (verb, table) = (words[0], words.get(1).copied().unwrap_or_default());
    if !GROWING.contains(&table) {
        return false;
    }
    if let Some(at) = words.iter().position(|word| *word == "INDEX")
        && OPEN_WORK.contains(&words[at + 1])
    {
        return false;
    }
    verb == "SCAN" || step.contains("(rowid<?)") || step.contains("(rowid>?)")
}

#[test]
fn a_long_walk_is_told_from_a_short_one() {
    assert!(is_long("SCAN message"));
    assert!(is_long("SCAN delivery USING INDEX delivery_reply"));
    assert!(is_long("SEARCH message USING INTEGER PRIMARY KEY (rowid<?)"));
    assert!(!is_long("SCAN delivery USING INDEX delivery_due"));
    assert!(!is_long("SCAN turn USING COVERING INDEX turn_ready"));
    assert!(!is_long("SEARCH message USING INTEGER PRIMARY KEY (rowid=?)"));
    assert!(!is_long("SCAN workspace"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_query_reads_a_growing_table_from_end_to_end() {
    // The first stops at the first row; the second is the way of words too short for the index.
    let allowed = [
        r#"SELECT said_at AS "at!: i64" FROM message ORDER BY row LIMIT 1"#,
        r#"FROM message WHERE row < ? AND instr(folded, ?) > 0 ORDER BY row DESC LIMIT ?"#,
    ];
    let house = House::new().await;
    let mut connection = look_into(&house.path()).await;
    let queries = checked_queries();
    assert!(queries.len() > 100, "only {} queries found", queries.len());
    let mut long = Vec::new();
    for sql in queries.iter().filter(|sql| !allowed.iter().any(|allowed| sql.contains(allowed))) {
        let steps = plan(&mut connection, sql).await;
        long.extend(steps.into_iter().filter(|step| is_long(step)).map(|step| format!("{step}: {sql}")));
    }
    connection.close().await.unwrap();
    assert_eq!(long, Vec::<String>::new());
}

/// A piece of each hot query, and the whole of its plan.
const HOT: [(&str, &[&str]); 14] = [
    (
        "FROM envelope WHERE state = 'waiting' AND row > ?",
        &["SEARCH envelope USING INDEX envelope_waiting (row>?)"],
    ),
    (
        "WHERE message.understood = 0 AND message.row > ?",
        &[
            "SEARCH message USING INDEX message_to_understand (row>?)",
            "SEARCH conversation USING INDEX sqlite_autoindex_conversation_1 (id=?)",
            "SEARCH customer USING INDEX sqlite_autoindex_customer_1 (id=?)",
        ],
    ),
    (
        "WHERE state = 'gathering' AND due_at <= ? ORDER BY due_at LIMIT ?",
        &["SEARCH turn USING INDEX turn_due (due_at<?)"],
    ),
    (
        "WHERE state = 'ready' AND due_at <= ? ORDER BY priority DESC, due_at LIMIT ?",
        &["SCAN turn USING INDEX turn_ready"],
    ),
    (
        r#"SELECT MIN(due_at) AS "due?: i64" FROM turn WHERE state = 'gathering'"#,
        &["SEARCH turn USING COVERING INDEX turn_due"],
    ),
    (
        r#"SELECT MIN(due_at) AS "due?: i64" FROM turn WHERE state = 'ready'"#,
        &["SEARCH turn USING COVERING INDEX turn_ready"],
    ),
    // Lane heads and those whose evidence is looked for.
    (
        "WHERE state = ? AND state IN ('waiting', 'unsure') AND due_at <= ?",
        &[
            "SEARCH delivery USING INDEX delivery_due (due_at<?)",
            "CORRELATED SCALAR SUBQUERY 1",
            "SEARCH older USING INDEX delivery_lane (conversation_id=? AND row<?)",
        ],
    ),
    (
        "SELECT due_at FROM delivery",
        &[
            "SCAN delivery USING INDEX delivery_due",
            "CORRELATED SCALAR SUBQUERY 1",
            "SEARCH older USING INDEX delivery_lane (conversation_id=? AND row<?)",
        ],
    ),
    (
        r#"SELECT COUNT(DISTINCT reply_id) AS "n!: i64" FROM delivery"#,
        &[
            "USE TEMP B-TREE FOR count(DISTINCT)",
            "SEARCH delivery USING COVERING INDEX delivery_channel_sent (channel_id=? AND sent_at>?)",
        ],
    ),
    // 192 is ordered by row, descending: the newest first, without sorting.
    (
        "FROM message_fts CROSS JOIN message",
        &[
            "SCAN message_fts VIRTUAL TABLE INDEX 192:M1<",
            "SEARCH message USING INTEGER PRIMARY KEY (rowid=?)",
        ],
    ),
    (
        "SELECT conversation.id, conversation.channel_id, channel.platform",
        &[
            "SEARCH conversation USING INDEX conversation_newest (workspace_id=? AND state=? AND last_message_at<?)",
            "SEARCH channel USING INDEX sqlite_autoindex_channel_1 (id=?)",
            "SEARCH customer USING INDEX sqlite_autoindex_customer_1 (id=?)",
            "CORRELATED SCALAR SUBQUERY 1",
            "SEARCH message USING INDEX message_talk (conversation_id=?)",
            "CORRELATED SCALAR SUBQUERY 2",
            "SEARCH message USING INDEX message_talk (conversation_id=?)",
        ],
    ),
    (
        "WHERE message.conversation_id = ? AND message.said_at < ?",
        &[
            "SEARCH message USING INDEX message_talk (conversation_id=? AND said_at<?)",
            "SEARCH understanding USING INDEX sqlite_autoindex_understanding_1 (message_id=?) LEFT-JOIN",
        ],
    ),
    (
        "FROM figure_day WHERE figure = ?",
        &["SEARCH figure_day USING PRIMARY KEY (figure=? AND day>? AND day<?)"],
    ),
    (
        "FROM escalation WHERE workspace_id = ? AND ended_at IS NULL",
        &["SEARCH escalation USING INDEX escalation_urgent (workspace_id=?)"],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_hot_queries_walk_the_way_that_was_meant_for_them() {
    let house = House::new().await;
    let mut connection = look_into(&house.path()).await;
    let queries = checked_queries();
    for (piece, expected) in HOT {
        let found: Vec<&String> = queries.iter().filter(|sql| sql.contains(piece)).collect();
        assert_eq!(found.len(), 1, "{piece}: {found:#?}");
        assert_eq!(plan(&mut connection, found[0]).await, expected, "{piece}");
    }
    connection.close().await.unwrap();
}
