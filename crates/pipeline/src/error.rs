//! What can go wrong in the house, by what can be done about it.

/// Each text is a plain sentence; none holds a customer's words or a secret.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error(transparent)]
    Vault(#[from] vault::Error),
    #[error("the channel cannot be set up: {0}")]
    Channel(#[from] platforms::ConfigError),
    #[error("the relay: {0}")]
    Relay(#[from] relay_protocol::RelayError),
    #[error("the platform: {0}")]
    Platform(#[from] platforms::SendError),
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("{0}")]
    Refused(String),
    /// A port, a thread, a socket.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
}
