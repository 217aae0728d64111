//! Who we are on Telegram, how updates reach us, and who writes.

use domain::Peer;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    client::{Bot, Trouble},
    poll::WANTED,
    wire::{self, Me},
};
use crate::{Account, AccountWarning, SendError, json::Json};

/// The bot as it sees itself, and all that was told.
pub(super) async fn me(bot: &Bot) -> Result<(Me, Json), SendError> {
    let told = bot.call("getMe", &json!({})).await.map_err(Trouble::of_asking)?;
    Ok((Me { id: told.get("id").id(), username: told.get("username").string() }, told))
}

pub(super) async fn check(bot: &Bot, by_webhook: bool) -> Result<(Account, Me), SendError> {
    let (me, told) = me(bot).await?;
    let hook = bot.call("getWebhookInfo", &json!({})).await.map_err(Trouble::of_asking)?;
    let webhook = hook.get("url").string().filter(|url| !url.is_empty());
    let mut warnings = Vec::new();
    match (&webhook, by_webhook) {
        (Some(_), false) => warnings.push(AccountWarning::WebhookInTheWay),
        (None, true) => warnings.push(AccountWarning::NoWebhook),
        (Some(_), true) | (None, false) => {}
    }
    if let Some(why) = hook.get("last_error_message").text() {
        warnings.push(AccountWarning::WebhookFailing { why: why.chars().take(200).collect() });
    }
    if !told.get("can_read_all_group_messages").holds() {
        warnings.push(AccountWarning::GroupsArePrivate);
    }
    let id = me.id.clone().ok_or(SendError::Unreachable)?;
    let name = told.get("first_name").string();
    Ok((Account { id, name, quota: None, webhook, warnings }, me))
}

pub(super) async fn profile(bot: &Bot, peer: &str) -> Result<Peer, SendError> {
    let id = peer.parse::<i64>().map_or_else(|_| json!(peer), |id| json!(id));
    let chat = bot.call("getChat", &json!({ "chat_id": id })).await.map_err(Trouble::of_asking)?;
    wire::peer(&chat).ok_or(SendError::Unreachable)
}

/// Without an address the webhook is taken away, so that updates can be polled; what waits is kept.
/// <https://core.telegram.org/bots/api#setwebhook>
pub(super) async fn connect(
    bot: &Bot,
    webhook: Option<&str>,
    secret: Option<&SecretString>,
) -> Result<(), SendError> {
    let (method, body): (_, Value) = match (webhook, secret) {
        (None, _) => ("deleteWebhook", json!({ "drop_pending_updates": false })),
        (Some(_), None) => {
            return Err(SendError::Refused {
                code: "secret_missing".to_owned(),
                why: "a webhook needs the secret \"webhook_secret\"".to_owned(),
            });
        }
        (Some(url), Some(secret)) => (
            "setWebhook",
            json!({
                "url": url,
                "secret_token": secret.expose_secret(),
                "allowed_updates": WANTED,
                "drop_pending_updates": false,
            }),
        ),
    };
    bot.call(method, &body).await.map(|_| ()).map_err(Trouble::of_asking)
}
