//! Profiles: who is writing, asked of the platform once per person, beside the flow and never in its way.

use std::{sync::Arc, time::Duration};

use platforms::SendError;
use store::{Change, UnaskedHandle};

use crate::{HouseError, shared::Shared, worker::Step};

/// As many are asked for in one go.
const BATCH: i64 = 16;

/// Between two tries while the platform cannot be reached.
const PAUSE: Duration = Duration::from_secs(60);

pub(crate) fn wakes(change: &Change) -> bool {
    matches!(change, Change::MessageWaiting | Change::ChannelChanged(_))
}

pub(crate) async fn step(shared: &Arc<Shared>) -> Result<Step, HouseError> {
    let waiting = shared.store.read().unasked_handles(BATCH).await?;
    if waiting.is_empty() {
        return Ok(Step::Idle { until: None });
    }
    let mut later = false;
    for handle in waiting {
        later |= ask(shared, handle).await? == Asked::Later;
    }
    Ok(if later { Step::Idle { until: Some(shared.clock.now() + PAUSE) } } else { Step::Worked })
}

#[derive(PartialEq, Eq)]
enum Asked {
    Done,
    Later,
}

async fn ask(shared: &Arc<Shared>, who: UnaskedHandle) -> Result<Asked, HouseError> {
    let served = shared.served(who.channel);
    let profile = match &served {
        Some(served) if !who.named => match served.adapter.profile(&who.peer).await {
            Ok(profile) => Some(profile),
            Err(SendError::Unreachable | SendError::Unsure | SendError::RetryAfter(_)) => {
                return Ok(Asked::Later);
            }
            // The platform does not tell: the person stays without a name.
            Err(error) => {
                tracing::debug!(%error, "no profile");
                None
            }
        },
        Some(_) | None => None,
    };
    let now = shared.clock.now();
    shared
        .store
        .write(async move |tx| {
            if let Some(profile) = profile {
                tx.set_profile(who.customer, &profile).await?;
            }
            tx.profile_asked(who.handle, now).await
        })
        .await?;
    Ok(Asked::Done)
}
