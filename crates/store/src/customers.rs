//! Customers and the handles by which they are reached.

use domain::{Autonomy, ChannelId, CustomerId, HandleId, Peer, Timestamp, Words, WorkspaceId};
use sqlx::query;

use crate::{
    Reader, Result, StoreError, Tx,
    columns::{id, named, time},
    connection::entropy,
};

#[derive(Debug, Clone)]
pub struct CustomerRow {
    pub id: CustomerId,
    pub name: Option<Words>,
    pub language: Option<String>,
    pub autonomy: Option<Autonomy>,
    pub satisfaction: Option<f64>,
    pub created_at: Timestamp,
}

impl Tx {
    /// The customer behind a person of a platform; made when they write for the first time.
    pub async fn customer_behind(
        &mut self,
        workspace: WorkspaceId,
        channel: ChannelId,
        peer: &Peer,
        now: Timestamp,
    ) -> Result<CustomerId> {
        let channel = channel.to_string();
        let found =
            query!("SELECT customer_id FROM handle WHERE channel_id = ? AND peer = ?", channel, peer.id)
                .fetch_optional(&mut self.connection)
                .await?;
        if let Some(row) = found {
            let customer = id(&row.customer_id)?;
            if peer.name.is_some() || peer.language.is_some() || peer.picture.is_some() {
                self.set_profile(customer, peer).await?;
            }
            return Ok(customer);
        }
        let customer = CustomerId::new(now, entropy());
        let handle = HandleId::new(now, entropy()).to_string();
        let (key, workspace, at) = (customer.to_string(), workspace.to_string(), now.millis());
        let name = peer.name.as_ref().map(Words::as_str);
        query!(
            "INSERT INTO customer (id, workspace_id, name, language, picture, created_at)
             VALUES (?, ?, ?, ?, ?, ?)",
            key,
            workspace,
            name,
            peer.language,
            peer.picture,
            at
        )
        .execute(&mut self.connection)
        .await?;
        query!(
            "INSERT INTO handle (id, customer_id, channel_id, peer, created_at) VALUES (?, ?, ?, ?, ?)",
            handle,
            key,
            channel,
            peer.id,
            at
        )
        .execute(&mut self.connection)
        .await?;
        Ok(customer)
    }

    /// What the platform says of the person; what it leaves out stays as it was.
    pub async fn set_profile(&mut self, customer: CustomerId, peer: &Peer) -> Result<()> {
        let (key, name) = (customer.to_string(), peer.name.as_ref().map(Words::as_str));
        query!(
            "UPDATE customer SET name = COALESCE(?, name), language = COALESCE(?, language),
                    picture = COALESCE(?, picture)
             WHERE id = ?",
            name,
            peer.language,
            peer.picture,
            key
        )
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// The platform was asked for the person's profile; it is not asked again by itself.
    pub async fn profile_asked(&mut self, handle: HandleId, now: Timestamp) -> Result<()> {
        let (key, at) = (handle.to_string(), now.millis());
        query!("UPDATE handle SET asked_at = ? WHERE id = ?", at, key).execute(&mut self.connection).await?;
        Ok(())
    }

    pub async fn set_customer_autonomy(
        &mut self,
        customer: CustomerId,
        autonomy: Option<Autonomy>,
    ) -> Result<()> {
        let (key, value) = (customer.to_string(), autonomy.map(Autonomy::name));
        query!("UPDATE customer SET autonomy = ? WHERE id = ?", value, key)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// The person removed or blocked the account, or came back.
    pub async fn set_blocked(
        &mut self,
        channel: ChannelId,
        peer: &str,
        blocked: Option<Timestamp>,
    ) -> Result<()> {
        let (channel, at) = (channel.to_string(), blocked.map(Timestamp::millis));
        query!("UPDATE handle SET blocked_at = ? WHERE channel_id = ? AND peer = ?", at, channel, peer)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}

/// A person the platform has not been asked about.
#[derive(Debug, Clone)]
pub struct UnaskedHandle {
    pub handle: HandleId,
    pub channel: ChannelId,
    pub customer: CustomerId,
    pub peer: String,
    pub named: bool,
}

impl Reader {
    /// The oldest first.
    pub async fn unasked_handles(&self, most: i64) -> Result<Vec<UnaskedHandle>> {
        query!(
            r#"SELECT handle.id, handle.channel_id, handle.customer_id, handle.peer,
                      customer.name IS NOT NULL AS "named!: i64"
               FROM handle JOIN customer ON customer.id = handle.customer_id
               WHERE handle.asked_at IS NULL ORDER BY handle.created_at LIMIT ?"#,
            most
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(UnaskedHandle {
                handle: id(&row.id)?,
                channel: id(&row.channel_id)?,
                customer: id(&row.customer_id)?,
                peer: row.peer,
                named: row.named != 0,
            })
        })
        .collect()
    }

    pub async fn customer(&self, customer: CustomerId) -> Result<CustomerRow> {
        let key = customer.to_string();
        let row = query!(
            "SELECT id, name, language, autonomy, satisfaction, created_at FROM customer WHERE id = ?",
            key
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound("customer"))?;
        Ok(CustomerRow {
            id: id(&row.id)?,
            name: row.name.map(Words::from),
            language: row.language,
            autonomy: row.autonomy.as_deref().map(named).transpose()?,
            satisfaction: row.satisfaction,
            created_at: time(row.created_at),
        })
    }

    /// Other conversations this customer has had.
    pub async fn earlier_conversations(&self, customer: CustomerId) -> Result<u32> {
        let key = customer.to_string();
        let row = query!(
            r#"SELECT COALESCE(SUM(episode), 1) - 1 AS "n!: i64" FROM conversation WHERE customer_id = ?"#,
            key
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(crate::columns::count(row.n))
    }
}
