//! A real relay on loopback with a clock that the story winds, and laptops that pair with it.
#![allow(dead_code, reason = "each story file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use clap::Parser as _;
use relay::{Clock, Fault, Relay, offer_code, settings::Cli};
use relay_protocol::{
    Chain, ChannelPath, Cursor, Digest, Link, Membership, OwnerId, OwnerKeys, PairAnswer, PathKind,
    PathRegistration, Pull, PullAnswer, RelayClient, RelayError, Webhook, calls::PairCode, open,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// 2026-11-20, nine in the morning in Bangkok.
pub(crate) const MORNING_MS: i64 = 1_795_140_000_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;

pub(crate) struct Running {
    pub(crate) address: String,
    pub(crate) relay: Arc<Relay>,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), Fault>>,
}

#[derive(Clone)]
pub(crate) struct Wound(Arc<AtomicI64>);

impl Wound {
    pub(crate) fn at(now_ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now_ms)))
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn forward(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let hands = Arc::clone(&self.0);
        Clock::reading(move || hands.load(Ordering::SeqCst))
    }
}

impl Running {
    pub(crate) async fn start(folder: &Path, time: &Wound, flags: &[&str]) -> Self {
        let data = folder.join("data");
        let args = ["sala-relay", "--data", data.to_str().unwrap()];
        let settings = Cli::parse_from(args.iter().chain(flags)).settings;
        let relay = Relay::open(settings, time.clock()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let serving = tokio::spawn(Arc::clone(&relay).serve(listener, stop.clone()));
        Self { address, relay, stop, serving }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.serving.await.unwrap().unwrap();
    }

    pub(crate) async fn code(&self, owner: Option<OwnerId>, time: &Wound) -> PairCode {
        offer_code(self.relay.letterbox(), owner, time.now_ms()).await.unwrap()
    }
}

/// One relay, one clock, one folder.
pub(crate) struct Street {
    pub(crate) folder: TempDir,
    pub(crate) time: Wound,
    pub(crate) running: Running,
}

impl Street {
    pub(crate) async fn open(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let time = Wound::at(MORNING_MS);
        let running = Running::start(folder.path(), &time, flags).await;
        Self { folder, time, running }
    }

    pub(crate) async fn laptop(&self) -> Laptop {
        let code = self.running.code(None, &self.time).await;
        let keys = OwnerKeys::generate(&mut rand::rng());
        let (laptop, _) = Laptop::pair(&self.running.address, &code, keys, &self.time).await.unwrap();
        laptop
    }

    pub(crate) async fn post(&self, path: &ChannelPath, body: impl Into<Vec<u8>>) -> reqwest::Response {
        post(&self.running.address, path, body).await
    }
}

pub(crate) async fn post(address: &str, path: &ChannelPath, body: impl Into<Vec<u8>>) -> reqwest::Response {
    reqwest::Client::new()
        .post(format!("{address}/w/{path}"))
        .header("x-line-signature", "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=")
        .header("cookie", "nobody=business")
        .body(body.into())
        .send()
        .await
        .unwrap()
}

/// An owner's laptop: its keys, its chain, its cursor.
pub(crate) struct Laptop {
    pub(crate) client: RelayClient,
    pub(crate) chain: Chain,
    pub(crate) cursor: Cursor,
    pub(crate) time: Wound,
}

impl Laptop {
    pub(crate) async fn pair(
        address: &str,
        code: &PairCode,
        keys: OwnerKeys,
        time: &Wound,
    ) -> Result<(Self, PairAnswer), RelayError> {
        let http = reqwest::Client::new();
        let answer = RelayClient::pair(&http, address, code, &keys).await?;
        let membership = Membership { relay: answer.relay, owner: answer.owner };
        let laptop = Self {
            client: RelayClient::new(http, address, membership, keys),
            chain: Chain::new(answer.relay, answer.owner, answer.position),
            cursor: Cursor::resume(answer.position.sequence),
            time: time.clone(),
        };
        Ok((laptop, answer))
    }

    pub(crate) fn owner(&self) -> OwnerId {
        self.client.membership().owner
    }

    /// The same laptop, to a relay that has moved.
    pub(crate) fn moved_to(self, address: &str) -> Self {
        let (signing, sealing) = self.client.keys().seeds();
        let keys = OwnerKeys::from_seeds(*signing, *sealing);
        Self {
            client: RelayClient::new(reqwest::Client::new(), address, self.client.membership(), keys),
            ..self
        }
    }

    pub(crate) async fn path(&self, kind: PathKind) -> ChannelPath {
        self.path_with_token(kind, None).await
    }

    pub(crate) async fn path_with_token(&self, kind: PathKind, token: Option<&str>) -> ChannelPath {
        let path = ChannelPath::random(&mut rand::rng());
        let verify_token_sha256 = token.map(|token| Digest::of(token.as_bytes()));
        let registration = PathRegistration { kind, verify_token_sha256 };
        self.client.register_path(&path, &registration, self.time.now_ms()).await.unwrap();
        path
    }

    pub(crate) async fn ask(&self, wait: Duration) -> Result<PullAnswer, RelayError> {
        let pull = Pull { wait, ..Pull::from_cursor(self.cursor) };
        self.client.pull(&pull, self.time.now_ms()).await
    }

    /// Pulls all there is, opens it and follows the chain; commits nothing.
    pub(crate) async fn take(&mut self) -> Vec<Webhook> {
        let mut taken = Vec::new();
        loop {
            let answer = self.ask(Duration::ZERO).await.unwrap();
            for envelope in &answer.envelopes {
                assert_eq!(self.chain.follow(envelope), Link::Next);
                self.cursor.received(envelope.heading.sequence);
                taken.push(open(self.client.keys(), envelope).unwrap());
            }
            if answer.remaining == 0 {
                return taken;
            }
            assert!(!answer.envelopes.is_empty(), "something remains but nothing comes");
        }
    }

    /// All that was received is committed here; the relay may forget it.
    pub(crate) async fn confirm(&mut self) {
        self.cursor.committed(self.cursor.after());
        self.ask(Duration::ZERO).await.unwrap();
    }
}

pub(crate) fn bodies(webhooks: &[Webhook]) -> Vec<String> {
    webhooks.iter().map(|webhook| String::from_utf8_lossy(&webhook.body).into_owned()).collect()
}

/// Whether these bytes stand in any file below the folder.
pub(crate) fn stands_in(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return stands_in(&path, needle);
        }
        std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle)
    })
}
