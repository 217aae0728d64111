//! Read models: what a screen shows, in one query each.

mod fate;
mod inbox;
mod talk;

pub use fate::{Fate, ReplyOrigin};
pub use inbox::{InboxFilter, InboxRow};
pub use talk::Spoken;
