//! What really happened at the platforms, in order: the truth that promises are held against.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use domain::{Platform, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::wire::held;

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    Said(Said),
    Accepted(Accepted),
    Refused(Refused),
    Noted(Noted),
}

/// A person did something on the platform, and a webhook or update about it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub at_ms: i64,
    pub platform: Platform,
    /// The platform's id of the person.
    pub from: String,
    pub name: String,
    /// The words, or `[sticker]`, `[image]` and the like.
    pub text: String,
}

/// The platform took a message over: from here on it is the platform's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    pub at_ms: i64,
    pub platform: Platform,
    pub to: String,
    pub way: Way,
    /// LINE: the retry key. Messenger: the metadata.
    pub key: Option<String>,
    /// LINE: the reply token.
    pub token: Option<String>,
    pub request_id: String,
    pub message_ids: Vec<String>,
    /// What the person reads, a line per message.
    pub text: String,
    /// False: accepted and silently not shown, as LINE does for a person who has blocked the account.
    pub shown: bool,
    pub body: Value,
}

/// How a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// With a LINE reply token.
    Reply,
    /// LINE, counted against the quota.
    Push,
    /// Any platform that knows one way only.
    Send,
    /// The owner, from the platform's own app.
    ByHand,
}

/// A call was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    pub at_ms: i64,
    pub platform: Platform,
    pub call: String,
    pub status: u16,
    pub reason: String,
    pub body: Value,
}

/// Something that shows the person no words: typing, marked as read, a profile read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Noted {
    pub at_ms: i64,
    pub platform: Platform,
    pub what: String,
    pub about: String,
}

/// The same words reached the same person twice without a reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Double {
    pub first: Accepted,
    pub second: Accepted,
    pub why: &'static str,
}

/// Shared by all fakes of one story.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    book: Mutex<Book>,
    /// Ticks with every entry.
    moved: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Book {
    entries: Vec<Entry>,
    file: Option<File>,
    /// Why the file no longer tells everything.
    broken: Option<String>,
}

impl Ledger {
    /// In memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also in a file, a JSON line per entry, flushed to the disk before the platform answers. What the file
    /// holds already is read first; a torn last line (the writer was killed) is left out.
    pub fn durable(path: &Path) -> anyhow::Result<Self> {
        let (entries, whole) = if path.exists() { read(path)? } else { (Vec::new(), 0) };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("the ledger {} cannot be opened", path.display()))?;
        file.set_len(whole)?;
        Ok(Self::of(Book { entries, file: Some(file), broken: None }))
    }

    /// A ledger somebody else has written, for looking at.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(Self::of(Book { entries: read(path)?.0, file: None, broken: None }))
    }

    pub fn entries(&self) -> Vec<Entry> {
        held(&self.0.book).entries.clone()
    }

    pub fn accepted(&self) -> Vec<Accepted> {
        self.picked(|entry| if let Entry::Accepted(accepted) = entry { Some(accepted.clone()) } else { None })
    }

    /// How many messages were accepted so far, the owner's own words included; cheap.
    pub fn accepted_count(&self) -> usize {
        held(&self.0.book).entries.iter().filter(|entry| matches!(entry, Entry::Accepted(_))).count()
    }

    /// Ends when `enough` says so, which is asked now and after every entry. Put a time limit around it.
    pub async fn until(&self, enough: impl Fn(&Self) -> bool) {
        let mut moved = self.0.moved.subscribe();
        while !enough(self) {
            // The sender lives in `self`, so `changed` cannot fail while we wait.
            let _ = moved.changed().await;
        }
    }

    /// What our side sent to one person (a platform's id), in order; the owner's own words left out.
    pub fn replies_to(&self, person: &str) -> Vec<Accepted> {
        let mut sent = self.accepted();
        sent.retain(|accepted| accepted.to == person && accepted.way != Way::ByHand);
        sent
    }

    pub fn said(&self) -> Vec<Said> {
        self.picked(|entry| if let Entry::Said(said) = entry { Some(said.clone()) } else { None })
    }

    pub fn refused(&self) -> Vec<Refused> {
        self.picked(|entry| if let Entry::Refused(refused) = entry { Some(refused.clone()) } else { None })
    }

    /// What was noted under this name, e.g. `typing`, `read`.
    pub fn noted(&self, what: &str) -> Vec<Noted> {
        self.picked(|entry| match entry {
            Entry::Noted(noted) if noted.what == what => Some(noted.clone()),
            Entry::Noted(_) | Entry::Said(_) | Entry::Accepted(_) | Entry::Refused(_) => None,
        })
    }

    /// How many messages each person was sent: platform and person → number.
    pub fn count_by_person(&self) -> BTreeMap<(Platform, String), usize> {
        let mut counts = BTreeMap::new();
        for accepted in self.accepted() {
            if accepted.way != Way::ByHand {
                *counts.entry((accepted.platform, accepted.to)).or_insert(0) += 1;
            }
        }
        counts
    }

    /// Sends that should have been one: the same key accepted twice for the same words, or the same words to
    /// the same person again although the person has said nothing in between.
    pub fn double_sends(&self) -> Vec<Double> {
        let mut doubles = Vec::new();
        let mut by_key: BTreeMap<(Platform, String, String, String), Accepted> = BTreeMap::new();
        let mut since_said: BTreeMap<(Platform, String), Vec<Accepted>> = BTreeMap::new();
        for entry in self.entries() {
            match entry {
                Entry::Said(said) => {
                    since_said.remove(&(said.platform, said.from));
                }
                Entry::Accepted(second) if second.way != Way::ByHand => {
                    let earlier = since_said.entry((second.platform, second.to.clone())).or_default();
                    let again = earlier.iter().find(|first| first.body_said() == second.body_said());
                    if let Some(key) = &second.key {
                        let mark = (second.platform, second.to.clone(), key.clone(), second.body_said());
                        if let Some(first) = by_key.insert(mark, second.clone()) {
                            doubles.push(Double { first, second: second.clone(), why: "the same key" });
                            continue;
                        }
                    }
                    if let Some(first) = again {
                        let first = first.clone();
                        doubles.push(Double { first, second: second.clone(), why: "the same words" });
                    }
                    earlier.push(second);
                }
                Entry::Accepted(_) | Entry::Refused(_) | Entry::Noted(_) => {}
            }
        }
        doubles
    }

    /// Why the file could not be written; a ledger that lost entries proves nothing.
    pub fn broken(&self) -> Option<String> {
        held(&self.0.book).broken.clone()
    }

    /// Panics when there are [`Self::double_sends`], showing them: for tests.
    #[track_caller]
    pub fn assert_no_double_sends(&self) {
        assert_eq!(self.broken(), None, "the ledger itself could not be written");
        let doubles = self.double_sends();
        assert!(doubles.is_empty(), "sent twice: {doubles:#?}\n{}", self.transcript());
    }

    /// The whole story for people to read: time in Bangkok, who, what.
    pub fn transcript(&self) -> String {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(7));
        let mut text = String::new();
        let mut names: BTreeMap<(Platform, String), String> = BTreeMap::new();
        for entry in self.entries() {
            let (at_ms, platform, line) = match entry {
                Entry::Said(said) => {
                    let line = format!("{} ▸ {}", said.name, indented(&said.text));
                    names.insert((said.platform, said.from), said.name);
                    (said.at_ms, said.platform, line)
                }
                Entry::Accepted(sent) => {
                    let to = names.get(&(sent.platform, sent.to.clone())).unwrap_or(&sent.to);
                    let way = match (sent.way, sent.shown) {
                        (Way::ByHand, _) => "owner's phone",
                        (_, false) => "accepted, not shown",
                        (Way::Reply, true) => "reply",
                        (Way::Push, true) => "push",
                        (Way::Send, true) => "sent",
                    };
                    (sent.at_ms, sent.platform, format!("{to} ◂ {} ({way})", indented(&sent.text)))
                }
                Entry::Refused(no) => {
                    (no.at_ms, no.platform, format!("✗ {} {}: {}", no.call, no.status, no.reason))
                }
                Entry::Noted(noted) => {
                    let about = names.get(&(noted.platform, noted.about.clone())).unwrap_or(&noted.about);
                    (noted.at_ms, noted.platform, format!("· {} {about}", noted.what))
                }
            };
            let time = Timestamp::from_millis(at_ms).zoned(&zone).strftime("%H:%M:%S").to_string();
            let _ = writeln!(text, "{time}  {:<9} {line}", platform.name());
        }
        text
    }

    /// Durable, where there is a file, before it returns. The disk is waited for in place: what comes after
    /// must not be told to the caller before this is kept.
    pub(crate) fn keep(&self, entry: Entry) {
        let mut book = held(&self.0.book);
        if let Some(file) = &mut book.file
            && let Err(error) = append(file, &entry)
        {
            tracing::error!(%error, "the ledger could not be written");
            book.broken.get_or_insert_with(|| error.to_string());
        }
        book.entries.push(entry);
        drop(book);
        self.0.moved.send_replace(());
    }

    fn of(book: Book) -> Self {
        Self(Arc::new(Shared { book: Mutex::new(book), moved: watch::Sender::default() }))
    }

    fn picked<T>(&self, pick: impl Fn(&Entry) -> Option<T>) -> Vec<T> {
        held(&self.0.book).entries.iter().filter_map(pick).collect()
    }
}

impl Accepted {
    /// What the person sees, for telling two sends apart: words, pictures and buttons, not keys or tokens.
    fn body_said(&self) -> String {
        let shown = self.body.get("messages").or_else(|| self.body.get("message")).unwrap_or(&self.body);
        let mut shown = shown.clone();
        if let Some(fields) = shown.as_object_mut() {
            fields.remove("metadata");
        }
        shown.to_string()
    }
}

fn append(file: &mut File, entry: &Entry) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()?;
    Ok(())
}

/// The entries, and how many bytes of the file they fill.
fn read(path: &Path) -> anyhow::Result<(Vec<Entry>, u64)> {
    let bytes =
        std::fs::read(path).with_context(|| format!("the ledger {} cannot be read", path.display()))?;
    let mut entries = Vec::new();
    let mut whole = 0_u64;
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            break;
        }
        let entry = serde_json::from_slice(line)
            .with_context(|| format!("line {} of the ledger {} is none", number + 1, path.display()))?;
        entries.push(entry);
        whole += line.len() as u64;
    }
    Ok((entries, whole))
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n                      ")
}
