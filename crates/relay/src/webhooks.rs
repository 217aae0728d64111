//! A platform calls: take what it brings, seal it, keep it, and only then say thanks.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use relay_protocol::{
    ChannelPath, Sealer, Webhook,
    door::{BODY_LIMIT, Calling, challenge, keeps_header},
};
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::timeout,
};

use crate::{
    Relay,
    answer::{RETRY_BUSY, RETRY_FULL, later, to_platform},
    desk::{Arrival, Errand},
    house::MEMORY_UNIT,
    letterbox::{PathRecord, Tally},
    source::{public_url, source},
};

/// A body must be there within this; platforms send theirs at once.
const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// A body beyond the limit is read on until here, so that its sender hears the 413 rather than a broken pipe.
const DRAIN_LIMIT: usize = 16 * 1024 * 1024;

/// Why a webhook is not here: the platform must not take it for delivered.
enum NotKept {
    /// A quota is reached, or the disk is.
    Full,
    /// Too much at this moment.
    Busy,
    TooLarge,
    TooSlow,
    /// The body ended before its end.
    Broken,
    /// The path's owner is gone.
    Unknown,
}

impl IntoResponse for NotKept {
    fn into_response(self) -> Response {
        match self {
            Self::Full => later(RETRY_FULL),
            Self::Busy => later(RETRY_BUSY),
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT.into_response(),
            Self::Broken => StatusCode::BAD_REQUEST.into_response(),
            Self::Unknown => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

/// `ANY /w/{path}`
pub(crate) async fn take(
    State(relay): State<Arc<Relay>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if !relay.sources.admits(source(&relay.settings, peer, &parts.headers), relay.clock.now_ms()) {
        return later(RETRY_BUSY);
    }
    let path = parts.uri.path().strip_prefix("/w/").and_then(|path| path.parse::<ChannelPath>().ok());
    let record = path.and_then(|path| relay.book.path(&path));
    let Some(record) = record else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let registration = record.registration;
    match registration.kind.calling(parts.method.as_str()) {
        Calling::Neither => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        Calling::Challenge => {
            let query = parts.uri.query().unwrap_or_default();
            to_platform(challenge(query, registration.verify_token_sha256.as_ref()))
        }
        Calling::Webhook => match keep(&relay, peer, parts, body, &record).await {
            Ok(()) => to_platform(registration.kind.thanks()),
            Err(not_kept) => not_kept.into_response(),
        },
    }
}

async fn keep(
    relay: &Arc<Relay>,
    peer: SocketAddr,
    parts: Parts,
    body: Body,
    record: &PathRecord,
) -> Result<(), NotKept> {
    let memory = set_memory_aside(relay, &body)?;
    let body = whole(body).await?;
    let arrived_ms = relay.clock.now_ms();
    let webhook = Webhook {
        method: parts.method.as_str().to_owned(),
        path: record.path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        url: public_url(&relay.settings, peer, &parts.headers, &parts.uri),
        headers: kept_headers(&parts.headers),
        body,
    };
    let held = relay.book.owner(&record.owner).ok_or(NotKept::Unknown)?;
    let sealer = Sealer::ready(&held.sealing, &mut rand::rng()).map_err(|_| NotKept::Full)?;
    let contents = webhook.to_bytes();
    // As large as its envelope will be: contents, tag, and the rest of the row.
    let bytes = u64::try_from(contents.len()).unwrap_or(u64::MAX).saturating_add(272);
    let room = Tally { owner: record.owner, path: record.path, envelopes: 1, bytes };
    let (done, kept) = oneshot::channel();
    let arrival = Arrival { room, method: webhook.method, arrived_ms, sealer, contents, memory, done };
    hand_to_desk(relay, arrival)?;
    match kept.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(NotKept::Full),
        Err(_) => Err(NotKept::Busy),
    }
}

/// Without a pause between reserving and handing over, so that a caller who hangs up leaves nothing reserved.
fn hand_to_desk(relay: &Relay, arrival: Arrival) -> Result<(), NotKept> {
    let room = arrival.room;
    if !relay.ledger.reserve(&room) {
        tracing::debug!(path = ?room.path, "a quota is reached; the platform is asked to come again");
        return Err(NotKept::Full);
    }
    if !relay.send_to_desk(Errand::Keep(Box::new(arrival))) {
        relay.ledger.release(&room);
        return Err(NotKept::Busy);
    }
    Ok(())
}

/// As much as the body says it has, or the most it may have.
fn set_memory_aside(relay: &Relay, body: &Body) -> Result<OwnedSemaphorePermit, NotKept> {
    let limit = u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX);
    let bytes = body.size_hint().exact().unwrap_or(limit).min(limit);
    let units = u32::try_from(bytes.div_ceil(MEMORY_UNIT).max(1)).unwrap_or(u32::MAX);
    Arc::clone(&relay.memory).try_acquire_many_owned(units).map_err(|_| NotKept::Busy)
}

async fn whole(body: Body) -> Result<Vec<u8>, NotKept> {
    match timeout(BODY_PATIENCE, collect(body)).await {
        Ok(taken) => taken,
        Err(_) => Err(NotKept::TooSlow),
    }
}

async fn collect(mut body: Body) -> Result<Vec<u8>, NotKept> {
    let expected = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
    let mut whole = Vec::with_capacity(expected.min(BODY_LIMIT));
    let mut seen = 0_usize;
    while let Some(frame) =
        std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await
    {
        let frame = frame.map_err(|_| NotKept::Broken)?;
        let Ok(data) = frame.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen > DRAIN_LIMIT {
            break;
        }
        if seen <= BODY_LIMIT {
            whole.extend_from_slice(&data);
        } else {
            whole = Vec::new();
        }
    }
    if seen > BODY_LIMIT { Err(NotKept::TooLarge) } else { Ok(whole) }
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let kept = headers.iter().filter(|(name, _)| keeps_header(name.as_str()));
    kept.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}
