//! The letterbox in one SQLite file: WAL, every commit on the disk before it counts, one writer, a few readers.

mod rows;
mod writing;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use relay_protocol::{
    ChannelPath, Digest, Envelope, OwnerId, PathKind, PathRegistration, Position, RelayId, SealingPublic,
    SigningPublic,
};
use sqlx::{
    Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, MutexGuard};

use self::rows::{EnvelopeRow, TallyRow, count, crooked, fault, last_that_fits, number, tallied};
use super::{CodeOffer, Confirmation, Kept, Letterbox, OwnerRecord, PathRecord, Redeemed, Redemption, Tally};
use crate::Fault;

const FORM: i64 = 1;
/// Webhooks are about a kilobyte, so that half a dozen share a page.
const PAGE_BYTES: u32 = 8_192;
/// 32 MiB of log between checkpoints under load; a quiet letterbox is checkpointed by [`Letterbox::tidy`].
const CHECKPOINT_PAGES: u32 = 4_096;

pub struct SqliteLetterbox {
    writer: Mutex<Writer>,
    readers: SqlitePool,
}

struct Writer {
    connection: SqliteConnection,
    /// A transaction was begun and not yet seen to its end.
    in_work: bool,
}

/// The writer with a transaction begun. Not sqlx's own: SQLite ends a transaction by itself when the disk is full,
/// and a caller may hang up in the middle of one; in both cases the writer must be fit for the next.
struct Work<'a>(MutexGuard<'a, Writer>);

impl SqliteLetterbox {
    /// Opens the file, or makes it with `newborn` as the relay's name. `disk_bytes` bounds the file.
    pub async fn open(file: &Path, disk_bytes: u64, newborn: RelayId) -> Result<Self, Fault> {
        let most_pages = (disk_bytes / u64::from(PAGE_BYTES)).clamp(64, u64::from(u32::MAX - 1));
        let keeping = writing_to(file)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
            .pragma("journal_size_limit", "67108864")
            .pragma("max_page_count", most_pages.to_string());
        Self::connect(file, &keeping, newborn).await
    }

    /// Opens the file beside a relay that may be running. A visitor never folds the log in: SQLite before 3.51.3
    /// can lose it when two connections do so at the same moment. <https://www.sqlite.org/wal.html>
    pub async fn visit(file: &Path, newborn: RelayId) -> Result<Self, Fault> {
        Self::connect(file, &writing_to(file).pragma("wal_autocheckpoint", "0"), newborn).await
    }

    async fn connect(file: &Path, options: &SqliteConnectOptions, newborn: RelayId) -> Result<Self, Fault> {
        let mut connection = SqliteConnection::connect_with(options).await.map_err(fault)?;
        prepare(&mut connection, newborn).await?;
        let reading =
            SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(Duration::from_secs(10));
        let readers =
            SqlitePoolOptions::new().max_connections(4).connect_with(reading).await.map_err(fault)?;
        Ok(Self { writer: Mutex::new(Writer { connection, in_work: false }), readers })
    }

    async fn begin(&self) -> Result<Work<'_>, Fault> {
        let mut writer = self.writer.lock().await;
        if writer.in_work {
            // Left by a caller who hung up; fails when SQLite has ended it already.
            sqlx::query("ROLLBACK").execute(&mut writer.connection).await.ok();
        }
        writer.in_work = true;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut writer.connection).await.map_err(fault)?;
        Ok(Work(writer))
    }
}

impl Work<'_> {
    fn on(&mut self) -> &mut SqliteConnection {
        &mut self.0.connection
    }

    /// Commits what was done, or takes it back.
    async fn end<T>(mut self, done: Result<T, Fault>) -> Result<T, Fault> {
        let ended = match done {
            Ok(value) => {
                let committed = sqlx::query("COMMIT").execute(self.on()).await.map_err(fault);
                committed.map(|_| value)
            }
            Err(fault) => Err(fault),
        };
        if ended.is_err() {
            sqlx::query("ROLLBACK").execute(self.on()).await.ok();
        }
        self.0.in_work = false;
        ended
    }
}

fn writing_to(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        // Forgotten contents are overwritten with zeros, sealed or not.
        .pragma("secure_delete", "ON")
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
}

async fn prepare(writer: &mut SqliteConnection, newborn: RelayId) -> Result<(), Fault> {
    let mut work = writer.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    let form: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *work).await.map_err(fault)?;
    match form {
        0 => {
            sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *work).await.map_err(fault)?;
            sqlx::query("INSERT INTO relay (only_row, id) VALUES (1, ?)")
                .bind(newborn.as_bytes().as_slice())
                .execute(&mut *work)
                .await
                .map_err(fault)?;
        }
        FORM => {}
        newer => return Err(Fault::Newer(newer)),
    }
    work.commit().await.map_err(fault)
}

#[async_trait]
impl Letterbox for SqliteLetterbox {
    async fn relay(&self) -> Result<RelayId, Fault> {
        let id: Vec<u8> =
            sqlx::query_scalar("SELECT id FROM relay").fetch_one(&self.readers).await.map_err(fault)?;
        RelayId::from_slice(&id).ok_or_else(crooked)
    }

    async fn note_alive(&self, now_ms: i64) -> Result<Option<i64>, Fault> {
        let mut work = self.begin().await?;
        let done = writing::note_alive(work.on(), now_ms).await;
        work.end(done).await
    }

    async fn offer_code(&self, offer: &CodeOffer) -> Result<(), Fault> {
        let mut work = self.begin().await?;
        let done = writing::offer_code(work.on(), offer).await;
        work.end(done).await
    }

    async fn redeem_code(&self, redemption: &Redemption) -> Result<Option<Redeemed>, Fault> {
        let mut work = self.begin().await?;
        let done = writing::redeem_code(work.on(), redemption).await;
        work.end(done).await
    }

    async fn owners(&self) -> Result<Vec<OwnerRecord>, Fault> {
        let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>, i64, Vec<u8>, i64, i64)> = sqlx::query_as(
            "SELECT owner, signing_key, sealing_key, last_sequence, last_hash, acked_upto, expired
             FROM owners ORDER BY paired_ms, owner",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        rows.into_iter()
            .map(|(owner, signing, sealing, sequence, hash, acked_upto, expired)| {
                Some(OwnerRecord {
                    owner: OwnerId::from_slice(&owner)?,
                    signing_key: SigningPublic::from_slice(&signing)?,
                    sealing_key: SealingPublic::from_slice(&sealing)?,
                    head: Position { sequence: count(sequence), hash: Digest::from_slice(&hash)? },
                    acked_upto: count(acked_upto),
                    expired: count(expired),
                })
            })
            .collect::<Option<_>>()
            .ok_or_else(crooked)
    }

    async fn paths(&self) -> Result<Vec<PathRecord>, Fault> {
        let rows: Vec<(Vec<u8>, Vec<u8>, String, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT path, owner, kind, verify_token_sha256 FROM paths ORDER BY registered_ms, path",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        rows.into_iter()
            .map(|(path, owner, kind, verify)| {
                Some(PathRecord {
                    path: ChannelPath::from_slice(&path)?,
                    owner: OwnerId::from_slice(&owner)?,
                    registration: PathRegistration {
                        kind: PathKind::from_name(&kind)?,
                        verify_token_sha256: verify.as_deref().and_then(Digest::from_slice),
                    },
                })
            })
            .collect::<Option<_>>()
            .ok_or_else(crooked)
    }

    async fn put_path(&self, record: &PathRecord, now_ms: i64) -> Result<(), Fault> {
        let mut work = self.begin().await?;
        let done = writing::put_path(work.on(), record, now_ms).await;
        work.end(done).await
    }

    async fn remove_path(&self, path: &ChannelPath) -> Result<(), Fault> {
        let mut work = self.begin().await?;
        let done = writing::remove_path(work.on(), path).await;
        work.end(done).await
    }

    async fn settle(&self, keep: &[Kept], confirm: &[Confirmation]) -> Result<Vec<Tally>, Fault> {
        let mut work = self.begin().await?;
        let done = writing::settle(work.on(), keep, confirm).await;
        work.end(done).await
    }

    async fn read(
        &self,
        owner: &OwnerId,
        after: u64,
        max: u32,
        max_bytes: u64,
    ) -> Result<Vec<Envelope>, Fault> {
        let sizes: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT sequence, size FROM envelopes WHERE owner = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        )
        .bind(owner.as_bytes().as_slice())
        .bind(number(after))
        .bind(i64::from(max))
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        let Some(upto) = last_that_fits(&sizes, max_bytes) else {
            return Ok(Vec::new());
        };
        let rows: Vec<EnvelopeRow> = sqlx::query_as(
            "SELECT sequence, arrived_ms, path, method, previous, sealed_to, encapsulated, ciphertext
             FROM envelopes WHERE owner = ? AND sequence > ? AND sequence <= ? ORDER BY sequence",
        )
        .bind(owner.as_bytes().as_slice())
        .bind(number(after))
        .bind(upto)
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        let relay = self.relay().await?;
        rows.into_iter().map(|row| row.envelope(relay, *owner)).collect::<Option<_>>().ok_or_else(crooked)
    }

    async fn tallies(&self) -> Result<Vec<Tally>, Fault> {
        let rows: Vec<TallyRow> = sqlx::query_as(
            "SELECT owner, path, COUNT(*), SUM(size) FROM envelopes GROUP BY owner, path ORDER BY owner, path",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(fault)?;
        tallied(rows)
    }

    async fn oldest_ms(&self, owner: &OwnerId) -> Result<Option<i64>, Fault> {
        sqlx::query_scalar("SELECT arrived_ms FROM envelopes WHERE owner = ? ORDER BY sequence LIMIT 1")
            .bind(owner.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault)
    }

    async fn expire(&self, arrived_before_ms: i64, now_ms: i64) -> Result<Vec<Tally>, Fault> {
        let mut work = self.begin().await?;
        let done = writing::expire(work.on(), arrived_before_ms, now_ms).await;
        work.end(done).await
    }

    async fn tidy(&self) -> Result<(), Fault> {
        let mut writer = self.writer.lock().await;
        let checkpoint = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)");
        checkpoint.execute(&mut writer.connection).await.map_err(fault)?;
        Ok(())
    }

    async fn close(&self) {
        self.readers.close().await;
        if let Err(error) = self.tidy().await {
            tracing::warn!(%error, "the letterbox's log could not be folded in; the next start does it");
        }
    }
}
