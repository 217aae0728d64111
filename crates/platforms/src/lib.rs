//! Hands: one folder per platform, the same files each.
//!
//! In reading order: what came to our door ([`Webhook`]); what a platform allows ([`Abilities`], [`window`]);
//! what we hand over and what came of it ([`Call`], [`Sent`], [`SendError`]); who we are there ([`Credentials`],
//! [`ChannelSettings`], [`Account`]); the one trait ([`Adapter`]) and where adapters are made ([`adapter`]).
//! Then the platforms themselves: facebook · line · telegram · playground, over `meta` (the shared Graph
//! client), `http`, `throttle`, `signature`, `media` and `json`.

mod abilities;
mod adapter;
mod adapters;
mod call;
mod error;
mod events;
pub mod facebook;
mod http;
mod json;
mod line;
mod media;
mod meta;
pub mod playground;
mod reading;
mod settings;
mod signature;
mod sniff;
mod telegram;
mod throttle;
mod webhook;

pub use abilities::{
    Abilities, KeyOnSend, QuickReplyLimit, REPLY_TOKEN_LIFE, WindowRule, WindowState, pack_into_calls, window,
};
pub use adapter::{Account, AccountWarning, Adapter, Fate, Fetched, Polled, Quota};
pub use adapters::adapter;
pub use call::{Call, Choice, OutPart, Sent, SentWay};
pub use error::{ConfigError, FetchError, PollError, ReceiveError, SendError};
pub use reading::read_webhook;
pub use settings::{ChannelSettings, Credentials, optional_secrets, required_secrets};
pub use webhook::Webhook;
