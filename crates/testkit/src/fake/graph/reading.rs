//! What can be read of a Page: conversations, messages, profiles, itself.

use serde_json::{Value, json};

use super::{
    Graph, GraphError,
    fields::{self, Field},
};
use crate::{
    objects::set,
    wire::{Answer, Asked, held},
};

/// Conversations a page of the list holds unless told otherwise.
const USUAL_LIMIT: usize = 25;

impl Graph {
    pub(super) fn me(&self, asked: &Asked) -> Answer {
        let page = json!({
            "id": self.account.page_id, "name": self.account.page_name,
            "category": "Café", "link": format!("https://www.facebook.com/{}", self.account.page_id),
        });
        Self::well(&fields::project(&page, &wanted(asked, "name")))
    }

    pub(super) fn profile(&self, asked: &Asked) -> Result<Answer, GraphError> {
        let psid = last(asked);
        let person = held(&self.state).talks.get(&psid).map(|talk| talk.person.clone());
        let Some(person) = person else {
            let message = "Unsupported get request. Object does not exist or cannot be loaded";
            return Err(GraphError::new(400, 100, Some(33), message));
        };
        self.note("profile", &psid);
        let (first, rest) = person.display_name.split_once(' ').unwrap_or((person.display_name.as_str(), ""));
        let profile = json!({
            "id": psid, "name": person.display_name, "first_name": first, "last_name": rest,
            "profile_pic": format!("https://platform-lookaside.fbsbx.example/{psid}.jpg"),
            "locale": if person.language == "th" { "th_TH" } else { "en_US" },
        });
        Ok(Self::well(&fields::project(&profile, &wanted(asked, "first_name,last_name,profile_pic"))))
    }

    /// Newest first; no `since`, pages by cursor.
    pub(super) fn conversations(&self, asked: &Asked) -> Result<Answer, GraphError> {
        if asked.parameter("platform").is_some_and(|platform| platform != "messenger") {
            return Ok(Self::well(&json!({ "data": [] })));
        }
        let limit = match asked.parameter("limit").map(str::parse) {
            None => USUAL_LIMIT,
            Some(Ok(limit)) => limit,
            Some(Err(_)) => return Err(GraphError::bad("Param limit must be an integer")),
        };
        let user = asked.parameter("user_id");
        let state = held(&self.state);
        let mut talks: Vec<_> = state
            .talks
            .values()
            .filter(|talk| !talk.messages.is_empty() && user.is_none_or(|user| talk.person.psid() == user))
            .collect();
        talks.sort_by_key(|talk| (std::cmp::Reverse(talk.updated_ms()), talk.id()));
        let from = asked
            .parameter("after")
            .and_then(|after| talks.iter().position(|talk| talk.id() == after))
            .map_or(0, |at| at + 1);
        let wanted = wanted(asked, "updated_time,link");
        let page: Vec<_> = talks.iter().skip(from).take(limit).collect();
        let data: Vec<Value> =
            page.iter().map(|talk| fields::project(&talk.as_json(&self.account), &wanted)).collect();
        let mut answer = json!({ "data": data });
        if let (Some(first), Some(end)) = (page.first(), page.last()) {
            let mut paging = json!({ "cursors": { "before": first.id(), "after": end.id() } });
            if from + page.len() < talks.len() {
                set(&mut paging, "next", format!("https://graph.facebook.com/next?after={}", end.id()));
            }
            set(&mut answer, "paging", paging);
        }
        drop(state);
        self.note("conversations read", user.unwrap_or("all"));
        Ok(Self::well(&answer))
    }

    /// The conversation, or with `/messages` behind it the list of its newest messages.
    pub(super) fn conversation(&self, asked: &Asked) -> Result<Answer, GraphError> {
        let segments = asked.segments();
        let list = segments.last() == Some(&"messages");
        let id = segments.iter().rev().nth(usize::from(list)).copied().unwrap_or_default();
        let state = held(&self.state);
        let talk = state.talks.values().find(|talk| talk.id() == id);
        let Some(talk) = talk.map(|talk| talk.as_json(&self.account)) else {
            let message = "Unsupported get request. Object does not exist or cannot be loaded";
            return Err(GraphError::new(400, 100, Some(33), message));
        };
        drop(state);
        if !list {
            return Ok(Self::well(&fields::project(&talk, &wanted(asked, "updated_time,link"))));
        }
        let limit = asked.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(USUAL_LIMIT);
        let wanted = wanted(asked, "created_time");
        let messages = talk.pointer("/messages/data").and_then(Value::as_array);
        let data: Vec<Value> = messages
            .into_iter()
            .flatten()
            .take(limit)
            .map(|message| fields::project(message, &wanted))
            .collect();
        Ok(Self::well(&json!({ "data": data })))
    }

    pub(super) fn message(&self, asked: &Asked) -> Result<Answer, GraphError> {
        let state = held(&self.state);
        let found = state
            .message(&last(asked))
            .map(|(talk, stored, readable)| (stored.as_json(talk, &self.account), readable));
        drop(state);
        match found {
            Some((message, true)) => {
                Ok(Self::well(&fields::project(&message, &wanted(asked, "created_time"))))
            }
            Some((_, false)) => {
                let message = "The message was deleted or is older than the 20 newest.";
                Err(GraphError::new(400, 9_000_001, None, message))
            }
            None => {
                let message = "Unsupported get request. Object does not exist or cannot be loaded";
                Err(GraphError::new(400, 100, Some(33), message))
            }
        }
    }

    pub(super) fn subscriptions(&self) -> Answer {
        let fields: Vec<String> = held(&self.state).subscribed.iter().cloned().collect();
        let data = if fields.is_empty() {
            json!([])
        } else {
            json!([{ "id": self.account.app_id, "name": "Sala", "subscribed_fields": fields }])
        };
        Self::well(&json!({ "data": data }))
    }

    /// With the app's token `{app-id}|{app-secret}`.
    pub(super) fn debug_token(&self, asked: &Asked) -> Result<Answer, GraphError> {
        let app_token = format!("{}|{}", self.account.app_id, self.account.app_secret);
        if asked.bearer().or_else(|| asked.parameter("access_token")) != Some(app_token.as_str()) {
            return Err(GraphError::new(400, 190, None, "Invalid OAuth access token signature."));
        }
        let known = asked.parameter("input_token") == Some(self.account.page_token.as_str());
        let is_valid = known && !held(&self.state).token_expired;
        Ok(Self::well(&json!({ "data": {
            "app_id": self.account.app_id, "type": "PAGE", "is_valid": is_valid, "expires_at": 0,
            "data_access_expires_at": self.clock.now_ms() / 1_000 + 90 * 86_400,
            "profile_id": self.account.page_id,
            "scopes": ["pages_messaging", "pages_manage_metadata", "pages_read_engagement", "pages_show_list"],
        } })))
    }
}

fn last(asked: &Asked) -> String {
    asked.segments().last().copied().unwrap_or_default().to_owned()
}

/// The `fields` asked for, or what is told unasked.
fn wanted(asked: &Asked, unasked: &str) -> Vec<Field> {
    fields::parse(asked.parameter("fields").unwrap_or(unasked))
}
