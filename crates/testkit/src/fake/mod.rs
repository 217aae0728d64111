//! The fakes: each stands at the wire in its platform's place and believes nothing.

pub mod graph;
pub mod line;
pub mod model;
pub mod telegram;
