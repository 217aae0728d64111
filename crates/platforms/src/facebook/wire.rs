//! Messenger's events in the house's words.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/reference/webhook-events>

use domain::{Echo, Event, EventKind, Incoming, Peer, Referral, Thread, ThreadKind};

use super::{parts::parts, webhook::Entry};
use crate::{
    events::{bounded, content_key, key, unsupported},
    json::Json,
};

/// The members by which an event says what it is, in the order they are looked for.
const KINDS: [&str; 24] = [
    "message",
    "message_edit",
    "reaction",
    "delivery",
    "read",
    "postback",
    "referral",
    "optin",
    "account_linking",
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "app_roles",
    "policy_enforcement",
    "policy-enforcement",
    "message_request",
    "order",
    "response_feedback",
    "prior_message",
    "messaging_feedback",
    "game_play",
    "payment",
    "checkout_update",
    "messaging_integrity",
];

/// A messaging event, wherever it stands.
pub(super) fn is_messaging(value: &Json) -> bool {
    KINDS.iter().any(|kind| value.get(kind).is_map())
        || (value.get("sender").is_map() && value.get("recipient").is_map())
}

/// One element of `messaging` or `standby`.
pub(super) fn event(entry: &Entry<'_>, json: &Json, raw: &str, standby: bool) -> Event {
    let at = json.get("timestamp").time().unwrap_or(entry.at);
    let customer = customer(entry, json);
    let account = entry.page.map(str::to_owned).or_else(|| ours(json));
    let thread = customer.clone().map(|id| Thread {
        key: id.clone(),
        kind: ThreadKind::Direct,
        peer: Some(Peer { id, ..Peer::default() }),
    });
    let Some(name) = KINDS.into_iter().find(|kind| !json.get(kind).is_null()) else {
        return unsupported(content_key(json), at, account, thread, "messaging", raw);
    };
    let from = customer.or_else(|| account.clone());
    match kind(name, json, from, standby) {
        Some((key, what)) => Event { key, at, account, thread, what },
        None => unsupported(content_key(json), at, account, thread, name, raw),
    }
}

/// Who is not the Page. An echo goes to them, everything else comes from them.
fn customer(entry: &Entry<'_>, json: &Json) -> Option<String> {
    let sender = party(json.get("sender"));
    let recipient = party(json.get("recipient"));
    let page = |id: &Option<String>| id.is_some() && id.as_deref() == entry.page;
    let echo = json.at(&["message", "is_echo"]).holds();
    match (page(&sender), page(&recipient)) {
        (true, false) => recipient,
        (false, true) => sender,
        _ if echo => recipient,
        _ => sender,
    }
}

fn ours(json: &Json) -> Option<String> {
    let side = if json.at(&["message", "is_echo"]).holds() { "sender" } else { "recipient" };
    json.at(&[side, "id"]).id()
}

/// Users of the chat plugin have only a reference of their own.
fn party(json: &Json) -> Option<String> {
    json.get("id").id().or_else(|| json.get("user_ref").id().map(|user| format!("user_ref:{user}")))
}

/// The event's key and content; keys by what Meta gives to tell events apart.
fn kind(name: &str, json: &Json, from: Option<String>, standby: bool) -> Option<(String, EventKind)> {
    let content = json.get(name);
    let time = json.get("timestamp").id();
    let whole = || format!("{name}:{}", content_key(json));
    Some(match name {
        "message" => message(content, standby)?,
        "message_edit" => {
            let mid = content.get("mid").id()?;
            let key = key("edit", &[Some(mid.clone()), content.get("num_edit").id()]);
            let parts = content.get("text").words().map(|text| domain::Part::Text { text });
            (key, EventKind::Edited { message: mid, parts: parts.into_iter().collect() })
        }
        "reaction" => {
            let (mid, action) = (content.get("mid").id(), content.get("action").string());
            let removed = action.as_deref() == Some("unreact");
            let emoji = content.get("emoji").string().or_else(|| content.get("reaction").string());
            (
                key("reaction", &[mid.clone(), from, action, time]),
                EventKind::Reacted { message: mid, emoji, removed },
            )
        }
        "delivery" => {
            let messages: Vec<String> = content.get("mids").list().iter().filter_map(Json::id).collect();
            let key = key("delivery", &[from, content.get("watermark").id(), Some(messages.join(","))]);
            (key, EventKind::Delivered { messages, up_to: content.get("watermark").time() })
        }
        "read" => {
            let message = content.get("mid").id();
            let key = key("read", &[from, content.get("watermark").id(), message.clone()]);
            (key, EventKind::Read { message, up_to: content.get("watermark").time() })
        }
        "postback" => postback(content, from, time, standby),
        "referral" => (whole(), EventKind::Referred(referral(content)?)),
        "optin" => {
            let how = content.get("type").text().unwrap_or("optin").to_owned();
            (whole(), EventKind::Consented { how })
        }
        "account_linking" => match content.get("status").text() {
            Some("linked") => (whole(), EventKind::Consented { how: "account linked".to_owned() }),
            _ => (whole(), EventKind::Activity { what: "account unlinked".to_owned() }),
        },
        "message_request" => (whole(), EventKind::Consented { how: "message request".to_owned() }),
        // Told to the application that now holds the conversation, and to the one it was taken from.
        "pass_thread_control" => (whole(), EventKind::ControlChanged { ours: true }),
        "take_thread_control" => (whole(), EventKind::ControlChanged { ours: false }),
        "policy_enforcement" | "policy-enforcement" => {
            let action = content.get("action").text().unwrap_or("notice");
            let healthy = action != "block";
            let reason = content.get("reason").text().unwrap_or_default();
            let what: String = format!("{action} {reason}").trim_end().chars().take(300).collect();
            (whole(), EventKind::AccountNotice { what, healthy })
        }
        "request_thread_control" | "app_roles" | "response_feedback" => {
            (whole(), EventKind::Activity { what: name.replace('_', " ") })
        }
        _ => return None,
    })
}

fn message(content: &Json, standby: bool) -> Option<(String, EventKind)> {
    let mid = content.get("mid").id()?;
    if content.get("is_deleted").holds() {
        return Some((key("unsend", &[Some(mid.clone())]), EventKind::Unsent { message: mid }));
    }
    if content.get("is_echo").holds() {
        let echo = Echo {
            message: mid.clone(),
            parts: parts(content),
            metadata: content.get("metadata").string(),
            app: content.get("app_id").id(),
        };
        return Some((bounded(mid), EventKind::Echo(echo)));
    }
    let incoming = Incoming {
        reply_to: content.at(&["reply_to", "mid"]).id(),
        referral: referral(content.get("referral")),
        standby,
        ..Incoming::new(mid.clone(), parts(content))
    };
    Some((bounded(mid), EventKind::Message(incoming)))
}

fn postback(
    content: &Json,
    from: Option<String>,
    time: Option<String>,
    standby: bool,
) -> (String, EventKind) {
    let key = match content.get("mid").id() {
        Some(mid) => bounded(mid),
        None => key("postback", &[from, time, content.get("payload").string()]),
    };
    let part = domain::Part::Postback {
        title: content.get("title").words(),
        payload: content.get("payload").string(),
    };
    let incoming = Incoming {
        referral: referral(content.get("referral")),
        standby,
        ..Incoming::new(key.clone(), vec![part])
    };
    (key, EventKind::Message(incoming))
}

fn referral(json: &Json) -> Option<Referral> {
    json.is_map().then(|| Referral {
        source: json.get("source").string(),
        reference: json.get("ref").string(),
        ad: json.get("ad_id").id(),
        title: json.at(&["ads_context_data", "ad_title"]).words(),
    })
}
