//! Every route on one screen. `docs/relay.md` shows the JSON of each.

use std::sync::Arc;

use axum::{
    Router,
    routing::{any, get, post, put},
};

use crate::{Relay, pairing, paths, pull, status, webhooks};

pub(crate) fn router(relay: Arc<Relay>) -> Router {
    Router::new()
        // The world: platforms, by a path of 160 random bits.
        .route("/w/{path}", any(webhooks::take))
        // A laptop with a code.
        .route("/v1/pair", post(pairing::pair))
        // The owner's laptop, signed.
        .route("/v1/paths", get(paths::list))
        .route("/v1/paths/{path}", put(paths::register).delete(paths::remove))
        .route("/v1/pull", get(pull::pull))
        .route("/v1/status", get(status::status))
        // A monitor.
        .route("/healthz", get(status::health))
        .fallback(status::not_found)
        .with_state(relay)
}
