//! A deliverable address: from the house number to the postcode.

use std::ops::Range;

use domain::EntityKind;
use regex::Regex;

use super::{Taken, pattern};

pub(super) struct Addresses {
    postcode: Regex,
    house: Regex,
    mark: Regex,
}

/// An address is not longer than this, in bytes.
const LONGEST: usize = 520;

impl Addresses {
    pub(super) fn new() -> Self {
        Self {
            // the first two figures are the province: 10 to 96
            postcode: pattern(r"[1-9]\d{4}"),
            house: pattern(
                r"(?:(?:บ้าน)?เลขที่\s?|(?:ห้อง|ห้องเลขที่)\s?[a-z0-9/\-]+[, ][^\d\n]{0,30})?\d{1,5}(?:/\d{1,5})*(?:-\d{1,4})?",
            ),
            mark: pattern(concat!(
                r"(?:ถ\.|ถนน|ซ\.|ซอย|ม\.|หมู่|ต\.|ตำบล|แขวง|อ\.|อำเภอ|เขต|จ\.|จังหวัด|กทม|กรุงเทพ|คอนโด|อาคาร|ตึก|",
                r"soi |moo |rd\b|road|street|khet|khwaeng|t\. ?[a-z]|a\. ?[a-z]|bangkok|phuket|chiang mai|chon ?buri|pattaya|nonthaburi|samui|mueang|muang|district)",
            )),
        }
    }

    pub(super) fn find(&self, taken: &mut Taken<'_>) {
        let text = taken.text;
        let mut free_from = 0;
        for code in self.postcode.find_iter(text) {
            let digit = |ch: Option<char>| ch.is_some_and(|ch| ch.is_ascii_alphanumeric());
            let joined = digit(taken.before(code.start()).chars().next_back())
                || digit(taken.after(code.end()).chars().next());
            if joined || taken.before(code.start()).ends_with(['-', '/', '#', ',']) {
                continue;
            }
            let window = free_from.max(floor(text, code.start().saturating_sub(LONGEST)))..code.start();
            if let Some(start) = self.beginning(taken, window) {
                taken.take(EntityKind::Address, start..code.end(), format!("zip={}", code.as_str()), 0.93);
                free_from = code.end();
            }
        }
    }

    /// The house number: one with a stroke if there is any, else the first that a mark of an address follows closely.
    fn beginning(&self, taken: &Taken<'_>, window: Range<usize>) -> Option<usize> {
        let inside = taken.slice(window.clone());
        if self.mark.find_iter(inside).count() < 2 {
            return None;
        }
        let houses: Vec<Range<usize>> = self
            .house
            .find_iter(inside)
            .map(|hit| hit.range())
            .filter(|house| {
                let before = inside.get(..house.start).unwrap_or_default();
                !before
                    .ends_with(|ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '.' | '/' | '#'))
            })
            .collect();
        let marked = |house: &Range<usize>| {
            let after = inside.get(house.end..).unwrap_or_default();
            // up to the next number: what follows that one is its own
            let reach = after.find(|ch: char| ch.is_ascii_digit()).unwrap_or(after.len());
            let near = after.get(..floor(after, reach.min(90))).unwrap_or_default();
            self.mark.is_match(near) && after.starts_with([' ', ','])
        };
        let stroked = houses.iter().find(|house| {
            inside.get((*house).clone()).is_some_and(|number| number.contains('/')) && marked(house)
        });
        let chosen = stroked.or_else(|| houses.iter().find(|house| marked(house)))?;
        let rest = inside.get(chosen.start..).unwrap_or_default();
        (self.mark.find_iter(rest).count() >= 2).then_some(window.start + chosen.start)
    }
}

/// The greatest character boundary not after `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
