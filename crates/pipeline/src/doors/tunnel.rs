//! The tunnel door: the relay's routes on loopback, served by the house itself behind a tunnel of the owner's
//! (cloudflared, ngrok, Tailscale Funnel). It keeps nothing while the house is closed.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, RawQuery, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use domain::{ChannelId, Door, Platform};
use platforms::{ReceiveError, Webhook};
use relay_protocol::door::{BODY_LIMIT, Calling, PathKind, keeps_header};
use tokio::net::TcpListener;

use super::keep;
use crate::{
    HouseError,
    hall::{Hall, Served},
};

/// Where the tunnel is to be pointed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TunnelDoor {
    pub address: SocketAddr,
}

/// Opens the door; it serves until the house stops.
pub(crate) async fn open(
    hall: &Arc<Hall>,
    address: SocketAddr,
) -> Result<(TunnelDoor, impl Future<Output = ()> + Send + 'static), HouseError> {
    if !address.ip().is_loopback() {
        return Err(HouseError::Refused(
            "the tunnel door listens on loopback only; point cloudflared, ngrok or Tailscale Funnel at it"
                .to_owned(),
        ));
    }
    let listener = TcpListener::bind(address).await?;
    let door = TunnelDoor { address: listener.local_addr()? };
    let routes = Router::new()
        .route("/w/{path}", any(called))
        .route("/healthz", get(async || "ok"))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(hall.clone());
    let stopping = hall.stopping.clone();
    let serving = async move {
        let served = axum::serve(listener, routes).with_graceful_shutdown(stopping.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "the tunnel door closed");
        }
    };
    Ok((door, serving))
}

async fn called(
    State(hall): State<Arc<Hall>>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(served) = served_at(&hall, &path).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let hook = Webhook {
        method: method.as_str().to_owned(),
        path: format!("/w/{path}"),
        query,
        url: None,
        headers: headers
            .iter()
            .filter(|(name, _)| keeps_header(name.as_str()))
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body: body.to_vec(),
        arrived: hall.clock.now(),
    };
    let kind = kind_of(served.channel.platform);
    match kind.calling(method.as_str()) {
        Calling::Challenge => match served.adapter.challenge(&hook) {
            Some(words) => words.into_response(),
            None => StatusCode::FORBIDDEN.into_response(),
        },
        Calling::Neither => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        Calling::Webhook => take(&hall, &served, kind, &hook).await,
    }
}

/// Verified at the door: nothing unsigned gets into the house. A malformed one is kept; arrival says why.
async fn take(hall: &Arc<Hall>, served: &Served, kind: PathKind, hook: &Webhook) -> Response {
    let channel: ChannelId = served.channel.id;
    if let Err(ReceiveError::BadSignature | ReceiveError::MissingSignature) = served.adapter.receive(hook) {
        tracing::warn!(%channel, "a webhook with a wrong signature was refused at the door");
        let counted = hall.store.write(async move |tx| tx.count_refused(channel).await).await;
        if let Err(error) = counted {
            tracing::error!(%channel, %error, "a refusal could not be counted");
        }
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match keep(hall, channel, Door::Tunnel, hook).await {
        Ok(()) => {
            let thanks = kind.thanks();
            let status = StatusCode::from_u16(thanks.status).unwrap_or(StatusCode::OK);
            if thanks.body.is_empty() {
                status.into_response()
            } else {
                (status, [("content-type", thanks.content_type)], thanks.body).into_response()
            }
        }
        // The platform tries again later; nothing is acknowledged that is not kept.
        Err(error) => {
            tracing::error!(%channel, %error, "a webhook could not be kept");
            (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "30")]).into_response()
        }
    }
}

async fn served_at(hall: &Hall, path: &str) -> Option<Served> {
    let paths = hall.store.read().channel_paths().await.ok()?;
    let (channel, _) = paths.into_iter().find(|(_, known)| known == path)?;
    hall.served(channel)
}

pub(super) const fn kind_of(platform: Platform) -> PathKind {
    match platform {
        Platform::Line => PathKind::Line,
        Platform::Facebook | Platform::Instagram | Platform::Whatsapp => PathKind::Meta,
        Platform::Telegram => PathKind::Telegram,
        Platform::Sms => PathKind::Twilio,
        Platform::Email | Platform::Discord | Platform::X | Platform::Linkedin | Platform::Playground => {
            PathKind::Line
        }
    }
}
