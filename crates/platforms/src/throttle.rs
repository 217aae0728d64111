//! Not faster than a platform allows: one token bucket per method (or chat), and pauses it asked for.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// Waiting longer than this is the caller's decision.
const PATIENCE: Duration = Duration::from_secs(3);

/// Lanes that are full again are forgotten when there are more than this.
const MOST_LANES: usize = 4_096;

/// So many a second on average, so many at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) per_second: u32,
    pub(crate) burst: u32,
}

impl Rate {
    /// The time one token takes to come back.
    fn gap(self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }
}

/// When each lane is free; one per channel.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    lanes: Mutex<BTreeMap<String, Lane>>,
}

#[derive(Debug, Clone, Copy)]
struct Lane {
    /// When the bucket will be (or was) full; each call moves it by one gap.
    full_at: Instant,
    /// The platform asked for silence until then.
    held_until: Instant,
}

impl Throttle {
    /// Lets one call through, after a short wait if need be; else tells how long to stay away.
    pub(crate) async fn pass(&self, lane: &str, rate: Rate) -> Result<(), Duration> {
        let turn = self.turn(lane, rate, Instant::now())?;
        sleep_until(turn).await;
        Ok(())
    }

    /// The platform asked for silence.
    pub(crate) fn hold(&self, lane: &str, span: Duration) {
        let now = Instant::now();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(lane.to_owned()).or_insert(Lane { full_at: now, held_until: now });
        lane.held_until = lane.held_until.max(now + span);
    }

    /// When this call may go; takes its token only if that is soon.
    fn turn(&self, name: &str, rate: Rate, now: Instant) -> Result<Instant, Duration> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() > MOST_LANES {
            lanes.retain(|_, lane| lane.full_at > now || lane.held_until > now);
        }
        let mut lane = lanes.get(name).copied().unwrap_or(Lane { full_at: now, held_until: now });
        let full_at = lane.full_at.max(now);
        let slack = rate.gap() * rate.burst.saturating_sub(1);
        let turn = full_at.checked_sub(slack).unwrap_or(now).max(lane.held_until).max(now);
        let wait = turn.saturating_duration_since(now);
        if wait > PATIENCE {
            return Err(wait);
        }
        lane.full_at = full_at.max(turn) + rate.gap();
        lanes.insert(name.to_owned(), lane);
        Ok(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_A_SECOND: Rate = Rate { per_second: 2, burst: 2 };

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_the_rest_in_step() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..5 {
            throttle.pass("push", TWO_A_SECOND).await.unwrap();
            waits.push(start.elapsed().as_millis());
        }
        assert_eq!(waits, [0, 0, 500, 1_000, 1_500]);
        throttle.pass("reply", TWO_A_SECOND).await.unwrap();
        assert_eq!(start.elapsed().as_millis(), 1_500, "another method has its own bucket");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_the_platform_asked_for_is_kept() {
        let throttle = Throttle::default();
        throttle.hold("push", Duration::from_secs(30));
        let told = throttle.pass("push", TWO_A_SECOND).await.unwrap_err();
        assert_eq!(told.as_secs(), 30);
        tokio::time::advance(Duration::from_secs(28)).await;
        let start = Instant::now();
        throttle.pass("push", TWO_A_SECOND).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_would_wait_long_is_told_so_and_takes_no_token() {
        let throttle = Throttle::default();
        let slow = Rate { per_second: 1, burst: 1 };
        for _ in 0..4 {
            throttle.turn("chat", slow, Instant::now()).unwrap();
        }
        assert_eq!(throttle.turn("chat", slow, Instant::now()), Err(Duration::from_secs(4)));
        assert_eq!(throttle.turn("chat", slow, Instant::now()), Err(Duration::from_secs(4)));
    }
}
