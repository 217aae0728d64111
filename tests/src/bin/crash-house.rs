//! A house that is made to be killed: set up once, then run until it is shot.
//!
//! `crash-house set-up …` pairs and connects LINE and Messenger to played platforms and prints a line of JSON with
//! the addresses for their webhooks. `crash-house run …` opens the house, prints `serving`, and serves until its
//! standard input ends.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::{Autonomy, Door, EscalationRule, Platform};
use journeys::{
    house::{TunnelDoor, config_in},
    shop,
};
use pipeline::{Clock, House};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::Durability;

#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Makes the house.
    SetUp {
        #[command(flatten)]
        place: Place,
        #[arg(long)]
        relay: String,
        #[arg(long)]
        code: String,
        /// What `sala-fakes` printed.
        #[arg(long)]
        fakes: String,
    },
    /// Opens it and serves.
    Run {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct Place {
    #[arg(long)]
    home: PathBuf,
    #[arg(long, value_enum, default_value = "full")]
    durability: Kept,
}

/// When a commit counts as kept.
#[derive(Clone, Copy, ValueEnum)]
enum Kept {
    Full,
    /// Known to lose: for showing that the harness sees it.
    Off,
}

impl Place {
    async fn open(&self) -> anyhow::Result<House> {
        let durability = match self.durability {
            Kept::Full => Durability::Full,
            Kept::Off => Durability::Off,
        };
        Ok(House::open(config_in(&self.home, Clock::machine(), durability, TunnelDoor::Shut)).await?)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Options::parse().what {
        What::SetUp { place, relay, code, fakes } => {
            let house = place.open().await?;
            let told = set_up(&house, &relay, &code, &serde_json::from_str(&fakes)?).await;
            house.stop().await;
            say(&told?.to_string())
        }
        What::Run { place } => {
            let house = place.open().await?;
            say("serving")?;
            // Whoever started us is gone when this ends.
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
            house.stop().await;
            Ok(())
        }
    }
}

/// Everybody is answered at once: what is looked for here is loss and repetition, not manners.
async fn set_up(house: &House, relay: &str, code: &str, fakes: &Value) -> anyhow::Result<Value> {
    house.keep_knowledge(shop::cafe_that_never_closes()).await?;
    let mut settings = (*house.settings()).clone();
    settings.autonomy = Autonomy::Auto;
    settings.burst_gap_ms = 50;
    settings.hold_ms = 0;
    settings.replies_per_hour = u32::MAX;
    settings.pace.turns_per_minute = u32::MAX;
    settings.escalation.off = vec![EscalationRule::NoResolution, EscalationRule::RepeatsItself];
    house.set_settings(settings).await?;
    house.pair(relay, code).await?;
    let told = |path: &str| -> anyhow::Result<String> {
        let value = fakes.pointer(path).and_then(Value::as_str);
        Ok(value.with_context(|| format!("the fakes did not tell {path}"))?.to_owned())
    };
    let line = connect(
        house,
        Platform::Line,
        &[("api_base", told("/line/base")?), ("content_base", told("/line/base")?)],
        &[
            ("channel_secret", told("/line/account/channel_secret")?),
            ("channel_access_token", told("/line/account/access_token")?),
        ],
    )
    .await?;
    let facebook = connect(
        house,
        Platform::Facebook,
        &[("api_base", told("/graph/base")?)],
        &[
            ("app_secret", told("/graph/account/app_secret")?),
            ("page_access_token", told("/graph/account/page_token")?),
            ("verify_token", told("/graph/account/verify_token")?),
            ("page_id", told("/graph/account/page_id")?),
        ],
    )
    .await?;
    Ok(json!({ "line": format!("{relay}/w/{line}"), "facebook": format!("{relay}/w/{facebook}") }))
}

/// The path of its webhooks.
async fn connect(
    house: &House,
    platform: Platform,
    settings: &[(&str, String)],
    secrets: &[(&str, String)],
) -> anyhow::Result<String> {
    let settings: BTreeMap<String, String> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let secrets =
        secrets.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(value.clone()))).collect();
    let channel = house.add_channel(platform, platform.name(), Door::Relay, settings, secrets).await?;
    house.set_channel_autonomy(channel, Some(Autonomy::Auto)).await?;
    let paths = house.webhook_paths().await?;
    let path = paths.into_iter().find(|(known, _)| *known == channel).map(|(_, path)| path);
    path.context("the channel has no path")
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
