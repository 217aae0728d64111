//! sala: the house without a window, and its tools for scripts.
//!
//! In reading order: what can be asked ([`args`]), where the house lies and how it is opened ([`place`]), what is
//! written down ([`logs`]) and printed ([`out`]), how it is told to [`stop`], and one file per subject under [`commands`].

mod args;
mod commands;
mod logs;
mod out;
mod place;
mod stop;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let kept = place::home().ok().filter(|_| cli.command.opens_the_house());
    let _writing = logs::start(kept.as_deref());
    let ended = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let ended = runtime.block_on(ask(cli.command));
            // A thread that waits for a key press must not hold the end.
            runtime.shutdown_background();
            ended
        });
    match ended {
        Ok(code) => code,
        Err(error) if out::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            out::complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn ask(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(asked) => Box::pin(commands::run::run(asked)).await,
        Command::Playground(asked) => Box::pin(commands::playground::run(asked)).await,
        Command::Doctor(asked) => Box::pin(commands::doctor::run(asked)).await,
        Command::Channel(asked) => Box::pin(commands::channel::run(asked)).await,
        Command::Pair(asked) => Box::pin(commands::channel::pair(asked)).await,
        Command::Knowledge(asked) => Box::pin(commands::knowledge::run(asked)).await,
        Command::Personality(asked) => Box::pin(commands::knowledge::personality(asked)).await,
        Command::Model(asked) => Box::pin(commands::model::run(asked)).await,
        Command::Inbox(asked) => Box::pin(commands::inbox::inbox(asked)).await,
        Command::Search(asked) => Box::pin(commands::inbox::search(asked)).await,
        Command::Drafts(asked) => Box::pin(commands::inbox::drafts(asked)).await,
        Command::Approve(asked) => Box::pin(commands::inbox::approve(asked)).await,
        Command::Refuse(asked) => Box::pin(commands::inbox::refuse(asked)).await,
        Command::Classify => commands::classify::run(),
        Command::Parse(asked) => commands::parse::run(asked),
        Command::Talk(asked) => commands::talk::run(asked).await,
    }
}
