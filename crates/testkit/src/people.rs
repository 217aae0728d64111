//! The people of the stories: who they are, and under which id each platform knows them.

use crate::ids::keyed_hex;

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// In Latin letters, for transcripts.
    pub name: String,
    /// As they call themselves on the platforms.
    pub display_name: String,
    /// BCP 47.
    pub language: String,
    number: u64,
}

impl Person {
    /// Likes blue shirts; writes in short Thai messages, three instead of one.
    pub fn mali() -> Self {
        Self::known("Mali", "มะลิ 🌼", "th", 1)
    }

    /// Angry, mostly with a reason.
    pub fn somchai() -> Self {
        Self::known("Somchai", "สมชาย ใจดี", "th", 2)
    }

    /// Mixes Thai and English; asks for sizes.
    pub fn ploy() -> Self {
        Self::known("Ploy", "พลอย Ploy", "th", 3)
    }

    /// A tourist; English only.
    pub fn john() -> Self {
        Self::known("John", "John Smith", "en", 4)
    }

    /// Sends stickers.
    pub fn nok() -> Self {
        Self::known("Nok", "นก", "th", 5)
    }

    /// Tries to talk the assistant into things.
    pub fn mallory() -> Self {
        Self::known("Mallory", "ผู้ดูแลระบบ", "en", 6)
    }

    /// One of a crowd; `nth` from 0.
    pub fn of_the_crowd(nth: u64) -> Self {
        let name = format!("Guest {nth}");
        Self { display_name: name.clone(), name, language: "th".to_owned(), number: 1_000 + nth }
    }

    /// By their name in Latin letters, without regard to case: `mali`, `somchai`, …, `guest 7`.
    pub fn named(name: &str) -> Option<Self> {
        let wanted = name.trim().to_lowercase();
        if let Some(nth) = wanted.strip_prefix("guest ") {
            return nth.parse().ok().map(Self::of_the_crowd);
        }
        Self::everyone().into_iter().find(|person| person.name.to_lowercase() == wanted)
    }

    pub fn everyone() -> [Self; 6] {
        [Self::mali(), Self::somchai(), Self::ploy(), Self::john(), Self::nok(), Self::mallory()]
    }

    /// `U` and 32 hex digits.
    pub fn line_id(&self) -> String {
        let id = keyed_hex(b"line user", &self.number.to_be_bytes());
        format!("U{}", id.get(..32).unwrap_or_default())
    }

    /// A page-scoped id: digits, too many for 53 bits.
    pub fn psid(&self) -> String {
        format!("78{:015}", 400_000_000_000 + self.number)
    }

    /// Beyond 32 bits, as newer accounts are.
    pub fn telegram_id(&self) -> i64 {
        7_100_000_000 + i64::try_from(self.number).unwrap_or(0)
    }

    fn known(name: &str, display_name: &str, language: &str, number: u64) -> Self {
        Self {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            language: language.to_owned(),
            number,
        }
    }
}
