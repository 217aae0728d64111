//! What every webhook door answers and keeps, in the relay and in the laptop's tunnel alike.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::Digest;

/// Bodies beyond this many bytes are answered with 413.
pub const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// Who calls a path, and therefore how it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    Line,
    /// Messenger, Instagram and WhatsApp.
    Meta,
    Telegram,
    Twilio,
}

/// A whole answer of the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Empty when there is no body.
    pub content_type: &'static str,
    pub body: String,
}

/// What a request to a known path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calling {
    /// Keep it, then answer with [`PathKind::thanks`].
    Webhook,
    /// Meta asks whether the address is ours; answer with [`challenge`].
    Challenge,
    /// No platform calls this kind of path in this way: 405.
    Neither,
}

impl PathKind {
    pub fn calling(self, method: &str) -> Calling {
        match (self, method) {
            (Self::Line | Self::Meta | Self::Telegram | Self::Twilio, "POST") => Calling::Webhook,
            // Twilio can be told to call with GET; the message is then in the query.
            (Self::Twilio, "GET") => Calling::Webhook,
            (Self::Meta, "GET") => Calling::Challenge,
            (Self::Line | Self::Meta | Self::Telegram | Self::Twilio, _) => Calling::Neither,
        }
    }

    /// The answer once the webhook is kept. LINE's verify button posts `events: []` and wants a 200 like any
    /// other; Twilio takes empty TwiML for "no reply by this way".
    pub fn thanks(self) -> Answer {
        match self {
            Self::Line | Self::Meta | Self::Telegram => {
                Answer { status: 200, content_type: "", body: String::new() }
            }
            Self::Twilio => {
                Answer { status: 200, content_type: "text/xml; charset=utf-8", body: "<Response/>".into() }
            }
        }
    }

    /// As it is written in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Meta => "meta",
            Self::Telegram => "telegram",
            Self::Twilio => "twilio",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Line, Self::Meta, Self::Telegram, Self::Twilio].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Meta's verification: 200 with the bare `hub.challenge` when the SHA-256 of `hub.verify_token` is the one
/// registered, 403 otherwise. <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>
pub fn challenge(query: &str, verify_token_sha256: Option<&Digest>) -> Answer {
    let refusal = Answer { status: 403, content_type: "", body: String::new() };
    let value = |wanted: &str| pairs(query).find(|(name, _)| name == wanted).map(|(_, value)| value);
    let (Some(mode), Some(token), Some(words)) =
        (value("hub.mode"), value("hub.verify_token"), value("hub.challenge"))
    else {
        return refusal;
    };
    let Some(known) = verify_token_sha256 else {
        return refusal;
    };
    let same = Digest::of(token.as_bytes()).as_bytes().ct_eq(known.as_bytes());
    if mode == "subscribe" && bool::from(same) {
        Answer { status: 200, content_type: "text/plain; charset=utf-8", body: words }
    } else {
        refusal
    }
}

/// Hop-by-hop headers (RFC 9110, 7.6.1) concern one connection only; cookies and proxy credentials are nobody's
/// business. Everything else may be needed to verify a signature.
pub fn keeps_header(name: &str) -> bool {
    const LEFT_OUT: [&str; 12] = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "cookie",
        "cookie2",
        "expect",
    ];
    !LEFT_OUT.iter().any(|left_out| name.eq_ignore_ascii_case(left_out))
}

/// The pairs of a query, decoded as forms are: `+` is a space, `%XX` a byte, wrong UTF-8 is replaced.
fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    query.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.split_first_chunk::<2>().and_then(|(digits, after)| {
            let mut byte = [0];
            hex::decode_to_slice(digits, &mut byte).ok()?;
            Some((byte, after))
        });
        rest = match (first, escaped) {
            (b'%', Some(([byte], after))) => {
                out.push(byte);
                after
            }
            (b'+', _) => {
                out.push(b' ');
                after
            }
            (plain, _) => {
                out.push(*plain);
                after
            }
        };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meta_gets_the_bare_challenge_for_the_right_token_only() {
        let known = Digest::of("ร้านมะลิ 42".as_bytes());
        let token = "%E0%B8%A3%E0%B9%89%E0%B8%B2%E0%B8%99%E0%B8%A1%E0%B8%B0%E0%B8%A5%E0%B8%B4+42";
        let right = format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
        assert_eq!(challenge(&right, Some(&known)).body, "1158201444");
        for wrong in [
            right.replace("42", "43"),
            right.replace("subscribe", "unsubscribe"),
            right.replace("hub.challenge", "challenge"),
            String::new(),
            "hub.verify_token".into(),
        ] {
            assert_eq!(challenge(&wrong, Some(&known)).status, 403, "{wrong}");
        }
        assert_eq!(challenge(&right, None).status, 403);
    }

    #[test]
    fn a_crooked_escape_stays_as_it_is() {
        assert_eq!(decoded("100%&%zz%4"), "100%&%zz%4");
        assert_eq!(decoded("%41+%42"), "A B");
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }

    #[test]
    fn every_kind_reads_its_own_name() {
        for kind in [PathKind::Line, PathKind::Meta, PathKind::Telegram, PathKind::Twilio] {
            assert_eq!(PathKind::from_name(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.as_str()));
        }
    }

    #[test]
    fn cookies_stay_outside_and_signatures_come_along() {
        assert!(!keeps_header("Cookie") && !keeps_header("transfer-encoding"));
        assert!(keeps_header("x-line-signature") && keeps_header("X-Hub-Signature-256"));
    }
}
