//! Runs: the receipt of every time the assistant was asked (`ai_response_logs`).

use domain::{ChannelId, ConversationId, Run, RunId, Timestamp, TurnId, Words, WorkspaceId};
use sqlx::query;

use crate::{
    Figure, Reader, Result, Tx,
    columns::{from_json, id, json, time},
    connection::entropy,
};

/// A receipt as it is shown.
#[derive(Debug, Clone)]
pub struct RunRow {
    pub id: RunId,
    pub turn: TurnId,
    pub at: Timestamp,
    pub run: Run,
}

impl Tx {
    pub async fn add_run(
        &mut self,
        workspace: WorkspaceId,
        channel: ChannelId,
        conversation: ConversationId,
        turn: TurnId,
        run: &Run,
        now: Timestamp,
    ) -> Result<RunId> {
        let made = RunId::new(now, entropy());
        let (key, workspace, at) = (made.to_string(), workspace.to_string(), now.millis());
        let (conversation, turn) = (conversation.to_string(), turn.to_string());
        let (prompt, response) = (run.prompt.as_str(), run.response.as_str());
        let details = json(&Run { prompt: Words::default(), response: Words::default(), ..run.clone() })?;
        let cost = run.cost_micro_usd.map(|cost| i64::try_from(cost).unwrap_or(i64::MAX));
        query!(
            "INSERT INTO run
                (id, workspace_id, conversation_id, turn_id, at, provider, model, prompt, response, tokens_in,
                 tokens_cached, tokens_out, cost_micro_usd, millis, details, error)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key,
            workspace,
            conversation,
            turn,
            at,
            run.provider,
            run.model,
            prompt,
            response,
            run.tokens_in,
            run.tokens_cached,
            run.tokens_out,
            cost,
            run.millis,
            details,
            run.error
        )
        .execute(&mut self.connection)
        .await?;
        self.figure(channel, now, Figure::Runs, 1).await?;
        self.figure(channel, now, Figure::RunMillis, i64::from(run.millis)).await?;
        for (figure, value) in [
            (Figure::CostMicroUsd, cost),
            (Figure::TokensIn, run.tokens_in.map(i64::from)),
            (Figure::TokensOut, run.tokens_out.map(i64::from)),
        ] {
            if let Some(value) = value {
                self.figure(channel, now, figure, value).await?;
            }
        }
        Ok(made)
    }
}

impl Reader {
    /// The receipts of a turn, oldest first.
    pub async fn runs_of_turn(&self, turn: TurnId) -> Result<Vec<RunRow>> {
        let key = turn.to_string();
        query!(
            "SELECT id, turn_id, at, prompt, response, details FROM run WHERE turn_id = ? ORDER BY rowid",
            key
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            let run: Run = from_json(&row.details)?;
            Ok(RunRow {
                id: id(&row.id)?,
                turn: id(&row.turn_id)?,
                at: time(row.at),
                run: Run { prompt: row.prompt.into(), response: row.response.into(), ..run },
            })
        })
        .collect()
    }
}
