//! Doors: how customers' words come in. What comes through one is durable before it is acknowledged.

mod polling;
mod relay;
mod tunnel;

use std::sync::Arc;

use domain::{ChannelId, Door};
use platforms::Webhook;
use store::NewEnvelope;

pub(crate) use polling::run as poll;
pub use relay::RelayLine;
pub(crate) use relay::{pair, register_paths, run as pull, status as relay_status};
pub use tunnel::TunnelDoor;
pub(crate) use tunnel::open as open_tunnel;

use crate::{HouseError, arrival::Request, hall::Hall};

/// Keeps a webhook as it came; arrival verifies and reads it.
pub(crate) async fn keep(
    hall: &Arc<Hall>,
    channel: ChannelId,
    door: Door,
    hook: &Webhook,
) -> Result<(), HouseError> {
    let envelope = envelope_of(channel, door, None, hook)?;
    Ok(hall.store.write(async move |tx| tx.keep_envelope(&envelope).await.map(drop)).await?)
}

fn envelope_of(
    channel: ChannelId,
    door: Door,
    relay_seq: Option<i64>,
    hook: &Webhook,
) -> Result<NewEnvelope, HouseError> {
    let request = serde_json::to_string(&Request::of(hook))
        .map_err(|_| HouseError::Refused("the request cannot be kept".to_owned()))?;
    Ok(NewEnvelope { channel, door, relay_seq, arrived_at: hook.arrived, request, body: hook.body.clone() })
}
