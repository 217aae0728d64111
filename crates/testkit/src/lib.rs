//! Fake platforms at the wire, a scripted model, a hand-wound clock; for tests and the demo.
//!
//! In reading order: [`clock`] everybody goes by, [`people`] who write, [`webhook`] how their words travel,
//! [`fake`] the platforms that are played (they verify tokens, bodies and limits as the real ones do), [`fault`]
//! what can go wrong there, [`ledger`] what really happened, and [`control`] all of it together, also for a
//! harness in another process (`sala-fakes`).

pub mod clock;
pub mod control;
pub mod fake;
pub mod fault;
mod ids;
pub mod ledger;
mod objects;
pub mod people;
mod schema;
pub mod webhook;
mod wire;

pub use clock::HandClock;
pub use control::Fakes;
pub use fake::graph::{EchoTiming, FakeGraph, GraphAccount, GraphCall};
pub use fake::line::{FakeLine, LineAccount, LineCall};
pub use fake::model::{Answer, FakeModel, ModelCall};
pub use fake::telegram::{FakeTelegram, TelegramAccount, TelegramCall};
pub use fault::{Fault, Faults};
pub use ledger::Ledger;
pub use people::Person;
pub use webhook::{Posted, Postman, SignedWebhook};
