//! The few words the house says by itself: that a person will answer, and that the shop is closed.

use domain::{Language, OpenState, Personality, ShopFacts, Timestamp, Tongue};
use jiff::tz::TimeZone;

pub(crate) struct Notes;

impl Notes {
    /// Tells the customer that a person will answer, and from when if the shop is closed.
    pub(crate) fn hand_over(
        &self,
        tongue: Tongue,
        personality: Option<&Personality>,
        open: OpenState,
        facts: &ShopFacts,
    ) -> String {
        let particle = personality.map_or("ค่ะ", |one| one.particle_th.of_statement());
        let zone = TimeZone::get(&facts.timezone).unwrap_or(TimeZone::UTC);
        let from = match open {
            OpenState::Open => None,
            OpenState::Closed { opens, .. } => opens.map(|at| clock_face(at, &zone)),
        };
        match (tongue, from) {
            (Tongue::Thai, None) => {
                format!("ขอส่งเรื่องนี้ให้แอดมินดูแลต่อนะ{} สักครู่{particle}", softened(particle))
            }
            (Tongue::Thai, Some((day, time))) => format!(
                "ขอส่งเรื่องนี้ให้แอดมินดูแลต่อนะ{} ตอนนี้ร้านปิด แอดมินจะตอบตั้งแต่ {day} {time} น. {particle}",
                softened(particle)
            ),
            (Tongue::English, None) => {
                "I am passing this on to a person from the shop, who will answer you here.".to_owned()
            }
            (Tongue::English, Some((day, time))) => format!(
                "I am passing this on to a person from the shop. We are closed now; someone will answer from {day} {time}."
            ),
        }
    }
}

/// The tongue for a customer: English for English, Thai for all else that this shop is likely to meet.
pub(crate) const fn tongue_for(language: Language) -> Tongue {
    match language {
        Language::En | Language::Other => Tongue::English,
        Language::Th | Language::Mixed => Tongue::Thai,
    }
}

/// After นะ the particle is spoken short: นะคะ, นะครับ.
fn softened(particle: &str) -> &str {
    if particle == "ค่ะ" { "คะ" } else { particle }
}

/// `12/06` and `07:30`, local.
fn clock_face(at: Timestamp, zone: &TimeZone) -> (String, String) {
    let local = at.zoned(zone);
    (format!("{:02}/{:02}", local.day(), local.month()), format!("{:02}:{:02}", local.hour(), local.minute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_shop_says_from_when_a_person_answers() {
        let facts = ShopFacts { timezone: "Asia/Bangkok".to_owned(), ..ShopFacts::default() };
        // 2026-06-11T00:30Z is 07:30 in Bangkok.
        let opens = Some(Timestamp::from_millis(1_781_137_800_000));
        let closed = OpenState::Closed { period: Timestamp::default(), opens };
        let note = Notes.hand_over(Tongue::Thai, None, closed, &facts);
        assert!(note.contains("11/06 07:30") && note.contains("นะคะ"), "{note}");
        let open = Notes.hand_over(Tongue::English, None, OpenState::Open, &facts);
        assert!(!open.contains("closed"), "{open}");
    }
}
