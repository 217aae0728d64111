//! What no file may say: unfinished work, and where it lay on somebody's machine.

use super::Complaint;

/// Folders of one machine. Written in two halves so that this file does not accuse itself.
const MACHINE: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

pub(crate) fn complaints(path: &str, text: &str) -> Vec<Complaint> {
    // written by cargo
    if path == "Cargo.lock" {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(folder) = MACHINE.iter().find(|folder| names_folder(line, folder)) {
            found.push(Complaint::new(
                path,
                Some(index + 1),
                format!("names a folder of one machine ({folder})"),
                "use a path relative to the repository, or a setting",
            ));
        }
    }
    found
}

/// As the beginning of a path, not as the middle of an address.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| {
            !before.is_alphanumeric() && !['.', '-', '_', '/', '}', '~'].contains(&before)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_one_machine_is_found_wherever_it_begins() {
        let folder = MACHINE[0];
        for line in [
            format!("{folder}main/x"),
            format!("see `{folder}x`"),
            format!("cd \"{folder}\""),
            format!("A={folder}x"),
        ] {
            assert_eq!(complaints("README.md", &line).len(), 1, "{line}");
        }
    }

    #[test]
    fn an_address_or_a_longer_path_is_not_one() {
        let folder = MACHINE[0];
        for line in [
            format!("https://example.org{folder}1"),
            format!("../..{folder}x"),
            format!("~{folder}"),
            "work/x".to_owned(),
        ] {
            assert_eq!(complaints("README.md", &line), [], "{line}");
        }
    }
}
