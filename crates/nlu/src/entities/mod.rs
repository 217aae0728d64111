//! Spans of a message with a meaning of their own, and their normal values.

mod address;
mod amounts;
mod contact;
mod dates;
mod money;
mod numbers;
mod times;

use std::ops::Range;

use domain::{Entity, EntityKind};
use regex::Regex;

use crate::{normalise::Normalised, thai};

/// A span of the normalised text, before it is laid over the original.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) kind: EntityKind,
    pub(crate) range: Range<usize>,
    pub(crate) value: Value,
    pub(crate) confidence: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Normal(String),
    /// What the customer typed, letter for letter.
    AsWritten,
    AsWrittenInLowerCase,
    /// As written, less the `#` before it.
    Number,
}

/// The patterns of every kind, compiled once.
pub(crate) struct Finders {
    contact: contact::Contact,
    address: address::Addresses,
    numbers: numbers::Numbers,
    dates: dates::Dates,
    times: times::Times,
    money: money::Money,
    amounts: amounts::Amounts,
}

/// Beyond this many bytes a message is a document: only its beginning is read for entities.
const READ_BYTES: usize = 20_000;

impl Finders {
    pub(crate) fn new() -> Self {
        Self {
            contact: contact::Contact::new(),
            address: address::Addresses::new(),
            numbers: numbers::Numbers::new(),
            dates: dates::Dates::new(),
            times: times::Times::new(),
            money: money::Money::new(),
            amounts: amounts::Amounts::new(),
        }
    }

    /// In the order of the text, none overlapping another.
    pub(crate) fn find(&self, source: &str, normalised: &Normalised) -> Vec<Entity> {
        let text = beginning(normalised.as_str());
        let mut taken = Taken { text, found: Vec::new() };
        // The surest first: what one kind has taken, the later ones leave alone.
        self.contact.addresses(&mut taken);
        if text.bytes().any(|byte| byte.is_ascii_digit()) {
            self.address.find(&mut taken);
            self.numbers.bank_accounts(&mut taken);
            contact::phones(&mut taken);
            self.numbers.order_numbers(&mut taken);
        }
        self.contact.handles(&mut taken);
        self.dates.find(&mut taken);
        self.times.find(&mut taken);
        self.money.find(&mut taken);
        self.amounts.find(&mut taken);
        let mut found = taken.found;
        found.sort_by_key(|found| found.range.start);
        found.into_iter().filter_map(|found| laid_over(source, normalised, found)).collect()
    }
}

fn beginning(text: &str) -> &str {
    let mut end = text.len().min(READ_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn laid_over(source: &str, normalised: &Normalised, found: Found) -> Option<Entity> {
    let points = normalised.points(found.range.clone());
    let written = source.get(normalised.bytes(found.range))?;
    if points.is_empty() {
        return None;
    }
    let value = match found.value {
        Value::Normal(value) => value,
        Value::AsWritten => written.to_owned(),
        Value::AsWrittenInLowerCase => written.to_lowercase(),
        Value::Number => thai_digits_to_ascii(written.trim_start_matches(['#', '＃', ' '])),
    };
    Some(Entity {
        kind: found.kind,
        text: written.to_owned(),
        start: points.start,
        end: points.end,
        value,
        confidence: found.confidence,
    })
}

fn thai_digits_to_ascii(text: &str) -> String {
    text.chars()
        .map(|ch| match ch {
            '๐'..='๙' => char::from_u32(u32::from(ch) - u32::from('๐') + u32::from('0')).unwrap_or(ch),
            _ => ch,
        })
        .collect()
}

/// The text and what has been found in it so far.
pub(crate) struct Taken<'t> {
    pub(crate) text: &'t str,
    found: Vec<Found>,
}

impl<'t> Taken<'t> {
    pub(crate) fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    pub(crate) fn before(&self, at: usize) -> &'t str {
        self.text.get(..at).unwrap_or_default()
    }

    pub(crate) fn after(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or_default()
    }

    pub(crate) fn is_free(&self, range: &Range<usize>) -> bool {
        self.found.iter().all(|found| found.range.end <= range.start || range.end <= found.range.start)
    }

    pub(crate) fn take(
        &mut self,
        kind: EntityKind,
        range: Range<usize>,
        value: impl Into<String>,
        confidence: f32,
    ) {
        self.take_as(kind, range, Value::Normal(value.into()), confidence);
    }

    /// Takes the span unless another kind has it or it is empty.
    pub(crate) fn take_as(&mut self, kind: EntityKind, range: Range<usize>, value: Value, confidence: f32) {
        if !range.is_empty() && self.is_free(&range) {
            self.found.push(Found { kind, range, value, confidence });
        }
    }

    pub(crate) fn of_kind(&self, kind: EntityKind) -> impl Iterator<Item = &Range<usize>> {
        self.found.iter().filter(move |found| found.kind == kind).map(|found| &found.range)
    }
}

/// Patterns are literals of this crate, every one compiled by the tests.
pub(crate) fn pattern(expression: &str) -> Regex {
    #[expect(
        clippy::unwrap_used,
        reason = "a literal of this crate; every reader compiles it, so a test meets it first"
    )]
    Regex::new(expression).unwrap()
}

/// Whether the span begins and ends between syllables and words, and beside no further digit of a number.
pub(crate) fn stands_free(text: &str, range: &Range<usize>) -> bool {
    if !thai::may_cut(text, range.start) || !thai::may_cut(text, range.end) {
        return false;
    }
    let inside = text.get(range.clone()).unwrap_or_default();
    let digit = |ch: Option<char>| ch.is_some_and(|ch| ch.is_ascii_digit());
    let (before, after) =
        (text.get(..range.start).unwrap_or_default(), text.get(range.end..).unwrap_or_default());
    let cut_off = digit(inside.chars().next()) && goes_on_in_digits(before.chars().rev());
    let cut_short = digit(inside.chars().next_back()) && goes_on_in_digits(after.chars());
    !cut_off && !cut_short
}

/// A digit, or one behind a mark that holds numbers together.
fn goes_on_in_digits(mut outward: impl Iterator<Item = char>) -> bool {
    let first = outward.next();
    let met = if matches!(first, Some('.' | ',' | '/' | ':')) { outward.next() } else { first };
    met.is_some_and(|ch| ch.is_ascii_digit())
}
