//! Answers about opening hours, weekdays and holidays.

use domain::{AnswerKind, Bilingual, Holiday, ShopFacts, Source, Span, Timestamp, Tongue, is_holiday};
use jiff::{
    ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use super::{Draft, Voice};
use crate::{
    knowledge::Query,
    words::normal::{has_thai, normal},
};

pub(crate) const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

pub(crate) fn day_name(day: Weekday, tongue: Tongue) -> &'static str {
    let (thai, english) = match day {
        Weekday::Monday => ("จันทร์", "Monday"),
        Weekday::Tuesday => ("อังคาร", "Tuesday"),
        Weekday::Wednesday => ("พุธ", "Wednesday"),
        Weekday::Thursday => ("พฤหัสบดี", "Thursday"),
        Weekday::Friday => ("ศุกร์", "Friday"),
        Weekday::Saturday => ("เสาร์", "Saturday"),
        Weekday::Sunday => ("อาทิตย์", "Sunday"),
    };
    match tongue {
        Tongue::Thai => thai,
        Tongue::English => english,
    }
}

const MONTHS: [(&str, &str, &[&str]); 12] = [
    ("มกราคม", "January", &["มกรา", "ม.ค", "jan"]),
    ("กุมภาพันธ์", "February", &["กุมภา", "ก.พ", "feb"]),
    ("มีนาคม", "March", &["มีนา", "มี.ค", "mar"]),
    ("เมษายน", "April", &["เมษา", "เม.ย", "apr"]),
    ("พฤษภาคม", "May", &["พฤษภา", "พ.ค", "may"]),
    ("มิถุนายน", "June", &["มิถุนา", "มิ.ย", "jun"]),
    ("กรกฎาคม", "July", &["กรกฎา", "กรกฏา", "ก.ค", "jul"]),
    ("สิงหาคม", "August", &["สิงหา", "ส.ค", "aug"]),
    ("กันยายน", "September", &["กันยา", "ก.ย", "sep"]),
    ("ตุลาคม", "October", &["ตุลา", "ต.ค", "oct"]),
    ("พฤศจิกายน", "November", &["พฤศจิกา", "พ.ย", "nov"]),
    ("ธันวาคม", "December", &["ธันวา", "ธ.ค", "dec"]),
];

pub(crate) fn date_name(date: Date, tongue: Tongue) -> String {
    let month = usize::try_from(date.month() - 1).ok().and_then(|at| MONTHS.get(at));
    let (thai, english) = month.map_or(("", ""), |(thai, english, _)| (*thai, *english));
    match tongue {
        Tongue::Thai => format!("{} {thai}", date.day()),
        Tongue::English => format!("{} {english}", date.day()),
    }
}

pub(crate) fn zone_of(facts: &ShopFacts) -> TimeZone {
    TimeZone::get(&facts.timezone).unwrap_or(TimeZone::UTC)
}

/// Days that a question names, nearest first.
pub(crate) fn days_named(query: &Query, today: Date) -> Vec<(Date, NamedBy)> {
    let mut out = Vec::new();
    if let Some(date) = calendar_date(&query.normal, today) {
        out.push((date, NamedBy::Date));
    }
    if query.has("t:today") {
        out.push((today, NamedBy::Relative));
    }
    if query.has("t:tomorrow")
        && let Ok(date) = today.checked_add(1.days())
    {
        out.push((date, NamedBy::Relative));
    }
    for (key, day) in [
        ("t:monday", Weekday::Monday),
        ("t:tuesday", Weekday::Tuesday),
        ("t:wednesday", Weekday::Wednesday),
        ("t:thursday", Weekday::Thursday),
        ("t:friday", Weekday::Friday),
        ("t:saturday", Weekday::Saturday),
        ("t:sunday", Weekday::Sunday),
    ] {
        let weekend = query.has("t:weekend") && matches!(day, Weekday::Saturday | Weekday::Sunday);
        if (query.has(key) || weekend)
            && let Some(date) =
                (0..7_i64).filter_map(|n| today.checked_add(n.days()).ok()).find(|d| d.weekday() == day)
            && !out.iter().any(|(have, by)| have.weekday() == day && *by == NamedBy::Relative)
        {
            out.push((date, NamedBy::Weekday));
        }
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    Date,
    Relative,
    Weekday,
}

/// `28 กรกฎา`, `28 July`, `July 28`: the next such day from today on.
pub(crate) fn calendar_date(text: &str, today: Date) -> Option<Date> {
    for (n, (_, _, forms)) in MONTHS.iter().enumerate() {
        for form in *forms {
            for (at, found) in text.match_indices(form) {
                let head = text.get(..at)?;
                let tail = text.get(at + found.len()..)?;
                if !has_thai(form) && head.ends_with(|c: char| c.is_ascii_alphabetic()) {
                    continue;
                }
                let before: String = head
                    .trim_end()
                    .trim_end_matches("of")
                    .trim_end()
                    .trim_end_matches(|c: char| c.is_ascii_alphabetic())
                    .chars()
                    .rev()
                    .take_while(char::is_ascii_digit)
                    .collect();
                let before: String = before.chars().rev().collect();
                let after: String = tail
                    .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                    .trim_start()
                    .chars()
                    .take_while(char::is_ascii_digit)
                    .collect();
                let day = before.parse::<i8>().ok().or_else(|| after.parse::<i8>().ok())?;
                let month = i8::try_from(n + 1).ok()?;
                let this_year = Date::new(today.year(), month, day).ok()?;
                if this_year >= today {
                    return Some(this_year);
                }
                return Date::new(today.year() + 1, month, day).ok();
            }
        }
    }
    None
}

/// Holidays whose name the question says (`สงกรานต์`, `New Year`).
pub(crate) fn holidays_named<'a>(query: &Query, facts: &'a ShopFacts) -> Vec<&'a Holiday> {
    facts
        .holidays
        .iter()
        .filter(|holiday| {
            let thai = holiday.name.th.as_deref().map(normal).unwrap_or_default();
            let thai =
                thai.trim_start_matches("วัน").trim_start_matches("หยุด").trim_start_matches("หลัง").to_owned();
            let core: String = thai.chars().take(6).collect();
            let short = thai.strip_prefix("ขึ้น").unwrap_or(&thai).to_owned();
            let by_thai = (core.chars().count() >= 4 && query.normal.contains(&core))
                || (short.chars().count() >= 4 && query.normal.contains(&short))
                || (thai.contains("ปีใหม่") || thai.contains("สิ้นปี")) && query.normal.contains("ปีใหม่");
            let english = holiday.name.en.as_deref().map(normal).unwrap_or_default();
            let english = english.split([',', '(', ';']).next().unwrap_or("").to_owned();
            let words: Vec<&str> = english.split(' ').filter(|word| word.len() >= 4).collect();
            let generic = ["year", "year's", "after", "break", "birthday", "queen", "king", "national"];
            let by_english = (english.contains("new year") && query.normal.contains("new year"))
                || words.iter().any(|word| {
                    !generic.contains(word) && super::signs::holds(&query.normal, word.trim_end_matches("'s"))
                });
            by_thai || by_english
        })
        .collect()
}

pub(crate) fn spans_text(spans: &[Span], tongue: Tongue) -> String {
    let each: Vec<String> = spans.iter().map(|Span(a, b)| format!("{}-{}", hhmm(*a), hhmm(*b))).collect();
    match tongue {
        Tongue::Thai => each.join(" และ "),
        Tongue::English => each.join(" and "),
    }
}

fn hhmm(time: jiff::civil::Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// The week in one line: days of the same hours together.
pub(crate) fn week_text(facts: &ShopFacts, tongue: Tongue) -> String {
    let mut groups: Vec<(Vec<Weekday>, &[Span])> = Vec::new();
    for day in WEEK {
        let spans = facts.hours.of(day);
        match groups.iter_mut().find(|(_, have)| *have == spans) {
            Some((days, _)) => days.push(day),
            None => groups.push((vec![day], spans)),
        }
    }
    let mut open = Vec::new();
    let mut closed = Vec::new();
    for (days, spans) in groups {
        let names: Vec<&str> = days.iter().map(|day| day_name(*day, tongue)).collect();
        let consecutive = days.windows(2).all(|pair| match pair {
            [a, b] => a.next() == *b,
            _ => true,
        });
        let names = match names.as_slice() {
            [first, .., last] if consecutive && names.len() > 2 => format!("{first}-{last}"),
            _ => match tongue {
                Tongue::Thai => names.join(" "),
                Tongue::English => names.join(", "),
            },
        };
        if spans.is_empty() {
            closed.push(names);
        } else {
            open.push(format!("{names} {}", spans_text(spans, tongue)));
        }
    }
    let mut text = match tongue {
        Tongue::Thai => format!("เปิด{}", open.join(" / ")),
        Tongue::English => format!("Open {}", open.join("; ")),
    };
    if !closed.is_empty() {
        text.push_str(&match tongue {
            Tongue::Thai => format!(" หยุดทุกวัน{}", closed.join(" ")),
            Tongue::English => format!(". Closed every {}", closed.join(", ")),
        });
    }
    text
}

/// The state of one day.
pub(crate) fn day_text(date: Date, by: NamedBy, today: Date, facts: &ShopFacts, voice: Voice<'_>) -> String {
    let tongue = voice.tongue;
    let weekday = day_name(date.weekday(), tongue);
    let mut name = match (by, tongue) {
        (NamedBy::Date, Tongue::Thai) => format!("วันที่ {}", date_name(date, tongue)),
        (NamedBy::Date, Tongue::English) => date_name(date, tongue),
        (NamedBy::Relative, Tongue::Thai) if date == today => format!("วันนี้ (วัน{weekday})"),
        (NamedBy::Relative, Tongue::English) if date == today => format!("today ({weekday})"),
        (NamedBy::Relative, Tongue::Thai) => format!("พรุ่งนี้ (วัน{weekday})"),
        (NamedBy::Relative, Tongue::English) => format!("tomorrow ({weekday})"),
        (NamedBy::Weekday, Tongue::Thai) => format!("วัน{weekday}"),
        (NamedBy::Weekday, Tongue::English) => weekday.to_owned(),
    };
    let holiday = facts.holidays.iter().find(|h| is_holiday(date, std::slice::from_ref(h)));
    let dated = by != NamedBy::Weekday;
    let spans = facts.hours.of(date.weekday());
    if let (Some(holiday), true) = (holiday, dated) {
        let why = holiday.name.in_tongue(tongue).unwrap_or("");
        return match tongue {
            Tongue::Thai => format!("{name}ร้านหยุด{}", bracketed(why)),
            Tongue::English => format!("We are closed {}{}", on(&name, by), bracketed(why)),
        };
    }
    if spans.is_empty() {
        if by == NamedBy::Date {
            name = match tongue {
                Tongue::Thai => format!("{name} (วัน{weekday})"),
                Tongue::English => format!("{weekday}, {name}"),
            };
        }
        return match tongue {
            Tongue::Thai => format!("{name}ร้านหยุด"),
            Tongue::English => format!("We are closed {}", on(&name, by)),
        };
    }
    let spans = spans_text(spans, tongue);
    let mut text = match tongue {
        Tongue::Thai => format!("{name}เปิด {spans} น."),
        Tongue::English => format!("We are open {} {spans}", on(&name, by)),
    };
    if let Some(holiday) = holiday {
        let why = holiday.name.in_tongue(tongue).unwrap_or("");
        let date = date_name(date, tongue);
        text.push_str(&match tongue {
            Tongue::Thai => format!(" ยกเว้น {date} ร้านหยุด{}", bracketed(why)),
            Tongue::English => format!(", but closed on {date}{}", bracketed(why)),
        });
    }
    text
}

fn on(name: &str, by: NamedBy) -> String {
    match by {
        NamedBy::Date | NamedBy::Weekday => format!("on {name}"),
        NamedBy::Relative => name.to_owned(),
    }
}

fn bracketed(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(" ({why})") }
}

fn source(holidays: bool) -> Vec<Source> {
    if holidays {
        vec![Source("holidays".into()), Source("hours".into())]
    } else {
        vec![Source("hours".into())]
    }
}

/// Opening hours as an answer, when hours were entered at all.
pub(crate) fn answer(query: &Query, facts: &ShopFacts, now: Timestamp, voice: Voice<'_>) -> Option<Draft> {
    if WEEK.iter().all(|day| facts.hours.of(*day).is_empty()) {
        return None;
    }
    let today = now.zoned(&zone_of(facts)).date();
    let tongue = voice.tongue;
    let named = holidays_named(query, facts);
    if !named.is_empty() {
        let dates: Vec<String> = named
            .iter()
            .map(|holiday| {
                let name = holiday.name.in_tongue(tongue).unwrap_or("");
                let first = date_name(holiday.date, tongue);
                match holiday.until {
                    Some(until) => format!("{first} - {}{}", date_name(until, tongue), bracketed(name)),
                    None => format!("{first}{}", bracketed(name)),
                }
            })
            .collect();
        let words = voice.say(
            &format!("ร้านหยุด {}{{ค่ะ}}", dates.join(", ")),
            &format!("We are closed on {}.", dates.join(", ")),
        );
        return Some(Draft {
            kind: AnswerKind::Answer,
            words,
            sources: source(true),
            confidence: 0.9,
            settled: false,
        });
    }
    let days = days_named(query, today);
    if !days.is_empty() {
        let lines: Vec<String> =
            days.iter().map(|(date, by)| voice.close(&day_text(*date, *by, today, facts, voice))).collect();
        let closed =
            days.iter().any(|(date, by)| *by != NamedBy::Weekday && is_holiday(*date, &facts.holidays));
        let mut words = lines.join(" ");
        let shut = days.iter().all(|(date, _)| facts.hours.of(date.weekday()).is_empty());
        if shut || closed {
            words.push(' ');
            words.push_str(&voice.close(&week_text(facts, tongue)));
        }
        return Some(Draft {
            kind: AnswerKind::Answer,
            words,
            sources: source(closed),
            confidence: 0.9,
            settled: false,
        });
    }
    let mut words = voice.close(&week_text(facts, tongue));
    if let Some(note) = hours_note(&facts.hours_note, tongue) {
        words.push(' ');
        words.push_str(&voice.close(&voice.in_voice(note)));
    }
    Some(Draft { kind: AnswerKind::Answer, words, sources: source(false), confidence: 0.85, settled: false })
}

/// The note in the reply's own tongue alone: the hours stand without it.
fn hours_note(note: &Bilingual, tongue: Tongue) -> Option<&str> {
    match tongue {
        Tongue::Thai => note.th.as_deref(),
        Tongue::English => note.en.as_deref(),
    }
}
