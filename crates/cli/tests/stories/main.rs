//! Stories on the real `sala`: it is started as a process, fed, listened to, and stopped as an owner would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod house;
mod lines;
mod playground;
mod sala;
mod webhooks;
