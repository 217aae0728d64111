//! What a platform allows, as values, and the pure rules over them: windows, and packing words into calls.

use std::time::Duration;

use domain::{LengthUnit, TextLimit, Timestamp, Words, split_text};
use serde::Serialize;

use crate::OutPart;

const HOUR: Duration = Duration::from_secs(3_600);

/// LINE takes a reply token within one minute of the webhook; ten seconds are left for the way there.
/// <https://developers.line.biz/en/reference/messaging-api/#send-reply-message>
pub const REPLY_TOKEN_LIFE: Duration = Duration::from_secs(50);

/// What can be done on a platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Abilities {
    pub text_limit: TextLimit,
    /// Messages that one call may carry.
    pub most_per_call: usize,
    pub quick_replies: Option<QuickReplyLimit>,
    pub images: bool,
    /// A typing or loading indication can be shown.
    pub typing: bool,
    pub marks_read: bool,
    /// What makes a send recognisable afterwards.
    pub key_on_send: KeyOnSend,
    /// Past messages can be read back: `poll` fills gaps after sleep, `reconcile` looks doubtful sends up.
    pub history: bool,
    pub window: WindowRule,
    /// Events come by `poll`, which is to be called without end.
    pub polls: bool,
    /// Events come to the door as webhooks.
    pub webhooks: bool,
    pub groups: bool,
    /// Sends without a reply token are counted against a quota.
    pub quota: bool,
}

/// Buttons under a message that say something when tapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct QuickReplyLimit {
    pub most: usize,
    pub label: TextLimit,
    pub send: TextLimit,
}

/// What makes a send recognisable afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOnSend {
    /// The same key again within this time is taken once: a doubtful send may simply be repeated.
    RetryKey {
        valid: Duration,
    },
    /// What we attach comes back in the echo; the platform does not deduplicate.
    Metadata,
    None,
}

/// Until when a platform lets us write to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowRule {
    Unlimited,
    /// Anything within `standard` of the customer's last action; words a person typed within `person`.
    SinceLastInbound {
        standard: Duration,
        person: Duration,
    },
}

impl WindowRule {
    /// 24 hours; seven days with the HUMAN_AGENT tag.
    /// <https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages>
    pub const META: Self =
        Self::SinceLastInbound { standard: HOUR.saturating_mul(24), person: HOUR.saturating_mul(24 * 7) };
}

/// Whether and until when these words may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowState {
    /// The platform has no such limit.
    Unlimited,
    Open {
        until: Timestamp,
    },
    /// Only because a person typed them.
    HumanAgentOnly {
        until: Timestamp,
    },
    Closed,
}

/// Whether words may go out now. A window ends at its last millisecond: at `until` it is closed.
pub fn window(
    rule: WindowRule,
    last_inbound: Option<Timestamp>,
    now: Timestamp,
    typed_by_person: bool,
) -> WindowState {
    let (standard, person) = match rule {
        WindowRule::Unlimited => return WindowState::Unlimited,
        WindowRule::SinceLastInbound { standard, person } => (standard, person),
    };
    let Some(last) = last_inbound else { return WindowState::Closed };
    if now < last + standard {
        WindowState::Open { until: last + standard }
    } else if typed_by_person && now < last + person {
        WindowState::HumanAgentOnly { until: last + person }
    } else {
        WindowState::Closed
    }
}

/// Parts made to fit the platform, dealt into calls in order: long texts split at sentence ends, choices the
/// platform has no buttons for listed as lines, pictures it cannot show sent as their address.
pub fn pack_into_calls(parts: &[OutPart], can: &Abilities) -> Vec<Vec<OutPart>> {
    let fitting: Vec<OutPart> = parts.iter().flat_map(|part| fit(part, can)).collect();
    fitting.chunks(can.most_per_call.max(1)).map(<[OutPart]>::to_vec).collect()
}

fn fit(part: &OutPart, can: &Abilities) -> Vec<OutPart> {
    match part {
        OutPart::Text(words) => texts(words.as_str(), can.text_limit),
        OutPart::Image { url, preview } if can.images => {
            vec![OutPart::Image { url: url.clone(), preview: preview.clone() }]
        }
        OutPart::Image { url, .. } => texts(url, can.text_limit),
        OutPart::QuickReplies { text, choices } => match can.quick_replies {
            Some(limit) => with_choices(text, choices, limit, can.text_limit),
            None => {
                let listed: Vec<&str> = std::iter::once(text.as_str())
                    .chain(choices.iter().map(|choice| choice.label.as_str()))
                    .collect();
                texts(&listed.join("\n• "), can.text_limit)
            }
        },
    }
}

fn texts(text: &str, limit: TextLimit) -> Vec<OutPart> {
    split_text(text, limit).into_iter().map(|piece| OutPart::Text(Words::new(piece))).collect()
}

/// The buttons hang under the last piece of the text.
fn with_choices(
    text: &Words,
    choices: &[crate::Choice],
    limit: QuickReplyLimit,
    text_limit: TextLimit,
) -> Vec<OutPart> {
    let mut pieces = split_text(text.as_str(), text_limit);
    let Some(last) = pieces.pop() else { return Vec::new() };
    let choices = choices
        .iter()
        .filter(|choice| !choice.label.is_blank())
        .take(limit.most)
        .map(|choice| crate::Choice {
            label: shorten(choice.label.as_str(), limit.label).into(),
            send: shorten(choice.send.as_str(), limit.send).into(),
        })
        .collect();
    let mut parts: Vec<OutPart> = pieces.into_iter().map(|piece| OutPart::Text(piece.into())).collect();
    parts.push(OutPart::QuickReplies { text: last.into(), choices });
    parts
}

/// The whole text when it fits, else its beginning and an ellipsis.
fn shorten(text: &str, limit: TextLimit) -> String {
    if limit.unit.count(text) <= limit.most {
        return text.to_owned();
    }
    let room = limit.most.saturating_sub(limit.unit.of_char('…'));
    let head = split_text(text, TextLimit { most: room.max(1), unit: limit.unit });
    format!("{}…", head.first().map_or("", String::as_str))
}

/// UTF-16 code units, as LINE, Meta and Telegram count.
pub(crate) const fn utf16(most: usize) -> TextLimit {
    TextLimit { most, unit: LengthUnit::Utf16Units }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Choice;

    const DAY: Duration = Duration::from_secs(86_400);
    const ASKED: Timestamp = Timestamp::from_millis(1_795_168_800_000);

    #[test]
    fn the_window_shuts_to_the_millisecond() {
        let meta = |now, person| window(WindowRule::META, Some(ASKED), now, person);
        let (day, week) = (ASKED + DAY, ASKED + DAY * 7);
        let just_before = |end: Timestamp| end - Duration::from_millis(1);
        assert_eq!(meta(ASKED, false), WindowState::Open { until: day });
        assert_eq!(meta(just_before(day), false), WindowState::Open { until: day });
        assert_eq!(meta(day, false), WindowState::Closed, "the assistant never uses the tag for people");
        assert_eq!(meta(day, true), WindowState::HumanAgentOnly { until: week });
        assert_eq!(meta(just_before(week), true), WindowState::HumanAgentOnly { until: week });
        assert_eq!(meta(week, true), WindowState::Closed);
        assert_eq!(window(WindowRule::META, None, ASKED, true), WindowState::Closed);
        assert_eq!(window(WindowRule::Unlimited, None, ASKED, false), WindowState::Unlimited);
    }

    fn small(quick_replies: bool, images: bool) -> Abilities {
        Abilities {
            text_limit: utf16(20),
            most_per_call: 2,
            quick_replies: quick_replies.then(|| QuickReplyLimit {
                most: 2,
                label: utf16(6),
                send: utf16(6),
            }),
            images,
            typing: false,
            marks_read: false,
            key_on_send: KeyOnSend::None,
            history: false,
            window: WindowRule::Unlimited,
            polls: false,
            webhooks: false,
            groups: false,
            quota: false,
        }
    }

    #[test]
    fn a_long_answer_is_split_and_dealt_in_order_and_blanks_vanish() {
        let parts = [
            OutPart::Text("   ".into()),
            OutPart::Text("ร้านเปิดทุกวันค่ะ ยกเว้นวันอังคารค่ะ".into()),
            OutPart::Text("แวะมานะคะ".into()),
        ];
        let calls = pack_into_calls(&parts, &small(false, false));
        let text = |text: &str| OutPart::Text(text.into());
        let expected = vec![vec![text("ร้านเปิดทุกวันค่ะ"), text("ยกเว้นวันอังคารค่ะ")], vec![text("แวะมานะคะ")]];
        assert_eq!(calls, expected);
        assert!(pack_into_calls(&[], &small(false, false)).is_empty());
    }

    #[test]
    fn choices_hang_under_the_last_piece_and_fit_their_buttons() {
        let choice = |label: &str| Choice { label: label.into(), send: label.into() };
        let asked = OutPart::QuickReplies {
            text: "มีสองสีนะคะ เลือกสีที่ชอบได้เลยค่ะ".into(),
            choices: vec![choice("ฟ้า"), choice(" "), choice("เขียวมรกต"), choice("แดง")],
        };
        let calls = pack_into_calls(std::slice::from_ref(&asked), &small(true, false));
        let Some(OutPart::QuickReplies { choices, .. }) = calls.concat().pop() else { panic!("{calls:?}") };
        let labels: Vec<&str> = choices.iter().map(|choice| choice.label.as_str()).collect();
        assert_eq!(labels.len(), 2);
        assert_eq!(labels[0], "ฟ้า");
        assert!(labels[1].ends_with('…') && labels[1].encode_utf16().count() <= 6, "{labels:?}");
        let listed = pack_into_calls(&[asked], &small(false, false)).concat();
        assert!(listed.iter().all(|part| matches!(part, OutPart::Text(_))));
    }

    #[test]
    fn a_picture_that_cannot_be_shown_is_sent_as_its_address() {
        let image = OutPart::Image { url: "https://x.example/a".to_owned(), preview: None };
        let calls = pack_into_calls(std::slice::from_ref(&image), &small(false, false));
        assert!(matches!(calls.concat().as_slice(), [OutPart::Text(_), ..]));
        assert_eq!(pack_into_calls(std::slice::from_ref(&image), &small(false, true)), [[image]]);
    }
}
