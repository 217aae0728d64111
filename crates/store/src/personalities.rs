//! Personalities and all their versions.

use domain::{Personality, PersonalityId, Timestamp, WorkspaceId};
use sqlx::query;

use crate::{
    Change, Reader, Result, StoreError, Tx,
    columns::{from_json, json},
    connection::entropy,
};

impl Tx {
    /// Saves a new version and returns it; the first personality of a workspace becomes its default.
    pub async fn save_personality(
        &mut self,
        workspace: WorkspaceId,
        personality: &Personality,
        now: Timestamp,
    ) -> Result<Personality> {
        let (key, home, at) = (personality.id.to_string(), workspace.to_string(), now.millis());
        let before = query!("SELECT version FROM personality WHERE id = ?", key)
            .fetch_optional(&mut self.connection)
            .await?;
        let version = before.map_or(1, |row| row.version + 1);
        let saved = Personality { version: u32::try_from(version).unwrap_or(1), ..personality.clone() };
        let body = json(&saved)?;
        query!(
            "INSERT INTO personality (id, workspace_id, name, version, body, is_default, updated_at)
             VALUES (?, ?, ?, ?, ?,
                     NOT EXISTS (SELECT 1 FROM personality WHERE workspace_id = ? AND is_default = 1), ?)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version,
                     body = excluded.body, updated_at = excluded.updated_at",
            key,
            home,
            saved.name,
            version,
            body,
            home,
            at
        )
        .execute(&mut self.connection)
        .await?;
        query!(
            "INSERT INTO personality_version (personality_id, version, body, saved_at) VALUES (?, ?, ?, ?)",
            key,
            version,
            body,
            at
        )
        .execute(&mut self.connection)
        .await?;
        self.tell(Change::PersonalitiesChanged);
        Ok(saved)
    }

    pub async fn make_default_personality(
        &mut self,
        workspace: WorkspaceId,
        personality: PersonalityId,
    ) -> Result<()> {
        let (home, key) = (workspace.to_string(), personality.to_string());
        query!("UPDATE personality SET is_default = 0 WHERE workspace_id = ?", home)
            .execute(&mut self.connection)
            .await?;
        let done =
            query!("UPDATE personality SET is_default = 1 WHERE workspace_id = ? AND id = ?", home, key)
                .execute(&mut self.connection)
                .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("personality"));
        }
        self.tell(Change::PersonalitiesChanged);
        Ok(())
    }

    /// A fresh id for a personality that comes from elsewhere.
    pub fn new_personality_id(&self, now: Timestamp) -> PersonalityId {
        PersonalityId::new(now, entropy())
    }
}

impl Reader {
    pub async fn personalities(&self, workspace: WorkspaceId) -> Result<Vec<Personality>> {
        let key = workspace.to_string();
        query!("SELECT body FROM personality WHERE workspace_id = ? ORDER BY is_default DESC, name, id", key)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| from_json(&row.body))
            .collect()
    }

    /// The given one, else the workspace's default; none when there is none at all.
    pub async fn personality_or_default(
        &self,
        workspace: WorkspaceId,
        personality: Option<PersonalityId>,
    ) -> Result<Option<Personality>> {
        let (home, key) = (workspace.to_string(), personality.map(|id| id.to_string()));
        query!(
            "SELECT body FROM personality WHERE workspace_id = ?
             ORDER BY id = COALESCE(?, '') DESC, is_default DESC LIMIT 1",
            home,
            key
        )
        .fetch_optional(&self.pool)
        .await?
        .map(|row| from_json(&row.body))
        .transpose()
    }

    pub async fn personality_versions(
        &self,
        personality: PersonalityId,
    ) -> Result<Vec<(Timestamp, Personality)>> {
        let key = personality.to_string();
        query!(
            "SELECT body, saved_at FROM personality_version WHERE personality_id = ? ORDER BY version DESC",
            key
        )
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| Ok((Timestamp::from_millis(row.saved_at), from_json(&row.body)?)))
        .collect()
    }
}
