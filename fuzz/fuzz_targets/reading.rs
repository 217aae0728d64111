//! Any words, understood: confidences are shares, spans lie inside the text and say what stands there.
#![no_main]

use std::sync::LazyLock;

use domain::Timestamp;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use nlu::{Reader, resolve};

static READER: LazyLock<Reader> = LazyLock::new(Reader::new);
static BANGKOK: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Asia/Bangkok").expect("it is bundled"));

/// Wednesday 2026-06-10, 10:30 in Bangkok.
const NOW: Timestamp = Timestamp::from_millis(1_781_062_200_000);

fn share(confidence: f32) -> bool {
    (0.0..=1.0).contains(&confidence)
}

fuzz_target!(|text: &str| {
    let points: Vec<char> = text.chars().collect();
    let meaning = READER.read(text);
    assert!(!meaning.intents.is_empty() && meaning.intents.iter().all(|guess| share(guess.confidence)));
    assert!(share(meaning.sentiment.confidence) && (-1.0..=1.0).contains(&meaning.sentiment.score));
    assert!(meaning.flags.values().all(|confidence| share(*confidence)));
    for entity in &meaning.entities {
        assert!(entity.start < entity.end && entity.end <= points.len(), "{entity:?}");
        assert_eq!(entity.text, points[entity.start..entity.end].iter().collect::<String>());
        assert!(share(entity.confidence) && !entity.value.is_empty(), "{entity:?}");
        let _ = resolve(entity, NOW, &BANGKOK);
    }
    assert!(meaning.entities.windows(2).all(|pair| pair[0].end <= pair[1].start), "overlap");
    for token in READER.segment(text) {
        assert!(!token.word.is_empty() && token.points.start < token.points.end);
        let by_points: String = points[token.points.clone()].iter().collect();
        assert_eq!(text.get(token.bytes.clone()), Some(by_points.as_str()));
    }
});
