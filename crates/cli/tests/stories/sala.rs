//! Starting `sala`, and what it said.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
};

use tempfile::TempDir;

/// How it ended and what it said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) complaint: String,
}

/// An owner with a home of their own and a passphrase file in it.
pub(crate) struct Owner {
    home: TempDir,
    passphrase: &'static str,
}

impl Owner {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), passphrase: "มะลิ ใจดี" }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The same house, and another passphrase.
    pub(crate) fn says_passphrase(&mut self, passphrase: &'static str) {
        self.passphrase = passphrase;
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(args);
        command
            .env("SALA_HOME", self.home())
            .env("SALA_VAULT", format!("file:{}", self.home().join("vault").display()))
            .env("SALA_PASSPHRASE", self.passphrase);
        command
    }

    pub(crate) fn runs(&self, args: &[&str]) -> Said {
        fed(self.command(args), b"")
    }

    /// The house itself, once it serves; with what it printed until then.
    pub(crate) fn serves(&self, args: &[&str]) -> Serving {
        let mut child = self
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        assert!(first.starts_with("sala serves from"), "{first}{}", complaint_of(&mut child));
        Serving { child, out, first }
    }
}

fn complaint_of(child: &mut Child) -> String {
    let mut text = String::new();
    let _ = child.kill();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

/// A house that runs. Killed when dropped, so that a failed story leaves nothing behind.
pub(crate) struct Serving {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    first: String,
}

impl Serving {
    /// The next line it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), format!("{}{rest}", self.first))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Without any house, and without what the surroundings may have set.
pub(crate) fn bare(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sala"));
    command.args(args).env("LANG", "C");
    for name in ["SALA_HOME", "SALA_VAULT", "SALA_PASSPHRASE", "SALA_LOG", "LC_ALL", "LC_MESSAGES"] {
        command.env_remove(name);
    }
    // No keyring is to be found: no test may touch the one of whoever runs it.
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env("XDG_RUNTIME_DIR", "/nonexistent");
    command
}

/// Feeds all of stdin and waits for the end.
pub(crate) fn fed(mut command: Command, input: &[u8]) -> Said {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Whoever does not read its stdin breaks the pipe, and that is its right.
    let feeding = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        complaint: String::from_utf8(output.stderr).unwrap(),
    }
}
