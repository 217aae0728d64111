//! The shop's knowledge as passages that can be found.

use domain::{Knowledge, Passage};

/// An index over one version of the knowledge.
#[derive(Debug)]
pub struct Library {
    knowledge: Knowledge,
}

impl Library {
    pub fn build(knowledge: Knowledge) -> Self {
        Self { knowledge }
    }

    /// The passages that fit the words best, best first.
    pub fn find(&self, _words: &str, _most: usize) -> Vec<Passage> {
        Vec::new()
    }

    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }
}
