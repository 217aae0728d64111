//! A thin client of LINE's API: tokens, paths, pacing.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{Attachment, Platform};
use http::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    ChannelSettings, ConfigError, Credentials, FetchError, Fetched, SendError,
    http::{Answer, Api, Base, Lost, bearer, exchange},
    media::{Media, fetched},
    settings::required,
    throttle::{Rate, Throttle},
};

const PUBLIC: &str = "https://api.line.me";
const PUBLIC_CONTENT: &str = "https://api-data.line.me";

/// <https://developers.line.biz/en/reference/messaging-api/#rate-limits>
pub(super) const MOST: Rate = Rate { per_second: 2_000, burst: 100 };
pub(super) const LOADING: Rate = Rate { per_second: 100, burst: 20 };
/// 1,000 a minute.
pub(super) const ENDPOINT: Rate = Rate { per_second: 16, burst: 16 };

/// A stateless token lives 15 minutes; a new one is asked for in good time.
const RENEW_BEFORE: Duration = Duration::from_secs(120);

pub(super) struct Line {
    api: Api,
    content: Base,
    media: Media,
    token: Token,
    throttle: Throttle,
}

enum Token {
    /// Issued in the console, without end.
    Lasting(HeaderValue),
    /// Issued on demand for 15 minutes, so that nothing lasting is ever on the wire but this exchange.
    Stateless { channel_id: String, secret: SecretString, held: Mutex<Option<(HeaderValue, Instant)>> },
}

/// Why there is no usable answer.
pub(super) enum Trouble {
    Lost(Lost),
    Wait(Duration),
    NoToken(SendError),
}

impl From<Trouble> for SendError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Lost(lost) => lost.into(),
            Trouble::Wait(wait) => Self::RetryAfter(wait),
            Trouble::NoToken(error) => error,
        }
    }
}

impl Line {
    pub(super) fn new(credentials: &Credentials, settings: &ChannelSettings) -> Result<Self, ConfigError> {
        let base = Base::new("api_base", settings.api_base.as_deref(), PUBLIC)?;
        let content = Base::new(
            "content_base",
            settings.content_base.as_deref().or(settings.api_base.as_deref()),
            PUBLIC_CONTENT,
        )?;
        let media = Media::new(&["line-scdn.net"], &content)?;
        let token = match (credentials.get("channel_access_token"), credentials.get("channel_id")) {
            (None, Some(id)) => Token::Stateless {
                channel_id: id.expose_secret().trim().to_owned(),
                secret: required(Platform::Line, credentials, "channel_secret")?.clone(),
                held: Mutex::new(None),
            },
            _ => Token::Lasting(bearer(
                "channel_access_token",
                required(Platform::Line, credentials, "channel_access_token")?,
            )?),
        };
        Ok(Self { api: Api::new(base)?, content, media, token, throttle: Throttle::default() })
    }

    pub(super) fn renew(&self) {
        self.api.renew();
    }

    pub(super) async fn get(&self, path: &[&str]) -> Result<Answer, Trouble> {
        self.call(Method::GET, MOST, path, None, None).await
    }

    pub(super) async fn post(&self, rate: Rate, path: &[&str], body: &Value) -> Result<Answer, Trouble> {
        self.call(Method::POST, rate, path, Some(body), None).await
    }

    pub(super) async fn put(&self, rate: Rate, path: &[&str], body: &Value) -> Result<Answer, Trouble> {
        self.call(Method::PUT, rate, path, Some(body), None).await
    }

    /// A POST that LINE takes once, however often it comes with the same key within 24 hours.
    pub(super) async fn post_once(&self, path: &[&str], body: &Value, key: Uuid) -> Result<Answer, Trouble> {
        self.call(Method::POST, MOST, path, Some(body), Some(key)).await
    }

    async fn call(
        &self,
        method: Method,
        rate: Rate,
        path: &[&str],
        body: Option<&Value>,
        key: Option<Uuid>,
    ) -> Result<Answer, Trouble> {
        let lane = path.iter().take(5).copied().collect::<Vec<_>>().join("/");
        self.throttle.pass(&lane, rate).await.map_err(Trouble::Wait)?;
        let mut request =
            self.api.request(method, self.api.base().join(path)).header("authorization", self.token().await?);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("x-line-retry-key", key.hyphenated().to_string());
        }
        let answer = exchange(request).await.map_err(Trouble::Lost)?;
        if answer.status == 429
            && let Some(wait) = answer.retry_after()
        {
            self.throttle.hold(&lane, wait);
        }
        if answer.status == 401 {
            self.forget_token();
        }
        Ok(answer)
    }

    /// The content of a message by its id.
    /// <https://developers.line.biz/en/reference/messaging-api/#get-content>
    pub(super) async fn content(&self, file: &Attachment) -> Result<Fetched, FetchError> {
        let Some(id) = &file.remote_id else { return self.media.fetch(file).await };
        let token = self.token().await.map_err(|trouble| SendError::from(trouble).of_fetching())?;
        let url = self.content.join(&["v2", "bot", "message", id, "content"]);
        // A video of 200 MB is cut at the cap; up to it, a slow line needs its time.
        let request = self
            .api
            .request(Method::GET, url)
            .header("authorization", token)
            .timeout(Duration::from_secs(120));
        fetched(request.send().await.map_err(|_| FetchError::Unreachable)?, file).await
    }

    async fn token(&self) -> Result<HeaderValue, Trouble> {
        let (channel_id, secret, held) = match &self.token {
            Token::Lasting(value) => return Ok(value.clone()),
            Token::Stateless { channel_id, secret, held } => (channel_id, secret, held),
        };
        let living = held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((value, _)) = living.filter(|(_, until)| *until > Instant::now()) {
            return Ok(value);
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", channel_id),
            ("client_secret", secret.expose_secret().trim()),
        ];
        let request =
            self.api.request(Method::POST, self.api.base().join(&["oauth2", "v3", "token"])).form(&form);
        // Asking for a token sends nothing to the customer, so a doubtful answer is no answer.
        let answer = exchange(request).await.map_err(|_| Trouble::NoToken(SendError::Unreachable))?;
        let json = answer.json();
        let Some(token) = json.get("access_token").string().filter(|_| answer.is_success()) else {
            return Err(Trouble::NoToken(match answer.status {
                400..=403 => SendError::Reconnect { why: "channel id or secret refused".to_owned() },
                429 => SendError::RetryAfter(answer.retry_after().unwrap_or(Duration::from_secs(30))),
                _ => SendError::Unreachable,
            }));
        };
        let life = Duration::from_secs(json.get("expires_in").count().unwrap_or(900));
        let value = bearer("channel_access_token", &SecretString::from(token))
            .map_err(|_| Trouble::NoToken(SendError::Unreachable))?;
        let until = Instant::now() + life.saturating_sub(RENEW_BEFORE);
        *held.lock().unwrap_or_else(PoisonError::into_inner) = Some((value.clone(), until));
        Ok(value)
    }

    fn forget_token(&self) {
        if let Token::Stateless { held, .. } = &self.token {
            *held.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}
