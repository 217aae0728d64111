//! The assistant: the language model within its budget, else the built-in one; every candidate checked.

use std::{sync::Arc, time::Duration};

use domain::{AnswerKind, Candidate, Check, Passage, Run, Source, Words};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::{
    Answered, Ask, Model, ModelAllowance, ModelError, ModelFailure, ModelPrices, Prompt, Written,
    checks::{self, Ground},
    prompt::{self, ModelReply},
    writing::{self, Draft},
};

/// Passages in a prompt.
const PASSAGES: usize = 14;

/// Built-in, plus optionally a language model.
pub struct Assistant {
    model: Option<(Arc<dyn Model>, ModelPrices)>,
}

impl Assistant {
    /// Needs neither key nor network.
    pub fn built_in() -> Self {
        Self { model: None }
    }

    pub fn with_model(model: Arc<dyn Model>, prices: ModelPrices) -> Self {
        Self { model: Some((model, prices)) }
    }

    /// Answers a turn. Rules come first (a person is needed, nothing needs to be said); then the model, where it
    /// is allowed, twice at most; then the built-in assistant. Whatever happens there is a candidate, and its
    /// checks say whether it may be sent.
    pub async fn answer(
        &self,
        ask: &Ask<'_>,
        allowed: ModelAllowance,
        cancel: &CancellationToken,
    ) -> Answered {
        let started = ask.clock;
        let begun = started();
        let draft = writing::write(ask);
        let mut runs = Vec::new();
        let mut failed = None;
        if let (Some((model, prices)), ModelAllowance::Budget { deadline, micro_usd }, false) =
            (&self.model, allowed, draft.settled)
        {
            let budget = Budget { deadline: Instant::now() + deadline, left: micro_usd };
            let asked = asked_model(model.as_ref(), prices, ask, budget, &draft, &mut runs);
            let outcome = tokio::select! {
                biased;
                () = cancel.cancelled() => Err(ModelFailure::Cancelled),
                outcome = asked => outcome,
            };
            match outcome {
                Ok(candidate) => return Answered { candidate, runs, model_failed: None },
                Err(failure) => failed = Some(failure),
            }
        }
        let (candidate, passages, error) = built_in(ask, draft);
        runs.push(Run {
            provider: "built-in".to_owned(),
            model: "built-in".to_owned(),
            prompt: Words::from(ask.turn.join("\n")),
            response: candidate.words.clone(),
            tokens_in: None,
            tokens_cached: None,
            tokens_out: None,
            cost_micro_usd: None,
            millis: if runs.is_empty() { millis(ask, begun) } else { 0 },
            passages,
            checks: candidate.checks.clone(),
            personality_version: ask.personality.version,
            knowledge_version: ask.library.knowledge().version,
            left_to: None,
            error,
        });
        Answered { candidate, runs, model_failed: failed }
    }
}

struct Budget {
    deadline: Instant,
    /// Millionths of a US dollar.
    left: Option<u64>,
}

/// Asks the model, and once more when the first answer fails a check.
async fn asked_model(
    model: &dyn Model,
    prices: &ModelPrices,
    ask: &Ask<'_>,
    mut budget: Budget,
    draft: &Draft,
    runs: &mut Vec<Run>,
) -> Result<Candidate, ModelFailure> {
    let mut passages = writing::ground_of(ask, PASSAGES);
    for passage in writing::passages_of(ask, &draft.sources) {
        if !passages.iter().any(|have| have.source == passage.source && have.text == passage.text) {
            passages.push(passage);
        }
    }
    let ground = Ground::of(ask, &passages);
    let mut prompt = prompt::build(ask, &passages);
    for _ in 0..2 {
        let bytes = prompt.system.len() + prompt.talk.len() + prompt.question.len();
        if let Some(left) = budget.left
            && model.host().is_some()
            && prices
                .at_most(model.name(), bytes, model.most_tokens(), ask.now)
                .is_some_and(|most| most > left)
        {
            return Err(ModelFailure::OverBudget);
        }
        let begun = (ask.clock)();
        let mut run = receipt(model, &prompt, ask, &passages);
        let outcome = match timeout_at(budget.deadline, model.write(&prompt)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ModelError::TimedOut),
        };
        run.millis = millis(ask, begun);
        let written = match outcome {
            Ok(written) => written,
            Err(error) => {
                run.error = Some(error.to_string());
                runs.push(run);
                return Err(ModelFailure::Model(error));
            }
        };
        count(&mut run, &written, model, prices, ask);
        if let (Some(left), Some(cost)) = (&mut budget.left, run.cost_micro_usd) {
            *left = left.saturating_sub(cost);
        }
        let Some(reply) = prompt::read(&written.text).filter(|_| !written.cut_short) else {
            run.error = Some(ModelError::Garbled.to_string());
            runs.push(run);
            return Err(ModelFailure::Model(ModelError::Garbled));
        };
        let checks = checks::run(&reply.reply, reply.kind, ask, &ground, Some(&prompt.system));
        run.checks.clone_from(&checks);
        let candidate = candidate(reply, checks, &passages, draft);
        let faults: Vec<String> = candidate
            .checks
            .iter()
            .filter(|check| !check.passed)
            .map(|check| check.detail.as_ref().map_or("", Words::as_str).to_owned())
            .collect();
        if faults.is_empty() {
            runs.push(run);
            return Ok(candidate);
        }
        run.error = Some("the answer failed its checks".to_owned());
        runs.push(run);
        prompt = prompt::again(&prompt, &faults);
    }
    Err(ModelFailure::ChecksFailed)
}

fn receipt(model: &dyn Model, prompt: &Prompt, ask: &Ask<'_>, passages: &[Passage]) -> Run {
    Run {
        provider: model.provider().to_owned(),
        model: model.name().to_owned(),
        prompt: Words::from(prompt.as_text()),
        response: Words::default(),
        tokens_in: None,
        tokens_cached: None,
        tokens_out: None,
        cost_micro_usd: None,
        millis: 0,
        passages: passages.to_vec(),
        checks: Vec::new(),
        personality_version: ask.personality.version,
        knowledge_version: ask.library.knowledge().version,
        left_to: model.host(),
        error: None,
    }
}

fn count(run: &mut Run, written: &Written, model: &dyn Model, prices: &ModelPrices, ask: &Ask<'_>) {
    run.response = Words::from(written.text.as_str());
    run.tokens_in = written.tokens_in;
    run.tokens_cached = written.tokens_cached;
    run.tokens_out = written.tokens_out;
    // What runs on this machine costs nothing.
    run.cost_micro_usd =
        if model.host().is_some() { prices.cost(model.name(), written, ask.now) } else { Some(0) };
}

fn millis(ask: &Ask<'_>, begun: domain::Timestamp) -> u32 {
    let spent: Duration = (ask.clock)().since(begun);
    u32::try_from(spent.as_millis()).unwrap_or(u32::MAX)
}

/// The model's words as a candidate: sources are those it was given, and its confidence rests on how well the
/// passages fit and on whether the built-in assistant sees the turn the same way.
fn candidate(reply: ModelReply, checks: Vec<Check>, passages: &[Passage], draft: &Draft) -> Candidate {
    let sources: Vec<Source> = reply
        .sources
        .into_iter()
        .map(Source)
        .filter(|source| passages.iter().any(|passage| passage.source == *source))
        .collect();
    let best = passages.iter().map(|passage| passage.score).fold(0.0_f32, f32::max).min(1.0);
    let confidence = match reply.kind {
        AnswerKind::Answer => {
            let grounded = if sources.is_empty() { 0.0 } else { 0.25 };
            let agrees = if draft.kind == AnswerKind::Answer { 0.15 } else { 0.0 };
            0.35 + grounded + agrees + 0.2 * best
        }
        AnswerKind::Smalltalk | AnswerKind::Silent | AnswerKind::AskBack => 0.85,
        AnswerKind::Refuse | AnswerKind::Escalate => 0.8,
    };
    Candidate { kind: reply.kind, words: Words::from(reply.reply), sources, confidence, checks }
}

/// The built-in assistant's draft as a candidate; a draft that fails a check gives way to the honest refusal.
fn built_in(ask: &Ask<'_>, draft: Draft) -> (Candidate, Vec<Passage>, Option<String>) {
    let passages = writing::passages_of(ask, &draft.sources);
    let ground = Ground::of(ask, &passages);
    let checks = checks::run(&draft.words, draft.kind, ask, &ground, None);
    if checks.iter().all(|check| check.passed) || draft.kind == AnswerKind::Escalate {
        let candidate = Candidate {
            kind: draft.kind,
            words: Words::from(draft.words),
            sources: draft.sources,
            confidence: draft.confidence,
            checks,
        };
        return (candidate, passages, None);
    }
    let failed: Vec<String> =
        checks.iter().filter(|check| !check.passed).map(|check| format!("{:?}", check.name)).collect();
    let refusal = writing::refusal(ask);
    let checks = checks::run(&refusal.words, refusal.kind, ask, &ground, None);
    let candidate = Candidate {
        kind: refusal.kind,
        words: Words::from(refusal.words),
        sources: Vec::new(),
        confidence: refusal.confidence,
        checks,
    };
    (candidate, passages, Some(format!("the draft failed its checks: {}", failed.join(", "))))
}
