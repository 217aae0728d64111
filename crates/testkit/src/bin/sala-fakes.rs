//! `sala-fakes`: the fake platforms and the scripted model in a process of their own, which outlives the house.
//!
//! Prints one JSON line with addresses and secrets when all of them listen, and ends on SIGTERM or Ctrl-C.

use std::{io::Write as _, path::PathBuf};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use serde_json::json;
use testkit::{
    HandClock, Ledger,
    control::{Control, Fakes, Ports},
};

/// Fake LINE, Graph, Telegram and language model on loopback.
#[derive(Parser)]
struct Options {
    #[arg(long, default_value_t = 0)]
    line_port: u16,
    #[arg(long, default_value_t = 0)]
    graph_port: u16,
    #[arg(long, default_value_t = 0)]
    telegram_port: u16,
    #[arg(long, default_value_t = 0)]
    model_port: u16,
    /// Serves /_ledger, /_transcript, /_questions and /_control.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// A file for the ledger: a JSON line per entry, flushed to the disk before a platform answers.
    #[arg(long)]
    ledger: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "machine")]
    clock: ClockKind,
    /// Keeps the ids of two runs apart; the machine's time unless given.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ClockKind {
    /// Follows the machine.
    Machine,
    /// Stands at 2026-06-10T10:30+07:00 until it is wound through /_control.
    Hand,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let clock = match options.clock {
        ClockKind::Machine => HandClock::real_time(),
        ClockKind::Hand => HandClock::new(),
    };
    let ledger = match &options.ledger {
        Some(path) => Ledger::durable(path)?,
        None => Ledger::new(),
    };
    let seed = match options.seed {
        Some(seed) => seed,
        None => u64::try_from(HandClock::real_time().now_ms())?,
    };
    let ports = Ports {
        line: options.line_port,
        graph: options.graph_port,
        telegram: options.telegram_port,
        model: options.model_port,
    };
    let fakes = Fakes::start(ports, seed, &clock, &ledger).await?;
    let mut introduction = fakes.introduction();
    let control = Control::start(options.control_port, fakes).await?;
    if let Some(fields) = introduction.as_object_mut() {
        fields.insert("control".to_owned(), json!(control.base_url()));
    }
    // Heard from before anybody knows us: a signal right after the introduction must not kill.
    let ends = Ends::heard()?;
    writeln!(std::io::stdout(), "{introduction}").context("nobody reads the introduction")?;
    std::io::stdout().flush()?;
    ends.asked().await
}

/// The wish that we end.
struct Ends {
    #[cfg(unix)]
    terminated: tokio::signal::unix::Signal,
}

impl Ends {
    fn heard() -> anyhow::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminated: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn asked(mut self) -> anyhow::Result<()> {
        tokio::select! {
            _ = self.terminated.recv() => Ok(()),
            pressed = tokio::signal::ctrl_c() => Ok(pressed?),
        }
    }

    #[cfg(not(unix))]
    async fn asked(self) -> anyhow::Result<()> {
        Ok(tokio::signal::ctrl_c().await?)
    }
}
