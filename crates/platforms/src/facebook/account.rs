//! Who we are on Facebook, what is subscribed, and who writes.

use domain::{Peer, Words};
use serde_json::json;

use super::{OTHER, Trouble};
use crate::{Account, AccountWarning, SendError, json::Json, meta::Graph};

/// What the Page tells our app about. Without `response_feedback`, which would put thumbs under our messages.
/// <https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps>
const FIELDS: [&str; 16] = [
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
    "feed",
    "mention",
    "ratings",
];

/// The fields without which conversations would be missed or answered twice.
const NEEDED: [&str; 4] = ["messages", "message_echoes", "messaging_postbacks", "feed"];

/// <https://developers.facebook.com/documentation/business-messaging/messenger-platform/identity/user-profile>
pub(super) async fn profile(graph: &Graph, peer: &str) -> Result<Peer, SendError> {
    let query = [("fields", "first_name,last_name,profile_pic")];
    let json = graph.get(OTHER, &[peer], &query).await.map_err(Trouble::of_asking)?;
    let names: Vec<&str> =
        ["first_name", "last_name"].iter().filter_map(|name| json.get(name).text()).collect();
    Ok(Peer {
        id: peer.to_owned(),
        name: (!names.is_empty()).then(|| Words::new(names.join(" "))),
        language: None,
        picture: json.get("profile_pic").string(),
    })
}

pub(super) async fn check(graph: &Graph, page: &str) -> Result<Account, SendError> {
    let me = graph.get(OTHER, &["me"], &[("fields", "id,name")]).await.map_err(Trouble::of_asking)?;
    let id = me.get("id").id().ok_or(SendError::Unreachable)?;
    if id != page {
        return Err(SendError::Reconnect { why: "the token is for another page".to_owned() });
    }
    let apps = graph.get(OTHER, &[page, "subscribed_apps"], &[]).await.map_err(Trouble::of_asking)?;
    let subscribed: Vec<String> = apps
        .get("data")
        .list()
        .iter()
        .flat_map(|app| app.get("subscribed_fields").list())
        .filter_map(Json::string)
        .collect();
    let missing: Vec<String> = NEEDED
        .iter()
        .filter(|field| !subscribed.iter().any(|has| has == *field))
        .map(|field| (*field).to_owned())
        .collect();
    let warnings =
        if missing.is_empty() { Vec::new() } else { vec![AccountWarning::NotSubscribed { fields: missing }] };
    // Where the webhook points is the app's affair and cannot be read with a Page token.
    Ok(Account { id, name: me.get("name").string(), quota: None, webhook: None, warnings })
}

/// Subscribes our app to the Page. The address itself is set once in the app's dashboard, for all its Pages.
pub(super) async fn connect(graph: &Graph, page: &str, webhook: Option<&str>) -> Result<(), SendError> {
    if webhook.is_none() {
        return Ok(());
    }
    let fields = FIELDS.join(",");
    let query = [("subscribed_fields", fields.as_str())];
    let body = json!({});
    let answer = graph.post(OTHER, &[page, "subscribed_apps"], &query, &body).await;
    answer.map(|_| ()).map_err(Trouble::of_asking)
}
