//! `sala doctor`: what needs the owner, with the next step.

use std::{path::Path, process::ExitCode};

use api::doctor::{self, State};

use crate::{args, out, place};

pub(crate) async fn run(asked: args::Doctor) -> anyhow::Result<ExitCode> {
    let opening = place::opening()?;
    let findings = doctor::examine(&opening, free_bytes(&opening.home)).await;
    for finding in &findings {
        if asked.json {
            out::json(finding)?;
            continue;
        }
        let mark = match finding.state {
            State::Good => "ok   ",
            State::Note => "note ",
            State::NeedsOwner => "FIX  ",
        };
        out::line(&format!("{mark} {:<9} {}", finding.about, finding.says))?;
    }
    let needed = findings.iter().any(|finding| finding.state == State::NeedsOwner);
    Ok(if needed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Free for us on the disk of this folder, or of the nearest one above that exists.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|one| one.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}
