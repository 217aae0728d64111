//! The relay between platforms and house, in this process and under the story's clock.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use relay::{Relay, settings::Cli};
use tempfile::TempDir;
use testkit::HandClock;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A relay of the library, on a free port of loopback.
pub struct Letterbox {
    data: TempDir,
    address: String,
    clock: HandClock,
    stop: CancellationToken,
    serving: Option<JoinHandle<()>>,
    letterbox: std::sync::Arc<Relay>,
}

impl Letterbox {
    pub async fn open(clock: &HandClock) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let letterbox = Relay::open(settings(data.path()), watched(clock)).await.expect("a relay");
        let stop = CancellationToken::new();
        let serving = serve(&letterbox, listener, &stop);
        Self { data, address, clock: clock.clone(), stop, serving: Some(serving), letterbox }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn data(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// A pairing code, as `sala-relay pair-code` prints it.
    pub async fn code(&self) -> String {
        let now = self.clock.now_ms();
        relay::offer_code(self.letterbox.letterbox(), None, now).await.expect("a code").shown()
    }

    /// Envelopes that wait to be confirmed.
    pub async fn kept(&self) -> u64 {
        let tallies = self.letterbox.letterbox().tallies().await.expect("the tallies");
        tallies.iter().map(|tally| tally.envelopes).sum()
    }

    /// Open again, at the same address, with what was kept.
    pub async fn reopen(&mut self) {
        let address = self.address.trim_start_matches("http://");
        let listener = TcpListener::bind(address).await.expect("the same port");
        self.letterbox =
            Relay::open(settings(self.data.path()), watched(&self.clock)).await.expect("a relay");
        self.stop = CancellationToken::new();
        self.serving = Some(serve(&self.letterbox, listener, &self.stop));
    }

    /// Ends as on SIGTERM.
    pub async fn close(&mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            serving.await.expect("the relay ends");
        }
    }
}

impl Drop for Letterbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn settings(data: &Path) -> relay::Settings {
    let data = data.display().to_string();
    Cli::parse_from(["sala-relay", "--data", &data, "--source-per-minute", "0"]).settings
}

fn watched(clock: &HandClock) -> relay::Clock {
    let clock = clock.clone();
    relay::Clock::reading(move || clock.now_ms())
}

fn serve(relay: &std::sync::Arc<Relay>, listener: TcpListener, stop: &CancellationToken) -> JoinHandle<()> {
    let (relay, stop) = (relay.clone(), stop.clone());
    tokio::spawn(async move { relay.serve(listener, stop).await.expect("a relay that ends well") })
}
