//! Where adapters are made.

use std::sync::Arc;

use domain::Platform;

use crate::{Adapter, ChannelSettings, ConfigError, Credentials, playground::Playground};

/// The hands of one channel. Makes no call; `Adapter::check` tells whether the credentials work.
pub fn adapter(
    platform: Platform,
    credentials: &Credentials,
    settings: &ChannelSettings,
) -> Result<Arc<dyn Adapter>, ConfigError> {
    let _ = (credentials, settings);
    match platform {
        Platform::Playground => Ok(Arc::new(Playground::new())),
        Platform::Line
        | Platform::Facebook
        | Platform::Telegram
        | Platform::Instagram
        | Platform::Whatsapp
        | Platform::Sms
        | Platform::Email
        | Platform::Discord
        | Platform::X
        | Platform::Linkedin => Err(ConfigError::NoAdapter(platform)),
    }
}
