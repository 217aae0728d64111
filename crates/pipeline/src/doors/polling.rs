//! Polling: channels whose platform is asked. What came and where to go on are stored in one transaction.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{ChannelId, Door, Health};
use platforms::PollError;
use store::Change;
use tokio::task::{AbortHandle, JoinSet};

use crate::{
    HouseError,
    arrival::take_in,
    hall::{Hall, Served},
    recovery::connected_again,
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
pub(crate) async fn run(hall: Arc<Hall>) {
    let mut notices = hall.store.changes();
    let mut pollers: JoinSet<()> = JoinSet::new();
    let mut running: BTreeMap<ChannelId, AbortHandle> = BTreeMap::new();
    loop {
        let wanted: BTreeMap<ChannelId, Served> = hall
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
                running.insert(*channel, pollers.spawn(poll_on(hall.clone(), *channel)));
            }
        }
        tokio::select! {
            () = hall.stopping.cancelled() => break,
            () = notice(&mut notices, wakes) => {}
            Some(_) = pollers.join_next(), if !pollers.is_empty() => {}
        }
    }
    pollers.shutdown().await;
}

async fn poll_on(hall: Arc<Hall>, channel: ChannelId) {
    let mut failures = 0_u32;
    loop {
        let Some(served) = hall.served(channel) else { return };
        let pause = match poll_once(&hall, &served).await {
            Ok(()) => {
                failures = 0;
                None
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                Some(pause_after(&hall, &served, error, failures).await)
            }
        };
        if let Some(pause) = pause {
            hall.clock.sleep(pause).await;
        }
    }
}

enum Failure {
    Poll(PollError),
    House(HouseError),
}

async fn poll_once(hall: &Arc<Hall>, served: &Served) -> Result<(), Failure> {
    let house = |error: store::StoreError| Failure::House(error.into());
    let cursor = hall.store.read().cursor(served.channel.id).await.map_err(house)?;
    let polled = served.adapter.poll(cursor.as_deref(), WAIT).await.map_err(Failure::Poll)?;
    let (channel, clock) = (served.channel.clone(), hall.clock.clone());
    if !served.channel.health.may_send() {
        connected_again(hall, channel.id).await.map_err(Failure::House)?;
    }
    if polled.events.is_empty() && cursor.as_deref() == Some(polled.cursor.as_str()) {
        return Ok(());
    }
    hall.store
        .write(async move |tx| {
            let now = clock.now();
            take_in(tx, &channel, &polled.events, now, now).await?;
            tx.set_cursor(channel.id, &polled.cursor).await
        })
        .await
        .map_err(house)
}

async fn pause_after(hall: &Arc<Hall>, served: &Served, failure: Failure, failures: u32) -> Duration {
    let channel = served.channel.id;
    let grown = domain::backoff(Duration::from_secs(1), failures, rand::random());
    match failure {
        Failure::House(error) => {
            tracing::error!(%channel, %error, "what was polled could not be kept; it is asked for again");
            grown
        }
        Failure::Poll(PollError::Conflict { why }) => {
            red(hall, channel, why).await;
            AFTER_CONFLICT
        }
        Failure::Poll(PollError::Reconnect { why }) => {
            red(hall, channel, why).await;
            AFTER_CONFLICT
        }
        Failure::Poll(PollError::RetryAfter(wait)) => wait,
        Failure::Poll(PollError::Unreachable) => grown.min(Duration::from_secs(60)),
        Failure::Poll(PollError::Unsupported) => Duration::from_secs(3_600),
    }
}

/// The channel turns red; the owner sees why.
async fn red(hall: &Arc<Hall>, channel: ChannelId, why: String) {
    let health = Health::ReconnectNeeded { why, since: hall.clock.now() };
    let set = hall.store.write(async move |tx| tx.set_health(channel, &health).await).await;
    if let Err(error) = set {
        tracing::error!(%channel, %error, "the channel's state could not be kept");
    }
    if let Err(error) = hall.read_channels().await {
        tracing::error!(%channel, %error, "the channels could not be read");
    }
}
