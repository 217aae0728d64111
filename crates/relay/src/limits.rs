//! Bounds on what strangers may try: webhooks per source, and guesses at pairing codes.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

const MINUTE_MS: i64 = 60_000;
/// Wrong pairing codes within [`GUESS_WINDOW_MS`]: by one source, and by all together. A code has 40 bits and
/// lives for 15 minutes, so that 200 guesses find it with a chance of about one in five thousand million.
const GUESSES_BY_ONE: u32 = 10;
const GUESSES_BY_ALL: u32 = 200;
const GUESS_WINDOW_MS: i64 = 15 * MINUTE_MS;
/// Sources remembered at once; beyond it the full buckets are forgotten.
const SOURCES: usize = 100_000;

/// A bucket per source, refilled evenly; a fifth of a minute's worth may come at once.
pub(crate) struct SourceRate {
    per_minute: u32,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// In sixty-thousandths of a webhook, so that a millisecond refills `per_minute` of them.
    level: i64,
    at_ms: i64,
}

impl SourceRate {
    /// 0 is no limit.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute, buckets: Mutex::default() }
    }

    pub(crate) fn admits(&self, source: IpAddr, now_ms: i64) -> bool {
        if self.per_minute == 0 {
            return true;
        }
        let refill = i64::from(self.per_minute);
        let capacity = refill.saturating_mul(MINUTE_MS / 5).max(MINUTE_MS);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SOURCES {
            buckets.retain(|_, bucket| bucket.at_ms > now_ms.saturating_sub(MINUTE_MS));
        }
        let bucket = buckets.entry(source).or_insert(Bucket { level: capacity, at_ms: now_ms });
        // A clock set back refills nothing and takes nothing.
        let passed = now_ms.saturating_sub(bucket.at_ms).clamp(0, MINUTE_MS);
        bucket.level = bucket.level.saturating_add(passed.saturating_mul(refill)).min(capacity);
        bucket.at_ms = now_ms;
        let admitted = bucket.level >= MINUTE_MS;
        if admitted {
            bucket.level = bucket.level.saturating_sub(MINUTE_MS);
        }
        admitted
    }
}

/// Counts wrong pairing codes.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<Window>);

#[derive(Default)]
struct Window {
    began_ms: i64,
    by_all: u32,
    by_one: HashMap<IpAddr, u32>,
}

impl Guesses {
    pub(crate) fn may_try(&self, source: IpAddr, now_ms: i64) -> bool {
        self.with(now_ms, |window| {
            window.by_all < GUESSES_BY_ALL
                && window.by_one.get(&source).copied().unwrap_or(0) < GUESSES_BY_ONE
        })
    }

    pub(crate) fn was_wrong(&self, source: IpAddr, now_ms: i64) {
        self.with(now_ms, |window| {
            window.by_all = window.by_all.saturating_add(1);
            let by_one = window.by_one.entry(source).or_default();
            *by_one = by_one.saturating_add(1);
        });
    }

    fn with<T>(&self, now_ms: i64, look: impl FnOnce(&mut Window) -> T) -> T {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now_ms.saturating_sub(window.began_ms);
        if !(0..GUESS_WINDOW_MS).contains(&age) {
            *window = Window { began_ms: now_ms, ..Window::default() };
        }
        look(&mut window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOMCHAI: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
    const MALI: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 8));

    #[test]
    fn a_source_that_floods_is_held_and_the_others_are_not() {
        let rate = SourceRate::new(60);
        let admitted = (0..100).filter(|_| rate.admits(SOMCHAI, 1_000_000)).count();
        assert_eq!(admitted, 12, "a fifth of a minute's worth");
        assert!(rate.admits(MALI, 1_000_000));
        assert!(!rate.admits(SOMCHAI, 1_000_900));
        assert!(rate.admits(SOMCHAI, 1_001_000), "one a second comes back");
        assert!(!rate.admits(SOMCHAI, 900_000), "a clock set back gives nothing");
        assert!((0..1_000).all(|_| SourceRate::new(0).admits(SOMCHAI, 0)));
    }

    #[test]
    fn ten_wrong_codes_are_enough_for_a_quarter_of_an_hour() {
        let guesses = Guesses::default();
        for _ in 0..GUESSES_BY_ONE {
            assert!(guesses.may_try(SOMCHAI, 1_000_000));
            guesses.was_wrong(SOMCHAI, 1_000_000);
        }
        assert!(!guesses.may_try(SOMCHAI, 1_000_001));
        assert!(guesses.may_try(MALI, 1_000_001));
        assert!(guesses.may_try(SOMCHAI, 1_000_000 + GUESS_WINDOW_MS));
    }
}
