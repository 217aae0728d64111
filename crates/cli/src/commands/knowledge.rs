//! `sala knowledge` and `sala personality`: what the assistant knows, and how it speaks.

use std::process::ExitCode;

use api::{knowledge, personalities};

use crate::{args, out, place};

pub(crate) async fn run(asked: args::Knowledge) -> anyhow::Result<ExitCode> {
    let args::Knowledge::Import { path } = asked;
    let house = place::open_quietly().await?;
    let imported = knowledge::import(&house, &path).await;
    house.stop().await;
    out::json(&imported?)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn personality(asked: args::Personality) -> anyhow::Result<ExitCode> {
    let house = place::open_quietly().await?;
    let done = match asked {
        args::Personality::Import { file } => personalities::import(&house, &file)
            .await
            .map(|saved| format!("{} is saved as version {}", saved.name, saved.version)),
        args::Personality::Export { name } => personalities::export(&house, name.as_deref()).await,
    };
    house.stop().await;
    out::line(done?.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
