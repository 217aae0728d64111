//! getUpdates: long polling with confirmation by offset, and only one consumer.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Telegram, TelegramError, calls::Parameters};
use crate::wire::{Answer, held};

/// The server waits no longer than this, whatever is asked.
const MOST_SECONDS: i64 = 50;
const MOST_UPDATES: i64 = 100;

impl Telegram {
    pub(super) async fn get_updates(&self, parameters: &Parameters) -> Result<Answer, TelegramError> {
        parameters.only(&["offset", "limit", "timeout", "allowed_updates"])?;
        let offset = parameters.integer("offset")?.unwrap_or(0);
        let limit = parameters.integer("limit")?.unwrap_or(MOST_UPDATES).clamp(1, MOST_UPDATES);
        let seconds = parameters.integer("timeout")?.unwrap_or(0).clamp(0, MOST_SECONDS);
        let mine = {
            let mut state = held(&self.state);
            no_webhook(&state)?;
            if let Some(allowed) = parameters.get("allowed_updates") {
                state.allowed = names(allowed)?;
            }
            state.confirm(offset, self.clock.now_ms());
            state.polls += 1;
            state.polls
        };
        // Whoever waits is terminated by us.
        self.moved.notify_waiters();
        let waited = tokio::time::sleep(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        tokio::pin!(waited);
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // Registered before looking, so that nothing is missed between looking and waiting.
            moved.as_mut().enable();
            if let Some(updates) = self.look(mine, limit)? {
                return Ok(Self::well(&updates));
            }
            tokio::select! {
                () = &mut moved => {}
                () = &mut waited => return Ok(Self::well(&json!([]))),
            }
        }
    }

    /// What waits, if anything; an error when this poll is no longer the one.
    fn look(&self, mine: u64, limit: i64) -> Result<Option<Value>, TelegramError> {
        let state = held(&self.state);
        if state.polls != mine {
            let message = "Conflict: terminated by other getUpdates request; make sure that only one bot \
                           instance is running";
            return Err(TelegramError::new(409, message));
        }
        no_webhook(&state)?;
        if state.updates.is_empty() {
            return Ok(None);
        }
        let limit = usize::try_from(limit).unwrap_or(1);
        Ok(Some(state.updates.iter().take(limit).map(|update| update.body.clone()).collect()))
    }
}

fn no_webhook(state: &super::State) -> Result<(), TelegramError> {
    if state.webhook.is_none() {
        return Ok(());
    }
    let message = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete \
                   the webhook first";
    Err(TelegramError::new(409, message))
}

/// A list of update kinds, as JSON or as JSON in a string (forms and queries).
pub(super) fn names(allowed: &Value) -> Result<Vec<String>, TelegramError> {
    let parsed = allowed.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let list = parsed.as_ref().unwrap_or(allowed).as_array();
    let Some(list) = list else { return Err(TelegramError::bad("can't parse allowed updates list")) };
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}
