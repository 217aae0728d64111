//! Amounts of money: in figures with a unit, in Thai words, and bare where the words around speak of a price.

use std::ops::Range;

use domain::EntityKind;
use regex::Regex;

use super::{
    Taken,
    amounts::{THAI_NUMBER, number_of, thai_number},
    pattern, stands_free,
};
use crate::thai;

pub(super) struct Money {
    with_unit: Regex,
    unit_first: Regex,
    in_words: Regex,
    bare: Regex,
    talk: Regex,
}

const NUMBER: &str = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?";

/// A bare number right after one of these is money …
const NAMES_A_PRICE: &[&str] = &[
    "ราคา",
    "ละ",
    "โอน",
    "โอนไป",
    "โอนแล้ว",
    "โอนเงิน",
    "ยอด",
    "งบ",
    "งบสัก",
    "จ่าย",
    "จ่ายไป",
    "มัดจำ",
    "ค่าส่ง",
    "เงิน",
    "เงินไป",
    "ตัด",
    "ตัดไป",
    "หัก",
    "ลดเหลือ",
    "ขาย",
    "เกิน",
    "เกินไป",
    "ส่วนต่าง",
    "ค่าครู",
    "ไปอีก",
    "หายไปไหน",
    "price",
    "paid",
    "pay",
    "costs",
    "budget",
    "total",
    "deposit",
    "charged",
    "transferred",
    "transfer",
    "refund",
    "fee",
    "kern",
    "เหรียญไป",
];

/// … and one that looks like a price is money where any of these is said.
const TALKS_OF_MONEY: &str = concat!(
    "ราคา|โอน|ยอด|งบ|จ่าย|มัดจำ|คืน|ค่า|เงิน|ลด|ขาย|เก็บ|โปร|แพง|ถูก|สลิป|ชำระ|ดาวน์|เติม|บิล|ขาด|ตัง|เครดิต|รายได้|ส่งฟรี|บุฟ|สั่ง|กี่บาท|เท่าไ|คูปอง|กี่|เอง|บวก|",
    "price|paid|pay|cost|budget|deposit|charge|transfer|refund|buffet|cheap|expensive|change|last price|how much|wallet|cf|ngern|promo|on sale|can u do|can you|would you take|ใช่ไหม|ใช่ปะ| say |off",
);

/// Unless one of these follows: then it counts or measures something.
const COUNTS_SOMETHING: &[&str] = &[
    "คน",
    "ชิ้น",
    "อัน",
    "ตัว",
    "ใบ",
    "กล่อง",
    "แก้ว",
    "จาน",
    "ชุด",
    "ห้อง",
    "โต๊ะ",
    "กิโล",
    "โล",
    "ขวด",
    "ถุง",
    "แพ็",
    "คู่",
    "เล่ม",
    "คัน",
    "เครื่อง",
    "ต้น",
    "ดอก",
    "ลูก",
    "ผืน",
    "เส้น",
    "ซอง",
    "วัน",
    "เดือน",
    "ปี",
    "ชั่วโมง",
    "ชม",
    "นาที",
    "ครั้ง",
    "รอบ",
    "ทุ่ม",
    "โมง",
    "%",
    "เปอร์",
    "ซม",
    "cm",
    "kg",
    "g",
    "gb",
    "ml",
    "มล",
    "กรัม",
    "เมตร",
    "นิ้ว",
    "ขวบ",
    "/1",
    "/2",
    "/3",
    ":",
    "pcs",
    "people",
    "pax",
    "day",
    "days",
    "night",
    "nights",
    "hour",
    "hours",
    "min",
    "mins",
    "minute",
    "minutes",
    "times",
    "ข้อ",
    "ตร",
    "สาขา",
    "x",
    "วิว",
    "ไลก์",
    "ไลค์",
    "ฟอล",
    "กว่า",
    "องศา",
    "มิล",
    "km",
    "กม",
    "w",
    "วัตต์",
    "cc",
    "slot",
    "slots",
    "สิทธิ์",
    "คูณ",
    "แคล",
    "หน้า",
    "btu",
    "ลิตร",
    "guests",
    "shot",
];

/// Before a number these say that it measures something else.
const MEASURES: &[&str] = &[
    "ไมล์",
    "ขนาด",
    "ผู้ติดตาม",
    "ปี",
    "รุ่น",
    "สูง",
    "เบอร์",
    "ผลรวม",
    "อายุ",
    "ไอโฟน",
    "ฟลท",
    "ชั้น",
    "ห้อง",
    "code",
    "moq",
    "rtx",
    "office",
];

impl Money {
    pub(super) fn new() -> Self {
        Self {
            with_unit: pattern(&format!(
                r"({NUMBER})\s?(บาท|บ\.|฿|thb|baht|bath|\.-|-|usd|us\$|dollars?|bucks|eur(?:os?)?|€|£|gbp|k|พัน|หมื่น|แสน|ล้าน)(?:\s?(บาท|baht|thb|฿))?"
            )),
            unit_first: pattern(&format!(r"(฿|thb|baht|usd|us\$|\$|€|eur|£|gbp)\s?({NUMBER})(k)?")),
            in_words: pattern(&format!(r"({THAI_NUMBER}+)(?:(บาท)({THAI_NUMBER}*)|ถ้วน)?")),
            talk: pattern(TALKS_OF_MONEY),
            bare: pattern(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{2,6}(?:\.\d{1,2})?"),
        }
    }

    pub(super) fn find(&self, taken: &mut Taken<'_>) {
        if taken.text.bytes().any(|byte| byte.is_ascii_digit()) {
            self.figures(taken);
            self.bare_figures(taken);
        }
        self.words(taken);
    }

    fn figures(&self, taken: &mut Taken<'_>) {
        for hit in self.unit_first.captures_iter(taken.text) {
            let (Some(whole), Some(unit), Some(number)) = (hit.get(0), hit.get(1), hit.get(2)) else {
                continue;
            };
            let factor = if hit.get(3).is_some() { 1_000 } else { 1 };
            if let (true, Some(value)) =
                (stands_free(taken.text, &whole.range()), times(number.as_str(), factor))
            {
                taken.take(
                    EntityKind::Money,
                    whole.range(),
                    format!("{value} {}", currency(unit.as_str())),
                    0.97,
                );
            }
        }
        for hit in self.with_unit.captures_iter(taken.text) {
            let (Some(whole), Some(number), Some(unit)) = (hit.get(0), hit.get(1), hit.get(2)) else {
                continue;
            };
            let currency_after = hit.get(3).is_some();
            let range = whole.range();
            let sure = match unit.as_str() {
                "-" => is_price_dash(taken, &range, number.as_str()),
                "k" => {
                    currency_after
                        || !taken.after(range.end).trim_start().starts_with(|ch: char| ch.is_ascii_digit())
                }
                "พัน" | "หมื่น" | "แสน" | "ล้าน" => {
                    currency_after || !counts_something(taken.after(range.end))
                }
                _ => true,
            };
            if let (true, true, Some(value)) =
                (sure, stands_free(taken.text, &range), times(number.as_str(), factor(unit.as_str())))
            {
                taken.take(EntityKind::Money, range, format!("{value} {}", currency(unit.as_str())), 0.96);
            }
        }
    }

    /// สามพัน, พันห้า, สองบาทห้าสิบ; smaller numbers only with บาท or beside words of money.
    fn words(&self, taken: &mut Taken<'_>) {
        for hit in self.in_words.captures_iter(taken.text) {
            let (Some(whole), Some(number)) = (hit.get(0), hit.get(1)) else { continue };
            let Some(baht) = thai_number(number.as_str()) else { continue };
            if !stands_free(taken.text, &whole.range()) {
                continue;
            }
            let says_baht = hit.get(2).is_some();
            let satang =
                hit.get(3).filter(|rest| !rest.is_empty()).and_then(|rest| thai_number(rest.as_str()));
            let before = taken.before(whole.start());
            let after = taken.after(whole.end());
            let sizeable = baht >= 100 || (baht >= 20 && number.as_str().contains("สิบ"));
            // พัน alone may be a verb or begin พันธุ์
            let alone = is_one_unit(number.as_str()) && !names_a_price(before);
            let other = measures(before) || counts_something(after) || after.starts_with("ธุ") || alone;
            let spoken = sizeable && !other && (names_a_price(before) || baht >= 100);
            if says_baht || spoken {
                let value = satang.map_or_else(|| baht.to_string(), |satang| format!("{baht}.{satang:02}"));
                taken.take(
                    EntityKind::Money,
                    whole.range(),
                    format!("{value} THB"),
                    if says_baht { 0.97 } else { 0.8 },
                );
            }
        }
    }

    /// Numbers without a unit: right after a word of price, or looking like a price in talk of money.
    fn bare_figures(&self, taken: &mut Taken<'_>) {
        let talks = self.talk.is_match(taken.text);
        for hit in self.bare.find_iter(taken.text) {
            let range = hit.range();
            let before = taken.before(range.start);
            let joined = before.ends_with(|ch: char| {
                ch.is_ascii_alphabetic() || matches!(ch, '#' | '-' | '+' | '@' | '_' | '/')
            });
            let other = joined
                || measures(before)
                || counts_something(taken.after(range.end))
                || !stands_free(taken.text, &range);
            let span = taken.after(range.end).starts_with('-');
            let near =
                names_a_price(before) && !span && (hit.as_str().len() == 2 || !is_laughter(hit.as_str()));
            if other || !(near || ((talks || hit.as_str().contains(',')) && looks_like_a_price(hit.as_str())))
            {
                continue;
            }
            if let Some(value) = number_of(hit.as_str()) {
                taken.take(EntityKind::Money, range, format!("{value} THB"), if near { 0.8 } else { 0.6 });
            }
        }
    }
}

/// Three figures or more, ending as prices do, and neither a year nor a row of fives (laughter).
fn looks_like_a_price(number: &str) -> bool {
    let plain = number.replace(',', "");
    let Ok(value) = plain.parse::<u32>() else { return plain.contains('.') && plain.len() >= 6 };
    let year = !number.contains(',') && matches!(value, 2019..=2035 | 2555..=2575);
    (100..=500_000).contains(&value)
        && (value % 5 == 0 || value % 10 == 9 || number.contains(','))
        && !year
        && !is_laughter(&plain)
}

/// Three fives or more.
fn is_laughter(number: &str) -> bool {
    number.len() >= 3 && number.bytes().all(|byte| byte == b'5')
}

fn measures(before: &str) -> bool {
    let before = before.trim_end();
    MEASURES.iter().any(|word| before.ends_with(*word))
}

fn is_one_unit(words: &str) -> bool {
    matches!(words, "ร้อย" | "พัน" | "หมื่น" | "แสน" | "ล้าน")
}

fn names_a_price(before: &str) -> bool {
    let before = before.trim_end_matches([' ', ':', '=']);
    NAMES_A_PRICE.iter().any(|word| {
        before.ends_with(*word)
            && before.len().checked_sub(word.len()).is_some_and(|at| thai::may_cut(before, at))
    })
}

fn counts_something(after: &str) -> bool {
    let after = after.trim_start_matches(' ');
    if after.starts_with("ต้นๆ") {
        return false;
    }
    COUNTS_SOMETHING.iter().any(|word| after.starts_with(*word) && thai::may_cut(after, word.len()))
}

/// `500-` at the end of a number is a price, in `500-700` it is not.
fn is_price_dash(taken: &Taken<'_>, range: &Range<usize>, number: &str) -> bool {
    let next = taken.after(range.end).chars().next();
    number.len() >= 3 && !next.is_some_and(char::is_alphanumeric)
}

fn factor(unit: &str) -> u64 {
    match unit {
        "k" | "พัน" => 1_000,
        "หมื่น" => 10_000,
        "แสน" => 100_000,
        "ล้าน" => 1_000_000,
        _ => 1,
    }
}

fn currency(unit: &str) -> &'static str {
    match unit {
        "usd" | "us$" | "$" | "dollar" | "dollars" | "bucks" => "USD",
        "eur" | "euro" | "euros" | "€" => "EUR",
        "gbp" | "£" => "GBP",
        _ => "THB",
    }
}

/// The number times a whole factor, in decimal, so that 2.5k is 2500 exactly.
fn times(number: &str, factor: u64) -> Option<String> {
    let plain = number_of(number)?;
    if factor == 1 {
        return Some(plain);
    }
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let units = whole.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(if part.is_empty() {
        0
    } else {
        part.parse().ok()?
    })?;
    Some((units.checked_mul(factor)? / scale).to_string())
}
