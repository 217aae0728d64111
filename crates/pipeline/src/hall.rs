//! The hall that all rooms open onto: memory, clock, hands, the reader of words, and what is cached of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use assistant::{Assistant, Library};
use domain::{Channel, ChannelId, Personality, PersonalityId, Settings, TurnId, WorkspaceId};
use platforms::Adapter;
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vault::Vault;

use crate::{Clock, HouseError, hands, notes::Notes};

pub(crate) struct Hall {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) clock: Clock,
    pub(crate) workspace: WorkspaceId,
    pub(crate) reader: Arc<nlu::Reader>,
    pub(crate) stopping: CancellationToken,
    pub(crate) notes: Notes,
    settings: watch::Sender<Arc<Settings>>,
    library: RwLock<Arc<Library>>,
    personalities: RwLock<Arc<Vec<Personality>>>,
    assistant: RwLock<Arc<Assistant>>,
    model_in_use: std::sync::atomic::AtomicBool,
    hands: RwLock<BTreeMap<ChannelId, Served>>,
    /// Turns that are being written, and how to stop that.
    pub(crate) writing: Mutex<BTreeMap<TurnId, CancellationToken>>,
    /// What went wrong lately, by worker: shown by `doctor` and on screen.
    troubles: Mutex<BTreeMap<&'static str, String>>,
    /// Channels whose adapter could not be made, so that it is said once.
    unserved: Mutex<BTreeSet<ChannelId>>,
}

/// A channel and its hands.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) channel: Arc<Channel>,
    pub(crate) adapter: Arc<dyn Adapter>,
}

impl Hall {
    pub(crate) fn new(store: Store, vault: Vault, clock: Clock, workspace: WorkspaceId) -> Self {
        Self {
            store,
            vault,
            clock,
            workspace,
            reader: Arc::new(nlu::Reader::new()),
            stopping: CancellationToken::new(),
            notes: Notes,
            settings: watch::Sender::default(),
            library: RwLock::new(Arc::new(Library::build(domain::Knowledge::default()))),
            personalities: RwLock::default(),
            assistant: RwLock::new(Arc::new(Assistant::built_in())),
            model_in_use: false.into(),
            hands: RwLock::default(),
            writing: Mutex::default(),
            troubles: Mutex::default(),
            unserved: Mutex::default(),
        }
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.borrow().clone()
    }

    /// Told when the settings that [`Hall::settings`] gives have changed: later than the notice of the commit.
    pub(crate) fn settings_read(&self) -> watch::Receiver<Arc<Settings>> {
        self.settings.subscribe()
    }

    pub(crate) fn library(&self) -> Arc<Library> {
        self.library.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn assistant(&self) -> (Arc<Assistant>, bool) {
        let assistant = self.assistant.read().unwrap_or_else(PoisonError::into_inner).clone();
        (assistant, self.model_in_use.load(std::sync::atomic::Ordering::Relaxed))
    }

    pub(crate) fn set_assistant(&self, assistant: Assistant, with_model: bool) {
        *self.assistant.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(assistant);
        self.model_in_use.store(with_model, std::sync::atomic::Ordering::Relaxed);
    }

    /// The personality of a channel: its own, else the workspace's default.
    pub(crate) fn personality(&self, wanted: Option<PersonalityId>) -> Option<Personality> {
        let all = self.personalities.read().unwrap_or_else(PoisonError::into_inner).clone();
        all.iter().find(|one| Some(one.id) == wanted).or_else(|| all.first()).cloned()
    }

    pub(crate) async fn read_settings(&self) -> Result<(), HouseError> {
        let fresh = Arc::new(self.store.read().settings(self.workspace).await?);
        self.settings.send_replace(fresh);
        Ok(())
    }

    pub(crate) async fn read_knowledge(&self) -> Result<(), HouseError> {
        let knowledge = self.store.read().knowledge(self.workspace).await?;
        let library = tokio::task::spawn_blocking(move || Library::build(knowledge))
            .await
            .map_err(|_| HouseError::Refused("the knowledge could not be indexed".to_owned()))?;
        *self.library.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(library);
        Ok(())
    }

    pub(crate) async fn read_personalities(&self) -> Result<(), HouseError> {
        let fresh = Arc::new(self.store.read().personalities(self.workspace).await?);
        *self.personalities.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(crate) fn served(&self, channel: ChannelId) -> Option<Served> {
        self.hands.read().unwrap_or_else(PoisonError::into_inner).get(&channel).cloned()
    }

    pub(crate) fn all_served(&self) -> Vec<Served> {
        self.hands.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Makes the hands of every channel anew from the database and the vault. A channel whose secrets are missing
    /// is not served and says so; the others are.
    pub(crate) async fn read_channels(&self) -> Result<(), HouseError> {
        let before = self.hands.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut fresh = BTreeMap::new();
        for channel in self.store.read().channels().await? {
            let id = channel.id;
            // The same settings need no new hands: their rate limits and connections live on.
            let kept = before
                .get(&id)
                .filter(|old| {
                    old.channel.settings == channel.settings && old.channel.account == channel.account
                })
                .filter(|_| !self.is_unserved(id));
            let adapter = match kept {
                Some(old) => old.adapter.clone(),
                None => match hands::adapter_of(&channel, &self.vault).await {
                    Ok(adapter) => adapter,
                    Err(error) => {
                        self.mark_unserved(id, &error);
                        continue;
                    }
                },
            };
            self.unserved.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            fresh.insert(id, Served { channel: Arc::new(channel), adapter });
        }
        *self.hands.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The next reading makes this channel's hands anew: its secrets have changed.
    pub(crate) fn forget_hands(&self, channel: ChannelId) {
        self.hands.write().unwrap_or_else(PoisonError::into_inner).remove(&channel);
    }

    fn is_unserved(&self, channel: ChannelId) -> bool {
        self.unserved.lock().unwrap_or_else(PoisonError::into_inner).contains(&channel)
    }

    fn mark_unserved(&self, channel: ChannelId, error: &HouseError) {
        if self.unserved.lock().unwrap_or_else(PoisonError::into_inner).insert(channel) {
            tracing::warn!(%channel, %error, "the channel is not served");
        }
    }

    pub(crate) fn trouble(&self, worker: &'static str, error: &HouseError) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).insert(worker, error.to_string());
    }

    pub(crate) fn troubles(&self) -> BTreeMap<&'static str, String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
