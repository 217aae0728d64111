//! The laptop confirms what it has committed and takes what waits, or waits for it.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, Request, State},
    http::Uri,
};
use relay_protocol::{Envelope, Pull, PullAnswer, Why};
use serde::Deserialize;
use tokio::{sync::oneshot, time::timeout};

use crate::{Relay, answer::Refusal, desk::Errand, letterbox::Confirmation, signed::Signed};

#[derive(Clone, Copy, Deserialize)]
struct Wanted {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    ack_upto: u64,
    #[serde(default = "some")]
    max: u32,
    #[serde(default = "some_bytes")]
    max_bytes: u64,
    /// Seconds.
    #[serde(default)]
    wait: u64,
}

fn some() -> u32 {
    100
}

fn some_bytes() -> u64 {
    1024 * 1024
}

/// `GET /v1/pull`
pub(crate) async fn pull(
    State(relay): State<Arc<Relay>>,
    request: Request,
) -> Result<Json<PullAnswer>, Refusal> {
    let uri: Uri = request.uri().clone();
    let signed = Signed::read(&relay, request).await?;
    let Ok(Query(wanted)) = Query::<Wanted>::try_from_uri(&uri) else {
        return Err(relay.refuse(Why::BadRequest));
    };
    if wanted.ack_upto > wanted.after || wanted.after > relay.ledger.last_sequence(&signed.owner) {
        return Err(relay.refuse(Why::AckBeyond));
    }
    confirm(&relay, Confirmation { owner: signed.owner, upto: wanted.ack_upto }).await?;
    let wait = Duration::from_secs(wanted.wait).min(Pull::LONGEST_WAIT);
    let envelopes = if wait.is_zero() {
        now(&relay, &signed, &wanted).await?
    } else {
        match timeout(wait, something(&relay, &signed, &wanted)).await {
            Ok(found) => found?,
            Err(_) => now(&relay, &signed, &wanted).await?,
        }
    };
    let given = envelopes.last().map_or(wanted.after, |last| last.heading.sequence);
    let remaining = relay.ledger.last_sequence(&signed.owner).saturating_sub(given);
    Ok(Json(PullAnswer { envelopes, remaining }))
}

async fn confirm(relay: &Relay, confirmation: Confirmation) -> Result<(), Refusal> {
    if confirmation.upto <= relay.ledger.acked_upto(&confirmation.owner) {
        return Ok(());
    }
    let (done, settled) = oneshot::channel();
    if !relay.send_to_desk(Errand::Confirm { confirmation, done }) {
        return Err(relay.refuse(Why::Busy));
    }
    match settled.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(relay.refuse(Why::Busy)),
    }
}

/// Returns once something waits or the relay stops. The bell is held before looking, so that none is missed.
async fn something(relay: &Relay, signed: &Signed, wanted: &Wanted) -> Result<Vec<Envelope>, Refusal> {
    let bell = relay.ledger.bell(&signed.owner);
    loop {
        let mut rung = std::pin::pin!(bell.notified());
        rung.as_mut().enable();
        let envelopes = now(relay, signed, wanted).await?;
        if !envelopes.is_empty() {
            return Ok(envelopes);
        }
        tokio::select! {
            () = rung => {}
            () = relay.stopping.cancelled() => return Ok(Vec::new()),
        }
    }
}

async fn now(relay: &Relay, signed: &Signed, wanted: &Wanted) -> Result<Vec<Envelope>, Refusal> {
    if !signed.still_holds(relay) {
        return Err(relay.refuse(Why::BadSignature));
    }
    if relay.ledger.last_sequence(&signed.owner) <= wanted.after {
        return Ok(Vec::new());
    }
    let max = wanted.max.clamp(1, Pull::MOST);
    let max_bytes = wanted.max_bytes.min(Pull::MOST_BYTES);
    let read = relay.letterbox.read(&signed.owner, wanted.after, max, max_bytes).await;
    read.map_err(|fault| relay.refuse_after(&fault))
}
