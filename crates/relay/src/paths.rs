//! The laptop registers the paths it has made up, and takes them back.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, Uri},
};
use relay_protocol::{ChannelPath, OwnerId, PathEntry, PathRegistration, Why, calls::PathList};

use crate::{Relay, answer::Refusal, letterbox::PathRecord, signed::Signed};

/// `GET /v1/paths`
pub(crate) async fn list(
    State(relay): State<Arc<Relay>>,
    request: Request,
) -> Result<Json<PathList>, Refusal> {
    let signed = Signed::read(&relay, request).await?;
    Ok(Json(PathList { paths: entries(&relay, &signed.owner) }))
}

/// `PUT /v1/paths/{path}`
pub(crate) async fn register(
    State(relay): State<Arc<Relay>>,
    uri: Uri,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let signed = Signed::read(&relay, request).await?;
    let path = named(&uri).ok_or_else(|| relay.refuse(Why::BadRequest))?;
    let registration: PathRegistration =
        serde_json::from_slice(&signed.body).map_err(|_| relay.refuse(Why::BadRequest))?;
    let _one_at_a_time = relay.registering.lock().await;
    match relay.book.path(&path) {
        Some(known) if known.owner != signed.owner => return Err(relay.refuse(Why::PathTaken)),
        Some(_) => {}
        None => {
            let held = u64::try_from(relay.book.paths_of(&signed.owner).len()).unwrap_or(u64::MAX);
            if held >= relay.settings.quotas.owner_paths {
                return Err(relay.refuse(Why::PathLimit));
            }
        }
    }
    let record = PathRecord { path, owner: signed.owner, registration };
    let house = Arc::clone(&relay);
    let put = Relay::to_the_end(async move {
        house.letterbox.put_path(&record, house.clock.now_ms()).await?;
        house.book.put_path(record);
        Ok(())
    });
    put.await.map_err(|fault| relay.refuse_after(&fault))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/paths/{path}`
pub(crate) async fn remove(
    State(relay): State<Arc<Relay>>,
    uri: Uri,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let signed = Signed::read(&relay, request).await?;
    let _one_at_a_time = relay.registering.lock().await;
    let known = named(&uri).and_then(|path| relay.book.path(&path));
    let Some(record) = known.filter(|record| record.owner == signed.owner) else {
        return Err(relay.refuse(Why::UnknownPath));
    };
    let house = Arc::clone(&relay);
    let removed = Relay::to_the_end(async move {
        house.letterbox.remove_path(&record.path).await?;
        house.book.remove_path(&record.path);
        Ok(())
    });
    removed.await.map_err(|fault| relay.refuse_after(&fault))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn entries(relay: &Relay, owner: &OwnerId) -> Vec<PathEntry> {
    let account = relay.ledger.account(owner);
    let records = relay.book.paths_of(owner).into_iter();
    records
        .map(|record| PathEntry {
            path: record.path,
            kind: record.registration.kind,
            has_verify_token: record.registration.verify_token_sha256.is_some(),
            waiting: account.paths.get(&record.path).copied().unwrap_or(0),
        })
        .collect()
}

fn named(uri: &Uri) -> Option<ChannelPath> {
    uri.path().strip_prefix("/v1/paths/")?.parse().ok()
}
