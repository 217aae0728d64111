//! Numbers in figures and in Thai words, and how many of what.

use domain::EntityKind;
use regex::Regex;

use super::{Taken, pattern, stands_free};
use crate::thai;

/// A Thai number in words, one or more of these in a row.
pub(super) const THAI_NUMBER: &str = "(?:หนึ่ง|นึง|เอ็ด|สอง|ยี่|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ|ร้อย|พัน|หมื่น|แสน|ล้าน)";

/// Classifiers and units that make a number a quantity, the longer before the shorter.
const CLASSIFIERS: &str = concat!(
    "กิโลกรัม|กิโล|กระปุก|กระป๋อง|กระสอบ|กล่อง|กรัม|ก้อน|แก้ว|ขวด|ขีด|คน|ครั้ง|คัน|คืน|คู่|เครื่อง|จาน|ชาม|ชิ้น|ชุด|เซ็ต|เซต|ซอง|ดอก|ด้าม|",
    "ตัว|ต้น|ตัน|เตียง|โต๊ะ|ถ้วย|ถาด|ถุง|แถว|ท่าน|ที่นั่ง|ที่|แท่ง|บาน|ใบ|ปอนด์|เป็ก|แผ่น|แผง|ผืน|ไม้|แพ็ค|แพ็ก|แพค|ฟอง|ม้วน|เม็ด|มัด|เมตร|",
    "ริม|ลัง|ลูก|ลำ|ลิตร|เล่ม|โล|สาย|เส้น|หลอด|หลัง|ห้อง|ห่อ|หัว|โหล|องค์|ออเดอร์|อัน|",
    "pieces|piece|pcs|pc|people|persons|person|pax|adults|adult|kids|children|boxes|box|sets|set|pairs|pair|kgs|kg|kilos|kilo|nights|night|",
    "rooms|room|tables|tickets|ticket|cups|bottles|bottle|packs|pack|guests|seats|bags|dozen|items|units|bowls|plates|shirts|cakes",
);

pub(super) struct Amounts {
    counted: Regex,
    times: Regex,
    how_many: Regex,
}

impl Amounts {
    pub(super) fn new() -> Self {
        Self {
            counted: pattern(&format!(r"(\d{{1,6}}(?:[.,]\d{{1,3}})?|{THAI_NUMBER}+)\s?({CLASSIFIERS})")),
            times: pattern(r"[x×]\s?(\d{1,4})"),
            how_many: pattern(r"(คน|ชิ้น|อัน|ตัว|กล่อง|ชุด|แก้ว|ถุง|ขวด|ใบ|คู่)(?:เดียว|นึง|หนึ่ง)"),
        }
    }

    pub(super) fn find(&self, taken: &mut Taken<'_>) {
        for hit in self.counted.captures_iter(taken.text) {
            let (Some(whole), Some(number), Some(unit)) = (hit.get(0), hit.get(1), hit.get(2)) else {
                continue;
            };
            let Some(count) = number_of(number.as_str()) else { continue };
            // "5 ที่ร้าน" counts no places
            let runs_on = unit.as_str() == "ที่" && taken.after(unit.end()).starts_with(thai::is_consonant);
            if stands_free(taken.text, &whole.range()) && !runs_on {
                taken.take(EntityKind::Quantity, whole.range(), format!("{count} {}", unit.as_str()), 0.85);
            }
        }
        for hit in self.how_many.captures_iter(taken.text) {
            let (Some(whole), Some(unit)) = (hit.get(0), hit.get(1)) else { continue };
            if stands_free(taken.text, &whole.range()) {
                taken.take(EntityKind::Quantity, whole.range(), format!("1 {}", unit.as_str()), 0.75);
            }
        }
        for hit in self.times.captures_iter(taken.text) {
            let (Some(whole), Some(number)) = (hit.get(0), hit.get(1)) else { continue };
            if stands_free(taken.text, &whole.range()) {
                taken.take(EntityKind::Quantity, whole.range(), number.as_str(), 0.8);
            }
        }
    }
}

/// `2,500` → 2500, `1.5` → 1.5, สองพันห้า → 2500, without needless noughts.
pub(super) fn number_of(text: &str) -> Option<String> {
    if text.starts_with(|ch: char| ch.is_ascii_digit()) {
        let plain = text.replace(',', "");
        let whole = plain.split('.').next().unwrap_or_default();
        return whole.parse::<u64>().is_ok().then(|| plain.trim_start_matches('0').to_owned()).map(
            |digits| {
                if digits.is_empty() || digits.starts_with('.') { format!("0{digits}") } else { digits }
            },
        );
    }
    thai_number(text).map(|number| number.to_string())
}

/// A number in Thai words; one digit after a unit counts tenths of that unit, as people speak: พันห้า is 1500.
pub(super) fn thai_number(text: &str) -> Option<u64> {
    let mut rest = text;
    let (mut total, mut digit, mut last_unit) = (0_u64, None::<u64>, None::<u64>);
    let mut spoken_tens = false;
    while !rest.is_empty() {
        let (word, meaning) = NUMBER_WORDS.iter().find(|(word, _)| rest.starts_with(word))?;
        rest = rest.strip_prefix(word)?;
        match *meaning {
            // พันนึง is one thousand, not eleven hundred
            Meaning::Digit(1) if rest.is_empty() && *word == "นึง" && last_unit == Some(total) => {
                return Some(total);
            }
            Meaning::Digit(value) => {
                if digit.is_some() {
                    return None;
                }
                digit = Some(value);
            }
            Meaning::Unit(1_000_000) => {
                total = total
                    .saturating_add(digit.take().unwrap_or(u64::from(total == 0)))
                    .checked_mul(1_000_000)?;
                last_unit = Some(1_000_000);
            }
            Meaning::Unit(unit) => {
                if last_unit.is_some_and(|last| last <= unit) {
                    return None;
                }
                total = total.saturating_add(digit.take().unwrap_or(1).checked_mul(unit)?);
                last_unit = Some(unit);
                spoken_tens = unit == 10;
            }
        }
    }
    match (digit, last_unit) {
        (Some(digit), Some(unit)) if !spoken_tens && unit >= 100 => {
            Some(total.saturating_add(digit * (unit / 10)))
        }
        (Some(digit), _) => Some(total.saturating_add(digit)),
        (None, Some(_)) => Some(total),
        (None, None) => None,
    }
}

#[derive(Clone, Copy)]
enum Meaning {
    Digit(u64),
    Unit(u64),
}

const NUMBER_WORDS: [(&str, Meaning); 18] = [
    ("หนึ่ง", Meaning::Digit(1)),
    ("นึง", Meaning::Digit(1)),
    ("เอ็ด", Meaning::Digit(1)),
    ("สอง", Meaning::Digit(2)),
    ("ยี่", Meaning::Digit(2)),
    ("สาม", Meaning::Digit(3)),
    ("สี่", Meaning::Digit(4)),
    ("ห้า", Meaning::Digit(5)),
    ("หก", Meaning::Digit(6)),
    ("เจ็ด", Meaning::Digit(7)),
    ("แปด", Meaning::Digit(8)),
    ("เก้า", Meaning::Digit(9)),
    ("สิบ", Meaning::Unit(10)),
    ("ร้อย", Meaning::Unit(100)),
    ("พัน", Meaning::Unit(1_000)),
    ("หมื่น", Meaning::Unit(10_000)),
    ("แสน", Meaning::Unit(100_000)),
    ("ล้าน", Meaning::Unit(1_000_000)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thai_numbers_as_people_speak() {
        let table = [
            ("ห้าร้อย", Some(500)),
            ("พันสอง", Some(1200)),
            ("สองหมื่นห้า", Some(25_000)),
            ("สองร้อยหกสิบ", Some(260)),
            ("สองพันสี่ร้อยห้าสิบ", Some(2450)),
            ("แสนนึง", Some(100_000)),
            ("เก้าสิบเก้า", Some(99)),
            ("ยี่สิบเอ็ด", Some(21)),
            ("สิบห้า", Some(15)),
            ("ร้อย", Some(100)),
            ("ล้าน", Some(1_000_000)),
            ("สามล้านสอง", Some(3_200_000)),
            ("สองสาม", None),
            ("", None),
            ("บาท", None),
        ];
        for (words, wanted) in table {
            assert_eq!(thai_number(words), wanted, "{words}");
        }
    }
}
