//! What is written down: a daily file in the house's folder, warnings on stderr, and a report when something
//! breaks. Customers' words are in none of them.

use std::{
    backtrace::Backtrace,
    env, fs,
    panic::{self, PanicHookInfo},
    path::{Path, PathBuf},
    process, thread,
};

use tracing::level_filters::LevelFilter;
use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// So many daily files are kept.
const DAYS: usize = 14;

/// Starts writing; what it returns must live until the end, so that the last lines get to the disk.
pub(crate) fn start(home: Option<&Path>) -> Option<WorkerGuard> {
    let folder = home.map(|home| home.join("logs"));
    // Hooks of panics first: whatever follows may fail.
    report_panics(folder.clone());
    let (file, guard) = match folder.as_deref().and_then(daily) {
        Some(appender) => {
            let (writer, guard) = tracing_appender::non_blocking(appender);
            let wanted = env::var("SALA_LOG").unwrap_or_else(|_| "info".to_owned());
            let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
            let layer =
                tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer).with_filter(filter);
            (Some(layer), Some(guard))
        }
        None => (None, None),
    };
    let stderr = tracing_subscriber::fmt::layer()
        .without_time()
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_filter(LevelFilter::WARN);
    tracing_subscriber::registry().with(file).with(stderr).init();
    guard
}

/// None when the folder cannot be made: opening the house will say so.
fn daily(folder: &Path) -> Option<RollingFileAppender> {
    api::house::private_folder(folder.parent()?).ok()?;
    api::house::private_folder(folder).ok()?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("sala")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(folder)
        .ok()
}

/// A panic leaves a report of where, not of what was said: its message may hold a customer's words.
fn report_panics(folder: Option<PathBuf>) {
    panic::set_hook(Box::new(move |info| {
        let place = place_of(info);
        let kept = folder.as_deref().and_then(|folder| keep_report(folder, &place));
        let hint = kept.map(|file| format!(" A report is in {}.", file.display())).unwrap_or_default();
        crate::out::aside(&format!("sala: something broke at {place}. Please report it.{hint}"));
    }));
}

fn place_of(info: &PanicHookInfo<'_>) -> String {
    info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string)
}

fn keep_report(folder: &Path, place: &str) -> Option<PathBuf> {
    let file = folder.join(format!("broken-{}.txt", process::id()));
    let report = format!(
        "sala {} on {} {}\nthread {}\nat {place}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        env::consts::OS,
        env::consts::ARCH,
        thread::current().name().unwrap_or("without a name"),
        Backtrace::force_capture()
    );
    fs::write(&file, report).ok()?;
    Some(file)
}
