//! What went wrong in the vault, by what can be done about it.

use std::path::PathBuf;
use std::time::Duration;

/// Each text is a plain sentence with the next step, and none holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No session bus, or nobody on it who keeps secrets.
    #[error(
        "No keyring is running here. Install and start one (on Debian and Ubuntu: gnome-keyring) and try again, or \
         choose a passphrase file with SALA_VAULT=file:PATH."
    )]
    NoKeyring,

    /// The keyring runs, but has no collection to put things in.
    #[error(
        "The keyring is running but was never set up. Open “Passwords and Keys” (seahorse), create a password keyring \
         and make it the default, then try again."
    )]
    NotSetUp,

    /// Locked, and the owner was not asked or said no.
    #[error("The keyring is locked. Unlock it (log in to the desktop, or answer its prompt) and try again.")]
    Locked,

    /// A database stands on the disk and its key is gone. A new key could never open it.
    #[error(
        "The database exists, but its key is not in the vault. Nothing was changed. Restore the keyring (or the \
         passphrase file) that was in use when the database was made, or move the old database away to begin anew."
    )]
    Emptied,

    /// The passphrase file was chosen without a passphrase.
    #[error("The passphrase file needs a passphrase. Type it when asked, or set SALA_PASSPHRASE.")]
    NoPassphrase,

    /// The file is whole, the passphrase does not open it.
    #[error("The passphrase does not open the vault file. Check it and try again; nothing was changed.")]
    WrongPassphrase,

    /// What was read is not what was written.
    #[error("The vault is damaged: {what}. Nothing was changed. {next}")]
    Damaged {
        /// The piece that did not hold, without its content.
        what: &'static str,
        /// What the owner does now.
        next: &'static str,
    },

    /// The keyring did not answer, most often because its prompt waits for the owner.
    #[error(
        "The vault did not answer within {} s. If the keyring is asking for its password, answer it, then try again.",
        .0.as_secs()
    )]
    TimedOut(Duration),

    /// The keyring said no, for a reason of its own.
    #[error("The keyring refused: {0}. Restart the keyring (or log out and in) and try again.")]
    Refused(&'static str),

    /// The vault file could not be read or written.
    #[error("The vault file {} could not be {doing}: {source}. Check the folder, its rights and the free space.", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// “read”, “written”, …
        doing: &'static str,
        /// Why, in the system's words.
        source: std::io::Error,
    },

    /// `SALA_VAULT` names neither of the two places.
    #[error(
        "SALA_VAULT is “{0}”, which is no place for secrets. Leave it unset for the keyring, or write file:PATH."
    )]
    UnknownPlace(String),

    /// An empty name for a channel, a relay or a model.
    #[error("A secret needs a name. Give the channel, relay or model it belongs to.")]
    Nameless,
}

impl Error {
    pub(crate) fn damaged_entry(what: &'static str) -> Self {
        Error::Damaged { what, next: "Enter this credential again, or restore the keyring from a backup." }
    }

    pub(crate) fn damaged_file(what: &'static str) -> Self {
        Error::Damaged { what, next: "Restore the vault file from a backup." }
    }
}
