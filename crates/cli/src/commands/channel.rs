//! `sala channel` and `sala pair`: how the house meets the platforms.

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::Context as _;
use api::{
    House, SecretString,
    channels::{self, NewChannel},
    relay,
};
use domain::{Autonomy, Door, Health};

use crate::{args, out, place};

/// More is no set of secrets.
const MOST: u64 = 64 * 1024;

pub(crate) async fn run(asked: args::Channel) -> anyhow::Result<ExitCode> {
    // Secrets first: whoever changes their mind at the question has opened nothing.
    let secrets = match &asked {
        args::Channel::Add(add) => {
            let needs = channels::needs(add.platform);
            let missing_asked =
                if add.secrets.secrets_from_stdin { &[][..] } else { needs.secrets.as_slice() };
            given(&add.secrets, missing_asked)?
        }
        args::Channel::Reconnect { secrets, .. } => given(secrets, &[])?,
        args::Channel::List(_)
        | args::Channel::Test { .. }
        | args::Channel::Point(_)
        | args::Channel::Remove { .. }
        | args::Channel::Autonomy { .. } => BTreeMap::new(),
    };
    let house = place::open_quietly().await?;
    let done = with(&house, asked, secrets).await;
    house.stop().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn with(
    house: &House,
    asked: args::Channel,
    secrets: BTreeMap<String, SecretString>,
) -> anyhow::Result<()> {
    match asked {
        args::Channel::Add(add) => self::add(house, add, secrets).await,
        args::Channel::List(listed) => list(house, &listed).await,
        args::Channel::Test { id } => out::json(&channels::test(house, id).await?),
        args::Channel::Point(point) if point.polling => {
            channels::point_away(house, point.id).await?;
            out::line("the platform knows that it will be polled")
        }
        args::Channel::Point(point) => {
            let address = channels::point(house, point.id, point.tunnel.as_deref()).await?;
            out::line(&format!("the platform delivers to {address}"))
        }
        args::Channel::Reconnect { id, .. } => {
            if secrets.is_empty() {
                anyhow::bail!("Give the new secrets with --secret NAME=VALUE or --secrets-from-stdin.");
            }
            channels::reconnect(house, id, secrets).await?;
            out::line("connected again; what waited goes on")
        }
        args::Channel::Remove { id } => {
            channels::remove(house, id).await?;
            out::line("removed; its conversations stay")
        }
        args::Channel::Autonomy { id, autonomy } => {
            let autonomy = Autonomy::from(autonomy);
            channels::set_autonomy(house, id, Some(autonomy)).await?;
            out::line(&format!("the assistant is on {}", autonomy.name()))
        }
    }
}

async fn add(
    house: &House,
    add: args::AddChannel,
    secrets: BTreeMap<String, SecretString>,
) -> anyhow::Result<()> {
    let door = add.door.map_or_else(|| channels::needs(add.platform).door, Door::from);
    let new = NewChannel {
        platform: add.platform,
        name: add.name.unwrap_or_else(|| add.platform.name().to_owned()),
        door,
        settings: add.settings.into_iter().collect(),
        secrets,
    };
    let id = channels::add(house, new).await?;
    out::line(&id.to_string())?;
    let card = channels::list(house).await?.into_iter().find(|card| card.id == id);
    match card.map(|card| (card.webhook, card.path)) {
        Some((Some(address), _)) => out::aside(&format!(
            "Give this address to the platform, or run `sala channel point {id}`: {address}"
        )),
        Some((None, Some(path))) if door == Door::Tunnel => out::aside(&format!(
            "Give the platform your tunnel's outside address followed by {path}, or run `sala channel point {id} \
             --tunnel https://YOUR-TUNNEL`."
        )),
        Some((None, Some(path))) => out::aside(&format!(
            "No relay is paired yet (`sala pair ADDRESS CODE`); the platform's address will be the relay's followed \
             by {path}."
        )),
        Some((None, None)) | None => {}
    }
    out::aside(&format!("It starts in Draft. Test it with `sala channel test {id}`."));
    Ok(())
}

async fn list(house: &House, listed: &args::Listed) -> anyhow::Result<()> {
    for card in channels::list(house).await? {
        if listed.json {
            out::json(&card)?;
            continue;
        }
        let health = match &card.health {
            Health::Good => "good".to_owned(),
            Health::ReconnectNeeded { why, .. } => format!("connect again: {why}"),
            Health::Paused { .. } => "paused".to_owned(),
        };
        let autonomy = card.autonomy.map_or("as the workspace", Autonomy::name);
        let at = card.webhook.or(card.path).map(|address| format!("  {address}")).unwrap_or_default();
        out::line(&format!(
            "{}  {:<10} {:<8} {autonomy:<6} {health:<6} {}{at}",
            card.id,
            card.platform.name(),
            card.door.name(),
            card.name
        ))?;
    }
    Ok(())
}

/// From stdin, from the arguments, and asked at the terminal, in this order.
fn given(secrets: &args::Secrets, wanted: &[&str]) -> anyhow::Result<BTreeMap<String, SecretString>> {
    let mut known: BTreeMap<String, SecretString> = BTreeMap::new();
    if secrets.secrets_from_stdin {
        let bytes = place::stdin_whole(MOST)?;
        let read: BTreeMap<String, String> = serde_json::from_slice(&bytes)
            .map_err(|_| anyhow::anyhow!("stdin is no JSON object of names and secrets"))?;
        known.extend(read.into_iter().map(|(name, secret)| (name, secret.into())));
    }
    for (name, secret) in &secrets.given {
        known.insert(name.clone(), secret.clone().into());
    }
    for name in wanted {
        if !known.contains_key(*name)
            && let Some(secret) = place::ask_secret(name)?
        {
            known.insert((*name).to_owned(), secret);
        }
    }
    Ok(known)
}

pub(crate) async fn pair(asked: args::Pair) -> anyhow::Result<ExitCode> {
    let house = place::open_quietly().await?;
    let paired = relay::pair(&house, &asked.address, &asked.code).await;
    house.stop().await;
    let relay = paired.context("This house is not paired")?;
    out::line(&format!("paired with {}", relay.address))?;
    Ok(ExitCode::SUCCESS)
}
