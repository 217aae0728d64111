//! A laptop becomes an owner's with a short code that the operator reads out.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    body::to_bytes,
    extract::{ConnectInfo, Request, State},
};
use relay_protocol::{
    OwnerId, PairAnswer, Sealer, Why,
    calls::{PairCode, PairRequest},
};

use crate::{
    Fault, Relay,
    answer::Refusal,
    book::OwnerKeysHeld,
    letterbox::{CodeOffer, Letterbox, Redeemed, Redemption},
    source::source,
};

/// A code can be spent within a quarter of an hour.
pub const CODE_LIFE_MS: i64 = 15 * 60 * 1_000;

/// Makes a code; with an owner, whoever spends it takes that owner's place.
pub async fn offer_code(
    letterbox: &dyn Letterbox,
    owner: Option<OwnerId>,
    now_ms: i64,
) -> Result<PairCode, Fault> {
    if let Some(owner) = owner
        && !letterbox.owners().await?.iter().any(|record| record.owner == owner)
    {
        return Err(Fault::UnknownOwner(owner.to_string()));
    }
    let code = PairCode::random(&mut rand::rng());
    let offer = CodeOffer { digest: code.digest(), owner, expires_ms: now_ms.saturating_add(CODE_LIFE_MS) };
    letterbox.offer_code(&offer).await?;
    Ok(code)
}

/// `POST /v1/pair`
pub(crate) async fn pair(
    State(relay): State<Arc<Relay>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Json<PairAnswer>, Refusal> {
    let (parts, body) = request.into_parts();
    let (from, now_ms) = (source(&relay.settings, peer, &parts.headers), relay.clock.now_ms());
    if !relay.guesses.may_try(from, now_ms) {
        return Err(relay.refuse(Why::TooManyAttempts));
    }
    let body = to_bytes(body, 4_096).await.map_err(|_| relay.refuse(Why::TooLarge))?;
    let request: PairRequest = serde_json::from_slice(&body).map_err(|_| relay.refuse(Why::BadRequest))?;
    // A key that cannot be sealed to would lose every webhook.
    if Sealer::ready(&request.sealing_key, &mut rand::rng()).is_err() {
        return Err(relay.refuse(Why::BadRequest));
    }
    let redemption = Redemption {
        digest: request.code.digest(),
        newcomer: OwnerId::random(&mut rand::rng()),
        signing_key: request.signing_key,
        sealing_key: request.sealing_key,
        now_ms,
    };
    match Relay::to_the_end(redeem(Arc::clone(&relay), redemption)).await {
        Ok(Some(redeemed)) => {
            Ok(Json(PairAnswer { relay: relay.id, owner: redeemed.owner, position: redeemed.position }))
        }
        Ok(None) => {
            relay.guesses.was_wrong(from, now_ms);
            Err(relay.refuse(Why::WrongCode))
        }
        Err(fault) => Err(relay.refuse_after(&fault)),
    }
}

/// The new keys count from the moment they are on the disk; whoever waits with the old ones is sent away.
async fn redeem(relay: Arc<Relay>, redemption: Redemption) -> Result<Option<Redeemed>, Fault> {
    let redeemed = relay.letterbox.redeem_code(&redemption).await?;
    if let Some(Redeemed { owner, .. }) = &redeemed {
        let keys = OwnerKeysHeld { signing: redemption.signing_key, sealing: redemption.sealing_key };
        relay.book.pair(*owner, keys);
        relay.ledger.ring(owner);
        tracing::info!(%owner, "paired");
    }
    Ok(redeemed)
}
