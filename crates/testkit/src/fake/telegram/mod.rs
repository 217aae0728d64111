//! Telegram's Bot API: one consumer of updates, confirmed by offset, and sends that have no key.
//! Wire facts: <https://core.telegram.org/bots/api>. Formatting (`parse_mode`) and uploads are not played.

mod calls;
mod polling;
mod state;
mod updates;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use domain::Platform;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;

use self::state::State;
pub use self::updates::TelegramUpdates;
use crate::{
    clock::HandClock,
    fault::Faults,
    ids::Ids,
    ledger::{Entry, Ledger, Noted, Refused},
    objects::set,
    people::Person,
    webhook::{Postman, SignedWebhook},
    wire::{Answer, Asked, Failure, Fake, Server, held},
};

/// The bot that is played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelegramAccount {
    /// `ID:SECRET`, as BotFather gives it.
    pub token: String,
    pub username: String,
    pub name: String,
}

impl TelegramAccount {
    /// The part of the token before the colon.
    pub fn bot_id(&self) -> i64 {
        self.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or_default()
    }
}

impl Default for TelegramAccount {
    fn default() -> Self {
        Self {
            token: "8100000001:AAHtestTokenOfSalaCafeBot000000000000".to_owned(),
            username: "salacafe_bot".to_owned(),
            name: "Sala Café".to_owned(),
        }
    }
}

/// What can be asked of the Bot API; faults are planned by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TelegramCall {
    GetUpdates,
    SendMessage,
    SendPhoto,
    SendChatAction,
    AnswerCallbackQuery,
    GetMe,
    GetChat,
    SetWebhook,
    DeleteWebhook,
    GetWebhookInfo,
    GetFile,
    Download,
}

/// The Bot API, on loopback. Stops when the last clone is dropped.
#[derive(Clone)]
pub struct FakeTelegram {
    platform: Arc<Telegram>,
    server: Arc<Server>,
}

struct Telegram {
    account: TelegramAccount,
    clock: HandClock,
    ledger: Ledger,
    faults: Faults<TelegramCall>,
    ids: Ids,
    state: Mutex<State>,
    /// Wakes long polls: an update, another consumer, a webhook.
    moved: Notify,
    postman: Postman,
}

impl FakeTelegram {
    /// The usual bot, on a free port.
    pub async fn start(clock: &HandClock, ledger: &Ledger) -> anyhow::Result<Self> {
        Self::start_as(TelegramAccount::default(), 0, 1, clock, ledger).await
    }

    /// `seed` keeps the ids of two runs apart.
    pub async fn start_as(
        account: TelegramAccount,
        port: u16,
        seed: u64,
        clock: &HandClock,
        ledger: &Ledger,
    ) -> anyhow::Result<Self> {
        let platform = Arc::new(Telegram {
            account,
            clock: clock.clone(),
            ledger: ledger.clone(),
            faults: Faults::new(),
            ids: Ids::seeded(seed),
            state: Mutex::new(State::new(seed)),
            moved: Notify::new(),
            postman: Postman::new()?,
        });
        let server = Arc::new(Server::start(port, Arc::clone(&platform)).await?);
        Ok(Self { platform, server })
    }

    /// Both the API and the files: `http://127.0.0.1:PORT`; `/bot<token>/METHOD` follows.
    pub fn base_url(&self) -> String {
        self.server.base()
    }

    pub fn account(&self) -> &TelegramAccount {
        &self.platform.account
    }

    pub fn faults(&self) -> &Faults<TelegramCall> {
        &self.platform.faults
    }

    pub fn ledger(&self) -> &Ledger {
        &self.platform.ledger
    }

    /// Updates to be filled with what people do, then queued for polling or signed as webhooks.
    pub fn updates(&self) -> TelegramUpdates<'_> {
        TelegramUpdates::new(&self.platform)
    }

    /// Posts what is queued to the webhook that is set, oldest first, until the door takes one not: how many
    /// it took. Without a webhook: none.
    pub async fn deliver(&self) -> anyhow::Result<usize> {
        updates::deliver(&self.platform).await
    }

    /// This body as if Telegram had sent it to the webhook that is set, whatever it is.
    pub fn sign(&self, body: impl Into<Bytes>) -> SignedWebhook {
        updates::signed(&self.platform, body.into(), Vec::new())
    }

    /// Updates that nobody has confirmed yet.
    pub fn unconfirmed(&self) -> usize {
        held(&self.platform.state).updates.len()
    }

    /// The person blocks the bot: sends fail with 403.
    pub fn block(&self, person: &Person) {
        held(&self.platform.state).meet(person).blocked = true;
    }

    /// BotFather has revoked the token: 401 until [`Self::renew_token`].
    pub fn revoke_token(&self) {
        held(&self.platform.state).token_revoked = true;
    }

    pub fn renew_token(&self) {
        held(&self.platform.state).token_revoked = false;
    }

    /// Nobody answers here any more.
    pub fn stop(&self) {
        self.server.stop();
        self.platform.moved.notify_waiters();
    }
}

impl Fake for Telegram {
    type Call = TelegramCall;

    fn route(&self, asked: &Asked) -> Option<TelegramCall> {
        let segments = asked.segments();
        if let ["file", bot, ..] = segments.as_slice()
            && bot.starts_with("bot")
        {
            return Some(TelegramCall::Download);
        }
        let [bot, method] = segments.as_slice() else { return None };
        if !bot.starts_with("bot") {
            return None;
        }
        // Methods have no case at Telegram.
        Some(match method.to_lowercase().as_str() {
            "getupdates" => TelegramCall::GetUpdates,
            "sendmessage" => TelegramCall::SendMessage,
            "sendphoto" => TelegramCall::SendPhoto,
            "sendchataction" => TelegramCall::SendChatAction,
            "answercallbackquery" => TelegramCall::AnswerCallbackQuery,
            "getme" => TelegramCall::GetMe,
            "getchat" => TelegramCall::GetChat,
            "setwebhook" => TelegramCall::SetWebhook,
            "deletewebhook" => TelegramCall::DeleteWebhook,
            "getwebhookinfo" => TelegramCall::GetWebhookInfo,
            "getfile" => TelegramCall::GetFile,
            _ => return None,
        })
    }

    fn faults(&self) -> &Faults<TelegramCall> {
        &self.faults
    }

    async fn answer(&self, call: TelegramCall, asked: &Asked) -> Answer {
        match self.called(call, asked).await {
            Ok(answer) => answer,
            Err(error) => self.refused(Some(call), asked, &error),
        }
    }

    fn refuse(&self, call: Option<TelegramCall>, asked: &Asked, failure: Failure) -> Answer {
        let error = match failure {
            Failure::NoSuchAddress => TelegramError::new(404, "Not Found"),
            Failure::Broken => TelegramError::new(500, "Internal Server Error"),
            Failure::TooMany { retry_after_s } => {
                let wait =
                    retry_after_s.map(|seconds| format!(": retry after {seconds}")).unwrap_or_default();
                let mut error = TelegramError::new(429, format!("Too Many Requests{wait}"));
                error.parameters = retry_after_s.map(|seconds| json!({ "retry_after": seconds }));
                error
            }
            Failure::ExpiredToken => TelegramError::new(401, "Unauthorized"),
            Failure::TooLarge => TelegramError::new(413, "Request Entity Too Large"),
        };
        let answer = self.refused(call, asked, &error);
        match failure {
            Failure::TooMany { retry_after_s: Some(seconds) } => {
                answer.with("retry-after", seconds.to_string())
            }
            Failure::NoSuchAddress
            | Failure::Broken
            | Failure::TooMany { retry_after_s: None }
            | Failure::ExpiredToken
            | Failure::TooLarge => answer,
        }
    }
}

/// An error in Telegram's shape.
#[derive(Debug, Clone, PartialEq)]
struct TelegramError {
    code: u16,
    description: String,
    parameters: Option<Value>,
}

impl TelegramError {
    fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameters: None }
    }

    fn bad(description: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", description.as_ref()))
    }
}

impl Telegram {
    fn refused(&self, call: Option<TelegramCall>, asked: &Asked, error: &TelegramError) -> Answer {
        // Never the path as it is: the token stands in it.
        let name = call.map_or_else(|| format!("{} unknown", asked.method), |call| format!("{call:?}"));
        self.ledger.keep(Entry::Refused(Refused {
            at_ms: self.clock.now_ms(),
            platform: Platform::Telegram,
            call: name,
            status: error.code,
            reason: error.description.clone(),
            body: asked.json().unwrap_or(Value::Null),
        }));
        let mut body = json!({ "ok": false, "error_code": error.code, "description": error.description });
        if let Some(parameters) = &error.parameters {
            set(&mut body, "parameters", parameters.clone());
        }
        Answer::json(error.code, &body)
    }

    fn note(&self, what: &str, about: &str) {
        self.ledger.keep(Entry::Noted(Noted {
            at_ms: self.clock.now_ms(),
            platform: Platform::Telegram,
            what: what.to_owned(),
            about: about.to_owned(),
        }));
    }

    fn well(result: &Value) -> Answer {
        Answer::json(200, &json!({ "ok": true, "result": result }))
    }

    fn bot(&self) -> Value {
        json!({
            "id": self.account.bot_id(), "is_bot": true, "first_name": self.account.name,
            "username": self.account.username,
        })
    }
}
