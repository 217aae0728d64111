//! Opening and stopping the house.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use domain::Timestamp;
use pipeline::{Clock, HouseConfig, KeptIn};
use secrecy::SecretString;
use serde::Serialize;
use store::Durability;
use uuid::Uuid;
use vault::{Place, Vault};

use crate::{Code, Error, Result, changes::Changes};

/// What a house is opened with.
pub struct Opening {
    /// The folder of its data; made when it is not there.
    pub home: PathBuf,
    pub vault: Place,
    /// Needed for a passphrase file, ignored for the keyring.
    pub passphrase: Option<SecretString>,
    /// Where the tunnel door listens, on loopback; port 0 = any. None = no tunnel door.
    pub tunnel: Option<SocketAddr>,
    pub durability: Durability,
}

impl Opening {
    /// A house in this folder, its secrets in the OS keyring, without a tunnel door.
    pub fn new(home: PathBuf) -> Self {
        Self { home, vault: Place::Keyring, passphrase: None, tunnel: None, durability: Durability::Full }
    }

    /// A house to throw away with its folder: its secrets lie there too, under a passphrase that is in this value
    /// alone and is never written down.
    pub fn throwaway(home: PathBuf) -> Self {
        let passphrase = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        Self {
            vault: Place::File(home.join("vault")),
            passphrase: Some(passphrase.into()),
            ..Self::new(home)
        }
    }

    fn config(&self) -> Result<HouseConfig> {
        private_folder(&self.home)?;
        Ok(HouseConfig {
            home: self.home.clone(),
            vault: self.vault()?,
            clock: Clock::machine(),
            durability: self.durability,
            tunnel: self.tunnel,
        })
    }

    pub(crate) fn vault(&self) -> Result<Vault> {
        let profile = match &self.vault {
            Place::File(_) => PROFILE.to_owned(),
            Place::Keyring => profile_of(&self.home),
        };
        Ok(Vault::open(self.vault.clone(), &profile, self.passphrase.clone())?)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.home.join(KeptIn::DATABASE)
    }
}

/// The name under which the default house's secrets lie.
const PROFILE: &str = "sala";

/// Houses in other folders keep their secrets apart from it.
fn profile_of(home: &Path) -> String {
    if default_home(|name| std::env::var_os(name)).is_some_and(|usual| usual == home) {
        PROFILE.to_owned()
    } else {
        format!("{PROFILE}:{}", std::path::absolute(home).unwrap_or_else(|_| home.to_owned()).display())
    }
}

/// Where data lives when nothing else is said: the system's place for an application's data.
pub fn default_home(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        return Some(set("LOCALAPPDATA")?.join("Sala"));
    }
    if cfg!(target_os = "macos") {
        return Some(set("HOME")?.join("Library/Application Support/Sala"));
    }
    // https://specifications.freedesktop.org/basedir-spec/latest/: a relative path there is to be ignored.
    let data = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
    Some(data.or_else(|| Some(set("HOME")?.join(".local/share")))?.join("sala"))
}

/// Makes the folder, for the owner's eyes alone.
pub fn private_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| Error::new(Code::Folder).with("why", format!("{} ({error})", folder.display())))
}

/// An open house.
pub struct House {
    pub(crate) flow: pipeline::House,
}

/// Around a house that was opened by other means: with a clock wound by hand, for rehearsals and stories.
impl From<pipeline::House> for House {
    fn from(flow: pipeline::House) -> Self {
        Self { flow }
    }
}

/// The flow underneath, for stories and benches that look where no screen looks.
impl AsRef<pipeline::House> for House {
    fn as_ref(&self) -> &pipeline::House {
        &self.flow
    }
}

/// What was found and opened at launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Launched {
    /// Turns that were being written when the house last ended; they wait again.
    pub recovered_turns: u64,
    /// Deliveries that were on their way; settled by evidence.
    pub recovered_deliveries: u64,
    /// Where the tunnel is to be pointed, as `http://127.0.0.1:PORT`.
    pub tunnel: Option<String>,
}

/// How the stop went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Stopped {
    /// Workers that did not end within their grace period.
    pub would_not: Vec<String>,
}

impl House {
    /// Opens memory and vault, gives a fate to what was in flight, and starts the rooms.
    pub async fn open(opening: &Opening) -> Result<Self> {
        Ok(Self { flow: pipeline::House::open(opening.config()?).await? })
    }

    /// Opens without starting any room: for tools that look, import or set up.
    pub async fn open_quietly(opening: &Opening) -> Result<Self> {
        Ok(Self { flow: pipeline::House::open_quietly(&opening.config()?).await? })
    }

    pub fn launched(&self) -> Launched {
        let recovered = self.flow.recovered();
        Launched {
            recovered_turns: recovered.turns,
            recovered_deliveries: recovered.deliveries,
            tunnel: self.flow.tunnel().map(|door| format!("http://{}", door.address)),
        }
    }

    /// Every worker ends within its grace period, or is named.
    pub async fn stop(self) -> Stopped {
        let stopped = self.flow.stop().await;
        Stopped { would_not: stopped.would_not.into_iter().map(str::to_owned).collect() }
    }

    /// What moves from now on.
    pub fn changes(&self) -> Changes {
        Changes { notices: self.flow.changes() }
    }

    /// By the clock of the house.
    pub fn now(&self) -> Timestamp {
        self.flow.clock().now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn data_lives_where_the_system_keeps_an_application_s_data() {
        let of = |pairs: &'static [(&str, &str)]| {
            default_home(move |name| {
                pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
            })
        };
        assert_eq!(of(&[("HOME", "/home/mali")]).unwrap(), Path::new("/home/mali/.local/share/sala"));
        let chosen = of(&[("HOME", "/home/mali"), ("XDG_DATA_HOME", "/data")]);
        assert_eq!(chosen.unwrap(), Path::new("/data/sala"));
        let relative = of(&[("HOME", "/home/mali"), ("XDG_DATA_HOME", "data")]);
        assert_eq!(relative.unwrap(), Path::new("/home/mali/.local/share/sala"));
        assert_eq!(of(&[]), None);
    }
}
