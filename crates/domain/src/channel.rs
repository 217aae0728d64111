//! Channels: one connected account of ours on a platform, and how it fares.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Autonomy, ChannelId, PersonalityId, Platform, Timestamp, WorkspaceId};

/// One connected account. Its secrets lie in the vault under its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    pub id: ChannelId,
    pub workspace: WorkspaceId,
    pub platform: Platform,
    pub name: String,
    /// The platform's id of the account (Page id, bot user id), once known.
    pub account: Option<String>,
    pub door: Door,
    /// What is no secret: API base addresses and the like.
    pub settings: BTreeMap<String, String>,
    pub health: Health,
    pub autonomy: Option<Autonomy>,
    pub personality: Option<PersonalityId>,
    pub last_event_at: Option<Timestamp>,
    /// Deliveries refused for a wrong or missing signature.
    pub refused: u64,
    pub created_at: Timestamp,
}

/// How words of this channel reach us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Webhooks kept by the relay while the laptop sleeps.
    Relay,
    /// A listener on loopback behind a tunnel of the owner's.
    Tunnel,
    Polling,
    /// The playground needs no door.
    Local,
}

impl Door {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Tunnel => "tunnel",
            Self::Polling => "polling",
            Self::Local => "local",
        }
    }
}

/// Can we send and receive?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    Good,
    /// Red: the owner must connect again; the lanes are held, nothing is lost.
    ReconnectNeeded {
        why: String,
        since: Timestamp,
    },
    /// Switched off by the owner.
    Paused {
        since: Timestamp,
    },
}

impl Health {
    pub const fn may_send(&self) -> bool {
        matches!(self, Self::Good)
    }
}
