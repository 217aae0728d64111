//! Settings: how much the assistant may do, how fast and when; and the panic switch.

use std::sync::Arc;

pub use domain::Settings;

use crate::{House, Result};

pub fn get(house: &House) -> Arc<Settings> {
    house.flow.settings()
}

/// Takes effect before it returns.
pub async fn set(house: &House, settings: Settings) -> Result<()> {
    Ok(house.flow.set_settings(settings).await?)
}

/// Nothing leaves the house any more, within a second.
pub async fn panic(house: &House) -> Result<()> {
    set(house, Settings { panic: true, ..Settings::clone(&get(house)) }).await
}

/// Replies leave again.
pub async fn calm(house: &House) -> Result<()> {
    set(house, Settings { panic: false, ..Settings::clone(&get(house)) }).await
}
