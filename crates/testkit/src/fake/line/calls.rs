//! What LINE does when it is called.

use bytes::Bytes;
use domain::Platform;
use serde_json::{Value, json};

use super::{ContentState, Line, LineCall, NO_TOKEN, webhooks};
use crate::{
    ledger::{Accepted, Entry, Way},
    wire::{Answer, Asked, held},
};

/// Larger bodies are answered with 413.
const MOST_BODY_BYTES: usize = 2 * 1024 * 1024;

impl Line {
    pub(super) async fn called(&self, call: LineCall, asked: &Asked) -> Answer {
        if call == LineCall::StatelessToken {
            return self.stateless_token(asked);
        }
        let now_ms = self.clock.now_ms();
        if !asked.bearer().is_some_and(|token| held(&self.state).allows(token, now_ms)) {
            return self.refused(Some(call), asked, 401, NO_TOKEN, &[]);
        }
        if asked.body.len() > MOST_BODY_BYTES {
            return self.refused(Some(call), asked, 413, "Payload Too Large", &[]);
        }
        let body = asked.json().unwrap_or(Value::Null);
        let wants_body = matches!(asked.method.as_str(), "POST" | "PUT");
        if wants_body && !body.is_object() {
            if call == LineCall::TestWebhook && asked.body.is_empty() {
                return self.test_webhook(asked, &json!({})).await;
            }
            return self.refused(Some(call), asked, 400, "The request body could not be parsed as JSON", &[]);
        }
        let faults = self.rules.check(call, &body);
        if !faults.is_empty() {
            let message = format!("The request body has {} error(s)", faults.len());
            return self.refused(Some(call), asked, 400, &message, &faults);
        }
        match call {
            LineCall::Reply => self.reply(asked, &body),
            LineCall::Push => self.push(asked, &body),
            LineCall::Profile => self.profile(asked),
            LineCall::Content | LineCall::ContentPreview => self.content(call, asked),
            LineCall::ContentTranscoding => self.transcoding(asked),
            LineCall::LoadingStart => self.loading(asked, &body),
            LineCall::MarkAsRead => self.mark_as_read(asked, &body),
            LineCall::BotInfo => self.bot_info(),
            LineCall::Quota => self.quota(),
            LineCall::QuotaConsumption => self.well(&json!({ "totalUsage": held(&self.state).used })),
            LineCall::SetWebhook => self.set_webhook(asked, &body),
            LineCall::GetWebhook => self.get_webhook(asked),
            LineCall::TestWebhook => self.test_webhook(asked, &body).await,
            LineCall::StatelessToken => self.stateless_token(asked),
        }
    }

    fn reply(&self, asked: &Asked, body: &Value) -> Answer {
        if asked.header("x-line-retry-key").is_some() {
            let message = "The retry key is not supported by this endpoint";
            return self.refused(Some(LineCall::Reply), asked, 400, message, &[]);
        }
        let token = body.get("replyToken").and_then(Value::as_str).unwrap_or_default();
        let mut state = held(&self.state);
        let Some(to) = state.spend_reply_token(token, self.clock.now_ms()) else {
            drop(state);
            return self.refused(Some(LineCall::Reply), asked, 400, "Invalid reply token", &[]);
        };
        let shown = state.reaches(&to).unwrap_or(true);
        let request_id = self.request_id();
        let sent = self.accept(&to, Way::Reply, None, Some(token), shown, &request_id, body);
        drop(state);
        Answer::json(200, &json!({ "sentMessages": sent })).with("x-line-request-id", request_id)
    }

    fn push(&self, asked: &Asked, body: &Value) -> Answer {
        let refuse = |status, message| self.refused(Some(LineCall::Push), asked, status, message, &[]);
        let key = asked.header("x-line-retry-key");
        if key.is_some_and(|key| uuid::Uuid::parse_str(key).is_err()) {
            return refuse(400, "Invalid retry key");
        }
        let now_ms = self.clock.now_ms();
        let mut state = held(&self.state);
        if let Some(spent) = key.and_then(|key| state.spent_key(&key.to_lowercase(), now_ms)) {
            drop(state);
            let sent = spent.sent;
            self.note("retry key accepted before", key.unwrap_or_default());
            return Answer::json(
                409,
                &json!({ "message": "The retry key is already accepted", "sentMessages": sent }),
            )
            .with("x-line-request-id", self.request_id())
            .with("x-line-accepted-request-id", spent.request_id);
        }
        let to = body.get("to").and_then(Value::as_str).unwrap_or_default();
        let Some(shown) = state.reaches(to) else {
            drop(state);
            return refuse(400, "The property, 'to', in the request body is invalid (line: -, column: -)");
        };
        // Counted per recipient, not per message object; a person who has blocked the account is not counted.
        if shown && state.quota.is_some_and(|quota| state.used >= quota) {
            drop(state);
            return refuse(429, "You have reached your monthly limit.");
        }
        let request_id = self.request_id();
        let sent = self.accept(to, Way::Push, key, None, shown, &request_id, body);
        state.used += u64::from(shown);
        if let Some(key) = key {
            state.spend_key(&key.to_lowercase(), now_ms, &request_id, &sent);
        }
        drop(state);
        Answer::json(200, &json!({ "sentMessages": sent })).with("x-line-request-id", request_id)
    }

    /// Into the ledger, durably, before the answer leaves; the `sentMessages` of the answer.
    #[expect(clippy::too_many_arguments, reason = "the fields of one ledger line, each named at both calls")]
    fn accept(
        &self,
        to: &str,
        way: Way,
        key: Option<&str>,
        token: Option<&str>,
        shown: bool,
        request_id: &str,
        body: &Value,
    ) -> Value {
        let messages: Vec<Value> =
            body.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut sent = Vec::new();
        let mut message_ids = Vec::new();
        for message in &messages {
            let id = self.ids.digits(18);
            let quotable =
                matches!(message.get("type").and_then(Value::as_str), Some("text" | "textV2" | "sticker"));
            sent.push(if quotable {
                json!({ "id": id, "quoteToken": self.ids.hex() })
            } else {
                json!({ "id": id })
            });
            message_ids.push(id);
        }
        self.ledger.keep(Entry::Accepted(Accepted {
            at_ms: self.clock.now_ms(),
            platform: Platform::Line,
            to: to.to_owned(),
            way,
            key: key.map(str::to_owned),
            token: token.map(str::to_owned),
            request_id: request_id.to_owned(),
            message_ids,
            text: messages.iter().map(shown_text).collect::<Vec<_>>().join("\n"),
            shown,
            body: body.clone(),
        }));
        Value::Array(sent)
    }

    fn profile(&self, asked: &Asked) -> Answer {
        let user = asked.segments().get(3).copied().unwrap_or_default().to_owned();
        let friend = held(&self.state).friends.get(&user).filter(|friend| !friend.blocked).cloned();
        let Some(friend) = friend else {
            return self.refused(Some(LineCall::Profile), asked, 404, "Not found", &[]);
        };
        self.note("profile", &user);
        self.well(&json!({
            "userId": user,
            "displayName": friend.person.display_name,
            "pictureUrl": format!("https://profile.line-scdn.example/{user}"),
            "statusMessage": "",
            "language": friend.person.language,
        }))
    }

    fn content(&self, call: LineCall, asked: &Asked) -> Answer {
        let id = asked.segments().get(3).copied().unwrap_or_default().to_owned();
        let found = held(&self.state).content(&id);
        match found {
            Some((ContentState::Ready, bytes)) => Answer::bytes(200, sniffed(&bytes), bytes),
            Some((ContentState::Preparing, _)) => Answer::bytes(202, "application/json", Bytes::new()),
            Some((ContentState::Gone, _)) => self.refused(Some(call), asked, 410, "Gone", &[]),
            None => self.refused(Some(call), asked, 404, "Not found", &[]),
        }
    }

    fn transcoding(&self, asked: &Asked) -> Answer {
        let id = asked.segments().get(3).copied().unwrap_or_default().to_owned();
        let found = held(&self.state).content(&id);
        match found {
            Some((ContentState::Ready, _)) => self.well(&json!({ "status": "succeeded" })),
            Some((ContentState::Preparing, _)) => self.well(&json!({ "status": "processing" })),
            Some((ContentState::Gone, _)) => {
                self.refused(Some(LineCall::ContentTranscoding), asked, 410, "Gone", &[])
            }
            None => self.refused(Some(LineCall::ContentTranscoding), asked, 404, "Not found", &[]),
        }
    }

    fn loading(&self, asked: &Asked, body: &Value) -> Answer {
        let chat = body.get("chatId").and_then(Value::as_str).unwrap_or_default();
        // One-to-one chats only: user ids.
        if held(&self.state).reaches(chat).is_none() {
            return self.refused(Some(LineCall::LoadingStart), asked, 400, "The chatId is invalid", &[]);
        }
        self.note("typing", chat);
        Answer::json(202, &json!({})).with("x-line-request-id", self.request_id())
    }

    fn mark_as_read(&self, asked: &Asked, body: &Value) -> Answer {
        let token = body.get("markAsReadToken").and_then(Value::as_str).unwrap_or_default();
        let user = held(&self.state).read_tokens.get(token).cloned();
        let Some(user) = user else {
            return self.refused(Some(LineCall::MarkAsRead), asked, 400, "Invalid markAsReadToken", &[]);
        };
        self.note("read", &user);
        self.well(&json!({}))
    }

    fn bot_info(&self) -> Answer {
        self.well(&json!({
            "userId": self.account.bot_user_id,
            "basicId": self.account.basic_id,
            "displayName": self.account.name,
            "pictureUrl": "https://profile.line-scdn.example/bot",
            "chatMode": "bot",
            "markAsReadMode": "manual",
        }))
    }

    fn quota(&self) -> Answer {
        let quota = held(&self.state).quota;
        self.well(&match quota {
            Some(value) => json!({ "type": "limited", "value": value }),
            None => json!({ "type": "none" }),
        })
    }

    fn set_webhook(&self, asked: &Asked, body: &Value) -> Answer {
        let endpoint = body.get("endpoint").and_then(Value::as_str).unwrap_or_default();
        if !is_door(endpoint) {
            return self.refused(Some(LineCall::SetWebhook), asked, 400, "Invalid webhook endpoint URL", &[]);
        }
        let mut state = held(&self.state);
        let active = state.webhook.as_ref().is_none_or(|(_, active)| *active);
        state.webhook = Some((endpoint.to_owned(), active));
        drop(state);
        self.well(&json!({}))
    }

    fn get_webhook(&self, asked: &Asked) -> Answer {
        let webhook = held(&self.state).webhook.clone();
        match webhook {
            Some((endpoint, active)) => self.well(&json!({ "endpoint": endpoint, "active": active })),
            None => self.refused(Some(LineCall::GetWebhook), asked, 404, "Webhook endpoint not found", &[]),
        }
    }

    /// Really posts a signed webhook without events and tells what came back.
    async fn test_webhook(&self, asked: &Asked, body: &Value) -> Answer {
        let set = held(&self.state).webhook.clone();
        let endpoint = body.get("endpoint").and_then(Value::as_str).map(str::to_owned);
        let Some(endpoint) = endpoint.or(set.map(|(endpoint, _)| endpoint)) else {
            return self.refused(Some(LineCall::TestWebhook), asked, 404, "Webhook endpoint not found", &[]);
        };
        if !is_door(&endpoint) {
            return self.refused(
                Some(LineCall::TestWebhook),
                asked,
                400,
                "Invalid webhook endpoint URL",
                &[],
            );
        }
        let hook = webhooks::LineWebhook::new(self).signed();
        // LINE waits 2 s and counts the rest as request_timeout.
        let mut request =
            self.client.post(&endpoint).timeout(std::time::Duration::from_secs(2)).body(hook.body);
        for (name, value) in &hook.headers {
            request = request.header(name, value);
        }
        let (success, status, reason, detail) = match request.send().await {
            Ok(answer) if answer.status().as_u16() == 200 => (true, 200, "OK".to_owned(), "200".to_owned()),
            Ok(answer) => {
                let status = answer.status().as_u16();
                (false, status, "ERROR_STATUS_CODE".to_owned(), status.to_string())
            }
            Err(error) if error.is_timeout() => {
                (false, 0, "REQUEST_TIMEOUT".to_owned(), "Request timeout".to_owned())
            }
            Err(_) => (false, 0, "COULD_NOT_CONNECT".to_owned(), "Could not connect".to_owned()),
        };
        let timestamp = jiff::Timestamp::from_millisecond(self.clock.now_ms()).unwrap_or_default();
        self.well(&json!({
            "success": success,
            "timestamp": timestamp.to_string(),
            "statusCode": status,
            "reason": reason,
            "detail": detail,
        }))
    }

    /// Client credentials only; the variant with a signed assertion is refused as an unknown grant.
    fn stateless_token(&self, asked: &Asked) -> Answer {
        let form = asked.form();
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let known = field("grant_type") == Some("client_credentials")
            && field("client_id") == Some(self.account.channel_id.as_str())
            && field("client_secret") == Some(self.account.channel_secret.as_str());
        if !known {
            self.refused(Some(LineCall::StatelessToken), asked, 400, "invalid_client", &[]);
            let body =
                json!({ "error": "invalid_client", "error_description": "Invalid client credentials." });
            return Answer::json(400, &body);
        }
        let token = self.ids.hex();
        let expires_in_s = 900;
        held(&self.state).allow(&token, self.clock.now_ms() + expires_in_s * 1_000);
        self.well(&json!({ "token_type": "Bearer", "access_token": token, "expires_in": expires_in_s }))
    }
}

/// https as LINE demands, or loopback, which only a fake can call.
fn is_door(endpoint: &str) -> bool {
    url::Url::parse(endpoint).is_ok_and(|url| {
        let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        (url.scheme() == "https" || (url.scheme() == "http" && loopback)) && endpoint.len() <= 500
    })
}

fn shown_text(message: &Value) -> String {
    let text = message.get("text").or_else(|| message.get("altText")).and_then(Value::as_str);
    let kind = message.get("type").and_then(Value::as_str).unwrap_or("?");
    let mut shown = text.map_or_else(|| format!("[{kind}]"), str::to_owned);
    for item in message.pointer("/quickReply/items").and_then(Value::as_array).into_iter().flatten() {
        let label = item.pointer("/action/label").and_then(Value::as_str).unwrap_or("?");
        shown.push_str(&format!(" [{label}]"));
    }
    shown
}

fn sniffed(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(&[0xFF, 0xD8]) {
        "image/jpeg"
    } else if bytes.starts_with(b"\x89PNG") {
        "image/png"
    } else {
        "application/octet-stream"
    }
}
