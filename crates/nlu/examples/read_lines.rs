//! Reads labelled or bare messages, one JSON object with `id` and `text` a line, and prints what they mean.
//!
//! `cargo run --release -p nlu --example read_lines -- FILE [WEIGHTS] > PREDICTIONS`
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool of the workshop: it stops loudly and prints what it finds"
)]

use nlu::Reader;
use serde_json::{Value, json};

fn main() {
    let path = std::env::args().nth(1).expect("a file");
    let mut reader = Reader::new();
    if let Some(weights) = std::env::args().nth(2) {
        reader = reader.with_weights(&std::fs::read(weights).unwrap()).expect("a weights file");
    }
    for line in std::fs::read_to_string(path).unwrap().split('\n').filter(|line| !line.trim().is_empty()) {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = record["text"].as_str().unwrap();
        let meaning = reader.read(text);
        let entities: Vec<Value> = meaning
            .entities
            .iter()
            .map(|found| {
                json!({ "type": found.kind, "text": found.text, "start": found.start, "end": found.end, "value": found.value })
            })
            .collect();
        println!(
            "{}",
            json!({
                "id": record["id"],
                "lang": meaning.language,
                "intent": meaning.intent(),
                "confidence": meaning.intent_confidence(),
                "sentiment": meaning.sentiment.label,
                "score": meaning.sentiment.score,
                "entities": entities,
                "flags": meaning.flags.keys().collect::<Vec<_>>(),
                "escalate": domain::wants_a_person_now(&meaning),
                "presses": meaning.presses,
            })
        );
    }
}
