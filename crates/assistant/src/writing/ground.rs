//! What a reply may rest on: the clock, the hours, the passages that fit, the facts a reply may always need.

use domain::{Passage, Source, Tongue};
use jiff::civil::Date;

use super::{Reading, hours, price_list::row_line, shop};
use crate::{Ask, knowledge::EntryKind};

/// Hours, holidays, today and now, as the prompt says them and as the checks know them.
pub(crate) fn clock_lines(ask: &Ask<'_>) -> Vec<String> {
    let facts = &ask.library.knowledge().facts;
    let now = ask.now.zoned(&hours::zone_of(facts));
    let today = now.date();
    let date = |date: Date| {
        format!(
            "{}-{:02}-{:02} ({} / {}, {} / {})",
            date.year(),
            date.month(),
            date.day(),
            hours::day_name(date.weekday(), Tongue::English),
            hours::day_name(date.weekday(), Tongue::Thai),
            hours::date_name(date, Tongue::English),
            hours::date_name(date, Tongue::Thai)
        )
    };
    let mut lines = vec![format!(
        "Now: {} {:02}:{:02}, Buddhist year {}.",
        date(today),
        now.hour(),
        now.minute(),
        i32::from(today.year()) + 543
    )];
    if hours::WEEK.iter().any(|day| !facts.hours.of(*day).is_empty()) {
        let open =
            domain::open_state(ask.now, &hours::zone_of(facts), &facts.hours, &facts.holidays).is_open();
        lines.push(format!(
            "Hours: {} / {}. Right now {}.",
            hours::week_text(facts, Tongue::English),
            hours::week_text(facts, Tongue::Thai),
            if open { "open" } else { "closed" }
        ));
    }
    for note in [&facts.hours_note.th, &facts.hours_note.en].into_iter().flatten() {
        lines.push(format!("Note on the hours: {note}"));
    }
    if !facts.holidays.is_empty() {
        let days: Vec<String> = facts
            .holidays
            .iter()
            .map(|holiday| {
                let until = holiday.until.map(|until| format!(" until {}", date(until))).unwrap_or_default();
                format!(
                    "{}{until} {}",
                    date(holiday.date),
                    holiday.name.in_tongue(Tongue::English).unwrap_or("")
                )
            })
            .collect();
        lines.push(format!("Closed on: {}.", days.join("; ")));
    }
    lines
}

/// Quick replies without variables that fit the turn.
pub(crate) fn fitting_quick_replies(ask: &Ask<'_>) -> Vec<String> {
    let reading = Reading::of(ask);
    reading
        .library
        .fits(&reading.query)
        .iter()
        .filter(|fit| fit.score >= 0.5)
        .filter_map(|fit| reading.library.entries.get(fit.entry))
        .filter(|entry| entry.kind == EntryKind::Quick && entry.tongue == reading.tongue)
        .take(3)
        .map(|entry| format!("- {}", entry.text()))
        .collect()
}

pub(crate) fn tongue_of_turn(ask: &Ask<'_>) -> Tongue {
    Reading::of(ask).tongue
}

/// What the prompt and the checks may draw on: the passages that fit, those of what the turn leans on, and the
/// facts a reply may always need.
pub(crate) fn ground_of(ask: &Ask<'_>, most: usize) -> Vec<Passage> {
    let reading = Reading::of(ask);
    let mut passages = reading.library.passages(&reading.query, most);
    if let Some(context) = reading.in_context() {
        for passage in reading.library.passages(&context, most / 2) {
            if !passages.iter().any(|have| have.source == passage.source && have.text == passage.text) {
                passages.push(passage);
            }
        }
    }
    for passage in shop::standing_facts(&reading.library.knowledge().facts) {
        if !passages.iter().any(|have| have.text == passage.text) {
            passages.push(passage);
        }
    }
    passages
}

/// What the sources of a draft say in full: its own ground.
pub(crate) fn passages_of(ask: &Ask<'_>, sources: &[Source]) -> Vec<Passage> {
    let library = ask.library;
    let mut out: Vec<Passage> = library
        .entries
        .iter()
        .filter(|entry| sources.contains(&entry.source))
        .map(|entry| Passage { source: entry.source.clone(), text: entry.text(), score: 1.0 })
        .collect();
    out.extend(library.knowledge().prices.iter().filter_map(|row| {
        let source = Source(format!("prices:{}", row.sku));
        sources.contains(&source).then(|| Passage { source, text: row_line(row), score: 1.0 })
    }));
    out.extend(
        shop::standing_facts(&library.knowledge().facts).into_iter().filter(|p| sources.contains(&p.source)),
    );
    out
}
