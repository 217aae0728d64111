//! Days: calendar dates in Thai, Buddhist-era and English forms, weekdays, relative days, holidays.

use domain::EntityKind;
use regex::{Captures, Regex};

use super::{Taken, amounts::thai_number, pattern, stands_free};

/// Months as people write them, dots already left out of the comparison.
const MONTHS: [&[&str]; 12] = [
    &["มกราคม", "มกรา", "ม.ค", "มค", "january", "jan"],
    &["กุมภาพันธ์", "กุมภาพัน", "กุมภา", "ก.พ", "กพ", "february", "feb"],
    &["มีนาคม", "มีนา", "มี.ค", "มีค", "march", "mar"],
    &["เมษายน", "เมษา", "เม.ย", "เมย", "april", "apr"],
    &["พฤษภาคม", "พฤษภา", "พ.ค", "พค", "may"],
    &["มิถุนายน", "มิถุนา", "มิ.ย", "มิย", "june", "jun"],
    &["กรกฎาคม", "กรกฎา", "กรกฏาคม", "กรกฏา", "ก.ค", "กค", "july", "jul"],
    &["สิงหาคม", "สิงหา", "ส.ค", "สค", "august", "aug"],
    &["กันยายน", "กันยา", "ก.ย", "กย", "september", "sept", "sep"],
    &["ตุลาคม", "ตุลา", "ต.ค", "ตค", "october", "oct"],
    &["พฤศจิกายน", "พฤศจิกา", "พ.ย", "พย", "november", "nov"],
    &["ธันวาคม", "ธันวา", "ธ.ค", "ธค", "december", "dec"],
];

const WEEKDAYS: [(&str, &[&str]); 7] = [
    ("mon", &["จันทร์", "จันท", "จัน", "monday", "mondays", "mon", "jan"]),
    ("tue", &["อังคาร", "tuesday", "tuesdays", "tues", "tue", "angkan"]),
    ("wed", &["พุธ", "wednesday", "wednesdays", "wed", "phut", "put"]),
    ("thu", &["พฤหัสบดี", "พฤหัส", "พฤ", "thursday", "thursdays", "thurs", "thur", "thu", "pharuehat"]),
    ("fri", &["ศุกร์", "สุก", "friday", "fridays", "fri", "suk"]),
    ("sat", &["เสาร์", "เสา", "saturday", "saturdays", "sat", "sao"]),
    ("sun", &["อาทิตย์", "อาทิด", "sunday", "sundays", "sun", "athit"]),
];

const RELATIVE: [(&str, &[&str]); 5] = [
    ("-2d", &["เมื่อวานซืน", "เมื่อวานซืนนี้"]),
    ("-1d", &["เมื่อวานนี้", "เมื่อวาน", "เมื่อคืนนี้", "เมื่อคืน", "yesterday", "last night", "yest", "muea wan"]),
    (
        "+0d",
        &[
            "วันนี้",
            "คืนนี้",
            "เย็นนี้",
            "เช้านี้",
            "บ่ายนี้",
            "เที่ยงนี้",
            "ค่ำนี้",
            "เมื่อเช้านี้",
            "เมื่อเช้า",
            "วนน.",
            "today",
            "tonight",
            "this morning",
            "this afternoon",
            "this evening",
            "wan nee",
            "wannee",
            "wan ni",
            "2day",
        ],
    ),
    (
        "+1d",
        &[
            "พรุ่งนี้",
            "พรุ้งนี้",
            "พุ่งนี้",
            "พรุ่งนี่",
            "พรุงนี้",
            "พรุ่ง",
            "คืนพรุ่งนี้",
            "พน.",
            "มื้ออื่น",
            "วันพรุ่งนี้",
            "tomorrow",
            "tomorow",
            "tommorow",
            "tommorrow",
            "tmr",
            "tmrw",
            "tmw",
            "2moro",
            "2morrow",
            "phrung nee",
            "prung nee",
            "prungnee",
            "phrungnee",
            "phrung ni",
        ],
    ),
    ("+2d", &["มะรืนนี้", "มะรืน", "day after tomorrow", "the day after tomorrow"]),
];

const HOLIDAYS: [(&str, &[&str]); 13] = [
    ("songkran", &["วันสงกรานต์", "สงกรานต์", "songkran"]),
    ("new_year", &["วันปีใหม่", "ปีใหม่", "new year's day", "new years day", "new year"]),
    ("new_years_eve", &["new year's eve", "new years eve", "วันสิ้นปี", "nye"]),
    ("chinese_new_year", &["ตรุษจีน", "วันตรุษจีน", "chinese new year"]),
    ("loy_krathong", &["วันลอยกระทง", "ลอยกระทง", "loy krathong", "loi krathong"]),
    ("christmas", &["คริสต์มาส", "คริสมาส", "คริสมาสต์", "วันคริสต์มาส", "christmas", "xmas"]),
    ("valentine", &["วาเลนไทน์", "วันวาเลนไทน์", "valentine", "valentine's day", "valentines", "valentine's"]),
    ("mothers_day", &["วันแม่", "mother's day", "mothers day"]),
    ("fathers_day", &["วันพ่อ", "father's day", "fathers day"]),
    ("halloween", &["ฮาโลวีน", "halloween"]),
    ("makha_bucha", &["วันมาฆบูชา", "มาฆบูชา", "makha bucha"]),
    ("visakha_bucha", &["วันวิสาขบูชา", "วันวิสาขะ", "วิสาขบูชา", "visakha bucha"]),
    ("asalha_bucha", &["วันอาสาฬหบูชา", "อาสาฬหบูชา", "วันเข้าพรรษา", "asalha bucha"]),
];

const THAI_WEEKDAY: &str = "จันทร์|อังคาร|พุธ|พฤหัสบดี|พฤหัส|ศุกร์|เสาร์|อาทิตย์";
const ENGLISH_WEEKDAY: &str = "mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|mon|tues|tue|wed|thurs|thur|thu|fri|sat|sun";

pub(super) struct Dates {
    day_month: Regex,
    month_day: Regex,
    numeric: Regex,
    day_of_month: Regex,
    spelled_day: Regex,
    thai_weekday: Regex,
    english_weekday: Regex,
    named: Regex,
    /// Every phrase of `named` with its value.
    names: std::collections::BTreeMap<&'static str, String>,
}

impl Dates {
    pub(super) fn new() -> Self {
        let mut names: Vec<&str> = MONTHS.iter().flat_map(|names| names.iter().copied()).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let months: Vec<String> = names.into_iter().map(month_pattern).collect();
        let month = months.join("|");
        let mut names = std::collections::BTreeMap::new();
        for (value, phrases) in RELATIVE {
            names.extend(phrases.iter().map(|phrase| (*phrase, value.to_owned())));
        }
        for (value, phrases) in HOLIDAYS {
            let value =
                if value == "new_years_eve" { "--12-31".to_owned() } else { format!("holiday:{value}") };
            names.extend(phrases.iter().map(|phrase| (*phrase, value.clone())));
        }
        let mut phrases: Vec<String> = names.keys().map(|phrase| regex::escape(phrase)).collect();
        phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        Self {
            day_month: pattern(&format!(
                r"(?:(?:วัน)?(?:{THAI_WEEKDAY})?\s?ที่\s?|วัน(?:{THAI_WEEKDAY})\s?|(?:{ENGLISH_WEEKDAY}),?\s|the\s)?(\d{{1,2}}|[ก-๎]{{2,12}}?)(?:st|nd|rd|th)?\s?(?:of\s)?({month})(?:,?\s?(?:พ\.ศ\.\s?|ค\.ศ\.\s?|ปี\s?)?(\d{{4}}|[4-9]\d))?"
            )),
            month_day: pattern(&format!(
                r"(?:(?:{ENGLISH_WEEKDAY}),?\s)?(january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)\.?\s?(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(\d{{4}}))?"
            )),
            numeric: pattern(
                r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})([/.\-])(\d{1,2})[/.\-](\d{4}|\d{2})|(\d{1,2})([/.])(\d{1,2})",
            ),
            day_of_month: pattern(&format!(
                r"(?:วันที่|(?:วัน)?(?:{THAI_WEEKDAY})\s?ที่)\s?(\d{{1,2}})|(?:(?:{ENGLISH_WEEKDAY})\s(?:the\s)?|the\s)?(\d{{1,2}})(?:st|nd|rd|th)"
            )),
            spelled_day: pattern(r"วันที่\s?((?:หนึ่ง|เอ็ด|สอง|ยี่|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ)+)"),
            thai_weekday: pattern(&format!(r"(วัน)?({THAI_WEEKDAY}|จัน|เสา|อาทิด|สุก)(นี้|หน้า)?")),
            english_weekday: pattern(&format!(
                r"(?:(next|this|coming|wan)\s)?({ENGLISH_WEEKDAY}|jan|angkan|phut|pharuehat|suk|sao|athit)"
            )),
            named: pattern(&phrases.join("|")),
            names,
        }
    }

    pub(super) fn find(&self, taken: &mut Taken<'_>) {
        if taken.text.bytes().any(|byte| byte.is_ascii_digit()) {
            self.each(
                taken,
                &self.month_day,
                |hit| date(year_in(hit, 3), month_in(hit, 1), day_in(hit, 2)),
                0.96,
            );
            self.each(taken, &self.numeric, numeric, 0.93);
        }
        self.each(
            taken,
            &self.day_month,
            |hit| date(year_in(hit, 3), month_in(hit, 2), day_in(hit, 1)),
            0.97,
        );
        self.each(
            taken,
            &self.day_of_month,
            |hit| day_in(hit, 1).or_else(|| day_in(hit, 2)).map(|day| format!("---{day:02}")),
            0.9,
        );
        self.each(taken, &self.spelled_day, |hit| day_in(hit, 1).map(|day| format!("---{day:02}")), 0.9);
        self.each(taken, &self.named, |hit| self.names.get(hit.get(0)?.as_str()).cloned(), 0.95);
        self.weekdays(taken);
    }

    fn each(
        &self,
        taken: &mut Taken<'_>,
        pattern: &Regex,
        value: impl Fn(&Captures<'_>) -> Option<String>,
        confidence: f32,
    ) {
        let text = taken.text;
        for hit in pattern.captures_iter(text) {
            let Some(whole) = hit.get(0) else { continue };
            let range = whole.range();
            let after = taken.after(range.end).trim_start();
            // ปีใหม่กว่า is newer, 3rd party no day, ห้าโมงเย็นนี้ an hour
            let other = ["กว่า", "party", "floor", "time", "birthday", "year"]
                .into_iter()
                .any(|word| after.starts_with(word))
                || taken.before(range.start).ends_with("โมง");
            if let (false, true, Some(value)) = (other, stands_free(text, &range), value(&hit)) {
                taken.take(EntityKind::Date, range, value, confidence);
            }
        }
    }

    fn weekdays(&self, taken: &mut Taken<'_>) {
        let text = taken.text;
        for hit in self.thai_weekday.captures_iter(text) {
            let (Some(whole), Some(name)) = (hit.get(0), hit.get(2)) else { continue };
            let says_day = hit.get(1).is_some();
            let Some(day) = weekday(name.as_str()) else { continue };
            let misspelt = matches!(name.as_str(), "จัน" | "เสา" | "อาทิด" | "สุก");
            let next = hit.get(3).is_some_and(|which| which.as_str() == "หน้า");
            // อาทิตย์ is also "week": it is Sunday with วัน before it or a weekday beside it
            let week = name.as_str() == "อาทิตย์" && !says_day && !beside_weekday(taken.before(whole.start()));
            let week =
                week && (next || hit.get(3).is_none() || taken.before(whole.start()).ends_with("ภายใน"));
            let planet =
                ["พระ", "ไดโน", "ดาว"].into_iter().any(|word| taken.before(whole.start()).ends_with(word));
            if stands_free(text, &whole.range()) && !week && !planet && (says_day || !misspelt) {
                let value = if next { format!("next:{day}") } else { format!("weekday:{day}") };
                taken.take(EntityKind::Date, whole.range(), value, if says_day { 0.95 } else { 0.85 });
            }
        }
        for hit in self.english_weekday.captures_iter(text) {
            let (Some(whole), Some(name)) = (hit.get(0), hit.get(2)) else { continue };
            let lead = hit.get(1).map(|lead| lead.as_str());
            let karaoke =
                matches!(name.as_str(), "jan" | "angkan" | "phut" | "pharuehat" | "suk" | "sao" | "athit");
            let Some(day) = weekday(name.as_str()) else { continue };
            let cream = name.as_str() == "sun"
                && ["cream", "screen", "block", "set", "rise", "light"]
                    .into_iter()
                    .any(|word| taken.after(whole.end()).trim_start().starts_with(word));
            if stands_free(text, &whole.range()) && !cream && karaoke == (lead == Some("wan")) {
                let value =
                    if lead == Some("next") { format!("next:{day}") } else { format!("weekday:{day}") };
                taken.take(EntityKind::Date, whole.range(), value, 0.9);
            }
        }
    }
}

/// A dotted abbreviation may end in a dot: ม.ค and ม.ค.
fn month_pattern(name: &str) -> String {
    let dot = if name.contains('.') || name.len() <= 3 { r"\.?" } else { "" };
    format!("{}{dot}", regex::escape(name))
}

fn beside_weekday(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '-', '/']);
    ["เสาร์", "ศุกร์", "และ", "เสาร์ไป", "เสาร์ไปเป็น", "เสา", "สะดวก"]
        .into_iter()
        .any(|word| before.ends_with(word))
}

fn weekday(name: &str) -> Option<&'static str> {
    WEEKDAYS.into_iter().find(|(_, names)| names.contains(&name)).map(|(day, _)| day)
}

fn month_in(hit: &Captures<'_>, group: usize) -> Option<u32> {
    let name = hit.get(group)?.as_str().trim_end_matches('.');
    (1..).zip(MONTHS).find(|(_, names)| names.contains(&name)).map(|(month, _)| month)
}

/// In figures, or spelled in Thai.
fn day_in(hit: &Captures<'_>, group: usize) -> Option<u32> {
    let text = hit.get(group)?.as_str();
    let day = text.parse().ok().or_else(|| thai_number(text).and_then(|day| u32::try_from(day).ok()))?;
    (1..=31).contains(&day).then_some(day)
}

/// `Ok(None)` when none is written; an absurd year is an error.
fn year_in(hit: &Captures<'_>, group: usize) -> Result<Option<u32>, ()> {
    hit.get(group).map_or(Ok(None), |year| gregorian(year.as_str()).map(Some).ok_or(()))
}

/// Buddhist years become Gregorian; two figures are Buddhist from 40 on (2569 is ๖๙), else of this century.
fn gregorian(year: &str) -> Option<u32> {
    let number: u32 = year.parse().ok()?;
    match (year.len(), number) {
        (4, 2400..=2699) => Some(number - 543),
        (4, 1900..=2199) => Some(number),
        (2, 40..) => Some(2500 + number - 543),
        (2, _) => Some(2000 + number),
        _ => None,
    }
}

fn date(year: Result<Option<u32>, ()>, month: Option<u32>, day: Option<u32>) -> Option<String> {
    let (year, month, day) = (year.ok()?, month?, day?);
    let civil = |year: u32| {
        jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
            .ok()
    };
    match year {
        Some(year) => civil(year).map(|_| format!("{year:04}-{month:02}-{day:02}")),
        // 2000 was a leap year: 29 February is a day
        None => civil(2000).map(|_| format!("--{month:02}-{day:02}")),
    }
}

fn numeric(hit: &Captures<'_>) -> Option<String> {
    let number = |group: usize| hit.get(group)?.as_str().parse::<u32>().ok();
    if let Some(year) = hit.get(1) {
        return date(gregorian(year.as_str()).map(Some).ok_or(()), number(2), number(3));
    }
    if let (Some(day), Some(month)) = (number(4), number(6)) {
        return day_first(year_in(hit, 7), day, month);
    }
    let (first, second) = (number(8)?, number(10)?);
    let dotted = hit.get(9)?.as_str() == ".";
    // 10/10 and 3/10 praise or blame
    let rating = !dotted && second == 10 && first <= 10;
    // 11.11 is a sale, 10.30 a time; 1/2 is a half, 24/7 is always
    if rating
        || (dotted && (first != second || first < 6))
        || matches!((first, second), (1, 2..=4) | (2, 3) | (3, 4) | (24, 7))
    {
        return None;
    }
    day_first(Ok(None), first, second)
}

/// Day before month as in Thailand, month before day when it cannot be otherwise.
fn day_first(year: Result<Option<u32>, ()>, first: u32, second: u32) -> Option<String> {
    date(year, Some(second), Some(first)).or_else(|| date(year, Some(first), Some(second)))
}
