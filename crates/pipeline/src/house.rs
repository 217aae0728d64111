//! The house: the composition root. What is opened here is all that runs.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use domain::{
    Autonomy, Channel, ChannelId, ConversationId, CustomerId, Door, DraftId, Health, Intent, MessageId,
    Personality, Platform, ReplyId, SentimentLevel, Settings, WorkspaceId,
};
use platforms::{Account, Webhook};
use secrecy::{ExposeSecret, SecretString};
use store::{Change, Durability, KnowledgePiece, NewChannel, Reader, Store};
use tokio::{sync::broadcast, task::JoinHandle};
use vault::Vault;

use crate::{
    Clock, HouseError, ModelChoice, Recovered, RelayLine, Stopped, TunnelDoor, arrival, decision, delivery,
    doors,
    hall::Hall,
    hands, learning, model, profiles,
    recovery::{connected_again, recover},
    reply,
    supervisor::Supervisor,
    understanding, worker,
};

/// As long as workers may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// What a house is opened with.
pub struct HouseConfig {
    /// The folder of its data.
    pub home: PathBuf,
    pub vault: Vault,
    pub clock: Clock,
    pub durability: Durability,
    /// Where the tunnel door listens, if it shall be open; port 0 = any.
    pub tunnel: Option<SocketAddr>,
}

/// Where things lie in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptIn;

impl KeptIn {
    pub const DATABASE: &'static str = "sala.db";
}

/// An open house. Dropping it stops the workers without grace; [`House::stop`] is the way to end.
pub struct House {
    hall: Arc<Hall>,
    workers: Option<JoinHandle<Stopped>>,
    tunnel: Option<TunnelDoor>,
    recovered: Recovered,
}

impl House {
    /// Opens memory and vault, gives a fate to what was in flight, and starts the rooms.
    pub async fn open(config: HouseConfig) -> Result<Self, HouseError> {
        let mut house = Self::open_quietly(&config).await?;
        house.start(config.tunnel).await?;
        Ok(house)
    }

    /// Opens without starting any room: for tools that look, import or set up.
    pub async fn open_quietly(config: &HouseConfig) -> Result<Self, HouseError> {
        let path = config.home.join(KeptIn::DATABASE);
        let exists = tokio::fs::try_exists(&path).await?;
        let key = config.vault.database_key(exists).await?;
        let key = store::DatabaseKey::new(*key.expose());
        let store = Store::open(&path, &key, config.durability).await?;
        let now = config.clock.now();
        let workspace = store.write(async move |tx| tx.ensure_workspace("Sala", now).await).await?;
        let hall = Arc::new(Hall::new(store, config.vault.clone(), config.clock.clone(), workspace));
        hall.read_settings().await?;
        hall.read_knowledge().await?;
        hall.read_personalities().await?;
        hall.read_channels().await?;
        if let Err(error) = hall.read_model().await {
            // The built-in assistant needs no key: the house opens, and says what is wrong.
            tracing::warn!(%error, "the language model is not available; the built-in assistant answers");
            hall.trouble("model", &error);
        }
        Ok(Self { hall, workers: None, tunnel: None, recovered: Recovered::default() })
    }

    async fn start(&mut self, tunnel: Option<SocketAddr>) -> Result<(), HouseError> {
        let hall = &self.hall;
        self.recovered = recover(hall).await?;
        let mut supervisor = Supervisor::new(hall.stopping.clone());
        if let Some(address) = tunnel {
            let (door, serving) = doors::open_tunnel(hall, address).await?;
            self.tunnel = Some(door);
            tokio::spawn(serving);
        }
        let add = |supervisor: &mut Supervisor, name, room: fn(Arc<Hall>) -> Room| {
            let hall = hall.clone();
            supervisor.add(name, move || room(hall.clone()));
        };
        add(&mut supervisor, "cache", |hall| Box::pin(keep_fresh(hall)));
        add(&mut supervisor, "arrival", |hall| {
            Box::pin(worker::run(hall, "arrival", arrival::wakes, async |hall: &Arc<Hall>| {
                arrival::step(hall).await
            }))
        });
        add(&mut supervisor, "understanding", |hall| {
            Box::pin(worker::run(hall, "understanding", understanding::wakes, async |hall: &Arc<Hall>| {
                understanding::step(hall).await
            }))
        });
        add(&mut supervisor, "decision", |hall| {
            Box::pin(worker::run(hall, "decision", decision::wakes, async |hall: &Arc<Hall>| {
                decision::step(hall).await
            }))
        });
        add(&mut supervisor, "profiles", |hall| {
            Box::pin(worker::run(hall, "profiles", profiles::wakes, async |hall: &Arc<Hall>| {
                profiles::step(hall).await
            }))
        });
        add(&mut supervisor, "reply", |hall| Box::pin(reply::run(hall)));
        add(&mut supervisor, "delivery", |hall| Box::pin(delivery::run(hall)));
        add(&mut supervisor, "relay", |hall| Box::pin(doors::pull(hall)));
        add(&mut supervisor, "polling", |hall| Box::pin(doors::poll(hall)));
        add(&mut supervisor, "wake", |hall| Box::pin(watch_sleep(hall)));
        self.workers = Some(tokio::spawn(supervisor.run(GRACE)));
        Ok(())
    }

    /// Every worker ends within its grace period, or is named.
    pub async fn stop(mut self) -> Stopped {
        self.hall.stopping.cancel();
        let stopped = match self.workers.take() {
            Some(workers) => workers.await.unwrap_or_default(),
            None => Stopped::default(),
        };
        self.hall.store.close().await;
        stopped
    }

    pub fn read(&self) -> Reader {
        self.hall.store.read()
    }

    pub fn changes(&self) -> broadcast::Receiver<Arc<[Change]>> {
        self.hall.store.changes()
    }

    pub fn workspace(&self) -> WorkspaceId {
        self.hall.workspace
    }

    pub fn clock(&self) -> &Clock {
        &self.hall.clock
    }

    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// Where the tunnel is to be pointed, if its door is open.
    pub fn tunnel(&self) -> Option<TunnelDoor> {
        self.tunnel
    }

    /// What went wrong lately, by worker.
    pub fn troubles(&self) -> BTreeMap<&'static str, String> {
        self.hall.troubles()
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.hall.settings()
    }

    /// Takes effect before it returns: panic stops what has not begun to leave.
    pub async fn set_settings(&self, settings: Settings) -> Result<(), HouseError> {
        let workspace = self.hall.workspace;
        self.hall.store.write(async move |tx| tx.save_settings(workspace, &settings).await).await?;
        self.hall.read_settings().await
    }

    // ---- channels

    /// Connects a channel: its secrets go to the vault, its settings to the database; new channels start in Draft.
    pub async fn add_channel(
        &self,
        platform: Platform,
        name: &str,
        door: Door,
        settings: BTreeMap<String, String>,
        secrets: BTreeMap<String, SecretString>,
    ) -> Result<ChannelId, HouseError> {
        let now = self.hall.clock.now();
        let credentials = secrets
            .into_iter()
            .fold(vault::Credentials::new(), |kept, (name, secret)| kept.with(name, secret));
        let path = matches!(door, Door::Relay | Door::Tunnel).then(new_path);
        let new = NewChannel {
            workspace: self.hall.workspace,
            platform,
            name: name.to_owned(),
            account: settings.get("account").cloned(),
            door,
            path,
            settings,
            autonomy: Some(Autonomy::Draft),
        };
        // Refused before anything is kept: a missing secret, a wrong address.
        let probe = Channel {
            id: ChannelId::from_uuid(uuid::Uuid::nil()),
            workspace: new.workspace,
            platform,
            name: new.name.clone(),
            account: new.account.clone(),
            door,
            settings: new.settings.clone(),
            health: Health::Good,
            autonomy: None,
            personality: None,
            last_event_at: None,
            refused: 0,
            created_at: now,
        };
        platforms::adapter(platform, &hands::for_platform(&credentials), &hands::settings_of(&probe))?;
        let channel = self.hall.store.write(async move |tx| tx.add_channel(&new, now).await).await?;
        let key = channel.to_string();
        if let Err(error) = self.hall.vault.keep_credentials(&key, &credentials).await {
            let removed = self.hall.store.write(async move |tx| tx.remove_channel(channel, now).await).await;
            if let Err(also) = removed {
                tracing::error!(%channel, %also, "a channel without secrets could not be removed");
            }
            return Err(error.into());
        }
        self.hall.read_channels().await?;
        self.tell_relay().await;
        Ok(channel)
    }

    /// New secrets for a channel that had turned red: it is served again, and what waited goes on.
    pub async fn reconnect(
        &self,
        channel: ChannelId,
        secrets: BTreeMap<String, SecretString>,
    ) -> Result<(), HouseError> {
        let key = channel.to_string();
        let mut kept = self.hall.vault.credentials(&key).await?.unwrap_or_default();
        for (name, secret) in secrets {
            kept = kept.with(name, secret);
        }
        let row = self.hall.store.read().channel(channel).await?;
        platforms::adapter(row.platform, &hands::for_platform(&kept), &hands::settings_of(&row))?;
        self.hall.vault.keep_credentials(&key, &kept).await?;
        self.hall.forget_hands(channel);
        connected_again(&self.hall, channel).await
    }

    /// Asks the platform who we are there, and whether all is well.
    pub async fn test_channel(&self, channel: ChannelId) -> Result<Account, HouseError> {
        let served = self.hall.served(channel).ok_or(HouseError::NotFound("connected channel"))?;
        let account = served.adapter.check().await?;
        let (id, name) = (account.id.clone(), served.channel.name.clone());
        self.hall.store.write(async move |tx| tx.set_account(channel, &id, &name).await).await?;
        Ok(account)
    }

    /// Tells the platform where to deliver (or, without an address, that it will be polled).
    pub async fn point_platform(&self, channel: ChannelId, webhook: Option<&str>) -> Result<(), HouseError> {
        let served = self.hall.served(channel).ok_or(HouseError::NotFound("connected channel"))?;
        Ok(served.adapter.connect(webhook).await?)
    }

    pub async fn remove_channel(&self, channel: ChannelId) -> Result<(), HouseError> {
        let now = self.hall.clock.now();
        self.hall.store.write(async move |tx| tx.remove_channel(channel, now).await).await?;
        self.hall.vault.forget_credentials(&channel.to_string()).await?;
        self.hall.read_channels().await?;
        self.tell_relay().await;
        Ok(())
    }

    /// The relay learns which paths are ours; when it cannot be reached, it is told at the next pull.
    async fn tell_relay(&self) {
        if let Err(error) = doors::register_paths(&self.hall).await {
            tracing::warn!(%error, "the relay does not know the channel's path yet");
            self.hall.trouble("relay", &error);
        }
    }

    pub async fn set_channel_autonomy(
        &self,
        channel: ChannelId,
        autonomy: Option<Autonomy>,
    ) -> Result<(), HouseError> {
        self.hall.store.write(async move |tx| tx.set_channel_autonomy(channel, autonomy).await).await?;
        self.hall.read_channels().await
    }

    /// How much the assistant may do with this customer; none = as the channel says.
    pub async fn set_customer_autonomy(
        &self,
        customer: CustomerId,
        autonomy: Option<Autonomy>,
    ) -> Result<(), HouseError> {
        Ok(self.hall.store.write(async move |tx| tx.set_customer_autonomy(customer, autonomy).await).await?)
    }

    /// The addresses to give to platforms, by channel: of the relay, else of the tunnel door.
    pub async fn webhook_paths(&self) -> Result<Vec<(ChannelId, String)>, HouseError> {
        Ok(self.hall.store.read().channel_paths().await?)
    }

    // ---- relay

    pub async fn pair(&self, address: &str, code: &str) -> Result<RelayLine, HouseError> {
        let line = doors::pair(&self.hall, address, code).await?;
        self.tell_relay().await;
        Ok(line)
    }

    pub async fn relay(&self) -> Result<Option<RelayLine>, HouseError> {
        Ok(self.hall.store.read().value("relay").await?)
    }

    /// Asks the relay how it fares and what time it is there; none while there is no relay.
    pub async fn relay_status(&self) -> Result<Option<relay_protocol::Status>, HouseError> {
        doors::relay_status(&self.hall).await
    }

    // ---- what comes in without a door of its own

    /// A webhook for a channel: the playground's words, a file's history.
    pub async fn hand_in(&self, channel: ChannelId, hook: &Webhook) -> Result<(), HouseError> {
        doors::keep(&self.hall, channel, Door::Local, hook).await
    }

    // ---- what a person does

    pub async fn approve(&self, draft: DraftId, words: Option<String>) -> Result<ReplyId, HouseError> {
        learning::approve(&self.hall, draft, words).await
    }

    pub async fn refuse(&self, draft: DraftId, why: Option<String>) -> Result<(), HouseError> {
        learning::refuse(&self.hall, draft, why).await
    }

    pub async fn take_over(
        &self,
        conversation: ConversationId,
        span: Option<Duration>,
    ) -> Result<(), HouseError> {
        learning::take_over(&self.hall, conversation, span).await
    }

    pub async fn give_back(&self, conversation: ConversationId) -> Result<(), HouseError> {
        learning::give_back(&self.hall, conversation).await
    }

    pub async fn write(&self, conversation: ConversationId, words: String) -> Result<ReplyId, HouseError> {
        learning::write(&self.hall, conversation, words).await
    }

    pub async fn resolve(&self, conversation: ConversationId) -> Result<(), HouseError> {
        learning::resolve(&self.hall, conversation).await
    }

    pub async fn stop_reply(&self, reply: ReplyId) -> Result<(), HouseError> {
        learning::stop(&self.hall, reply).await
    }

    pub async fn retry_reply(&self, reply: ReplyId) -> Result<(), HouseError> {
        learning::retry(&self.hall, reply).await
    }

    pub async fn correct(
        &self,
        message: MessageId,
        intent: Option<Intent>,
        sentiment: Option<SentimentLevel>,
    ) -> Result<(), HouseError> {
        learning::correct(&self.hall, message, intent, sentiment).await
    }

    // ---- what the shop tells us

    pub async fn keep_knowledge(&self, pieces: Vec<KnowledgePiece>) -> Result<(), HouseError> {
        let (workspace, now) = (self.hall.workspace, self.hall.clock.now());
        self.hall
            .store
            .write(async move |tx| {
                for piece in &pieces {
                    tx.keep_knowledge(workspace, piece, now).await?;
                }
                Ok(())
            })
            .await?;
        self.hall.read_knowledge().await
    }

    pub async fn save_personality(&self, personality: Personality) -> Result<Personality, HouseError> {
        let (workspace, now) = (self.hall.workspace, self.hall.clock.now());
        let saved = self
            .hall
            .store
            .write(async move |tx| tx.save_personality(workspace, &personality, now).await)
            .await?;
        self.hall.read_personalities().await?;
        Ok(saved)
    }

    // ---- the model

    /// Chooses the model; the key goes to the vault.
    pub async fn choose_model(
        &self,
        choice: ModelChoice,
        key: Option<SecretString>,
    ) -> Result<(), HouseError> {
        if let Some(key) = key.filter(|key| !key.expose_secret().is_empty()) {
            self.hall.vault.keep_model_key(model::KEY, &key).await?;
        }
        self.hall.store.write(async move |tx| tx.save_value(model::CHOICE, &choice).await).await?;
        self.hall.read_model().await
    }

    pub async fn model_choice(&self) -> Result<Option<ModelChoice>, HouseError> {
        Ok(self.hall.store.read().value(model::CHOICE).await?)
    }

    /// The chosen model itself, for a test question; none when the built-in assistant answers.
    pub async fn model(&self) -> Result<Option<Arc<dyn assistant::Model>>, HouseError> {
        let Some(choice) = self.model_choice().await? else { return Ok(None) };
        if choice.kind == crate::ModelKind::BuiltIn {
            return Ok(None);
        }
        model::made(&choice, self.hall.vault.model_key(model::KEY).await?).map(Some)
    }
}

type Room = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// A 160-bit random path.
fn new_path() -> String {
    relay_protocol::ChannelPath::random(&mut rand::rng()).to_string()
}

/// Reads again what other hands have changed: knowledge, personalities, channels, settings.
async fn keep_fresh(hall: Arc<Hall>) {
    let mut notices = hall.store.changes();
    loop {
        let changes = tokio::select! {
            () = hall.stopping.cancelled() => return,
            changes = notices.recv() => changes,
        };
        let missed = changes.is_err();
        let changes = changes.unwrap_or_else(|_| Arc::from([]));
        let moved = |what: fn(&Change) -> bool| missed || changes.iter().any(what);
        let mut results = Vec::new();
        if moved(|change| matches!(change, Change::SettingsChanged)) {
            results.push(hall.read_settings().await);
        }
        if moved(|change| matches!(change, Change::KnowledgeChanged)) {
            results.push(hall.read_knowledge().await);
        }
        if moved(|change| matches!(change, Change::PersonalitiesChanged)) {
            results.push(hall.read_personalities().await);
        }
        if moved(|change| matches!(change, Change::ChannelChanged(_))) {
            results.push(hall.read_channels().await);
        }
        for error in results.into_iter().filter_map(Result::err) {
            tracing::error!(%error, "a change could not be read");
            hall.trouble("cache", &error);
        }
    }
}

/// Finds out that the laptop slept: the doors pull at once instead of waiting for broken connections.
async fn watch_sleep(hall: Arc<Hall>) {
    loop {
        tokio::select! {
            () = hall.stopping.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
        if let Some(slept) = hall.clock.slept() {
            tracing::info!(?slept, "the laptop was asleep");
            for served in hall.all_served() {
                served.adapter.woke();
            }
            let told = hall
                .store
                .write(async |tx| {
                    tx.tell(Change::SettingsChanged);
                    tx.tell(Change::EnvelopeWaiting);
                    Ok(())
                })
                .await;
            if let Err(error) = told {
                tracing::error!(%error, "waking up could not be told");
            }
        }
    }
}
