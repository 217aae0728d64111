//! The OS keyring: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
//!
//! Every call here blocks; only the desk's thread makes them.

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::{CredentialStore, Entry};
use zeroize::Zeroizing;

use crate::Error;
use crate::parts::{self, Head, Slot};

/// Written and taken away again to learn whether the keyring keeps anything at all.
const CANARY: &str = "canary";

/// One profile's entries. Connects when first asked, and again when the keyring was restarted under it.
pub(crate) struct Keyring {
    profile: String,
    store: Option<Arc<CredentialStore>>,
}

impl Keyring {
    pub(crate) fn new(profile: String) -> Self {
        Self { profile, store: None }
    }

    pub(crate) fn let_go(&mut self) {
        self.store = None;
    }

    pub(crate) fn get(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let Some(head) = self.read(name)? else { return Ok(None) };
        let secret = match Head::parse(&head)
            .ok_or(Error::damaged_entry("an entry of the keyring is not ours"))?
        {
            Head::Whole { text, digest } => parts::decode(&text, &digest),
            Head::Split { slot, count, digest } => {
                let mut text = Zeroizing::new(String::with_capacity(count * parts::LONGEST));
                for index in 0..count {
                    let part = self.read(&slot.entry(name, index))?;
                    text.push_str(&part.ok_or(Error::damaged_entry("a part of a long secret is missing"))?);
                }
                parts::decode(&text, &digest)
            }
        };
        secret.map(Some).ok_or(Error::damaged_entry("a secret does not match its digest"))
    }

    pub(crate) fn put(&mut self, name: &str, secret: &[u8]) -> Result<(), Error> {
        let in_use = self.read(name)?.and_then(|head| Head::parse(&head)).and_then(|head| head.slot());
        let free = in_use.map_or(Slot::A, Slot::other);
        let written =
            parts::encode(secret, free).ok_or(Error::Refused("the secret is longer than a keyring takes"))?;
        for (index, part) in written.parts.iter().enumerate() {
            self.write(&free.entry(name, index), part)?;
        }
        self.write(name, &written.head)?;
        // From here on the new secret stands; what is left of older ones, also of torn writes, is swept out.
        self.sweep(name, free, written.parts.len())?;
        self.sweep(name, free.other(), 0)
    }

    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Error> {
        self.erase(name)?;
        self.sweep(name, Slot::A, 0)?;
        self.sweep(name, Slot::B, 0)
    }

    /// “Not found” is also what a keyring without any collection answers, so the proof is to keep something.
    pub(crate) fn probe(&mut self) -> Result<(), Error> {
        self.write(CANARY, "ok")?;
        let heard = self.read(CANARY)?;
        self.erase(CANARY)?;
        match heard {
            Some(text) if text.as_str() == "ok" => Ok(()),
            Some(_) | None => Err(Error::Refused("it does not give back what it was given")),
        }
    }

    /// Takes away the parts from `first` on, the last one first, so that an interruption leaves no gap behind which
    /// others would be forgotten.
    fn sweep(&mut self, name: &str, slot: Slot, first: usize) -> Result<(), Error> {
        let mut end = first;
        while self.read(&slot.entry(name, end))?.is_some() {
            end += 1;
        }
        (first..end).rev().try_for_each(|index| self.erase(&slot.entry(name, index)))
    }

    fn read(&mut self, entry: &str) -> Result<Option<Zeroizing<String>>, Error> {
        match self.attempt(entry, |entry| entry.get_password()) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(Attempt::NoEntry) => Ok(None),
            Err(Attempt::Failed(error)) => Err(error),
        }
    }

    fn write(&mut self, entry: &str, text: &str) -> Result<(), Error> {
        match self.attempt(entry, |entry| entry.set_password(text)) {
            Ok(()) => Ok(()),
            Err(Attempt::NoEntry) => Err(Error::Refused("it lost an entry while it was being written")),
            Err(Attempt::Failed(error)) => Err(error),
        }
    }

    fn erase(&mut self, entry: &str) -> Result<(), Error> {
        match self.attempt(entry, Entry::delete_credential) {
            Ok(()) | Err(Attempt::NoEntry) => Ok(()),
            Err(Attempt::Failed(error)) => Err(error),
        }
    }

    /// A keyring that was restarted forgets our session; the second attempt has a new one.
    fn attempt<T>(
        &mut self,
        user: &str,
        work: impl Fn(&Entry) -> keyring_core::Result<T>,
    ) -> Result<T, Attempt> {
        let was_open = self.store.is_some();
        let first = self.once(user, &work);
        match first {
            Err(Outcome::Broken(_)) if was_open => {
                self.let_go();
                self.once(user, &work)
            }
            Ok(_) | Err(_) => first,
        }
        .map_err(|outcome| match outcome {
            Outcome::NoEntry => Attempt::NoEntry,
            Outcome::Broken(error) => {
                self.let_go();
                Attempt::Failed(error)
            }
            Outcome::Failed(error) => Attempt::Failed(error),
        })
    }

    fn once<T>(
        &mut self,
        user: &str,
        work: &impl Fn(&Entry) -> keyring_core::Result<T>,
    ) -> Result<T, Outcome> {
        let store = match &self.store {
            Some(store) => Arc::clone(store),
            None => {
                let store = system::open().map_err(|error| {
                    tracing::debug!(%error, "the keyring did not open");
                    Outcome::Failed(Error::NoKeyring)
                })?;
                Arc::clone(self.store.insert(store))
            }
        };
        let entry = store.build(&self.profile, user, system::modifiers().as_ref()).map_err(judged)?;
        work(&entry).map_err(judged)
    }
}

/// What is left when the second attempt is over.
enum Attempt {
    NoEntry,
    Failed(Error),
}

enum Outcome {
    NoEntry,
    /// Worth a second attempt over a new connection.
    Broken(Error),
    Failed(Error),
}

/// Sorts the keyring's errors by what can be done. Their own texts are not passed on: some carry the secret.
fn judged(error: keyring_core::Error) -> Outcome {
    use keyring_core::Error as Told;
    match error {
        Told::NoEntry => Outcome::NoEntry,
        Told::NoStorageAccess(cause) => Outcome::Failed(system::no_access(cause.as_ref())),
        Told::PlatformFailure(cause) => {
            tracing::debug!(%cause, "the keyring failed");
            Outcome::Broken(system::failure(cause.as_ref()))
        }
        Told::Ambiguous(_) => Outcome::Failed(Error::damaged_entry("the keyring holds one entry twice")),
        Told::BadEncoding(_) | Told::BadDataFormat(..) => {
            Outcome::Failed(Error::damaged_entry("an entry of the keyring is not text"))
        }
        Told::BadStoreFormat(_) => {
            Outcome::Failed(Error::damaged_entry("the keyring's own files do not hold"))
        }
        Told::TooLong(..) => Outcome::Failed(Error::Refused("an entry is too long for it")),
        Told::Invalid(..) => Outcome::Failed(Error::Refused("it does not accept an entry of this name")),
        Told::NoDefaultStore => Outcome::Failed(Error::NoKeyring),
        // the enum is not ours and may grow
        Told::NotSupportedByStore(_) | _ => {
            Outcome::Failed(Error::Refused("it does not support what was asked"))
        }
    }
}

type Cause = dyn std::error::Error + Send + Sync + 'static;

#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
mod system {
    //! Secret Service, over D-Bus.

    use super::{Arc, Cause, CredentialStore, Error, HashMap};

    pub(super) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(zbus_secret_service_keyring_store::Store::new()?)
    }

    pub(super) fn modifiers() -> Option<HashMap<&'static str, &'static str>> {
        None
    }

    pub(super) fn no_access(cause: &Cause) -> Error {
        match cause.downcast_ref::<secret_service::Error>() {
            // there is no collection called “default”
            Some(secret_service::Error::NoResult) => Error::NotSetUp,
            Some(_) | None => Error::Locked,
        }
    }

    pub(super) fn failure(cause: &Cause) -> Error {
        match cause.downcast_ref::<secret_service::Error>() {
            Some(secret_service::Error::Unavailable) => Error::NoKeyring,
            Some(secret_service::Error::PromptDisconnected) => Error::Locked,
            Some(_) | None => Error::Refused("the Secret Service failed"),
        }
    }
}

#[cfg(target_os = "macos")]
mod system {
    //! The login keychain.

    use super::{Arc, Cause, CredentialStore, Error, HashMap};

    pub(super) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(apple_native_keyring_store::keychain::Store::new()?)
    }

    pub(super) fn modifiers() -> Option<HashMap<&'static str, &'static str>> {
        None
    }

    pub(super) fn no_access(_: &Cause) -> Error {
        Error::Locked
    }

    pub(super) fn failure(_: &Cause) -> Error {
        Error::Refused("the Keychain failed")
    }
}

#[cfg(target_os = "windows")]
mod system {
    //! Credential Manager.

    use super::{Arc, Cause, CredentialStore, Error, HashMap};

    pub(super) fn open() -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(windows_native_keyring_store::Store::new()?)
    }

    /// The default, `Enterprise`, would carry the shop's tokens to every machine of a roaming profile.
    pub(super) fn modifiers() -> Option<HashMap<&'static str, &'static str>> {
        Some(HashMap::from([("persistence", "Local")]))
    }

    pub(super) fn no_access(_: &Cause) -> Error {
        Error::Locked
    }

    pub(super) fn failure(_: &Cause) -> Error {
        Error::Refused("the Credential Manager failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_keyring_says_of_a_secret_never_reaches_our_words() {
        let planted = b"planted-s3cr3t".to_vec();
        let told = [
            keyring_core::Error::BadEncoding(planted.clone()),
            keyring_core::Error::BadDataFormat(planted, "planted-s3cr3t".into()),
            keyring_core::Error::PlatformFailure("planted-s3cr3t".into()),
            keyring_core::Error::NoStorageAccess("planted-s3cr3t".into()),
        ];
        for error in told {
            let (Outcome::Failed(error) | Outcome::Broken(error)) = judged(error) else { panic!("an error") };
            assert!(!format!("{error} {error:?}").contains("planted"));
        }
    }
}
