//! Reading a conversation back to find out whether a doubtful message landed.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversations>

use std::time::Duration;

use domain::{ThreadKind, Timestamp};

use super::CONVERSATIONS;
use crate::{Call, Fate, OutPart, SendError, json::Json, meta::Graph};

/// Our clock and Meta's may differ by this much.
const SKEW: Duration = Duration::from_secs(120);

/// Meta's times are whole seconds, and few clocks agree to the second.
const ROUNDING: Duration = Duration::from_secs(5);

/// Before this long after the attempt, what is not there may still come.
const SETTLED: Duration = Duration::from_secs(90);

/// Only the newest 20 messages of a conversation can be read.
const READABLE: usize = 20;

/// History carries no metadata, so a message is ours if its words are, it is from the Page, and it is from then.
/// One such message: landed. None although the list reaches back far enough and time has passed: absent.
/// Anything else (pictures, several alike, a public answer) nobody can decide.
pub(super) async fn reconcile(
    graph: &Graph,
    page: &str,
    call: &Call,
    tried: Timestamp,
) -> Result<Fate, SendError> {
    let [OutPart::Text(words) | OutPart::QuickReplies { text: words, .. }] = call.parts.as_slice() else {
        return Ok(Fate::Undecidable);
    };
    if call.kind != ThreadKind::Direct {
        return Ok(Fate::Undecidable);
    }
    let fields = format!("messages.limit({READABLE}){{id,created_time,from,message}}");
    let query = [("platform", "messenger"), ("user_id", call.thread.as_str()), ("fields", fields.as_str())];
    let found = graph
        .get(CONVERSATIONS, &[page, "conversations"], &query)
        .await
        .map_err(super::Trouble::of_asking)?;
    let Some(conversation) = found.get("data").list().first() else { return Ok(Fate::Undecidable) };
    let messages = conversation.at(&["messages", "data"]).list();
    Ok(judge(messages, page, words.as_str(), tried, call.now))
}

fn judge(messages: &[Json], page: &str, words: &str, tried: Timestamp, now: Timestamp) -> Fate {
    let earliest = tried - SKEW;
    let alike: Vec<(String, Timestamp)> = messages
        .iter()
        .filter(|message| message.at(&["from", "id"]).id().as_deref() == Some(page))
        .filter(|message| message.get("message").text().is_some_and(|text| text.trim() == words.trim()))
        .filter_map(|message| message.get("id").id().zip(time(message)))
        .filter(|(_, time)| *time >= earliest)
        .collect();
    let complete = messages.len() < READABLE || messages.iter().filter_map(time).any(|time| time < earliest);
    match alike.as_slice() {
        // Clearly earlier, it may be the same words said before.
        [(id, time)] if *time >= tried - ROUNDING => Fate::Landed { messages: vec![id.clone()] },
        [] if complete && !messages.is_empty() && now.since(tried) >= SETTLED => Fate::Absent,
        _ => Fate::Undecidable,
    }
}

/// `2026-01-02T03:04:05+0000`
pub(super) fn time(message: &Json) -> Option<Timestamp> {
    instant(message.get("created_time").text()?)
}

pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let read = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%z", text).ok()?.to_timestamp().ok()?;
    Some(Timestamp::from_millis(read.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "1001";

    fn message(id: &str, from: &str, at: &str, text: &str) -> Json {
        Json::read(
            &serde_json::json!({"id": id, "from": {"id": from}, "created_time": at, "message": text})
                .to_string(),
        )
    }

    fn at(text: &str) -> Timestamp {
        instant(text).unwrap()
    }

    #[test]
    fn the_reply_to_mali_is_found_by_its_words_and_its_time() {
        let tried = at("2026-11-20T10:00:00+0700");
        let talk = [
            message("m2", PAGE, "2026-11-20T03:00:04+0000", "มีสีฟ้าค่ะ "),
            message("m1", "77", "2026-11-20T02:58:00+0000", "มีสีฟ้าค่ะ"),
        ];
        let fate = judge(&talk, PAGE, "มีสีฟ้าค่ะ", tried, tried + Duration::from_secs(5));
        assert_eq!(fate, Fate::Landed { messages: vec!["m2".to_owned()] });
    }

    #[test]
    fn the_same_words_said_yesterday_prove_nothing_and_a_minute_ago_leave_a_doubt() {
        let tried = at("2026-11-20T03:00:00+0000");
        let later = tried + SETTLED;
        let said = |when: &str| [message("m1", PAGE, when, "ค่ะ")];
        assert_eq!(judge(&said("2026-11-19T03:00:00+0000"), PAGE, "ค่ะ", tried, later), Fate::Absent);
        assert_eq!(judge(&said("2026-11-20T02:59:00+0000"), PAGE, "ค่ะ", tried, later), Fate::Undecidable);
    }

    #[test]
    fn what_is_not_there_is_absent_only_once_it_can_no_longer_come() {
        let tried = at("2026-11-20T03:00:00+0000");
        let talk = [message("m1", "77", "2026-11-20T02:50:00+0000", "มีไหมคะ")];
        let early = judge(&talk, PAGE, "มีค่ะ", tried, tried + Duration::from_secs(5));
        let later = judge(&talk, PAGE, "มีค่ะ", tried, tried + SETTLED);
        assert_eq!((early, later), (Fate::Undecidable, Fate::Absent));
    }

    #[test]
    fn two_alike_or_a_list_too_short_to_see_is_nobodys_to_decide() {
        let tried = at("2026-11-20T03:00:00+0000");
        let alike = [
            message("m2", PAGE, "2026-11-20T03:00:04+0000", "ค่ะ"),
            message("m1", PAGE, "2026-11-20T02:59:00+0000", "ค่ะ"),
        ];
        assert_eq!(judge(&alike, PAGE, "ค่ะ", tried, tried + SETTLED), Fate::Undecidable);
        let busy: Vec<Json> = (0..READABLE)
            .map(|index| message(&format!("m{index}"), "77", "2026-11-20T03:01:00+0000", "ฮัลโหล"))
            .collect();
        assert_eq!(judge(&busy, PAGE, "ค่ะ", tried, tried + SETTLED), Fate::Undecidable);
    }
}
