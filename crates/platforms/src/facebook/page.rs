//! What happens in public on a Page: comments, visitors' posts, mentions, reviews.
//!
//! <https://developers.facebook.com/docs/graph-api/webhooks/reference/page>

use domain::{Attachment, Echo, Event, EventKind, Incoming, Part, Peer, Thread, ThreadKind};

use super::webhook::Entry;
use crate::{
    events::{content_key, key},
    json::Json,
};

/// A change of a field that is no messaging event; none for fields this version does not know.
pub(super) fn event(entry: &Entry<'_>, field: &str, value: &Json) -> Option<Event> {
    if !value.is_map() {
        return None;
    }
    let (thread, what) = match field {
        "feed" => feed(entry, value)?,
        "mention" => mention(value)?,
        "ratings" => rating(entry, value)?,
        _ => return None,
    };
    Some(Event {
        key: change_key(entry, field, value),
        at: value.get("created_time").time().unwrap_or(entry.at),
        account: entry.page.map(str::to_owned),
        thread,
        what,
    })
}

/// Meta gives these events no id; this is what tells them apart. Edits carry no time of their own, so the whole
/// content and the entry's time tell one from the next.
fn change_key(entry: &Entry<'_>, field: &str, value: &Json) -> String {
    if matches!(value.get("verb").text(), Some("edit" | "edited")) {
        return key(field, &[Some(content_key(value)), entry.time.clone()]);
    }
    let object = value.get("comment_id").id().or_else(|| value.get("post_id").id());
    key(
        field,
        &[
            value.get("item").string(),
            value.get("verb").string(),
            value.get("open_graph_story_id").id(),
            object,
            value.get("created_time").id().or_else(|| entry.time.clone()),
            value.get("reaction_type").string(),
            author(value).map(|peer| peer.id),
        ],
    )
}

/// Absent when the person has not authorised the app.
fn author(value: &Json) -> Option<Peer> {
    let from = value.get("from");
    let id = from
        .get("id")
        .id()
        .or_else(|| value.get("sender_id").id())
        .or_else(|| value.get("reviewer_id").id())?;
    let name = from
        .get("name")
        .words()
        .or_else(|| value.get("sender_name").words())
        .or_else(|| value.get("reviewer_name").words());
    Some(Peer { id, name, ..Peer::default() })
}

/// Everything under one public post by one person; where the person is not told, by one comment.
fn thread(kind: ThreadKind, root: &str, object: &str, peer: Option<Peer>) -> Option<Thread> {
    let by = peer.as_ref().map_or(object, |peer| &peer.id);
    Some(Thread { key: format!("{root}/{by}"), kind, peer })
}

fn feed(entry: &Entry<'_>, value: &Json) -> Option<(Option<Thread>, EventKind)> {
    let (item, verb) = (value.get("item").text()?, value.get("verb").text()?);
    let activity = || Some((None, EventKind::Activity { what: format!("{item} {verb}") }));
    let author = author(value);
    let own = author.as_ref().is_some_and(|peer| Some(peer.id.as_str()) == entry.page);
    let post = value.get("post_id").id();
    if matches!(item, "like" | "reaction") {
        return match (value.get("comment_id").id(), &post) {
            (Some(comment), Some(post)) if !own => {
                let emoji = value.get("reaction_type").string().or_else(|| Some(item.to_owned()));
                let thread = thread(ThreadKind::Comment, post, &comment, author);
                Some((
                    thread,
                    EventKind::Reacted { message: Some(comment), emoji, removed: verb == "remove" },
                ))
            }
            _ => activity(),
        };
    }
    let (Some(object), Some(root)) =
        (if item == "comment" { value.get("comment_id").id() } else { post.clone() }, post)
    else {
        return activity();
    };
    let said = match verb {
        "add" if item == "comment" && own => EventKind::Echo(Echo {
            message: object.clone(),
            parts: content(value),
            metadata: None,
            app: None,
        }),
        // A post of the Page itself is no message to it.
        "add" if !own && (item == "comment" || published(value)) => EventKind::Message(Incoming {
            reply_to: value.get("parent_id").id().filter(|parent| *parent != root),
            ..Incoming::new(object.clone(), content(value))
        }),
        // Moving a post to the trash comes as an edit without words.
        "edited" | "edit" if item == "comment" || (!own && value.get("message").words().is_some()) => {
            EventKind::Edited { message: object.clone(), parts: content(value) }
        }
        "remove" | "delete" if item == "comment" || !own => EventKind::Unsent { message: object.clone() },
        // hide and unhide are acts of a moderator, who is named as the author.
        _ => return activity(),
    };
    let peer = author.filter(|_| !own);
    // Of our own comment we know the post, not to whom it was; the pipeline finds it by the parent.
    let thread = if own && item == "comment" {
        let parent = value.get("parent_id").id().unwrap_or_else(|| object.clone());
        thread(ThreadKind::Comment, &root, &parent, None)
    } else {
        thread(ThreadKind::Comment, &root, &object, peer)
    };
    Some((thread, said))
}

/// Scheduled posts and videos still encoding are announced before they are public.
fn published(value: &Json) -> bool {
    value.get("published").is_null() || value.get("published").holds()
}

fn content(value: &Json) -> Vec<Part> {
    let picture = |url: String| Part::Image(Attachment { url: Some(url), ..Attachment::default() });
    let mut parts: Vec<Part> = Vec::new();
    parts.extend(value.get("message").words().map(|text| Part::Text { text }));
    parts.extend(value.get("photo").string().map(picture));
    parts.extend(value.get("photos").list().iter().filter_map(Json::string).map(picture));
    parts.extend(
        value
            .get("video")
            .string()
            .map(|url| Part::Video(Attachment { url: Some(url), ..Attachment::default() })),
    );
    if parts.is_empty() {
        let url = value.get("link").string();
        parts.push(match url {
            Some(url) => Part::SharedPost { title: None, url: Some(url) },
            None => Part::Unsupported { what: value.get("item").text().unwrap_or("post").to_owned() },
        });
    }
    parts
}

fn mention(value: &Json) -> Option<(Option<Thread>, EventKind)> {
    let post = value.get("post_id").id()?;
    let object = value.get("comment_id").id().unwrap_or_else(|| post.clone());
    let thread = thread(ThreadKind::Mention, &post, &object, author(value));
    Some(match value.get("verb").text()? {
        "add" => (thread, EventKind::Message(Incoming::new(object, content(value)))),
        "edit" | "edited" => (thread, EventKind::Edited { message: object, parts: content(value) }),
        "remove" | "delete" => (thread, EventKind::Unsent { message: object }),
        other => (None, EventKind::Activity { what: format!("mention {other}") }),
    })
}

fn rating(entry: &Entry<'_>, value: &Json) -> Option<(Option<Thread>, EventKind)> {
    let (item, verb) = (value.get("item").text()?, value.get("verb").text()?);
    let story = value.get("open_graph_story_id").id()?;
    let author = author(value);
    let own = author.as_ref().is_some_and(|peer| Some(peer.id.as_str()) == entry.page);
    let object = match item {
        "rating" => story.clone(),
        "comment" => value.get("comment_id").id()?,
        _ => return Some((None, EventKind::Activity { what: format!("review {item} {verb}") })),
    };
    let parts = || if item == "rating" { review(value) } else { content(value) };
    let thread = thread(ThreadKind::Review, &story, &object, author.filter(|_| !own));
    let what = match verb {
        "add" if own => EventKind::Echo(Echo { message: object, parts: parts(), metadata: None, app: None }),
        "add" => EventKind::Message(Incoming::new(object, parts())),
        "edit" | "edited" => EventKind::Edited { message: object, parts: parts() },
        "remove" | "delete" => EventKind::Unsent { message: object },
        other => return Some((None, EventKind::Activity { what: format!("review {other}") })),
    };
    Some((thread, what))
}

/// Stars are absent in today's reviews, which only recommend or do not.
fn review(value: &Json) -> Vec<Part> {
    let stars = value.get("rating").integer().map(|stars| format!("{stars}/5"));
    let recommends = value.get("recommendation_type").text().map(str::to_lowercase);
    let verdict = stars.or(recommends).map(|verdict| Part::Template { title: Some(verdict.into()) });
    let words = value.get("review_text").words().map(|text| Part::Text { text });
    words.into_iter().chain(verdict).collect()
}
