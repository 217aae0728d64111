//! The workspace, its settings and facts, and single values such as the relay's cursor.

use domain::{Settings, ShopFacts, Timestamp, WorkspaceId};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::query;

use crate::{
    Change, Reader, Result, StoreError, Tx,
    columns::{from_json, id, json},
    connection::entropy,
};

impl Tx {
    /// The first workspace, made when there is none.
    pub async fn ensure_workspace(&mut self, name: &str, now: Timestamp) -> Result<WorkspaceId> {
        let found = query!("SELECT id FROM workspace ORDER BY created_at LIMIT 1")
            .fetch_optional(&mut self.connection)
            .await?;
        if let Some(row) = found {
            return id(&row.id);
        }
        let new = WorkspaceId::new(now, entropy());
        let (key, at) = (new.to_string(), now.millis());
        let settings = json(&Settings::default())?;
        let facts = json(&ShopFacts { timezone: "Asia/Bangkok".to_owned(), ..ShopFacts::default() })?;
        query!(
            "INSERT INTO workspace (id, name, timezone, settings, facts, created_at)
             VALUES (?, ?, 'Asia/Bangkok', ?, ?, ?)",
            key,
            name,
            settings,
            facts,
            at
        )
        .execute(&mut self.connection)
        .await?;
        Ok(new)
    }

    pub async fn save_settings(&mut self, workspace: WorkspaceId, settings: &Settings) -> Result<()> {
        let (key, body) = (workspace.to_string(), json(settings)?);
        query!("UPDATE workspace SET settings = ? WHERE id = ?", body, key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::SettingsChanged);
        Ok(())
    }

    pub async fn save_value<T: Serialize>(&mut self, key: &str, value: &T) -> Result<()> {
        let body = json(value)?;
        query!(
            "INSERT INTO setting (key, value) VALUES (?, ?)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            key,
            body
        )
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    pub async fn value<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>> {
        query!("SELECT value FROM setting WHERE key = ?", key)
            .fetch_optional(&mut self.connection)
            .await?
            .map(|row| from_json(&row.value))
            .transpose()
    }
}

impl Reader {
    pub async fn settings(&self, workspace: WorkspaceId) -> Result<Settings> {
        let key = workspace.to_string();
        let row = query!("SELECT settings FROM workspace WHERE id = ?", key)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(StoreError::NotFound("workspace"))?;
        from_json(&row.settings)
    }

    pub async fn facts(&self, workspace: WorkspaceId) -> Result<ShopFacts> {
        let key = workspace.to_string();
        let row = query!("SELECT facts FROM workspace WHERE id = ?", key)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(StoreError::NotFound("workspace"))?;
        from_json(&row.facts)
    }

    pub async fn value<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        query!("SELECT value FROM setting WHERE key = ?", key)
            .fetch_optional(&self.pool)
            .await?
            .map(|row| from_json(&row.value))
            .transpose()
    }
}
