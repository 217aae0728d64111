//! A date or time value laid over the calendar: `+1d` said on a Friday is that Saturday.

use domain::{Entity, EntityKind, Timestamp};
use jiff::{
    ToSpan,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

/// What a date or time entity stands for at a certain moment in a certain place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    Day(Date),
    Clock(Time),
    Part(PartOfDay),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartOfDay {
    Morning,
    Afternoon,
    Evening,
    Night,
}

/// `None` for other kinds, for values of no known form, and for holidays that follow the moon.
///
/// A day without a year, a day of the month and a weekday are the next such day, today included; `next:tue` is the
/// Tuesday of the week after this one (weeks begin on Monday).
pub fn resolve(entity: &Entity, now: Timestamp, zone: &TimeZone) -> Option<Resolved> {
    let value = entity.value.as_str();
    match entity.kind {
        EntityKind::Date => day(value, now.zoned(zone).date()).map(Resolved::Day),
        EntityKind::Time => time(value),
        EntityKind::Email
        | EntityKind::Phone
        | EntityKind::Money
        | EntityKind::Quantity
        | EntityKind::OrderNumber
        | EntityKind::Url
        | EntityKind::Address
        | EntityKind::SocialHandle
        | EntityKind::Account => None,
    }
}

fn time(value: &str) -> Option<Resolved> {
    match value {
        "morning" => Some(Resolved::Part(PartOfDay::Morning)),
        "afternoon" => Some(Resolved::Part(PartOfDay::Afternoon)),
        "evening" => Some(Resolved::Part(PartOfDay::Evening)),
        "night" => Some(Resolved::Part(PartOfDay::Night)),
        clock => {
            let (hour, minute) = clock.split_once(':')?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok().map(Resolved::Clock)
        }
    }
}

fn day(value: &str, today: Date) -> Option<Date> {
    if let Some(name) = value.strip_prefix("weekday:") {
        return next_weekday(today, weekday(name)?);
    }
    if let Some(name) = value.strip_prefix("next:") {
        let to_monday = i64::from(7 - today.weekday().to_monday_zero_offset());
        let monday = today.checked_add(to_monday.days()).ok()?;
        return next_weekday(monday, weekday(name)?);
    }
    if let Some(name) = value.strip_prefix("holiday:") {
        let (month, day) = fixed_holiday(name)?;
        return yearly(today, month, day);
    }
    if let Some(day) = value.strip_prefix("---") {
        return monthly(today, day.parse().ok()?);
    }
    if let Some(rest) = value.strip_prefix("--") {
        let (month, day) = rest.split_once('-')?;
        return yearly(today, month.parse().ok()?, day.parse().ok()?);
    }
    if let Some(days) = value.strip_suffix('d') {
        return today.checked_add(i32::from(days.parse::<i16>().ok()?).days()).ok();
    }
    value.parse().ok()
}

fn weekday(name: &str) -> Option<Weekday> {
    match name {
        "mon" => Some(Weekday::Monday),
        "tue" => Some(Weekday::Tuesday),
        "wed" => Some(Weekday::Wednesday),
        "thu" => Some(Weekday::Thursday),
        "fri" => Some(Weekday::Friday),
        "sat" => Some(Weekday::Saturday),
        "sun" => Some(Weekday::Sunday),
        _ => None,
    }
}

fn next_weekday(from: Date, wanted: Weekday) -> Option<Date> {
    let ahead = (wanted.to_monday_zero_offset() - from.weekday().to_monday_zero_offset()).rem_euclid(7);
    from.checked_add(i32::from(ahead).days()).ok()
}

/// This year's or the next one's; 29 February waits for a leap year.
fn yearly(today: Date, month: i8, day: i8) -> Option<Date> {
    (today.year()..=today.year().saturating_add(8))
        .filter_map(|year| Date::new(year, month, day).ok())
        .find(|date| *date >= today)
}

/// This month's or the next one's that has such a day.
fn monthly(today: Date, day: i8) -> Option<Date> {
    let first = today.first_of_month();
    (0..12_i32)
        .filter_map(|months| first.checked_add(months.months()).ok())
        .filter_map(|month| Date::new(month.year(), month.month(), day).ok())
        .find(|date| *date >= today)
}

fn fixed_holiday(name: &str) -> Option<(i8, i8)> {
    match name {
        "new_year" => Some((1, 1)),
        "valentine" => Some((2, 14)),
        "songkran" => Some((4, 13)),
        "mothers_day" => Some((8, 12)),
        "halloween" => Some((10, 31)),
        "fathers_day" => Some((12, 5)),
        "christmas" => Some((12, 25)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday 20 November 2026, half past one in the morning in Bangkok; in UTC it is still Thursday.
    fn friday() -> Timestamp {
        Timestamp::from_seconds(1_795_113_000)
    }

    fn resolved(kind: EntityKind, value: &str) -> Option<Resolved> {
        let entity =
            Entity { kind, text: String::new(), start: 0, end: 1, value: value.to_owned(), confidence: 1.0 };
        resolve(&entity, friday(), &TimeZone::get("Asia/Bangkok").expect("bundled"))
    }

    #[test]
    fn days_are_counted_from_the_shops_own_today() {
        let table = [
            ("+0d", "2026-11-20"),
            ("+1d", "2026-11-21"),
            ("-2d", "2026-11-18"),
            ("weekday:fri", "2026-11-20"),
            ("weekday:sat", "2026-11-21"),
            ("weekday:thu", "2026-11-26"),
            ("next:sat", "2026-11-28"),
            ("next:tue", "2026-11-24"),
            ("2026-12-31", "2026-12-31"),
            ("--02-14", "2027-02-14"),
            ("--02-29", "2028-02-29"),
            ("---19", "2026-12-19"),
            ("---31", "2026-12-31"),
            ("holiday:songkran", "2027-04-13"),
            ("holiday:christmas", "2026-12-25"),
        ];
        for (value, wanted) in table {
            let wanted: Date = wanted.parse().expect("a date");
            assert_eq!(resolved(EntityKind::Date, value), Some(Resolved::Day(wanted)), "{value}");
        }
    }

    #[test]
    fn times_and_parts_of_the_day() {
        assert_eq!(resolved(EntityKind::Time, "15:30"), Time::new(15, 30, 0, 0).ok().map(Resolved::Clock));
        assert_eq!(resolved(EntityKind::Time, "morning"), Some(Resolved::Part(PartOfDay::Morning)));
    }

    #[test]
    fn what_is_no_day_stays_unresolved() {
        for value in [
            "",
            "d",
            "+xd",
            "next:",
            "weekday:someday",
            "--13-40",
            "---99",
            "holiday:loy_krathong",
            "+99999999999d",
            "+2147483647d",
        ] {
            assert_eq!(resolved(EntityKind::Date, value), None, "{value}");
        }
        assert_eq!(resolved(EntityKind::Money, "590 THB"), None);
    }
}
