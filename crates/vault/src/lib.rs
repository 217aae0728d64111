//! Credentials and the database key: the OS keyring, or a passphrase file chosen explicitly.
