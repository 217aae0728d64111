//! What a screen or a script may ask, in its own words.
//!
//! In reading order: opening and stopping ([`house`]) and what moves in it ([`changes`]); what the owner looks at
//! ([`inbox`], [`talk`]) and rules on ([`drafts`], [`escalations`]); what she sets up ([`channels`], [`relay`],
//! [`knowledge`], [`personalities`], [`models`], [`settings`]); trying it out ([`playground`]); how the house fares
//! ([`doctor`]); and what needs no house at all ([`offline`]). Everything that can go wrong is an [`Error`].
//!
//! Ids travel as strings, times as milliseconds since 1970, enums in snake_case.

pub mod changes;
pub mod channels;
pub mod doctor;
pub mod drafts;
mod error;
pub mod escalations;
pub mod house;
pub mod inbox;
pub mod knowledge;
pub mod models;
pub mod offline;
pub mod personalities;
pub mod playground;
pub mod relay;
pub mod settings;
pub mod talk;

pub use error::{Code, Error, Result};
pub use house::{House, Opening};
pub use secrecy::SecretString;
pub use store::Durability;
pub use vault::Place as VaultPlace;
