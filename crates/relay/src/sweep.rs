//! Every so often: note that we live, throw away what is too old, leave nothing forgotten on the disk.

use std::{sync::Arc, sync::atomic::Ordering, time::Duration};

use crate::Relay;

/// Three sweeps fit into the minute within which confirmed envelopes must be gone.
const EVERY: Duration = Duration::from_secs(20);
const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Sweeps until the relay stops.
pub(crate) async fn regularly(relay: Arc<Relay>) {
    let mut calm = Calm::since(relay.alive_before_ms.unwrap_or(relay.started_ms));
    while tokio::time::timeout(EVERY, relay.stopping.cancelled()).await.is_err() {
        sweep(&relay, &mut calm).await;
    }
}

pub(crate) async fn sweep(relay: &Relay, calm: &mut Calm) {
    let now_ms = relay.clock.now_ms();
    if let Err(fault) = relay.letterbox.note_alive(now_ms).await {
        tracing::warn!(%fault, "the sign of life could not be written");
    }
    // Codes always end in time; envelopes only by a clock that can be believed.
    let keep_ms = relay.settings.quotas.keep_ms();
    let arrived_before_ms = if calm.is_it(now_ms) { now_ms.saturating_sub(keep_ms) } else { i64::MIN };
    match relay.letterbox.expire(arrived_before_ms, now_ms).await {
        Ok(thrown) => {
            for tally in &thrown {
                tracing::warn!(owner = %tally.owner, path = ?tally.path, envelopes = tally.envelopes, "too old, thrown away unread");
                relay.ledger.expire(tally);
                relay.untidy.store(true, Ordering::Relaxed);
            }
        }
        Err(fault) => tracing::warn!(%fault, "old envelopes could not be thrown away"),
    }
    if relay.untidy.swap(false, Ordering::Relaxed)
        && let Err(fault) = relay.letterbox.tidy().await
    {
        relay.untidy.store(true, Ordering::Relaxed);
        tracing::warn!(%fault, "the log could not be folded in");
    }
}

/// Whether the time of day has gone evenly for a day. A machine whose clock leaps ten years ahead must not throw
/// away what came yesterday; the laptop has a day to fetch it before the new time is believed.
pub(crate) struct Calm {
    last_ms: i64,
    hold_until_ms: i64,
}

impl Calm {
    pub(crate) fn since(last_ms: i64) -> Self {
        Self { last_ms, hold_until_ms: i64::MIN }
    }

    pub(crate) fn is_it(&mut self, now_ms: i64) -> bool {
        let leap = now_ms.saturating_sub(self.last_ms);
        self.last_ms = now_ms;
        if !(-HOUR_MS..=HOUR_MS).contains(&leap) {
            self.hold_until_ms = now_ms.saturating_add(DAY_MS);
        }
        now_ms >= self.hold_until_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_leaps_ten_years_throws_nothing_away_for_a_day() {
        let mut calm = Calm::since(0);
        assert!(calm.is_it(20_000));
        let leapt = 10 * 365 * DAY_MS;
        assert!(!calm.is_it(leapt));
        assert!(!calm.is_it(leapt + HOUR_MS));
        assert!(!calm.is_it(20_000), "and back");
        let mut now_ms = 20_000;
        while now_ms < DAY_MS {
            assert!(!calm.is_it(now_ms));
            now_ms += HOUR_MS;
        }
        assert!(calm.is_it(now_ms));
    }
}
