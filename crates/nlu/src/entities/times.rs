//! Times of day: the clock, the Thai spoken hours, English forms, parts of a day.

use domain::EntityKind;
use regex::{Captures, Regex};

use super::{
    Taken,
    amounts::{THAI_NUMBER, thai_number},
    pattern, stands_free,
};
use crate::thai;

const ENGLISH_HOUR: &str = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve";

pub(super) struct Times {
    clock: Regex,
    half_day: Regex,
    past: Regex,
    evening: Regex,
    hour: Regex,
    afternoon: Regex,
    small_hours: Regex,
    noon: Regex,
    named: Regex,
    part: Regex,
    karaoke: Regex,
    bare_hour: Regex,
}

impl Times {
    pub(super) fn new() -> Self {
        let number = format!(r"(\d{{1,2}}|{THAI_NUMBER}+)");
        // ครึ่ง, ตรง, or minutes
        let minutes = format!(r"(?:\s?(ครึ่ง|\d{{1,2}}\s?นาที)|(ตรง|{THAI_NUMBER}+)(?:\s?นาที)?)?");
        Self {
            clock: pattern(r"(\d{1,2})([:.])(\d{2})(?::\d{2})?(?:\s?(น\.|น|am|pm|a\.m\.|p\.m\.|นาฬิกา))?"),
            half_day: pattern(
                r"(\d{1,2})\s?(am|pm|a\.m\.?|p\.m\.?|o'clock(?:\s(?:in the\s)?(?:evening|morning|afternoon))?)",
            ),
            past: pattern(&format!(r"half past ({ENGLISH_HOUR}|\d{{1,2}})")),
            evening: pattern(&format!(r"{number}?\s?ทุ่ม{minutes}")),
            hour: pattern(&format!(r"{number}\s?(?:โมง|นาฬิกา)(เช้า|เย็น)?{minutes}(เช้า|เย็น)?")),
            afternoon: pattern(&format!(r"บ่าย\s?(โมง|{number}(?:\s?โมง)?){minutes}")),
            small_hours: pattern(&format!(r"ตี\s?{number}{minutes}")),
            noon: pattern(&format!(r"เที่ยง(คืน|วัน)?{minutes}")),
            named: pattern(r"noon|midday|midnight"),
            karaoke: pattern(
                r"(nueng|neung|song|sam|saam|si|see|ha|haa)?\s?(?:thum|tum)(\s(?:krueng|khrueng))?|(jet|paet|paed|gao|kao|sip|sip et)\s?mong",
            ),
            bare_hour: pattern(&format!(
                r"(?:at|around|about|after|before|by|until|till|close to)\s(\d{{1,2}}|{ENGLISH_HOUR})(?:[.,?!;]|$| (?:please|pls|ok|tonight|today|tomorrow))"
            )),
            part: pattern(
                r"(?:ช่วง|รอบ|ตั้งแต่|เมื่อ)(เช้า|สาย|บ่าย|เย็น|ค่ำ|ดึก)|(ตอน(?:เช้า|สาย|บ่าย|เย็น|ค่ำ|ดึก))|((?:เย็น|สาย|เช้า|บ่าย)\s?ๆ)|(morning|afternoon|evening)",
            ),
        }
    }

    pub(super) fn find(&self, taken: &mut Taken<'_>) {
        if taken.text.bytes().any(|byte| byte.is_ascii_digit()) {
            self.clock(taken);
            each(taken, &self.half_day, half_day, 0.96);
        }
        each(taken, &self.past, |hit| clock_time(english_hour(hit.get(1)?.as_str())? + 12, 30), 0.85);
        each(taken, &self.evening, evening, 0.95);
        each(taken, &self.afternoon, afternoon, 0.95);
        each(taken, &self.hour, hour, 0.93);
        each(
            taken,
            &self.small_hours,
            |hit| small(hit, 1, 5).and_then(|hour| clock_time(hour, minute(hit, 2)?)),
            0.93,
        );
        each(taken, &self.noon, noon, 0.93);
        each(
            taken,
            &self.named,
            |hit| Some(if hit.get(0)?.as_str() == "midnight" { "00:00" } else { "12:00" }.to_owned()),
            0.95,
        );
        each(taken, &self.karaoke, karaoke, 0.85);
        each_group(taken, &self.bare_hour, 1, bare_hour, 0.6);
        self.parts(taken);
    }

    /// `18:30` is always a time; `18.30` is one with น. or am/pm, after a word of time, or where it cannot be an amount.
    fn clock(&self, taken: &mut Taken<'_>) {
        let text = taken.text;
        for hit in self.clock.captures_iter(text) {
            let (Some(whole), Some(mark)) = (hit.get(0), hit.get(2)) else { continue };
            let (Some(hour), Some(minute)) = (small(&hit, 1, 24), small(&hit, 3, 59)) else { continue };
            let suffix = hit.get(4).map(|suffix| suffix.as_str());
            // the น of a word that follows is not "o'clock"
            let bare_n = suffix == Some("น") && !stands_free(text, &whole.range());
            let end =
                if bare_n { hit.get(3).map_or(whole.end(), |minutes| minutes.end()) } else { whole.end() };
            let range = whole.start()..end;
            let marked = suffix.is_some() && !bare_n;
            let sure = mark.as_str() == ":" || marked || is_dotted_time(taken, range.start, range.end);
            let value = clock_time(half_of_day(hour, suffix.unwrap_or_default()), minute);
            if let (true, true, Some(value)) = (sure, stands_free(text, &range), value) {
                taken.take(EntityKind::Time, range, value, 0.95);
            }
        }
    }

    /// ช่วงบ่าย, ตอนเช้า, the morning, and เช้า right after a day; not a wish for a good one.
    fn parts(&self, taken: &mut Taken<'_>) {
        let text = taken.text;
        for hit in self.part.captures_iter(text) {
            let Some(word) = hit.iter().skip(1).flatten().next() else { continue };
            let before = taken.before(word.start()).trim_end();
            let wish = ["good", "สวัสดี", "หวัดดี", "next", "ดี"].into_iter().any(|wish| before.ends_with(wish));
            let tea = taken.after(word.end()).starts_with(" tea");
            if !wish && !tea && !before.is_empty() && stands_free(text, &word.range()) {
                taken.take(EntityKind::Time, word.range(), part_of_day(word.as_str()), 0.75);
            }
        }
        let days: Vec<usize> = taken.of_kind(EntityKind::Date).map(|day| day.end).collect();
        for end in days {
            let start = end + taken.after(end).len() - taken.after(end).trim_start_matches(' ').len();
            for word in ["เช้า", "บ่าย", "เย็น", "ค่ำ", "สาย", "morning", "afternoon", "evening"]
            {
                let range = start..start + word.len();
                if taken.after(start).starts_with(word) && stands_free(text, &range) {
                    taken.take(EntityKind::Time, range, part_of_day(word), 0.75);
                }
            }
        }
    }
}

fn part_of_day(words: &str) -> &'static str {
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    match () {
        () if says(&["เช้า", "สาย", "morning"]) => "morning",
        () if says(&["บ่าย", "afternoon"]) => "afternoon",
        () if says(&["ดึก", "night"]) => "night",
        () => "evening",
    }
}

fn each(
    taken: &mut Taken<'_>,
    pattern: &Regex,
    value: impl Fn(&Captures<'_>) -> Option<String>,
    confidence: f32,
) {
    each_group(taken, pattern, 0, value, confidence);
}

/// Takes one group of every match of the pattern.
fn each_group(
    taken: &mut Taken<'_>,
    pattern: &Regex,
    group: usize,
    value: impl Fn(&Captures<'_>) -> Option<String>,
    confidence: f32,
) {
    let text = taken.text;
    for hit in pattern.captures_iter(text) {
        let Some(whole) = hit.get(group) else { continue };
        let trimmed = whole.as_str().trim();
        let start = whole.start() + (whole.as_str().len() - whole.as_str().trim_start().len());
        let range = start..start + trimmed.len();
        // กี่ทุ่ม asks; มื้อเที่ยง is a meal
        let before = taken.before(range.start);
        let other = ["กี่", "มื้อ", "ข้าว", "อาหาร"].into_iter().any(|word| before.ends_with(word));
        let begins = hit.get(0).is_some_and(|all| thai::may_cut(text, all.start()));
        if let (false, true, true, Some(value)) = (other, begins, stands_free(text, &range), value(&hit)) {
            taken.take(EntityKind::Time, range, value, confidence);
        }
    }
}

/// A number in figures or Thai words, if it is at most `limit`.
fn small(hit: &Captures<'_>, group: usize, limit: u32) -> Option<u32> {
    let text = hit.get(group)?.as_str();
    let number =
        text.parse().ok().or_else(|| thai_number(text).and_then(|number| u32::try_from(number).ok()))?;
    (number <= limit).then_some(number)
}

/// The minutes in this group or in the next.
fn minute(hit: &Captures<'_>, group: usize) -> Option<u32> {
    let Some(text) = hit.get(group).or_else(|| hit.get(group + 1)) else { return Some(0) };
    match text.as_str() {
        "ครึ่ง" => Some(30),
        "ตรง" => Some(0),
        figures => {
            let figures = figures.trim_end_matches("นาที").trim_end();
            let minutes = figures.parse().ok().or_else(|| u32::try_from(thai_number(figures)?).ok())?;
            (minutes < 60).then_some(minutes)
        }
    }
}

fn clock_time(hour: u32, minute: u32) -> Option<String> {
    (hour <= 24 && minute < 60).then(|| format!("{:02}:{minute:02}", hour % 24))
}

fn half_of_day(hour: u32, suffix: &str) -> u32 {
    match (suffix.chars().next(), hour) {
        (Some('p'), 1..=11) => hour + 12,
        (Some('a'), 12) => 0,
        _ => hour,
    }
}

fn half_day(hit: &Captures<'_>) -> Option<String> {
    let suffix = hit.get(2)?.as_str();
    let hour = small(hit, 1, 12)?;
    let late = suffix.ends_with("evening") || suffix.ends_with("afternoon");
    clock_time(half_of_day(hour, if late { "pm" } else { suffix }), 0)
}

fn english_hour(word: &str) -> Option<u32> {
    let spelled = (1..).zip(ENGLISH_HOUR.split('|')).find(|(_, name)| *name == word).map(|(hour, _)| hour);
    spelled.or_else(|| word.parse().ok()).filter(|hour| (1..=11).contains(hour))
}

/// Thai in Latin letters: song thum, tum krueng, sip mong.
fn karaoke(hit: &Captures<'_>) -> Option<String> {
    if let Some(hour) = hit.get(3) {
        let hour = match hour.as_str() {
            "jet" => 7,
            "paet" | "paed" => 8,
            "gao" | "kao" => 9,
            "sip" => 10,
            _ => 11,
        };
        return clock_time(hour, 0);
    }
    let half = hit.get(2).is_some();
    let count = match hit.get(1).map(|count| count.as_str()) {
        None if half => 1,
        Some("nueng" | "neung") => 1,
        Some("song") => 2,
        Some("sam" | "saam") => 3,
        Some("si" | "see") => 4,
        Some(_) => 5,
        None => return None,
    };
    clock_time(18 + count, if half { 30 } else { 0 })
}

/// "around 8" said to a shop is the evening's; from nine to twelve it may be either, and the later is meant more often.
fn bare_hour(hit: &Captures<'_>) -> Option<String> {
    let word = hit.get(1)?.as_str();
    let hour = word.parse().ok().or_else(|| english_hour(word)).filter(|hour| (1..=12).contains(hour))?;
    clock_time(if hour == 12 { 12 } else { hour + 12 }, 0)
}

/// ทุ่ม counts from seven in the evening.
fn evening(hit: &Captures<'_>) -> Option<String> {
    if hit.get(1).is_some() {
        return clock_time(small(hit, 1, 5)? + 18, minute(hit, 2)?);
    }
    // ทุ่มนึง is one o'clock of the evening, not a minute past
    let one = hit.get(3).is_some_and(|word| matches!(word.as_str(), "นึง" | "หนึ่ง"));
    clock_time(19, if one { 0 } else { minute(hit, 2)? })
}

fn afternoon(hit: &Captures<'_>) -> Option<String> {
    let hour = if hit.get(2).is_some() { small(hit, 2, 6)? } else { 1 };
    clock_time(hour + 12, minute(hit, 3)?)
}

/// หกโมง alone is the evening's, เก้าโมง the morning's; สองโมงเช้า counts from six.
fn hour(hit: &Captures<'_>) -> Option<String> {
    let hour = small(hit, 1, 24)?;
    let part = hit.get(2).or_else(|| hit.get(5)).map(|part| part.as_str());
    let military = hit.get(0)?.as_str().contains("นาฬิกา");
    let hour = match (part, hour) {
        _ if military => hour,
        (Some("เช้า"), 1..=4) => hour + 6,
        (Some("เย็น"), 1..=11) => hour + 12,
        (None, 1..=6) => hour + 12,
        _ => hour,
    };
    clock_time(hour, minute(hit, 3)?)
}

fn noon(hit: &Captures<'_>) -> Option<String> {
    let midnight = hit.get(1).is_some_and(|which| which.as_str() == "คืน");
    clock_time(if midnight { 0 } else { 12 }, minute(hit, 2)?)
}

/// Whether `18.30` between these bytes is a time by the words around it.
fn is_dotted_time(taken: &Taken<'_>, start: usize, end: usize) -> bool {
    let before = taken.before(start).trim_end_matches([' ', '~', '(']);
    let after = taken.after(end).trim_start_matches(' ');
    let amount = [
        "บาท",
        "฿",
        "k",
        "กก",
        "kg",
        "โล",
        "กิโล",
        "cm",
        "ซม",
        "เมตร",
        "นิ้ว",
        "%",
        "ล้าน",
        "แสน",
        "หมื่น",
        "g",
        "ตร",
        "ชม",
        "ชั่วโมง",
        "ลิตร",
    ]
    .into_iter()
    .any(|unit| after.starts_with(unit));
    let span = after.starts_with('-') || after.starts_with("to ") || after.starts_with("ถึง");
    let digit_before = |joint: &str| {
        before
            .strip_suffix(joint)
            .is_some_and(|rest| rest.trim_end().ends_with(|ch: char| ch.is_ascii_digit()))
    };
    let range = span || digit_before("-") || digit_before("to") || before.ends_with("ถึง");
    let said = [
        "เวลา",
        "ตอน",
        "รอบ",
        "ถึง",
        "ก่อน",
        "หลัง",
        "เที่ยว",
        "ราว",
        "ประมาณ",
        "สัก",
        "ช่วง",
        "เริ่ม",
        "เปิด",
        "ปิด",
        "at",
        "by",
        "from",
        "until",
        "till",
        "around",
        "about",
        "before",
        "after",
        "for",
    ]
    .into_iter()
    .any(|word| before.ends_with(word));
    let beside_date = taken
        .of_kind(EntityKind::Date)
        .any(|date| start.abs_diff(date.end) <= 3 || date.start.abs_diff(end) <= 3);
    let beside_time = taken.of_kind(EntityKind::Time).any(|time| start.abs_diff(time.end) <= 8);
    let shape = taken.slice(start..end);
    // 18.15 with two figures on both sides is no price people name
    let even = shape.len() == 5 && !before.ends_with(['-', '+', '=', '$', '฿']) && !before.ends_with("ราคา");
    !amount && (said || range || beside_date || beside_time || even)
}
