//! Where it ran: a figure without its machine says nothing.

use std::{fs, io::Write as _, path::Path, time::Duration};

use crate::{Spread, instant};

/// A few lines: processor, cores, memory, kernel, what else runs, and what a sync of this disk takes.
pub(crate) fn describe(ground: &Path) -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory =
        field("/proc/meminfo", "MemTotal").map_or_else(|| "unknown".to_owned(), |text| gibibytes(&text));
    let kernel = line("/proc/sys/kernel/osrelease");
    let system = field("/etc/os-release", "PRETTY_NAME").unwrap_or_default();
    let load = line("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
    Ok(format!(
        "{processor}, {cores} cores, {memory} memory, {} {kernel} {}\nload before the start {load}; \
         a 4-KB write with fsync here: {}",
        std::env::consts::OS,
        system.trim_matches('"'),
        syncs(ground)?
    ))
}

/// The value of the first `name: value` or `name=value`.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines()
        .filter_map(|line| line.split_once([':', '=']))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

fn line(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default().trim().to_owned()
}

fn gibibytes(text: &str) -> String {
    let kibibytes: f64 = text.trim_end_matches(" kB").parse().unwrap_or(0.0);
    format!("{:.1} GiB", kibibytes / 1_048_576.0)
}

fn syncs(ground: &Path) -> anyhow::Result<Spread> {
    let mut file = tempfile::tempfile_in(ground)?;
    let mut took: Vec<Duration> = Vec::new();
    for _ in 0..100 {
        let begun = instant();
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        took.push(begun.elapsed());
    }
    Spread::of(took)
}

/// Resident memory of a process, in MiB.
pub(crate) fn resident(process: u32) -> Option<f64> {
    let text = field(&format!("/proc/{process}/status"), "VmRSS")?;
    text.trim_end_matches(" kB").trim().parse::<f64>().ok().map(|kibibytes| kibibytes / 1_024.0)
}
