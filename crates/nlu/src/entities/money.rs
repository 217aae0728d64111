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
}

const NUMBER: &str = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?";

/// A bare number is money after one of these …
const SPEAKS_OF_MONEY: [&str; 47] = [
    "ราคา",
    "ละ",
    "โอน",
    "โอนไป",
    "โอนแล้ว",
    "โอนเงิน",
    "ยอด",
    "งบ",
    "จ่าย",
    "จ่ายไป",
    "มัดจำ",
    "คืน",
    "ค่าส่ง",
    "ค่า",
    "เงิน",
    "เหลือ",
    "ลดเหลือ",
    "ขาย",
    "เก็บ",
    "เกิน",
    "ส่วนต่าง",
    "ตั้ง",
    "บวก",
    "ขอ",
    "ไม่เกิน",
    "รวม",
    "ทั้งหมด",
    "ลง",
    "price",
    "paid",
    "pay",
    "cost",
    "costs",
    "budget",
    "total",
    "under",
    "deposit",
    "charged",
    "transferred",
    "transfer",
    "for",
    "refund",
    "only",
    "baht",
    "fee",
    "at",
    "around",
];

/// … unless one of these follows: then it counts or measures something.
const COUNTS_SOMETHING: [&str; 64] = [
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
    "ที่",
    "คืน",
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
    "ml",
    "มล",
    "กรัม",
    "เมตร",
    "นิ้ว",
    "ขวบ",
    "/",
    ":",
    "pcs",
    "people",
    "pax",
    "days",
    "night",
    "hour",
    "min",
    "times",
    "ข้อ",
    "ตร",
    "สาขา",
    "x",
];

impl Money {
    pub(super) fn new() -> Self {
        Self {
            with_unit: pattern(&format!(
                r"({NUMBER})\s?(บาท|บ\.|฿|thb|baht|bath|\.-|-|usd|us\$|dollars?|bucks|eur(?:os?)?|€|£|gbp|k|พัน|หมื่น|แสน|ล้าน)(?:\s?(บาท|baht|thb|฿))?"
            )),
            unit_first: pattern(&format!(r"(฿|thb|baht|usd|us\$|\$|€|eur|£|gbp)\s?({NUMBER})(k)?")),
            in_words: pattern(&format!(r"({THAI_NUMBER}+)(?:(บาท)({THAI_NUMBER}*)|ถ้วน)?")),
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
            let alone =
                !number.as_str().contains(|ch: char| thai::is_leading_vowel(ch) || thai::clings_back(ch))
                    || baht < 100;
            let spoken = !counts_something(taken.after(whole.end()))
                && (speaks_of_money(taken.before(whole.start()))
                    || (baht >= 100 && !is_one_unit(number.as_str()) && !alone));
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

    fn bare_figures(&self, taken: &mut Taken<'_>) {
        for hit in self.bare.find_iter(taken.text) {
            let range = hit.range();
            let grouped = hit.as_str().contains(',');
            let before = taken.before(range.start);
            let joined = before.ends_with(|ch: char| {
                ch.is_ascii_alphabetic() || matches!(ch, '#' | '-' | '+' | '@' | '_' | '/')
            });
            let money = speaks_of_money(before) || (grouped && hit.as_str().len() >= 5);
            if money
                && !joined
                && stands_free(taken.text, &range)
                && !counts_something(taken.after(range.end))
            {
                if let Some(value) = number_of(hit.as_str()) {
                    taken.take(EntityKind::Money, range, format!("{value} THB"), 0.7);
                }
            }
        }
    }
}

fn is_one_unit(words: &str) -> bool {
    matches!(words, "ร้อย" | "พัน" | "หมื่น" | "แสน" | "ล้าน")
}

fn speaks_of_money(before: &str) -> bool {
    let before = before.trim_end_matches([' ', ':', '=']);
    SPEAKS_OF_MONEY.into_iter().any(|word| {
        before.ends_with(word)
            && before.len().checked_sub(word.len()).is_some_and(|at| thai::may_cut(before, at))
    })
}

fn counts_something(after: &str) -> bool {
    let after = after.trim_start_matches(' ');
    COUNTS_SOMETHING.into_iter().any(|word| after.starts_with(word) && thai::may_cut(after, word.len()))
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
