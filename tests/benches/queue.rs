//! BullMQ on Redis, started and stopped here: the same number of durable job lifecycles on the same disk.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tokio::process::{Child, Command};

use crate::{Sizes, Spread};

/// What the script tells.
#[derive(Deserialize)]
struct Told {
    /// Milliseconds from the call that adds a job to its completion.
    steady_ms: Vec<f64>,
    /// Concurrency of the worker → jobs a second.
    rush: BTreeMap<u32, f64>,
    drain: f64,
    /// As Redis names them.
    appendfsync: String,
    redis: String,
}

pub(crate) struct Jobs {
    pub(crate) steady: Spread,
    pub(crate) rush: Vec<(u32, f64)>,
    pub(crate) drain: f64,
    versions: String,
    sizes: Sizes,
}

impl fmt::Display for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}", self.versions)?;
        writeln!(f, "  50/s, {} jobs                  {}", self.sizes.steady, self.steady)?;
        for (at_once, rate) in &self.rush {
            writeln!(f, "  a rush of {} jobs, concurrency {at_once:>2}  {rate:.0} jobs/s", self.sizes.rush)?;
        }
        write!(f, "  {} jobs waiting                {:.0} jobs/s", self.sizes.waiting, self.drain)
    }
}

pub(crate) async fn measure(ground: &Path, sizes: Sizes) -> anyhow::Result<Jobs> {
    let kept = tempfile::Builder::new().prefix("redis-").tempdir_in(ground)?;
    // The path of a socket may have 107 letters at the most; that of a repository may have more.
    let near = tempfile::tempdir()?;
    let socket = near.path().join("redis.sock");
    let mut redis = start_redis(kept.path(), &socket).await?;
    let told = ask(ground, &socket, sizes).await;
    redis.kill().await?;
    let told = told?;
    ensure!(told.appendfsync == "always", "Redis did not sync always, but {}", told.appendfsync);
    let steady =
        told.steady_ms.into_iter().map(|ms| Duration::from_secs_f64(ms.max(0.0) / 1_000.0)).collect();
    Ok(Jobs {
        steady: Spread::of(steady)?,
        rush: told.rush.into_iter().collect(),
        drain: told.drain,
        versions: format!("BullMQ {}, Redis {}", bullmq(ground)?, told.redis),
        sizes,
    })
}

/// The version that `.ci/prepare` installed.
fn bullmq(ground: &Path) -> anyhow::Result<String> {
    let package = std::fs::read(ground.join("node_modules/bullmq/package.json"))?;
    let package: serde_json::Value = serde_json::from_slice(&package)?;
    Ok(package.get("version").and_then(serde_json::Value::as_str).unwrap_or("of no version").to_owned())
}

async fn start_redis(folder: &Path, socket: &Path) -> anyhow::Result<Child> {
    let mut redis = Command::new("redis-server")
        .args(["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--port", "0", "--unixsocket"])
        .arg(socket)
        .arg("--dir")
        .arg(folder)
        .args(["--loglevel", "warning"])
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("redis-server does not start; `.ci/prepare bench` installs it")?;
    for _ in 0..250 {
        if tokio::net::UnixStream::connect(socket).await.is_ok() {
            return Ok(redis);
        }
        ensure!(redis.try_wait()?.is_none(), "redis-server ended at once");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("redis-server opened no socket within five seconds")
}

async fn ask(ground: &Path, socket: &Path, sizes: Sizes) -> anyhow::Result<Told> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/bullmq.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(socket)
        .args([sizes.steady, sizes.rush, sizes.waiting].map(|size| size.to_string()))
        .env("NODE_PATH", ground.join("node_modules"))
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .context("node does not start; `.ci/prepare bench` installs it")?;
    ensure!(output.status.success(), "the BullMQ script ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("the BullMQ script did not tell its figures")
}
