//! The memory as it is used: real encrypted files, Mali who asks and Somchai who is angry.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod house;

mod arrivals;
mod commits;
mod disk;
mod drafts;
mod figures;
mod killed;
mod opening;
mod outbox;
mod plans;
mod searching;
mod shop;
mod turns;
mod views;
