//! Reading a webhook without a channel: for the command line, for replays, and for those who try to break it.

use domain::{Event, Platform};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    ReceiveError, Webhook, facebook, line, playground,
    signature::{same, verify_base64, verify_meta},
    telegram,
};

/// The events of this webhook. With a secret (LINE: channel secret, Meta: app secret, Telegram: webhook secret)
/// its signature is verified first, over the raw bytes; without one the caller vouches for it.
pub fn read_webhook(
    platform: Platform,
    secret: Option<&SecretString>,
    hook: &Webhook,
) -> Result<Vec<Event>, ReceiveError> {
    match platform {
        Platform::Line => {
            if let Some(secret) = secret {
                verify_base64(secret, &hook.body, signed(hook, line::SIGNATURE)?)?;
            }
            line::read(&hook.body, hook.arrived)
        }
        Platform::Facebook => {
            if let Some(secret) = secret {
                let given = signed(hook, facebook::SIGNATURE)?;
                verify_meta(std::slice::from_ref(secret), &hook.body, given)?;
            }
            facebook::read(&hook.body, hook.arrived)
        }
        Platform::Telegram => {
            if let Some(secret) = secret {
                same(secret.expose_secret().as_bytes(), signed(hook, telegram::SECRET)?)?;
            }
            telegram::read(&hook.body, &telegram::Me::default(), hook.arrived)
        }
        Platform::Playground => playground::read(hook),
        Platform::Instagram
        | Platform::Whatsapp
        | Platform::Sms
        | Platform::Email
        | Platform::Discord
        | Platform::X
        | Platform::Linkedin => Err(ReceiveError::NotOurs),
    }
}

fn signed<'a>(hook: &'a Webhook, header: &str) -> Result<&'a [u8], ReceiveError> {
    hook.header(header).ok_or(ReceiveError::MissingSignature)
}
