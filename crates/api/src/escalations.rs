//! Escalations: where a person is needed, and taking over and giving back.

use std::time::Duration;

use domain::{ConversationId, EscalationId, EscalationRule, Timestamp};
use serde::Serialize;
use store::EscalationRow;

use crate::{House, Result};

/// A call for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Escalation {
    pub id: EscalationId,
    pub conversation: ConversationId,
    pub rule: EscalationRule,
    pub priority: u8,
    pub raised_at: Timestamp,
    pub alerts: u32,
    pub seen_at: Option<Timestamp>,
    pub taken_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// resolved, handed_back or answered
    pub outcome: Option<String>,
}

impl From<EscalationRow> for Escalation {
    fn from(row: EscalationRow) -> Self {
        Self {
            id: row.id,
            conversation: row.conversation,
            rule: row.rule,
            priority: row.priority,
            raised_at: row.raised_at,
            alerts: row.alerts,
            seen_at: row.seen_at,
            taken_at: row.taken_at,
            ended_at: row.ended_at,
            outcome: row.outcome,
        }
    }
}

/// The open ones, the most urgent first.
pub async fn open(house: &House) -> Result<Vec<Escalation>> {
    let rows = house.flow.read().open_escalations(house.flow.workspace()).await?;
    Ok(rows.into_iter().map(Escalation::from).collect())
}

/// All of a conversation, oldest first.
pub async fn of(house: &House, conversation: ConversationId) -> Result<Vec<Escalation>> {
    let rows = house.flow.read().escalations(conversation).await?;
    Ok(rows.into_iter().map(Escalation::from).collect())
}

/// The owner has the conversation; for so many minutes, or until it is given back.
pub async fn take_over(house: &House, conversation: ConversationId, minutes: Option<u32>) -> Result<()> {
    let span = minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    Ok(house.flow.take_over(conversation, span).await?)
}

/// The assistant has it again.
pub async fn give_back(house: &House, conversation: ConversationId) -> Result<()> {
    Ok(house.flow.give_back(conversation).await?)
}
