//! Who is paired and which paths there are, at hand for every request; the letterbox holds the same on disk.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use relay_protocol::{ChannelPath, OwnerId, SealingPublic, SigningPublic};

use crate::letterbox::{OwnerRecord, PathRecord};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnerKeysHeld {
    pub(crate) signing: SigningPublic,
    pub(crate) sealing: SealingPublic,
}

#[derive(Default)]
pub(crate) struct Book(RwLock<Pages>);

#[derive(Default)]
struct Pages {
    owners: HashMap<OwnerId, OwnerKeysHeld>,
    paths: HashMap<ChannelPath, PathRecord>,
}

impl Book {
    pub(crate) fn open(owners: &[OwnerRecord], paths: &[PathRecord]) -> Self {
        let owners = owners.iter().map(|record| {
            (record.owner, OwnerKeysHeld { signing: record.signing_key, sealing: record.sealing_key })
        });
        let paths = paths.iter().map(|record| (record.path, *record));
        Self(RwLock::new(Pages { owners: owners.collect(), paths: paths.collect() }))
    }

    pub(crate) fn owner(&self, owner: &OwnerId) -> Option<OwnerKeysHeld> {
        self.read(|pages| pages.owners.get(owner).copied())
    }

    pub(crate) fn path(&self, path: &ChannelPath) -> Option<PathRecord> {
        self.read(|pages| pages.paths.get(path).copied())
    }

    pub(crate) fn paths_of(&self, owner: &OwnerId) -> Vec<PathRecord> {
        let mut found: Vec<_> = self.read(|pages| {
            pages.paths.values().filter(|record| record.owner == *owner).copied().collect::<Vec<_>>()
        });
        found.sort_by_key(|record| record.path);
        found
    }

    pub(crate) fn has_owners(&self) -> bool {
        self.read(|pages| !pages.owners.is_empty())
    }

    pub(crate) fn pair(&self, owner: OwnerId, keys: OwnerKeysHeld) {
        self.write(|pages| pages.owners.insert(owner, keys));
    }

    pub(crate) fn put_path(&self, record: PathRecord) {
        self.write(|pages| pages.paths.insert(record.path, record));
    }

    pub(crate) fn remove_path(&self, path: &ChannelPath) {
        self.write(|pages| pages.paths.remove(path));
    }

    fn read<T>(&self, look: impl FnOnce(&Pages) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Pages) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}
