//! A thin client of the Bot API. The token is part of every address, so no address is ever shown.

use std::time::Duration;

use domain::Attachment;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::error::{Refusal, send_error};
use crate::{
    ChannelSettings, ConfigError, FetchError, Fetched, SendError,
    http::{Answer, Api, Base, Lost, exchange},
    json::Json,
    media::fetched,
    throttle::{Rate, Throttle},
};

const PUBLIC: &str = "https://api.telegram.org";

/// 30 messages a second over all chats.
/// <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>
const OVERALL: Rate = Rate { per_second: 30, burst: 30 };
/// One a second in one chat, a few more at once.
const PER_CHAT: Rate = Rate { per_second: 1, burst: 3 };

pub(super) struct Bot {
    api: Api,
    /// `bot<token>`, as it stands in the path.
    segment: SecretString,
    throttle: Throttle,
}

/// Why there is no result.
pub(super) enum Trouble {
    Lost(Lost),
    Wait(Duration),
    Refused(Refusal),
    /// 200 without sense: a proxy answered.
    Senseless,
}

impl Trouble {
    pub(super) fn of_sending(self, sent: &Value) -> SendError {
        match self {
            Self::Lost(lost) => lost.into(),
            Self::Wait(wait) => SendError::RetryAfter(wait),
            Self::Refused(refusal) => send_error(&refusal, sent),
            Self::Senseless => SendError::Unsure,
        }
    }

    pub(super) fn of_asking(self) -> SendError {
        self.of_sending(&Value::Null).of_asking()
    }
}

impl Bot {
    pub(super) fn new(token: &SecretString, settings: &ChannelSettings) -> Result<Self, ConfigError> {
        let token = token.expose_secret().trim();
        if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_')) {
            return Err(ConfigError::UnusableSecret { name: "bot_token" });
        }
        let base = Base::new("api_base", settings.api_base.as_deref(), PUBLIC)?;
        Ok(Self {
            api: Api::new(base)?,
            segment: format!("bot{token}").into(),
            throttle: Throttle::default(),
        })
    }

    pub(super) fn renew(&self) {
        self.api.renew();
    }

    /// Waits for its turn in the chat and over all.
    pub(super) async fn pace(&self, chat: &str) -> Result<(), Trouble> {
        self.throttle.pass(&format!("chat {chat}"), PER_CHAT).await.map_err(Trouble::Wait)?;
        self.throttle.pass("all", OVERALL).await.map_err(Trouble::Wait)
    }

    /// The platform asked this chat, or all of us, to be silent.
    pub(super) fn hold(&self, chat: &str, wait: Duration) {
        self.throttle.hold(&format!("chat {chat}"), wait);
    }

    pub(super) async fn call(&self, method: &str, body: &Value) -> Result<Json, Trouble> {
        let answer = self.exchange(method, body, None).await?;
        result(answer)
    }

    /// The raw answer: its elements are read one by one. `longer` is added to the usual patience.
    pub(super) async fn exchange(
        &self,
        method: &str,
        body: &Value,
        longer: Option<Duration>,
    ) -> Result<Answer, Trouble> {
        let url = self.api.base().join(&[self.segment.expose_secret(), method]);
        let mut request = self.api.request(Method::POST, url).json(body);
        if let Some(longer) = longer {
            request = request.timeout(longer + Duration::from_secs(15));
        }
        exchange(request).await.map_err(Trouble::Lost)
    }

    /// A file by its id, up to 20 MB.
    /// <https://core.telegram.org/bots/api#getfile>
    pub(super) async fn file(&self, file: &Attachment) -> Result<Fetched, FetchError> {
        let Some(id) = &file.remote_id else { return Err(FetchError::NotAllowed) };
        let told = self.call("getFile", &json!({ "file_id": id })).await.map_err(fetch_error)?;
        let path = told.get("file_path").string().ok_or(FetchError::Gone)?;
        let mut segments = vec!["file", self.segment.expose_secret()];
        segments.extend(path.split('/').filter(|segment| !segment.is_empty()));
        let request =
            self.api.request(Method::GET, self.api.base().join(&segments)).timeout(Duration::from_secs(120));
        let response = request.send().await.map_err(|_| FetchError::Unreachable)?;
        let named = Attachment {
            name: file.name.clone().or_else(|| path.rsplit('/').next().map(str::to_owned)),
            ..Attachment::default()
        };
        fetched(response, &named).await
    }
}

/// `result` of a good answer.
pub(super) fn result(answer: Answer) -> Result<Json, Trouble> {
    let json = answer.json();
    if json.get("ok").holds() && answer.is_success() {
        return Ok(json.get("result").clone());
    }
    Err(match Refusal::read(&answer, &json) {
        Some(refusal) => Trouble::Refused(refusal),
        None => Trouble::Senseless,
    })
}

fn fetch_error(trouble: Trouble) -> FetchError {
    match trouble.of_asking() {
        // "file is too big": more than 20 MB cannot be fetched by bots.
        SendError::Refused { code, why } if code == "400" && why.contains("too big") => {
            FetchError::TooLarge { most: 20 * 1024 * 1024 }
        }
        SendError::Refused { code, .. } if code == "400" => FetchError::Gone,
        error @ (SendError::RetryAfter(_)
        | SendError::Reconnect { .. }
        | SendError::WindowClosed
        | SendError::Blocked
        | SendError::Refused { .. }
        | SendError::QuotaSpent
        | SendError::TokenSpent
        | SendError::Moved { .. }
        | SendError::Unsure
        | SendError::Unreachable) => error.of_fetching(),
    }
}
