//! What moved: told after the commit, in ids; whoever cares reads again.

use domain::{ChannelId, ConversationId, DraftId, EscalationId, MessageId, ReplyId, TurnId};

/// A notice that something was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "change", content = "id", rename_all = "snake_case")]
pub enum Change {
    /// An envelope waits to be parsed.
    EnvelopeWaiting,
    /// A message waits to be understood.
    MessageWaiting,
    MessageChanged(MessageId),
    /// A turn gathers; its due time may have moved.
    TurnGathering(TurnId),
    /// Words joined a turn that was being answered, or it ended: whoever writes for it stops.
    TurnOvertaken(TurnId),
    /// A turn waits to be answered.
    TurnReady(TurnId),
    TurnEnded(TurnId),
    ConversationChanged(ConversationId),
    DraftChanged(DraftId),
    ReplyPromised(ReplyId),
    DeliveryChanged(ReplyId),
    EscalationChanged(EscalationId),
    ChannelChanged(ChannelId),
    SettingsChanged,
    KnowledgeChanged,
    PersonalitiesChanged,
}
