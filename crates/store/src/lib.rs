//! Memory: encrypted SQLite, and the only crate that speaks SQL.
//!
//! In reading order: how the file is opened, written by one and read by many ([`connection`]); what moved, told
//! after the commit ([`changes`]); the queues ([`envelopes`], [`turns`], [`replies`], [`outbox`]); one file per noun; and what
//! screens read ([`views`]).
//!
//! Writing goes through [`Store::write`], whose work runs inside one transaction ([`Tx`]); reading through
//! [`Store::read`] ([`Reader`]). The methods of both stand in the noun's file.

mod changes;
mod channels;
mod columns;
mod connection;
mod conversations;
mod customers;
mod drafts;
mod envelopes;
mod error;
mod escalations;
mod events;
mod figures;
mod knowledge;
mod lessons;
mod messages;
mod outbox;
mod personalities;
mod replies;
mod runs;
mod search;
mod settings;
mod soundness;
mod turns;
mod understandings;
pub mod views;

pub use changes::Change;
pub use channels::NewChannel;
pub use connection::{DatabaseKey, Durability, Reader, Store, Tx};
pub use conversations::ConversationRow;
pub use customers::{CustomerRow, UnaskedHandle};
pub use drafts::{DraftRow, NewDraft};
pub use envelopes::{EnvelopeRow, NewEnvelope};
pub use error::StoreError;
pub use escalations::{EscalationRow, NewEscalation};
pub use figures::{Figure, local_day};
pub use knowledge::KnowledgePiece;
pub use messages::{NewMessage, ToUnderstand};
pub use outbox::{DeliveryRow, LaneHead, SendResult};
pub use replies::{NewReply, Purpose};
pub use runs::RunRow;
pub use search::Found;
pub use turns::{DueTurn, TurnRow};
pub use understandings::Understood;

/// Everything that can go wrong here is a [`StoreError`].
pub type Result<T> = std::result::Result<T, StoreError>;
