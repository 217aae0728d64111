//! The flow from a customer's message to an answer: six rooms, their workers, and the composition root.
//!
//! In reading order: what is opened and stopped ([`House`]); the doors by which words come in ([`doors`]); the
//! six rooms (`arrival` · `understanding` · `decision` · `reply` · `delivery` · `learning`); and what keeps them
//! going (`worker` · `supervisor` · `recovery` · [`clock`]).
//!
//! Rooms never call each other. Each reads what the room before it committed, thinks, and settles its result and
//! the next room's work in one transaction; the notice of the commit wakes the next.

mod arrival;
pub mod clock;
mod decision;
mod delivery;
mod doors;
mod error;

mod hall;
mod hands;
mod house;
mod learning;
mod model;
mod notes;
mod profiles;
mod recovery;
mod reply;
mod supervisor;
mod understanding;
mod worker;

pub use clock::{Clock, Hand};
pub use doors::{RelayLine, TunnelDoor};
pub use error::HouseError;
pub use house::{House, HouseConfig, KeptIn};
pub use model::{ModelChoice, ModelKind};
pub use recovery::Recovered;
pub use supervisor::Stopped;
