//! A house with many talks behind it, in a process of its own: how fast it opens, and what memory it takes.

use std::{
    ffi::OsStr,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use journeys::house::{TunnelDoor, config_in};
use pipeline::{Clock, House, KeptIn};
use serde_json::{Value, json};
use store::Durability;
use testkit::Postman;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    Sizes, Spread, instant, machine,
    stage::{Stage, door_of},
};

/// Before the folder, in the arguments of the process that is only a house.
pub(crate) const FLAG: &str = "--house";

const OPENINGS: usize = 7;

/// Messages a second while the grown house is at work.
const STEADY: u32 = 50;

pub(crate) async fn measure(stage: &mut Stage, sizes: Sizes) -> anyhow::Result<String> {
    let mut opened = Vec::new();
    for _ in 0..OPENINGS {
        let (mut child, introduction) = start(stage.folder()).await?;
        opened
            .push(Duration::from_micros(introduction.get("opened_us").and_then(Value::as_u64).unwrap_or(0)));
        end(&mut child).await?;
    }
    let (mut child, introduction) = start(stage.folder()).await?;
    let memory = || child.id().and_then(machine::resident).context("no memory is shown for the house");
    let idle = memory()?;
    let door = door_of(&introduction)?;
    let postman = Postman::new()?;
    let before = stage.ledger.accepted_count();
    let crowd = stage.crowd(sizes.afterwards);
    let mut beat = tokio::time::interval(Duration::from_secs(1) / STEADY);
    for asked in &crowd {
        beat.tick().await;
        postman.post(&door, &asked.signed).await?;
    }
    stage.until_answered(before + crowd.len()).await?;
    let busy = memory()?;
    end(&mut child).await?;
    let size = std::fs::metadata(stage.folder().join(KeptIn::DATABASE))?.len() as f64 / 1_048_576.0;
    let talks = before;
    Ok(format!(
        "  opening with {talks} talks, {size:.0} MiB   {}\n  resident memory                   {idle:.0} MiB \
         opened, {busy:.0} MiB after {} messages at {STEADY}/s through the tunnel door",
        Spread::of(opened)?,
        crowd.len()
    ))
}

async fn start(folder: &Path) -> anyhow::Result<(Child, Value)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([OsStr::new(FLAG), folder.as_os_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let told = child.stdout.take().context("the house says nothing")?;
    let line = BufReader::new(told).lines().next_line().await?.context("the house did not open")?;
    Ok((child, serde_json::from_str(&line)?))
}

async fn end(child: &mut Child) -> anyhow::Result<()> {
    drop(child.stdin.take());
    let status = child.wait().await?;
    anyhow::ensure!(status.success(), "the house ended with {status}");
    Ok(())
}

/// The other process: opens the house, says how long that took and where its door is, and stays until its
/// standard input ends.
pub(crate) async fn live_in(folder: PathBuf) -> anyhow::Result<()> {
    let begun = instant();
    let house = House::open(config_in(&folder, Clock::machine(), Durability::Full, TunnelDoor::Open)).await?;
    let opened = u64::try_from(begun.elapsed().as_micros())?;
    let paths = house.webhook_paths().await?;
    let door = house
        .tunnel()
        .zip(paths.first())
        .map(|(door, (_, path))| format!("http://{}/w/{path}", door.address));
    let mut out = std::io::stdout();
    writeln!(out, "{}", json!({ "opened_us": opened, "door": door }))?;
    out.flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    house.stop().await;
    Ok(())
}
