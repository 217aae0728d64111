//! Telegram's updates in the house's words.
//!
//! <https://core.telegram.org/bots/api#update>

use domain::{Echo, Event, EventKind, Incoming, Peer, Referral, Thread, ThreadKind, Timestamp, Words};

use super::parts::{self, Content};
use crate::{
    events::{content_key, unsupported},
    json::Json,
};

/// Who the bot is: needed to see whether a group message is addressed to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Me {
    pub(crate) id: Option<String>,
    /// Without the at sign.
    pub(crate) username: Option<String>,
}

/// One update, as written: one event, or several (a deletion of many messages), never none.
pub(super) fn events(raw: &str, me: &Me, arrived: Timestamp) -> Vec<Event> {
    let json = Json::read(raw);
    let key = json.get("update_id").id().unwrap_or_else(|| content_key(&json));
    let name = json.keys().find(|key| *key != "update_id").unwrap_or("update").to_owned();
    let content = json.get(&name);
    let found = if content.is_map() { kinds(&name, content, me) } else { Vec::new() };
    if found.is_empty() {
        let thread = thread(content, content.get("from"));
        let at = content.get("date").time().unwrap_or(arrived);
        return vec![unsupported(key, at, me.id.clone(), thread, &name, raw)];
    }
    let at = edited_or_sent(content).unwrap_or(arrived);
    let keyed = |index: usize| if index == 0 { key.clone() } else { format!("{key}#{index}") };
    found
        .into_iter()
        .enumerate()
        .map(|(index, (thread, what))| Event { key: keyed(index), at, account: me.id.clone(), thread, what })
        .collect()
}

fn edited_or_sent(content: &Json) -> Option<Timestamp> {
    content
        .get("edit_date")
        .time()
        .or_else(|| content.get("date").time())
        .or_else(|| content.at(&["message", "date"]).time().filter(|_| content.get("data").is_null()))
}

type Found = Vec<(Option<Thread>, EventKind)>;

fn kinds(name: &str, content: &Json, me: &Me) -> Found {
    match name {
        "message" => message(content, me).into_iter().collect(),
        "business_message" => business_message(content, me).into_iter().collect(),
        "edited_message" | "edited_business_message" => edited(content).into_iter().collect(),
        "channel_post" | "edited_channel_post" => activity(name),
        "deleted_business_messages" => deleted(content),
        "callback_query" => callback(content).into_iter().collect(),
        "message_reaction" => reaction(content).into_iter().collect(),
        "my_chat_member" => my_membership(content).into_iter().collect(),
        "chat_member" => membership(content).into_iter().collect(),
        "business_connection" => {
            let healthy = content.get("is_enabled").holds();
            let what = if healthy { "business connection on" } else { "business connection off" };
            vec![(None, EventKind::AccountNotice { what: what.to_owned(), healthy })]
        }
        "message_reaction_count"
        | "poll"
        | "poll_answer"
        | "chat_join_request"
        | "chat_boost"
        | "removed_chat_boost"
        | "purchased_paid_media"
        | "inline_query"
        | "chosen_inline_result" => activity(name),
        // shipping_query and pre_checkout_query belong to payments, which this app does not take.
        _ => Vec::new(),
    }
}

fn activity(name: &str) -> Found {
    vec![(None, EventKind::Activity { what: name.replace('_', " ") })]
}

/// The conversation's key: the chat, in a forum the topic too, and the business connection it came through.
fn thread(message: &Json, from: &Json) -> Option<Thread> {
    let chat = message.get("chat");
    let id = chat.get("id").id()?;
    let kind = match chat.get("type").text() {
        Some("group" | "supergroup" | "channel") => ThreadKind::Group,
        _ => ThreadKind::Direct,
    };
    let mut key = id;
    if message.get("is_topic_message").holds()
        && let Some(topic) = message.get("message_thread_id").id()
    {
        key = format!("{key}/{topic}");
    }
    if let Some(connection) = message.get("business_connection_id").id() {
        key = format!("business:{connection}:{key}");
    }
    Some(Thread { key, kind, peer: peer(from) })
}

pub(super) fn peer(user: &Json) -> Option<Peer> {
    let names: Vec<&str> =
        ["first_name", "last_name"].iter().filter_map(|part| user.get(part).text()).collect();
    let name = if names.is_empty() { user.get("title").words() } else { Some(Words::new(names.join(" "))) };
    Some(Peer { id: user.get("id").id()?, name, language: user.get("language_code").string(), picture: None })
}

/// Message ids are unique in their chat only, so the chat is part of ours.
pub(super) fn message_id(message: &Json) -> Option<String> {
    let (chat, id) = (message.at(&["chat", "id"]).id()?, message.get("message_id").id()?);
    Some(format!("{chat}:{id}"))
}

/// Who said it; someone writing in the name of a group or channel is that chat.
fn speaker(message: &Json) -> &Json {
    let chat = message.get("sender_chat");
    if chat.is_map() { chat } else { message.get("from") }
}

fn message(message: &Json, me: &Me) -> Option<(Option<Thread>, EventKind)> {
    let thread = thread(message, speaker(message));
    if let Some(to) = message.get("migrate_to_chat_id").id() {
        return Some((thread, EventKind::Migrated { to_key: to }));
    }
    if let Some(service) = members_changed(message, me) {
        return Some((thread, service));
    }
    match parts::content(message) {
        Content::Parts(said) => {
            let direct = thread.as_ref().is_some_and(|thread| thread.kind == ThreadKind::Direct);
            let incoming = Incoming {
                reply_to: quoted(message),
                referral: start_parameter(message),
                addressed: direct || addressed(message, me),
                ..Incoming::new(message_id(message)?, said)
            };
            Some((thread, EventKind::Message(incoming)))
        }
        Content::Service(what) => Some((thread, EventKind::Activity { what })),
    }
}

fn quoted(message: &Json) -> Option<String> {
    message_id(message.get("reply_to_message"))
}

/// In a business chat the customer's id is the chat's; everyone else there speaks for the business.
fn business_message(message: &Json, me: &Me) -> Option<(Option<Thread>, EventKind)> {
    if message.at(&["from", "id"]) == message.at(&["chat", "id"]) {
        let (thread, mut what) = self::message(message, me)?;
        if let EventKind::Message(incoming) = &mut what {
            let connection = message.get("business_connection_id").id().unwrap_or_default();
            incoming.read_token = Some(format!("business:{connection}:{}", incoming.message));
        }
        return Some((thread, what));
    }
    let Content::Parts(parts) = parts::content(message) else {
        return Some((None, EventKind::Activity { what: "business message".to_owned() }));
    };
    let app = message.at(&["sender_business_bot", "id"]).id();
    let echo = Echo { message: message_id(message)?, parts, metadata: None, app };
    Some((thread(message, message.get("chat")), EventKind::Echo(echo)))
}

fn edited(message: &Json) -> Option<(Option<Thread>, EventKind)> {
    let parts = match parts::content(message) {
        Content::Parts(parts) => parts,
        Content::Service(what) => return Some((None, EventKind::Activity { what })),
    };
    Some((thread(message, speaker(message)), EventKind::Edited { message: message_id(message)?, parts }))
}

fn deleted(content: &Json) -> Found {
    let Some(chat) = content.at(&["chat", "id"]).id() else { return Vec::new() };
    content
        .get("message_ids")
        .list()
        .iter()
        .filter_map(Json::id)
        .map(|id| {
            (thread(content, content.get("chat")), EventKind::Unsent { message: format!("{chat}:{id}") })
        })
        .collect()
}

fn members_changed(message: &Json, me: &Me) -> Option<EventKind> {
    let joined: Vec<String> =
        message.get("new_chat_members").list().iter().filter_map(|member| member.get("id").id()).collect();
    if me.id.as_ref().is_some_and(|id| joined.contains(id)) {
        return Some(EventKind::Joined { reply_token: None });
    }
    let left: Vec<String> = message.at(&["left_chat_member", "id"]).id().into_iter().collect();
    if me.id.as_ref().is_some_and(|id| left.contains(id)) {
        return Some(EventKind::Left);
    }
    (!joined.is_empty() || !left.is_empty()).then_some(EventKind::MembersChanged { joined, left })
}

/// Named by its username or as a person, or answered to.
fn addressed(message: &Json, me: &Me) -> bool {
    if me.id.is_some() && message.at(&["reply_to_message", "from", "id"]).id() == me.id {
        return true;
    }
    let text = message.get("text").text().or_else(|| message.get("caption").text()).unwrap_or_default();
    let named =
        message.get("entities").list().iter().chain(message.get("caption_entities").list()).any(|entity| {
            entity.get("type").text() == Some("text_mention") && entity.at(&["user", "id"]).id() == me.id
        });
    named || me.username.as_ref().is_some_and(|username| calls(text, username))
}

/// `@username` stands in the text as a word of its own (or at the end of a command), in any case.
fn calls(text: &str, username: &str) -> bool {
    let text = text.to_lowercase();
    let call = format!("@{}", username.to_lowercase());
    text.match_indices(&call).any(|(at, found)| {
        let next = text.get(at + found.len()..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// `t.me/bot?start=PARAMETER` comes as the command `/start PARAMETER`.
fn start_parameter(message: &Json) -> Option<Referral> {
    let parameter = message.get("text").text()?.strip_prefix("/start ")?.trim();
    (!parameter.is_empty()).then(|| Referral {
        source: Some("link".to_owned()),
        reference: Some(parameter.to_owned()),
        ..Referral::default()
    })
}

/// The button spins until the query is answered: its id is the read token.
fn callback(query: &Json) -> Option<(Option<Thread>, EventKind)> {
    let message = query.get("message");
    let id = format!("callback:{}", query.get("id").id()?);
    let thread = thread(message, query.get("from"))?;
    let data = query.get("data").string();
    let buttons = message.at(&["reply_markup", "inline_keyboard"]).list().iter().flat_map(Json::list);
    let title = buttons
        .into_iter()
        .find(|button| data.is_some() && button.get("callback_data").string() == data)
        .and_then(|button| button.get("text").words());
    let part = domain::Part::Postback { title, payload: data };
    let incoming = Incoming {
        reply_to: message_id(message),
        read_token: Some(id.clone()),
        ..Incoming::new(id, vec![part])
    };
    Some((Some(thread), EventKind::Message(incoming)))
}

fn reaction(content: &Json) -> Option<(Option<Thread>, EventKind)> {
    let actor = if content.get("user").is_map() { content.get("user") } else { content.get("actor_chat") };
    let now = content.get("new_reaction").list();
    let before = content.get("old_reaction").list();
    let shown = now.iter().find(|reaction| !before.contains(reaction)).or(now.first());
    let meant = shown.or(before.first());
    let emoji = meant
        .and_then(|reaction| reaction.get("emoji").string().or_else(|| reaction.get("custom_emoji_id").id()));
    let what = EventKind::Reacted { message: message_id(content), emoji, removed: now.is_empty() };
    Some((thread(content, actor), what))
}

fn present(status: Option<&str>) -> bool {
    matches!(status, Some("member" | "administrator" | "creator" | "restricted"))
}

/// In a private chat "kicked" means that the person blocked the bot.
fn my_membership(content: &Json) -> Option<(Option<Thread>, EventKind)> {
    let thread = thread(content, content.get("from"))?;
    let was = present(content.at(&["old_chat_member", "status"]).text());
    let is = present(content.at(&["new_chat_member", "status"]).text());
    let what = match (thread.kind, was, is) {
        (ThreadKind::Direct, _, false) => EventKind::Unfollowed,
        (ThreadKind::Direct, was, true) => EventKind::Followed { again: !was, reply_token: None },
        (_, false, true) => EventKind::Joined { reply_token: None },
        (_, true, false) => EventKind::Left,
        (_, _, _) => EventKind::Activity { what: "my rights changed".to_owned() },
    };
    Some((Some(thread), what))
}

fn membership(content: &Json) -> Option<(Option<Thread>, EventKind)> {
    let member = content.at(&["new_chat_member", "user", "id"]).id()?;
    let was = present(content.at(&["old_chat_member", "status"]).text());
    let is = present(content.at(&["new_chat_member", "status"]).text());
    let what = match (was, is) {
        (false, true) => EventKind::MembersChanged { joined: vec![member], left: Vec::new() },
        (true, false) => EventKind::MembersChanged { joined: Vec::new(), left: vec![member] },
        _ => EventKind::Activity { what: "rights changed".to_owned() },
    };
    Some((thread(content, content.get("from")), what))
}
