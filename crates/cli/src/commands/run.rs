//! `sala run`: the house without a window.

use std::process::ExitCode;

use api::{House, channels, relay};
use domain::Health;

use crate::{args, out, place, stop};

pub(crate) async fn run(asked: args::Run) -> anyhow::Result<ExitCode> {
    let mut opening = place::opening()?;
    opening.tunnel = asked.tunnel;
    let home = opening.home.display().to_string();
    // Heard from the first moment on, so that a stop during the launch is a stop too.
    let told = stop::told()?;
    let house = House::open(&opening).await?;
    out::line(&format!("sala serves from {home}"))?;
    tell(&house).await?;
    told.await;
    tracing::info!("stopping");
    ended(house).await
}

async fn tell(house: &House) -> anyhow::Result<()> {
    let launched = house.launched();
    if launched.recovered_turns + launched.recovered_deliveries > 0 {
        out::line(&format!(
            "found in flight: {} turns, which wait again, and {} deliveries, which are looked after",
            launched.recovered_turns, launched.recovered_deliveries
        ))?;
    }
    if let Some(address) = &launched.tunnel {
        out::line(&format!("tunnel door on {address}"))?;
    }
    if let Some(relay) = relay::status(house).await? {
        out::line(&format!("relay {}", relay.address))?;
    }
    let cards = channels::list(house).await?;
    if cards.is_empty() {
        out::line("no channel is connected yet; add one with `sala channel add`")?;
    }
    for card in cards {
        let state = match &card.health {
            Health::Good => "serves",
            Health::ReconnectNeeded { .. } => "must be connected again",
            Health::Paused { .. } => "is paused",
        };
        let at = card.webhook.map(|address| format!(" at {address}")).unwrap_or_default();
        out::line(&format!("{} “{}” {state}{at}", card.platform, card.name))?;
    }
    Ok(())
}

async fn ended(house: House) -> anyhow::Result<ExitCode> {
    let stopped = house.stop().await;
    if stopped.would_not.is_empty() {
        out::line("stopped")?;
        return Ok(ExitCode::SUCCESS);
    }
    out::line(&format!("stopped; these did not end in time: {}", stopped.would_not.join(", ")))?;
    Ok(ExitCode::FAILURE)
}
