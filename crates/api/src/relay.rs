//! The relay: the letterbox on the internet that this house is paired with.

use domain::Timestamp;
use pipeline::RelayLine;
use serde::Serialize;

use crate::{House, Result};

/// What is known of the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relay {
    pub address: String,
    pub synced_at: Option<Timestamp>,
    /// What it lost, replayed or rewrote, as far as we noticed.
    pub breaks: u64,
}

impl From<RelayLine> for Relay {
    fn from(line: RelayLine) -> Self {
        Self { address: line.address, synced_at: line.synced_at, breaks: line.breaks }
    }
}

/// None = not paired.
pub async fn status(house: &House) -> Result<Option<Relay>> {
    Ok(house.flow.relay().await?.map(Relay::from))
}

/// Spends a pairing code of the relay at this address.
pub async fn pair(house: &House, address: &str, code: &str) -> Result<Relay> {
    Ok(house.flow.pair(address.trim_end_matches('/'), code).await?.into())
}
