//! Where secrets are kept: the OS keyring, unless the owner chose a passphrase file in so many words.

use std::path::PathBuf;

use crate::Error;

/// One of the two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
    Keyring,
    /// One file, sealed under a passphrase.
    File(PathBuf),
}

impl Place {
    /// Reads the setting `SALA_VAULT`: unset, empty or `keyring` is the keyring, `file:PATH` the file.
    pub fn from_setting(setting: Option<&str>) -> Result<Place, Error> {
        match setting.map(str::trim) {
            None | Some("" | "keyring") => Ok(Place::Keyring),
            Some(text) => match text.strip_prefix("file:") {
                Some(path) if !path.is_empty() => Ok(Place::File(PathBuf::from(path))),
                Some(_) | None => Err(Error::UnknownPlace(text.to_owned())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_who_says_nothing_gets_the_keyring() {
        for setting in [None, Some(""), Some("  "), Some("keyring")] {
            assert_eq!(Place::from_setting(setting).unwrap(), Place::Keyring);
        }
    }

    #[test]
    fn a_file_is_chosen_in_so_many_words() {
        let place = Place::from_setting(Some("file:/home/mali/ร้าน/sala.vault")).unwrap();
        assert_eq!(place, Place::File(PathBuf::from("/home/mali/ร้าน/sala.vault")));
    }

    #[test]
    fn anything_else_is_refused_rather_than_guessed() {
        for setting in ["file:", "/home/mali/sala.vault", "plain", "FILE:/x"] {
            let error = Place::from_setting(Some(setting)).unwrap_err();
            assert!(matches!(&error, Error::UnknownPlace(text) if text == setting), "{error}");
        }
    }
}
