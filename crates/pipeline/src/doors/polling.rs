//! Polling: channels whose platform is asked. What came and where to go on are stored in one transaction.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{ChannelId, Door, Health};
use platforms::PollError;
use store::Change;
use tokio::task::{AbortHandle, JoinSet};

use crate::{
    HouseError,
    arrival::take_in,
    recovery::connected_again,
    shared::{Served, Shared},
    worker::notice,
};

/// The platform holds an empty answer back this long; Telegram allows 50 s.
const WAIT: Duration = Duration::from_secs(45);

/// After another consumer was found on the channel.
const AFTER_CONFLICT: Duration = Duration::from_secs(60);

fn wakes(change: &Change) -> bool {
    matches!(change, Change::ChannelChanged(_))
}

/// One poller per polled channel; they come and go with the channels.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut notices = shared.store.changes();
    let mut pollers: JoinSet<()> = JoinSet::new();
    let mut running: BTreeMap<ChannelId, AbortHandle> = BTreeMap::new();
    loop {
        let wanted: BTreeMap<ChannelId, Served> = shared
            .all_served()
            .into_iter()
            .filter(|served| served.channel.door == Door::Polling && served.adapter.abilities().polls)
            .filter(|served| !matches!(served.channel.health, Health::Paused { .. }))
            .map(|served| (served.channel.id, served))
            .collect();
        running.retain(|channel, poller| {
            let stays = wanted.contains_key(channel) && !poller.is_finished();
            if !stays {
                poller.abort();
            }
            stays
        });
        for channel in wanted.keys() {
            if !running.contains_key(channel) {
                running.insert(*channel, pollers.spawn(poll_on(shared.clone(), *channel)));
            }
        }
        tokio::select! {
            () = shared.stopping.cancelled() => break,
            () = notice(&mut notices, wakes) => {}
            Some(_) = pollers.join_next(), if !pollers.is_empty() => {}
        }
    }
    pollers.shutdown().await;
}

async fn poll_on(shared: Arc<Shared>, channel: ChannelId) {
    let mut failures = 0_u32;
    loop {
        let Some(served) = shared.served(channel) else { return };
        let pause = match poll_once(&shared, &served).await {
            Ok(()) => {
                failures = 0;
                None
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                Some(pause_after(&shared, &served, error, failures).await)
            }
        };
        if let Some(pause) = pause {
            shared.clock.sleep(pause).await;
        }
    }
}

enum Failure {
    Poll(PollError),
    House(HouseError),
}

async fn poll_once(shared: &Arc<Shared>, served: &Served) -> Result<(), Failure> {
    let house = |error: store::StoreError| Failure::House(error.into());
    let cursor = shared.store.read().cursor(served.channel.id).await.map_err(house)?;
    let polled = served.adapter.poll(cursor.as_deref(), WAIT).await.map_err(Failure::Poll)?;
    let (channel, clock) = (served.channel.clone(), shared.clock.clone());
    if !served.channel.health.may_send() {
        connected_again(shared, channel.id).await.map_err(Failure::House)?;
    }
    if polled.events.is_empty() && cursor.as_deref() == Some(polled.cursor.as_str()) {
        return Ok(());
    }
    shared
        .store
        .write(async move |tx| {
            let now = clock.now();
            take_in(tx, &channel, &polled.events, now, now).await?;
            tx.set_cursor(channel.id, &polled.cursor).await
        })
        .await
        .map_err(house)
}

async fn pause_after(shared: &Arc<Shared>, served: &Served, failure: Failure, failures: u32) -> Duration {
    let channel = served.channel.id;
    let grown = domain::backoff(Duration::from_secs(1), failures, rand::random());
    match failure {
        Failure::House(error) => {
            tracing::error!(%channel, %error, "what was polled could not be kept; it is asked for again");
            grown
        }
        Failure::Poll(PollError::Conflict { why }) => {
            red(shared, channel, why).await;
            AFTER_CONFLICT
        }
        Failure::Poll(PollError::Reconnect { why }) => {
            red(shared, channel, why).await;
            AFTER_CONFLICT
        }
        Failure::Poll(PollError::RetryAfter(wait)) => wait,
        Failure::Poll(PollError::Unreachable) => grown.min(Duration::from_secs(60)),
        Failure::Poll(PollError::Unsupported) => Duration::from_secs(3_600),
    }
}

/// The channel turns red; the owner sees why.
async fn red(shared: &Arc<Shared>, channel: ChannelId, why: String) {
    let health = Health::ReconnectNeeded { why, since: shared.clock.now() };
    let set = shared.store.write(async move |tx| tx.set_health(channel, &health).await).await;
    if let Err(error) = set {
        tracing::error!(%channel, %error, "the channel's state could not be kept");
    }
    if let Err(error) = shared.read_channels().await {
        tracing::error!(%channel, %error, "the channels could not be read");
    }
}
