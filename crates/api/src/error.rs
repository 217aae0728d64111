//! What can go wrong at the border: a code to act on and the facts to say it with.

use std::collections::BTreeMap;

use assistant::{ModelError, ShopError};
use pipeline::HouseError;
use platforms::{ConfigError, ReceiveError, SendError};
use relay_protocol::RelayError;
use serde::{Deserialize, Serialize};
use store::StoreError;

/// The answer of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. Screens make the words in the owner's language; [`Error::plain`] makes them in English.
/// Holds no secret and no customer's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    pub code: Code,
    /// By the names that the code's sentence needs: `what`, `why`, `name`, `seconds`…
    pub params: BTreeMap<String, String>,
}

/// By what the caller can do about it; grown only where a caller acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// `what`: look at the list again.
    NotFound,
    /// `what` was ruled on, sent or stopped meanwhile: look again.
    Overtaken,
    /// `why`: what was asked for makes no sense now.
    Refused,
    /// `why`, and `where` when it is known: what was given cannot be read.
    BadInput,
    /// Another Sala has this data open.
    SecondInstance,
    /// The key does not open the database.
    WrongDatabaseKey,
    DamagedDatabase,
    /// A newer Sala wrote the database.
    NewerVersion,
    DiskFull,
    /// Another program holds the database.
    DatabaseBusy,
    /// `why`: the data folder cannot be used.
    Folder,
    NoKeyring,
    KeyringNotSetUp,
    KeyringLocked,
    /// The database is there and its key is not.
    KeyMissing,
    NoPassphrase,
    WrongPassphrase,
    /// `why`: the vault is damaged, refuses or is silent.
    Vault,
    /// `platform` and `name`: a secret of the channel is missing.
    MissingSecret,
    /// `why`: the channel cannot be made of this.
    BadChannel,
    /// The platform no longer takes the channel's secrets; `why`.
    Reconnect,
    /// The platform cannot be reached now.
    PlatformUnreachable,
    /// `seconds`: the platform or the model asks to wait.
    Wait,
    /// `why`: the platform said no.
    PlatformRefused,
    RelayUnreachable,
    WrongPairingCode,
    /// The relay no longer knows this laptop.
    PairAgain,
    /// `why`
    Relay,
    /// A webhook's signature is wrong or missing.
    Signature,
    /// `why`: the language model did not answer.
    Model,
    /// The model's key is wrong or missing.
    ModelKey,
    /// The house is closed.
    Closed,
    /// `why`: a defect of ours.
    Defect,
}

impl Error {
    pub fn new(code: Code) -> Self {
        Self { code, params: BTreeMap::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn bad_input(why: impl Into<String>) -> Self {
        Self::new(Code::BadInput).with("why", why)
    }

    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::new(Code::Refused).with("why", why)
    }

    /// One plain English sentence or two, with the next step; for terminals and logs.
    pub fn plain(&self) -> String {
        let get = |name: &str| self.params.get(name).map_or("", String::as_str);
        let why = get("why");
        match self.code {
            Code::NotFound => format!("There is no such {}. List them to see what there is.", get("what")),
            Code::Overtaken => format!("It has changed meanwhile: {}. Look again.", get("what")),
            Code::Refused => sentence(why),
            Code::BadInput => match self.params.get("where") {
                Some(place) => format!("{place} cannot be read: {why}. Correct it and try again."),
                None => format!("It cannot be read: {why}. Correct it and try again."),
            },
            Code::SecondInstance => "Sala is already running with this data. Use the open one, stop it first, or \
                                     choose another folder with SALA_HOME."
                .to_owned(),
            Code::WrongDatabaseKey => {
                "The database does not open with the stored key: the file is damaged, or the key belongs to \
                 another one. Restore a backup, or unlock the keyring it was made with."
                    .to_owned()
            }
            Code::DamagedDatabase => {
                "The database file is damaged. Nothing was changed; restore the newest backup over it.".to_owned()
            }
            Code::NewerVersion => {
                "The database was written by a newer Sala. Install that version again.".to_owned()
            }
            Code::DiskFull => {
                "The disk is full. Free some space; nothing was lost and Sala goes on by itself.".to_owned()
            }
            Code::DatabaseBusy => {
                "The database is locked by another program. Close it and try again.".to_owned()
            }
            Code::Folder => {
                format!("The data folder cannot be used: {why}. Check its rights, or choose another with SALA_HOME.")
            }
            Code::NoKeyring => "No keyring is running here. Install and start one (on Debian and Ubuntu: \
                                gnome-keyring), or choose a passphrase file with SALA_VAULT=file:PATH."
                .to_owned(),
            Code::KeyringNotSetUp => {
                "The keyring is running but was never set up. Open “Passwords and Keys” (seahorse), create a \
                 password keyring, make it the default, and try again."
                    .to_owned()
            }
            Code::KeyringLocked => {
                "The keyring is locked. Unlock it (log in to the desktop, or answer its prompt) and try again."
                    .to_owned()
            }
            Code::KeyMissing => "The database exists, but its key is not in the vault. Nothing was changed. \
                                 Restore the keyring (or the passphrase file) that was in use when the database \
                                 was made, or move the old database away to begin anew."
                .to_owned(),
            Code::NoPassphrase => {
                "The passphrase file needs a passphrase. Type it when asked, or set SALA_PASSPHRASE.".to_owned()
            }
            Code::WrongPassphrase => {
                "The passphrase does not open the vault file. Check it and try again; nothing was changed.".to_owned()
            }
            Code::Vault => sentence(why),
            Code::MissingSecret => {
                format!("{} needs the secret {}. Give it and try again.", get("platform"), get("name"))
            }
            Code::BadChannel => format!("The channel cannot be set up: {why}. Correct it and try again."),
            Code::Reconnect => {
                format!("The platform no longer accepts our credentials: {why}. Connect the channel again.")
            }
            Code::PlatformUnreachable => {
                "The platform cannot be reached. Check the internet connection and try again.".to_owned()
            }
            Code::Wait => format!("It asks us to wait. Try again in {} s.", get("seconds")),
            Code::PlatformRefused => format!("The platform refused: {why}."),
            Code::RelayUnreachable => {
                "The relay cannot be reached. Check its address and the internet connection, and try again.".to_owned()
            }
            Code::WrongPairingCode => "The pairing code is wrong, spent or too old. Ask the relay for a fresh one \
                                       with `sala-relay pair-code`."
                .to_owned(),
            Code::PairAgain => {
                "The relay no longer knows this laptop. Pair again with `sala pair ADDRESS CODE`.".to_owned()
            }
            Code::Relay => format!("The relay: {why}."),
            Code::Signature => sentence(why),
            Code::Model => format!("The language model: {why}. The built-in assistant answers meanwhile."),
            Code::ModelKey => {
                "The language model's key is wrong or missing. Set it with `sala model set`.".to_owned()
            }
            Code::Closed => "The house is closed. Open it again.".to_owned(),
            Code::Defect => format!("Something in Sala is wrong: {why}. Please report it."),
        }
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let rest = letters.as_str();
    let stop = if rest.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{rest}{stop}")
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.plain())
    }
}

impl std::error::Error for Error {}

impl From<HouseError> for Error {
    fn from(error: HouseError) -> Self {
        match error {
            HouseError::Store(error) => error.into(),
            HouseError::Vault(error) => error.into(),
            HouseError::Channel(error) => error.into(),
            HouseError::Relay(error) => error.into(),
            HouseError::Platform(error) => error.into(),
            HouseError::NotFound(what) => Self::new(Code::NotFound).with("what", what),
            HouseError::Refused(why) => Self::refused(why),
            HouseError::System(error) => Self::refused(format!("the system refused: {error}")),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => Self::new(Code::DiskFull),
            StoreError::WrongKeyOrDamaged => Self::new(Code::WrongDatabaseKey),
            StoreError::Damaged => Self::new(Code::DamagedDatabase),
            StoreError::SecondInstance => Self::new(Code::SecondInstance),
            StoreError::NewerVersion => Self::new(Code::NewerVersion),
            StoreError::Locked => Self::new(Code::DatabaseBusy),
            StoreError::Folder(why) => Self::new(Code::Folder).with("why", why),
            StoreError::NotFound(what) => Self::new(Code::NotFound).with("what", what),
            StoreError::Overtaken(what) => Self::new(Code::Overtaken).with("what", what),
            StoreError::Closed => Self::new(Code::Closed),
            StoreError::Defect(why) => Self::new(Code::Defect).with("why", why),
        }
    }
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        use vault::Error as Vault;
        match &error {
            Vault::NoKeyring => Self::new(Code::NoKeyring),
            Vault::NotSetUp => Self::new(Code::KeyringNotSetUp),
            Vault::Locked => Self::new(Code::KeyringLocked),
            Vault::Emptied => Self::new(Code::KeyMissing),
            Vault::NoPassphrase => Self::new(Code::NoPassphrase),
            Vault::WrongPassphrase => Self::new(Code::WrongPassphrase),
            Vault::Damaged { .. }
            | Vault::TimedOut(_)
            | Vault::Refused(_)
            | Vault::File { .. }
            | Vault::UnknownPlace(_)
            | Vault::Nameless => Self::new(Code::Vault).with("why", error.to_string()),
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::MissingSecret { platform, name } => {
                Self::new(Code::MissingSecret).with("platform", platform.name()).with("name", name)
            }
            ConfigError::UnusableSecret { .. }
            | ConfigError::BadAddress { .. }
            | ConfigError::NoAdapter(_)
            | ConfigError::NoClient => Self::new(Code::BadChannel).with("why", error.to_string()),
        }
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::RetryAfter(wait) => Self::new(Code::Wait).with("seconds", wait.as_secs().to_string()),
            SendError::Reconnect { why } => Self::new(Code::Reconnect).with("why", why),
            SendError::Unreachable | SendError::Unsure => Self::new(Code::PlatformUnreachable),
            SendError::WindowClosed
            | SendError::Blocked
            | SendError::Refused { .. }
            | SendError::QuotaSpent
            | SendError::TokenSpent
            | SendError::Moved { .. } => Self::new(Code::PlatformRefused).with("why", error.to_string()),
        }
    }
}

impl From<ReceiveError> for Error {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::BadSignature | ReceiveError::MissingSignature => {
                Self::new(Code::Signature).with("why", error.to_string())
            }
            ReceiveError::Malformed { .. } | ReceiveError::NotOurs => Self::bad_input(error.to_string()),
        }
    }
}

impl From<RelayError> for Error {
    fn from(error: RelayError) -> Self {
        match error {
            RelayError::Unreachable(_) => Self::new(Code::RelayUnreachable),
            RelayError::Refused => Self::new(Code::PairAgain),
            RelayError::WrongCode => Self::new(Code::WrongPairingCode),
            RelayError::Busy(wait) => Self::new(Code::Wait).with("seconds", wait.as_secs().to_string()),
            RelayError::Declined(_)
            | RelayError::Malformed(_)
            | RelayError::OtherKey
            | RelayError::Tampered => Self::new(Code::Relay).with("why", error.to_string()),
        }
    }
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::WrongKey => Self::new(Code::ModelKey),
            ModelError::RetryAfter(wait) => Self::new(Code::Wait).with("seconds", wait.as_secs().to_string()),
            ModelError::Unreachable
            | ModelError::TimedOut
            | ModelError::QuotaSpent
            | ModelError::NoSuchModel
            | ModelError::Blocked(_)
            | ModelError::Garbled
            | ModelError::Refused { .. } => Self::new(Code::Model).with("why", error.to_string()),
        }
    }
}

impl From<ShopError> for Error {
    fn from(error: ShopError) -> Self {
        match error {
            ShopError::Unreadable { file, source } => {
                Self::bad_input(source.to_string()).with("where", file.display().to_string())
            }
            ShopError::Malformed { file, line, what } => {
                Self::bad_input(what).with("where", format!("{file}, line {line},"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_travels_as_code_and_params_and_reads_as_a_sentence_with_a_next_step() {
        let error: Error = HouseError::Store(StoreError::SecondInstance).into();
        assert_eq!(serde_json::to_string(&error).unwrap(), r#"{"code":"second_instance","params":{}}"#);
        assert!(error.plain().contains("stop it first"), "{}", error.plain());
        let missing: Error =
            ConfigError::MissingSecret { platform: domain::Platform::Line, name: "channel_secret" }.into();
        assert_eq!(missing.plain(), "line needs the secret channel_secret. Give it and try again.");
    }

    #[test]
    fn a_reason_becomes_a_sentence_whatever_its_spelling() {
        assert_eq!(Error::refused("there are no words to send").plain(), "There are no words to send.");
        assert_eq!(Error::refused("").plain(), ".");
    }
}
