//! Personality: how we speak on a channel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Intent, PersonalityId};

/// A text in the owner's two languages; either may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Bilingual {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub th: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl Bilingual {
    pub fn both(th: impl Into<String>, en: impl Into<String>) -> Self {
        Self { th: Some(th.into()), en: Some(en.into()) }
    }

    /// In the wished tongue, else in the other.
    pub fn in_tongue(&self, tongue: Tongue) -> Option<&str> {
        let (first, second) = match tongue {
            Tongue::Thai => (&self.th, &self.en),
            Tongue::English => (&self.en, &self.th),
        };
        first.as_deref().or(second.as_deref())
    }

    pub fn is_empty(&self) -> bool {
        self.th.is_none() && self.en.is_none()
    }
}

/// The two tongues that Sala answers in by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tongue {
    #[serde(rename = "th")]
    Thai,
    #[serde(rename = "en")]
    English,
}

/// How we speak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Personality {
    pub id: PersonalityId,
    /// Grows by one with every saved change.
    pub version: u32,
    pub name: String,
    pub tongues: Vec<Tongue>,
    /// In the owner's words: "warm, like a neighbour".
    pub tone: String,
    /// Sliders from 0 to 100.
    pub formality: u8,
    pub warmth: u8,
    pub length: u8,
    pub emoji: u8,
    /// What the assistant calls itself in Thai: เรา, ผม, ดิฉัน, the shop's name.
    pub pronoun_th: String,
    pub particle_th: Particle,
    pub greeting: Bilingual,
    pub sign_off: Bilingual,
    pub always_say: Vec<String>,
    pub never_say: Vec<String>,
    /// Topics that a person answers.
    pub hand_over: Vec<String>,
    /// The owner's own wordings by intent, with `{variables}`.
    pub templates: BTreeMap<Intent, Vec<Bilingual>>,
    /// Bookings and orders: what to ask for, what to say then.
    pub steps: BTreeMap<String, Steps>,
    pub model: ModelWish,
}

/// The polite particle that ends a Thai sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Particle {
    #[serde(rename = "ค่ะ")]
    Kha,
    #[serde(rename = "ครับ")]
    Khrap,
    #[serde(rename = "จ้า")]
    Ja,
}

impl Particle {
    pub const fn of_statement(self) -> &'static str {
        match self {
            Self::Kha => "ค่ะ",
            Self::Khrap => "ครับ",
            Self::Ja => "จ้า",
        }
    }

    pub const fn of_question(self) -> &'static str {
        match self {
            Self::Kha => "คะ",
            Self::Khrap => "ครับ",
            Self::Ja => "จ๊ะ",
        }
    }
}

/// The steps of a booking or an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Steps {
    /// Names of the facts to ask for, in order: date, time, people, name, phone…
    pub ask: Vec<String>,
    #[serde(default)]
    pub rules: String,
    #[serde(default)]
    pub then: String,
}

/// What the personality wishes of the language model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct ModelWish {
    /// A model's name; none = the workspace's.
    pub model: Option<String>,
    /// Further words for the prompt.
    pub instructions: Option<String>,
    pub most_tokens: Option<u32>,
}

impl Personality {
    /// Polite and without a character of its own: speaks until the owner has made one.
    pub fn plain(id: PersonalityId) -> Self {
        Self {
            id,
            version: 0,
            name: String::new(),
            tongues: vec![Tongue::Thai, Tongue::English],
            tone: String::new(),
            formality: 60,
            warmth: 50,
            length: 30,
            emoji: 0,
            pronoun_th: "ทางร้าน".to_owned(),
            particle_th: Particle::Kha,
            greeting: Bilingual::both("สวัสดีค่ะ มีอะไรให้ช่วยคะ", "Hello! How can we help?"),
            sign_off: Bilingual::default(),
            always_say: Vec::new(),
            never_say: Vec::new(),
            hand_over: Vec::new(),
            templates: BTreeMap::new(),
            steps: BTreeMap::new(),
            model: ModelWish::default(),
        }
    }
}
