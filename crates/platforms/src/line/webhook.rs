//! LINE's webhook: signature over the raw body, then `events`.
//!
//! <https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/>

use domain::{Event, Timestamp};
use secrecy::SecretString;
use serde_json::value::RawValue;

use super::wire;
use crate::{
    ReceiveError, Webhook,
    json::{elements, members, text_of_body},
    signature::verify_base64,
};

pub(crate) const SIGNATURE: &str = "x-line-signature";

pub(super) fn receive(secret: &SecretString, hook: &Webhook) -> Result<Vec<Event>, ReceiveError> {
    hook.delivery()?;
    let given = hook.header(SIGNATURE).ok_or(ReceiveError::MissingSignature)?;
    verify_base64(secret, &hook.body, given)?;
    read(&hook.body, hook.arrived)
}

/// The events of a body whose signature was verified elsewhere. The verify button sends none.
pub(crate) fn read(body: &[u8], arrived: Timestamp) -> Result<Vec<Event>, ReceiveError> {
    let text = text_of_body(body);
    let members = members(&text)?;
    let destination =
        members.get("destination").and_then(|raw: &&RawValue| serde_json::from_str::<String>(raw.get()).ok());
    let events = elements(members.get("events")).ok_or(ReceiveError::Malformed { at: 0 })?;
    Ok(events.iter().map(|raw| wire::event(raw.get(), destination.as_deref(), arrived)).collect())
}
