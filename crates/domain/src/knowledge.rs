//! What the shop told us: articles, prices, quick replies, and the facts of the shop.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ArticleId, Bilingual, PriceId, QuickReplyId, Tongue};

/// A piece of knowledge in Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    pub id: ArticleId,
    /// The owner's short name of it (`parking`): what a receipt quotes as source.
    pub slug: String,
    pub title: String,
    pub tongues: Vec<Tongue>,
    pub tags: Vec<String>,
    pub body: String,
    /// `YYYY-MM-DD`, by the owner.
    pub updated: Option<String>,
}

/// A row of the price table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRow {
    pub id: PriceId,
    pub sku: String,
    pub name_th: String,
    pub name_en: String,
    pub variant: String,
    /// In satang (a hundredth of a baht), so that no float rounds a price.
    pub price_satang: i64,
    /// None = not counted, 0 = sold out.
    pub stock: Option<u32>,
    pub note: String,
}

/// A saved answer with variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReply {
    pub id: QuickReplyId,
    pub code: String,
    pub text: Bilingual,
    /// Named in braces in the texts.
    pub variables: Vec<String>,
}

/// What is true of the shop as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ShopFacts {
    pub name: Bilingual,
    pub trade: String,
    pub address: Bilingual,
    pub phone: Option<String>,
    pub line_id: Option<String>,
    /// IANA name.
    pub timezone: String,
    pub hours: WeekHours,
    pub hours_note: Bilingual,
    pub holidays: Vec<Holiday>,
    pub payment: Bilingual,
    /// Accounts by name: `promptpay` → number and holder, `bank` → bank, number, holder.
    pub accounts: BTreeMap<String, BTreeMap<String, String>>,
    pub delivery: Bilingual,
    pub returns: Bilingual,
}

/// Opening hours per weekday; an empty list = closed all day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct WeekHours {
    pub mon: Vec<Span>,
    pub tue: Vec<Span>,
    pub wed: Vec<Span>,
    pub thu: Vec<Span>,
    pub fri: Vec<Span>,
    pub sat: Vec<Span>,
    pub sun: Vec<Span>,
}

impl WeekHours {
    pub fn of(&self, day: jiff::civil::Weekday) -> &[Span] {
        match day {
            jiff::civil::Weekday::Monday => &self.mon,
            jiff::civil::Weekday::Tuesday => &self.tue,
            jiff::civil::Weekday::Wednesday => &self.wed,
            jiff::civil::Weekday::Thursday => &self.thu,
            jiff::civil::Weekday::Friday => &self.fri,
            jiff::civil::Weekday::Saturday => &self.sat,
            jiff::civil::Weekday::Sunday => &self.sun,
        }
    }
}

/// From opening to closing, `HH:MM` local time; a closing at or before the opening is on the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span(pub jiff::civil::Time, pub jiff::civil::Time);

/// Days on which the shop is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    pub date: jiff::civil::Date,
    /// The last day of a range, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<jiff::civil::Date>,
    pub name: Bilingual,
}

/// Everything the assistant may draw on, at one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Knowledge {
    /// Grows by one with every change.
    pub version: u64,
    pub facts: ShopFacts,
    pub articles: Vec<Article>,
    pub prices: Vec<PriceRow>,
    pub quick_replies: Vec<QuickReply>,
}

/// Lines of the knowledge worth quoting now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    pub source: Source,
    pub text: String,
    /// From 0 to 1: how well it fits the question.
    pub score: f32,
}

/// Where a passage stands: `parking`, `prices:LAT-I`, `quick:HELLO`, `hours`, `contact`…
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Source(pub String);
