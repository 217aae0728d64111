//! Every line that anything logs, kept for looking through.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter, util::SubscriberInitExt as _};

/// A log in memory; clones are the same log.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<u8>>>);

impl Journal {
    /// From here on every line of this process down to `level` is kept (`debug`, `info`, a filter of tracing's).
    pub fn keep(level: &str) -> Self {
        let journal = Self::default();
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(level))
            .with_writer(journal.clone())
            .with_ansi(false)
            .finish()
            .try_init()
            .expect("one journal a process");
        journal
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Journal {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
