//! One clock for all fakes: wound by hand in tests, or following the machine in the demo and the benches.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use domain::Timestamp;
use tokio::sync::watch;

/// Where a new clock stands: 2026-06-10T10:30+07:00, a Wednesday morning in Bangkok, in UTC milliseconds.
pub const START_MS: i64 = 1_781_062_200_000;

/// A time that everybody who holds a clone of it sees and may wind.
#[derive(Clone)]
pub struct HandClock(Arc<Hands>);

struct Hands {
    /// By hand: UTC milliseconds. With the machine: milliseconds ahead of it.
    wound: watch::Sender<i64>,
    runs: Runs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    ByHand,
    WithTheMachine,
}

impl HandClock {
    /// Stands at [`START_MS`] until somebody winds it.
    pub fn new() -> Self {
        Self(Arc::new(Hands { wound: watch::Sender::new(START_MS), runs: Runs::ByHand }))
    }

    /// Follows the machine; winding puts it ahead or back. For the demo and the benches.
    pub fn real_time() -> Self {
        Self(Arc::new(Hands { wound: watch::Sender::new(0), runs: Runs::WithTheMachine }))
    }

    /// UTC milliseconds.
    pub fn now_ms(&self) -> i64 {
        let wound = *self.0.wound.borrow();
        match self.0.runs {
            Runs::ByHand => wound,
            Runs::WithTheMachine => machine_ms().saturating_add(wound),
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms())
    }

    pub fn advance(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.0.wound.send_modify(|wound| *wound = wound.saturating_add(millis));
    }

    /// Jumps, also backwards: a laptop whose clock was wrong.
    pub fn set_ms(&self, millis: i64) {
        let wound = match self.0.runs {
            Runs::ByHand => millis,
            Runs::WithTheMachine => millis.saturating_sub(machine_ms()),
        };
        self.0.wound.send_replace(wound);
    }

    /// Ends when the clock shows `millis` or more; at once when it does already.
    pub async fn reaches(&self, millis: i64) {
        let mut wound = self.0.wound.subscribe();
        loop {
            let left = millis.saturating_sub(self.now_ms());
            if left <= 0 {
                return;
            }
            match self.0.runs {
                // The sender lives in `self`, so `changed` cannot fail while we wait.
                Runs::ByHand => {
                    let _ = wound.changed().await;
                }
                Runs::WithTheMachine => {
                    let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
                    let _ = tokio::time::timeout(left, wound.changed()).await;
                }
            }
        }
    }

    /// How many are waiting in [`Self::reaches`]; so that a test winds only when somebody waits.
    pub fn waiting(&self) -> usize {
        self.0.wound.receiver_count()
    }
}

impl Default for HandClock {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for HandClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HandClock({:?})", self.now())
    }
}

#[expect(clippy::disallowed_methods, reason = "the demo and the benches run by the machine's time")]
fn machine_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hand_wound_clock_moves_only_by_hand_and_wakes_who_waits_for_it() {
        let clock = HandClock::new();
        assert_eq!(format!("{:?}", clock.now()), "2026-06-10T03:30:00Z");
        let other = clock.clone();
        let waiter = tokio::spawn(async move { other.reaches(START_MS + 60_000).await });
        while clock.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        clock.advance(Duration::from_secs(1));
        waiter.await.unwrap();
        clock.set_ms(5);
        assert_eq!(clock.now_ms(), 5);
    }

    #[test]
    fn a_clock_in_real_time_follows_the_machine_and_can_be_put_ahead() {
        let clock = HandClock::real_time();
        let before = clock.now_ms();
        clock.advance(Duration::from_secs(3_600));
        assert!(clock.now_ms() - before >= 3_600_000);
        clock.set_ms(START_MS);
        assert!((clock.now_ms() - START_MS) < 60_000);
    }
}
