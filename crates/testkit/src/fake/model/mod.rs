//! A language model that says what the script tells it, through Gemini's door and through the one of OpenAI.
//! Wire facts: <https://ai.google.dev/api/generate-content>, <https://platform.openai.com/docs/api-reference/chat>.

mod gemini;
mod openai;
mod script;

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::script::Answer;
use self::script::Script;
use crate::{
    clock::HandClock,
    fault::Faults,
    wire::{self, Asked, Failure, Fake, Server, held},
};

/// The key that opens both doors.
pub const USUAL_KEY: &str = "test-model-key-0000000000000000000000";

/// The models that are there, the ones retired left out.
pub const MODELS: [&str; 6] = [
    "gemini-4-argon",
    "gemini-3.8-flash",
    "gemini-3.6-flash",
    "gemini-3.5-flash-lite",
    "gpt-5-mini",
    "qwen3:8b",
];

/// What can be asked of the model; faults are planned by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelCall {
    /// Gemini's `generateContent`.
    Generate,
    /// OpenAI's `chat/completions`.
    Complete,
    ListModels,
}

/// One question that reached the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Question {
    pub at_ms: i64,
    pub model: String,
    /// What stands above the talk: the system's words.
    pub system: String,
    /// Everything else, a line per part.
    pub talk: String,
    /// JSON schema of the answer, where one was asked for.
    pub schema: Option<Value>,
    pub outcome: Outcome,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Being thought about, or left by the one who asked.
    Unanswered,
    Answered(String),
    Refused(String),
}

/// The model, on loopback. Stops when the last clone is dropped.
#[derive(Clone)]
pub struct FakeModel {
    provider: Arc<Provider>,
    server: Arc<Server>,
}

struct Provider {
    key: String,
    clock: HandClock,
    faults: Faults<ModelCall>,
    script: Mutex<Script>,
    questions: Mutex<Vec<Question>>,
    /// Milliseconds of the machine's time before it answers.
    thinks_ms: AtomicU64,
    day_is_spent: Mutex<bool>,
    running: AtomicU32,
    most_running: AtomicU32,
    left: AtomicU32,
}

impl FakeModel {
    /// With the usual key, on a free port. Says "ค่ะ" until told otherwise.
    pub async fn start(clock: &HandClock) -> anyhow::Result<Self> {
        Self::start_as(USUAL_KEY, 0, clock).await
    }

    pub async fn start_as(key: &str, port: u16, clock: &HandClock) -> anyhow::Result<Self> {
        let provider = Arc::new(Provider {
            key: key.to_owned(),
            clock: clock.clone(),
            faults: Faults::new(),
            script: Mutex::new(Script::new()),
            questions: Mutex::default(),
            thinks_ms: AtomicU64::new(0),
            day_is_spent: Mutex::new(false),
            running: AtomicU32::new(0),
            most_running: AtomicU32::new(0),
            left: AtomicU32::new(0),
        });
        let server = Arc::new(Server::start(port, Arc::clone(&provider)).await?);
        Ok(Self { provider, server })
    }

    /// Where Gemini's calls begin: `…/v1beta`.
    pub fn gemini_base(&self) -> String {
        format!("{}/v1beta", self.server.base())
    }

    /// Where OpenAI's calls begin: `…/v1`.
    pub fn openai_base(&self) -> String {
        format!("{}/v1", self.server.base())
    }

    pub fn key(&self) -> &str {
        &self.provider.key
    }

    pub fn faults(&self) -> &Faults<ModelCall> {
        &self.provider.faults
    }

    /// What it answers when nothing else fits.
    pub fn always(&self, answer: Answer) {
        held(&self.provider.script).otherwise = answer;
    }

    /// What it answers when the talk (not the system's words) contains `keyword`, without regard to case; of
    /// several the first planned.
    pub fn when(&self, keyword: &str, answer: Answer) {
        held(&self.provider.script).rules.push((keyword.to_lowercase(), answer));
    }

    /// What it answers next, once, before anything else; several queue up.
    pub fn next(&self, answer: Answer) {
        held(&self.provider.script).queue.push_back(answer);
    }

    /// Takes so long over each answer, in the machine's time.
    pub fn thinks_for(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.provider.thinks_ms.store(millis, Ordering::SeqCst);
    }

    /// The day's quota (Gemini) or the account's credit (OpenAI) is spent, or paid again.
    pub fn spend_the_day(&self, spent: bool) {
        *held(&self.provider.day_is_spent) = spent;
    }

    /// Everything it was asked, in order; requests without the right key are not even read.
    pub fn questions(&self) -> Vec<Question> {
        held(&self.provider.questions).clone()
    }

    /// The most questions it ever had at once.
    pub fn most_at_once(&self) -> u32 {
        self.provider.most_running.load(Ordering::SeqCst)
    }

    /// Questions whose asker went away before the answer.
    pub fn left_unheard(&self) -> u32 {
        self.provider.left.load(Ordering::SeqCst)
    }

    /// Nobody answers here any more.
    pub fn stop(&self) {
        self.server.stop();
    }
}

impl Fake for Provider {
    type Call = ModelCall;

    fn route(&self, asked: &Asked) -> Option<ModelCall> {
        Some(match (asked.method.as_str(), asked.segments().as_slice()) {
            ("POST", ["v1beta", "models", model]) if model.ends_with(":generateContent") => {
                ModelCall::Generate
            }
            ("POST", ["v1", "chat", "completions"]) => ModelCall::Complete,
            ("GET", ["v1beta" | "v1", "models"]) => ModelCall::ListModels,
            _ => return None,
        })
    }

    fn faults(&self) -> &Faults<ModelCall> {
        &self.faults
    }

    async fn answer(&self, call: ModelCall, asked: &Asked) -> wire::Answer {
        let gemini = is_gemini(asked);
        let allowed = if gemini {
            asked.header("x-goog-api-key").or_else(|| asked.parameter("key")) == Some(self.key.as_str())
        } else {
            asked.bearer() == Some(self.key.as_str())
        };
        if !allowed {
            return if gemini { gemini::wrong_key() } else { openai::wrong_key() };
        }
        if *held(&self.day_is_spent) && call != ModelCall::ListModels {
            return if gemini { gemini::day_spent() } else { openai::credit_spent() };
        }
        match (call, gemini) {
            (ModelCall::ListModels, true) => gemini::list(),
            (ModelCall::ListModels, false) => openai::list(),
            (ModelCall::Generate, _) => self.asked(gemini::read(asked), gemini::written, gemini::bad).await,
            (ModelCall::Complete, _) => self.asked(openai::read(asked), openai::written, openai::bad).await,
        }
    }

    fn refuse(&self, _: Option<ModelCall>, asked: &Asked, failure: Failure) -> wire::Answer {
        if is_gemini(asked) { gemini::refused(failure) } else { openai::refused(failure) }
    }
}

/// What a door made of a request, before it is noted.
struct Read {
    model: String,
    system: String,
    talk: String,
    schema: Option<Value>,
}

/// A refusal of a door: status and message.
struct Bad {
    status: u16,
    message: String,
}

impl Bad {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// What the model has to say, before a door puts it into its own shape.
enum Spoken {
    Text(String),
    /// The text stops in the middle: the tokens were used up.
    Cut(String),
    /// The tokens were used up by thinking: no text at all.
    Nothing,
    /// The filters of the provider held the answer back.
    Blocked,
    /// Not even the provider's own shape.
    Foreign,
}

impl Provider {
    async fn asked(
        &self,
        read: Result<Read, Bad>,
        written: fn(&Read, Spoken) -> wire::Answer,
        bad: fn(&Bad) -> wire::Answer,
    ) -> wire::Answer {
        let read = match read {
            Ok(read) => read,
            Err(refusal) => {
                self.note(
                    String::new(),
                    String::new(),
                    String::new(),
                    None,
                    Outcome::Refused(refusal.message.clone()),
                );
                return bad(&refusal);
            }
        };
        let running = Running::enter(self);
        let number = self.note(
            read.model.clone(),
            read.system.clone(),
            read.talk.clone(),
            read.schema.clone(),
            Outcome::Unanswered,
        );
        let answer = held(&self.script).pick(&read.talk);
        if answer == Answer::Hang {
            return pending().await;
        }
        let millis = self.thinks_ms.load(Ordering::SeqCst);
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        let spoken = script::spoken(&answer, &read.system, &read.talk, read.schema.as_ref());
        let (outcome, told) = match spoken {
            Ok(spoken) => (Outcome::Answered(spoken.shown()), written(&read, spoken)),
            Err(why) => (Outcome::Refused(why.clone()), bad(&Bad::new(500, why))),
        };
        if let Some(question) = held(&self.questions).get_mut(number) {
            question.outcome = outcome;
        }
        running.heard();
        told
    }

    fn note(
        &self,
        model: String,
        system: String,
        talk: String,
        schema: Option<Value>,
        outcome: Outcome,
    ) -> usize {
        let mut questions = held(&self.questions);
        questions.push(Question { at_ms: self.clock.now_ms(), model, system, talk, schema, outcome });
        questions.len() - 1
    }
}

impl Spoken {
    fn shown(&self) -> String {
        match self {
            Self::Text(text) | Self::Cut(text) => text.clone(),
            Self::Nothing => "[nothing]".to_owned(),
            Self::Blocked => "[blocked]".to_owned(),
            Self::Foreign => "[foreign]".to_owned(),
        }
    }
}

/// A question under way; dropped unheard when the asker goes away.
struct Running<'a> {
    provider: &'a Provider,
    heard: bool,
}

impl<'a> Running<'a> {
    fn enter(provider: &'a Provider) -> Self {
        let now = provider.running.fetch_add(1, Ordering::SeqCst) + 1;
        provider.most_running.fetch_max(now, Ordering::SeqCst);
        Self { provider, heard: false }
    }

    fn heard(mut self) {
        self.heard = true;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.provider.running.fetch_sub(1, Ordering::SeqCst);
        if !self.heard {
            self.provider.left.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn is_gemini(asked: &Asked) -> bool {
    asked.path.starts_with("/v1beta/")
}

/// Roughly what a provider would count.
fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}
