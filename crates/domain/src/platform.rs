//! Where customers write, and what each place allows.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A platform; `Playground` is a customer played by the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    Facebook,
    Instagram,
    Line,
    Whatsapp,
    Telegram,
    Sms,
    Email,
    Discord,
    X,
    Linkedin,
    Playground,
}

impl Platform {
    pub const ALL: [Self; 11] = [
        Self::Facebook,
        Self::Instagram,
        Self::Line,
        Self::Whatsapp,
        Self::Telegram,
        Self::Sms,
        Self::Email,
        Self::Discord,
        Self::X,
        Self::Linkedin,
        Self::Playground,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Line => "line",
            Self::Whatsapp => "whatsapp",
            Self::Telegram => "telegram",
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Discord => "discord",
            Self::X => "x",
            Self::Linkedin => "linkedin",
            Self::Playground => "playground",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is none of the platforms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no platform is called {0:?}")]
pub struct NoSuchPlatform(String);

impl FromStr for Platform {
    type Err = NoSuchPlatform;

    fn from_str(name: &str) -> Result<Self, NoSuchPlatform> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.name() == name)
            .ok_or_else(|| NoSuchPlatform(name.chars().take(40).collect()))
    }
}

/// What a platform counts when it limits a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthUnit {
    Utf16Units,
    Bytes,
    Characters,
}

impl LengthUnit {
    pub fn count(self, text: &str) -> usize {
        match self {
            Self::Utf16Units => text.encode_utf16().count(),
            Self::Bytes => text.len(),
            Self::Characters => text.chars().count(),
        }
    }

    pub const fn of_char(self, c: char) -> usize {
        match self {
            Self::Utf16Units => c.len_utf16(),
            Self::Bytes => c.len_utf8(),
            Self::Characters => 1,
        }
    }
}

/// The longest text of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextLimit {
    pub most: usize,
    pub unit: LengthUnit,
}
