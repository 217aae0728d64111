//! What came to our door, raw: from the relay or from the tunnel, not yet believed.

use std::fmt;

use domain::Timestamp;

use crate::ReceiveError;

/// One HTTP request as it arrived. Its body is verified and parsed as these very bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    pub method: String,
    pub path: String,
    /// Without the question mark.
    pub query: Option<String>,
    /// The full address as the platform called it, for the schemes that sign it.
    pub url: Option<String>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// When the door took it (the relay's clock, or ours in the tunnel).
    pub arrived: Timestamp,
}

impl Webhook {
    /// A POST with this body: how every platform so far delivers events.
    pub fn post(body: impl Into<Vec<u8>>, arrived: Timestamp) -> Self {
        Self {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: None,
            url: None,
            headers: Vec::new(),
            body: body.into(),
            arrived,
        }
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Platforms deliver by POST; anything else at the door is somebody looking.
    pub(crate) fn delivery(&self) -> Result<(), ReceiveError> {
        if self.method.eq_ignore_ascii_case("POST") { Ok(()) } else { Err(ReceiveError::NotOurs) }
    }

    /// The first header of this name; names have no case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    /// A parameter of the query string, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_deref()?.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({} redacted, {} bytes, {:?})", self.method, self.body.len(), self.arrived)
    }
}
