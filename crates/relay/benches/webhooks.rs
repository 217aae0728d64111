//! Durable, sealed 1-KB webhooks a second on loopback: `cargo bench -p relay`.
//!
//! The relay and its callers share this machine's cores. Every answer counted stands for an envelope that is sealed
//! and synced to the disk. `SALA_BENCH_SECONDS` (5) sets how long each round lasts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use clap::Parser as _;
use relay::{Clock, Relay, Settings, offer_code, settings::Cli};
use relay_protocol::{ChannelPath, Membership, OwnerKeys, PathKind, PathRegistration, RelayClient};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::interval,
};
use tokio_util::sync::CancellationToken;

fn main() {
    let seconds = std::env::var("SALA_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(rounds(Duration::from_secs(seconds)));
}

async fn rounds(length: Duration) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("sala-relay, durable sealed 1-KB webhooks, {cores} cores shared with the callers");
    for connections in [1, 64, 256] {
        let figures = round(connections, length, None).await;
        println!("{connections:>4} connections            {figures}");
    }
    let figures = round(64, length, Some(1_000)).await;
    println!("  64 connections, 1,000/s   {figures}");
}

async fn round(connections: usize, length: Duration, per_second: Option<u32>) -> String {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let settings = settings(folder.path());
    let relay = Relay::open(settings, clock()).await.unwrap();
    let code = offer_code(relay.letterbox(), None, clock().now_ms()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(relay.serve(listener, stop.clone()));
    let path = register(&format!("http://{address}"), &code).await;

    let head = format!(
        "POST /w/{path} HTTP/1.1\r\nhost: relay.example\r\nx-line-signature: {}\r\n\
         content-type: application/json\r\nuser-agent: LineBotWebhook/2.0\r\ncontent-length: 1024\r\n\r\n",
        "A".repeat(44)
    );
    let request: Vec<u8> = [head.into_bytes(), vec![b'x'; 1024]].concat();
    let pace = per_second.map(|rate| Duration::from_secs_f64(connections as f64 / f64::from(rate)));
    let began = now();
    let callers: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(call(address, request.clone(), began + length, pace)))
        .collect();
    let mut took = Vec::new();
    for caller in callers {
        took.extend(caller.await.unwrap());
    }
    let lasted = began.elapsed();
    stop.cancel();
    serving.await.unwrap().unwrap();
    figures(took, lasted)
}

async fn call(
    address: std::net::SocketAddr,
    request: Vec<u8>,
    until: Instant,
    pace: Option<Duration>,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut pace = pace.map(interval);
    let mut took = Vec::new();
    let mut answer = [0; 1024];
    while now() < until {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        let began = now();
        stream.write_all(&request).await.unwrap();
        let mut read = 0;
        while !answer[..read].ends_with(b"\r\n\r\n") {
            let more = stream.read(&mut answer[read..]).await.unwrap();
            assert!(more > 0, "the relay hung up");
            read += more;
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..read]));
        took.push(began.elapsed());
    }
    took
}

fn figures(mut took: Vec<Duration>, lasted: Duration) -> String {
    took.sort_unstable();
    let at = |share: f64| {
        let index = ((took.len() as f64 * share) as usize).min(took.len().saturating_sub(1));
        took.get(index).copied().unwrap_or_default().as_secs_f64() * 1_000.0
    };
    format!(
        "{:>7.0}/s   p50 {:>6.2} ms   p99 {:>6.2} ms   p99.9 {:>6.2} ms   ({} kept)",
        took.len() as f64 / lasted.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(0.999),
        took.len()
    )
}

async fn register(address: &str, code: &relay_protocol::calls::PairCode) -> ChannelPath {
    let http = reqwest::Client::new();
    let keys = OwnerKeys::generate(&mut rand::rng());
    let paired = RelayClient::pair(&http, address, code, &keys).await.unwrap();
    let membership = Membership { relay: paired.relay, owner: paired.owner };
    let client = RelayClient::new(http, address, membership, keys);
    let path = ChannelPath::random(&mut rand::rng());
    let registration = PathRegistration { kind: PathKind::Line, verify_token_sha256: None };
    client.register_path(&path, &registration, clock().now_ms()).await.unwrap();
    path
}

fn settings(folder: &std::path::Path) -> Settings {
    let plenty = "1000000000";
    let data = folder.to_str().unwrap();
    Cli::parse_from([
        "sala-relay",
        "--data",
        data,
        "--source-per-minute",
        "0",
        "--path-envelopes",
        plenty,
        "--owner-envelopes",
        plenty,
        "--owner-bytes",
        "100000000000",
    ])
    .settings
}

fn clock() -> Clock {
    Clock::of_the_machine()
}

#[expect(clippy::disallowed_methods, reason = "a measurement asks the machine")]
fn now() -> Instant {
    Instant::now()
}
