//! Room 2, understanding: every message gets its meaning on the device, and joins the turn it belongs to.

use std::sync::Arc;

use domain::{Influence, LeadSigns, Understanding, lead_potential, priority};
use futures::future::join_all;
use store::{Change, ToUnderstand, Understood};

use crate::{HouseError, hall::Hall, worker::Step};

/// As many messages are understood in one go.
const BATCH: i64 = 256;

/// Longer messages are understood by their beginning; the whole is kept and shown.
const LONGEST_READ: usize = 8_000;

pub(crate) fn wakes(change: &Change) -> bool {
    matches!(change, Change::MessageWaiting)
}

pub(crate) async fn step(hall: &Arc<Hall>) -> Result<Step, HouseError> {
    let waiting = hall.store.read().to_understand(0, BATCH).await?;
    if waiting.is_empty() {
        return Ok(Step::Idle { until: None });
    }
    let reader = hall.reader.clone();
    let texts: Vec<String> = waiting.iter().map(|message| message.text.clone()).collect();
    let meanings = tokio::task::spawn_blocking(move || {
        texts.iter().map(|text| read(&reader, text)).collect::<Vec<Understanding>>()
    })
    .await
    .map_err(|_| HouseError::Refused("a message could not be read".to_owned()))?;
    let settled =
        join_all(waiting.into_iter().zip(meanings).map(|(message, meaning)| settle(hall, message, meaning)))
            .await;
    settled.into_iter().collect::<Result<Vec<()>, _>>()?;
    Ok(Step::Worked)
}

/// What a text means; nothing, when there are no words in it.
pub(crate) fn read(reader: &nlu::Reader, text: &str) -> Understanding {
    if text.trim().is_empty() {
        return Understanding::of_nothing();
    }
    let end = text.char_indices().nth(LONGEST_READ).map_or(text.len(), |(at, _)| at);
    reader.read(text.get(..end).unwrap_or(text))
}

async fn settle(hall: &Arc<Hall>, message: ToUnderstand, meaning: Understanding) -> Result<(), HouseError> {
    let settings = hall.settings();
    let clock = hall.clock.clone();
    let urgency = priority(&meaning, Influence::Ordinary);
    let understood = Understood {
        message: message.message,
        channel: message.channel,
        conversation: message.conversation,
        said_at: message.said_at,
        lead: lead_potential(&meaning, LeadSigns::default()),
        meaning,
        priority: urgency,
    };
    hall.store
        .write(async move |tx| {
            if tx.understood(&understood).await? {
                tx.gather(
                    message.workspace,
                    message.conversation,
                    message.message,
                    message.said_at,
                    message.reply_token_until,
                    urgency,
                    &settings,
                    clock.now(),
                )
                .await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}
