//! Who asks: a request counts only when it is the owner's, recent, and not heard before.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use axum::{body::to_bytes, extract::Request, http::request::Parts};
use bytes::Bytes;
use relay_protocol::{
    OwnerId, SigningPublic, Why,
    signing::{Asked, Claim, LONGEST_AGE_MS, LONGEST_LEAD_MS},
};

use crate::{Relay, answer::Refusal};

/// Bodies of calls are a registration at most.
const CALL_LIMIT: usize = 64 * 1024;

/// A request that the owner signed.
pub(crate) struct Signed {
    pub(crate) owner: OwnerId,
    pub(crate) body: Bytes,
    key: SigningPublic,
}

impl Signed {
    pub(crate) async fn read(relay: &Relay, request: Request) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, CALL_LIMIT).await.map_err(|_| relay.refuse(Why::TooLarge))?;
        believe(relay, &parts, body).map_err(|why| relay.refuse(why))
    }

    /// Whether a newer pairing has taken the owner's place since.
    pub(crate) fn still_holds(&self, relay: &Relay) -> bool {
        relay.book.owner(&self.owner).is_some_and(|held| held.signing == self.key)
    }
}

fn believe(relay: &Relay, parts: &Parts, body: Bytes) -> Result<Signed, Why> {
    let claim = Claim::read(|name| parts.headers.get(name)?.to_str().ok()).ok_or(Why::BadSignature)?;
    let held = relay.book.owner(&claim.owner).ok_or(Why::BadSignature)?;
    let target = parts.uri.path_and_query().map_or(parts.uri.path(), |target| target.as_str());
    let asked = Asked { relay: relay.id, method: parts.method.as_str(), target, body: &body };
    if !claim.is_signed_by(&held.signing, &asked) {
        return Err(Why::BadSignature);
    }
    let now_ms = relay.clock.now_ms();
    let oldest = now_ms.saturating_sub(LONGEST_AGE_MS).max(relay.started_ms);
    if claim.time_ms < oldest || claim.time_ms > now_ms.saturating_add(LONGEST_LEAD_MS) {
        return Err(Why::ClockSkew);
    }
    if !relay.nonces.is_new(claim.owner, claim.nonce, now_ms) {
        return Err(Why::Replayed);
    }
    Ok(Signed { owner: claim.owner, body, key: held.signing })
}

/// Nonces of believed requests, for as long as a request may be old. They end with the process; therefore nothing
/// signed before its start is believed.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    nonces: HashSet<(OwnerId, [u8; 16])>,
    in_order: VecDeque<(i64, OwnerId, [u8; 16])>,
}

impl Nonces {
    fn is_new(&self, owner: OwnerId, nonce: [u8; 16], now_ms: i64) -> bool {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let outlived = now_ms.saturating_sub(LONGEST_AGE_MS + LONGEST_LEAD_MS);
        while heard.in_order.front().is_some_and(|(at_ms, _, _)| *at_ms < outlived) {
            if let Some((_, owner, nonce)) = heard.in_order.pop_front() {
                heard.nonces.remove(&(owner, nonce));
            }
        }
        let is_new = heard.nonces.insert((owner, nonce));
        if is_new {
            heard.in_order.push_back((now_ms, owner, nonce));
        }
        is_new
    }
}
