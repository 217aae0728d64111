//! What a Telegram message consists of.
//!
//! <https://core.telegram.org/bots/api#message>

use domain::{Attachment, Part, Words};

use crate::json::Json;

/// A message of a person, or a notice of the chat.
pub(super) enum Content {
    Parts(Vec<Part>),
    Service(String),
}

/// Members that say about a message who, when, where and how, but not what.
const ABOUT: [&str; 48] = [
    "message_id",
    "message_thread_id",
    "direct_messages_topic",
    "from",
    "sender_chat",
    "sender_boost_count",
    "sender_business_bot",
    "sender_tag",
    "date",
    "business_connection_id",
    "chat",
    "forward_origin",
    "forward_from",
    "forward_from_chat",
    "forward_from_message_id",
    "forward_signature",
    "forward_sender_name",
    "forward_date",
    "is_topic_message",
    "is_automatic_forward",
    "reply_to_message",
    "external_reply",
    "quote",
    "reply_to_story",
    "reply_to_checklist_task_id",
    "via_bot",
    "edit_date",
    "has_protected_content",
    "is_from_offline",
    "is_paid_post",
    "media_group_id",
    "author_signature",
    "paid_star_count",
    "entities",
    "link_preview_options",
    "suggested_post_info",
    "effect_id",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "reply_markup",
    "guest_bot_caller_user",
    "guest_bot_caller_chat",
    "guest_query_id",
    "reply_to_poll_option_id",
    "migrate_from_chat_id",
    "text",
];

/// Beginnings and names of members that are notices of the chat rather than something a person said.
const SERVICE: [&str; 31] = [
    "new_chat_",
    "left_chat_",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "message_auto_delete_timer_changed",
    "pinned_message",
    "connected_website",
    "write_access_allowed",
    "passport_data",
    "proximity_alert_triggered",
    "boost_added",
    "chat_background_set",
    "checklist_tasks_",
    "direct_message_price_changed",
    "paid_message_price_changed",
    "forum_topic_",
    "general_forum_topic_",
    "giveaway",
    "suggested_post_",
    "video_chat_",
    "voice_chat_",
    "users_shared",
    "chat_shared",
    "user_shared",
    "successful_payment",
    "refunded_payment",
    "gift",
    "unique_gift",
    "chat_owner_",
];

pub(super) fn content(message: &Json) -> Content {
    let mut parts: Vec<Part> = Vec::new();
    if message.get("reply_to_story").is_map() {
        parts.push(Part::StoryReply { url: None });
    }
    parts.extend(message.get("text").words().map(|text| Part::Text { text }));
    parts.extend(media(message));
    if !parts.is_empty() {
        return Content::Parts(parts);
    }
    let what = message.keys().find(|key| !ABOUT.contains(key));
    match what {
        Some(what) if SERVICE.iter().any(|service| what.starts_with(service)) => {
            Content::Service(what.replace('_', " "))
        }
        Some(what) => {
            let mut parts = vec![Part::Unsupported { what: what.chars().take(80).collect() }];
            parts.extend(message.get("caption").words().map(|text| Part::Text { text }));
            Content::Parts(parts)
        }
        None if message.get("migrate_from_chat_id").is_null() => {
            Content::Parts(vec![Part::Unsupported { what: "empty message".to_owned() }])
        }
        None => Content::Service("migrated".to_owned()),
    }
}

fn media(message: &Json) -> Option<Part> {
    let of = |name: &str| Some(message.get(name)).filter(|json| json.is_map());
    let file = |json: &Json| file(json, message);
    // An animation also comes as a document, a venue also as a location.
    if let Some(largest) = message.get("photo").list().iter().max_by_key(|size| {
        size.get("width").integer().unwrap_or(0).saturating_mul(size.get("height").integer().unwrap_or(0))
    }) {
        return Some(Part::Image(Attachment { mime: Some("image/jpeg".to_owned()), ..file(largest) }));
    }
    if let Some(json) = of("animation").or_else(|| of("video")).or_else(|| of("video_note")) {
        return Some(Part::Video(file(json)));
    }
    if let Some(json) = of("live_photo") {
        return Some(Part::Video(file(json)));
    }
    if let Some(json) = of("audio").or_else(|| of("voice")) {
        return Some(Part::Audio(file(json)));
    }
    if let Some(json) = of("document") {
        return Some(Part::File(file(json)));
    }
    if let Some(json) = of("sticker") {
        return Some(Part::Sticker {
            id: json.get("file_id").id(),
            words: json.get("emoji").words(),
            url: None,
        });
    }
    if let Some(json) = of("dice") {
        return Some(Part::Sticker { id: None, words: json.get("emoji").words(), url: None });
    }
    if let Some(json) = of("contact") {
        let names: Vec<&str> =
            ["first_name", "last_name"].iter().filter_map(|part| json.get(part).text()).collect();
        let name = (!names.is_empty()).then(|| Words::new(names.join(" ")));
        return Some(Part::Contact { name, phone: json.get("phone_number").words() });
    }
    if let Some(venue) = of("venue") {
        let place = place(venue.get("location"));
        return place.map(|(latitude, longitude)| Part::Location {
            latitude,
            longitude,
            title: venue.get("title").words(),
            address: venue.get("address").words(),
        });
    }
    if let Some((latitude, longitude)) = of("location").and_then(place) {
        return Some(Part::Location { latitude, longitude, title: None, address: None });
    }
    if of("story").is_some() {
        return Some(Part::SharedPost { title: None, url: None });
    }
    let titled = [("poll", "question"), ("game", "title"), ("invoice", "title"), ("checklist", "title")];
    titled
        .into_iter()
        .find_map(|(name, title)| of(name).map(|json| Part::Template { title: json.get(title).words() }))
}

fn place(location: &Json) -> Option<(f64, f64)> {
    location.get("latitude").float().zip(location.get("longitude").float())
}

/// Fetched by id: a file's address carries the bot's token and is never kept.
fn file(json: &Json, message: &Json) -> Attachment {
    Attachment {
        url: None,
        remote_id: json.get("file_id").id(),
        mime: json.get("mime_type").string(),
        name: json.get("file_name").string(),
        bytes: json.get("file_size").count(),
        caption: message.get("caption").words(),
    }
}
