//! Searching and reading a full memory: `cargo bench -p store --bench search`.
//!
//! `SALA_BENCH_MESSAGES` (100000) sets how many Thai messages there are. Every search is asked beside a LIKE scan of
//! the same words in the same file, and must find the same messages.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, clippy::cast_precision_loss)]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use domain::{ConversationId, Door, Platform, Timestamp, WorkspaceId, fold};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use store::{DatabaseKey, Durability, NewChannel, Store, views::InboxFilter};

mod machine;

const KEY: [u8; 32] = [7; 32];
const START: i64 = 1_700_000_000_000;
const PER_TALK: usize = 100;

/// Pieces of which messages are made; the last ones are rare.
const PIECES: [&str; 32] = [
    "สวัสดีค่ะ",
    "ราคาเท่าไหร่คะ",
    "มีไซซ์ M ไหม",
    "ขอบคุณมากค่ะ",
    "ส่งวันไหน",
    "เสื้อสีฟ้า",
    "กางเกงสีดำ",
    "โอนแล้วนะคะ",
    "รับกี่ตัวดีคะ",
    "ร้านเปิดกี่โมง",
    "อยู่แถวไหนคะ",
    "จองคิวได้ไหม",
    "พรุ่งนี้ว่างไหม",
    "ok ค่ะ",
    "ได้ค่ะ",
    "590 บาท",
    "ส่งฟรีไหม",
    "เก็บปลายทางได้ไหม",
    "ผ้าลินิน",
    "ใส่สบาย",
    "สีตกไหม",
    "น้ำแข็ง",
    "ไม่เผ็ด",
    "เปลี่ยนไซซ์ได้ไหม",
    "ของหมดหรือยัง",
    "รอของเข้า",
    "ลดได้อีกไหม",
    "ดูรูปหน่อย",
    "แพ้นมวัว",
    "ใบกำกับภาษี",
    "ใบเสนอราคา",
    "หาหมอฟัน",
];

/// From words in every tenth message to words in none.
const ASKED: [&str; 8] =
    ["ราคา", "เสื้อสีฟ้า", "ใบเสนอราคา", "สีดำ โอนแล้ว", "ใบกำกับภาษี แพ้นมวัว", "นกขมิ้นเหลืองอ่อน", "ok", "ไม่มีคำนี้เลย"];

fn main() {
    let messages =
        std::env::var("SALA_BENCH_MESSAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(messages));
}

async fn measure(messages: usize) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("sala.db");
    let began = Instant::now();
    let (workspace, talks) = fill(&path, messages).await;
    println!("store with {messages} messages, on {}", machine::name());
    let bytes = std::fs::metadata(&path).unwrap().len();
    println!(
        "filled in {:.1} s; {:.1} MB on disk, {} bytes a message",
        began.elapsed().as_secs_f64(),
        bytes as f64 / 1e6,
        bytes / messages as u64
    );
    show_opening(&path).await;
    let store = open(&path).await;
    show_search(&store, &path).await;
    show_reading(&store, workspace, &talks).await;
    store.close().await;
}

async fn open(path: &Path) -> Store {
    Store::open(path, &DatabaseKey::new(KEY), Durability::Full).await.unwrap()
}

/// The same encrypted file without the store.
async fn beside(path: &Path) -> SqliteConnection {
    let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    SqliteConnectOptions::new()
        .filename(path)
        .pragma("key", format!("\"x'{hex}'\""))
        .pragma("cache_size", "-65536")
        .connect()
        .await
        .unwrap()
}

async fn fill(path: &Path, messages: usize) -> (WorkspaceId, Vec<ConversationId>) {
    let store = open(path).await;
    let now = Timestamp::from_millis(START);
    let (workspace, channel) = store
        .write(async move |tx| {
            let workspace = tx.ensure_workspace("shop", now).await?;
            let new = NewChannel {
                workspace,
                platform: Platform::Line,
                name: "LINE".to_owned(),
                account: None,
                door: Door::Relay,
                path: None,
                settings: std::collections::BTreeMap::new(),
                autonomy: None,
            };
            Ok((workspace, tx.add_channel(&new, now).await?))
        })
        .await
        .unwrap();
    store.close().await;

    let mut connection = beside(path).await;
    let talks: Vec<ConversationId> =
        (0..messages.div_ceil(PER_TALK)).map(|n| ConversationId::from_uuid(number(1, n))).collect();
    let mut tx = connection.begin().await.unwrap();
    for (n, talk) in talks.iter().enumerate() {
        sqlx::query("INSERT INTO customer (id, workspace_id, name, created_at) VALUES (?1, ?2, 'Mali', 0)")
            .bind(number(2, n).to_string())
            .bind(workspace.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO conversation
                (id, workspace_id, channel_id, customer_id, kind, thread, last_message_at, created_at)
             VALUES (?, ?, ?, ?, 'direct', ?, ?, 0)",
        )
        .bind(talk.to_string())
        .bind(workspace.to_string())
        .bind(channel.to_string())
        .bind(number(2, n).to_string())
        .bind(n.to_string())
        .bind(START + i64::try_from(messages - talks.len() + n).unwrap() * 1_000)
        .execute(&mut *tx)
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
    let mut seed = 42;
    for first in (0..messages).step_by(1_000) {
        let rows: Vec<serde_json::Value> =
            (first..messages.min(first + 1_000)).map(|n| row(n, &talks, &mut seed)).collect();
        sqlx::query(
            "INSERT INTO message
                (id, workspace_id, channel_id, conversation_id, author, remote, parts, text, folded, said_at,
                 arrived_at, day, understood)
             SELECT value ->> 'id', ?1, ?2, value ->> 'talk', 'customer', value ->> 'id', value ->> 'parts',
                    value ->> 'text', value ->> 'folded', value ->> 'at', value ->> 'at',
                    (value ->> 'at') / 86400000, 1
             FROM json_each(?3)",
        )
        .bind(workspace.to_string())
        .bind(channel.to_string())
        .bind(serde_json::to_string(&rows).unwrap())
        .execute(&mut connection)
        .await
        .unwrap();
    }
    connection.close().await.unwrap();
    (workspace, talks)
}

fn number(kind: u128, n: usize) -> uuid::Uuid {
    uuid::Uuid::from_u128((kind << 96) + n as u128)
}

/// Talks take turns, as they do on a busy page.
fn row(n: usize, talks: &[ConversationId], seed: &mut u64) -> serde_json::Value {
    let mut next = |most: usize| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 33).unwrap() % most
    };
    let mut words: Vec<&str> = (0..2 + next(4))
        // Twice drawn, so that the last pieces are rare.
        .map(|_| PIECES[next(PIECES.len()).min(next(PIECES.len()))])
        .collect();
    if next(10_000) == 0 {
        words.push("นกขมิ้นเหลืองอ่อน");
    }
    let text = words.join(" ");
    serde_json::json!({
        "id": number(3, n).to_string(),
        "talk": talks[n % talks.len()].to_string(),
        "parts": serde_json::json!([{ "type": "text", "text": text }]).to_string(),
        "folded": fold(&text),
        "text": text,
        "at": START + i64::try_from(n).unwrap() * 1_000,
    })
}

async fn show_opening(path: &Path) {
    let mut took = Vec::new();
    for _ in 0..10 {
        let began = Instant::now();
        let store = open(path).await;
        store.read().data_since().await.unwrap();
        took.push(began.elapsed());
        store.close().await;
    }
    show("open and read the first row", took, Duration::from_secs(1));
}

/// One line: p50, p99, and the figure to reach.
fn show(what: &str, mut took: Vec<Duration>, reach: Duration) {
    took.sort();
    let (p50, p99) = (machine::percentile(&took, 0.5), machine::percentile(&took, 0.99));
    println!("{what:<32} p50 {:>8.3} ms   p99 {:>8.3} ms   (reach {reach:?})", ms(p50), ms(p99));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

async fn show_search(store: &Store, path: &Path) {
    let mut like = beside(path).await;
    println!(
        "{:<24} {:>8} {:>9} {:>9} {:>9} {:>10} {:>9}  equal",
        "newest 50 of", "hits", "first ms", "p50 ms", "p99 ms", "LIKE p50", "ratio"
    );
    let mut all = Vec::new();
    for asked in ASKED {
        let folded = fold(asked);
        let began = Instant::now();
        let found = store.read().search(asked, None, 50).await.unwrap();
        let first = began.elapsed();
        let mut took = Vec::new();
        for _ in 0..200 {
            let began = Instant::now();
            store.read().search(asked, None, 50).await.unwrap();
            took.push(began.elapsed());
        }
        let mut scans = Vec::new();
        let mut scanned = Vec::new();
        for _ in 0..5 {
            let began = Instant::now();
            let rows = sqlx::query(
                "SELECT row, id, conversation_id, text, said_at FROM message
                 WHERE folded LIKE '%' || ? || '%' ORDER BY row DESC LIMIT 50",
            )
            .bind(&folded)
            .fetch_all(&mut like)
            .await
            .unwrap();
            scans.push(began.elapsed());
            scanned = rows.iter().map(|row| row.get::<i64, _>(0)).collect();
        }
        let hits: i64 = sqlx::query("SELECT COUNT(*) FROM message WHERE instr(folded, ?) > 0")
            .bind(&folded)
            .fetch_one(&mut like)
            .await
            .unwrap()
            .get(0);
        let equal = found.iter().map(|found| found.row).collect::<Vec<_>>() == scanned;
        assert!(equal, "search and LIKE differ on {asked}");
        took.sort();
        scans.sort();
        let (p50, scan) = (machine::percentile(&took, 0.5), machine::percentile(&scans, 0.5));
        println!(
            "{:<24} {hits:>8} {:>9.3} {:>9.3} {:>9.3} {:>10.3} {:>8.1}x  {equal}",
            asked.chars().take(20).collect::<String>(),
            ms(first),
            ms(p50),
            ms(machine::percentile(&took, 0.99)),
            ms(scan),
            scan.as_secs_f64() / p50.as_secs_f64()
        );
        if folded.chars().count() >= 3 {
            all.extend(took);
        }
    }
    show("search, three letters or more", all, Duration::from_millis(5));
}

async fn show_reading(store: &Store, workspace: WorkspaceId, talks: &[ConversationId]) {
    let end = Timestamp::from_millis(i64::MAX);
    let (mut talk, mut inbox) = (Vec::new(), Vec::new());
    for n in 0..300_usize {
        let began = Instant::now();
        let said = store.read().talk(talks[n * 7_919 % talks.len()], end, 50).await.unwrap();
        talk.push(began.elapsed());
        assert_eq!(said.len(), 50.min(PER_TALK));
        let began = Instant::now();
        store.read().inbox(workspace, &InboxFilter::default(), None, 50).await.unwrap();
        inbox.push(began.elapsed());
    }
    show("talk, last 50", talk, Duration::from_millis(50));
    show("inbox, newest 50", inbox, Duration::from_millis(50));
}
