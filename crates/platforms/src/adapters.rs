//! Where adapters are made.

use std::sync::Arc;

use domain::Platform;

use crate::{
    Adapter, ChannelSettings, ConfigError, Credentials, facebook::Facebook, line::LineAdapter,
    playground::Playground, telegram::Telegram,
};

/// The hands of one channel. Makes no call; `Adapter::check` tells whether the credentials work.
pub fn adapter(
    platform: Platform,
    credentials: &Credentials,
    settings: &ChannelSettings,
) -> Result<Arc<dyn Adapter>, ConfigError> {
    match platform {
        Platform::Playground => Ok(Arc::new(Playground::new())),
        Platform::Line => Ok(Arc::new(LineAdapter::new(credentials, settings)?)),
        Platform::Facebook => Ok(Arc::new(Facebook::new(credentials, settings)?)),
        Platform::Telegram => Ok(Arc::new(Telegram::new(credentials, settings)?)),
        Platform::Instagram
        | Platform::Whatsapp
        | Platform::Sms
        | Platform::Email
        | Platform::Discord
        | Platform::X
        | Platform::Linkedin => Err(ConfigError::NoAdapter(platform)),
    }
}
