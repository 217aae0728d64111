//! The relay's only notion of the time of day.

use std::{fmt, sync::Arc, time::UNIX_EPOCH};

/// UTC milliseconds since 1970, from wherever the composition says.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    pub fn of_the_machine() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the relay asks the machine for the time"
        )]
        fn now_ms() -> i64 {
            let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        }
        Self(Arc::new(now_ms))
    }

    /// A clock that somebody else winds.
    pub fn reading(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now_ms())
    }
}
