//! What is printed: results on stdout, complaints on stderr.

use std::io::{self, Write as _};

use serde::Serialize;

/// One line of result.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// One JSON object on one line.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    write_json(&mut out, value)?;
    Ok(out.flush()?)
}

pub(crate) fn write_json(out: &mut impl io::Write, value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_vec(value)?;
    out.write_all(&text)?;
    Ok(out.write_all(b"\n")?)
}

/// Without a line's end: a prompt.
pub(crate) fn prompt(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// For the person at the terminal, beside the results.
pub(crate) fn aside(text: &str) {
    // Whoever closed stderr does not want to hear it.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The error as a plain sentence.
pub(crate) fn complain(error: &anyhow::Error) {
    match error.downcast_ref::<api::Error>() {
        Some(known) => aside(&format!("sala: {}", known.plain())),
        None => aside(&format!("sala: {error:#}")),
    }
}

/// The reader of our output has gone: that is an end, not a failure.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
