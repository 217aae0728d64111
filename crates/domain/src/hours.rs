//! Opening hours: is the shop open, since when, until when.

use jiff::{ToSpan, civil, tz::TimeZone};

use crate::{Holiday, Span, Timestamp, WeekHours};

/// Whether the shop is open at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenState {
    Open,
    /// `period` is the same for all moments of one closed stretch: the away text goes out once per period.
    Closed {
        period: Timestamp,
        opens: Option<Timestamp>,
    },
}

impl OpenState {
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open)
    }
}

/// Whether `now` lies within the hours. Hours with no opening in a fortnight count as always open: an owner
/// who has not entered hours has not said "closed".
pub fn open_state(now: Timestamp, zone: &TimeZone, hours: &WeekHours, holidays: &[Holiday]) -> OpenState {
    let here = now.zoned(zone);
    let mut previous_close: Option<Timestamp> = None;
    let mut next_open: Option<Timestamp> = None;
    let mut any = false;
    for day in -8_i64..=14 {
        let Ok(date) = here.date().checked_add(day.days()) else { continue };
        if is_holiday(date, holidays) {
            continue;
        }
        for span in hours.of(date.weekday()) {
            let Some((opens, closes)) = on_day(date, span, zone) else { continue };
            any = true;
            if opens <= now && now < closes {
                return OpenState::Open;
            }
            if closes <= now {
                previous_close = previous_close.max(Some(closes));
            } else if opens > now {
                next_open = Some(next_open.map_or(opens, |earliest| earliest.min(opens)));
            }
        }
    }
    if !any {
        return OpenState::Open;
    }
    OpenState::Closed { period: previous_close.unwrap_or_default(), opens: next_open }
}

pub fn is_holiday(date: civil::Date, holidays: &[Holiday]) -> bool {
    holidays.iter().any(|holiday| holiday.date <= date && date <= holiday.until.unwrap_or(holiday.date))
}

fn on_day(date: civil::Date, span: &Span, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let closing_day = if span.1 <= span.0 { date.checked_add(1.days()).ok()? } else { date };
    Some((instant(date.to_datetime(span.0), zone)?, instant(closing_day.to_datetime(span.1), zone)?))
}

fn instant(local: civil::DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let zoned = zone.to_zoned(local).ok()?;
    Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;
    use crate::Bilingual;

    fn bangkok() -> TimeZone {
        TimeZone::get("Asia/Bangkok").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn cafe() -> WeekHours {
        let day = vec![Span(time(7, 30, 0, 0), time(17, 0, 0, 0))];
        WeekHours { mon: day.clone(), wed: day.clone(), thu: day.clone(), fri: day, ..WeekHours::default() }
    }

    #[test]
    fn the_cafe_is_open_on_a_wednesday_morning_and_closed_at_night() {
        // 2026-06-10 is a Wednesday; 10:30 in Bangkok is 03:30 UTC.
        assert!(open_state(at("2026-06-10T03:30:00Z"), &bangkok(), &cafe(), &[]).is_open());
        let night = open_state(at("2026-06-10T15:00:00Z"), &bangkok(), &cafe(), &[]);
        let late = open_state(at("2026-06-10T20:00:00Z"), &bangkok(), &cafe(), &[]);
        assert_eq!(night, late, "one closed period, one away text");
        assert_eq!(
            night,
            OpenState::Closed { period: at("2026-06-10T10:00:00Z"), opens: Some(at("2026-06-11T00:30:00Z")) }
        );
    }

    #[test]
    fn a_holiday_closes_the_day_and_a_range_closes_them_all() {
        let songkran = Holiday {
            date: date(2026, 6, 10),
            until: Some(date(2026, 6, 11)),
            name: Bilingual::both("สงกรานต์", "Songkran"),
        };
        assert!(
            !open_state(at("2026-06-10T03:30:00Z"), &bangkok(), &cafe(), std::slice::from_ref(&songkran))
                .is_open()
        );
        assert!(
            !open_state(at("2026-06-11T03:30:00Z"), &bangkok(), &cafe(), std::slice::from_ref(&songkran))
                .is_open()
        );
        assert!(open_state(at("2026-06-12T03:30:00Z"), &bangkok(), &cafe(), &[songkran]).is_open());
    }

    #[test]
    fn a_bar_that_closes_after_midnight_is_open_at_one() {
        let bar = WeekHours { sat: vec![Span(time(18, 0, 0, 0), time(2, 0, 0, 0))], ..WeekHours::default() };
        // Sunday 2026-06-14 01:00 in Bangkok.
        assert!(open_state(at("2026-06-13T18:00:00Z"), &bangkok(), &bar, &[]).is_open());
        assert!(!open_state(at("2026-06-13T19:30:00Z"), &bangkok(), &bar, &[]).is_open());
    }

    #[test]
    fn no_hours_entered_means_open() {
        assert!(open_state(at("2026-06-10T20:00:00Z"), &bangkok(), &WeekHours::default(), &[]).is_open());
    }
}
