//! Durable write transactions a second: `cargo bench -p store --bench commits`.
//!
//! Each keeps a webhook of 1 KB and is acknowledged after the disk has it; writers that come at the same time share
//! a commit. `SALA_BENCH_SECONDS` (5) sets how long each round lasts.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, clippy::cast_precision_loss)]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::time::{Duration, Instant};

use domain::{ChannelId, Door, Platform, Timestamp};
use store::{DatabaseKey, Durability, NewChannel, NewEnvelope, Store};

mod machine;

fn main() {
    let seconds = std::env::var("SALA_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(rounds(Duration::from_secs(seconds)));
}

async fn rounds(length: Duration) {
    println!("store, durable transactions that keep 1 KB each, on {}", machine::name());
    println!("{:>8} {:>12} {:>10} {:>10} {:>8}", "writers", "acked/s*", "p50 ms", "p99 ms", "ratio");
    let mut alone = None;
    for writers in [1, 16, 64, 256] {
        let mut took = round(writers, length).await;
        took.sort();
        let rate = took.len() as f64 / length.as_secs_f64();
        let ratio = rate / *alone.get_or_insert(rate);
        let ms = |part: f64| machine::percentile(&took, part).as_secs_f64() * 1e3;
        println!("{writers:>8} {rate:>12.0} {:>10.2} {:>10.2} {ratio:>7.1}x", ms(0.5), ms(0.99));
    }
    println!("* acknowledged transactions; those that came together shared one");
}

/// How long each transaction took until it was acknowledged.
async fn round(writers: usize, length: Duration) -> Vec<Duration> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let key = DatabaseKey::new([7; 32]);
    let store = Store::open(&folder.path().join("sala.db"), &key, Durability::Full).await.unwrap();
    let now = Timestamp::from_millis(1_795_150_800_000);
    let channel = store
        .write(async move |tx| {
            let workspace = tx.ensure_workspace("shop", now).await?;
            let new = NewChannel {
                workspace,
                platform: Platform::Line,
                name: "LINE".to_owned(),
                account: None,
                door: Door::Tunnel,
                path: None,
                settings: std::collections::BTreeMap::new(),
                autonomy: None,
            };
            tx.add_channel(&new, now).await
        })
        .await
        .unwrap();
    let end = Instant::now() + length;
    let writing: Vec<_> =
        (0..writers).map(|_| tokio::spawn(write_until(end, store.clone(), channel))).collect();
    let mut took = Vec::new();
    for writer in writing {
        took.extend(writer.await.unwrap());
    }
    let (waiting, _) = store.read().envelope_counts().await.unwrap();
    assert_eq!(usize::try_from(waiting).unwrap(), took.len(), "each acknowledged one is there");
    store.close().await;
    took
}

async fn write_until(end: Instant, store: Store, channel: ChannelId) -> Vec<Duration> {
    let mut took = Vec::new();
    while Instant::now() < end {
        let began = Instant::now();
        let new = NewEnvelope {
            channel,
            door: Door::Tunnel,
            relay_seq: None,
            arrived_at: Timestamp::from_millis(1_795_150_800_000),
            request: "{}".to_owned(),
            body: vec![b'x'; 1_024],
        };
        store.write(async move |tx| tx.keep_envelope(&new).await).await.unwrap();
        took.push(began.elapsed());
    }
    took
}
