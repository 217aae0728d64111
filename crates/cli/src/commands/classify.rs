//! `sala classify`: messages to understandings.

use std::process::ExitCode;

use api::offline::Reading;
use serde::Deserialize;
use serde_json::Value;

use super::lines::{Lines, Read, Results};

#[derive(Deserialize)]
struct Asked {
    /// A string or a number, given back as it came.
    #[serde(default)]
    id: Value,
    text: String,
}

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let reading = Reading::new();
    let mut lines = Lines::of_stdin();
    let mut results = Results::to_stdout();
    loop {
        match lines.next::<Asked>()? {
            Read::Line(Asked { id, text }) => results.put(&reading.classify(id, &text))?,
            Read::Bad(bad) => results.put_bad(&bad)?,
            Read::End => return results.end(),
        }
    }
}
