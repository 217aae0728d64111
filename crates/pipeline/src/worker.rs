//! A worker: does what there is to do, then waits for a notice, a due time or the end.

use std::{sync::Arc, time::Duration};

use domain::Timestamp;
use store::Change;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{HouseError, hall::Hall};

/// What a step of a worker did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// There may be more.
    Worked,
    /// Nothing to do until a notice comes, or until this time.
    Idle { until: Option<Timestamp> },
}

/// After a failure (a full disk, a locked file) the next try waits this long.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Runs steps until the house stops. `wakes` says which notices concern this worker.
pub(crate) async fn run<F>(hall: Arc<Hall>, name: &'static str, wakes: fn(&Change) -> bool, mut step: F)
where
    F: AsyncFnMut(&Arc<Hall>) -> Result<Step, HouseError>,
{
    let mut notices = hall.store.changes();
    loop {
        if hall.stopping.is_cancelled() {
            return;
        }
        match step(&hall).await {
            Ok(Step::Worked) => tokio::task::yield_now().await,
            Ok(Step::Idle { until }) => {
                tokio::select! {
                    () = hall.stopping.cancelled() => return,
                    () = notice(&mut notices, wakes) => {}
                    () = due(&hall, until) => {}
                }
            }
            Err(error) => {
                tracing::error!(worker = name, %error, "a step failed; trying again");
                hall.trouble(name, &error);
                tokio::select! {
                    () = hall.stopping.cancelled() => return,
                    () = tokio::time::sleep(PAUSE_AFTER_FAILURE) => {}
                }
            }
        }
    }
}

/// Returns when something this worker cares for was committed, or when it may have missed that.
pub(crate) async fn notice(notices: &mut Receiver<Arc<[Change]>>, wakes: fn(&Change) -> bool) {
    loop {
        match notices.recv().await {
            Ok(changes) if changes.iter().any(wakes) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

async fn due(hall: &Hall, until: Option<Timestamp>) {
    match until {
        Some(when) => hall.clock.sleep_until(when).await,
        None => std::future::pending().await,
    }
}
