//! The only place that knows the time: the machine's clock, or one wound by hand (rehearsals and tests).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::Timestamp;
use tokio::sync::watch;

/// Tells the time and waits for it. Cheap to clone; all clones are one clock.
#[derive(Clone)]
pub struct Clock {
    source: Source,
}

#[derive(Clone)]
enum Source {
    Machine(Arc<Mutex<Awake>>),
    Hand(watch::Receiver<Timestamp>),
}

/// Winds a clock by hand.
#[derive(Clone)]
pub struct Hand {
    time: Arc<watch::Sender<Timestamp>>,
}

/// What the wake clock saw last: by the wall and by the timer that stops while the laptop sleeps.
struct Awake {
    wall: Timestamp,
    running: std::time::Instant,
}

/// Timers stop while the laptop sleeps; no wait trusts one for longer than this.
const TICK: Duration = Duration::from_secs(5);

/// A jump of the wall clock against the running time by more than this means the laptop slept (or its clock was
/// set).
const SLEPT: Duration = Duration::from_secs(20);

impl Clock {
    pub fn machine() -> Self {
        let awake = Awake { wall: wall(), running: running() };
        Self { source: Source::Machine(Arc::new(Mutex::new(awake))) }
    }

    /// A clock that stands at `start` until its hand is moved.
    pub fn by_hand(start: Timestamp) -> (Self, Hand) {
        let (time, told) = watch::channel(start);
        (Self { source: Source::Hand(told) }, Hand { time: Arc::new(time) })
    }

    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::Machine(_) => wall(),
            Source::Hand(told) => *told.borrow(),
        }
    }

    /// Returns at the given time or soon after; also when the laptop woke past it.
    pub async fn sleep_until(&self, when: Timestamp) {
        match &self.source {
            Source::Machine(_) => loop {
                let left = when.since(wall());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(TICK)).await;
            },
            Source::Hand(told) => {
                let mut told = told.clone();
                // The hand may be gone; then time stands still and so does whoever waits.
                if told.wait_for(|now| *now >= when).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    pub async fn sleep(&self, span: Duration) {
        self.sleep_until(self.now() + span).await;
    }

    /// How long the machine slept since the last look, if it did; looked at every few seconds by one worker.
    pub fn slept(&self) -> Option<Duration> {
        let Source::Machine(awake) = &self.source else { return None };
        let mut last = awake.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall_now, running_now) = (wall(), running());
        let by_wall = wall_now.since(last.wall);
        let by_timer = running_now.saturating_duration_since(last.running);
        *last = Awake { wall: wall_now, running: running_now };
        by_wall.checked_sub(by_timer).filter(|gap| *gap > SLEPT)
    }
}

impl Hand {
    pub fn advance(&self, span: Duration) {
        self.time.send_modify(|now| *now = *now + span);
    }

    pub fn set(&self, now: Timestamp) {
        self.time.send_replace(now);
    }

    pub fn now(&self) -> Timestamp {
        *self.time.borrow()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
fn wall() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
fn running() -> std::time::Instant {
    std::time::Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hand_wound_clock_wakes_whoever_waits_and_nobody_too_early() {
        let start = Timestamp::from_seconds(1_000);
        let (clock, hand) = Clock::by_hand(start);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(start + Duration::from_secs(6)).await }
        });
        hand.advance(Duration::from_secs(5));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        hand.advance(Duration::from_secs(1));
        waiting.await.unwrap();
        assert_eq!(clock.now(), start + Duration::from_secs(6));
    }
}
