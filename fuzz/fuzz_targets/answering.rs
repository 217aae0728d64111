//! Any customer's words and any model's words, through the sample shop's assistant: there is always a candidate,
//! and nothing that failed a check may be sent. The two are parted by a line of `===`.
#![no_main]

use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use assistant::{
    Ask, Assistant, CustomerProfile, Library, Model, ModelAllowance, ModelError, ModelPrices, Prompt,
    Written, sample_shop,
};
use async_trait::async_trait;
use domain::{AnswerKind, LengthUnit, Personality, Platform, TextLimit, Timestamp};
use libfuzzer_sys::fuzz_target;
use nlu::Reader;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Wednesday 2026-06-10, 10:30 in Bangkok.
const NOW: Timestamp = Timestamp::from_millis(1_781_062_200_000);

/// Says what it is told to say.
struct Parrot(Mutex<String>);

#[async_trait]
impl Model for Parrot {
    fn provider(&self) -> &str {
        "fuzz"
    }

    fn name(&self) -> &str {
        "parrot"
    }

    fn host(&self) -> Option<String> {
        None
    }

    fn most_tokens(&self) -> u32 {
        1_024
    }

    async fn write(&self, _prompt: &Prompt) -> Result<Written, ModelError> {
        Ok(Written { text: self.0.lock().expect("one thread").clone(), ..Written::default() })
    }
}

struct Stage {
    runtime: Runtime,
    reader: Reader,
    library: Library,
    personality: Personality,
    parrot: Arc<Parrot>,
    assistant: Assistant,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let (knowledge, personality) = sample_shop().expect("the sample shop is whole");
    let parrot = Arc::new(Parrot(Mutex::default()));
    Stage {
        runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"),
        reader: Reader::new(),
        library: Library::build(knowledge),
        personality,
        assistant: Assistant::with_model(parrot.clone(), ModelPrices::known()),
        parrot,
    }
});

fuzz_target!(|text: &str| {
    let (customer, model) = text.split_once("\n===\n").unwrap_or((text, ""));
    let turn: Vec<String> = customer.lines().map(str::to_owned).collect();
    let stage = &*STAGE;
    model.clone_into(&mut stage.parrot.0.lock().expect("one thread"));
    let meaning = stage.reader.read(customer);
    let ask = Ask {
        turn: &turn,
        talk: &[],
        meaning: &meaning,
        library: &stage.library,
        personality: &stage.personality,
        customer: &CustomerProfile::default(),
        now: NOW,
        limit: TextLimit { most: 5_000, unit: LengthUnit::Utf16Units },
        platform: Platform::Line,
        clock: &|| NOW,
    };
    let allowed = if model.is_empty() {
        ModelAllowance::None
    } else {
        ModelAllowance::Budget { deadline: Duration::from_secs(600), micro_usd: None }
    };
    let answered = stage.runtime.block_on(stage.assistant.answer(&ask, allowed, &CancellationToken::new()));
    let candidate = &answered.candidate;
    assert!((0.0..=1.0).contains(&candidate.confidence));
    assert!(!answered.runs.is_empty(), "every answer leaves a receipt");
    if candidate.kind == AnswerKind::Answer && candidate.passes() {
        assert!(!candidate.words.is_blank(), "an empty answer");
    }
});
