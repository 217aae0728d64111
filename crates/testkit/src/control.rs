//! All fakes together, and the door through which a harness in another process directs them.
//!
//! `GET /_ledger`: entries, double sends and whether the ledger is whole. `GET /_transcript`: the story as text.
//! `GET /_questions`: what the model was asked. `POST /_control`: one [`Order`]; answered with what came of it, or
//! with 400 and a sentence.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::Platform;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::HandClock,
    fake::{
        graph::{EchoTiming, FakeGraph, GraphAccount, GraphCall},
        line::{FakeLine, LineAccount, LineCall},
        model::{Answer, FakeModel, ModelCall, USUAL_KEY},
        telegram::{FakeTelegram, TelegramAccount, TelegramCall},
    },
    fault::Fault,
    ledger::Ledger,
    people::Person,
    webhook::{Postman, SignedWebhook},
    wire::held,
};

/// Every fake, on one clock and one ledger.
#[derive(Clone)]
pub struct Fakes {
    pub line: FakeLine,
    pub graph: FakeGraph,
    pub telegram: FakeTelegram,
    pub model: FakeModel,
    pub clock: HandClock,
    pub ledger: Ledger,
}

/// Where each fake listens; 0 takes a free port.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    pub line: u16,
    pub graph: u16,
    pub telegram: u16,
    pub model: u16,
}

impl Fakes {
    /// The usual accounts. `seed` keeps the ids of two runs apart.
    pub async fn start(ports: Ports, seed: u64, clock: &HandClock, ledger: &Ledger) -> anyhow::Result<Self> {
        Ok(Self {
            line: FakeLine::start_as(LineAccount::default(), ports.line, seed, clock, ledger).await?,
            graph: FakeGraph::start_as(GraphAccount::default(), ports.graph, seed, clock, ledger).await?,
            telegram: FakeTelegram::start_as(TelegramAccount::default(), ports.telegram, seed, clock, ledger)
                .await?,
            model: FakeModel::start_as(USUAL_KEY, ports.model, clock).await?,
            clock: clock.clone(),
            ledger: ledger.clone(),
        })
    }

    /// Addresses and secrets, for whoever connects a house to these fakes.
    pub fn introduction(&self) -> Value {
        json!({
            "line": { "base": self.line.base_url(), "account": self.line.account() },
            "graph": { "base": self.graph.base_url(), "account": self.graph.account() },
            "telegram": { "base": self.telegram.base_url(), "account": self.telegram.account() },
            "model": {
                "gemini_base": self.model.gemini_base(), "openai_base": self.model.openai_base(),
                "key": self.model.key(),
            },
        })
    }
}

/// What a harness can order.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Something goes wrong from now on, `times` often (none: until cleared).
    Fault {
        at: Place,
        times: Option<u32>,
        fault: Fault,
    },
    ClearFaults,
    Advance {
        millis: u64,
    },
    SetClock {
        millis: i64,
    },
    /// A person does something. With `url` the webhook is posted there; without, Telegram queues it for polling
    /// and the others hand the webhook back.
    Act {
        platform: Platform,
        person: String,
        deed: Deed,
        url: Option<String>,
        #[serde(default)]
        spoilt: Spoilt,
    },
    /// A webhook made before, once more: the same bytes, or as a LINE redelivery.
    Again {
        webhook: usize,
        url: String,
        #[serde(default)]
        redelivery: bool,
    },
    /// Echoes of Messenger sends go to this door; none: nowhere.
    Echo {
        url: Option<String>,
        timing: EchoTiming,
    },
    /// Telegram posts what is queued to the webhook that was set.
    Deliver,
    /// What the model says: whenever the talk contains `when`, or always.
    Model {
        when: Option<String>,
        answer: Answer,
    },
    /// LINE's messages a month.
    Quota {
        messages: Option<u64>,
    },
    /// Whether the access token of a platform works.
    Token {
        platform: Platform,
        works: bool,
    },
}

/// The call of a platform that a fault meets; none: every call.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Line(Option<LineCall>),
    Graph(Option<GraphCall>),
    Telegram(Option<TelegramCall>),
    Model(Option<ModelCall>),
}

/// What a person, or the owner, does on a platform.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    Texts(Vec<String>),
    Sticker,
    /// Bytes of a picture; Messenger only points to one.
    Image {
        base64: String,
    },
    /// A button's hidden payload.
    Tap(String),
    Follow,
    /// Blocks the account.
    Leave,
    Unsend {
        message: String,
    },
    Edit {
        message: String,
        text: String,
    },
    Read,
    /// The owner answers from the phone (Messenger).
    ByHand(String),
    /// An event of a kind that nobody knows.
    Unknown(String),
}

/// What happens to a webhook on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoilt {
    #[default]
    No,
    /// A byte of the body is changed.
    Tampered,
    /// The signature is missing.
    Unsigned,
}

/// The control door, listening. Stops when dropped.
pub struct Control {
    address: SocketAddr,
    stop: CancellationToken,
}

impl Control {
    pub async fn start(port: u16, fakes: Fakes) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("port {port} of loopback cannot be listened on"))?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let room = Arc::new(Room { fakes, postman: Postman::new()?, hooks: Mutex::default() });
        let app = Router::new()
            .route("/_ledger", get(ledger))
            .route("/_transcript", get(transcript))
            .route("/_questions", get(questions))
            .route("/_control", post(control))
            .with_state(room);
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(stopped).await {
                tracing::warn!(%error, "the control door closed");
            }
        });
        Ok(Self { address, stop })
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Room {
    fakes: Fakes,
    postman: Postman,
    /// Every webhook made here, so that it can come again.
    hooks: Mutex<Vec<SignedWebhook>>,
}

/// A webhook handed back.
#[derive(Serialize)]
struct Made {
    /// Its number, for [`Order::Again`].
    webhook: usize,
    message_ids: Vec<String>,
    headers: Vec<(String, String)>,
    body_base64: String,
    /// What the door said, where it was posted.
    status: Option<u16>,
}

async fn ledger(State(room): State<Arc<Room>>) -> Json<Value> {
    let ledger = &room.fakes.ledger;
    Json(json!({ "entries": ledger.entries(), "doubles": ledger.double_sends(), "broken": ledger.broken() }))
}

async fn transcript(State(room): State<Arc<Room>>) -> String {
    room.fakes.ledger.transcript()
}

async fn questions(State(room): State<Arc<Room>>) -> Json<Value> {
    Json(json!(room.fakes.model.questions()))
}

/// The body is read by hand, so that a mistake in it is answered with a sentence.
async fn control(State(room): State<Arc<Room>>, body: bytes::Bytes) -> Response {
    let done = match serde_json::from_slice(&body) {
        Ok(order) => room.obey(order).await,
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(value) => Json(value).into_response(),
        Err(error) => {
            let sentence = json!({ "error": format!("{error:#}") });
            (StatusCode::BAD_REQUEST, Json(sentence)).into_response()
        }
    }
}

impl Room {
    async fn obey(&self, order: Order) -> anyhow::Result<Value> {
        let fakes = &self.fakes;
        match order {
            Order::Fault { at, times, fault } => match at {
                Place::Line(call) => fakes.line.faults().plan(call, fault, times),
                Place::Graph(call) => fakes.graph.faults().plan(call, fault, times),
                Place::Telegram(call) => fakes.telegram.faults().plan(call, fault, times),
                Place::Model(call) => fakes.model.faults().plan(call, fault, times),
            },
            Order::ClearFaults => {
                fakes.line.faults().clear();
                fakes.graph.faults().clear();
                fakes.telegram.faults().clear();
                fakes.model.faults().clear();
            }
            Order::Advance { millis } => fakes.clock.advance(Duration::from_millis(millis)),
            Order::SetClock { millis } => fakes.clock.set_ms(millis),
            Order::Act { platform, person, deed, url, spoilt } => {
                let person =
                    Person::named(&person).with_context(|| format!("nobody is called {person:?}"))?;
                return self.act(platform, &person, &deed, url.as_deref(), spoilt).await;
            }
            Order::Again { webhook, url, redelivery } => {
                let hook = held(&self.hooks).get(webhook).cloned();
                let hook = hook.with_context(|| format!("there is no webhook {webhook}"))?;
                let hook = if redelivery { fakes.line.redelivered(&hook) } else { hook };
                return self.handed(hook, Some(&url)).await;
            }
            Order::Echo { url: Some(url), timing } => fakes.graph.echo_to(&url, timing),
            Order::Echo { url: None, .. } => fakes.graph.echo_nowhere(),
            Order::Deliver => return Ok(json!({ "taken": fakes.telegram.deliver().await? })),
            Order::Model { when: Some(keyword), answer } => fakes.model.when(&keyword, answer),
            Order::Model { when: None, answer } => fakes.model.always(answer),
            Order::Quota { messages } => fakes.line.set_quota(messages),
            Order::Token { platform, works } => self.token(platform, works)?,
        }
        Ok(json!({ "now_ms": fakes.clock.now_ms() }))
    }

    fn token(&self, platform: Platform, works: bool) -> anyhow::Result<()> {
        let fakes = &self.fakes;
        match (platform, works) {
            (Platform::Line, true) => fakes.line.renew_token(),
            (Platform::Line, false) => fakes.line.revoke_token(),
            (Platform::Facebook, true) => fakes.graph.renew_token(),
            (Platform::Facebook, false) => fakes.graph.expire_token(),
            (Platform::Telegram, true) => fakes.telegram.renew_token(),
            (Platform::Telegram, false) => fakes.telegram.revoke_token(),
            (other, _) => anyhow::bail!("{other} is not played here"),
        }
        Ok(())
    }

    async fn act(
        &self,
        platform: Platform,
        person: &Person,
        deed: &Deed,
        url: Option<&str>,
        spoilt: Spoilt,
    ) -> anyhow::Result<Value> {
        let hooks = match platform {
            Platform::Line => vec![on_line(&self.fakes.line, person, deed)?],
            Platform::Facebook => vec![on_graph(&self.fakes.graph, person, deed)?],
            Platform::Telegram => {
                let updates = on_telegram(&self.fakes.telegram, person, deed)?;
                if url.is_none() {
                    return Ok(json!({ "queued": updates.queued() }));
                }
                updates.signed()
            }
            Platform::Instagram
            | Platform::Whatsapp
            | Platform::Sms
            | Platform::Email
            | Platform::Discord
            | Platform::X
            | Platform::Linkedin
            | Platform::Playground => anyhow::bail!("{platform} is not played here"),
        };
        let mut made = Vec::new();
        for hook in hooks {
            let hook = match spoilt {
                Spoilt::No => hook,
                Spoilt::Tampered => hook.tampered(),
                Spoilt::Unsigned => hook.unsigned(),
            };
            made.push(self.handed(hook, url).await?);
        }
        Ok(json!({ "webhooks": made }))
    }

    async fn handed(&self, hook: SignedWebhook, url: Option<&str>) -> anyhow::Result<Value> {
        let status = match url {
            Some(url) => Some(self.postman.post(url, &hook).await?.status),
            None => None,
        };
        let mut hooks = held(&self.hooks);
        let made = Made {
            webhook: hooks.len(),
            message_ids: hook.message_ids.clone(),
            headers: hook.headers.clone(),
            body_base64: STANDARD.encode(&hook.body),
            status,
        };
        hooks.push(hook);
        Ok(serde_json::to_value(made)?)
    }
}

fn on_line(line: &FakeLine, person: &Person, deed: &Deed) -> anyhow::Result<SignedWebhook> {
    let hook = line.webhook();
    let hook = match deed {
        Deed::Texts(texts) => texts.iter().fold(hook, |hook, text| hook.text(person, text)),
        Deed::Sticker => hook.sticker(person, &["hello"]),
        Deed::Image { base64 } => hook.image(person, STANDARD.decode(base64)?),
        Deed::Tap(data) => hook.postback(person, data),
        Deed::Follow => hook.follow(person, false),
        Deed::Leave => hook.unfollow(person),
        Deed::Unsend { message } => hook.unsend(person, message),
        Deed::Edit { message, text } => {
            hook.edited(person, "C5a1a0000000000000000000000000001", message, text)
        }
        Deed::Unknown(kind) => hook.unknown(person, kind),
        Deed::Read | Deed::ByHand(_) => anyhow::bail!("LINE tells nobody about {deed:?}"),
    };
    Ok(hook.signed())
}

fn on_graph(graph: &FakeGraph, person: &Person, deed: &Deed) -> anyhow::Result<SignedWebhook> {
    let hook = graph.webhook();
    let hook = match deed {
        Deed::Texts(texts) => texts.iter().fold(hook, |hook, text| hook.text(person, text)),
        Deed::Sticker => hook.sticker(person),
        Deed::Image { .. } => hook.image(person, "https://scontent.xx.fbcdn.net/slip.jpg"),
        Deed::Tap(payload) => hook.postback(person, payload, payload),
        Deed::Unsend { message } => hook.unsent(person, message),
        Deed::Edit { message, text } => hook.edited(person, message, text, 1),
        Deed::Read => hook.read(person),
        Deed::ByHand(text) => hook.by_hand(person, text),
        Deed::Unknown(kind) => hook.unknown(person, kind),
        Deed::Follow => anyhow::bail!("a Page is told nothing about {deed:?}"),
        Deed::Leave => {
            graph.block(person);
            anyhow::bail!("done, but a Page is told nothing about {deed:?}")
        }
    };
    Ok(hook.signed())
}

fn on_telegram<'a>(
    telegram: &'a FakeTelegram,
    person: &Person,
    deed: &Deed,
) -> anyhow::Result<crate::fake::telegram::TelegramUpdates<'a>> {
    let updates = telegram.updates();
    Ok(match deed {
        Deed::Texts(texts) => texts.iter().fold(updates, |updates, text| updates.text(person, text)),
        Deed::Sticker => updates.sticker(person, "👍"),
        Deed::Image { base64 } => updates.photo(person, "", STANDARD.decode(base64)?),
        Deed::Tap(data) => updates.tap(person, 1, data),
        Deed::Follow => updates.text(person, "/start"),
        Deed::Leave => updates.blocks(person),
        Deed::Edit { message, text } => updates.edited(person, message.parse()?, text),
        Deed::Unknown(kind) => updates.unknown(kind),
        Deed::Unsend { .. } | Deed::Read | Deed::ByHand(_) => {
            anyhow::bail!("Telegram tells no bot about {deed:?}")
        }
    })
}
