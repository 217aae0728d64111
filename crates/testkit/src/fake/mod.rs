//! The fakes: each stands at the wire in its platform's place and believes nothing.

pub mod line;
