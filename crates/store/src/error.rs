//! What can go wrong with the memory, named by what can be done about it.

/// Each text is a plain sentence with the next step; none holds a customer's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the disk is full; free some space, nothing was lost and Sala goes on by itself")]
    DiskFull,
    #[error(
        "the database does not open with the stored key; the file is damaged or the key belongs to another \
         one: restore a backup, or unlock the keyring it was made with"
    )]
    WrongKeyOrDamaged,
    #[error("the database file is damaged; restore the newest backup, the damaged file is kept beside it")]
    Damaged,
    #[error("Sala is already running with this data; use the open one, or stop it first")]
    SecondInstance,
    #[error("the database was written by a newer Sala; install that version again")]
    NewerVersion,
    #[error("the database is locked by another program; close it and try again")]
    Locked,
    #[error("the data folder cannot be used: {0}")]
    Folder(String),
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The row is no longer in the state that the change starts from.
    #[error("it has changed meanwhile: {0}")]
    Overtaken(&'static str),
    #[error("the memory is closed")]
    Closed,
    /// A defect of ours: a query that does not fit the schema, a value that does not read back.
    #[error("the memory failed: {0}")]
    Defect(String),
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: whatever it grows is a defect to us")]
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                // Primary result codes are the low byte: https://sqlite.org/rescode.html
                let code: i32 = database.code().and_then(|code| code.parse().ok()).unwrap_or(0);
                match code & 0xff {
                    5 | 6 => Self::Locked,
                    11 => Self::Damaged,
                    // A defect of a query comes with words of its own; the bare code comes from the search index
                    // when a page of it does not decrypt.
                    1 if database.message() == "SQL logic error" => Self::Damaged,
                    13 => Self::DiskFull,
                    26 => Self::WrongKeyOrDamaged,
                    // A write that fails in the file system is most often a full disk with another face: WRITE,
                    // FSYNC, TRUNCATE, SHMOPEN, SHMSIZE, SHMMAP.
                    10 if matches!(code, 778 | 1034 | 1546 | 4618 | 4874 | 5386) => Self::DiskFull,
                    8 => Self::Folder("the database file may not be written".to_owned()),
                    14 => Self::Folder("the database file cannot be opened".to_owned()),
                    _ => Self::Defect(database.message().to_owned()),
                }
            }
            sqlx::Error::RowNotFound => Self::NotFound("row"),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Closed,
            sqlx::Error::PoolTimedOut => Self::Locked,
            _ => Self::Defect(error.to_string()),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: whatever it grows is a defect to us")]
impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(_) => Self::NewerVersion,
            sqlx::migrate::MigrateError::Execute(error) => Self::from(error),
            sqlx::migrate::MigrateError::ExecuteMigration(error, _) => Self::from(error),
            other => Self::Defect(other.to_string()),
        }
    }
}
