//! What may be kept and asked for: the database key, credentials per channel, relay owner keys, model keys.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use zeroize::Zeroizing;

use crate::desk::{Desk, Drawer};
use crate::file::PassphraseFile;
use crate::keyring::Keyring;
use crate::parts::safe_name;
use crate::{Cost, Credentials, DatabaseKey, Error, Place};

/// How long an answer is waited for when nothing else is said: long enough to type a keyring password.
pub const PATIENCE: Duration = Duration::from_secs(20);

const DATABASE_KEY: &str = "database-key";

/// One profile's secrets. Cheap to clone; all clones speak through the same thread.
///
/// Opening never fails for want of a keyring: the first question finds out, and the next one tries afresh.
#[derive(Debug, Clone)]
pub struct Vault {
    desk: Desk,
}

impl Vault {
    /// Opens the place the owner chose. `profile` (such as `sala` or `sala-demo`) keeps several houses on one machine
    /// apart. The passphrase is needed for a file and ignored for the keyring.
    pub fn open(place: Place, profile: &str, passphrase: Option<SecretString>) -> Result<Vault, Error> {
        match place {
            Place::Keyring => Self::in_keyring(profile),
            Place::File(path) => {
                Self::in_file(profile, path, passphrase.ok_or(Error::NoPassphrase)?, Cost::default())
            }
        }
    }

    /// The OS keyring.
    pub fn in_keyring(profile: &str) -> Result<Vault, Error> {
        let drawer = Drawer::Keyring(Keyring::new(profile.to_owned()));
        Ok(Vault { desk: Desk::open(drawer, PATIENCE)? })
    }

    /// A file under a passphrase. `cost` is used when the file is made; one that exists keeps its own.
    pub fn in_file(
        profile: &str,
        path: PathBuf,
        passphrase: SecretString,
        cost: Cost,
    ) -> Result<Vault, Error> {
        if passphrase.expose_secret().is_empty() {
            return Err(Error::NoPassphrase);
        }
        let drawer = Drawer::File(PassphraseFile::new(path, safe_name(profile), passphrase, cost));
        Ok(Vault { desk: Desk::open(drawer, PATIENCE)? })
    }

    /// The same vault with another time-out, counted per question.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.desk.patience = patience;
        self
    }

    /// Whether secrets can be kept here now; for `sala doctor` and the first-run screen.
    pub async fn check(&self) -> Result<(), Error> {
        self.desk.ask(Drawer::probe).await
    }

    /// The key of the database; made only when there is no database it could belong to.
    ///
    /// `database_exists` is whether the database file stands on the disk. If it does and no key is kept, the answer is
    /// [`Error::Emptied`]; if it does not, a new key is made, kept, read back and compared.
    pub async fn database_key(&self, database_exists: bool) -> Result<DatabaseKey, Error> {
        self.desk.ask(move |drawer| database_key(drawer, database_exists)).await
    }

    /// What is kept for a channel.
    pub async fn credentials(&self, channel: &str) -> Result<Option<Credentials>, Error> {
        let bytes = self.get("channel", channel).await?;
        bytes
            .map(|bytes| {
                Credentials::from_bytes(&bytes)
                    .ok_or(Error::damaged_entry("the credentials of a channel do not read"))
            })
            .transpose()
    }

    /// Keeps a channel's credentials, over what was kept before.
    pub async fn keep_credentials(&self, channel: &str, credentials: &Credentials) -> Result<(), Error> {
        self.put("channel", channel, credentials.to_bytes()).await
    }

    /// Forgets a channel's credentials.
    pub async fn forget_credentials(&self, channel: &str) -> Result<(), Error> {
        self.remove("channel", channel).await
    }

    /// Our secret key towards a relay.
    pub async fn relay_key(&self, relay: &str) -> Result<Option<SecretSlice<u8>>, Error> {
        let bytes = self.get("relay", relay).await?;
        Ok(bytes.map(|bytes| SecretSlice::from(bytes.to_vec())))
    }

    /// Keeps our secret key towards a relay.
    pub async fn keep_relay_key(&self, relay: &str, key: &SecretSlice<u8>) -> Result<(), Error> {
        self.put("relay", relay, Zeroizing::new(key.expose_secret().to_vec())).await
    }

    /// Forgets our secret key towards a relay; it cannot be asked for letters afterwards.
    pub async fn forget_relay_key(&self, relay: &str) -> Result<(), Error> {
        self.remove("relay", relay).await
    }

    /// The API key of a language model.
    pub async fn model_key(&self, model: &str) -> Result<Option<SecretString>, Error> {
        let bytes = self.get("model", model).await?;
        bytes
            .map(|bytes| {
                std::str::from_utf8(&bytes)
                    .map(SecretString::from)
                    .map_err(|_| Error::damaged_entry("the key of a model is not text"))
            })
            .transpose()
    }

    /// Keeps the API key of a language model.
    pub async fn keep_model_key(&self, model: &str, key: &SecretString) -> Result<(), Error> {
        self.put("model", model, Zeroizing::new(key.expose_secret().as_bytes().to_vec())).await
    }

    /// Forgets the API key of a language model.
    pub async fn forget_model_key(&self, model: &str) -> Result<(), Error> {
        self.remove("model", model).await
    }

    async fn get(&self, kind: &str, id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let name = named(kind, id)?;
        self.desk.ask(move |drawer| drawer.get(&name)).await
    }

    async fn put(&self, kind: &str, id: &str, secret: Zeroizing<Vec<u8>>) -> Result<(), Error> {
        let name = named(kind, id)?;
        self.desk.ask(move |drawer| drawer.put(&name, &secret)).await
    }

    async fn remove(&self, kind: &str, id: &str) -> Result<(), Error> {
        let name = named(kind, id)?;
        self.desk.ask(move |drawer| drawer.remove(&name)).await
    }
}

fn named(kind: &str, id: &str) -> Result<String, Error> {
    if id.is_empty() { Err(Error::Nameless) } else { Ok(format!("{kind}/{}", safe_name(id))) }
}

fn database_key(drawer: &mut Drawer, database_exists: bool) -> Result<DatabaseKey, Error> {
    if let Some(key) = kept_key(drawer)? {
        return Ok(key);
    }
    // “Nothing kept” may also mean “cannot keep anything”; and the probe may have unlocked what was closed.
    drawer.probe()?;
    if let Some(key) = kept_key(drawer)? {
        return Ok(key);
    }
    if database_exists {
        return Err(Error::Emptied);
    }
    let key = DatabaseKey::generate();
    drawer.put(DATABASE_KEY, key.expose())?;
    match kept_key(drawer)? {
        Some(kept) if kept.expose() == key.expose() => Ok(key),
        Some(_) | None => Err(Error::Refused("it does not give back the key it was given")),
    }
}

fn kept_key(drawer: &mut Drawer) -> Result<Option<DatabaseKey>, Error> {
    let next = "Restore the keyring (or the passphrase file) from a backup.";
    drawer
        .get(DATABASE_KEY)?
        .map(|bytes| {
            DatabaseKey::from_bytes(&bytes)
                .ok_or(Error::Damaged { what: "the database key has a wrong length", next })
        })
        .transpose()
}
