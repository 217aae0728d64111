//! One way to speak HTTP: a client that follows nothing, logs no address, and tells a connection that never
//! came about from a byte that may have been written.

use std::{
    net::IpAddr,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use http::{HeaderMap, Method};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, header::HeaderValue, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Host, Url};

use crate::{ConfigError, SendError, json::Json};

/// Answers of an API are small; more than this is not read.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// For connecting; platforms answer within a second or two.
const CONNECT: Duration = Duration::from_secs(10);

/// For the whole of a call that does not wait on purpose.
const WHOLE: Duration = Duration::from_secs(30);

const USER_AGENT: &str = concat!("Sala/", env!("CARGO_PKG_VERSION"));

/// Where an API lives: https, or http on this very machine.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    url: Url,
    loopback: bool,
}

impl Base {
    pub(crate) fn new(name: &'static str, given: Option<&str>, public: &str) -> Result<Self, ConfigError> {
        let url = Url::parse(given.unwrap_or(public)).map_err(|_| ConfigError::BadAddress { name })?;
        let loopback = is_loopback(&url);
        let allowed = url.scheme() == "https" || (url.scheme() == "http" && loopback);
        if !allowed || url.cannot_be_a_base() || !url.username().is_empty() || url.password().is_some() {
            return Err(ConfigError::BadAddress { name });
        }
        Ok(Self { url, loopback })
    }

    /// The address of these path segments below the base; each is encoded, so an id cannot leave its place.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments.iter().filter(|segment| !matches!(**segment, "." | "..")));
        }
        url
    }

    pub(crate) const fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The address belongs to this very host and port.
    pub(crate) fn serves(&self, url: &Url) -> bool {
        self.url.origin() == url.origin()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

/// An API: its base and the connections to it.
pub(crate) struct Api {
    base: Base,
    client: RwLock<Client>,
}

impl Api {
    pub(crate) fn new(base: Base) -> Result<Self, ConfigError> {
        let client = RwLock::new(client_for(&base).map_err(|_| ConfigError::NoClient)?);
        Ok(Self { base, client })
    }

    pub(crate) const fn base(&self) -> &Base {
        &self.base
    }

    /// A request to an address below the base, or to another the platform serves.
    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.read().unwrap_or_else(PoisonError::into_inner).request(method, url)
    }

    /// Leaves the connections of before: after sleep they are dead without knowing it, and a message written into
    /// one would be lost to doubt.
    pub(crate) fn renew(&self) {
        if let Ok(fresh) = client_for(&self.base) {
            *self.client.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }
}

fn client_for(base: &Base) -> reqwest::Result<Client> {
    let builder = plain_client().https_only(!base.is_loopback());
    if base.is_loopback() { builder.no_proxy().build() } else { builder.build() }
}

/// What all clients share: no redirects, no retries of their own, and an end.
pub(crate) fn plain_client() -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .pool_idle_timeout(Duration::from_secs(50))
}

/// A value for an authorization header, kept out of every debug print.
pub(crate) fn bearer(name: &'static str, secret: &SecretString) -> Result<HeaderValue, ConfigError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", secret.expose_secret().trim()))
        .map_err(|_| ConfigError::UnusableSecret { name })?;
    value.set_sensitive(true);
    Ok(value)
}

/// No answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// No connection was established: not a byte of the request has left.
    NotConnected,
    /// The request, or a part of it, may have arrived.
    MaybeWritten,
}

impl From<Lost> for SendError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::NotConnected => Self::Unreachable,
            Lost::MaybeWritten => Self::Unsure,
        }
    }
}

/// A complete answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// Taken, and by the platform itself: a proxy's or hotel's page says 200 too.
    pub(crate) fn is_taken(&self) -> bool {
        self.is_success() && self.json().is_map()
    }

    pub(crate) fn json(&self) -> Json {
        Json::read(&crate::json::text_of_body(&self.body))
    }

    /// `Retry-After` in seconds; the date form is not used by the platforms here.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get("retry-after")?.to_str().ok()?;
        value.trim().parse().ok().map(|seconds: u64| Duration::from_secs(seconds.min(86_400)))
    }
}

/// Sends one request and reads its whole answer.
pub(crate) async fn exchange(request: RequestBuilder) -> Result<Answer, Lost> {
    let response = request.send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    match read_capped(response, LARGEST_ANSWER).await {
        Ok(body) => Ok(Answer { status, headers, body }),
        // A refusal is definite even if its explanation was cut short.
        Err(_) if (400..500).contains(&status) => Ok(Answer { status, headers, body: Vec::new() }),
        Err(_) => Err(Lost::MaybeWritten),
    }
}

fn lost(error: reqwest::Error) -> Lost {
    let error = error.without_url();
    let lost = if error.is_connect() || error.is_builder() { Lost::NotConnected } else { Lost::MaybeWritten };
    tracing::debug!(?lost, timeout = error.is_timeout(), "no answer from the platform");
    lost
}

/// The body was longer than allowed, or did not come to its end.
pub(crate) enum Cut {
    TooLong,
    Broken,
}

pub(crate) async fn read_capped(mut response: Response, most: usize) -> Result<Vec<u8>, Cut> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(Cut::TooLong);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Cut::Broken)? {
        if body.len() + chunk.len() > most {
            return Err(Cut::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What a platform says about a refusal, fit for an error: no word of ours that it quotes, no secret, short.
pub(crate) fn explain(said: Option<&str>, sent: &Value) -> String {
    let mut said: String = said.unwrap_or_default().chars().take(400).collect();
    let mut quoted = Vec::new();
    texts(sent, &mut quoted);
    for text in quoted.into_iter().filter(|text| text.chars().count() > 3) {
        said = said.replace(text, "…");
    }
    said.chars().take(200).collect()
}

fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        let base = |address| Base::new("api_base", Some(address), "").map(|base| base.is_loopback());
        assert_eq!(base("https://api.line.me"), Ok(false));
        assert_eq!(base("http://127.0.0.1:4010/line"), Ok(true));
        assert_eq!(base("http://[::1]:4010"), Ok(true));
        let refused = [
            "http://api.line.me",
            "http://127.0.0.1.evil.example",
            "ftp://localhost",
            "mali",
            "https://a:b@c.example",
        ];
        for address in refused {
            assert_eq!(base(address), Err(ConfigError::BadAddress { name: "api_base" }), "{address}");
        }
    }

    #[test]
    fn an_id_from_outside_cannot_change_the_path_it_is_put_into() {
        let base = Base::new("api_base", Some("http://127.0.0.1:1/fake/"), "").unwrap();
        let url = base.join(&["v2", "bot", "message", "../../oauth?x=1#y", "..", "content"]);
        assert_eq!(url.as_str(), "http://127.0.0.1:1/fake/v2/bot/message/..%2F..%2Foauth%3Fx=1%23y/content");
    }

    #[test]
    fn an_explanation_never_repeats_what_we_sent() {
        let sent = json!({"to": "U1234", "messages": [{"text": "สวัสดีค่ะคุณมะลิ"}]});
        let said = explain(Some("cannot send สวัสดีค่ะคุณมะลิ to U1234"), &sent);
        assert_eq!(said, "cannot send … to …");
    }
}
