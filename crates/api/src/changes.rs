//! What moves in the house: ids only; whoever cares asks again.

use std::sync::Arc;

use serde::Serialize;
use store::Change;
use tokio::sync::broadcast;

/// What was committed together, or that some was missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    Changed {
        changes: Vec<Change>,
    },
    /// Too much moved while nobody listened: look at everything again.
    Missed,
}

/// The stream of changes since it was asked for.
pub struct Changes {
    pub(crate) notices: broadcast::Receiver<Arc<[Change]>>,
}

impl Changes {
    /// The next notice; none when the house is closed.
    pub async fn next(&mut self) -> Option<Notice> {
        match self.notices.recv().await {
            Ok(changes) => Some(Notice::Changed { changes: changes.to_vec() }),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Notice::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
