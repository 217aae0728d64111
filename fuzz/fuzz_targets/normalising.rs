//! One spelling of any text, the way back to the original, and values of dates and times laid over the calendar.
#![no_main]

use std::sync::LazyLock;

use domain::{Entity, EntityKind, Timestamp};
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use nlu::{normalise, resolve};

static BANGKOK: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Asia/Bangkok").expect("it is bundled"));

fuzz_target!(|input: (i64, &str)| {
    let (now, text) = input;
    let once = normalise(text);
    let (points, bytes) = (text.chars().count(), text.len());
    for (at, letter) in once.as_str().char_indices() {
        let range = at..at + letter.len_utf8();
        let (in_points, in_bytes) = (once.points(range.clone()), once.bytes(range));
        assert!(in_points.start <= in_points.end && in_points.end <= points);
        assert!(in_bytes.end <= bytes && text.get(in_bytes.clone()).is_some(), "{in_bytes:?} cuts a letter");
        assert_eq!(text[in_bytes].chars().count(), in_points.len());
    }
    let whole = once.points(0..once.as_str().len());
    assert!(whole.end <= points);
    for kind in [EntityKind::Date, EntityKind::Time] {
        let entity = Entity {
            kind,
            text: text.to_owned(),
            start: 0,
            end: points,
            value: text.to_owned(),
            confidence: 1.0,
        };
        let _ = resolve(&entity, Timestamp::from_millis(now), &BANGKOK);
    }
});
