//! One file per subject of the command line.

pub(crate) mod channel;
pub(crate) mod classify;
pub(crate) mod doctor;
pub(crate) mod inbox;
pub(crate) mod knowledge;
mod lines;
pub(crate) mod model;
pub(crate) mod parse;
pub(crate) mod playground;
pub(crate) mod run;
pub(crate) mod talk;
