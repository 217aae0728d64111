//! What the Bot API does when it is called.

use domain::Platform;
use serde_json::{Map, Value, json};

use super::{Telegram, TelegramCall, TelegramError, polling, state::Webhook};
use crate::{
    ledger::{Accepted, Entry, Way},
    objects::{merged, set},
    wire::{Answer, Asked, held},
};

const MOST_TEXT_CHARACTERS: usize = 4_096;
const MOST_CAPTION_CHARACTERS: usize = 1_024;
const MOST_CALLBACK_BYTES: usize = 64;
/// getFile refuses larger files.
const MOST_FILE_BYTES: usize = 20 * 1024 * 1024;

/// The parameters of a call, wherever they came from: JSON body, form or query.
pub(super) struct Parameters(Map<String, Value>);

impl Parameters {
    fn of(asked: &Asked) -> Result<Self, TelegramError> {
        let mut fields: Map<String, Value> =
            asked.query.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        let kind = asked.header("content-type").unwrap_or_default();
        if kind.starts_with("application/json") {
            match asked.json() {
                Some(Value::Object(body)) => fields.extend(body),
                _ => return Err(TelegramError::bad("can't parse JSON object")),
            }
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            fields.extend(asked.form().into_iter().map(|(key, value)| (key, json!(value))));
        }
        Ok(Self(fields))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, TelegramError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        number.map(Some).ok_or_else(|| TelegramError::bad(format!("parameter {name} must be an integer")))
    }

    fn object(&self, name: &str) -> Result<Option<Value>, TelegramError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let parsed = value.as_str().and_then(|text| serde_json::from_str(text).ok());
        let value = parsed.unwrap_or_else(|| value.clone());
        if value.is_object() {
            Ok(Some(value))
        } else {
            Err(TelegramError::bad(format!("object expected as {name}")))
        }
    }

    /// Stricter than Telegram, which passes over what it does not know: a misspelt name must be found.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), TelegramError> {
        match self.0.keys().find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => Err(TelegramError::bad(format!("unknown parameter {unknown}"))),
            None => Ok(()),
        }
    }
}

impl Telegram {
    pub(super) async fn called(&self, call: TelegramCall, asked: &Asked) -> Result<Answer, TelegramError> {
        let at = usize::from(call == TelegramCall::Download);
        let bot = asked.segments().get(at).copied().unwrap_or_default().to_owned();
        let token = bot.strip_prefix("bot").unwrap_or_default();
        // The path of a token may come percent-encoded.
        let token = token.replace("%3A", ":").replace("%3a", ":");
        if token != self.account.token || held(&self.state).token_revoked {
            return Err(TelegramError::new(401, "Unauthorized"));
        }
        if call == TelegramCall::Download {
            return self.download(asked);
        }
        let parameters = Parameters::of(asked)?;
        match call {
            TelegramCall::GetUpdates => self.get_updates(&parameters).await,
            TelegramCall::SendMessage => self.send_message(&parameters),
            TelegramCall::SendPhoto => self.send_photo(&parameters),
            TelegramCall::SendChatAction => self.send_chat_action(&parameters),
            TelegramCall::AnswerCallbackQuery => self.answer_callback_query(&parameters),
            TelegramCall::GetMe => Ok(self.get_me()),
            TelegramCall::GetChat => self.get_chat(&parameters),
            TelegramCall::SetWebhook => self.set_webhook(&parameters),
            TelegramCall::DeleteWebhook => self.delete_webhook(&parameters),
            TelegramCall::GetWebhookInfo => Ok(self.webhook_info()),
            TelegramCall::GetFile => self.get_file(&parameters),
            TelegramCall::Download => self.download(asked),
        }
    }

    fn send_message(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        parameters.only(&[
            "chat_id",
            "text",
            "parse_mode",
            "reply_parameters",
            "reply_markup",
            "link_preview_options",
            "disable_notification",
            "protect_content",
            "business_connection_id",
            "message_thread_id",
            "entities",
        ])?;
        let text = parameters.text("text").unwrap_or_default();
        if text.trim().is_empty() {
            return Err(TelegramError::bad("message text is empty"));
        }
        if text.chars().count() > MOST_TEXT_CHARACTERS {
            return Err(TelegramError::bad("message is too long"));
        }
        self.send(parameters, text, json!({ "text": text }))
    }

    fn send_photo(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        parameters.only(&[
            "chat_id",
            "photo",
            "caption",
            "parse_mode",
            "reply_parameters",
            "reply_markup",
            "disable_notification",
            "protect_content",
            "business_connection_id",
            "message_thread_id",
        ])?;
        let photo = parameters.text("photo").unwrap_or_default();
        let known = held(&self.state).files.contains_key(photo);
        if !known && !photo.starts_with("https://") && !photo.starts_with("http://") {
            return Err(TelegramError::bad("wrong file identifier/HTTP URL specified"));
        }
        let caption = parameters.text("caption").unwrap_or_default();
        if caption.chars().count() > MOST_CAPTION_CHARACTERS {
            return Err(TelegramError::bad("message caption is too long"));
        }
        let sizes = json!([{ "file_id": photo, "file_unique_id": "u1", "width": 800, "height": 600 }]);
        let mut shown = "[photo]".to_owned();
        let mut what = json!({ "photo": sizes });
        if !caption.is_empty() {
            shown = format!("[photo] {caption}");
            set(&mut what, "caption", json!(caption));
        }
        self.send(parameters, &shown, what)
    }

    fn send(&self, parameters: &Parameters, shown: &str, what: Value) -> Result<Answer, TelegramError> {
        if let Some(mode) = parameters.text("parse_mode")
            && !["HTML", "Markdown", "MarkdownV2"].contains(&mode)
        {
            return Err(TelegramError::bad("unsupported parse_mode"));
        }
        check_markup(parameters)?;
        let chat_id = self.chat(parameters)?;
        let mut state = held(&self.state);
        if let Some(quoted) = parameters.object("reply_parameters")? {
            let id = quoted.get("message_id").and_then(Value::as_i64).unwrap_or(0);
            let last = state.chats.get(&chat_id).map_or(0, |chat| chat.last_message);
            let lenient = quoted.get("allow_sending_without_reply").and_then(Value::as_bool).unwrap_or(false);
            if !(1..=last).contains(&id) && !lenient {
                return Err(TelegramError::bad("message to be replied not found"));
            }
        }
        let now_ms = self.clock.now_ms();
        let message_id = state.next_message(chat_id);
        let mut message = json!({
            "message_id": message_id, "from": self.bot(), "date": now_ms / 1_000,
            "chat": state.chats.get(&chat_id).map(super::updates::chat_json),
        });
        message = merged(message, what);
        self.ledger.keep(Entry::Accepted(Accepted {
            at_ms: now_ms,
            platform: Platform::Telegram,
            to: chat_id.to_string(),
            way: Way::Send,
            key: None,
            token: None,
            request_id: format!("{chat_id}/{message_id}"),
            message_ids: vec![message_id.to_string()],
            text: shown.to_owned(),
            shown: true,
            body: Value::Object(parameters.0.clone()),
        }));
        Ok(Self::well(&message))
    }

    fn send_chat_action(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        parameters.only(&["chat_id", "action", "message_thread_id", "business_connection_id"])?;
        let known = ["typing", "upload_photo", "upload_document", "find_location", "choose_sticker"];
        let action = parameters.text("action").unwrap_or_default();
        if !known.contains(&action) {
            return Err(TelegramError::bad("wrong parameter action in request"));
        }
        let chat = self.chat(parameters)?;
        self.note(action, &chat.to_string());
        Ok(Self::well(&json!(true)))
    }

    fn answer_callback_query(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        parameters.only(&["callback_query_id", "text", "show_alert", "url", "cache_time"])?;
        let id = parameters.text("callback_query_id").unwrap_or_default();
        if !held(&self.state).queries.remove(id) {
            let message = "query is too old and response timeout expired or query ID is invalid";
            return Err(TelegramError::bad(message));
        }
        self.note("tap answered", id);
        Ok(Self::well(&json!(true)))
    }

    fn get_me(&self) -> Answer {
        let mut bot = self.bot();
        set(&mut bot, "can_join_groups", json!(true));
        set(&mut bot, "can_read_all_group_messages", json!(false));
        set(&mut bot, "supports_inline_queries", json!(false));
        Self::well(&bot)
    }

    fn get_chat(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        parameters.only(&["chat_id"])?;
        let id = self.chat(parameters)?;
        self.note("profile", &id.to_string());
        let state = held(&self.state);
        Ok(Self::well(&state.chats.get(&id).map(super::updates::chat_json).unwrap_or_default()))
    }

    fn set_webhook(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        parameters.only(&[
            "url",
            "secret_token",
            "max_connections",
            "allowed_updates",
            "drop_pending_updates",
        ])?;
        let url = parameters.text("url").unwrap_or_default();
        if url.is_empty() {
            return self.without_webhook(parameters);
        }
        if !is_door(url) {
            return Err(TelegramError::bad("bad webhook: An HTTPS URL must be provided for webhook"));
        }
        let secret = parameters.text("secret_token").map(str::to_owned);
        let fits = |secret: &String| {
            (1..=256).contains(&secret.len())
                && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        if !secret.as_ref().is_none_or(fits) {
            return Err(TelegramError::bad("secret token contains unallowed characters"));
        }
        let connections = parameters.integer("max_connections")?.unwrap_or(40);
        if !(1..=100).contains(&connections) {
            return Err(TelegramError::bad("max_connections must be between 1 and 100"));
        }
        let mut state = held(&self.state);
        if let Some(allowed) = parameters.get("allowed_updates") {
            state.allowed = polling::names(allowed)?;
        }
        if is_true(parameters, "drop_pending_updates") {
            state.updates.clear();
        }
        state.webhook = Some(Webhook { url: url.to_owned(), secret, last_error: None });
        drop(state);
        self.moved.notify_waiters();
        Ok(Self::well(&json!(true)))
    }

    fn delete_webhook(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        parameters.only(&["drop_pending_updates"])?;
        self.without_webhook(parameters)
    }

    fn without_webhook(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        let mut state = held(&self.state);
        state.webhook = None;
        if is_true(parameters, "drop_pending_updates") {
            state.updates.clear();
        }
        Ok(Self::well(&json!(true)))
    }

    fn webhook_info(&self) -> Answer {
        let state = held(&self.state);
        let mut info = json!({
            "url": state.webhook.as_ref().map(|webhook| webhook.url.as_str()).unwrap_or_default(),
            "has_custom_certificate": false,
            "pending_update_count": state.updates.len(),
        });
        if !state.allowed.is_empty() {
            set(&mut info, "allowed_updates", json!(state.allowed));
        }
        if let Some((at_ms, message)) = state.webhook.as_ref().and_then(|webhook| webhook.last_error.as_ref())
        {
            set(&mut info, "last_error_date", json!(at_ms / 1_000));
            set(&mut info, "last_error_message", json!(message));
        }
        Self::well(&info)
    }

    fn get_file(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        parameters.only(&["file_id"])?;
        let id = parameters.text("file_id").unwrap_or_default();
        let state = held(&self.state);
        let Some(bytes) = state.files.get(id) else {
            return Err(TelegramError::bad("wrong file_id or the file is temporarily unavailable"));
        };
        if bytes.len() > MOST_FILE_BYTES {
            return Err(TelegramError::bad("file is too big"));
        }
        Ok(Self::well(&json!({
            "file_id": id, "file_unique_id": "u1", "file_size": bytes.len(), "file_path": format!("photos/{id}.jpg"),
        })))
    }

    fn download(&self, asked: &Asked) -> Result<Answer, TelegramError> {
        let segments = asked.segments();
        let name = segments.last().copied().unwrap_or_default();
        let state = held(&self.state);
        let file = name.strip_suffix(".jpg").and_then(|id| state.files.get(id));
        match file {
            Some(bytes) => Ok(Answer::bytes(200, "application/octet-stream", bytes.clone())),
            None => Err(TelegramError::new(404, "Not Found")),
        }
    }

    /// The chat, if the bot may write there: only people who wrote first, and have not blocked it.
    fn chat(&self, parameters: &Parameters) -> Result<i64, TelegramError> {
        let id = parameters.integer("chat_id").ok().flatten();
        let state = held(&self.state);
        match id.and_then(|id| state.chats.get(&id).map(|chat| (id, chat.blocked))) {
            Some((id, false)) => Ok(id),
            Some((_, true)) => Err(TelegramError::new(403, "Forbidden: bot was blocked by the user")),
            None => Err(TelegramError::bad("chat not found")),
        }
    }
}

/// Keyboards: rows of buttons, callback data of 1 to 64 bytes.
fn check_markup(parameters: &Parameters) -> Result<(), TelegramError> {
    let Some(markup) = parameters.object("reply_markup")? else { return Ok(()) };
    if markup.get("remove_keyboard").is_some() || markup.get("force_reply").is_some() {
        return Ok(());
    }
    let rows = markup.get("inline_keyboard").or_else(|| markup.get("keyboard")).and_then(Value::as_array);
    let Some(rows) = rows else { return Err(TelegramError::bad("object expected as reply markup")) };
    for row in rows {
        let Some(buttons) = row.as_array() else {
            return Err(TelegramError::bad(
                "field \"keyboard\" of the reply markup must be an Array of Arrays",
            ));
        };
        for button in buttons {
            let text =
                button.get("text").and_then(Value::as_str).or_else(|| button.as_str()).unwrap_or_default();
            if text.is_empty() {
                return Err(TelegramError::bad("text buttons are not allowed to be empty"));
            }
            let data = button.get("callback_data").and_then(Value::as_str);
            if data.is_some_and(|data| !(1..=MOST_CALLBACK_BYTES).contains(&data.len())) {
                return Err(TelegramError::bad("BUTTON_DATA_INVALID"));
            }
        }
    }
    Ok(())
}

fn is_true(parameters: &Parameters, name: &str) -> bool {
    parameters.get(name).is_some_and(|value| value.as_bool() == Some(true) || value.as_str() == Some("true"))
}

/// https on one of Telegram's ports, or loopback, which only a fake can call.
fn is_door(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| {
        let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let port = url.port_or_known_default();
        loopback || (url.scheme() == "https" && matches!(port, Some(443 | 80 | 88 | 8443)))
    })
}
