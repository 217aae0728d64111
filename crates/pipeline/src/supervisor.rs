//! The supervisor: named tasks, started again when they fail, and named when they would not stop.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

type Start = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A closed list of workers.
pub(crate) struct Supervisor {
    stopping: CancellationToken,
    workers: Vec<(&'static str, Start)>,
}

/// How the stop went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stopped {
    /// Workers that did not end within the grace period.
    pub would_not: Vec<&'static str>,
}

impl Supervisor {
    pub(crate) fn new(stopping: CancellationToken) -> Self {
        Self { stopping, workers: Vec::new() }
    }

    pub(crate) fn add<F, Fut>(&mut self, name: &'static str, start: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.workers.push((name, Arc::new(move || Box::pin(start()))));
    }

    /// Runs all workers until the token is cancelled, then gives them the grace period.
    pub(crate) async fn run(self, grace: Duration) -> Stopped {
        let mut running = JoinSet::new();
        let mut names: BTreeMap<Id, usize> = BTreeMap::new();
        for (at, (_, start)) in self.workers.iter().enumerate() {
            names.insert(running.spawn(start()).id(), at);
        }
        loop {
            tokio::select! {
                () = self.stopping.cancelled() => break,
                ended = running.join_next_with_id() => {
                    let Some(ended) = ended else { break };
                    let id = match &ended {
                        Ok((id, ())) => *id,
                        Err(error) => error.id(),
                    };
                    let Some(at) = names.remove(&id) else { continue };
                    let Some((name, start)) = self.workers.get(at) else { continue };
                    if self.stopping.is_cancelled() {
                        break;
                    }
                    tracing::error!(worker = name, panicked = ended.is_err(), "a worker ended; starting it again");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    names.insert(running.spawn(start()).id(), at);
                }
            }
        }
        let ended = tokio::time::timeout(grace, async {
            while let Some(ended) = running.join_next_with_id().await {
                let id = match &ended {
                    Ok((id, ())) => *id,
                    Err(error) => error.id(),
                };
                names.remove(&id);
            }
        });
        if ended.await.is_ok() {
            return Stopped::default();
        }
        let would_not: Vec<&'static str> =
            names.values().filter_map(|at| self.workers.get(*at).map(|(name, _)| *name)).collect();
        tracing::warn!(?would_not, "workers did not stop within their grace period");
        running.abort_all();
        Stopped { would_not }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_is_started_again_and_one_that_hangs_is_named() {
        let stopping = CancellationToken::new();
        let starts = Arc::new(AtomicUsize::new(0));
        let mut supervisor = Supervisor::new(stopping.clone());
        supervisor.add("fragile", {
            let (starts, stopping) = (starts.clone(), stopping.clone());
            move || {
                let (starts, stopping) = (starts.clone(), stopping.clone());
                async move {
                    assert!(starts.fetch_add(1, Ordering::SeqCst) > 1, "fails twice");
                    stopping.cancelled().await;
                }
            }
        });
        supervisor.add("deaf", std::future::pending);
        let running = tokio::spawn(supervisor.run(Duration::from_secs(3)));
        tokio::time::sleep(Duration::from_secs(2)).await;
        stopping.cancel();
        assert_eq!(running.await.unwrap(), Stopped { would_not: vec!["deaf"] });
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }
}
