//! What the Graph API does when something is sent to it, and who may call at all.

use std::time::Duration;

use domain::Platform;
use serde_json::{Value, json};

use super::{
    EchoTiming, Graph, GraphCall, GraphError, HUMAN_AGENT_WINDOW_MS, STANDARD_WINDOW_MS, rules,
    state::Stored, webhooks,
};
use crate::{
    ids::keyed_hex,
    ledger::{Accepted, Entry, Way},
    wire::{Answer, Asked, held},
};

impl Graph {
    pub(super) async fn called(&self, call: GraphCall, asked: &Asked) -> Result<Answer, GraphError> {
        if call == GraphCall::DebugToken {
            return self.debug_token(asked);
        }
        let body = asked.json().unwrap_or(Value::Null);
        self.check_token(asked, &body)?;
        match call {
            GraphCall::Send => self.send(&body).await,
            GraphCall::SenderAction => self.sender_action(&body),
            GraphCall::CommentReply => self.comment_reply(asked, &body),
            GraphCall::Profile => self.profile(asked),
            GraphCall::Conversations => self.conversations(asked),
            GraphCall::Conversation => self.conversation(asked),
            GraphCall::Message => self.message(asked),
            GraphCall::Subscribe => self.subscribe(asked, &body),
            GraphCall::Subscriptions => Ok(self.subscriptions()),
            GraphCall::Unsubscribe => {
                held(&self.state).subscribed.clear();
                Ok(Self::well(&json!({ "success": true })))
            }
            GraphCall::Me => Ok(self.me(asked)),
            GraphCall::DebugToken => self.debug_token(asked),
        }
    }

    fn check_token(&self, asked: &Asked, body: &Value) -> Result<(), GraphError> {
        let in_body = |name: &str| body.get(name).and_then(Value::as_str);
        let token =
            asked.bearer().or_else(|| asked.parameter("access_token")).or_else(|| in_body("access_token"));
        let Some(token) = token else {
            let message = "An access token is required to request this resource.";
            return Err(GraphError::new(400, 104, None, message));
        };
        if token != self.account.page_token {
            return Err(GraphError::new(400, 190, Some(467), "Invalid OAuth access token."));
        }
        if held(&self.state).token_expired {
            return Err(GraphError::expired_token());
        }
        // <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
        match asked.parameter("appsecret_proof").or_else(|| in_body("appsecret_proof")) {
            Some(proof) if proof == keyed_hex(self.account.app_secret.as_bytes(), token.as_bytes()) => Ok(()),
            Some(_) => Err(GraphError::bad("Invalid appsecret_proof provided in the API argument")),
            None if self.account.requires_proof => {
                Err(GraphError::bad("API calls from the server require an appsecret_proof argument"))
            }
            None => Ok(()),
        }
    }

    async fn send(&self, body: &Value) -> Result<Answer, GraphError> {
        let recipient = body.get("recipient").unwrap_or(&Value::Null);
        rules::only_keys(recipient, "recipient", &["id", "comment_id"])?;
        rules::message(body)?;
        let now_ms = self.clock.now_ms();
        let (sent, echo) = {
            let mut state = held(&self.state);
            let psid = match (field(recipient, "id"), field(recipient, "comment_id")) {
                (Some(psid), None) => {
                    self.check_window(&state, &psid, rules::is_human_agent(body)?, now_ms)?;
                    psid
                }
                (None, Some(comment)) => private_reply(&mut state, &comment, now_ms)?,
                (_, _) => return Err(GraphError::bad("The parameter recipient is required")),
            };
            let mid = self.mid();
            let message = body.get("message").unwrap_or(&Value::Null);
            let text = shown_text(message);
            let sent = Accepted {
                at_ms: now_ms,
                platform: Platform::Facebook,
                to: psid.clone(),
                way: Way::Send,
                key: message.get("metadata").and_then(Value::as_str).map(str::to_owned),
                token: None,
                request_id: mid.clone(),
                message_ids: vec![mid.clone()],
                text: text.clone(),
                shown: true,
                body: body.clone(),
            };
            self.ledger.keep(Entry::Accepted(sent.clone()));
            let said = message.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
            state.store(&psid, Stored { mid, at_ms: now_ms, from_page: true, text: said });
            (sent, state.echo.clone())
        };
        self.echo(&sent, echo).await;
        let mid = sent.message_ids.first().cloned().unwrap_or_default();
        Ok(Self::well(&json!({ "recipient_id": sent.to, "message_id": mid })))
    }

    fn check_window(
        &self,
        state: &super::State,
        psid: &str,
        human_agent: bool,
        now_ms: i64,
    ) -> Result<(), GraphError> {
        let Some(talk) = state.talks.get(psid) else {
            return Err(GraphError::new(400, 100, Some(2_018_001), "(#100) No matching user found"));
        };
        if talk.blocked {
            let message = "(#551) This person isn't available right now.";
            return Err(GraphError::new(400, 551, Some(1_545_041), message));
        }
        if human_agent && !self.account.human_agent {
            let message = "(#10) This app has not been granted the HUMAN_AGENT feature.";
            return Err(GraphError::new(403, 10, None, message));
        }
        let window_ms = if human_agent { HUMAN_AGENT_WINDOW_MS } else { STANDARD_WINDOW_MS };
        if talk.last_action_ms.is_none_or(|last_ms| now_ms - last_ms >= window_ms) {
            let message = "(#10) This message is sent outside of allowed window.";
            return Err(GraphError::new(400, 10, Some(2_018_278), message));
        }
        Ok(())
    }

    async fn echo(&self, sent: &Accepted, echo: Option<(String, EchoTiming)>) {
        let Some((url, timing)) = echo else { return };
        let hook = webhooks::echo_of(self, sent);
        let postman = self.postman.clone();
        let post = async move {
            if let Err(error) = postman.post(&url, &hook).await {
                tracing::warn!(%error, "an echo was not taken");
            }
        };
        match timing {
            EchoTiming::BeforeResponse => post.await,
            EchoTiming::AfterResponse => {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    post.await;
                });
            }
        }
    }

    fn sender_action(&self, body: &Value) -> Result<Answer, GraphError> {
        let (psid, what) = rules::sender_action(body)?;
        if !held(&self.state).talks.contains_key(&psid) {
            return Err(GraphError::new(400, 100, Some(2_018_001), "(#100) No matching user found"));
        }
        self.note(what, &psid);
        Ok(Self::well(&json!({ "recipient_id": psid })))
    }

    /// A public answer under a comment or a post.
    fn comment_reply(&self, asked: &Asked, body: &Value) -> Result<Answer, GraphError> {
        let segments = asked.segments();
        let parent = segments.iter().rev().nth(1).copied().unwrap_or_default();
        if !held(&self.state).comments.contains_key(parent) {
            let message = "(#100) Unsupported post request. Object does not exist";
            return Err(GraphError::new(400, 100, Some(33), message));
        }
        let text = field(body, "message").or_else(|| asked.parameter("message").map(str::to_owned));
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return Err(GraphError::bad("Param message is required"));
        };
        let post = parent.split('_').next().unwrap_or_default();
        let id = format!("{post}_{}", self.ids.digits(15));
        self.ledger.keep(Entry::Accepted(Accepted {
            at_ms: self.clock.now_ms(),
            platform: Platform::Facebook,
            to: parent.to_owned(),
            way: Way::Send,
            key: None,
            token: None,
            request_id: id.clone(),
            message_ids: vec![id.clone()],
            text,
            shown: true,
            body: body.clone(),
        }));
        Ok(Self::well(&json!({ "id": id })))
    }

    fn subscribe(&self, asked: &Asked, body: &Value) -> Result<Answer, GraphError> {
        let form = asked.form();
        let in_form =
            form.iter().find(|(key, _)| key == "subscribed_fields").map(|(_, value)| value.as_str());
        let listed = body.get("subscribed_fields");
        let fields: Vec<String> = match (asked.parameter("subscribed_fields").or(in_form), listed) {
            (Some(text), _) => text.split(',').map(|field| field.trim().to_owned()).collect(),
            (None, Some(Value::String(text))) => {
                text.split(',').map(|field| field.trim().to_owned()).collect()
            }
            (None, Some(Value::Array(list))) => {
                list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            (None, _) => Vec::new(),
        };
        if fields.is_empty() {
            return Err(GraphError::bad("The parameter subscribed_fields is required"));
        }
        if let Some(unknown) = fields.iter().find(|field| !SUBSCRIBABLE.contains(&field.as_str())) {
            return Err(GraphError::bad(format!(
                "Param subscribed_fields[0] must be one of {{…}}: got {unknown}"
            )));
        }
        held(&self.state).subscribed = fields.into_iter().collect();
        Ok(Self::well(&json!({ "success": true })))
    }
}

/// Once per comment, within seven days.
fn private_reply(state: &mut super::State, comment: &str, now_ms: i64) -> Result<String, GraphError> {
    let Some(known) = state.comments.get_mut(comment) else {
        return Err(GraphError::new(400, 100, Some(33), "(#100) Object does not exist"));
    };
    if known.answered_privately || now_ms - known.at_ms >= HUMAN_AGENT_WINDOW_MS {
        return Err(GraphError::new(
            400,
            10,
            Some(2_018_065),
            "(#10) This comment can no longer be answered privately",
        ));
    }
    known.answered_privately = true;
    Ok(known.from.clone())
}

fn field(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn shown_text(message: &Value) -> String {
    let kind = message.pointer("/attachment/type").and_then(Value::as_str);
    let text = message.get("text").and_then(Value::as_str);
    let mut shown = text.map_or_else(|| format!("[{}]", kind.unwrap_or("?")), str::to_owned);
    for reply in message.get("quick_replies").and_then(Value::as_array).into_iter().flatten() {
        shown.push_str(&format!(" [{}]", reply.get("title").and_then(Value::as_str).unwrap_or("?")));
    }
    shown
}

/// <https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps>
const SUBSCRIBABLE: [&str; 21] = [
    "messages",
    "message_echoes",
    "message_edits",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "messaging_account_linking",
    "messaging_handovers",
    "standby",
    "messaging_policy_enforcement",
    "messaging_feedback",
    "response_feedback",
    "send_cart",
    "message_context",
    "messaging_integrity",
    "feed",
    "mention",
    "ratings",
];
