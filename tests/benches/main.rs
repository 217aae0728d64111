//! What this machine does with a shop's messages, and beside it what BullMQ on Redis does with as many durable
//! jobs: `make bench`.
//!
//! In reading order: `machine` names where it ran; `stage` is a house, its LINE and its customers; `flow` measures
//! the way of a message; `grown` a house with years behind it, in a process of its own; `queue` the other queue.
//!
//! `SALA_BENCH_SCALE` (1) multiplies how many messages each figure is taken from.

#![expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]

mod flow;
mod grown;
mod machine;
mod queue;
mod stage;

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;

use self::{flow::Figures, queue::Jobs, stage::Stage};

/// From how many messages, or jobs, the figures are taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// At a steady 50 a second.
    pub(crate) steady: u32,
    /// As fast as they go, each by another customer.
    pub(crate) rush: u32,
    /// Waiting when the house opens.
    pub(crate) waiting: u32,
    /// Answered by the grown house before its memory is read again.
    pub(crate) afterwards: u32,
}

impl Sizes {
    fn scaled() -> anyhow::Result<Self> {
        let scale = match std::env::var("SALA_BENCH_SCALE") {
            Ok(text) => text.parse::<f64>().context("SALA_BENCH_SCALE is no number")?,
            Err(_) => 1.0,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thousands at most")]
        let of = |most: f64| (most * scale).clamp(20.0, 1e6) as u32;
        Ok(Self { steady: of(1_000.0), rush: of(3_000.0), waiting: of(10_000.0), afterwards: of(500.0) })
    }
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(flag), Some(folder)) if flag == grown::FLAG => {
            runtime.block_on(grown::live_in(PathBuf::from(folder)))
        }
        (None, _) => runtime.block_on(everything()),
        (Some(_), _) => {
            anyhow::bail!("bench takes no arguments; SALA_BENCH_SCALE makes it shorter or longer")
        }
    }
}

async fn everything() -> anyhow::Result<()> {
    let sizes = Sizes::scaled()?;
    let ground = ground()?;
    println!("{}", machine::describe(&ground)?);

    println!("\nSala: webhook kept → verified → understood → decided → answered by the built-in assistant →");
    println!("checked → taken over by LINE (played in this process); SQLCipher, WAL, synchronous=FULL");
    let mut stage = Stage::set(&ground).await?;
    let ours = flow::measure(&mut stage, sizes).await?;
    println!("{ours}");
    println!("{}", grown::measure(&mut stage, sizes).await?);
    println!("  {}", stage.oddities());
    stage.end();

    println!("\nBullMQ on Redis: job added → worked on (nothing is done in it) → completed;");
    println!("appendonly yes, appendfsync always, over a Unix socket");
    let theirs = queue::measure(&ground, sizes).await?;
    println!("{theirs}");
    println!("\n{}", ratios(&ours, &theirs));
    Ok(())
}

/// On the disk that is built on, for a folder in memory would sync for nothing.
fn ground() -> anyhow::Result<PathBuf> {
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&target)?;
    Ok(target.canonicalize()?)
}

fn ratios(ours: &Figures, theirs: &Jobs) -> String {
    let mut lines = vec!["One message of ours beside one job of theirs:".to_owned()];
    for (at_once, rate) in &theirs.rush {
        lines.push(format!(
            "  a rush, BullMQ with concurrency {at_once:>2}     {:>6.2} × its jobs/s",
            ours.rush_per_second / rate
        ));
    }
    lines.push(format!(
        "  draining what waits               {:>6.2} × its jobs/s",
        ours.answered_per_second / theirs.drain
    ));
    lines.push(format!(
        "  taking in what waits              {:>6.2} × its jobs/s",
        ours.taken_per_second / theirs.drain
    ));
    lines.push(format!(
        "  p50 at 50/s                       {:>6.2} × its time",
        ours.steady.p50.as_secs_f64() / theirs.steady.p50.as_secs_f64().max(1e-6)
    ));
    lines.join("\n")
}

/// Half of them took at most this long, and so on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) longest: Duration,
}

impl Spread {
    pub(crate) fn of(mut took: Vec<Duration>) -> anyhow::Result<Self> {
        took.sort_unstable();
        let at = |share: usize| took.get(took.len().saturating_sub(1) * share / 100).copied();
        let all = || Some(Self { p50: at(50)?, p99: at(99)?, longest: at(100)? });
        all().context("nothing was measured")
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |span: Duration| span.as_secs_f64() * 1_000.0;
        write!(
            f,
            "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            ms(self.p50),
            ms(self.p99),
            ms(self.longest)
        )
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where this bench takes the time")]
pub(crate) fn instant() -> std::time::Instant {
    std::time::Instant::now()
}
