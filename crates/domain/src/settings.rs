//! The owner's settings for how much the assistant may do, how fast and when.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{EscalationRule, Intent, WeekHours};

/// How much the assistant may do by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Autonomy {
    Off,
    Draft,
    Auto,
}

impl Autonomy {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Draft => "draft",
            Self::Auto => "auto",
        }
    }
}

/// The narrowest setting wins: customer, then intent, then channel, then workspace.
pub fn autonomy_for(
    customer: Option<Autonomy>,
    intent: Option<Autonomy>,
    channel: Option<Autonomy>,
    workspace: Autonomy,
) -> Autonomy {
    customer.or(intent).or(channel).unwrap_or(workspace)
}

/// Everything adjustable in the pipeline. Times are milliseconds where a field ends in `_ms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub autonomy: Autonomy,
    pub autonomy_by_intent: BTreeMap<Intent, Autonomy>,
    /// Auto sends at or above this confidence.
    pub send_from: f32,
    /// Between this and `send_from` an answer becomes a draft; below, a person is called.
    pub draft_from: f32,
    pub burst_gap_ms: u64,
    pub burst_cap_ms: u64,
    /// The owner can stop a reply for this long; 0 = off.
    pub hold_ms: u64,
    /// An answer is not shown faster than this after the turn closed; 0 = at once.
    pub response_delay_ms: u64,
    /// Turns older than this become drafts, never sent by themselves.
    pub stale_after_ms: u64,
    pub replies_per_hour: u32,
    /// Hours in which Auto may send; empty = always.
    pub auto_hours: WeekHours,
    /// Sent once per customer per closed period; empty = none.
    pub away_text: crate::Bilingual,
    pub escalation: EscalationSettings,
    pub pace: Pace,
    /// Monthly model budget in millionths of a US dollar; none = no limit.
    pub monthly_budget_micro_usd: Option<u64>,
    /// Everything stops: nothing leaves the house.
    pub panic: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            autonomy: Autonomy::Draft,
            autonomy_by_intent: BTreeMap::new(),
            send_from: 0.8,
            draft_from: 0.5,
            burst_gap_ms: 6_000,
            burst_cap_ms: 25_000,
            hold_ms: 5_000,
            response_delay_ms: 0,
            stale_after_ms: 30 * 60_000,
            replies_per_hour: 120,
            auto_hours: WeekHours::default(),
            away_text: crate::Bilingual::default(),
            escalation: EscalationSettings::default(),
            pace: Pace::default(),
            monthly_budget_micro_usd: None,
            panic: false,
        }
    }
}

impl Settings {
    pub const fn burst_gap(&self) -> Duration {
        Duration::from_millis(self.burst_gap_ms)
    }

    pub const fn burst_cap(&self) -> Duration {
        Duration::from_millis(self.burst_cap_ms)
    }

    pub const fn hold(&self) -> Duration {
        Duration::from_millis(self.hold_ms)
    }

    pub const fn stale_after(&self) -> Duration {
        Duration::from_millis(self.stale_after_ms)
    }
}

/// Which escalation rules hold, and their numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EscalationSettings {
    pub off: Vec<EscalationRule>,
    /// A complaint understood with less confidence than this goes to a person.
    pub complaint_below: f32,
    /// Any answer with less confidence than this goes to a person.
    pub confidence_below: f32,
    pub complaints_in_last_ten: u32,
    pub same_thing_turns: u32,
    pub answers_without_resolution: u32,
    /// The sentiment score at or below which a message is very negative.
    pub very_negative_at: f32,
}

impl Default for EscalationSettings {
    fn default() -> Self {
        Self {
            off: Vec::new(),
            complaint_below: 0.7,
            confidence_below: 0.5,
            complaints_in_last_ten: 3,
            same_thing_turns: 3,
            answers_without_resolution: 6,
            very_negative_at: -0.75,
        }
    }
}

/// How much happens at once, and how often at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Turns in work at once.
    pub turns_at_once: u32,
    pub turns_per_minute: u32,
    /// Calls to a language model at once.
    pub model_at_once: u32,
    pub model_per_minute: u32,
    pub model_attempts: u32,
    pub model_deadline_ms: u64,
    /// Sends in flight at once, over all conversations.
    pub sends_at_once: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            turns_at_once: 5,
            turns_per_minute: 100,
            model_at_once: 3,
            model_per_minute: 50,
            model_attempts: 3,
            model_deadline_ms: 5_000,
            sends_at_once: 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_autonomy_wins() {
        use Autonomy::{Auto, Draft, Off};
        assert_eq!(autonomy_for(None, None, None, Draft), Draft);
        assert_eq!(autonomy_for(None, None, Some(Auto), Draft), Auto);
        assert_eq!(autonomy_for(None, Some(Off), Some(Auto), Auto), Off);
        assert_eq!(autonomy_for(Some(Draft), Some(Off), Some(Auto), Auto), Draft);
    }

    #[test]
    fn settings_written_by_an_older_version_read_with_defaults() {
        let old: Settings = serde_json::from_str(r#"{"hold_ms":0,"pace":{"turns_at_once":2}}"#).unwrap();
        assert_eq!(old.hold_ms, 0);
        assert_eq!(old.pace.turns_at_once, 2);
        assert_eq!(old.pace.model_at_once, 3);
        assert_eq!(old.autonomy, Autonomy::Draft);
    }
}
