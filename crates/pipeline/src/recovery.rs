//! Recovery: at launch, work found in flight gets a decided fate before any worker starts.

use crate::{HouseError, shared::Shared};

/// What was found in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Turns that were being written: they wait again, their attempt counted.
    pub turns: u64,
    /// Deliveries that were on their way: unsure, to be settled by evidence.
    pub deliveries: u64,
}

pub(crate) async fn recover(shared: &Shared) -> Result<Recovered, HouseError> {
    let now = shared.clock.now();
    let recovered = shared
        .store
        .write(async move |tx| {
            Ok(Recovered { turns: tx.recover_turns().await?, deliveries: tx.recover_deliveries(now).await? })
        })
        .await?;
    if recovered != Recovered::default() {
        tracing::info!(?recovered, "work was found in flight");
    }
    Ok(recovered)
}
