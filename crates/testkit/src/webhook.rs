//! A webhook as a platform signs it, what can be done to it on the way, and who carries it to a door.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use domain::Platform;

/// Exact bytes and headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedWebhook {
    pub platform: Platform,
    pub body: Bytes,
    /// Content type, user agent and the signature.
    pub headers: Vec<(String, String)>,
    /// The platform's ids of the messages in it, in order.
    pub message_ids: Vec<String>,
}

impl SignedWebhook {
    /// One byte of the body changed on the way, the signature left as it was.
    #[must_use]
    pub fn tampered(mut self) -> Self {
        let mut body = self.body.to_vec();
        if let Some(byte) = body.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
            *byte = if *byte == b'7' { b'8' } else { b'7' };
        }
        self.body = Bytes::from(body);
        self
    }

    /// Without its signature.
    #[must_use]
    pub fn unsigned(mut self) -> Self {
        self.headers.retain(|(name, _)| !is_signature(name));
        self
    }

    /// With another signature.
    #[must_use]
    pub fn signed_with(mut self, signature: &str) -> Self {
        for (name, value) in &mut self.headers {
            if is_signature(name) {
                signature.clone_into(value);
            }
        }
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The value of the signature header, where there is one.
    pub fn signature(&self) -> Option<&str> {
        self.headers.iter().find(|(name, _)| is_signature(name)).map(|(_, value)| value.as_str())
    }
}

fn is_signature(name: &str) -> bool {
    ["x-line-signature", "x-hub-signature-256", "x-telegram-bot-api-secret-token"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Carries webhooks to a relay or a tunnel door, keeping connections open as the platforms do.
#[derive(Debug, Clone)]
pub struct Postman(reqwest::Client);

/// What the door said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub status: u16,
    pub body: Bytes,
}

impl Postman {
    /// Waits 10 s for a door: longer than LINE (2 s) and Meta (5 s) would, so that a slow door is seen as slow.
    pub fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .context("no HTTP client")?;
        Ok(Self(client))
    }

    pub async fn post(&self, url: &str, hook: &SignedWebhook) -> anyhow::Result<Posted> {
        let mut request = self.0.post(url).body(hook.body.clone());
        for (name, value) in &hook.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status().as_u16();
        Ok(Posted { status, body: answer.bytes().await.map_err(reqwest::Error::without_url)? })
    }

    /// Meta's question whether this is our door.
    pub async fn get(&self, url: &str, query: &[(&str, &str)]) -> anyhow::Result<Posted> {
        let answer = self.0.get(url).query(query).send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status().as_u16();
        Ok(Posted { status, body: answer.bytes().await.map_err(reqwest::Error::without_url)? })
    }
}
