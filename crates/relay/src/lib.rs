//! The relay: a letterbox on the internet that keeps sealed webhooks while the laptop sleeps.
//!
//! Rooms in reading order:
//! - [`router`]: every route on one screen.
//! - [`webhooks`]: a platform calls; take, seal, keep, and only then answer.
//! - [`desk`]: the one writer, which seals in the order of the chain and commits many at once.
//! - [`letterbox`]: where envelopes are kept ([`letterbox::sqlite`] today).
//! - [`pull`], [`paths`], [`pairing`], [`status`]: what the laptop asks, believed only when [`signed`].
//! - [`book`] and [`ledger`]: owners, paths and counts at hand in memory. [`limits`]: sources and guesses.
//! - [`house`]: all of it put together, started, swept and stopped. [`sweep`]: age and tidiness.
//! - [`settings`] and [`clock`]: what an operator decides, and the only place that knows the time.
//!
//! The relay cannot verify a platform's signature and cannot read what it keeps: secrets and the opening key
//! stay on the laptop. See `docs/relay.md`.

mod answer;
mod book;
pub mod clock;
mod desk;
mod error;
mod house;
mod ledger;
pub mod letterbox;
mod limits;
mod pairing;
mod paths;
mod pull;
mod router;
pub mod settings;
mod signed;
mod source;
mod status;
mod sweep;
mod webhooks;

pub use clock::Clock;
pub use error::Fault;
pub use house::{CODE_LIFE_MS, Relay, offer_code, visit_letterbox};
pub use letterbox::Letterbox;
pub use settings::Settings;
