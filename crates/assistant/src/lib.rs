//! Knowledge, personality and talk become words, and the words are checked.
//!
//! In reading order: what is asked for ([`Ask`]) and who answers ([`Assistant`]); the shop's knowledge as
//! passages that can be found ([`Library`]); the language models behind one trait ([`Model`]) and what they
//! cost ([``ModelPrices`).

mod ask;
mod assistant;
mod knowledge;
mod model;

pub use ask::{Answered, Ask, CustomerProfile, ModelAllowance, ModelFailure, Said};
pub use assistant::Assistant;
pub use knowledge::Library;
pub use model::{Model, ModelError, Prompt, Written};
