//! One writer, many readers. The writer gathers what is asked of it at the same time into one commit.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::ChannelId;
use futures::future::{FutureExt as _, LocalBoxFuture};
use jiff::tz::TimeZone;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{Change, Result, StoreError, figures::Counted};

/// The raw key of the encrypted file. A passphrase would cost 145 ms a connection.
#[derive(Clone)]
pub struct DatabaseKey([u8; 32]);

impl DatabaseKey {
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// SQLCipher's raw key notation: https://www.zetetic.net/sqlcipher/sqlcipher-api/#key
    fn pragma(&self) -> String {
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("\"x'{hex}'\"")
    }
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(redacted)")
    }
}

/// When a commit counts as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// After the disk has it.
    #[default]
    Full,
    /// After the system has it; a power cut loses the last commits. For showing that the harness finds loss.
    Off,
}

/// The memory of the house.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: mpsc::Sender<Box<dyn Job>>,
    readers: SqlitePool,
    changes: broadcast::Sender<Arc<[Change]>>,
    path: PathBuf,
    /// True asks the writer to end.
    closing: watch::Sender<bool>,
    /// Its other end goes with the writer.
    ended: watch::Receiver<()>,
}

/// Inside one transaction: the connection, and what will be told once it is committed.
pub struct Tx {
    pub(crate) connection: SqliteConnection,
    pub(crate) changes: Vec<Change>,
    /// The zones in which channels count their days, read once.
    pub(crate) zones: BTreeMap<ChannelId, TimeZone>,
    /// What was counted, added to the figures just before the commit.
    pub(crate) counted: Vec<Counted>,
}

/// Reads what is committed.
#[derive(Clone)]
pub struct Reader {
    pub(crate) pool: SqlitePool,
}

/// A work whose result waits for the commit: how it went, and how to tell whoever asked.
type Ran = (Option<StoreError>, Finish);
type Finish = Box<dyn FnOnce(Option<StoreError>)>;

/// A work of any type, waiting for its transaction.
trait Job: Send {
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> LocalBoxFuture<'t, Ran>;
    fn refuse(self: Box<Self>, error: StoreError);
}

struct Work<T, F> {
    work: F,
    answer: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
{
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> LocalBoxFuture<'t, Ran> {
        Box::pin(async move {
            let Self { work, answer } = *self;
            let result = work(tx).await;
            let error = result.as_ref().err().cloned();
            let finish: Finish = Box::new(move |failed| {
                // Whoever asked may have gone; what was committed stays.
                let _ = answer.send(failed.map_or(result, Err));
            });
            (error, finish)
        })
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.answer.send(Err(error));
    }
}

/// As many works share one commit at the most.
const MOST_IN_A_COMMIT: usize = 256;

impl Store {
    /// Opens the file, or makes it, and brings its schema up to date.
    pub async fn open(path: &Path, key: &DatabaseKey, durability: Durability) -> Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| StoreError::Folder(error.to_string()))?;
        let lock = take_lock(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .pragma("key", key.pragma())
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match durability {
                Durability::Full => SqliteSynchronous::Full,
                Durability::Off => SqliteSynchronous::Off,
            })
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(300)
            .pragma("fullfsync", "1")
            .pragma("checkpoint_fullfsync", "1")
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", "-65536")
            .disable_statement_logging();
        if !path.exists() {
            make(path, &options).await?;
        }
        // SQLite takes a file of no bytes, or of one, for a new database; ours never lack their first page.
        if std::fs::metadata(path).map_err(|error| StoreError::Folder(error.to_string()))?.len() < 512 {
            return Err(StoreError::Damaged);
        }
        let mut writer = options.connect().await?;
        if let Err(error) = sqlx::migrate!("../../migrations").run(&mut writer).await {
            writer.close().await?;
            return Err(error.into());
        }
        // SQLCipher's SQLite lacks the WAL-reset fix of 3.51.3: only the one writer checkpoints.
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(
                options
                    .pragma("wal_autocheckpoint", "0")
                    .pragma("query_only", "1")
                    .pragma("cache_size", "-16384"),
            )
            .await?;
        let (changes, _) = broadcast::channel(4_096);
        let (jobs, waiting) = mpsc::channel(MOST_IN_A_COMMIT * 4);
        let (closing, asked) = watch::channel(false);
        let (alive, ended) = watch::channel(());
        let tell = changes.clone();
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                write_on_and_on(writer, waiting, asked, &tell);
                // Only now may another house take the file, and only then does `close` return.
                drop(lock);
                drop(alive);
            })
            .map_err(|error| StoreError::Defect(error.to_string()))?;
        Ok(Self { inner: Arc::new(Inner { jobs, readers, changes, path: path.to_owned(), closing, ended }) })
    }

    /// Runs the work inside a transaction and answers after the commit. A work that fails leaves no trace; works
    /// that come at the same time share one commit.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Work { work, answer });
        self.inner.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| match self.inner.ended.has_changed() {
            Ok(_) => StoreError::Defect("a work panicked".to_owned()),
            Err(_) => StoreError::Closed,
        })?
    }

    pub fn read(&self) -> Reader {
        Reader { pool: self.inner.readers.clone() }
    }

    /// What is committed from now on, in order; a slow listener is told that it missed some.
    pub fn changes(&self) -> broadcast::Receiver<Arc<[Change]>> {
        self.inner.changes.subscribe()
    }

    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Closes the readers, and the writer after the works that wait; the file is free when this returns.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.closing.send_replace(true);
        // It never sends: this waits for the writer's end to go.
        let _ = self.inner.ended.clone().changed().await;
    }
}

/// How long a house that goes without having been closed waits for its connections.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// On a runtime of one thread a reader that is on its way back to the pool waits for us: no use waiting for it.
const LAST_WAIT_ALONE: Duration = Duration::from_millis(50);

impl Drop for Inner {
    /// SQLCipher frees what all connections share when the process ends; one that is still at work would crash
    /// it. So they end here, if `close` was not waited for.
    fn drop(&mut self) {
        self.closing.send_replace(true);
        let (readers, mut ended) = (self.readers.clone(), self.ended.clone());
        if readers.is_closed() && ended.has_changed().is_err() {
            return;
        }
        let (done, all_done) = std::sync::mpsc::channel::<()>();
        let waiting = std::thread::Builder::new().name("store-end".to_owned()).spawn(move || {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
                runtime.block_on(async {
                    readers.close().await;
                    let _ = ended.changed().await;
                });
            }
            drop(done);
        });
        let alone = tokio::runtime::Handle::try_current()
            .is_ok_and(|runtime| runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::CurrentThread);
        if waiting.is_ok() {
            let _ = all_done.recv_timeout(if alone { LAST_WAIT_ALONE } else { LAST_WAIT });
        }
    }
}

impl Tx {
    /// Told to all listeners once this is committed.
    pub fn tell(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }
}

/// Ten random bytes for an id.
pub(crate) fn entropy() -> [u8; 10] {
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(uuid::Uuid::new_v4().as_bytes().iter().rev()) {
        *to = *from;
    }
    bytes
}

/// A database comes into being whole or not at all: made beside its place, then moved there.
async fn make(path: &Path, options: &SqliteConnectOptions) -> Result<()> {
    let folder_error = |error: std::io::Error| StoreError::Folder(error.to_string());
    // The log of a database that is gone: it must not be played into a new one, nor be thrown away.
    if std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(StoreError::Damaged);
    }
    let new = beside(path, ".new");
    for leftover in [new.clone(), beside(path, ".new-wal"), beside(path, ".new-shm")] {
        match std::fs::remove_file(leftover) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(folder_error(error)),
            Ok(()) | Err(_) => {}
        }
    }
    let mut connection = options.clone().filename(&new).create_if_missing(true).connect().await?;
    sqlx::migrate!("../../migrations").run(&mut connection).await?;
    // The last connection takes the log into the file and removes it.
    connection.close().await?;
    std::fs::rename(&new, path).map_err(folder_error)?;
    // The name must outlive a power cut too. Where folders cannot be synced (Windows) the file system sees to it.
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn take_lock(path: &Path) -> Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(beside(path, ".lock"))
        .map_err(|error| StoreError::Folder(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::SecondInstance),
        Err(std::fs::TryLockError::Error(error)) => Err(StoreError::Folder(error.to_string())),
    }
}

/// The writer's own thread: works need not be `Send` once they run, and nothing else competes for it.
fn write_on_and_on(
    connection: SqliteConnection,
    mut waiting: mpsc::Receiver<Box<dyn Job>>,
    mut asked_to_end: watch::Receiver<bool>,
    tell: &broadcast::Sender<Arc<[Change]>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the writer could not start");
            return;
        }
    };
    runtime.block_on(async move {
        let mut tx = Tx { connection, changes: Vec::new(), zones: BTreeMap::new(), counted: Vec::new() };
        let mut batch = Vec::with_capacity(MOST_IN_A_COMMIT);
        loop {
            let came = tokio::select! {
                came = waiting.recv_many(&mut batch, MOST_IN_A_COMMIT) => came,
                _ = asked_to_end.wait_for(|asked| *asked), if !waiting.is_closed() => {
                    // Nothing more comes in; what came is still done.
                    waiting.close();
                    continue;
                }
            };
            if came == 0 {
                break;
            }
            commit_together(&mut tx, batch.drain(..), tell).await;
        }
        if let Err(error) = tx.connection.close().await {
            tracing::warn!(%error, "the database did not close cleanly");
        }
    });
}

async fn commit_together(
    tx: &mut Tx,
    batch: impl Iterator<Item = Box<dyn Job>>,
    tell: &broadcast::Sender<Arc<[Change]>>,
) {
    let mut finishes = Vec::new();
    // Each hand-over to the connection's thread costs more than the statement: two go together where they can.
    let mut failed = statement(tx, "BEGIN IMMEDIATE; SAVEPOINT work").await.err();
    for job in batch {
        // Nothing is run that cannot be kept.
        if let Some(error) = &failed {
            job.refuse(error.clone());
            continue;
        }
        let (told, counted) = (tx.changes.len(), tx.counted.len());
        // A work that panics is dropped like one that fails; its asker sees the answer's end go.
        let error = match AssertUnwindSafe(job.run(tx)).catch_unwind().await {
            Ok((error, finish)) => {
                finishes.push(finish);
                error
            }
            Err(_) => Some(StoreError::Defect("a work panicked".to_owned())),
        };
        failed = match error {
            None => statement(tx, "RELEASE work; SAVEPOINT work").await.err(),
            // SQLite may have rolled the whole transaction back: nobody's work in it stands.
            Some(error @ (StoreError::DiskFull | StoreError::Damaged | StoreError::WrongKeyOrDamaged)) => {
                Some(error)
            }
            Some(_) => {
                tx.changes.truncate(told);
                tx.counted.truncate(counted);
                tx.zones.clear();
                // The savepoint stays, for the next work.
                statement(tx, "ROLLBACK TO work").await.err()
            }
        };
    }
    if failed.is_none() {
        failed = tx.keep_figures().await.err();
    }
    let outcome = match failed {
        None => statement(tx, "COMMIT").await.err(),
        Some(error) => Some(error),
    };
    if outcome.is_some() {
        // After a full disk SQLite may have rolled back by itself; then there is nothing left to roll back.
        let _ = statement(tx, "ROLLBACK").await;
        tx.changes.clear();
        tx.counted.clear();
        tx.zones.clear();
    }
    if !tx.changes.is_empty() {
        let _ = tell.send(std::mem::take(&mut tx.changes).into());
    }
    for finish in finishes {
        finish(outcome.clone());
    }
}

async fn statement(tx: &mut Tx, sql: &'static str) -> Result<()> {
    sqlx::query(sql).execute(&mut tx.connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;

    async fn store(durability: Durability) -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let key = DatabaseKey::new([1; 32]);
        (Store::open(&folder.path().join("sala.db"), &key, durability).await.unwrap(), folder)
    }

    async fn of_the_writer(store: &Store, pragma: &'static str) -> i64 {
        store
            .write(async move |tx| {
                let sql = AssertSqlSafe(format!("PRAGMA {pragma}"));
                Ok(sqlx::query(sql).fetch_one(&mut tx.connection).await?.get(0))
            })
            .await
            .unwrap()
    }

    async fn of_a_reader(store: &Store, pragma: &str) -> i64 {
        let sql = AssertSqlSafe(format!("PRAGMA {pragma}"));
        sqlx::query(sql).fetch_one(&store.read().pool).await.unwrap().get(0)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_commit_is_on_the_disk_before_it_is_told_and_only_the_writer_checkpoints() {
        let (store, _folder) = store(Durability::Full).await;
        // 2 is FULL: https://sqlite.org/pragma.html#pragma_synchronous
        assert_eq!(of_the_writer(&store, "synchronous").await, 2);
        for pragma in ["fullfsync", "checkpoint_fullfsync", "foreign_keys"] {
            assert_eq!(of_the_writer(&store, pragma).await, 1, "{pragma}");
        }
        assert_ne!(of_the_writer(&store, "wal_autocheckpoint").await, 0);
        assert_eq!(of_a_reader(&store, "wal_autocheckpoint").await, 0);
        assert_eq!(of_a_reader(&store, "query_only").await, 1);
        let forbidden = sqlx::query("DELETE FROM setting").execute(&store.read().pool).await;
        assert!(forbidden.is_err(), "a reader wrote");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn the_lossy_setting_is_lossy() {
        let (store, _folder) = store(Durability::Off).await;
        assert_eq!(of_the_writer(&store, "synchronous").await, 0);
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", DatabaseKey::new([0xab; 32])), "DatabaseKey(redacted)");
        assert!(DatabaseKey::new([0xab; 32]).pragma().starts_with("\"x'abab"));
    }
}
