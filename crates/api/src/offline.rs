//! What needs no house: understanding a text, reading a webhook, playing a dialogue with a shop's folder.

use std::path::Path;

use assistant::{Answered, Ask, Assistant, CustomerProfile, Library, ModelAllowance, Said};
use domain::{
    AnswerKind, Author, Entity, Event, Flag, Influence, IntentGuess, Language, LeadSigns, LengthUnit,
    Outcome, Personality, Platform, Sentiment, Settings, TextLimit, Timestamp, Understanding, Words,
    lead_potential, outcome, priority, wants_a_person_now,
};
use pipeline::Clock;
use platforms::{ReceiveError, Webhook, optional_secrets, read_webhook, required_secrets};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{Code, Error, Result};

/// Reads words; made once (some milliseconds) and used for many.
#[derive(Default)]
pub struct Reading {
    reader: nlu::Reader,
}

/// What a text means, as `sala classify` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Classified {
    pub id: serde_json::Value,
    pub language: Language,
    pub intents: Vec<IntentGuess>,
    pub sentiment: Sentiment,
    pub entities: Vec<Span>,
    pub flags: Vec<Flag>,
    pub escalate: bool,
    /// From 1 to 100.
    pub priority: u8,
    /// Lead potential, from 1 to 100.
    pub lead: u8,
}

/// An entity without its confidence. Offsets are code points, `end` exclusive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Span {
    pub kind: domain::EntityKind,
    pub text: Words,
    pub start: usize,
    pub end: usize,
    pub value: Words,
}

impl From<Entity> for Span {
    fn from(entity: Entity) -> Self {
        Self {
            kind: entity.kind,
            text: entity.text.into(),
            start: entity.start,
            end: entity.end,
            value: entity.value.into(),
        }
    }
}

impl Reading {
    pub fn new() -> Self {
        Self::default()
    }

    /// What the text means, by itself, as far as the device can tell.
    pub fn classify(&self, id: serde_json::Value, text: &str) -> Classified {
        let meaning = self.reader.read(text);
        Classified {
            id,
            language: meaning.language,
            escalate: wants_a_person_now(&meaning),
            priority: priority(&meaning, Influence::Ordinary),
            lead: lead_potential(&meaning, LeadSigns::default()),
            flags: meaning.flags.keys().copied().collect(),
            intents: meaning.intents,
            sentiment: meaning.sentiment,
            entities: meaning.entities.into_iter().map(Span::from).collect(),
        }
    }
}

/// A webhook as a script has it.
pub struct Delivered {
    /// In full, for platforms that sign it.
    pub url: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// For events that bear no time of their own; none = now.
    pub arrived: Option<Timestamp>,
}

/// The name of the secret that signs a platform's webhooks; empty where none does.
pub const fn signing_secret(platform: Platform) -> &'static str {
    match platform {
        Platform::Line => "channel_secret",
        Platform::Facebook | Platform::Instagram | Platform::Whatsapp => "app_secret",
        Platform::Telegram => "webhook_secret",
        Platform::Sms
        | Platform::Email
        | Platform::Discord
        | Platform::X
        | Platform::Linkedin
        | Platform::Playground => "",
    }
}

/// All names that a secret of this platform may have.
pub fn secret_names(platform: Platform) -> Vec<&'static str> {
    [required_secrets(platform), optional_secrets(platform)].concat()
}

/// The events of a webhook; with a secret, its signature is verified first.
pub fn parse(platform: Platform, secret: Option<&SecretString>, delivered: Delivered) -> Result<Vec<Event>> {
    let query =
        delivered.url.as_deref().and_then(|url| url.split_once('?')).map(|(_, query)| query.to_owned());
    let arrived = delivered.arrived.unwrap_or_else(|| Clock::machine().now());
    let mut hook = Webhook::post(delivered.body, arrived);
    hook.query = query;
    hook.url = delivered.url;
    for (name, value) in delivered.headers {
        hook = hook.with_header(&name, value);
    }
    read_webhook(platform, secret, &hook).map_err(|error| match error {
        ReceiveError::NotOurs => Error::new(Code::BadInput).with("why", "it is no delivery of this platform"),
        ReceiveError::BadSignature | ReceiveError::MissingSignature | ReceiveError::Malformed { .. } => {
            error.into()
        }
    })
}

/// A dialogue to be played: what the customer says, turn by turn, at a time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Dialogue {
    pub id: serde_json::Value,
    /// RFC 3339.
    pub now: jiff::Timestamp,
    pub turns: Vec<Turn>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Turn {
    /// Several are a burst and get one answer; `[sticker]`, `[image]` stand for what is no text.
    pub customer: Vec<Words>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transcript {
    pub id: serde_json::Value,
    pub turns: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub kind: Kind,
    pub reply: Words,
    pub sources: Vec<domain::Source>,
    pub confidence: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Answer,
    Refuse,
    AskBack,
    Escalate,
    Smalltalk,
    Silent,
    /// An answer that would wait for the owner.
    Draft,
}

/// A shop with its assistant, to talk to without a house.
pub struct Shop {
    library: Library,
    personality: Personality,
    assistant: Assistant,
    reader: nlu::Reader,
    settings: Settings,
}

impl Shop {
    /// Of a shop's folder, with the house's usual settings.
    pub fn read(folder: &Path) -> Result<Self> {
        let (knowledge, personality) = assistant::read_shop_folder(folder)?;
        Ok(Self {
            library: Library::build(knowledge),
            personality,
            assistant: Assistant::built_in(),
            reader: nlu::Reader::new(),
            settings: Settings::default(),
        })
    }

    /// Answers with less confidence than this (from 0 to 1) are drafts; 0.8 unless said.
    #[must_use]
    pub fn sending_from(mut self, confidence: f32) -> Self {
        self.settings.send_from = confidence;
        self
    }

    /// Plays a dialogue; the assistant's own replies are its context, and once it has handed over to a person it
    /// is silent.
    pub async fn talk(&self, dialogue: Dialogue) -> Transcript {
        let now = Timestamp::from_millis(dialogue.now.as_millisecond());
        let mut talk: Vec<Said> = Vec::new();
        let mut turns = Vec::new();
        let mut handed_over = false;
        for turn in dialogue.turns {
            let answer = if handed_over { Answer::silent() } else { self.answer(&turn, &talk, now).await };
            handed_over |= answer.kind == Kind::Escalate;
            talk.extend(turn.customer.into_iter().map(|words| Said { author: Author::Customer, words }));
            if !answer.reply.is_blank() {
                talk.push(Said { author: Author::Assistant, words: answer.reply.clone() });
            }
            turns.push(answer);
        }
        Transcript { id: dialogue.id, turns }
    }

    async fn answer(&self, turn: &Turn, talk: &[Said], now: Timestamp) -> Answer {
        let said: Vec<String> = turn.customer.iter().map(|words| words.as_str().to_owned()).collect();
        let meaning: Understanding = self.reader.read(&said.join("\n"));
        let customer = CustomerProfile { language: Some(meaning.language), ..CustomerProfile::default() };
        let ask = Ask {
            turn: &said,
            talk,
            meaning: &meaning,
            library: &self.library,
            personality: &self.personality,
            customer: &customer,
            now,
            limit: TextLimit { most: 5_000, unit: LengthUnit::Characters },
            platform: Platform::Playground,
            clock: &move || now,
        };
        let cancel = CancellationToken::new();
        let Answered { candidate, .. } = self.assistant.answer(&ask, ModelAllowance::None, &cancel).await;
        let fate = outcome(&candidate, domain::AnswerAs::Reply, false, &self.settings);
        Answer {
            kind: Kind::of(candidate.kind, fate),
            reply: if candidate.kind == AnswerKind::Silent { Words::default() } else { candidate.words },
            sources: candidate.sources,
            confidence: candidate.confidence,
        }
    }
}

impl Answer {
    fn silent() -> Self {
        Self { kind: Kind::Silent, reply: Words::default(), sources: Vec::new(), confidence: 1.0 }
    }
}

impl Kind {
    fn of(kind: AnswerKind, fate: Outcome) -> Self {
        match (kind, fate) {
            (AnswerKind::Silent, _) | (_, Outcome::Silent) => Self::Silent,
            (AnswerKind::Escalate, _) => Self::Escalate,
            (AnswerKind::Refuse, _) | (_, Outcome::AskOwner) => Self::Refuse,
            (_, Outcome::Escalate(_)) => Self::Escalate,
            (_, Outcome::Draft) => Self::Draft,
            (AnswerKind::Answer, Outcome::Send) => Self::Answer,
            (AnswerKind::AskBack, Outcome::Send) => Self::AskBack,
            (AnswerKind::Smalltalk, Outcome::Send) => Self::Smalltalk,
        }
    }
}
