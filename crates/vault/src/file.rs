//! The passphrase file: read whole, written whole, replaced in one step.
//!
//! Several houses may share a file; a lock beside it makes each change read, alter and replace without another in
//! between. A power cut leaves either the old file or the new one, and at most a `.new` that nobody reads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::Error;
use crate::sealed::{self, Cost, Derived, Entries};

/// One profile's share of one file.
pub(crate) struct PassphraseFile {
    path: PathBuf,
    profile: String,
    passphrase: SecretString,
    cost: Cost,
    /// Kept between questions: deriving it takes long on purpose.
    derived: Option<Derived>,
}

impl PassphraseFile {
    pub(crate) fn new(path: PathBuf, profile: String, passphrase: SecretString, cost: Cost) -> Self {
        Self { path, profile, passphrase, cost, derived: None }
    }

    pub(crate) fn let_go(&mut self) {
        self.derived = None;
    }

    pub(crate) fn get(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let full = self.full(name);
        Ok(self.read()?.and_then(|mut entries| entries.remove(&full)))
    }

    pub(crate) fn put(&mut self, name: &str, secret: &[u8]) -> Result<(), Error> {
        let full = self.full(name);
        let _held = self.lock()?;
        let mut entries = self.read()?.unwrap_or_default();
        entries.insert(full, Zeroizing::new(secret.to_vec()));
        self.write(&entries)
    }

    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Error> {
        let full = self.full(name);
        if self.read()?.is_none_or(|entries| !entries.contains_key(&full)) {
            return Ok(());
        }
        let _held = self.lock()?;
        let mut entries = self.read()?.unwrap_or_default();
        entries.remove(&full);
        self.write(&entries)
    }

    /// An existing file must open under this passphrase. Nothing is written.
    pub(crate) fn probe(&mut self) -> Result<(), Error> {
        self.read().map(drop)
    }

    fn full(&self, name: &str) -> String {
        format!("{}/{name}", self.profile)
    }

    /// All entries of all profiles; `None` when there is no file.
    fn read(&mut self) -> Result<Option<Entries>, Error> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", error)),
        };
        let (derived, entries) = sealed::open(&bytes, &self.passphrase, self.derived.take())?;
        self.derived = Some(derived);
        Ok(Some(entries))
    }

    fn write(&mut self, entries: &Entries) -> Result<(), Error> {
        let derived = match self.derived.take() {
            Some(derived) if self.path.exists() => derived,
            Some(_) | None => Derived::fresh(&self.passphrase, self.cost)?,
        };
        let bytes = sealed::seal(&derived, entries)?;
        self.derived = Some(derived);
        replace(&self.path, &bytes).map_err(|error| self.failed("written", error))
    }

    /// Held until dropped; the lock is on a file of its own because the vault file itself is replaced.
    fn lock(&self) -> Result<File, Error> {
        let path = beside(&self.path, "lock");
        let held = (|| {
            if let Some(folder) = folder(&self.path) {
                fs::create_dir_all(folder)?;
            }
            let file = private().truncate(false).open(&path)?;
            file.lock()?;
            Ok(file)
        })();
        held.map_err(|error| self.failed("locked", error))
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> Error {
        Error::File { path: self.path.clone(), doing, source }
    }
}

/// Write beside, sync, rename over, sync the folder. A symbolic link stays one: its target is replaced.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let new = beside(&target, "new");
    // what an interrupted write left behind, perhaps with other rights
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = private().create_new(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, &target)?;
    // a rename is durable once its folder is; Windows cannot open one
    #[cfg(unix)]
    File::open(folder(&target).unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

/// Readable and writable by its owner alone (0600 on Unix; on Windows the profile folder's own rights hold).
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// `None` for a bare file name, whose folder is the current one.
fn folder(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}
