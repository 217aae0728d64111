//! How Rust files are shaped and named.

use std::ops::Range;

use super::Complaint;

/// Lines in a file, tests apart.
const LONGEST: usize = 600;

/// Lines in a `lib.rs`: a foyer.
const LONGEST_FOYER: usize = 120;

/// Endings that say nothing about what a thing is.
const SUFFIXES: [&str; 8] =
    ["Manager", "Service", "Handler", "Helper", "Util", "Utils", "Processor", "Engine"];

/// Rooms where anything may be thrown.
const GRAB_BAGS: [&str; 8] = ["common", "misc", "helper", "helpers", "util", "utils", "shared", "v2"];

pub(crate) fn complaints(path: &str, text: &str) -> Vec<Complaint> {
    let tests = is_tests(path);
    let mut found = Vec::new();
    found.extend(opening(path, text));
    found.extend(module_name(path));
    if !tests {
        found.extend(length(path, text));
    }
    let unit_tests = unit_tests(text);
    for (index, line) in text.lines().enumerate() {
        found.extend(unfinished(path, index, line));
        if !unit_tests.contains(&index) {
            found.extend(type_name(path, index, line));
            if !tests {
                found.extend(silenced(path, index, line));
            }
        }
    }
    found
}

/// Files that hold nothing but tests or benchmarks.
fn is_tests(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
}

/// The lines of the `#[cfg(test)] mod tests { … }` of a file; empty when there is none.
fn unit_tests(text: &str) -> Range<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.windows(2).rposition(|pair| {
        matches!(pair, [first, second] if *first == "#[cfg(test)]" && second.starts_with("mod tests {"))
    });
    let Some(start) = start else { return lines.len()..lines.len() };
    // rustfmt puts the closing brace alone at the margin, and no other
    let length =
        lines.iter().skip(start).position(|line| *line == "}").map_or(lines.len(), |brace| brace + 1);
    start..lines.len().min(start + length)
}

fn length(path: &str, text: &str) -> Option<Complaint> {
    let foyer = path.ends_with("/lib.rs");
    let (longest, next) = if foyer {
        (LONGEST_FOYER, "a lib.rs is a foyer: move the logic into a room")
    } else {
        (LONGEST, "split it by noun or by verb")
    };
    let lines = text.lines().count() - unit_tests(text).len();
    (lines > longest).then(|| {
        Complaint::new(path, None, format!("has {lines} lines, tests apart; the limit is {longest}"), next)
    })
}

fn opening(path: &str, text: &str) -> Option<Complaint> {
    let opens = text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.starts_with("//!"));
    (!opens).then(|| {
        Complaint::new(
            path,
            Some(1),
            "does not open with a `//!` sentence",
            "say what this module is, first of all",
        )
    })
}

fn module_name(path: &str) -> Option<Complaint> {
    let stem = path.rsplit('/').next()?.strip_suffix(".rs")?;
    // crates/x/src/utils/mod.rs is named by its folder
    let name = if stem == "mod" { path.rsplit('/').nth(1)? } else { stem };
    let suffix =
        SUFFIXES.iter().map(|suffix| suffix.to_lowercase()).chain(["ext".to_owned()]).find(|suffix| {
            name.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
        });
    let grab_bag = GRAB_BAGS.contains(&name) && !is_tests(path);
    (grab_bag || suffix.is_some() || name.starts_with("new_")).then(|| {
        Complaint::new(path, None, format!("“{name}” does not name a room"), "name it after what is in it")
    })
}

fn type_name(path: &str, index: usize, line: &str) -> Option<Complaint> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        // pub(crate), pub(in crate::x)
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
        Some(rest) => rest,
        None => line,
    };
    let mut words =
        line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '/').filter(|word| !word.is_empty());
    let first = words.find(|word| !matches!(*word, "unsafe" | "auto"))?;
    if !matches!(first, "struct" | "enum" | "trait" | "type" | "union") {
        return None;
    }
    let name = words.next()?;
    let suffix = SUFFIXES.iter().find(|suffix| name.ends_with(**suffix))?;
    Some(Complaint::new(
        path,
        Some(index + 1),
        format!("“{name}” is called a {suffix}"),
        "name what it is, with a word from the table of words or the trade",
    ))
}

fn unfinished(path: &str, index: usize, line: &str) -> Option<Complaint> {
    const MARKS: [&str; 3] = [concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("FIX", "ME")];
    let mark = MARKS.iter().find(|mark| line.contains(**mark))?;
    let what = format!("is unfinished ({})", mark.trim_end_matches('('));
    Some(Complaint::new(path, Some(index + 1), what, "finish it, or write an issue and leave the code whole"))
}

fn silenced(path: &str, index: usize, line: &str) -> Option<Complaint> {
    let line = line.trim_start();
    (line.starts_with("#[allow(") || line.starts_with("#![allow(")).then(|| {
        Complaint::new(
            path,
            Some(index + 1),
            "allows what the house forbids",
            "use `#[expect(…, reason = \"…\")]`, which is noticed when it is no longer needed",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str, text: &str) -> String {
        complaints(path, text).iter().map(|complaint| format!("{complaint}\n")).collect()
    }

    fn lines(count: usize) -> String {
        format!("//! Many lines.\n{}", "fn f() {}\n".repeat(count - 1))
    }

    #[test]
    fn a_good_module_passes() {
        let text = "//! Drafts: words proposed.\n\n#[expect(dead_code, reason = \"read by serde\")]\npub struct Draft;\n";
        assert_eq!(said("crates/domain/src/draft.rs", text), "");
    }

    #[test]
    fn a_god_file_is_too_long_but_its_tests_do_not_count() {
        assert_eq!(said("crates/x/src/a.rs", &lines(600)), "");
        assert!(said("crates/x/src/a.rs", &lines(601)).contains("601 lines"));
        assert_eq!(
            said(
                "crates/x/src/a.rs",
                &format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", lines(600), "\n".repeat(900))
            ),
            ""
        );
        // what follows the tests counts, and a `mod tests;` on the first page hides nothing
        let behind = format!("//! A.\n#[cfg(test)]\nmod tests {{\n}}\n{}", "fn f() {}\n".repeat(600));
        assert!(said("crates/x/src/a.rs", &behind).contains("601 lines"));
        let elsewhere = format!("//! A.\n#[cfg(test)]\nmod tests;\n{}", "fn f() {}\n".repeat(600));
        assert!(said("crates/x/src/a.rs", &elsewhere).contains("603 lines"));
        assert_eq!(said("crates/x/tests/a.rs", &lines(2_000)), "");
        assert_eq!(said("crates/x/src/a/tests.rs", &lines(2_000)), "");
    }

    #[test]
    fn a_foyer_has_no_room_for_logic() {
        assert_eq!(said("crates/x/src/lib.rs", &lines(120)), "");
        assert!(said("crates/x/src/lib.rs", &lines(121)).contains("foyer"));
    }

    #[test]
    fn every_module_opens_with_its_sentence() {
        for text in [
            "",
            "use std::fmt;\n//! Late.\n",
            "#![no_main]\n//! Late.\n",
            "// Not a sentence of the module.\n",
        ] {
            assert!(said("crates/x/src/a.rs", text).contains("`//!`"), "{text:?}");
        }
    }

    #[test]
    fn suffix_soup_is_sent_back_wherever_it_is_defined() {
        for line in [
            "pub struct QueueManager;",
            "pub(crate) enum MessageHandler {",
            "    trait ReplyService: Send {",
            "pub(in crate::x) type DateUtils = u8;",
            "struct TurnProcessor<'a>(&'a str);",
        ] {
            assert!(said("crates/x/src/a.rs", &format!("//! A.\n{line}\n")).contains(":2: "), "{line}");
        }
        for line in [
            "impl tower::Service for X {",
            "// struct OldManager",
            "struct Manage;",
            "let engine = Engine::new();",
        ] {
            assert_eq!(said("crates/x/src/a.rs", &format!("//! A.\n{line}\n")), "", "{line}");
        }
    }

    #[test]
    fn a_room_is_named_after_what_is_in_it() {
        for path in [
            "src/utils.rs",
            "src/common/mod.rs",
            "src/message_handler.rs",
            "src/string_ext.rs",
            "src/new_store.rs",
            "src/v2.rs",
        ] {
            assert!(said(path, "//! A.\n").contains("does not name a room"), "{path}");
        }
        for path in
            ["src/turns.rs", "src/text.rs", "src/line/mod.rs", "src/context.rs", "tests/common/mod.rs"]
        {
            assert_eq!(said(path, "//! A.\n"), "", "{path}");
        }
    }

    #[test]
    fn unfinished_work_does_not_land_even_in_tests() {
        let line = concat!("    to", "do!()");
        assert!(said("crates/x/tests/a.rs", &format!("//! A.\n{line}\n")).contains("unfinished"));
    }

    #[test]
    fn production_expects_with_a_reason_and_tests_may_allow() {
        let text = "//! A.\n#[allow(dead_code)]\nfn f() {}\n";
        assert!(said("crates/x/src/a.rs", text).contains("expect"));
        assert_eq!(said("crates/x/tests/a.rs", text), "");
        assert_eq!(
            said(
                "crates/x/src/a.rs",
                "//! A.\n#[cfg(test)]\nmod tests {\n#[allow(dead_code)]\nfn f() {}\n}\n"
            ),
            ""
        );
    }
}
