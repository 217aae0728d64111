//! The relay put together: opened, started, stopped.

use std::{
    collections::HashMap,
    fs::{DirBuilder, File, TryLockError},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::serve::ListenerExt as _;
use relay_protocol::{OwnerId, Position, RelayId, Why};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Clock, Fault, Settings,
    answer::Refusal,
    book::Book,
    desk::{self, Errand},
    ledger::Ledger,
    letterbox::{Confirmation, Letterbox, Tally, sqlite::SqliteLetterbox},
    limits::{Guesses, SourceRate},
    router::router,
    signed::Nonces,
    sweep,
};

pub use crate::pairing::{CODE_LIFE_MS, offer_code};

/// Memory for webhooks is counted in pieces of this many bytes.
pub(crate) const MEMORY_UNIT: u64 = 1_024;
/// How long a stop may take before what still hangs is cut off.
const GRACE: Duration = Duration::from_secs(15);

/// One relay, open for business.
pub struct Relay {
    pub(crate) id: RelayId,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) letterbox: Arc<dyn Letterbox>,
    pub(crate) book: Book,
    pub(crate) ledger: Ledger,
    pub(crate) sources: SourceRate,
    pub(crate) guesses: Guesses,
    pub(crate) nonces: Nonces,
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) registering: tokio::sync::Mutex<()>,
    pub(crate) started_ms: i64,
    /// When the run before this one was last known to be alive.
    pub(crate) alive_before_ms: Option<i64>,
    /// Something was forgotten since the last tidying.
    pub(crate) untidy: AtomicBool,
    pub(crate) stopping: CancellationToken,
    desk: Mutex<Option<mpsc::Sender<Errand>>>,
    desk_work: Mutex<Option<JoinHandle<()>>>,
    /// Held as long as the letterbox is ours.
    lock: Mutex<Option<File>>,
}

impl Relay {
    /// Opens the letterbox in `settings.data`, which no other relay may use at the same time.
    pub async fn open(settings: Settings, clock: Clock) -> Result<Arc<Self>, Fault> {
        let lock = lock(&settings.data)?;
        let newborn = RelayId::random(&mut rand::rng());
        let letterbox =
            SqliteLetterbox::open(&file_in(&settings.data), settings.quotas.disk_bytes, newborn).await?;
        Self::with_letterbox(settings, clock, Arc::new(letterbox), Some(lock)).await
    }

    async fn with_letterbox(
        settings: Settings,
        clock: Clock,
        letterbox: Arc<dyn Letterbox>,
        lock: Option<File>,
    ) -> Result<Arc<Self>, Fault> {
        let started_ms = clock.now_ms();
        let (owners, paths, tallies) =
            (letterbox.owners().await?, letterbox.paths().await?, letterbox.tallies().await?);
        let heads: HashMap<OwnerId, Position> =
            owners.iter().map(|record| (record.owner, record.head)).collect();
        let memory = usize::try_from(settings.quotas.memory_bytes / MEMORY_UNIT).unwrap_or(usize::MAX);
        let (desk, errands) = mpsc::channel(desk::QUEUE);
        let relay = Arc::new(Self {
            id: letterbox.relay().await?,
            book: Book::open(&owners, &paths),
            ledger: Ledger::open(settings.quotas.limits(), &owners, &tallies),
            sources: SourceRate::new(settings.quotas.source_per_minute),
            guesses: Guesses::default(),
            nonces: Nonces::default(),
            memory: Arc::new(Semaphore::new(memory.min(Semaphore::MAX_PERMITS))),
            registering: tokio::sync::Mutex::new(()),
            alive_before_ms: letterbox.note_alive(started_ms).await?,
            started_ms,
            untidy: AtomicBool::new(true),
            stopping: CancellationToken::new(),
            desk: Mutex::new(Some(desk)),
            desk_work: Mutex::new(None),
            lock: Mutex::new(lock),
            settings,
            clock,
            letterbox,
        });
        let work = tokio::spawn(desk::work(Arc::clone(&relay), errands, heads));
        *relay.desk_work.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
        Ok(relay)
    }

    pub fn id(&self) -> RelayId {
        self.id
    }

    pub fn has_owners(&self) -> bool {
        self.book.has_owners()
    }

    pub fn letterbox(&self) -> &dyn Letterbox {
        self.letterbox.as_ref()
    }

    /// Serves until `stop`; then finishes the requests in hand, ends the long polls and closes the letterbox.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) -> Result<(), Fault> {
        let address = listener.local_addr().unwrap_or(self.settings.listen);
        let listener = listener.tap_io(|connection| {
            connection.set_nodelay(true).ok();
        });
        let sweeping = tokio::spawn(sweep::regularly(Arc::clone(&self)));
        let app = router(Arc::clone(&self)).into_make_service_with_connect_info::<SocketAddr>();
        let stopping = self.stopping.clone();
        let serving = axum::serve(listener, app)
            .with_graceful_shutdown(async move {
                stop.cancelled().await;
                stopping.cancel();
            })
            .into_future();
        let mut serving = std::pin::pin!(serving);
        let ended = tokio::select! {
            ended = &mut serving => ended,
            () = self.stopping.cancelled() => match timeout(GRACE, &mut serving).await {
                Ok(ended) => ended,
                Err(_) => {
                    tracing::warn!("some connections did not end in time and were cut off");
                    Ok(())
                }
            },
        };
        self.stopping.cancel();
        if sweeping.await.is_err() {
            tracing::error!("the sweeper had broken down");
        }
        self.close().await;
        ended.map_err(|error| Fault::Listen(address, error))
    }

    /// Sweeps once, as the running relay does every 20 seconds. `last_ms`: when that was last done.
    pub async fn sweep(&self, last_ms: i64) {
        sweep::sweep(self, &mut sweep::Calm::since(last_ms)).await;
    }

    async fn close(&self) {
        drop(self.desk.lock().unwrap_or_else(PoisonError::into_inner).take());
        let work = self.desk_work.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work
            && work.await.is_err()
        {
            tracing::error!("the desk had broken down");
        }
        if let Err(fault) = self.letterbox.note_alive(self.clock.now_ms()).await {
            tracing::warn!(%fault, "the last sign of life could not be written");
        }
        self.letterbox.close().await;
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// `false` when the desk is full or closed.
    pub(crate) fn send_to_desk(&self, errand: Errand) -> bool {
        let desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.as_ref().is_some_and(|desk| desk.try_send(errand).is_ok())
    }

    /// Work that must not stop halfway when its caller hangs up.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        let ended = tokio::spawn(work).await;
        ended.unwrap_or_else(|_| Err(Fault::Letterbox("a change had broken down".into())))
    }

    pub(crate) fn forgotten(&self, tallies: &[Tally], confirmed: &[Confirmation]) {
        for tally in tallies {
            self.ledger.release(tally);
            self.untidy.store(true, Ordering::Relaxed);
        }
        for Confirmation { owner, upto } in confirmed {
            self.ledger.confirmed(owner, *upto);
        }
    }

    pub(crate) fn refuse(&self, why: Why) -> Refusal {
        Refusal { why, now_ms: self.clock.now_ms() }
    }

    pub(crate) fn refuse_after(&self, fault: &Fault) -> Refusal {
        tracing::warn!(%fault, "a call could not be served");
        self.refuse(Why::Busy)
    }
}

/// The letterbox of a data folder beside a relay that may be serving from it (to offer a code).
pub async fn visit_letterbox(folder: &Path) -> Result<SqliteLetterbox, Fault> {
    make_folder(folder)?;
    SqliteLetterbox::visit(&file_in(folder), RelayId::random(&mut rand::rng())).await
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("letterbox.sqlite")
}

fn make_folder(folder: &Path) -> Result<(), Fault> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Fault::Folder(folder.to_owned(), error))
}

fn lock(folder: &Path) -> Result<File, Fault> {
    make_folder(folder)?;
    let unusable = |error| Fault::Folder(folder.to_owned(), error);
    let file = File::create(folder.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Fault::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
