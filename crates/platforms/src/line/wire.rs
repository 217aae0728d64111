//! LINE's events in the house's words.
//!
//! <https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects>

use domain::{
    Attachment, Event, EventKind, Incoming, Part, Peer, ReplyToken, Thread, ThreadKind, Timestamp, Words,
};

use crate::{
    REPLY_TOKEN_LIFE,
    events::{bounded, content_key, unsupported},
    json::Json,
};

/// After a redelivery a reply token works for another minute, unless the event is older than this.
const REDELIVERED_TOKEN_LIFE: std::time::Duration = std::time::Duration::from_secs(20 * 60);

/// One element of `events`, as written.
pub(super) fn event(raw: &str, destination: Option<&str>, arrived: Timestamp) -> Event {
    let json = Json::read(raw);
    let at = json.get("timestamp").time().unwrap_or(arrived);
    let account = destination.map(str::to_owned);
    let thread = thread(json.get("source"));
    let key = match json.get("webhookEventId").id() {
        Some(id) => bounded(id),
        None => content_key(&without_delivery_context(&json)),
    };
    let token = reply_token(&json, at, arrived);
    match kind(&json, &key, thread.is_some(), token) {
        Some(what) => Event { key, at, account, thread, what },
        None => unsupported(key, at, account, thread, json.get("type").text().unwrap_or("unknown"), raw),
    }
}

/// A redelivered event differs from the first in its delivery context alone.
fn without_delivery_context(json: &Json) -> Json {
    match json {
        Json::Map(members) => {
            let mut members = members.clone();
            members.remove("deliveryContext");
            Json::Map(members)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) | Json::Unreadable => {
            json.clone()
        }
    }
}

fn thread(source: &Json) -> Option<Thread> {
    let peer = source.get("userId").id().map(|id| Peer { id, ..Peer::default() });
    let (key, kind) = match source.get("type").text()? {
        "user" => (peer.as_ref()?.id.clone(), ThreadKind::Direct),
        "group" => (source.get("groupId").id()?, ThreadKind::Group),
        "room" => (source.get("roomId").id()?, ThreadKind::Group),
        _ => return None,
    };
    Some(Thread { key, kind, peer })
}

/// In standby there is no token, and an answer would not be ours to give.
fn reply_token(json: &Json, at: Timestamp, arrived: Timestamp) -> Option<ReplyToken> {
    let token = json.get("replyToken").string().filter(|token| !token.is_empty())?;
    if standby(json) {
        return None;
    }
    let redelivered = json.at(&["deliveryContext", "isRedelivery"]).holds();
    let mut until = arrived + REPLY_TOKEN_LIFE;
    if redelivered {
        until = until.min(at + REDELIVERED_TOKEN_LIFE);
    }
    Some(ReplyToken { token, until })
}

fn standby(json: &Json) -> bool {
    json.get("mode").text() == Some("standby")
}

/// None for what this version does not know, or what has no place to be shown in.
fn kind(json: &Json, key: &str, placed: bool, token: Option<ReplyToken>) -> Option<EventKind> {
    let message = json.get("message");
    Some(match json.get("type").text()? {
        "message" if placed => EventKind::Message(incoming(json, message, token)?),
        "messageEdited" => EventKind::Edited { message: message.get("id").id()?, parts: vec![part(message)] },
        "unsend" => EventKind::Unsent { message: json.at(&["unsend", "messageId"]).id()? },
        "follow" => {
            EventKind::Followed { again: json.at(&["follow", "isUnblocked"]).holds(), reply_token: token }
        }
        "unfollow" => EventKind::Unfollowed,
        "join" => EventKind::Joined { reply_token: token },
        "leave" => EventKind::Left,
        "memberJoined" => EventKind::MembersChanged { joined: members(json.get("joined")), left: Vec::new() },
        "memberLeft" => EventKind::MembersChanged { joined: Vec::new(), left: members(json.get("left")) },
        "postback" if placed => EventKind::Message(Incoming {
            reply_token: token,
            standby: standby(json),
            ..Incoming::new(key, vec![postback(json.get("postback"))])
        }),
        "videoPlayComplete" => EventKind::Activity { what: "video watched".to_owned() },
        "beacon" => EventKind::Activity { what: named("beacon", json.at(&["beacon", "type"])) },
        "accountLink" => match json.at(&["link", "result"]).text() {
            Some("ok") => EventKind::Consented { how: "account linked".to_owned() },
            _ => EventKind::Activity { what: "account link failed".to_owned() },
        },
        "membership" => EventKind::Activity { what: named("membership", json.at(&["membership", "type"])) },
        // The module channel of this app became, or ceased to be, the one that may answer.
        "activated" => EventKind::ControlChanged { ours: true },
        "deactivated" => EventKind::ControlChanged { ours: false },
        "module" => {
            let state = json.at(&["module", "type"]);
            EventKind::AccountNotice {
                healthy: state.text() != Some("detached"),
                what: named("module", state),
            }
        }
        "botSuspended" => EventKind::AccountNotice { what: "suspended".to_owned(), healthy: false },
        "botResumed" => EventKind::AccountNotice { what: "resumed".to_owned(), healthy: true },
        // Completion of a notification message sent by phone number; it names no message.
        "delivery" => EventKind::Activity { what: "notification delivered".to_owned() },
        _ => return None,
    })
}

fn named(what: &str, detail: &Json) -> String {
    let detail: String = detail.text().unwrap_or_default().chars().take(40).collect();
    format!("{what} {detail}").trim_end().to_owned()
}

fn members(json: &Json) -> Vec<String> {
    json.get("members").list().iter().filter_map(|member| member.get("userId").id()).collect()
}

fn incoming(json: &Json, message: &Json, token: Option<ReplyToken>) -> Option<Incoming> {
    let direct = json.at(&["source", "type"]).text() == Some("user");
    Some(Incoming {
        reply_to: message.get("quotedMessageId").id(),
        reply_token: token,
        read_token: message.get("markAsReadToken").string(),
        quote_token: message.get("quoteToken").string(),
        standby: standby(json),
        addressed: direct || names_us(message),
        ..Incoming::new(message.get("id").id()?, vec![part(message)])
    })
}

fn names_us(message: &Json) -> bool {
    message.at(&["mention", "mentionees"]).list().iter().any(|mentionee| mentionee.get("isSelf").holds())
}

fn part(message: &Json) -> Part {
    match message.get("type").text() {
        Some("text") => Part::Text { text: message.get("text").words().unwrap_or_default() },
        Some("image") => Part::Image(content(message)),
        Some("video") => Part::Video(content(message)),
        Some("audio") => Part::Audio(content(message)),
        Some("file") => Part::File(content(message)),
        Some("location") => location(message),
        Some("sticker") => sticker(message),
        other => Part::Unsupported { what: other.unwrap_or("message").chars().take(80).collect() },
    }
}

/// Content is fetched by message id, unless the sender keeps it elsewhere.
fn content(message: &Json) -> Attachment {
    let provider = message.get("contentProvider");
    let external = provider.get("type").text() == Some("external");
    Attachment {
        url: provider.get("originalContentUrl").string().filter(|_| external),
        remote_id: message.get("id").id().filter(|_| !external),
        name: message.get("fileName").string(),
        bytes: message.get("fileSize").count(),
        ..Attachment::default()
    }
}

fn location(message: &Json) -> Part {
    match (message.get("latitude").float(), message.get("longitude").float()) {
        (Some(latitude), Some(longitude)) => Part::Location {
            latitude,
            longitude,
            title: message.get("title").words(),
            address: message.get("address").words(),
        },
        _ => Part::Unsupported { what: "location".to_owned() },
    }
}

/// Sticker pictures cannot be fetched; the text on them or their keywords say what they show.
fn sticker(message: &Json) -> Part {
    let keywords: Vec<&str> = message.get("keywords").list().iter().filter_map(Json::text).collect();
    let words = message
        .get("text")
        .words()
        .or_else(|| (!keywords.is_empty()).then(|| Words::new(keywords.join(", "))));
    let id = message.get("packageId").id().zip(message.get("stickerId").id());
    Part::Sticker { id: id.map(|(package, sticker)| format!("{package}/{sticker}")), words, url: None }
}

/// What was picked in a date or time picker is what the customer said by tapping.
fn postback(json: &Json) -> Part {
    let params = json.get("params");
    let picked = ["datetime", "date", "time"].into_iter().find_map(|name| params.get(name).words());
    Part::Postback { title: picked, payload: json.get("data").string() }
}
