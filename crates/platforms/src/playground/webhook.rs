//! The played customer's words, in and out of the envelope. No signature: they never leave the laptop.

use domain::{Event, EventKind, Incoming, Part, Thread, ThreadKind, Timestamp};

use super::Said;
use crate::{ReceiveError, Webhook};

/// The envelope for these words, as the door of another platform would have made it.
pub fn said(said: &[Said], now: Timestamp) -> Webhook {
    Webhook::post(serde_json::to_vec(said).unwrap_or_default(), now)
}

/// The events in such an envelope.
pub fn read(hook: &Webhook) -> Result<Vec<Event>, ReceiveError> {
    let said: Vec<Said> =
        serde_json::from_slice(&hook.body).map_err(|error| ReceiveError::Malformed { at: error.column() })?;
    Ok(said.into_iter().map(event).collect())
}

fn event(said: Said) -> Event {
    let mut parts: Vec<Part> = Vec::new();
    match (said.text, said.payload) {
        (title, Some(payload)) => parts.push(Part::Postback { title, payload: Some(payload) }),
        (Some(text), None) => parts.push(Part::Text { text }),
        (None, None) => {}
    }
    parts.extend(said.sticker.map(|words| Part::Sticker { id: None, words: Some(words), url: None }));
    let message = Incoming { reply_to: said.reply_to, ..Incoming::new(said.id.clone(), parts) };
    Event {
        key: said.id,
        at: said.at,
        account: None,
        thread: Some(Thread { key: said.from.id.clone(), kind: ThreadKind::Direct, peer: Some(said.from) }),
        what: EventKind::Message(message),
    }
}

#[cfg(test)]
mod tests {
    use domain::Peer;

    use super::*;

    #[test]
    fn what_the_played_customer_says_arrives_as_said() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let mali = Peer { id: "mali".to_owned(), name: Some("มะลิ".into()), ..Peer::default() };
        let words = Said {
            id: "play-1".to_owned(),
            at: now,
            from: mali.clone(),
            text: Some("เสื้อสีฟ้ามีไหมคะ".into()),
            sticker: None,
            payload: None,
            reply_to: None,
        };
        let events = read(&said(&[words], now)).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].key, "play-1");
        assert_eq!(events[0].thread.as_ref().unwrap().peer, Some(mali));
        let EventKind::Message(message) = &events[0].what else { panic!("{:?}", events[0]) };
        assert_eq!(message.parts, [Part::text("เสื้อสีฟ้ามีไหมคะ")]);
        assert!(message.addressed && !message.standby);
    }
}
