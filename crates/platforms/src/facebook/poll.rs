//! Filling gaps: what was said on Messenger while no webhook reached us.
//!
//! Message ids are those of the webhooks, so what came both ways is one event.
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversations>

use domain::{Attachment, Echo, Event, EventKind, Incoming, Part, Peer, Thread, ThreadKind, Timestamp};

use super::{
    CONVERSATIONS,
    error::poll_error,
    history::{instant, time},
};
use crate::{PollError, Polled, events::bounded, json::Json, meta::Graph};

const FIELDS: &str = "id,updated_time,participants,\
    messages.limit(20){id,created_time,from,to,message,attachments{id,mime_type,name,size,image_data,video_data,file_url},sticker}";

/// Pages of 25 conversations: a gap of up to a thousand conversations is filled whole.
const MOST_PAGES: usize = 40;

/// Without a cursor there is no gap, only a beginning: the newest 100 conversations.
const FIRST_PAGES: usize = 4;

/// The cursor is the time of the newest change seen, in milliseconds. There is no `since`: conversations come
/// newest first and are read until one is older.
pub(super) async fn poll(graph: &Graph, page: &str, cursor: Option<&str>) -> Result<Polled, PollError> {
    let seen = Timestamp::from_millis(cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0));
    let mut newest = seen;
    let mut events = Vec::new();
    let mut after = String::new();
    for _ in 0..if cursor.is_some() { MOST_PAGES } else { FIRST_PAGES } {
        let mut query = vec![("platform", "messenger"), ("fields", FIELDS), ("limit", "25")];
        if !after.is_empty() {
            query.push(("after", &after));
        }
        let found = graph.get(CONVERSATIONS, &[page, "conversations"], &query).await.map_err(poll_error)?;
        let mut reached = false;
        for conversation in found.get("data").list() {
            let updated = conversation.get("updated_time").text().and_then(instant).unwrap_or(newest);
            if updated < seen {
                reached = true;
                break;
            }
            newest = newest.max(updated);
            events.extend(said(conversation, page, seen));
        }
        match found.at(&["paging", "cursors", "after"]).string() {
            Some(next) if !reached && !found.at(&["paging", "next"]).is_null() => after = next,
            _ => break,
        }
    }
    events.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.key.cmp(&b.key)));
    Ok(Polled { events, cursor: newest.millis().to_string() })
}

fn said(conversation: &Json, page: &str, seen: Timestamp) -> Vec<Event> {
    let participants = conversation.at(&["participants", "data"]).list();
    let customer = participants.iter().find(|person| person.get("id").id().as_deref() != Some(page));
    conversation
        .at(&["messages", "data"])
        .list()
        .iter()
        .filter_map(|message| event(message, customer, page))
        .filter(|event| event.at >= seen)
        .collect()
}

fn event(message: &Json, customer: Option<&Json>, page: &str) -> Option<Event> {
    let id = message.get("id").id()?;
    let from = message.get("from");
    let ours = from.get("id").id().as_deref() == Some(page);
    let person = if ours { customer? } else { from };
    let peer = Peer { id: person.get("id").id()?, name: person.get("name").words(), ..Peer::default() };
    let what = if ours {
        EventKind::Echo(Echo { message: id.clone(), parts: parts(message), metadata: None, app: None })
    } else {
        EventKind::Message(Incoming::new(id.clone(), parts(message)))
    };
    Some(Event {
        key: bounded(id),
        at: time(message)?,
        account: Some(page.to_owned()),
        thread: Some(Thread { key: peer.id.clone(), kind: ThreadKind::Direct, peer: Some(peer) }),
        what,
    })
}

fn parts(message: &Json) -> Vec<Part> {
    let mut parts: Vec<Part> =
        message.get("message").words().map(|text| Part::Text { text }).into_iter().collect();
    if let Some(url) = message.get("sticker").string() {
        parts.push(Part::Sticker { id: None, words: None, url: Some(url) });
    }
    parts.extend(message.at(&["attachments", "data"]).list().iter().map(attachment));
    if parts.is_empty() {
        parts.push(Part::Unsupported { what: "empty message".to_owned() });
    }
    parts
}

fn attachment(json: &Json) -> Part {
    let file = |url: &Json| Attachment {
        url: url.string(),
        mime: json.get("mime_type").string(),
        name: json.get("name").string(),
        bytes: json.get("size").count(),
        ..Attachment::default()
    };
    let mime = json.get("mime_type").text().unwrap_or_default();
    if json.get("image_data").is_map() {
        Part::Image(file(json.at(&["image_data", "url"])))
    } else if json.get("video_data").is_map() {
        Part::Video(file(json.at(&["video_data", "url"])))
    } else if mime.starts_with("audio/") {
        Part::Audio(file(json.get("file_url")))
    } else {
        Part::File(file(json.get("file_url")))
    }
}
