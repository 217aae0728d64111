//! How things stand: for the owner in full, for a monitor in one word.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use relay_protocol::{
    PathEntry, Status, Why,
    calls::{QuotaLimits, Warning},
};

use crate::{
    Relay,
    answer::{RETRY_BUSY, Refusal, later},
    ledger::Account,
    paths,
    signed::Signed,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// `GET /v1/status`
pub(crate) async fn status(
    State(relay): State<Arc<Relay>>,
    request: Request,
) -> Result<Json<Status>, Refusal> {
    let signed = Signed::read(&relay, request).await?;
    let oldest = relay.letterbox.oldest_ms(&signed.owner).await;
    let oldest_arrived_ms = oldest.map_err(|fault| relay.refuse_after(&fault))?;
    let account = relay.ledger.account(&signed.owner);
    let paths = paths::entries(&relay, &signed.owner);
    let quotas = relay.settings.quotas.limits();
    let now_ms = relay.clock.now_ms();
    Ok(Json(Status {
        relay: relay.id,
        owner: signed.owner,
        now_ms,
        reachable_since_ms: relay.started_ms,
        unreachable_from_ms: relay.alive_before_ms,
        waiting: account.envelopes,
        waiting_bytes: account.bytes,
        oldest_arrived_ms,
        last_sequence: account.last_sequence,
        acked_upto: account.acked_upto,
        expired: account.expired,
        warnings: warnings(&account, &paths, &quotas, oldest_arrived_ms, now_ms),
        paths,
        quotas,
    }))
}

/// `GET /healthz`: 200 when the letterbox answers.
pub(crate) async fn health(State(relay): State<Arc<Relay>>) -> Response {
    match relay.letterbox.relay().await {
        Ok(_) => (StatusCode::OK, "ok\n").into_response(),
        Err(_) => later(RETRY_BUSY),
    }
}

pub(crate) async fn not_found(State(relay): State<Arc<Relay>>) -> Refusal {
    relay.refuse(Why::NotFound)
}

fn warnings(
    account: &Account,
    paths: &[PathEntry],
    quotas: &QuotaLimits,
    oldest_arrived_ms: Option<i64>,
    now_ms: i64,
) -> Vec<Warning> {
    let mut found = Vec::new();
    for entry in paths.iter().filter(|entry| is_filling(entry.waiting, quotas.path_envelopes)) {
        found.push(Warning::PathFilling {
            path: entry.path,
            waiting: entry.waiting,
            limit: quotas.path_envelopes,
        });
    }
    if is_filling(account.envelopes, quotas.owner_envelopes) {
        found.push(Warning::OwnerFilling { waiting: account.envelopes, limit: quotas.owner_envelopes });
    }
    if is_filling(account.bytes, quotas.owner_bytes) {
        found.push(Warning::BytesFilling { waiting_bytes: account.bytes, limit: quotas.owner_bytes });
    }
    let last_day = i64::from(quotas.keep_days).saturating_sub(1).saturating_mul(DAY_MS);
    if let Some(oldest_arrived_ms) = oldest_arrived_ms
        && now_ms.saturating_sub(oldest_arrived_ms) >= last_day
    {
        found.push(Warning::Expiring { oldest_arrived_ms });
    }
    found
}

/// Four fifths, or more.
fn is_filling(held: u64, limit: u64) -> bool {
    held > 0 && held.saturating_mul(5) >= limit.saturating_mul(4)
}
