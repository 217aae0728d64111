//! Read models: what a screen shows, in one query each.

mod inbox;
mod talk;

pub use inbox::{InboxFilter, InboxRow};
pub use talk::Spoken;
