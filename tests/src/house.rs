//! A house in a home of its own: a temporary folder, a vault in a file, and what an owner does there.

use std::path::{Path, PathBuf};

use domain::{DraftId, ReplyId};
use pipeline::{Clock, HouseConfig};
use store::Durability;
use tempfile::TempDir;
use vault::{Cost, Vault};

/// Where a house lives; gone with its folder when dropped.
pub struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        self.path().join(pipeline::KeptIn::DATABASE)
    }

    /// What a house is opened with here; `tunnel`: with the tunnel door on a free port.
    pub fn config(&self, clock: Clock, tunnel: TunnelDoor) -> HouseConfig {
        config_in(self.path(), clock, Durability::Full, tunnel)
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether the house opens its own door on loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelDoor {
    Open,
    Shut,
}

/// A house in any folder, with a vault in a file there whose passphrase costs nothing to guess.
pub fn config_in(folder: &Path, clock: Clock, durability: Durability, tunnel: TunnelDoor) -> HouseConfig {
    let cheap = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    let vault = Vault::in_file("journeys", folder.join("vault"), "มะลิ ใจดี".into(), cheap).expect("a vault");
    let tunnel = (tunnel == TunnelDoor::Open).then(|| ([127, 0, 0, 1], 0).into());
    HouseConfig { home: folder.to_owned(), vault, clock, durability, tunnel }
}

/// The owner approves a draft as it is, by the door a screen uses.
pub async fn approve(house: &api::House, draft: DraftId) -> Result<ReplyId, api::Error> {
    api::drafts::approve(house, draft, None).await
}
