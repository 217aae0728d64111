//! Whether the file is sound: SQLite's look at every page, and SQLCipher's at every page's seal.

use sqlx::query_scalar;

use crate::{Reader, Result, StoreError};

impl Reader {
    /// Reads the whole file; [`StoreError::Damaged`] when anything in it does not fit.
    pub async fn check_soundness(&self) -> Result<()> {
        // Tells nothing when every page's HMAC is right: https://www.zetetic.net/sqlcipher/sqlcipher-api/#cipher_integrity_check
        let seals: Vec<String> = query_scalar("PRAGMA cipher_integrity_check").fetch_all(&self.pool).await?;
        let pages: Vec<String> = query_scalar("PRAGMA integrity_check").fetch_all(&self.pool).await?;
        if seals.is_empty() && pages == ["ok"] {
            return Ok(());
        }
        tracing::error!(seals = seals.len(), ?pages, "the database is not sound");
        Err(StoreError::Damaged)
    }
}
