//! Meta's Graph API for a Page: the Send API with its windows and limits, conversations, profiles, echoes.
//! Wire facts: <https://developers.facebook.com/documentation/business-messaging/messenger-platform>.

mod calls;
mod fields;
mod reading;
mod rules;
mod state;
mod webhooks;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use domain::Platform;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::state::State;
pub use self::webhooks::GraphWebhook;
use crate::{
    clock::HandClock,
    fault::Faults,
    ids::Ids,
    ledger::{Accepted, Entry, Ledger, Noted, Refused},
    objects::set,
    people::Person,
    webhook::{Postman, SignedWebhook},
    wire::{Answer, Asked, Failure, Fake, Server, held},
};

/// The standard window after a person's last action.
pub const STANDARD_WINDOW_MS: i64 = 24 * 3_600_000;
/// The window for words a person wrote, under the tag HUMAN_AGENT.
pub const HUMAN_AGENT_WINDOW_MS: i64 = 7 * STANDARD_WINDOW_MS;
/// The app under which the owner's own words from the Page inbox are echoed.
pub const PAGE_INBOX_APP: i64 = 26_390_203_743_090;

/// The Page and the app that are played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphAccount {
    pub page_id: String,
    pub page_name: String,
    pub page_token: String,
    pub app_id: String,
    pub app_secret: String,
    /// What the app has set for Meta's question whether this is our door.
    pub verify_token: String,
    /// "Require App Secret": every call needs `appsecret_proof`. A wrong proof is refused in any case.
    pub requires_proof: bool,
    /// The feature HUMAN_AGENT has been granted.
    pub human_agent: bool,
}

impl Default for GraphAccount {
    fn default() -> Self {
        Self {
            page_id: "104000000000001".to_owned(),
            page_name: "Sala Café".to_owned(),
            page_token: "EAATestPageTokenOfSalaCafe0000000000001".to_owned(),
            app_id: "520000000000001".to_owned(),
            app_secret: "0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned(),
            verify_token: "sala-verify-token".to_owned(),
            requires_proof: false,
            human_agent: true,
        }
    }
}

/// What can be asked of the Graph API; faults are planned by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphCall {
    /// `POST /{page}/messages` with a message.
    Send,
    /// `POST /{page}/messages` with a `sender_action`.
    SenderAction,
    /// `POST /{comment}/comments`.
    CommentReply,
    Profile,
    Conversations,
    Conversation,
    Message,
    Subscribe,
    Subscriptions,
    Unsubscribe,
    Me,
    DebugToken,
}

/// When the echo of a message we sent is posted to the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoTiming {
    /// Before the send call is answered: the race that is easily lost.
    BeforeResponse,
    /// Shortly after the send call was answered, or would have been.
    AfterResponse,
}

/// The Graph API, on loopback. Stops when the last clone is dropped.
#[derive(Clone)]
pub struct FakeGraph {
    platform: Arc<Graph>,
    server: Arc<Server>,
}

struct Graph {
    account: GraphAccount,
    clock: HandClock,
    ledger: Ledger,
    faults: Faults<GraphCall>,
    ids: Ids,
    state: Mutex<State>,
    postman: Postman,
}

impl FakeGraph {
    /// The usual Page, on a free port.
    pub async fn start(clock: &HandClock, ledger: &Ledger) -> anyhow::Result<Self> {
        Self::start_as(GraphAccount::default(), 0, 1, clock, ledger).await
    }

    /// `seed` keeps the ids of two runs apart.
    pub async fn start_as(
        account: GraphAccount,
        port: u16,
        seed: u64,
        clock: &HandClock,
        ledger: &Ledger,
    ) -> anyhow::Result<Self> {
        let platform = Arc::new(Graph {
            account,
            clock: clock.clone(),
            ledger: ledger.clone(),
            faults: Faults::new(),
            ids: Ids::seeded(seed),
            state: Mutex::new(State::default()),
            postman: Postman::new()?,
        });
        let server = Arc::new(Server::start(port, Arc::clone(&platform)).await?);
        Ok(Self { platform, server })
    }

    /// `http://127.0.0.1:PORT`; a version may follow, as in `/v25.0/me`.
    pub fn base_url(&self) -> String {
        self.server.base()
    }

    pub fn account(&self) -> &GraphAccount {
        &self.platform.account
    }

    pub fn faults(&self) -> &Faults<GraphCall> {
        &self.platform.faults
    }

    pub fn ledger(&self) -> &Ledger {
        &self.platform.ledger
    }

    /// A webhook to be filled with events and signed. Its people become known to the Page, their messages
    /// stand in the conversations, and their actions open the window.
    pub fn webhook(&self) -> GraphWebhook<'_> {
        GraphWebhook::new(&self.platform)
    }

    /// The echo of a message that this Graph accepted.
    pub fn echo_of(&self, sent: &Accepted) -> SignedWebhook {
        webhooks::echo_of(&self.platform, sent)
    }

    /// This body as if Meta had sent it: signed, whatever it is.
    pub fn sign(&self, body: impl Into<Bytes>) -> SignedWebhook {
        webhooks::signed(&self.platform, body.into(), Vec::new())
    }

    /// Meta's question whether this is our door: true when it answers the challenge as it should.
    /// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>
    pub async fn verifies_door(&self, url: &str) -> anyhow::Result<bool> {
        let challenge = self.platform.ids.digits(10);
        let query = [
            ("hub.mode", "subscribe"),
            ("hub.challenge", challenge.as_str()),
            ("hub.verify_token", self.platform.account.verify_token.as_str()),
        ];
        let posted = self.platform.postman.get(url, &query).await?;
        Ok(posted.status == 200 && posted.body == challenge.as_bytes())
    }

    /// From now on every accepted message is echoed to this door.
    pub fn echo_to(&self, url: &str, timing: EchoTiming) {
        held(&self.platform.state).echo = Some((url.to_owned(), timing));
    }

    /// Echoes are lost from now on.
    pub fn echo_nowhere(&self) {
        held(&self.platform.state).echo = None;
    }

    /// The person has blocked the Page or is otherwise not available: sends fail with 551.
    pub fn block(&self, person: &Person) {
        held(&self.platform.state).meet(person).blocked = true;
    }

    /// The token no longer works (190/463) until [`Self::renew_token`].
    pub fn expire_token(&self) {
        held(&self.platform.state).token_expired = true;
    }

    pub fn renew_token(&self) {
        held(&self.platform.state).token_expired = false;
    }

    /// The fields the app has subscribed.
    pub fn subscribed_fields(&self) -> Vec<String> {
        held(&self.platform.state).subscribed.iter().cloned().collect()
    }

    /// Nobody answers here any more.
    pub fn stop(&self) {
        self.server.stop();
    }
}

impl Fake for Graph {
    type Call = GraphCall;

    fn route(&self, asked: &Asked) -> Option<GraphCall> {
        let segments = asked.segments();
        let path = match segments.as_slice() {
            [version, rest @ ..] if is_version(version) => rest,
            all => all,
        };
        let ours = |id: &str| id == "me" || id == self.account.page_id;
        Some(match (asked.method.as_str(), path) {
            ("POST", [page, "messages"]) if ours(page) => {
                let action = asked.json().is_some_and(|body| body.get("sender_action").is_some());
                if action { GraphCall::SenderAction } else { GraphCall::Send }
            }
            ("POST", [_, "comments"]) => GraphCall::CommentReply,
            ("GET", [page, "conversations"]) if ours(page) => GraphCall::Conversations,
            ("GET", [id, "messages"]) if id.starts_with("t_") => GraphCall::Conversation,
            ("POST", [page, "subscribed_apps"]) if ours(page) => GraphCall::Subscribe,
            ("GET", [page, "subscribed_apps"]) if ours(page) => GraphCall::Subscriptions,
            ("DELETE", [page, "subscribed_apps"]) if ours(page) => GraphCall::Unsubscribe,
            ("GET", ["debug_token"]) => GraphCall::DebugToken,
            ("GET", [page]) if ours(page) => GraphCall::Me,
            ("GET", [id]) if id.starts_with("t_") => GraphCall::Conversation,
            ("GET", [id]) if id.starts_with("m_") => GraphCall::Message,
            ("GET", [id]) if id.bytes().all(|byte| byte.is_ascii_digit()) => GraphCall::Profile,
            _ => return None,
        })
    }

    fn faults(&self) -> &Faults<GraphCall> {
        &self.faults
    }

    async fn answer(&self, call: GraphCall, asked: &Asked) -> Answer {
        match self.called(call, asked).await {
            Ok(answer) => answer,
            Err(error) => self.refused(Some(call), asked, &error),
        }
    }

    fn refuse(&self, call: Option<GraphCall>, asked: &Asked, failure: Failure) -> Answer {
        let error = match failure {
            Failure::NoSuchAddress => GraphError::new(400, 2500, None, "Unknown path components"),
            Failure::Broken => GraphError::new(500, 2, None, "Service temporarily unavailable").transient(),
            Failure::TooMany { .. } => {
                GraphError::new(400, 613, None, "(#613) Calls to this api have exceeded the rate limit.")
            }
            Failure::ExpiredToken => GraphError::expired_token(),
            Failure::TooLarge => GraphError::new(413, 1, None, "Please reduce the amount of data"),
        };
        let answer = self.refused(call, asked, &error);
        match failure {
            // Minutes, rounded up, in the header of the business use case; Graph sends no Retry-After.
            Failure::TooMany { retry_after_s } => {
                let minutes = retry_after_s.map_or(0, |seconds| seconds.div_ceil(60));
                let usage = json!([{
                    "type": "messenger", "call_count": 100, "total_cputime": 12, "total_time": 20,
                    "estimated_time_to_regain_access": minutes,
                }]);
                let usage = json!({ self.account.page_id.as_str(): usage });
                answer.with("x-business-use-case-usage", usage.to_string())
            }
            Failure::NoSuchAddress | Failure::Broken | Failure::ExpiredToken | Failure::TooLarge => answer,
        }
    }
}

/// An error in Graph's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GraphError {
    status: u16,
    code: i64,
    subcode: Option<i64>,
    message: String,
    transient: bool,
}

impl GraphError {
    fn new(status: u16, code: i64, subcode: Option<i64>, message: impl Into<String>) -> Self {
        Self { status, code, subcode, message: message.into(), transient: false }
    }

    /// Code 100: the body is wrong.
    fn bad(message: impl Into<String>) -> Self {
        Self::new(400, 100, None, format!("(#100) {}", message.into()))
    }

    fn expired_token() -> Self {
        let message = "Error validating access token: Session has expired.";
        Self::new(400, 190, Some(463), message)
    }

    fn transient(mut self) -> Self {
        self.transient = true;
        self
    }
}

impl Graph {
    fn refused(&self, call: Option<GraphCall>, asked: &Asked, error: &GraphError) -> Answer {
        let name =
            call.map_or_else(|| format!("{} {}", asked.method, asked.path), |call| format!("{call:?}"));
        let subcode = error.subcode.map(|subcode| format!("/{subcode}")).unwrap_or_default();
        self.ledger.keep(Entry::Refused(Refused {
            at_ms: self.clock.now_ms(),
            platform: Platform::Facebook,
            call: name,
            status: error.status,
            reason: format!("{}{subcode} {}", error.code, error.message),
            body: asked.json().unwrap_or(Value::Null),
        }));
        let mut body = json!({
            "message": error.message, "type": "OAuthException", "code": error.code,
            "fbtrace_id": self.ids.hex().chars().take(23).collect::<String>(),
        });
        if let Some(subcode) = error.subcode {
            set(&mut body, "error_subcode", json!(subcode));
        }
        if error.transient {
            set(&mut body, "is_transient", json!(true));
        }
        Answer::json(error.status, &json!({ "error": body })).with("facebook-api-version", "v25.0")
    }

    fn note(&self, what: &str, about: &str) {
        self.ledger.keep(Entry::Noted(Noted {
            at_ms: self.clock.now_ms(),
            platform: Platform::Facebook,
            what: what.to_owned(),
            about: about.to_owned(),
        }));
    }

    fn well(body: &Value) -> Answer {
        let usage = json!({ "call_count": 1, "total_time": 1, "total_cputime": 1 });
        Answer::json(200, body).with("facebook-api-version", "v25.0").with("x-app-usage", usage.to_string())
    }

    /// `m_` and an opaque rest, growing.
    fn mid(&self) -> String {
        format!("m_{}{}", self.ids.digits(14), self.ids.hex().get(..24).unwrap_or_default())
    }
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}
