//! Credentials and the database key: in the OS keyring, or in a passphrase file chosen explicitly.
//!
//! Nothing here falls back in silence. A keyring that is missing, locked or emptied is an error with the next step,
//! because the alternative, a fresh key, would put an empty house over a full one.
//!
//! Rooms, in reading order:
//! - [`place`]: which of the two, read from the owner's setting
//! - [`vault`]: what may be kept and asked for
//! - [`secrets`]: the types that carry it, silent in `Debug`
//! - [`error`]: what went wrong, by what can be done about it
//! - `desk`: the one thread on which everything that blocks happens
//! - `keyring`, `parts`: the OS keyring, and how a long secret is split for it
//! - `file`, `sealed`: the passphrase file, and its bytes

mod desk;
pub mod error;
mod file;
mod keyring;
mod parts;
pub mod place;
mod sealed;
pub mod secrets;
pub mod vault;

pub use error::Error;
pub use place::Place;
pub use sealed::Cost;
pub use secrets::{Credentials, DatabaseKey};
pub use vault::{PATIENCE, Vault};
