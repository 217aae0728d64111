//! Answers out of the price table: prices, stock, variants, and which item is meant.

use std::collections::BTreeSet;

use domain::{AnswerKind, PriceRow, Source, Tongue};

use super::{Draft, Voice};
use crate::{
    Library,
    knowledge::{Item, Query, Row},
    words::{TermKind, normal::has_thai},
};

/// `price` as people write it: `1,190`, `75`, `12.50`.
pub(crate) fn baht(satang: i64) -> String {
    let whole = (satang / 100).to_string();
    let mut grouped = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match satang % 100 {
        0 => grouped,
        cents => format!("{grouped}.{cents:02}"),
    }
}

/// A row of the price table as one line, in both tongues.
pub(crate) fn row_line(row: &PriceRow) -> String {
    let names: Vec<&str> = [row.name_th.as_str(), row.name_en.as_str(), row.variant.as_str()]
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect();
    let mut line = format!("{} = {} บาท/baht", names.join(" | "), baht(row.price_satang));
    match row.stock {
        Some(0) => line.push_str(" | หมด/sold out"),
        Some(left) => line.push_str(&format!(" | เหลือ/left {left}")),
        None => {}
    }
    if !row.note.is_empty() {
        line.push_str(" | ");
        line.push_str(&row.note);
    }
    line
}

/// An item that may be meant, with the rows that the question's variants leave.
pub(crate) struct Meant<'a> {
    pub item: &'a Item,
    pub rows: Vec<&'a Row>,
    /// Weight of the question's terms that the name covers, and how much of the name they are.
    score: f32,
    share: f32,
    matched: BTreeSet<String>,
}

/// What was said before names the subject less surely than what is said now.
fn said_now(asked: &crate::knowledge::Asked) -> f32 {
    if asked.carried { asked.weight * 0.5 } else { asked.weight }
}

/// What the price table makes of a question.
pub(crate) struct Meanings<'a> {
    pub meant: Vec<Meant<'a>>,
    /// Share of the question that neither names nor variants cover, from 0 to 1.
    pub leftover: f32,
    /// One of them is a subject that the shop says nothing about at all.
    pub unheard: bool,
    /// Another item than ours, by a word grown onto the name or by its measure.
    pub another: bool,
    /// Known terms that no item has: a second question, or another subject.
    pub uncovered: BTreeSet<String>,
    /// How much of its name the question says, of the best item.
    pub share: f32,
    /// The question names one of its variants.
    pub varied: bool,
}

const KEEP: f32 = 0.9;

/// The items a question may mean, all about equally likely ones.
pub(crate) fn meanings<'a>(library: &'a Library, query: &Query) -> Option<Meanings<'a>> {
    let mut meant: Vec<Meant<'a>> = Vec::new();
    for item in &library.items {
        let names = item.names();
        let matched: BTreeSet<String> =
            query.asked.iter().filter(|a| names.contains(&a.key)).map(|a| a.key.clone()).collect();
        if matched.is_empty() {
            continue;
        }
        let telling: f32 = query.asked.iter().filter(|a| matched.contains(&a.key)).map(said_now).sum();
        // A number or a colour alone names nothing.
        let by_subject = query
            .asked
            .iter()
            .any(|a| matched.contains(&a.key) && a.kind != TermKind::Number && a.weight >= 0.1);
        if !by_subject {
            continue;
        }
        let share = |keys: &BTreeSet<String>| -> f32 {
            let all: f32 = keys.iter().map(|key| library.weight(key)).sum();
            let part: f32 = keys.intersection(&matched).map(|key| library.weight(key)).sum();
            if all > 0.0 { part / all } else { 0.0 }
        };
        let share = share(&item.keys_th).max(share(&item.keys_en));
        let (rows, variants) = narrowed(item, query);
        let extra: f32 = query
            .asked
            .iter()
            .filter(|a| variants.contains(&a.key) && !matched.contains(&a.key))
            .map(|a| a.weight.max(0.15))
            .sum();
        let mut all = matched;
        all.extend(variants);
        meant.push(Meant { item, rows, score: telling + 0.45 * share + 0.6 * extra, share, matched: all });
    }
    let best = meant.iter().map(|m| m.score).fold(0.0_f32, f32::max);
    meant.retain(|m| m.score >= best * KEEP);
    meant.sort_by(|a, b| b.score.total_cmp(&a.score));
    if meant.is_empty() {
        return None;
    }
    let covered: BTreeSet<String> = meant.iter().flat_map(|m| m.matched.iter().cloned()).collect();
    let focus = focus(query, &covered);
    let weigh = |key: &str, weight: f32| if focus.contains(key) { weight } else { weight * 0.25 };
    let (mut left, mut mass) = (0.0_f32, 0.0_f32);
    let mut unheard = false;
    let mut uncovered = BTreeSet::new();
    for asked in &query.asked {
        let span = ["t:month", "t:year", "t:week", "t:hour"].contains(&asked.key.as_str());
        if (crate::knowledge_when(&asked.key) && !span) || asked.kind == TermKind::Number || asked.carried {
            continue;
        }
        let weight = weigh(&asked.key, asked.weight);
        mass += weight;
        let counted = asked.known && is_counter(&asked.key);
        if !covered.contains(&asked.key) && !counted {
            left += weight;
            unheard |= !asked.known && weight >= 0.5;
            if asked.known && weight >= 0.15 {
                uncovered.insert(asked.key.clone());
            }
        }
    }
    let another = measures_otherwise(query, &meant) || qualified(query, &covered);
    if another {
        unheard = true;
        left += 1.0;
        mass += 1.0;
    }
    let share = meant.first().map_or(0.0, |m| m.share);
    let varied = meant.first().is_some_and(|m| !m.matched.is_subset(&m.item.names()));
    let leftover = if mass > 0.0 { left / mass } else { 0.0 };
    Some(Meanings { meant, leftover, unheard, another, uncovered, share, varied })
}

/// A word that the shop does not know, grown onto the name of an item: another item (`ห้องสวีท`).
fn qualified(query: &Query, covered: &BTreeSet<String>) -> bool {
    query.terms.windows(2).any(|pair| match pair {
        [name, word] => {
            name.end == word.start
                && covered.contains(&name.key)
                && matches!(word.kind, TermKind::Word | TermKind::Strange)
                && word.text.chars().count() >= 3
                && query.asked.iter().any(|a| a.text == word.text && !a.known)
        }
        _ => false,
    })
}

/// `3 pounds` where the table has one and two.
fn measures_otherwise(query: &Query, meant: &[Meant<'_>]) -> bool {
    const MEASURES: [&str; 6] = ["t:pound", "t:gram", "t:kilo", "t:inch", "t:memory", "t:centimetre"];
    let keys: BTreeSet<&String> =
        meant.iter().flat_map(|m| m.item.rows.iter()).flat_map(|row| row.keys.iter()).collect();
    query.terms.windows(2).any(|pair| match pair {
        [number, unit] => {
            number.kind == TermKind::Number
                && MEASURES.contains(&unit.key.as_str())
                && keys.contains(&unit.key)
                && !keys.contains(&number.key)
        }
        _ => false,
    })
}

/// Words of counting and of parts of the item itself, which leave nothing unanswered.
pub(crate) fn is_counter(key: &str) -> bool {
    const COUNTERS: [&str; 20] = [
        "t:cup",
        "t:slice",
        "t:size",
        "t:colour",
        "t:exchange",
        "t:repair",
        "t:order",
        "t:delivery",
        "t:room",
        "t:parts",
        "t:drink",
        "t:food",
        "t:menu",
        "t:size_s",
        "t:pernight",
        "t:class",
        "t:phone",
        "t:selfpickup",
        "t:dress",
        "t:clear",
    ];
    // Size, colour and the like are variants only when a row has them.
    const NOT: [&str; 3] = ["t:size_s", "t:clear", "t:class"];
    COUNTERS.contains(&key) && !NOT.contains(&key)
}

/// Rows that hold the most of the question's variants, and those variants.
fn narrowed<'a>(item: &'a Item, query: &Query) -> (Vec<&'a Row>, BTreeSet<String>) {
    let all: BTreeSet<&String> =
        item.rows.iter().flat_map(|row| row.keys.iter().chain(&row.note_keys)).collect();
    // What the name says already tells no row from another.
    let names = item.names();
    let wanted: Vec<&String> =
        query.asked.iter().map(|a| &a.key).filter(|key| all.contains(key) && !names.contains(*key)).collect();
    let count = |row: &Row| {
        wanted.iter().filter(|key| row.keys.contains(**key) || row.note_keys.contains(**key)).count()
    };
    let most = item.rows.iter().map(count).max().unwrap_or(0);
    let rows: Vec<&Row> = item.rows.iter().filter(|row| count(row) == most).collect();
    (rows, wanted.into_iter().cloned().collect())
}

/// Keys that stand near what is asked: in a piece of the turn with a cue or with the item's name. Other pieces
/// are chat (`so hot today, how much is a soda?`).
fn focus(query: &Query, covered: &BTreeSet<String>) -> BTreeSet<String> {
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    let thai = has_thai(&query.normal);
    let mut start = 0;
    for (at, c) in query.normal.char_indices() {
        let cut = c == '\n' || matches!(c, '!' | '?' | ';') || (c == ',' && !thai) || (thai && c == ' ');
        if cut {
            pieces.push((start, at));
            start = at + c.len_utf8();
        }
    }
    pieces.push((start, query.normal.len()));
    let mut near = BTreeSet::new();
    let inside = |at: usize, piece: &(usize, usize)| at >= piece.0 && at < piece.1;
    let has_cue = |piece: &(usize, usize)| {
        query.terms.iter().any(|t| inside(t.start, piece) && t.kind == TermKind::Cue)
    };
    let has_item = |piece: &(usize, usize)| {
        query.terms.iter().any(|t| inside(t.start, piece) && covered.contains(&t.key))
    };
    let whole = pieces.iter().any(|piece| has_cue(piece) && has_item(piece));
    let mut kept: Vec<bool> = pieces
        .iter()
        .map(
            |piece| if whole { has_cue(piece) && has_item(piece) } else { has_cue(piece) || has_item(piece) },
        )
        .collect();
    // What stands between two pieces that count does too (`pistachio` in `ครัวซองต์ pistachio กี่บาท`).
    if let (Some(first), Some(last)) = (kept.iter().position(|k| *k), kept.iter().rposition(|k| *k)) {
        for (n, keep) in kept.iter_mut().enumerate() {
            *keep = *keep || (n > first && n < last);
        }
    }
    for (piece, keep) in pieces.iter().zip(&kept) {
        if *keep {
            near.extend(query.terms.iter().filter(|t| inside(t.start, piece)).map(|t| t.key.clone()));
        }
    }
    // The library may know a term under another key.
    for asked in &query.asked {
        if query.terms.iter().any(|term| term.text == asked.text && near.contains(&term.key)) {
            near.insert(asked.key.clone());
        }
    }
    near
}

pub(crate) fn price_of<'a>(library: &'a Library, row: &Row) -> Option<&'a PriceRow> {
    library.knowledge().prices.get(row.at)
}

/// The price or the stock of what is meant.
pub(crate) fn answer(
    library: &Library,
    query: &Query,
    meanings: &Meanings<'_>,
    voice: Voice<'_>,
) -> Option<Draft> {
    let rows: Vec<(&Item, &Row, &PriceRow)> = meanings
        .meant
        .iter()
        .flat_map(|m| m.rows.iter().map(move |row| (m.item, *row)))
        .filter_map(|(item, row)| Some((item, row, price_of(library, row)?)))
        .collect();
    let items = meanings.meant.len();
    if items > 4 || rows.len() > 12 {
        return Some(ask_which(library, meanings, voice));
    }
    let stock = query.cue("q:stock") || query.cue("q:exist");
    let price = query.cue("q:price");
    let single = rows.len() == 1;
    let mut lines = Vec::new();
    let mut sources = Vec::new();
    for meant in &meanings.meant {
        let own: Vec<(&Row, &PriceRow)> =
            meant.rows.iter().filter_map(|row| Some((*row, price_of(library, row)?))).collect();
        lines.extend(item_lines(meant.item, &own, voice, stock));
        sources.extend(own.iter().map(|(_, row)| Source(format!("prices:{}", row.sku))));
    }
    let mut text = String::new();
    let said: Vec<i64> = amounts_said(query, meanings);
    let right = rows.iter().any(|(_, _, row)| said.contains(&(row.price_satang / 100)));
    if price_is_doubted(query, &said) && !right {
        text.push_str(&voice.say("ไม่ใช่{นะคะ} ", "No, that is not the price. "));
    } else if query.cue("q:right") && right {
        text.push_str(&voice.say("ใช่{ค่ะ} ", "Yes. "));
    } else if stock
        && single
        && let Some((_, _, row)) = rows.first()
    {
        text.push_str(&match row.stock {
            Some(0) => voice.say("ตอนนี้หมด{ค่ะ} ", "Sorry, sold out. "),
            Some(_) | None => voice.say("มี{ค่ะ} ", "Yes, we have it. "),
        });
    } else if stock && !price && rows.iter().all(|(_, _, row)| row.stock == Some(0)) {
        text.push_str(&voice.say("ตอนนี้หมด{ค่ะ} ", "Sorry, sold out. "));
    }
    text.push_str(&list(&lines, voice));
    Some(Draft { kind: AnswerKind::Answer, words: text, sources, confidence: 0.9, settled: false })
}

fn list(lines: &[String], voice: Voice<'_>) -> String {
    match lines {
        [one] => voice.close(one),
        several => {
            let joined: Vec<String> = several.iter().map(|line| format!("- {line}")).collect();
            format!("{}\n{}", voice.say("ตามนี้{ค่ะ}", "Here you are:"), joined.join("\n"))
        }
    }
}

/// A line for each price of an item; variants of one price and one state share it.
fn item_lines(item: &Item, rows: &[(&Row, &PriceRow)], voice: Voice<'_>, stock: bool) -> Vec<String> {
    let tongue = voice.tongue;
    let name = item.name(tongue);
    let one_price = rows.windows(2).all(|pair| match pair {
        [(_, a), (_, b)] => a.price_satang == b.price_satang,
        _ => true,
    });
    if one_price && rows.len() > 1 {
        let Some((_, first)) = rows.first() else { return Vec::new() };
        let (gone, here): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, row)| row.stock == Some(0));
        let variants = |rows: &[&(&Row, &PriceRow)]| -> String {
            let names: Vec<&str> =
                rows.iter().map(|(row, _)| row.variant(tongue)).filter(|v| !v.is_empty()).collect();
            names.join(", ")
        };
        let mut line = format!("{name} {}", amount(first, voice));
        if !here.is_empty() && (stock || !gone.is_empty()) {
            let label = voice.say("มี", "in stock");
            line.push_str(&format!(" ({label}: {})", variants(&here)));
        }
        if !gone.is_empty() {
            let label = voice.say("หมด", "sold out");
            line.push_str(&format!(" ({label}: {})", variants(&gone)));
            for (_, row) in &gone {
                if !row.note.is_empty() && gone.len() == 1 {
                    line.push_str(&format!(" {}", note(row, voice)));
                }
            }
        }
        return vec![line.trim().to_owned()];
    }
    rows.iter()
        .map(|(row, price)| {
            let variant = row.variant(tongue);
            let mut line = if variant.is_empty() { name.to_owned() } else { format!("{name} ({variant})") };
            line.push(' ');
            line.push_str(&amount(price, voice));
            match price.stock {
                Some(0) => line.push_str(&voice.say(" ตอนนี้หมด", ", sold out")),
                Some(_) if stock && rows.len() > 1 => line.push_str(&voice.say(" มีของ", ", in stock")),
                Some(_) | None => {}
            }
            let note = note(price, voice);
            if !note.is_empty() {
                line.push_str(&format!(" {note}"));
            }
            line
        })
        .collect()
}

fn amount(row: &PriceRow, voice: Voice<'_>) -> String {
    let baht = baht(row.price_satang);
    voice.say(&format!("ราคา {baht} บาท"), &format!("{baht} baht"))
}

/// The note, when it reads in the reply's tongue or says a number that matters.
fn note(row: &PriceRow, voice: Voice<'_>) -> String {
    if row.note.is_empty() {
        return String::new();
    }
    let thai = has_thai(&row.note);
    match voice.tongue {
        Tongue::Thai => format!("({})", row.note),
        Tongue::English if !thai => format!("({})", row.note),
        Tongue::English => row
            .note
            .split('/')
            .map(str::trim)
            .find(|part| !has_thai(part) && !part.is_empty())
            .map(|part| format!("({part})"))
            .unwrap_or_default(),
    }
}

/// Numbers of the turn that are meant as an amount of money: large, and no part of an item's name.
pub(crate) fn amounts_said(query: &Query, meanings: &Meanings<'_>) -> Vec<i64> {
    let named: BTreeSet<String> = meanings.meant.iter().flat_map(|m| m.matched.iter().cloned()).collect();
    query
        .terms
        .iter()
        .filter(|term| term.kind == TermKind::Number && !named.contains(&term.key))
        .filter_map(|term| term.key.strip_prefix("n:")?.parse::<i64>().ok())
        .filter(|number| *number >= 20)
        .collect()
}

fn price_is_doubted(query: &Query, said: &[i64]) -> bool {
    !said.is_empty()
        && (query.cue("q:right")
            || super::signs::has(
                &query.normal,
                &["right", "correct", "confirm", "ใช่", "ลดเหลือ", "เหลือ", "page said", "says", "read", "yes"],
            ))
}

/// Several items are meant: which one?
pub(crate) fn ask_which(library: &Library, meanings: &Meanings<'_>, voice: Voice<'_>) -> Draft {
    let mut names: Vec<&str> = Vec::new();
    for meant in &meanings.meant {
        let name = meant.item.name(voice.tongue);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(6);
    let several = names.join(", ");
    let words = if names.len() == 1 {
        let mut variants: Vec<&str> = meanings
            .meant
            .iter()
            .flat_map(|m| m.rows.iter().map(|row| row.variant(voice.tongue)))
            .filter(|variant| !variant.is_empty())
            .collect();
        variants.truncate(8);
        let variants = variants.join(", ");
        voice.say(
            &format!("{several} สนใจแบบไหน{{คะ}} (เช่น {variants})"),
            &format!("Which {several} would you like? (for example {variants})"),
        )
    } else {
        voice.say(
            &format!("ขอทราบรุ่นหรือแบบที่ต้องการ{{นะคะ}} อันไหน{{คะ}} เช่น {several}"),
            &format!("Which one or which model do you mean? For example {several}."),
        )
    };
    let sources: Vec<Source> = meanings
        .meant
        .iter()
        .flat_map(|m| m.rows.iter())
        .filter_map(|row| price_of(library, row))
        .map(|row| Source(format!("prices:{}", row.sku)))
        .collect();
    Draft { kind: AnswerKind::AskBack, words, sources, confidence: 0.85, settled: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!(baht(7_500), "75");
        assert_eq!(baht(119_000), "1,190");
        assert_eq!(baht(123_456_789), "1,234,567.89");
    }
}
