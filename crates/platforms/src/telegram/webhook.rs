//! Telegram's webhook: the secret token in a header, then one update.
//!
//! <https://core.telegram.org/bots/api#setwebhook>

use domain::{Event, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::wire::{self, Me};
use crate::{
    ReceiveError, Webhook,
    json::{members, text_of_body},
    signature::same,
};

pub(crate) const SECRET: &str = "x-telegram-bot-api-secret-token";

/// Without a secret of ours there is no webhook of ours.
pub(super) fn receive(
    secret: Option<&SecretString>,
    me: &Me,
    hook: &Webhook,
) -> Result<Vec<Event>, ReceiveError> {
    hook.delivery()?;
    let given = hook.header(SECRET).ok_or(ReceiveError::MissingSignature)?;
    let secret = secret.ok_or(ReceiveError::BadSignature)?;
    same(secret.expose_secret().as_bytes(), given)?;
    read(&hook.body, me, hook.arrived)
}

/// The events of a body whose sender was verified elsewhere.
pub(crate) fn read(body: &[u8], me: &Me, arrived: Timestamp) -> Result<Vec<Event>, ReceiveError> {
    let text = text_of_body(body);
    members(&text)?;
    Ok(wire::events(&text, me, arrived))
}
