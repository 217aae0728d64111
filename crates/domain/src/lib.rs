//! The nouns and the rules of Sala: no I/O, no async, no clock, no randomness.
//!
//! In reading order: [`ids`], [`time`] and [`words`]; what arrives ([`platform`], [`message`], [`event`]);
//! what it means ([`understanding`]); what the shop told us ([`personality`], [`knowledge`], [`hours`]);
//! what the assistant proposes ([`candidate`]); and how a long text is cut ([`splitting`]);
//! who may do what ([`channel`], [`conversation`], [`settings`]) and what becomes of a turn ([`escalation`],
//! [`decision`], [`delivery`], [`lesson`]).

mod candidate;
mod channel;
mod conversation;
mod decision;
mod delivery;
mod escalation;
mod event;
mod folding;
mod hours;
mod ids;
mod knowledge;
mod lesson;
mod message;
mod personality;
mod platform;
mod settings;
mod splitting;
mod time;
mod understanding;
mod words;

pub use candidate::*;
pub use channel::*;
pub use conversation::*;
pub use decision::*;
pub use delivery::*;
pub use escalation::*;
pub use event::*;
pub use folding::fold;
pub use hours::{OpenState, is_holiday, open_state};
pub use ids::*;
pub use knowledge::*;
pub use lesson::*;
pub use message::*;
pub use personality::*;
pub use platform::*;
pub use settings::*;
pub use splitting::split_text;
pub use time::Timestamp;
pub use understanding::*;
pub use words::Words;
