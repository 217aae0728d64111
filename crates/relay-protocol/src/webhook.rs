//! A webhook exactly as it came: all that is needed to verify its signature later, on the laptop.

use std::fmt;

use crate::{
    ChannelPath, RelayError,
    framing::{Fields, put},
};

/// The first byte of the sealed form; another number is another form.
const FORM: u8 = 1;

#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `POST`, and for Twilio also `GET`.
    pub method: String,
    pub path: ChannelPath,
    /// What stood after the `?`, undecoded; empty if nothing did.
    pub query: String,
    /// The exact public address the platform called, which Twilio signs; `None` if the relay cannot tell.
    /// <https://www.twilio.com/docs/usage/webhooks/webhooks-security>
    pub url: Option<String>,
    /// In the order of arrival, names in lower case; without hop-by-hop headers and cookies.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The raw bytes; signatures are made over these and over nothing else.
    pub body: Vec<u8>,
}

impl Webhook {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    /// The bytes that are sealed. Method and path are not among them: they travel in the envelope's heading,
    /// which the seal covers.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len().saturating_add(1_024));
        out.push(FORM);
        put(&mut out, self.query.as_bytes());
        put(&mut out, self.url.as_deref().unwrap_or_default().as_bytes());
        out.extend_from_slice(&u32::try_from(self.headers.len()).unwrap_or(u32::MAX).to_be_bytes());
        for (name, value) in &self.headers {
            put(&mut out, name.as_bytes());
            put(&mut out, value);
        }
        put(&mut out, &self.body);
        out
    }

    pub fn from_bytes(method: &str, path: ChannelPath, bytes: &[u8]) -> Result<Self, RelayError> {
        read(method, path, bytes).ok_or(RelayError::Malformed("the sealed webhook is not in a known form"))
    }
}

fn read(method: &str, path: ChannelPath, bytes: &[u8]) -> Option<Webhook> {
    let (form, rest) = bytes.split_first()?;
    if *form != FORM {
        return None;
    }
    let mut fields = Fields::new(rest);
    let query = fields.text()?.to_owned();
    let url = fields.text()?;
    let url = (!url.is_empty()).then(|| url.to_owned());
    let count = usize::try_from(fields.number()?).ok()?;
    // Each header takes 8 bytes at least, so a lying count cannot reserve more than what is there.
    let mut headers = Vec::with_capacity(count.min(fields.left() / 8));
    for _ in 0..count {
        headers.push((fields.text()?.to_owned(), fields.field()?.to_vec()));
    }
    let body = fields.field()?.to_vec();
    fields.is_empty().then(|| Webhook { method: method.to_owned(), path, query, url, headers, body })
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("headers", &self.headers.len())
            .field("body", &format_args!("redacted({} bytes)", self.body.len()))
            .finish_non_exhaustive()
    }
}
