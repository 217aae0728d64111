//! Real processes: found beside this binary, started, listened to, killed.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A process that tells how it is doing, a line at a time. Killed when dropped.
pub struct Process {
    name: String,
    child: Child,
    said: BufReader<ChildStdout>,
    /// Held open: a process that reads it ends when we are gone.
    _mouth: Option<ChildStdin>,
}

impl Process {
    /// Starts it; what it says on stderr goes where ours goes.
    pub fn start(mut command: Command) -> Self {
        let name = Path::new(command.get_program()).file_name().unwrap_or_default().display().to_string();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let said = BufReader::new(child.stdout.take().expect("its voice"));
        let mouth = child.stdin.take();
        Self { name, child, said, _mouth: mouth }
    }

    /// Its next line; panics when it ended instead.
    pub fn line(&mut self) -> String {
        self.next_line().unwrap_or_else(|| panic!("{} ended instead of speaking", self.name))
    }

    /// Its next line; none when it has ended.
    pub fn next_line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.said.read_line(&mut line) {
            Ok(read) if read > 0 => Some(line.trim_end().to_owned()),
            Ok(_) | Err(_) => None,
        }
    }

    /// `kill -9`: it has no time to say good-bye.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }

    /// Ends by itself; whether it ended well.
    pub fn wait(&mut self) -> bool {
        self.child.wait().is_ok_and(|status| status.success())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A binary of this workspace: beside this one, built when it is not there yet.
pub fn binary(package: &str, name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("our own path");
    let beside = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file());
    if let Some(found) = beside {
        return found;
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", package, "--bin", name])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap_or_else(|error| panic!("cargo does not start: {error}"));
    assert!(built.success(), "{name} does not build");
    here.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{name} is not where it was built"))
}

/// A port of loopback that is free now, for what must come back at the same address.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|door| door.local_addr()).expect("a free port").port()
}
