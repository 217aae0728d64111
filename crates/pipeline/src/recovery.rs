//! Recovery: at launch, work found in flight gets a decided fate before any worker starts.

use std::sync::Arc;

use domain::{ChannelId, Health};

use crate::{HouseError, hall::Hall};

/// What was found in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Turns that were being written: they wait again, their attempt counted.
    pub turns: u64,
    /// Deliveries that were on their way: unsure, to be settled by evidence.
    pub deliveries: u64,
}

pub(crate) async fn recover(hall: &Hall) -> Result<Recovered, HouseError> {
    let now = hall.clock.now();
    let recovered = hall
        .store
        .write(async move |tx| {
            Ok(Recovered { turns: tx.recover_turns().await?, deliveries: tx.recover_deliveries(now).await? })
        })
        .await?;
    // A stop between "connected again" and "go on" left lanes waiting for nothing.
    for served in hall.all_served().into_iter().filter(|served| served.channel.health.may_send()) {
        let channel = served.channel.id;
        hall.store.write(async move |tx| tx.release_lanes(channel, now).await).await?;
    }
    if recovered != Recovered::default() {
        tracing::info!(?recovered, "work was found in flight");
    }
    Ok(recovered)
}

/// The channel is good again: first everybody sees that, then what waited for it goes on.
pub(crate) async fn connected_again(hall: &Arc<Hall>, channel: ChannelId) -> Result<(), HouseError> {
    hall.store.write(async move |tx| tx.set_health(channel, &Health::Good).await).await?;
    hall.read_channels().await?;
    let now = hall.clock.now();
    hall.store.write(async move |tx| tx.release_lanes(channel, now).await.map(drop)).await?;
    Ok(())
}
