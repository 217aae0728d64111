//! Walks every file git knows, or would take, and holds the rules over it.

mod manifests;
mod rust;
mod words;

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::migrations;

/// One thing to put right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    path: String,
    line: Option<usize>,
    what: String,
    next: String,
}

impl Complaint {
    pub(crate) fn new(
        path: &str,
        line: Option<usize>,
        what: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), next: next.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}; {}", self.what, self.next)
    }
}

/// Every complaint about the house, in the order of its files.
pub(crate) fn house(root: &Path) -> anyhow::Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for path in files(root)? {
        // deleted but not yet committed, a link, or not text: nothing to read
        let Ok(text) = std::fs::read_to_string(root.join(&path)) else { continue };
        complaints.extend(file(&path, &text));
    }
    let checksums = std::fs::read_to_string(root.join(migrations::CHECKSUMS)).unwrap_or_default();
    complaints.extend(migrations::complaints(&checksums, &migrations::on_disk(root)?));
    Ok(complaints)
}

/// The complaints about one file, by what it is.
fn file(path: &str, text: &str) -> Vec<Complaint> {
    let mut complaints = words::complaints(path, text);
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => complaints.extend(rust::complaints(path, text)),
        Some("toml") if path == "Cargo.toml" || path.ends_with("/Cargo.toml") => {
            complaints.extend(manifests::complaints(path, text));
        }
        Some(_) | None => {}
    }
    complaints
}

/// Tracked files, and new ones that are not ignored.
fn files(root: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git does not start")?;
    ensure!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let mut files: Vec<_> = listed.split_terminator('\0').map(str::to_owned).collect();
    files.sort_unstable();
    files.dedup();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_says_where_what_and_what_to_do() {
        let complaint = Complaint::new("crates/x/src/y.rs", Some(3), "is wrong", "do this");
        assert_eq!(complaint.to_string(), "crates/x/src/y.rs:3: is wrong; do this");
    }

    #[test]
    fn each_kind_of_file_meets_its_rules() {
        assert_eq!(file("crates/x/src/y.rs", "fn no_sentence() {}\n").len(), 1);
        assert_eq!(file("crates/x/Cargo.toml", "[package]\nname = \"x\"\n").len(), 2);
        assert_eq!(file("notes.toml", "[package]\nname = \"x\"\n").len(), 0);
        assert_eq!(file("README.md", "All is well.\n").len(), 0);
    }
}
