//! Words of a customer or for one: shown on screens, never in a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text whose `Debug` prints only its length, so that it cannot slip into a log or an error.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Words(String);

impl Words {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }

    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redacted({} bytes)", self.0.len())
    }
}

impl From<&str> for Words {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_do_not_show_themselves_in_debug_output() {
        let shown = format!("{:?}", Words::from("เลขบัญชี 055-1-87420-3"));
        assert!(!shown.contains("055"), "{shown}");
    }
}
