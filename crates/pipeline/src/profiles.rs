//! Profiles: who is writing, asked of the platform once per person, beside the flow and never in its way.

use std::{sync::Arc, time::Duration};

use platforms::SendError;
use store::{Change, UnaskedHandle};

use crate::{HouseError, hall::Hall, worker::Step};

/// As many are asked for in one go.
const BATCH: i64 = 16;

/// Between two tries while the platform cannot be reached.
const PAUSE: Duration = Duration::from_secs(60);

pub(crate) fn wakes(change: &Change) -> bool {
    matches!(change, Change::MessageWaiting | Change::ChannelChanged(_))
}

pub(crate) async fn step(hall: &Arc<Hall>) -> Result<Step, HouseError> {
    let waiting = hall.store.read().unasked_handles(BATCH).await?;
    if waiting.is_empty() {
        return Ok(Step::Idle { until: None });
    }
    let mut later = false;
    for handle in waiting {
        later |= ask(hall, handle).await? == Asked::Later;
    }
    Ok(if later { Step::Idle { until: Some(hall.clock.now() + PAUSE) } } else { Step::Worked })
}

#[derive(PartialEq, Eq)]
enum Asked {
    Done,
    Later,
}

async fn ask(hall: &Arc<Hall>, who: UnaskedHandle) -> Result<Asked, HouseError> {
    let served = hall.served(who.channel);
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
    let now = hall.clock.now();
    hall.store
        .write(async move |tx| {
            if let Some(profile) = profile {
                tx.set_profile(who.customer, &profile).await?;
            }
            tx.profile_asked(who.handle, now).await
        })
        .await?;
    Ok(Asked::Done)
}
