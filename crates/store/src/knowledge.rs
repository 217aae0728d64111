//! The shop's knowledge: facts, articles, prices, quick replies; every change makes a new version.

use domain::{Article, Knowledge, PriceRow, QuickReply, ShopFacts, Timestamp, WorkspaceId};
use sqlx::query;

use crate::{
    Change, Reader, Result, StoreError, Tx,
    columns::{from_json, json},
};

/// One piece to be kept; an older one of the same name is replaced.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one at a time, on its way into the database")]
pub enum KnowledgePiece {
    Facts(ShopFacts),
    Article(Article),
    /// The whole price table.
    Prices(Vec<PriceRow>),
    QuickReply(QuickReply),
}

impl Tx {
    pub async fn keep_knowledge(
        &mut self,
        workspace: WorkspaceId,
        piece: &KnowledgePiece,
        now: Timestamp,
    ) -> Result<()> {
        let (key, at) = (workspace.to_string(), now.millis());
        match piece {
            KnowledgePiece::Facts(facts) => {
                let body = json(facts)?;
                query!(
                    "UPDATE workspace SET facts = ?, timezone = ? WHERE id = ?",
                    body,
                    facts.timezone,
                    key
                )
                .execute(&mut self.connection)
                .await?;
                self.zones.clear();
            }
            KnowledgePiece::Article(article) => {
                let (id, body) = (article.id.to_string(), json(article)?);
                query!(
                    "INSERT INTO article (id, workspace_id, slug, body, updated_at) VALUES (?, ?, ?, ?, ?)
                     ON CONFLICT (workspace_id, slug)
                     DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at",
                    id,
                    key,
                    article.slug,
                    body,
                    at
                )
                .execute(&mut self.connection)
                .await?;
            }
            KnowledgePiece::Prices(rows) => self.keep_prices(&key, rows).await?,
            KnowledgePiece::QuickReply(quick) => {
                let (id, body) = (quick.id.to_string(), json(quick)?);
                query!(
                    "INSERT INTO quick_reply (id, workspace_id, code, body) VALUES (?, ?, ?, ?)
                     ON CONFLICT (workspace_id, code) DO UPDATE SET body = excluded.body",
                    id,
                    key,
                    quick.code,
                    body
                )
                .execute(&mut self.connection)
                .await?;
            }
        }
        query!("UPDATE workspace SET knowledge_version = knowledge_version + 1 WHERE id = ?", key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::KnowledgeChanged);
        Ok(())
    }

    async fn keep_prices(&mut self, workspace: &str, rows: &[PriceRow]) -> Result<()> {
        query!("DELETE FROM price WHERE workspace_id = ?", workspace).execute(&mut self.connection).await?;
        for (position, row) in (0_i64..).zip(rows) {
            let (id, body) = (row.id.to_string(), json(row)?);
            query!(
                "INSERT INTO price (id, workspace_id, sku, body, position) VALUES (?, ?, ?, ?, ?)",
                id,
                workspace,
                row.sku,
                body,
                position
            )
            .execute(&mut self.connection)
            .await?;
        }
        Ok(())
    }

    pub async fn remove_article(&mut self, workspace: WorkspaceId, slug: &str) -> Result<()> {
        let key = workspace.to_string();
        let done = query!("DELETE FROM article WHERE workspace_id = ? AND slug = ?", key, slug)
            .execute(&mut self.connection)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("article"));
        }
        query!("UPDATE workspace SET knowledge_version = knowledge_version + 1 WHERE id = ?", key)
            .execute(&mut self.connection)
            .await?;
        self.tell(Change::KnowledgeChanged);
        Ok(())
    }
}

impl Reader {
    /// All of it, at one version.
    pub async fn knowledge(&self, workspace: WorkspaceId) -> Result<Knowledge> {
        let key = workspace.to_string();
        let mut tx = self.pool.begin().await?;
        let head = query!("SELECT knowledge_version, facts FROM workspace WHERE id = ?", key)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(StoreError::NotFound("workspace"))?;
        let articles = query!("SELECT body FROM article WHERE workspace_id = ? ORDER BY slug", key)
            .fetch_all(&mut *tx)
            .await?;
        let prices = query!("SELECT body FROM price WHERE workspace_id = ? ORDER BY position", key)
            .fetch_all(&mut *tx)
            .await?;
        let quick = query!("SELECT body FROM quick_reply WHERE workspace_id = ? ORDER BY code", key)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Knowledge {
            version: u64::try_from(head.knowledge_version).unwrap_or(0),
            facts: from_json(&head.facts)?,
            articles: articles.iter().map(|row| from_json(&row.body)).collect::<Result<_>>()?,
            prices: prices.iter().map(|row| from_json(&row.body)).collect::<Result<_>>()?,
            quick_replies: quick.iter().map(|row| from_json(&row.body)).collect::<Result<_>>()?,
        })
    }
}
