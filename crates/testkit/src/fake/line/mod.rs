//! LINE's Messaging API: reply once and in time, push against the quota, everything checked by the document.
//! Wire facts: <https://developers.line.biz/en/reference/messaging-api/>.

mod calls;
mod rules;
mod state;
mod webhooks;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use domain::Platform;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::webhooks::LineWebhook;
use self::{rules::Rules, state::State};
use crate::{
    clock::HandClock,
    fault::Faults,
    ids::Ids,
    ledger::{Entry, Ledger, Noted, Refused},
    objects::set,
    people::Person,
    wire::{Answer, Asked, Failure, Fake, Server, held},
};

/// A reply token lives so long after its webhook, and as long again after a redelivery.
pub const REPLY_TOKEN_MS: i64 = 60_000;
/// A redelivery renews a reply token only within this time of the event.
pub const REPLY_TOKEN_RENEWAL_MS: i64 = 20 * 60_000;
/// A retry key is remembered so long.
pub const RETRY_KEY_MS: i64 = 24 * 3_600_000;

/// The official account that is played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAccount {
    pub bot_user_id: String,
    pub basic_id: String,
    pub name: String,
    pub channel_id: String,
    pub channel_secret: String,
    /// Long-lived, from the console.
    pub access_token: String,
}

impl Default for LineAccount {
    fn default() -> Self {
        Self {
            bot_user_id: "U5a1a0000000000000000000000000001".to_owned(),
            basic_id: "@salacafe".to_owned(),
            name: "Sala Café".to_owned(),
            channel_id: "1650000001".to_owned(),
            channel_secret: "8f1c2d3e4b5a69788796a5b4c3d2e1f0".to_owned(),
            access_token: "line-long-lived-token-for-tests/1+salacafe=".to_owned(),
        }
    }
}

/// What can be asked of LINE; faults are planned by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineCall {
    Reply,
    Push,
    Profile,
    Content,
    ContentPreview,
    ContentTranscoding,
    LoadingStart,
    MarkAsRead,
    BotInfo,
    Quota,
    QuotaConsumption,
    SetWebhook,
    GetWebhook,
    TestWebhook,
    StatelessToken,
}

/// How ready a customer's picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentState {
    Ready,
    /// 202: still being prepared.
    Preparing,
    /// 410: the sender took it back.
    Gone,
}

/// LINE, on loopback. Stops when the last clone is dropped.
#[derive(Clone)]
pub struct FakeLine {
    platform: Arc<Line>,
    server: Arc<Server>,
}

struct Line {
    account: LineAccount,
    clock: HandClock,
    ledger: Ledger,
    faults: Faults<LineCall>,
    rules: Rules,
    ids: Ids,
    state: Mutex<State>,
    client: reqwest::Client,
}

impl FakeLine {
    /// The usual account, on a free port.
    pub async fn start(clock: &HandClock, ledger: &Ledger) -> anyhow::Result<Self> {
        Self::start_as(LineAccount::default(), 0, 1, clock, ledger).await
    }

    /// `seed` keeps the ids of two runs apart.
    pub async fn start_as(
        account: LineAccount,
        port: u16,
        seed: u64,
        clock: &HandClock,
        ledger: &Ledger,
    ) -> anyhow::Result<Self> {
        let platform = Arc::new(Line {
            state: Mutex::new(State::new(&account.access_token)),
            account,
            clock: clock.clone(),
            ledger: ledger.clone(),
            faults: Faults::new(),
            rules: Rules::load()?,
            ids: Ids::seeded(seed),
            client: reqwest::Client::builder().no_proxy().build()?,
        });
        let server = Arc::new(Server::start(port, Arc::clone(&platform)).await?);
        Ok(Self { platform, server })
    }

    /// Both the API and the content base: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        self.server.base()
    }

    pub fn account(&self) -> &LineAccount {
        &self.platform.account
    }

    pub fn faults(&self) -> &Faults<LineCall> {
        &self.platform.faults
    }

    pub fn ledger(&self) -> &Ledger {
        &self.platform.ledger
    }

    /// A webhook to be filled with events and signed. The people in it become known to this LINE, and its reply
    /// tokens are good here.
    pub fn webhook(&self) -> LineWebhook<'_> {
        LineWebhook::new(&self.platform)
    }

    /// The same webhook once more, as LINE redelivers it: `isRedelivery`, reply tokens renewed where the rule
    /// allows, signed anew.
    pub fn redelivered(&self, hook: &crate::SignedWebhook) -> crate::SignedWebhook {
        webhooks::redelivered(&self.platform, hook)
    }

    /// This body as if LINE had sent it: signed, whatever it is.
    pub fn sign(&self, body: impl Into<Bytes>) -> crate::SignedWebhook {
        webhooks::signed(&self.platform, body.into(), Vec::new())
    }

    /// Messages a month that push may use; none: as many as one likes.
    pub fn set_quota(&self, messages: Option<u64>) {
        held(&self.platform.state).quota = messages;
    }

    pub fn quota_used(&self) -> u64 {
        held(&self.platform.state).used
    }

    /// The access token from the console no longer works: LINE answers 401 until [`Self::renew_token`].
    pub fn revoke_token(&self) {
        held(&self.platform.state).revoke(&self.platform.account.access_token);
    }

    pub fn renew_token(&self) {
        held(&self.platform.state).allow(&self.platform.account.access_token, i64::MAX);
    }

    /// How `/content` answers for this message.
    pub fn set_content(&self, message_id: &str, state: ContentState) {
        held(&self.platform.state).set_content(message_id, state);
    }

    /// The address and whether it is switched on; as the app has set it.
    pub fn webhook_endpoint(&self) -> Option<(String, bool)> {
        held(&self.platform.state).webhook.clone()
    }

    /// The owner's switch "Use webhook" in the console.
    pub fn switch_webhook(&self, on: bool) {
        if let Some((_, active)) = &mut held(&self.platform.state).webhook {
            *active = on;
        }
    }

    /// Adds a friend who has not written yet.
    pub fn befriend(&self, person: &Person) {
        held(&self.platform.state).meet(person);
    }

    /// Nobody answers here any more, as if LINE were unreachable.
    pub fn stop(&self) {
        self.server.stop();
    }
}

impl Fake for Line {
    type Call = LineCall;

    fn route(&self, asked: &Asked) -> Option<LineCall> {
        Some(match (asked.method.as_str(), asked.segments().as_slice()) {
            ("POST", ["v2", "bot", "message", "reply"]) => LineCall::Reply,
            ("POST", ["v2", "bot", "message", "push"]) => LineCall::Push,
            ("GET", ["v2", "bot", "profile", _]) => LineCall::Profile,
            ("GET", ["v2", "bot", "message", "quota"]) => LineCall::Quota,
            ("GET", ["v2", "bot", "message", "quota", "consumption"]) => LineCall::QuotaConsumption,
            ("GET", ["v2", "bot", "message", _, "content"]) => LineCall::Content,
            ("GET", ["v2", "bot", "message", _, "content", "preview"]) => LineCall::ContentPreview,
            ("GET", ["v2", "bot", "message", _, "content", "transcoding"]) => LineCall::ContentTranscoding,
            ("POST", ["v2", "bot", "chat", "loading", "start"]) => LineCall::LoadingStart,
            ("POST", ["v2", "bot", "chat", "markAsRead"]) => LineCall::MarkAsRead,
            ("GET", ["v2", "bot", "info"]) => LineCall::BotInfo,
            ("PUT", ["v2", "bot", "channel", "webhook", "endpoint"]) => LineCall::SetWebhook,
            ("GET", ["v2", "bot", "channel", "webhook", "endpoint"]) => LineCall::GetWebhook,
            ("POST", ["v2", "bot", "channel", "webhook", "test"]) => LineCall::TestWebhook,
            ("POST", ["oauth2", "v3", "token"]) => LineCall::StatelessToken,
            _ => return None,
        })
    }

    fn faults(&self) -> &Faults<LineCall> {
        &self.faults
    }

    async fn answer(&self, call: LineCall, asked: &Asked) -> Answer {
        self.called(call, asked).await
    }

    fn refuse(&self, call: Option<LineCall>, asked: &Asked, failure: Failure) -> Answer {
        let (status, message) = match failure {
            Failure::NoSuchAddress => (404, "Not found"),
            Failure::Broken => (500, "Internal Server Error"),
            Failure::TooMany { .. } => (429, "The API rate limit has been exceeded. Try again later."),
            Failure::ExpiredToken => (401, NO_TOKEN),
            Failure::TooLarge => (413, "Payload Too Large"),
        };
        let answer = self.refused(call, asked, status, message, &[]);
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

const NO_TOKEN: &str = "Authentication failed due to the following reason: invalid token. Confirm that the \
                        access token in the authorization header is valid.";

impl Line {
    /// An error in LINE's shape, written down.
    fn refused(
        &self,
        call: Option<LineCall>,
        asked: &Asked,
        status: u16,
        message: &str,
        details: &[crate::schema::Fault],
    ) -> Answer {
        let mut body = json!({ "message": message });
        if !details.is_empty() {
            let details: Vec<Value> = details
                .iter()
                .map(|fault| json!({ "message": fault.message, "property": fault.property }))
                .collect();
            set(&mut body, "details", Value::Array(details));
        }
        let name =
            call.map_or_else(|| format!("{} {}", asked.method, asked.path), |call| format!("{call:?}"));
        let why: Vec<String> =
            details.iter().map(|fault| format!("{}: {}", fault.property, fault.message)).collect();
        let reason =
            if why.is_empty() { message.to_owned() } else { format!("{message}: {}", why.join("; ")) };
        self.ledger.keep(Entry::Refused(Refused {
            at_ms: self.clock.now_ms(),
            platform: Platform::Line,
            call: name,
            status,
            reason,
            body: asked.json().unwrap_or(Value::Null),
        }));
        Answer::json(status, &body).with("x-line-request-id", self.request_id())
    }

    fn note(&self, what: &str, about: &str) {
        self.ledger.keep(Entry::Noted(Noted {
            at_ms: self.clock.now_ms(),
            platform: Platform::Line,
            what: what.to_owned(),
            about: about.to_owned(),
        }));
    }

    fn well(&self, body: &Value) -> Answer {
        Answer::json(200, body).with("x-line-request-id", self.request_id())
    }

    fn request_id(&self) -> String {
        let hex = self.ids.hex();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }
}
