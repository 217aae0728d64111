//! Waiting for what must come, driven by the house's notices; what never comes is named.

use std::{future::Future, sync::Arc, time::Duration};

use store::Change;
use tokio::sync::broadcast::Receiver;

/// As long as anything in a story may take, in the machine's time.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// What happens outside the house (a fake, a relay) gives no notice: looked at again after this long.
const GLANCE: Duration = Duration::from_millis(50);

/// Looks now and after every notice until something is found; none when it never came.
pub async fn look_until<T>(
    notices: Option<Receiver<Arc<[Change]>>>,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> Option<T> {
    let mut notices = notices;
    let searching = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            match &mut notices {
                Some(told) => {
                    // Missed notices are no reason to wait longer.
                    let _ = tokio::time::timeout(GLANCE, told.recv()).await;
                }
                None => tokio::time::sleep(GLANCE).await,
            }
        }
    };
    tokio::time::timeout(patience, searching).await.ok()
}

/// Ends with what the future gives, or panics naming what was awaited.
#[track_caller]
pub fn within<T>(what: &str, patience: Duration, future: impl Future<Output = T>) -> impl Future<Output = T> {
    let what = what.to_owned();
    async move {
        tokio::time::timeout(patience, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
    }
}
