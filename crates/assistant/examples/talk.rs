//! Plays a shop's dialogues with the built-in assistant: `talk SHOP_FOLDER [DIALOGUES.jsonl]` prints one
//! transcript a line, `{id, turns: [{kind, reply, sources, confidence}]}`.

use std::path::PathBuf;

use anyhow::Context;
use assistant::{Ask, Assistant, CustomerProfile, Library, ModelAllowance, Said, read_shop_folder};
use domain::{AnswerKind, Author, LengthUnit, Platform, TextLimit, Timestamp, Understanding, Words};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().context("usage: talk SHOP_FOLDER [DIALOGUES.jsonl]")?);
    let dialogues = arguments.next().map_or_else(|| folder.join("dialogues.jsonl"), PathBuf::from);
    let (knowledge, personality) = read_shop_folder(&folder)?;
    let library = Library::build(knowledge);
    let assistant = Assistant::built_in();
    for line in std::fs::read_to_string(&dialogues)?.lines().filter(|line| !line.trim().is_empty()) {
        let dialogue: Value = serde_json::from_str(line)?;
        let now: jiff::Timestamp =
            dialogue.get("now").and_then(Value::as_str).context("a dialogue has no `now`")?.parse()?;
        let now = Timestamp::from_millis(now.as_millisecond());
        let mut talk: Vec<Said> = Vec::new();
        let mut turns = Vec::new();
        for turn in dialogue.get("turns").and_then(Value::as_array).into_iter().flatten() {
            let messages: Vec<String> = turn
                .get("customer")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            let answered = assistant
                .answer(
                    &Ask {
                        turn: &messages,
                        talk: &talk,
                        meaning: &Understanding::of_nothing(),
                        library: &library,
                        personality: &personality,
                        customer: &CustomerProfile::default(),
                        now,
                        limit: TextLimit { most: 5_000, unit: LengthUnit::Utf16Units },
                        platform: Platform::Playground,
                        clock: &|| now,
                    },
                    ModelAllowance::None,
                    &CancellationToken::new(),
                )
                .await;
            let candidate = answered.candidate;
            let sources: Vec<&str> = candidate.sources.iter().map(|source| source.0.as_str()).collect();
            turns.push(json!({
                "kind": kind(candidate.kind),
                "reply": candidate.words.as_str(),
                "sources": sources,
                "confidence": candidate.confidence,
                "note": answered.runs.last().and_then(|run| run.error.clone()),
            }));
            talk.extend(
                messages.iter().map(|m| Said { author: Author::Customer, words: Words::from(m.as_str()) }),
            );
            if !candidate.words.is_blank() {
                talk.push(Said { author: Author::Assistant, words: candidate.words });
            }
        }
        #[expect(clippy::print_stdout, reason = "an example prints")]
        {
            println!("{}", json!({ "id": dialogue.get("id"), "turns": turns }));
        }
    }
    Ok(())
}

fn kind(kind: AnswerKind) -> &'static str {
    match kind {
        AnswerKind::Answer => "answer",
        AnswerKind::Refuse => "refuse",
        AnswerKind::AskBack => "ask_back",
        AnswerKind::Escalate => "escalate",
        AnswerKind::Smalltalk => "smalltalk",
        AnswerKind::Silent => "silent",
    }
}
