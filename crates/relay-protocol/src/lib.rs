//! What travels between the relay (the letterbox on the internet) and the laptop.
//!
//! Rooms in reading order:
//! - [`names`]: relay, owner, channel path, digests and public keys, as bytes with a hex face.
//! - [`door`]: what every webhook door answers and keeps, in the relay and in the tunnel alike.
//! - [`webhook`]: a webhook exactly as it came, as the bytes that are sealed.
//! - [`envelope`]: a sealed webhook with its open heading, and its hash.
//! - [`keys`]: the owner's two key pairs, grown from seeds that the vault can keep.
//! - [`seal`]: HPKE over a webhook, and opening it again.
//! - [`chain`]: noticing a relay that drops, reorders, replays or rewrites.
//! - [`cursor`]: what was received, and what was committed and may be forgotten.
//! - [`signing`]: how a laptop proves that a request is the owner's.
//! - [`calls`]: the JSON of every call.
//! - [`client`]: the laptop's side of those calls.
//!
//! Nothing here asks the time; randomness is an argument, except in the client.

pub mod calls;
pub mod chain;
pub mod client;
pub mod cursor;
pub mod door;
pub mod envelope;
mod error;
mod framing;
pub mod keys;
pub mod names;
pub mod seal;
pub mod signing;
pub mod webhook;

pub use calls::{PairAnswer, PathEntry, PathRegistration, Pull, PullAnswer, Status, Why};
pub use chain::{Chain, Link, Position};
pub use client::{Membership, RelayClient};
pub use cursor::Cursor;
pub use door::PathKind;
pub use envelope::{Envelope, Heading};
pub use error::RelayError;
pub use keys::OwnerKeys;
pub use names::{ChannelPath, Digest, KeyId, OwnerId, RelayId, SealingPublic, SigningPublic};
pub use seal::{Sealer, open, seal};
pub use webhook::Webhook;
