//! Who may know whom: the manifests, as cargo reads them, against the shelves of ARCHITECTURE.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// From the bottom up. Arrows point down only, and neighbours on a shelf never know each other.
const SHELVES: [&[&str]; 5] = [
    &["domain", "relay-protocol"],
    &["platforms", "nlu", "assistant", "insights", "store", "vault"],
    &["pipeline"],
    &["api"],
    &["sala-app", "cli", "relay", "journeys"],
];

/// Those who know less than their shelf would let them.
const KNOWS_ONLY: [(&str, &[&str]); 3] =
    [("relay", &["relay-protocol"]), ("testkit", &["domain"]), ("xtask", &[])];

/// For those who build. Nobody who ships knows them, but through dev-dependencies.
const NEVER_SHIPPED: [&str; 3] = ["testkit", "xtask", "journeys"];

/// The stories start the letterbox and the command line beside the house, so they alone know their neighbours.
const STORIES: &str = "journeys";

/// The rules are pure: whoever does the I/O, waits or rolls dice stands on a higher shelf.
const NOT_IN_DOMAIN: [&str; 9] =
    ["tokio", "futures", "async-trait", "reqwest", "axum", "sqlx", "rand", "tracing", "getrandom"];

/// Who may name the SQL library.
const SPEAKS_SQL: [&str; 2] = ["store", "relay"];

/// One arrow of the graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Arrow {
    from: String,
    to: String,
    /// Only for tests, examples and benchmarks of `from`.
    dev: bool,
}

/// The workspace: its members, and what each names in its manifest.
#[derive(Debug, Clone, Default)]
struct Graph {
    members: BTreeSet<String>,
    arrows: BTreeSet<Arrow>,
}

impl Graph {
    fn of_this_workspace() -> Graph {
        let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata reads the workspace");
        let mut graph = Graph::default();
        for package in metadata.workspace_packages() {
            graph.members.insert(package.name.to_string());
            for dependency in &package.dependencies {
                graph.arrows.insert(Arrow {
                    from: package.name.to_string(),
                    to: dependency.name.clone(),
                    dev: dependency.kind == DependencyKind::Development,
                });
            }
        }
        graph
    }

    fn with(mut self, from: &str, to: &str) -> Graph {
        self.members.insert(from.to_owned());
        self.arrows.insert(Arrow { from: from.to_owned(), to: to.to_owned(), dev: false });
        self
    }

    fn with_dev(mut self, from: &str, to: &str) -> Graph {
        self.arrows.insert(Arrow { from: from.to_owned(), to: to.to_owned(), dev: true });
        self
    }
}

/// Every arrow that points where it may not, in words.
fn complaints(graph: &Graph) -> Vec<String> {
    let shelf_of: BTreeMap<&str, usize> = SHELVES
        .iter()
        .enumerate()
        .flat_map(|(index, names)| names.iter().map(move |name| (*name, index + 1)))
        .collect();
    let mut found = Vec::new();
    for member in &graph.members {
        let member = member.as_str();
        if !shelf_of.contains_key(member) && !NEVER_SHIPPED.contains(&member) {
            found.push(format!("{member} stands on no shelf; give it one, here and in ARCHITECTURE.md"));
        }
    }
    for arrow in &graph.arrows {
        let (from, to) = (arrow.from.as_str(), arrow.to.as_str());
        if !graph.members.contains(to) {
            found.extend(foreign(from, to));
            continue;
        }
        if to == "testkit" && (arrow.dev || NEVER_SHIPPED.contains(&from)) {
            continue;
        }
        if NEVER_SHIPPED.contains(&to) {
            found.push(format!("{from} ships and knows {to}, which is for those who build"));
            continue;
        }
        if let Some((_, only)) = KNOWS_ONLY.iter().find(|(name, _)| *name == from) {
            if !only.contains(&to) {
                found.push(format!("{from} knows {to}; it may know {}", listed(only)));
            }
            continue;
        }
        let (Some(above), Some(below)) = (shelf_of.get(from), shelf_of.get(to)) else { continue };
        if above < below {
            found.push(format!("{from} (shelf {above}) knows {to} (shelf {below}); arrows point down only"));
        } else if above == below && from != STORIES {
            found.push(format!(
                "{from} knows its neighbour {to} on shelf {above}; lift what they share, or pass it in"
            ));
        }
    }
    found
}

/// What is asked of libraries from outside.
fn foreign(from: &str, to: &str) -> Option<String> {
    if from == "domain" && NOT_IN_DOMAIN.contains(&to) {
        return Some(format!(
            "domain knows {to}; the rules take values and return values, without I/O, async or chance"
        ));
    }
    (matches!(to, "sqlx" | "libsqlite3-sys") && !SPEAKS_SQL.contains(&from))
        .then(|| format!("{from} knows {to}; only store and relay speak SQL"))
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "nobody in this house".to_owned() } else { format!("only {}", names.join(", ")) }
}

/// A small house in which everyone knows only whom they may.
fn a_good_house() -> Graph {
    Graph::default()
        .with("domain", "serde")
        .with("relay-protocol", "hpke")
        .with("store", "domain")
        .with("store", "sqlx")
        .with("platforms", "domain")
        .with("testkit", "domain")
        .with("xtask", "clap")
        .with("pipeline", "store")
        .with("pipeline", "relay-protocol")
        .with("api", "pipeline")
        .with("relay", "relay-protocol")
        .with("relay", "sqlx")
        .with("cli", "api")
        .with("journeys", "api")
        .with("journeys", "relay")
        .with("journeys", "testkit")
        .with_dev("platforms", "testkit")
        .with_dev("relay", "testkit")
}

#[test]
fn arrows_in_this_house_point_down_only() {
    let graph = Graph::of_this_workspace();
    for member in ["domain", "store", "pipeline", "api", "relay", "cli", "journeys"] {
        assert!(
            graph.members.contains(member),
            "cargo metadata shows {member}; else this test would see nothing"
        );
    }
    assert!(graph.arrows.len() > graph.members.len(), "cargo metadata shows who names whom");
    let found = complaints(&graph);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_good_house_gives_no_cause_to_complain() {
    assert_eq!(complaints(&a_good_house()), Vec::<String>::new());
}

#[test]
fn every_forbidden_arrow_is_noticed() {
    let forbidden = [
        ("domain", "store", "arrows point down only"),
        ("store", "pipeline", "arrows point down only"),
        ("pipeline", "api", "arrows point down only"),
        ("api", "cli", "arrows point down only"),
        ("store", "platforms", "neighbour"),
        ("relay-protocol", "domain", "neighbour"),
        ("cli", "relay", "neighbour"),
        ("relay", "domain", "only relay-protocol"),
        ("relay", "pipeline", "only relay-protocol"),
        ("testkit", "store", "only domain"),
        ("xtask", "domain", "nobody in this house"),
        ("cli", "testkit", "for those who build"),
        ("pipeline", "journeys", "for those who build"),
        ("store", "xtask", "for those who build"),
        ("domain", "tokio", "without I/O"),
        ("pipeline", "sqlx", "speak SQL"),
        ("common", "serde", "no shelf"),
    ];
    for (from, to, because) in forbidden {
        let found = complaints(&a_good_house().with(from, to));
        assert!(
            found.len() == 1 && found.iter().all(|words| words.contains(because)),
            "{from} → {to}: {found:?}"
        );
    }
}

#[test]
fn tests_of_a_crate_obey_the_shelves_too_and_may_use_the_testkit() {
    assert_eq!(complaints(&a_good_house().with_dev("store", "testkit")), Vec::<String>::new());
    assert_eq!(complaints(&a_good_house().with_dev("store", "platforms")).len(), 1);
    assert_eq!(complaints(&a_good_house().with_dev("domain", "store")).len(), 1);
}
