//! Recovery: at launch, work found in flight gets a decided fate before any worker starts.

use std::sync::Arc;

use domain::{ChannelId, Health};

use crate::{HouseError, shared::Shared};

/// What was found in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Turns that were being written: they wait again, their attempt counted.
    pub turns: u64,
    /// Deliveries that were on their way: unsure, to be settled by evidence.
    pub deliveries: u64,
}

pub(crate) async fn recover(shared: &Shared) -> Result<Recovered, HouseError> {
    let now = shared.clock.now();
    let recovered = shared
        .store
        .write(async move |tx| {
            Ok(Recovered { turns: tx.recover_turns().await?, deliveries: tx.recover_deliveries(now).await? })
        })
        .await?;
    // A stop between "connected again" and "go on" left lanes waiting for nothing.
    for served in shared.all_served().into_iter().filter(|served| served.channel.health.may_send()) {
        let channel = served.channel.id;
        shared.store.write(async move |tx| tx.release_lanes(channel, now).await).await?;
    }
    if recovered != Recovered::default() {
        tracing::info!(?recovered, "work was found in flight");
    }
    Ok(recovered)
}

/// The channel is good again: first everybody sees that, then what waited for it goes on.
pub(crate) async fn connected_again(shared: &Arc<Shared>, channel: ChannelId) -> Result<(), HouseError> {
    shared.store.write(async move |tx| tx.set_health(channel, &Health::Good).await).await?;
    shared.read_channels().await?;
    let now = shared.clock.now();
    shared.store.write(async move |tx| tx.release_lanes(channel, now).await.map(drop)).await?;
    Ok(())
}
