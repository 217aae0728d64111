//! Words to understanding, on the device, in microseconds: Thai, English, and both at once.
//!
//! In reading order: [`normalise`] makes one spelling of many and keeps the way back; `thai` knows where Thai may be
//! cut; `segment` finds words; `lexicon` finds what phrases speak for; `entities` finds spans with values; `features`
//! and `model` weigh all that; `intent`, `sentiment`, `flags` and `language` conclude; [`Reader`] asks each once.
//! [`resolve`] lays a date or time value over the calendar.

mod entities;
mod features;
mod flags;
mod intent;
mod language;
mod lexicon;
mod model;
mod normalise;
mod reader;
mod resolve;
mod segment;
mod sentiment;
mod thai;

pub use features::Evidence;
pub use model::{OUTPUTS, WEIGHTS_LENGTH, norm};
pub use normalise::{Normalised, normalise};
pub use reader::Reader;
pub use resolve::{PartOfDay, Resolved, resolve};
pub use segment::Token;
