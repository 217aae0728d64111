//! House rules that run: `cargo xtask tidy` holds STYLE.md and the house's laws over every file git knows.
#![expect(clippy::print_stdout, reason = "what it finds is what it is for")]

mod migrations;
mod tidy;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use clap::Parser;

#[derive(Parser)]
#[command(about = "House rules that run.")]
enum Task {
    /// Hold the house rules; says file, line, what is wrong and what to do, and fails if anything is.
    Tidy,
    /// Add the checksums of new migrations to migrations/CHECKSUMS; a line that was committed is never changed.
    Checksums,
}

fn main() -> anyhow::Result<ExitCode> {
    let root = root()?;
    match Task::parse() {
        Task::Tidy => {
            let complaints = tidy::house(&root)?;
            for complaint in &complaints {
                println!("{complaint}");
            }
            Ok(match complaints.len() {
                0 => {
                    println!("tidy: the house is in order");
                    ExitCode::SUCCESS
                }
                count => {
                    println!("tidy: {count} to put right");
                    ExitCode::FAILURE
                }
            })
        }
        Task::Checksums => {
            for name in migrations::extend(&root)? {
                println!("checksums: {name} is fixed for ever once this is committed");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The top of the repository, wherever inside it we were started.
fn root() -> anyhow::Result<PathBuf> {
    let output =
        Command::new("git").args(["rev-parse", "--show-toplevel"]).output().context("git does not start")?;
    ensure!(output.status.success(), "this is not a git repository; tidy goes by the files git knows");
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}
