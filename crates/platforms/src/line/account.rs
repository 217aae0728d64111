//! Who we are on LINE, how much may still be pushed, where our door is, and who writes.

use domain::Peer;
use serde_json::json;

use super::{
    client::{ENDPOINT, Line, Trouble},
    send::told,
};
use crate::{Account, AccountWarning, Quota, SendError, http::Answer, json::Json};

/// <https://developers.line.biz/en/reference/messaging-api/#get-profile>
pub(super) async fn profile(line: &Line, peer: &str) -> Result<Peer, SendError> {
    let answer = line.get(&["v2", "bot", "profile", peer]).await.map_err(asked)?;
    if answer.status == 404 {
        return Err(SendError::Blocked);
    }
    let json = told(answer)?;
    Ok(Peer {
        id: json.get("userId").id().unwrap_or_else(|| peer.to_owned()),
        name: json.get("displayName").words(),
        language: json.get("language").string(),
        picture: json.get("pictureUrl").string(),
    })
}

pub(super) async fn check(line: &Line) -> Result<Account, SendError> {
    let info = ask(line, &["v2", "bot", "info"]).await?;
    let id = info.get("userId").id().ok_or(SendError::Unreachable)?;
    let mut warnings = Vec::new();
    let quota = quota(line).await?;
    if let Some(Quota { limit: Some(limit), used }) = quota {
        if used >= limit {
            warnings.push(AccountWarning::QuotaSpent);
        } else if used.saturating_mul(10) >= limit.saturating_mul(9) {
            warnings.push(AccountWarning::QuotaLow);
        }
    }
    let webhook = endpoint(line, &mut warnings).await?;
    if info.get("chatMode").text() == Some("chat") && info.get("markAsReadMode").text() == Some("manual") {
        warnings.push(AccountWarning::ReadIsMarkedByHand);
    }
    Ok(Account { id, name: info.get("displayName").string(), quota, webhook, warnings })
}

async fn quota(line: &Line) -> Result<Option<Quota>, SendError> {
    let quota = ask(line, &["v2", "bot", "message", "quota"]).await?;
    let used = ask(line, &["v2", "bot", "message", "quota", "consumption"]).await?;
    Ok(used.get("totalUsage").count().map(|used| Quota { limit: quota.get("value").count(), used }))
}

/// 404 when none was ever set.
async fn endpoint(line: &Line, warnings: &mut Vec<AccountWarning>) -> Result<Option<String>, SendError> {
    let answer = line.get(&["v2", "bot", "channel", "webhook", "endpoint"]).await.map_err(asked)?;
    let json = if answer.status == 404 { Json::Null } else { told(answer)? };
    let address = json.get("endpoint").string().filter(|address| !address.is_empty());
    if address.is_none() {
        warnings.push(AccountWarning::NoWebhook);
    } else if !json.get("active").holds() {
        warnings.push(AccountWarning::WebhookOff);
    }
    Ok(address)
}

/// LINE delivers by webhook alone; the switch "Use webhook" is in its console.
/// <https://developers.line.biz/en/reference/messaging-api/#set-webhook-endpoint-url>
pub(super) async fn connect(line: &Line, webhook: Option<&str>) -> Result<(), SendError> {
    let Some(address) = webhook else {
        return Err(SendError::Refused {
            code: "webhook_needed".to_owned(),
            why: "LINE delivers by webhook alone".to_owned(),
        });
    };
    let body = json!({ "endpoint": address });
    let answer =
        line.put(ENDPOINT, &["v2", "bot", "channel", "webhook", "endpoint"], &body).await.map_err(asked)?;
    told(answer).map(|_| ())
}

async fn ask(line: &Line, path: &[&str]) -> Result<Json, SendError> {
    let answer: Answer = line.get(path).await.map_err(asked)?;
    told(answer)
}

fn asked(trouble: Trouble) -> SendError {
    SendError::from(trouble).of_asking()
}
