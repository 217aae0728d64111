//! What whole-house stories are played with: the shop, the platforms played at the wire, the relay between them,
//! and a house in a folder of its own.
//!
//! In reading order: [`shop`] what the shop told the house, [`house`] a house in a temporary home, [`letterbox`]
//! the relay in this process or as the real `sala-relay`, [`stage`] all of it under one hand-wound clock,
//! [`wait`] for what is committed, [`fakes`] the platforms in a process of their own, [`processes`] what is
//! started and killed, [`crash`] who shoots and who counts, [`power`] the disk whose power is cut, and [`journal`]
//! which keeps every line that is logged.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a stage that falls down must be heard"
)]

pub mod crash;
pub mod fakes;
pub mod house;
pub mod journal;
pub mod letterbox;
pub mod power;
pub mod processes;
pub mod shop;
pub mod stage;
pub mod wait;

pub use house::Home;
pub use stage::{Connected, Stage};
