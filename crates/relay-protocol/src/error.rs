//! What can go wrong between laptop and relay, by what the laptop can do about it.

use std::time::Duration;

use crate::calls::Why;

/// Carries neither addresses nor bodies, so that it may be logged.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// No answer came. A request that confirms may still have had its effect: pull again.
    #[error("the relay cannot be reached: {0}")]
    Unreachable(String),
    /// The relay no longer takes this laptop's word; pair again.
    #[error("the relay refuses this laptop's key; pair again")]
    Refused,
    /// The pairing code is wrong, spent or too old; ask for a fresh one.
    #[error("the pairing code is wrong, spent or too old")]
    WrongCode,
    /// Understood and declined; asking the same again changes nothing.
    #[error("the relay declines: {0:?}")]
    Declined(Why),
    /// Ask again after this long.
    #[error("the relay is busy; again in {0:?}")]
    Busy(Duration),
    /// The answer, or an envelope's inside, is not in the agreed form.
    #[error("the relay's answer is malformed: {0}")]
    Malformed(&'static str),
    /// Sealed to a key that these keys do not hold (an earlier pairing's).
    #[error("sealed to another key")]
    OtherKey,
    /// The heading or the contents were changed after sealing.
    #[error("the seal is broken")]
    Tampered,
}
