//! JSON lines: one object in, one object out, in constant memory; a line that is none gets an error of its own.

use std::{
    io::{self, BufRead, BufWriter, Write as _},
    process::ExitCode,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::out;

/// A longer line is refused without being kept.
const LONGEST: usize = 16 * 1024 * 1024;

/// What is said of a line that cannot be read. Lines are counted from 1.
#[derive(Debug, Serialize)]
pub(crate) struct BadLine {
    error: String,
    line: u64,
}

/// What reading came upon.
pub(crate) enum Read<T> {
    Line(T),
    Bad(BadLine),
    End,
}

/// Reads stdin line by line.
pub(crate) struct Lines {
    input: io::StdinLock<'static>,
    buffer: Vec<u8>,
    count: u64,
}

impl Lines {
    pub(crate) fn of_stdin() -> Self {
        Self { input: io::stdin().lock(), buffer: Vec::new(), count: 0 }
    }

    /// The next line that is not blank.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> io::Result<Read<T>> {
        loop {
            let fits = match self.read_line()? {
                None => return Ok(Read::End),
                Some(fits) => fits,
            };
            self.count += 1;
            if !fits {
                return Ok(self.bad(format!("the line is longer than {LONGEST} bytes")));
            }
            if self.buffer.trim_ascii().is_empty() {
                continue;
            }
            return Ok(match serde_json::from_slice(&self.buffer) {
                Ok(value) => Read::Line(value),
                Err(error) => self.bad(why(&error)),
            });
        }
    }

    fn bad<T>(&self, error: String) -> Read<T> {
        Read::Bad(BadLine { error, line: self.count })
    }

    /// Whether the whole line is in the buffer; none at the end.
    fn read_line(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        let mut fits = true;
        let mut any = false;
        loop {
            let piece = self.input.fill_buf()?;
            if piece.is_empty() {
                return Ok(any.then_some(fits));
            }
            any = true;
            let (take, ended) = match piece.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (piece.len(), false),
            };
            if self.buffer.len() + take > LONGEST {
                fits = false;
            } else if let (true, Some(bytes)) = (fits, piece.get(..take)) {
                self.buffer.extend_from_slice(bytes);
            }
            self.input.consume(take);
            if ended {
                return Ok(Some(fits));
            }
        }
    }
}

/// What is wrong with the line, without a word of it.
fn why(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    match error.classify() {
        Category::Syntax | Category::Eof => format!("not JSON (column {})", error.column()),
        Category::Data => format!("not the expected object (column {})", error.column()),
        Category::Io => "the line could not be read".to_owned(),
    }
}

/// Results as they come, each flushed when the reader may be waiting for it.
pub(crate) struct Results {
    out: BufWriter<io::StdoutLock<'static>>,
    bad: bool,
}

impl Results {
    pub(crate) fn to_stdout() -> Self {
        Self { out: BufWriter::new(io::stdout().lock()), bad: false }
    }

    pub(crate) fn put(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        out::write_json(&mut self.out, value)?;
        Ok(self.out.flush()?)
    }

    pub(crate) fn put_bad(&mut self, line: &BadLine) -> anyhow::Result<()> {
        self.bad = true;
        self.put(line)
    }

    /// 1 when a line was bad.
    pub(crate) fn end(mut self) -> anyhow::Result<ExitCode> {
        self.out.flush()?;
        Ok(if self.bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
