//! What a message means: language, intent, sentiment, entities, flags, and the rules built on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ThreadKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Th,
    En,
    Mixed,
    Other,
}

/// What the customer wants the page to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    Refund,
    Booking,
    Complaint,
    Support,
    PurchaseInquiry,
    Request,
    Question,
    Compliment,
    Goodbye,
    Greeting,
    Affirm,
    Deny,
    Inform,
    Unknown,
}

impl Intent {
    pub const ALL: [Self; 14] = [
        Self::Refund,
        Self::Booking,
        Self::Complaint,
        Self::Support,
        Self::PurchaseInquiry,
        Self::Request,
        Self::Question,
        Self::Compliment,
        Self::Goodbye,
        Self::Greeting,
        Self::Affirm,
        Self::Deny,
        Self::Inform,
        Self::Unknown,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Booking => "booking",
            Self::Complaint => "complaint",
            Self::Support => "support",
            Self::PurchaseInquiry => "purchase_inquiry",
            Self::Request => "request",
            Self::Question => "question",
            Self::Compliment => "compliment",
            Self::Goodbye => "goodbye",
            Self::Greeting => "greeting",
            Self::Affirm => "affirm",
            Self::Deny => "deny",
            Self::Inform => "inform",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    Legal,
    Emergency,
    Abuse,
    WantsPerson,
    Spam,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentimentLevel {
    VeryNegative,
    Negative,
    Neutral,
    Positive,
    VeryPositive,
}

impl SentimentLevel {
    /// The middle of the level on the scale from -1 to 1.
    pub const fn score(self) -> f32 {
        match self {
            Self::VeryNegative => -1.0,
            Self::Negative => -0.5,
            Self::Neutral => 0.0,
            Self::Positive => 0.5,
            Self::VeryPositive => 1.0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    pub label: SentimentLevel,
    /// From -1 to 1.
    pub score: f32,
    /// From 0 to 1.
    pub confidence: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IntentGuess {
    pub name: Intent,
    /// From 0 to 1.
    pub confidence: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    Email,
    Phone,
    Money,
    Quantity,
    OrderNumber,
    Date,
    Time,
    Url,
    Address,
    SocialHandle,
    Account,
}

/// A span of the message with a meaning of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    pub kind: EntityKind,
    pub text: String,
    /// Unicode code points into the message, `end` exclusive.
    pub start: usize,
    pub end: usize,
    /// The normal form: E.164, `590 THB`, `+1d`, `15:30`…
    pub value: String,
    /// From 0 to 1.
    pub confidence: f32,
}

/// What the device makes of one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Understanding {
    pub language: Language,
    /// Most likely first, never empty; confidences need not sum to 1 (a message can have two intents).
    pub intents: Vec<IntentGuess>,
    pub sentiment: Sentiment,
    pub entities: Vec<Entity>,
    /// Flags that hold, each with its confidence.
    pub flags: BTreeMap<Flag, f32>,
    /// How likely a person should look now, from 0 to 1: also when money is asked back politely or an answer is
    /// overdue, which intent and sentiment alone do not show.
    #[serde(default)]
    pub presses: f32,
}

impl Understanding {
    /// Of a message without words: nothing is known and nothing is wrong.
    pub fn of_nothing() -> Self {
        Self {
            language: Language::Other,
            intents: vec![IntentGuess { name: Intent::Unknown, confidence: 1.0 }],
            sentiment: Sentiment { label: SentimentLevel::Neutral, score: 0.0, confidence: 1.0 },
            entities: Vec::new(),
            flags: BTreeMap::new(),
            presses: 0.0,
        }
    }

    pub fn intent(&self) -> Intent {
        self.intents.first().map_or(Intent::Unknown, |guess| guess.name)
    }

    pub fn intent_confidence(&self) -> f32 {
        self.intents.first().map_or(0.0, |guess| guess.confidence)
    }

    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains_key(&flag)
    }
}

/// Queue priorities, as other tools in this field number them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueuePriority {
    Low,
    Normal,
    High,
    Urgent,
    Critical,
}

impl QueuePriority {
    pub const fn number(self) -> u8 {
        match self {
            Self::Low => 3,
            Self::Normal => 5,
            Self::High => 7,
            Self::Urgent => 9,
            Self::Critical => 10,
        }
    }

    pub const fn of(priority: u8) -> Self {
        match priority {
            0..=39 => Self::Low,
            40..=64 => Self::Normal,
            65..=80 => Self::High,
            81..=94 => Self::Urgent,
            95.. => Self::Critical,
        }
    }
}

/// Priority from 1 to 100: above 80 the owner is alerted and nothing waits.
pub fn priority(meaning: &Understanding, author_is_influential: Influence) -> u8 {
    let mut points = 50_i32;
    if meaning.sentiment.score < -0.5 {
        points += 30;
    }
    if meaning.sentiment.score > 0.7 {
        points += 10;
    }
    if matches!(
        meaning.intent(),
        Intent::Complaint | Intent::Support | Intent::PurchaseInquiry | Intent::Refund
    ) {
        points += 25;
    }
    if author_is_influential == Influence::Influential {
        points += 15;
    }
    u8::try_from(points.clamp(1, 100)).unwrap_or(100)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Influence {
    Ordinary,
    Influential,
}

/// What is known of the customer beside the message, for the lead potential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeadSigns {
    /// Came through an advertisement or a link of ours.
    pub referred: bool,
    pub earlier_conversations: u32,
    pub has_bought: bool,
}

/// How likely this becomes a sale, from 1 to 100.
pub fn lead_potential(meaning: &Understanding, signs: LeadSigns) -> u8 {
    let mut points = match meaning.intent() {
        Intent::PurchaseInquiry => 45_i32,
        Intent::Booking => 40,
        Intent::Affirm | Intent::Inform | Intent::Request => 25,
        Intent::Question => 20,
        Intent::Greeting | Intent::Compliment => 12,
        Intent::Support | Intent::Unknown => 6,
        Intent::Refund | Intent::Complaint | Intent::Goodbye | Intent::Deny => 2,
    };
    let has = |kind: EntityKind| meaning.entities.iter().any(|entity| entity.kind == kind);
    if has(EntityKind::Quantity) {
        points += 15;
    }
    if has(EntityKind::Money) {
        points += 8;
    }
    if has(EntityKind::Phone) || has(EntityKind::Email) || has(EntityKind::Address) {
        points += 15;
    }
    if has(EntityKind::Date) || has(EntityKind::Time) {
        points += 5;
    }
    if signs.referred {
        points += 15;
    }
    if signs.has_bought {
        points += 10;
    } else if signs.earlier_conversations > 0 {
        points += 5;
    }
    if meaning.sentiment.score > 0.4 {
        points += 5;
    }
    if meaning.has(Flag::Spam) {
        points = 1;
    }
    u8::try_from(points.clamp(1, 100)).unwrap_or(100)
}

/// Whether the message wants an answer at all.
///
/// Direct messages do unless they only close the talk or are spam; public ones only when something is wrong,
/// asked or for sale, or when a mention is warm.
pub fn needs_answer(meaning: &Understanding, kind: ThreadKind, wordless: Wordless) -> bool {
    if meaning.has(Flag::Spam) {
        return false;
    }
    let asks = matches!(
        meaning.intent(),
        Intent::Complaint | Intent::Support | Intent::PurchaseInquiry | Intent::Question | Intent::Refund
    );
    match kind {
        ThreadKind::Direct | ThreadKind::Group => {
            wordless == Wordless::No && (meaning.intent() != Intent::Goodbye || !meaning.flags.is_empty())
        }
        ThreadKind::Comment | ThreadKind::Review => meaning.sentiment.score < -0.3 || asks,
        ThreadKind::Mention => meaning.sentiment.score < -0.3 || asks || meaning.sentiment.score > 0.5,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wordless {
    /// A sticker, an emoji, a picture alone.
    Yes,
    No,
}

/// Should a person look now, by the message alone (the conversation's history adds further rules)?
pub fn wants_a_person_now(meaning: &Understanding) -> bool {
    let flagged = meaning.flags.keys().any(|flag| match flag {
        Flag::Legal | Flag::Emergency | Flag::Abuse | Flag::WantsPerson => true,
        Flag::Spam => false,
    });
    let furious = meaning.sentiment.label == SentimentLevel::VeryNegative
        && matches!(meaning.intent(), Intent::Complaint | Intent::Refund);
    flagged
        || furious
        || meaning.presses > 0.5
        || (meaning.intent() == Intent::Refund && meaning.sentiment.score < -0.3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(intent: Intent, score: f32) -> Understanding {
        let mut meaning = Understanding::of_nothing();
        meaning.intents = vec![IntentGuess { name: intent, confidence: 0.9 }];
        meaning.sentiment.score = score;
        meaning
    }

    #[test]
    fn priority_follows_the_table() {
        assert_eq!(priority(&said(Intent::Question, 0.0), Influence::Ordinary), 50);
        assert_eq!(priority(&said(Intent::Complaint, -0.9), Influence::Ordinary), 100);
        assert_eq!(priority(&said(Intent::Greeting, 0.8), Influence::Influential), 75);
        assert_eq!(priority(&said(Intent::PurchaseInquiry, 0.0), Influence::Ordinary), 75);
        assert_eq!(QueuePriority::of(100).number(), 10);
        assert_eq!(QueuePriority::of(50).number(), 5);
    }

    #[test]
    fn thanks_close_a_talk_but_a_lawyer_in_it_does_not() {
        let mut thanks = said(Intent::Goodbye, 0.5);
        assert!(!needs_answer(&thanks, ThreadKind::Direct, Wordless::No));
        thanks.flags.insert(Flag::Legal, 0.9);
        assert!(needs_answer(&thanks, ThreadKind::Direct, Wordless::No));
    }

    #[test]
    fn public_words_are_answered_only_when_they_ask_or_hurt() {
        assert!(!needs_answer(&said(Intent::Compliment, 0.9), ThreadKind::Comment, Wordless::No));
        assert!(needs_answer(&said(Intent::Compliment, 0.9), ThreadKind::Mention, Wordless::No));
        assert!(needs_answer(&said(Intent::Compliment, -0.4), ThreadKind::Comment, Wordless::No));
        assert!(needs_answer(&said(Intent::Question, 0.0), ThreadKind::Review, Wordless::No));
    }

    #[test]
    fn spam_is_no_lead_and_gets_no_answer() {
        let mut spam = said(Intent::PurchaseInquiry, 0.0);
        spam.flags.insert(Flag::Spam, 0.9);
        assert_eq!(lead_potential(&spam, LeadSigns::default()), 1);
        assert!(!needs_answer(&spam, ThreadKind::Direct, Wordless::No));
    }
}
