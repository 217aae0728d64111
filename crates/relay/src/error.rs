//! What can go wrong in the relay, by what can be done about it.

use std::{io, net::SocketAddr, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The platform is asked to come again; confirming and expiring still work.
    #[error("no room left to keep envelopes")]
    Full,
    #[error("the letterbox cannot be read or written: {0}")]
    Letterbox(String),
    #[error("the letterbox was written by a newer sala-relay (form {0}); update this one")]
    Newer(i64),
    #[error("another sala-relay uses the folder {0}")]
    InUse(PathBuf),
    #[error("the folder {0} cannot be used: {1}")]
    Folder(PathBuf, io::Error),
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    #[error("no owner with the id {0} here; `sala-relay owners` lists them")]
    UnknownOwner(String),
}
