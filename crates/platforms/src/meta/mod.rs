//! The Graph API: one client and one table of errors for every platform of Meta.

pub(crate) mod error;
pub(crate) mod usage;

use http::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{
    ChannelSettings, ConfigError, SendError,
    http::{Answer, Api, Base, Lost, bearer, exchange},
    json::Json,
    signature::hmac_sha256_hex,
    throttle::{Rate, Throttle},
};

/// Living until 2028-07-29; an expired version would be served as the oldest living one.
/// <https://developers.facebook.com/docs/graph-api/changelog/versions>
const VERSION: &str = "v25.0";

const PUBLIC: &str = "https://graph.facebook.com";

/// A Page's or account's access to the Graph API.
pub(crate) struct Graph {
    api: Api,
    authorization: HeaderValue,
    /// Proves with each call that we hold the app secret, not just a token that someone found.
    /// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
    proof: String,
    throttle: Throttle,
}

/// A refusal, or no answer at all.
pub(crate) enum Trouble {
    Lost(Lost),
    /// We were told before, or tell ourselves, to wait.
    Wait(std::time::Duration),
    Refused(Answer),
}

impl Trouble {
    /// For a call that changes something; `sent` is kept out of the explanation.
    pub(crate) fn of_sending(self, sent: &Value) -> SendError {
        match self {
            Self::Lost(lost) => lost.into(),
            Self::Wait(wait) => SendError::RetryAfter(wait),
            Self::Refused(answer) => error::send_error(&answer, sent),
        }
    }

    /// For a question: a doubtful outcome is simply no answer.
    pub(crate) fn of_asking(self) -> SendError {
        self.of_sending(&Value::Null).of_asking()
    }
}

impl Graph {
    pub(crate) fn new(
        settings: &ChannelSettings,
        token: (&'static str, &SecretString),
        app_secret: &SecretString,
    ) -> Result<Self, ConfigError> {
        let base = Base::new("api_base", settings.api_base.as_deref(), PUBLIC)?;
        let (name, token) = token;
        let trimmed = token.expose_secret().trim();
        Ok(Self {
            api: Api::new(base)?,
            authorization: bearer(name, token)?,
            proof: hmac_sha256_hex(app_secret, trimmed.as_bytes()),
            throttle: Throttle::default(),
        })
    }

    pub(crate) const fn base(&self) -> &Base {
        self.api.base()
    }

    pub(crate) fn renew(&self) {
        self.api.renew();
    }

    pub(crate) async fn get(
        &self,
        lane: (&str, Rate),
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Json, Trouble> {
        self.call(Method::GET, lane, path, query, None).await
    }

    pub(crate) async fn post(
        &self,
        lane: (&str, Rate),
        path: &[&str],
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<Json, Trouble> {
        self.call(Method::POST, lane, path, query, Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        (lane, rate): (&str, Rate),
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Json, Trouble> {
        self.throttle.pass(lane, rate).await.map_err(Trouble::Wait)?;
        let mut url = self.api.base().join(&[VERSION]);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        url.query_pairs_mut().extend_pairs(query).append_pair("appsecret_proof", &self.proof);
        let mut request = self.api.request(method, url).header("authorization", self.authorization.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = exchange(request).await.map_err(Trouble::Lost)?;
        if let Some(pause) = usage::pause(&answer.headers) {
            self.throttle.hold(lane, pause);
        }
        let json = answer.json();
        if answer.is_taken() && json.get("error").is_null() {
            return Ok(json);
        }
        if let SendError::RetryAfter(wait) = error::send_error(&answer, &Value::Null) {
            self.throttle.hold(lane, wait);
        }
        Err(Trouble::Refused(answer))
    }
}
