//! Every statement that changes the file, each within a transaction that its caller began.

use std::collections::BTreeSet;

use relay_protocol::{ChannelPath, Digest, Envelope, OwnerId, Position};
use sqlx::{Sqlite, SqliteConnection, sqlite::SqliteArguments};

use super::rows::{TallyRow, count, crooked, fault, number, tallied};
use crate::{
    Fault,
    letterbox::{CodeOffer, Confirmation, Kept, PathRecord, Redeemed, Redemption, Tally},
};

type Statement<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

macro_rules! insert {
    ($($row:literal),+) => {
        concat!(
            "INSERT INTO envelopes
                 (owner, sequence, arrived_ms, size, path, method, previous, sealed_to, encapsulated, ciphertext)
             VALUES ",
            $($row),+
        )
    };
}

const INSERT: &str = insert!("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

/// Under load each statement is a trip to SQLite's thread and back; sixteen envelopes share one.
#[rustfmt::skip]
const INSERT_SIXTEEN: &str = insert!(
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
);

pub(super) async fn note_alive(work: &mut SqliteConnection, now_ms: i64) -> Result<Option<i64>, Fault> {
    let before: Option<i64> =
        sqlx::query_scalar("SELECT alive_ms FROM relay").fetch_one(&mut *work).await.map_err(fault)?;
    sqlx::query("UPDATE relay SET alive_ms = ?").bind(now_ms).execute(&mut *work).await.map_err(fault)?;
    Ok(before)
}

pub(super) async fn offer_code(work: &mut SqliteConnection, offer: &CodeOffer) -> Result<(), Fault> {
    sqlx::query("INSERT INTO pair_codes (digest, owner, expires_ms) VALUES (?, ?, ?)")
        .bind(offer.digest.as_bytes().as_slice())
        .bind(offer.owner.map(|owner| owner.as_bytes().to_vec()))
        .bind(offer.expires_ms)
        .execute(work)
        .await
        .map_err(fault)?;
    Ok(())
}

pub(super) async fn redeem_code(
    work: &mut SqliteConnection,
    redemption: &Redemption,
) -> Result<Option<Redeemed>, Fault> {
    let spent: Option<(Option<Vec<u8>>,)> =
        sqlx::query_as("DELETE FROM pair_codes WHERE digest = ? AND expires_ms > ? RETURNING owner")
            .bind(redemption.digest.as_bytes().as_slice())
            .bind(redemption.now_ms)
            .fetch_optional(&mut *work)
            .await
            .map_err(fault)?;
    let owner = match spent {
        None => return Ok(None),
        Some((None,)) => redemption.newcomer,
        Some((Some(owner),)) => OwnerId::from_slice(&owner).ok_or_else(crooked)?,
    };
    sqlx::query(
        "INSERT INTO owners
             (owner, signing_key, sealing_key, paired_ms, last_sequence, last_hash, acked_upto, expired)
         VALUES (?, ?, ?, ?, 0, ?, 0, 0)
         ON CONFLICT (owner) DO UPDATE SET
             signing_key = excluded.signing_key,
             sealing_key = excluded.sealing_key,
             paired_ms = excluded.paired_ms",
    )
    .bind(owner.as_bytes().as_slice())
    .bind(redemption.signing_key.as_bytes().as_slice())
    .bind(redemption.sealing_key.as_bytes().as_slice())
    .bind(redemption.now_ms)
    .bind(Digest::NOTHING.as_bytes().as_slice())
    .execute(&mut *work)
    .await
    .map_err(fault)?;
    Ok(Some(Redeemed { owner, position: position(work, &owner).await? }))
}

pub(super) async fn put_path(
    work: &mut SqliteConnection,
    record: &PathRecord,
    now_ms: i64,
) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO paths (path, owner, kind, verify_token_sha256, registered_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (path) DO UPDATE SET
             owner = excluded.owner,
             kind = excluded.kind,
             verify_token_sha256 = excluded.verify_token_sha256",
    )
    .bind(record.path.as_bytes().as_slice())
    .bind(record.owner.as_bytes().as_slice())
    .bind(record.registration.kind.as_str())
    .bind(record.registration.verify_token_sha256.map(|digest| digest.as_bytes().to_vec()))
    .bind(now_ms)
    .execute(work)
    .await
    .map_err(fault)?;
    Ok(())
}

pub(super) async fn remove_path(work: &mut SqliteConnection, path: &ChannelPath) -> Result<(), Fault> {
    let removal = sqlx::query("DELETE FROM paths WHERE path = ?").bind(path.as_bytes().as_slice());
    removal.execute(work).await.map_err(fault)?;
    Ok(())
}

pub(super) async fn settle(
    work: &mut SqliteConnection,
    keep: &[Kept],
    confirm: &[Confirmation],
) -> Result<Vec<Tally>, Fault> {
    let (many, few) = keep.as_chunks::<16>();
    for sixteen in many {
        let statement =
            sixteen.iter().fold(sqlx::query(INSERT_SIXTEEN), |it, kept| bound(it, &kept.envelope));
        statement.execute(&mut *work).await.map_err(fault)?;
    }
    for kept in few {
        bound(sqlx::query(INSERT), &kept.envelope).execute(&mut *work).await.map_err(fault)?;
    }
    // The last envelope of each owner in the batch is the head of that owner's chain.
    let mut told = BTreeSet::new();
    for kept in keep.iter().rev() {
        if told.insert(kept.envelope.heading.owner) {
            set_head(work, kept).await?;
        }
    }
    let mut forgotten = Vec::new();
    for confirmation in confirm {
        forgotten.extend(forget(work, confirmation).await?);
    }
    Ok(forgotten)
}

pub(super) async fn expire(
    work: &mut SqliteConnection,
    arrived_before_ms: i64,
    now_ms: i64,
) -> Result<Vec<Tally>, Fault> {
    let rows: Vec<TallyRow> = sqlx::query_as(
        "SELECT owner, path, COUNT(*), SUM(size) FROM envelopes WHERE arrived_ms < ?
         GROUP BY owner, path ORDER BY owner, path",
    )
    .bind(arrived_before_ms)
    .fetch_all(&mut *work)
    .await
    .map_err(fault)?;
    let thrown = tallied(rows)?;
    let throwing = sqlx::query("DELETE FROM envelopes WHERE arrived_ms < ?").bind(arrived_before_ms);
    throwing.execute(&mut *work).await.map_err(fault)?;
    for tally in &thrown {
        sqlx::query("UPDATE owners SET expired = expired + ? WHERE owner = ?")
            .bind(number(tally.envelopes))
            .bind(tally.owner.as_bytes().as_slice())
            .execute(&mut *work)
            .await
            .map_err(fault)?;
    }
    let ending = sqlx::query("DELETE FROM pair_codes WHERE expires_ms <= ?").bind(now_ms);
    ending.execute(work).await.map_err(fault)?;
    Ok(thrown)
}

fn bound<'q>(statement: Statement<'q>, envelope: &'q Envelope) -> Statement<'q> {
    let heading = &envelope.heading;
    statement
        .bind(heading.owner.as_bytes().as_slice())
        .bind(number(heading.sequence))
        .bind(heading.arrived_ms)
        .bind(number(envelope.size()))
        .bind(heading.path.as_bytes().as_slice())
        .bind(heading.method.as_str())
        .bind(heading.previous.as_bytes().as_slice())
        .bind(envelope.sealed_to.as_bytes().as_slice())
        .bind(envelope.encapsulated.as_slice())
        .bind(envelope.ciphertext.as_slice())
}

async fn set_head(work: &mut SqliteConnection, kept: &Kept) -> Result<(), Fault> {
    sqlx::query("UPDATE owners SET last_sequence = ?, last_hash = ? WHERE owner = ?")
        .bind(number(kept.envelope.heading.sequence))
        .bind(kept.hash.as_bytes().as_slice())
        .bind(kept.envelope.heading.owner.as_bytes().as_slice())
        .execute(work)
        .await
        .map_err(fault)?;
    Ok(())
}

async fn forget(work: &mut SqliteConnection, confirmation: &Confirmation) -> Result<Vec<Tally>, Fault> {
    let owner = confirmation.owner.as_bytes().as_slice();
    let upto = number(confirmation.upto);
    let rows: Vec<TallyRow> = sqlx::query_as(
        "SELECT owner, path, COUNT(*), SUM(size) FROM envelopes WHERE owner = ? AND sequence <= ?
         GROUP BY owner, path ORDER BY path",
    )
    .bind(owner)
    .bind(upto)
    .fetch_all(&mut *work)
    .await
    .map_err(fault)?;
    sqlx::query("DELETE FROM envelopes WHERE owner = ? AND sequence <= ?")
        .bind(owner)
        .bind(upto)
        .execute(&mut *work)
        .await
        .map_err(fault)?;
    sqlx::query("UPDATE owners SET acked_upto = MAX(acked_upto, ?) WHERE owner = ?")
        .bind(upto)
        .bind(owner)
        .execute(&mut *work)
        .await
        .map_err(fault)?;
    tallied(rows)
}

/// Just before the first envelope that waits; the head of the chain when none does.
async fn position(work: &mut SqliteConnection, owner: &OwnerId) -> Result<Position, Fault> {
    let waiting: Option<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT sequence - 1, previous FROM envelopes WHERE owner = ? ORDER BY sequence LIMIT 1",
    )
    .bind(owner.as_bytes().as_slice())
    .fetch_optional(&mut *work)
    .await
    .map_err(fault)?;
    let (sequence, hash) = match waiting {
        Some(first) => first,
        None => sqlx::query_as("SELECT last_sequence, last_hash FROM owners WHERE owner = ?")
            .bind(owner.as_bytes().as_slice())
            .fetch_one(&mut *work)
            .await
            .map_err(fault)?,
    };
    Ok(Position { sequence: count(sequence), hash: Digest::from_slice(&hash).ok_or_else(crooked)? })
}
