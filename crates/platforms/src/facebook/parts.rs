//! What a Messenger message consists of.

use domain::{Attachment, Part, Words};

use crate::json::Json;

/// The parts of a `message` object, never none.
pub(super) fn parts(message: &Json) -> Vec<Part> {
    let mut parts = Vec::new();
    if message.at(&["reply_to", "story"]).is_map() {
        parts.push(Part::StoryReply { url: message.at(&["reply_to", "story", "url"]).string() });
    }
    match (message.get("text").words(), message.at(&["quick_reply", "payload"]).string()) {
        (title, Some(payload)) => parts.push(Part::Postback { title, payload: Some(payload) }),
        (Some(text), None) => parts.push(Part::Text { text }),
        (None, None) => {}
    }
    parts.extend(message.get("attachments").list().iter().map(attachment));
    if message.get("is_unsupported").holds() {
        parts.push(Part::Unsupported { what: "unsupported by the platform".to_owned() });
    }
    if parts.is_empty() {
        parts.push(match message.get("sticker_id").id() {
            Some(id) => Part::Sticker { id: Some(id), words: None, url: None },
            None => Part::Unsupported { what: "empty message".to_owned() },
        });
    }
    parts
}

/// `payload` may be an object, a string, null or missing; `title` and `url` may stand beside it.
fn attachment(json: &Json) -> Part {
    let payload = json.get("payload");
    let url = || payload.get("url").string().or_else(|| json.get("url").string());
    let title = || payload.get("title").words().or_else(|| json.get("title").words());
    let file = || Attachment { url: url(), name: json.get("name").string(), ..Attachment::default() };
    // Until August 2026 a sticker came as an image that has a sticker id.
    if let Some(id) = payload.get("sticker_id").id() {
        return Part::Sticker { id: Some(id), words: None, url: url() };
    }
    match json.get("type").text() {
        Some("image") => Part::Image(file()),
        Some("video") => Part::Video(file()),
        Some("audio") => Part::Audio(file()),
        Some("file") => Part::File(file()),
        Some("sticker") => Part::Sticker { id: None, words: None, url: url() },
        Some("reel" | "ig_reel" | "post" | "ig_post" | "fallback" | "share") => {
            Part::SharedPost { title: title(), url: url() }
        }
        Some("template") => Part::Template { title: template_title(payload).or_else(title) },
        Some("appointment_booking") => Part::Template {
            title: payload.get("status").text().map(|status| format!("booking {status}").into()),
        },
        Some("location") => location(payload),
        other => Part::Unsupported { what: other.unwrap_or("attachment").chars().take(80).collect() },
    }
}

fn location(payload: &Json) -> Part {
    let point = payload.get("coordinates");
    match (point.get("lat").float(), point.get("long").float()) {
        (Some(latitude), Some(longitude)) => {
            Part::Location { latitude, longitude, title: payload.get("title").words(), address: None }
        }
        _ => Part::Unsupported { what: "location".to_owned() },
    }
}

/// The titles of products and cards, or the text over the buttons.
fn template_title(payload: &Json) -> Option<Words> {
    let products = payload.at(&["product", "elements"]).list();
    let titles: Vec<&str> = products
        .iter()
        .chain(payload.get("elements").list())
        .filter_map(|element| element.get("title").text())
        .collect();
    payload.get("text").words().or_else(|| (!titles.is_empty()).then(|| Words::new(titles.join("\n"))))
}
