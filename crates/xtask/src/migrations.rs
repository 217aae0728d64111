//! Migrations are never edited after landing: `migrations/CHECKSUMS` remembers what each one said.
//!
//! A migration has landed when its line is committed. Until then it may still be worked on, and its line follows.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use sha2::{Digest, Sha256};

use crate::tidy::Complaint;

/// Lines of `<sha256>  <file name>`, as `sha256sum` writes and checks them.
pub(crate) const CHECKSUMS: &str = "migrations/CHECKSUMS";

/// Compares the migrations (name → text) with what is remembered.
pub(crate) fn complaints(checksums: &str, migrations: &BTreeMap<String, Vec<u8>>) -> Vec<Complaint> {
    let remembered = parse(checksums);
    let mut found = Vec::new();
    for (name, text) in migrations {
        let path = format!("migrations/{name}");
        match remembered.get(name.as_str()) {
            Some(sum) if *sum == sum_of(text) => {}
            Some(_) => found.push(Complaint::new(
                &path,
                None,
                "was edited after it landed",
                "put it back and write a new, later migration (if it was never committed: `make regenerate`)",
            )),
            None => found.push(Complaint::new(&path, None, "is not in CHECKSUMS", "run `make regenerate`")),
        }
    }
    for name in remembered.keys().filter(|name| !migrations.contains_key(**name)) {
        found.push(Complaint::new(
            &format!("migrations/{name}"),
            None,
            "landed once and is gone",
            "bring it back; databases out there have run it",
        ));
    }
    found
}

/// Writes the checksums of migrations that have not landed yet; returns their names.
pub(crate) fn extend(root: &Path) -> anyhow::Result<Vec<String>> {
    let (text, added) = extended(&landed(root)?, &on_disk(root)?);
    std::fs::write(root.join(CHECKSUMS), text).context(CHECKSUMS)?;
    Ok(added)
}

/// The lines as last committed; none before the first.
fn landed(root: &Path) -> anyhow::Result<String> {
    let committed = Command::new("git")
        .args(["show", &format!("HEAD:{CHECKSUMS}")])
        .current_dir(root)
        .output()
        .context("git does not start")?;
    Ok(if committed.status.success() { String::from_utf8(committed.stdout)? } else { String::new() })
}

/// Every `.sql` file of the folder.
pub(crate) fn on_disk(root: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut migrations = BTreeMap::new();
    for entry in std::fs::read_dir(root.join("migrations")).context("migrations")? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "sql") {
            migrations.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(migrations)
}

fn extended(checksums: &str, migrations: &BTreeMap<String, Vec<u8>>) -> (String, Vec<String>) {
    let remembered = parse(checksums);
    let new: Vec<_> = migrations.iter().filter(|(name, _)| !remembered.contains_key(name.as_str())).collect();
    let mut lines: Vec<String> = checksums.lines().map(str::to_owned).collect();
    lines.extend(new.iter().map(|(name, text)| format!("{}  {name}", sum_of(text))));
    lines.sort_by(|a, b| a.split("  ").nth(1).cmp(&b.split("  ").nth(1)));
    let text = lines.iter().map(|line| format!("{line}\n")).collect();
    (text, new.into_iter().map(|(name, _)| name.clone()).collect())
}

fn parse(checksums: &str) -> BTreeMap<&str, &str> {
    checksums.lines().filter_map(|line| line.split_once("  ")).map(|(sum, name)| (name, sum)).collect()
}

fn sum_of(text: &[u8]) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn said(complaints: &[Complaint]) -> Vec<String> {
        complaints.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_landed_stays_as_it_was() {
        let first = folder(&[("0001_shop.sql", "CREATE TABLE shop (id TEXT) STRICT;")]);
        let (checksums, added) = extended("", &first);
        assert_eq!(added, ["0001_shop.sql"]);
        assert!(complaints(&checksums, &first).is_empty());

        let edited = folder(&[("0001_shop.sql", "CREATE TABLE shop (id TEXT, name TEXT) STRICT;")]);
        let told = said(&complaints(&checksums, &edited));
        assert!(told.len() == 1 && told[0].contains("edited after it landed"), "{told:?}");
        assert_eq!(extended(&checksums, &edited), (checksums, vec![]), "an edit is never blessed");
    }

    #[test]
    fn a_new_one_is_added_in_order_and_a_lost_one_is_missed() {
        let (checksums, _) = extended("", &folder(&[("0002_b.sql", "b")]));
        let both = folder(&[("0001_a.sql", "a"), ("0002_b.sql", "b")]);
        assert!(said(&complaints(&checksums, &both))[0].contains("make regenerate"));
        let (checksums, added) = extended(&checksums, &both);
        assert_eq!(added, ["0001_a.sql"]);
        assert!(checksums.lines().next().unwrap().ends_with("0001_a.sql"));
        assert!(complaints(&checksums, &both).is_empty());
        assert!(said(&complaints(&checksums, &folder(&[("0001_a.sql", "a")])))[0].contains("gone"));
    }
}
