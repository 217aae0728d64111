//! The relay door: pulls sealed webhooks, checks their chain, keeps them, and confirms only what is committed.

use std::{sync::Arc, time::Duration};

use domain::{ChannelId, Door, Timestamp};
use platforms::Webhook;
use relay_protocol::{
    Chain, ChannelPath, Cursor, Digest, Envelope, Link, Membership, OwnerKeys, PathRegistration, Pull,
    RelayClient, RelayError, Status, calls::PairCode, open,
};
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};
use store::{Change, StoreError};

use super::{envelope_of, tunnel::kind_of};
use crate::{HouseError, hall::Hall, worker::notice};

/// Where the line is kept; its keys lie in the vault.
const LINE: &str = "relay";
/// The keys' name in the vault.
const KEYS: &str = "relay";

/// What is known of the relay we are paired with; stored in the same transaction as the envelopes it counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RelayLine {
    pub address: String,
    pub membership: Membership,
    pub chain: Chain,
    /// What the relay lost, replayed or rewrote, as far as we noticed.
    #[serde(default)]
    pub breaks: u64,
    #[serde(default)]
    pub synced_at: Option<Timestamp>,
}

fn wakes(change: &Change) -> bool {
    matches!(change, Change::SettingsChanged | Change::ChannelChanged(_))
}

/// Spends a pairing code; the keys go to the vault, the line to the settings.
pub(crate) async fn pair(hall: &Arc<Hall>, address: &str, code: &str) -> Result<RelayLine, HouseError> {
    let keys = match kept_keys(hall).await? {
        Some(keys) => keys,
        None => {
            let mut seeds = [0_u8; 64];
            rand::fill(&mut seeds);
            hall.vault.keep_relay_key(KEYS, &SecretSlice::from(seeds.to_vec())).await?;
            kept_keys(hall).await?.ok_or(HouseError::NotFound("relay key"))?
        }
    };
    let answer = RelayClient::pair(&client(), address, &PairCode::read(code), &keys).await?;
    let membership = Membership { relay: answer.relay, owner: answer.owner };
    let line = RelayLine {
        address: address.to_owned(),
        membership,
        chain: Chain::new(answer.relay, answer.owner, answer.position),
        breaks: 0,
        synced_at: None,
    };
    let kept = line.clone();
    hall.store
        .write(async move |tx| {
            tx.save_value(LINE, &kept).await?;
            tx.tell(Change::SettingsChanged);
            Ok(())
        })
        .await?;
    Ok(line)
}

/// Registers the paths of all relay channels, and takes away those of channels that are gone.
pub(crate) async fn register_paths(hall: &Arc<Hall>) -> Result<(), HouseError> {
    let Some((client, _)) = connect(hall).await? else { return Ok(()) };
    let now = hall.clock.now().millis();
    let mut wanted = Vec::new();
    for (channel, path) in hall.store.read().channel_paths().await? {
        let Some(served) = hall.served(channel) else { continue };
        let Ok(path) = path.parse::<ChannelPath>() else { continue };
        if served.channel.door != Door::Relay {
            continue;
        }
        let verify_token = hall.vault.credentials(&channel.to_string()).await?.and_then(|secrets| {
            secrets.get("verify_token").map(|token| Digest::of(token.expose_secret().as_bytes()))
        });
        let registration =
            PathRegistration { kind: kind_of(served.channel.platform), verify_token_sha256: verify_token };
        client.register_path(&path, &registration, now).await?;
        wanted.push(path);
    }
    for entry in client.paths(now).await? {
        if !wanted.contains(&entry.path) {
            client.remove_path(&entry.path, now).await?;
        }
    }
    Ok(())
}

/// What the relay says of itself and of us; none while there is no relay.
pub(crate) async fn status(hall: &Arc<Hall>) -> Result<Option<Status>, HouseError> {
    let Some((client, _)) = connect(hall).await? else { return Ok(None) };
    Ok(Some(client.status(hall.clock.now().millis()).await?))
}

/// The line and a client for it; none while there is no relay.
async fn connect(hall: &Hall) -> Result<Option<(RelayClient, RelayLine)>, HouseError> {
    let Some(line) = hall.store.read().value::<RelayLine>(LINE).await? else { return Ok(None) };
    let keys = kept_keys(hall).await?.ok_or_else(|| {
        HouseError::Refused(
            "the keys of the relay are not in the vault; pair again with `sala pair`".to_owned(),
        )
    })?;
    Ok(Some((RelayClient::new(client(), &line.address, line.membership, keys), line)))
}

async fn kept_keys(hall: &Hall) -> Result<Option<OwnerKeys>, HouseError> {
    let Some(seeds) = hall.vault.relay_key(KEYS).await? else { return Ok(None) };
    let bytes = seeds.expose_secret();
    let (Some(signing), Some(sealing)) = (seed(bytes.get(..32)), seed(bytes.get(32..64))) else {
        return Err(HouseError::Refused("the keys of the relay are damaged; pair again".to_owned()));
    };
    Ok(Some(OwnerKeys::from_seeds(signing, sealing)))
}

fn seed(bytes: Option<&[u8]>) -> Option<[u8; 32]> {
    bytes?.try_into().ok()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("sala/", env!("CARGO_PKG_VERSION")))
        .build()
        .unwrap_or_default()
}

/// Pulls until the house stops; waits for a pairing where there is none.
pub(crate) async fn run(hall: Arc<Hall>) {
    let mut notices = hall.store.changes();
    let mut failures = 0_u32;
    loop {
        if hall.stopping.is_cancelled() {
            return;
        }
        let pause = match pull_on(&hall, &mut failures).await {
            Ok(()) => None,
            Err(error) => {
                failures = failures.saturating_add(1);
                hall.trouble("relay", &error);
                tracing::warn!(%error, failures, "the relay door waits");
                let grown = domain::backoff(Duration::from_secs(1), failures, rand::random());
                let busy =
                    if let HouseError::Relay(RelayError::Busy(pause)) = error { Some(pause) } else { None };
                Some(busy.unwrap_or(grown.min(Duration::from_secs(60))))
            }
        };
        tokio::select! {
            () = hall.stopping.cancelled() => return,
            () = notice(&mut notices, wakes) => {}
            () = wait(&hall, pause) => {}
        }
    }
}

async fn wait(hall: &Hall, pause: Option<Duration>) {
    match pause {
        Some(pause) => hall.clock.sleep(pause).await,
        None => std::future::pending().await,
    }
}

async fn pull_on(hall: &Arc<Hall>, failures: &mut u32) -> Result<(), HouseError> {
    let Some((client, mut line)) = connect(hall).await? else { return Ok(()) };
    register_paths(hall).await?;
    let mut cursor = Cursor::resume(line.chain.position().sequence);
    loop {
        let pull = Pull::from_cursor(cursor);
        let answer = tokio::select! {
            () = hall.stopping.cancelled() => return Ok(()),
            answer = client.pull(&pull, hall.clock.now().millis()) => answer?,
        };
        *failures = 0;
        line.synced_at = Some(hall.clock.now());
        let Some(last) = answer.envelopes.iter().map(|envelope| envelope.heading.sequence).max() else {
            continue;
        };
        cursor.received(last);
        line = keep_all(hall, line, client.keys(), &answer.envelopes).await?;
        cursor.committed(last);
    }
}

/// One transaction for the whole pull: envelopes and the line's new position stand or fall together.
async fn keep_all(
    hall: &Arc<Hall>,
    mut line: RelayLine,
    keys: &OwnerKeys,
    envelopes: &[Envelope],
) -> Result<RelayLine, HouseError> {
    let paths = hall.store.read().channel_paths().await?;
    let mut kept = Vec::with_capacity(envelopes.len());
    for envelope in envelopes {
        match line.chain.follow(envelope) {
            Link::Next | Link::Late { .. } => {}
            Link::Gap { first_missing, last_missing } => {
                line.breaks = line.breaks.saturating_add(1);
                tracing::warn!(
                    first_missing,
                    last_missing,
                    "the relay lost envelopes, or they expired there"
                );
            }
            Link::Rewritten { sequence } => {
                line.breaks = line.breaks.saturating_add(1);
                tracing::warn!(sequence, "the relay's chain does not fit");
            }
            Link::Replayed { sequence } => {
                tracing::debug!(sequence, "the relay handed an envelope over again");
                continue;
            }
            Link::Foreign => {
                line.breaks = line.breaks.saturating_add(1);
                tracing::warn!("an envelope of another owner or relay was set aside");
                continue;
            }
        }
        match open(keys, envelope) {
            Ok(webhook) => {
                let path = webhook.path.to_string();
                let Some(channel) = channel_at(&paths, &path) else {
                    tracing::warn!(
                        sequence = envelope.heading.sequence,
                        "an envelope for no channel of ours"
                    );
                    continue;
                };
                let hook = Webhook {
                    method: webhook.method,
                    path: format!("/w/{path}"),
                    query: (!webhook.query.is_empty()).then_some(webhook.query),
                    url: webhook.url,
                    headers: webhook.headers,
                    body: webhook.body,
                    arrived: Timestamp::from_millis(envelope.heading.arrived_ms),
                };
                let seq = i64::try_from(envelope.heading.sequence).unwrap_or(i64::MAX);
                kept.push(envelope_of(channel, Door::Relay, Some(seq), &hook)?);
            }
            Err(error) => {
                line.breaks = line.breaks.saturating_add(1);
                tracing::warn!(sequence = envelope.heading.sequence, %error, "an envelope does not open");
            }
        }
    }
    let saved = line.clone();
    hall.store
        .write(async move |tx| {
            for envelope in &kept {
                tx.keep_envelope(envelope).await?;
            }
            tx.save_value(LINE, &saved).await
        })
        .await
        .map_err(|error: StoreError| HouseError::from(error))?;
    Ok(line)
}

fn channel_at(paths: &[(ChannelId, String)], path: &str) -> Option<ChannelId> {
    paths.iter().find(|(_, known)| known == path).map(|(channel, _)| *channel)
}
