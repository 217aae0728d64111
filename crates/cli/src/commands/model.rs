//! `sala model`: who answers.

use std::process::ExitCode;

use anyhow::Context as _;
use api::{
    SecretString,
    models::{self, ModelChoice, ModelKind},
};

use crate::{args, out, place};

/// More is no key.
const MOST: u64 = 16 * 1024;

/// What is chosen when no name is given.
const GEMINI: &str = "gemini-3.5-flash-lite";

pub(crate) async fn run(asked: args::Model) -> anyhow::Result<ExitCode> {
    match asked {
        args::Model::Set(set) => self::set(set).await,
        args::Model::Test => test().await,
    }
}

async fn set(set: args::SetModel) -> anyhow::Result<ExitCode> {
    let (kind, model) = match set.kind {
        args::Answerer::BuiltIn => (ModelKind::BuiltIn, set.model.unwrap_or_default()),
        args::Answerer::Gemini => (ModelKind::Gemini, set.model.unwrap_or_else(|| GEMINI.to_owned())),
        args::Answerer::OpenaiCompatible => {
            (ModelKind::OpenaiCompatible, set.model.context("Name the model with --model.")?)
        }
    };
    let key = if set.key_from_stdin {
        Some(key_from_stdin()?)
    } else if kind == ModelKind::BuiltIn {
        None
    } else {
        place::ask_secret("API key (empty: none, or as before)")?
    };
    let told = match kind {
        ModelKind::BuiltIn => "the built-in assistant answers".to_owned(),
        ModelKind::Gemini | ModelKind::OpenaiCompatible => {
            format!("{model} answers; try it with `sala model test`")
        }
    };
    let house = place::open_quietly().await?;
    let chosen = models::choose(&house, ModelChoice { kind, model, base: set.base }, key).await;
    house.stop().await;
    chosen?;
    out::line(&told)?;
    Ok(ExitCode::SUCCESS)
}

fn key_from_stdin() -> anyhow::Result<SecretString> {
    let text =
        String::from_utf8(place::stdin_whole(MOST)?).map_err(|_| anyhow::anyhow!("the key is no text"))?;
    let key = text.trim();
    anyhow::ensure!(!key.is_empty(), "stdin holds no key");
    Ok(key.to_owned().into())
}

async fn test() -> anyhow::Result<ExitCode> {
    let house = place::open_quietly().await?;
    let tried = models::test(&house).await;
    house.stop().await;
    match tried? {
        Some(tried) => out::json(&tried)?,
        None => out::line("the built-in assistant answers; there is no language model to test")?,
    }
    Ok(ExitCode::SUCCESS)
}
