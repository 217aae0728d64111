//! Articles, facts and quick replies cut into passages, and passages into clauses.

use std::collections::BTreeSet;

use domain::{Bilingual, Knowledge, Source, Tongue};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::words::{
    Own, TermKind,
    normal::{has_thai, is_thai, normal},
    terms,
};

/// What a passage was cut from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    Article,
    Fact,
    Quick,
}

/// A paragraph, a list item or a fact, in one tongue.
#[derive(Debug)]
pub(crate) struct Entry {
    pub source: Source,
    pub kind: EntryKind,
    pub tongue: Tongue,
    /// Of the title, the tags and the heading above.
    pub heading: BTreeSet<String>,
    pub clauses: Vec<Clause>,
}

/// The smallest piece worth quoting.
#[derive(Debug)]
pub(crate) struct Clause {
    pub text: String,
    pub keys: BTreeSet<String>,
}

impl Entry {
    pub(crate) fn all_keys(&self) -> BTreeSet<String> {
        self.clauses
            .iter()
            .flat_map(|clause| clause.keys.iter())
            .chain(self.heading.iter())
            .cloned()
            .collect()
    }

    pub(crate) fn text(&self) -> String {
        join(self.clauses.iter().map(|clause| clause.text.as_str()))
    }
}

pub(crate) fn join<'a>(clauses: impl Iterator<Item = &'a str>) -> String {
    clauses.collect::<Vec<_>>().join(" ")
}

pub(crate) fn tongue_of(text: &str) -> Tongue {
    let thai = text.chars().filter(|c| is_thai(*c)).count();
    let latin = text.chars().filter(char::is_ascii_alphabetic).count();
    if thai * 2 > latin { Tongue::Thai } else { Tongue::English }
}

pub(crate) fn entries(knowledge: &Knowledge, own: &Own) -> Vec<Entry> {
    let mut out = Vec::new();
    for article in &knowledge.articles {
        let mut title = keys(&article.title, own);
        for tag in &article.tags {
            title.extend(keys(tag, own));
        }
        for (heading, paragraph) in paragraphs(&article.body) {
            let mut head = title.clone();
            head.extend(keys(&heading, own));
            let source = Source(article.slug.clone());
            push(&mut out, source, EntryKind::Article, &paragraph, head, own);
        }
    }
    let facts = &knowledge.facts;
    let general: [(&str, &Bilingual, &[&str]); 5] = [
        ("hours", &facts.hours_note, &[]),
        ("payment", &facts.payment, &["t:pay"]),
        ("delivery", &facts.delivery, &["t:delivery", "t:shipping_fee"]),
        ("returns", &facts.returns, &["t:return", "t:exchange"]),
        ("contact", &facts.address, &["t:address", "t:map"]),
    ];
    for (source, text, about) in general {
        let head: BTreeSet<String> = about.iter().map(|key| (*key).to_owned()).collect();
        for text in [&text.th, &text.en].into_iter().flatten() {
            push(&mut out, Source(source.to_owned()), EntryKind::Fact, text, head.clone(), own);
        }
    }
    for reply in knowledge.quick_replies.iter().filter(|reply| reply.variables.is_empty()) {
        let head = keys(&reply.code.to_lowercase().replace('_', " "), own);
        for text in [&reply.text.th, &reply.text.en].into_iter().flatten() {
            let source = Source(format!("quick:{}", reply.code));
            push(&mut out, source, EntryKind::Quick, text, head.clone(), own);
        }
    }
    out
}

fn push(
    out: &mut Vec<Entry>,
    source: Source,
    kind: EntryKind,
    text: &str,
    heading: BTreeSet<String>,
    own: &Own,
) {
    let clauses: Vec<Clause> =
        clauses(text).into_iter().map(|text| Clause { keys: keys(&text, own), text }).collect();
    if !clauses.is_empty() {
        out.push(Entry { source, kind, tongue: tongue_of(text), heading, clauses });
    }
}

pub(crate) fn keys(text: &str, own: &Own) -> BTreeSet<String> {
    terms(&normal(text), own)
        .into_iter()
        .filter(|term| term.is_content() || term.kind == TermKind::Cue)
        .map(|term| term.key)
        .collect()
}

/// The paragraphs, list items and table rows of a Markdown text, each with the heading above it.
fn paragraphs(markdown: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut heading = String::new();
    let mut text = String::new();
    let mut in_heading = false;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                flush(&mut out, &heading, &mut text);
                heading.clear();
                in_heading = true;
            }
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(words) | Event::Code(words) => {
                if in_heading { &mut heading } else { &mut text }.push_str(&words);
            }
            Event::SoftBreak | Event::HardBreak => text.push('\n'),
            Event::End(TagEnd::TableCell) => text.push(' '),
            Event::Start(Tag::Item)
            | Event::End(
                TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::TableRow
                | TagEnd::TableHead
                | TagEnd::CodeBlock
                | TagEnd::BlockQuote(_),
            ) => flush(&mut out, &heading, &mut text),
            Event::Start(_)
            | Event::End(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }
    flush(&mut out, &heading, &mut text);
    out
}

fn flush(out: &mut Vec<(String, String)>, heading: &str, text: &mut String) {
    if !text.trim().is_empty() {
        out.push((heading.to_owned(), text.trim().to_owned()));
    }
    text.clear();
}

/// Thai is cut where a space stands between two Thai letters, English at sentence ends.
pub(crate) fn clauses(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut start = 0;
        let chars: Vec<(usize, char)> = line.char_indices().collect();
        for (n, (at, c)) in chars.iter().enumerate() {
            if *c != ' ' {
                continue;
            }
            let before = n.checked_sub(1).and_then(|n| chars.get(n)).map_or(' ', |(_, c)| *c);
            let after = chars.get(n + 1).map_or(' ', |(_, c)| *c);
            let sentence = matches!(before, '.' | '!' | '?' | ';')
                && !(n >= 2
                    && n.checked_sub(2).and_then(|n| chars.get(n)).is_some_and(|(_, c)| c.is_ascii_digit())
                    && is_thai(after))
                && (after.is_uppercase() || before == ';' || is_thai(after) || after.is_ascii_digit());
            let thai = (is_thai(before) || matches!(before, ')' | '"' | '!')) && is_thai(after);
            let list = before == '/' || (before == ')' && is_thai(after));
            if (sentence || thai || list)
                && let Some(piece) = line.get(start..*at)
            {
                out.push(piece.trim().to_owned());
                start = at + 1;
            }
        }
        if let Some(rest) = line.get(start..)
            && !rest.trim().is_empty()
        {
            out.push(rest.trim().to_owned());
        }
    }
    merge_short(out)
}

/// A Thai piece of a few letters (`น.`, `ฟรี`) belongs to the piece before it.
fn merge_short(pieces: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for piece in pieces {
        let short = has_thai(&piece) && piece.chars().count() < 9;
        match out.last_mut() {
            Some(last) if short && last.chars().count() < 90 => {
                last.push(' ');
                last.push_str(&piece);
            }
            _ => out.push(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_falls_into_the_clauses_one_would_quote() {
        assert_eq!(
            clauses("จอดหน้าร้านได้ 6 คัน (ฟรี) ถ้าเต็มให้จอดลานดินข้างวัด เดินย้อนมาประมาณ 3 นาที ค่าบำรุงคันละ 20 บาท"),
            ["จอดหน้าร้านได้ 6 คัน (ฟรี)", "ถ้าเต็มให้จอดลานดินข้างวัด", "เดินย้อนมาประมาณ 3 นาที", "ค่าบำรุงคันละ 20 บาท"]
        );
        assert_eq!(
            clauses("Free Wi-Fi. Power is upstairs only."),
            ["Free Wi-Fi.", "Power is upstairs only."]
        );
    }

    #[test]
    fn markdown_falls_into_paragraphs_items_and_rows() {
        let found = paragraphs(
            "# Rules\nNo *smoking*.\n\n- quiet after ten\n- no pets\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        );
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["No smoking.", "quiet after ten", "no pets", "a b", "1 2"]);
        assert!(found.iter().all(|(heading, _)| heading == "Rules"));
    }
}
