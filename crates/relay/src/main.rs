//! `sala-relay`: reads the settings, serves until it is told to stop.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Parser as _;
use relay::{
    Clock, Fault, Letterbox, Relay, Settings,
    settings::{Cli, Command},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { command, settings } = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(settings.log.filter()))
        .with_writer(std::io::stderr)
        .init();
    match command.unwrap_or(Command::Serve) {
        Command::Serve => serve(settings).await,
        Command::PairCode { owner } => pair_code(&settings, owner.as_deref()).await,
        Command::Owners => owners(&settings).await,
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let listen = settings.listen;
    let clock = Clock::of_the_machine();
    let relay = Relay::open(settings, clock.clone()).await?;
    let listener = TcpListener::bind(listen).await.map_err(|error| Fault::Listen(listen, error))?;
    let address = listener.local_addr().context("the address of the listener")?;
    say(&format!("listening on http://{address}"))?;
    if !relay.has_owners() {
        let code = relay::offer_code(relay.letterbox(), None, clock.now_ms()).await?;
        say(&format!("pairing code {} (once, within 15 minutes)", code.shown()))?;
    }
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    relay.serve(listener, stop).await?;
    Ok(())
}

async fn pair_code(settings: &Settings, owner: Option<&str>) -> anyhow::Result<()> {
    let owner =
        owner.map(|text| text.parse().map_err(|_| Fault::UnknownOwner(text.to_owned()))).transpose()?;
    let letterbox = relay::visit_letterbox(&settings.data).await?;
    let code = relay::offer_code(&letterbox, owner, Clock::of_the_machine().now_ms()).await?;
    say(&code.shown())
}

async fn owners(settings: &Settings) -> anyhow::Result<()> {
    for record in relay::visit_letterbox(&settings.data).await?.owners().await? {
        say(&record.owner.to_string())?;
    }
    Ok(())
}

/// A pipe that nobody reads any more is no reason to stop taking webhooks.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

async fn stop_on_signal(stop: CancellationToken) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            },
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be listened for");
                tokio::signal::ctrl_c().await.ok();
            }
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.ok();
    tracing::info!("stopping");
    stop.cancel();
}
