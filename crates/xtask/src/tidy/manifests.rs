//! What every manifest says, and who may speak SQL.

use super::Complaint;

/// The crates that may name a SQL library.
const SPEAK_SQL: [&str; 2] = ["crates/store/Cargo.toml", "crates/relay/Cargo.toml"];

/// Names of SQL libraries, as they stand in a manifest.
const SQL: [&str; 3] = ["sqlx", "libsqlite3-sys", "rusqlite"];

pub(crate) fn complaints(path: &str, text: &str) -> Vec<Complaint> {
    let mut found = Vec::new();
    // The top manifest fixes shared versions; a manifest that is its own workspace (fuzz/) inherits nothing.
    if text.lines().any(|line| line.trim() == "[workspace]") {
        return found;
    }
    let mut section = "";
    let (mut described, mut linted) = (false, false);
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            // [dependencies.sqlx]
            if let Some(name) = section.rsplit_once("dependencies.").map(|(_, name)| name) {
                found.extend(sql(path, index, name));
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim(), value.trim());
        match section {
            "package" if key == "description" => described = value.len() > 2,
            "lints" if key == "workspace" => linted = value == "true",
            dependencies if dependencies.ends_with("dependencies") => {
                found.extend(sql(path, index, key.split('.').next().unwrap_or(key)));
            }
            _ => {}
        }
    }
    if !described {
        found.push(Complaint::new(path, None, "has no description", "say in one sentence what the crate is"));
    }
    if !linted {
        found.push(Complaint::new(
            path,
            None,
            "does not take the house's lints",
            "add `[lints] workspace = true`",
        ));
    }
    found
}

fn sql(path: &str, index: usize, name: &str) -> Option<Complaint> {
    let speaks = SQL.contains(&name.trim_matches('"')) && !SPEAK_SQL.contains(&path);
    speaks.then(|| {
        Complaint::new(
            path,
            Some(index + 1),
            format!("speaks SQL ({name})"),
            "only store and relay do; ask the store for what you need",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "[package]\nname = \"nlu\"\ndescription = \"Words to understanding.\"\n\n[lints]\nworkspace = true\n";

    fn said(path: &str, text: &str) -> String {
        complaints(path, text).iter().map(|complaint| format!("{complaint}\n")).collect()
    }

    #[test]
    fn a_good_manifest_passes() {
        assert_eq!(said("crates/nlu/Cargo.toml", GOOD), "");
    }

    #[test]
    fn a_manifest_without_sentence_or_lints_does_not() {
        let told = said(
            "crates/nlu/Cargo.toml",
            "[package]\nname = \"nlu\"\ndescription = \"\"\n[lints]\nworkspace = false\n",
        );
        assert!(told.contains("no description") && told.contains("lints"), "{told}");
    }

    #[test]
    fn sql_stays_in_store_and_relay_however_it_is_written() {
        for line in [
            "[dependencies]\nsqlx.workspace = true\n",
            "[dev-dependencies]\nsqlx = \"0.9\"\n",
            "[dependencies.sqlx]\nversion = \"0.9\"\n",
            "[target.'cfg(unix)'.dependencies]\nlibsqlite3-sys = \"0.37\"\n",
        ] {
            let text = format!("{GOOD}\n{line}");
            assert!(said("crates/pipeline/Cargo.toml", &text).contains("speaks SQL"), "{line}");
            assert_eq!(said("crates/store/Cargo.toml", &text), "", "{line}");
        }
        assert_eq!(
            said("crates/nlu/Cargo.toml", &format!("{GOOD}\n[dependencies]\nsqlx-like = \"1\"\n")),
            ""
        );
    }

    #[test]
    fn the_top_manifest_may_fix_versions() {
        assert_eq!(
            said("Cargo.toml", "[workspace]\nmembers = []\n[workspace.dependencies]\nsqlx = \"0.9\"\n"),
            ""
        );
    }
}
