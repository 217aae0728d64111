//! Meta's webhook for a Page: challenge, signature over the raw body, then every entry.
//!
//! <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>

use domain::{Event, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;

use super::{page, wire};
use crate::{
    ReceiveError, Webhook,
    events::{content_key, key, unsupported},
    json::{Json, elements, members, text_of_body},
    signature::{same, verify_meta},
};

/// The older `X-Hub-Signature` (SHA-1) may accompany it and is not looked at.
pub(crate) const SIGNATURE: &str = "x-hub-signature-256";

/// The dashboard's test button says this instead of the Page's id.
const DASHBOARD: &str = "0";

pub(super) fn receive(
    secrets: &[SecretString],
    page: Option<&str>,
    hook: &Webhook,
) -> Result<Vec<Event>, ReceiveError> {
    hook.delivery()?;
    let given = hook.header(SIGNATURE).ok_or(ReceiveError::MissingSignature)?;
    verify_meta(secrets, &hook.body, given)?;
    let events = read(&hook.body, hook.arrived)?;
    // One app has one address for all its Pages: what is for another Page only, another channel takes.
    let ours = |event: &Event| match (page, event.account.as_deref()) {
        (Some(page), Some(account)) => account == page || account == DASHBOARD,
        _ => true,
    };
    if events.iter().any(ours) || events.is_empty() { Ok(events) } else { Err(ReceiveError::NotOurs) }
}

/// The bare challenge, when the token is ours.
pub(super) fn challenge(verify_token: &SecretString, hook: &Webhook) -> Option<String> {
    if !hook.method.eq_ignore_ascii_case("GET") || hook.parameter("hub.mode")? != "subscribe" {
        return None;
    }
    same(verify_token.expose_secret().as_bytes(), hook.parameter("hub.verify_token")?.as_bytes()).ok()?;
    hook.parameter("hub.challenge")
}

/// The events of a body whose signature was verified elsewhere.
pub(crate) fn read(body: &[u8], arrived: Timestamp) -> Result<Vec<Event>, ReceiveError> {
    let text = text_of_body(body);
    // Some deliveries wrap the whole in a list.
    if text.trim_start().starts_with('[') {
        let roots: Vec<&RawValue> =
            serde_json::from_str(&text).map_err(|error| crate::json::malformed(&text, &error))?;
        let mut events = Vec::new();
        for root in roots {
            match root_events(root.get(), arrived) {
                Ok(found) => events.extend(found),
                Err(_) => events.push(unknown(root.get(), None, "root", arrived)),
            }
        }
        return Ok(events);
    }
    root_events(&text, arrived)
}

fn root_events(text: &str, arrived: Timestamp) -> Result<Vec<Event>, ReceiveError> {
    let members = members(text)?;
    let object: Option<String> = members.get("object").and_then(|raw| serde_json::from_str(raw.get()).ok());
    match (object.as_deref(), elements(members.get("entry"))) {
        (Some("page") | None, Some(entries)) => {
            Ok(entries.iter().flat_map(|entry| entry_events(entry.get(), arrived)).collect())
        }
        (Some(other), _) => Ok(vec![unknown(text, None, &format!("object {other}"), arrived)]),
        (None, None) => Err(ReceiveError::Malformed { at: 0 }),
    }
}

/// Every element of every list an entry may have; an entry with none of them is kept whole.
fn entry_events(raw: &str, arrived: Timestamp) -> Vec<Event> {
    let Ok(members) = members(raw) else { return vec![unknown(raw, None, "entry", arrived)] };
    let page = members.get("id").and_then(|id| Json::read(id.get()).id());
    let time = members.get("time").and_then(|time| Json::read(time.get()).time());
    let written = members.get("time").and_then(|time| Json::read(time.get()).id());
    let entry = Entry { page: page.as_deref(), at: time.unwrap_or(arrived), time: written };
    let mut events = Vec::new();
    for change in elements(members.get("changes")).unwrap_or_default() {
        events.push(change_event(&entry, change.get()));
    }
    for (list, standby) in [("messaging", false), ("standby", true)] {
        for raw in elements(members.get(list)).unwrap_or_default() {
            events.push(wire::event(&entry, &Json::read(raw.get()), raw.get(), standby));
        }
    }
    if events.is_empty() && members.contains_key("field") {
        events.push(change_event(&entry, raw));
    }
    if events.is_empty() {
        events.push(unknown(raw, page.clone(), "entry", entry.at));
    }
    events
}

/// What the events of one entry share.
pub(super) struct Entry<'a> {
    pub page: Option<&'a str>,
    pub at: Timestamp,
    /// As written: tells apart changes that carry no time of their own.
    pub time: Option<String>,
}

fn change_event(entry: &Entry<'_>, raw: &str) -> Event {
    let json = Json::read(raw);
    let value = json.get("value");
    let field = json.get("field").text().unwrap_or("unknown");
    if wire::is_messaging(value) {
        // The dashboard's test button, and some live deliveries, put messaging events here.
        return wire::event(entry, value, raw, field == "standby");
    }
    page::event(entry, field, value).unwrap_or_else(|| {
        let event = unknown(raw, entry.page.map(str::to_owned), &format!("field {field}"), entry.at);
        Event { key: key(&event.key, std::slice::from_ref(&entry.time)), ..event }
    })
}

fn unknown(raw: &str, account: Option<String>, what: &str, at: Timestamp) -> Event {
    unsupported(content_key(&Json::read(raw)), at, account, None, what, raw)
}
