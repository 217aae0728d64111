//! The real `sala-relay` as a process: started, killed, started again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod house;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    sync::Arc,
};

use house::{Laptop, Wound, bodies, post, stands_in};
use relay::Clock;
use relay_protocol::{OwnerKeys, PathKind, calls::PairCode};
use tokio::sync::Mutex;

struct Process {
    child: Child,
    address: String,
    out: BufReader<ChildStdout>,
    err: ChildStderr,
}

impl Process {
    fn start(data: &Path, log: &str) -> Self {
        let mut child = command(data)
            .args(["--listen", "127.0.0.1:0", "--log", log, "--source-per-minute", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let err = child.stderr.take().unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect(&line).to_owned();
        Self { child, address, out, err }
    }

    /// The code that a relay without owners prints.
    fn first_code(&mut self) -> PairCode {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        PairCode::read(line.strip_prefix("pairing code ").expect(&line).split(' ').next().unwrap())
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What it wrote, once it has ended by itself.
    fn terminate(mut self) -> (bool, String) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let mut said = String::new();
        self.out.read_to_string(&mut said).unwrap();
        self.err.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().success(), said)
    }
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sala-relay"));
    command.arg("--data").arg(data).env_clear();
    command
}

fn wound() -> Wound {
    Wound::at(Clock::of_the_machine().now_ms())
}

fn data(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("data")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_answered_with_200_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(&data(&folder), "info");
    let keys = OwnerKeys::generate(&mut rand::rng());
    let code = process.first_code();
    let (mut mali, _) = Laptop::pair(&process.address, &code, keys, &wound()).await.unwrap();
    let path = mali.path(PathKind::Line).await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 0..4 {
        let address = process.address.clone();
        let mut posting = tokio::task::JoinSet::new();
        for caller in 0..8 {
            let (address, acknowledged) = (address.clone(), Arc::clone(&acknowledged));
            posting.spawn(async move {
                let http = reqwest::Client::new();
                for n in 0.. {
                    let body = format!("{round}-{caller}-{n}");
                    let sent = http.post(format!("{address}/w/{path}")).body(body.clone()).send().await;
                    match sent {
                        Ok(answer) if answer.status().is_success() => acknowledged.lock().await.push(body),
                        Ok(_) | Err(_) => return,
                    }
                }
            });
        }
        // Killed in the midst of it, once some have been acknowledged.
        let enough = (round + 1) * 60;
        while acknowledged.lock().await.len() < enough {
            tokio::task::yield_now().await;
        }
        process.kill();
        while let Some(posted) = posting.join_next().await {
            posted.unwrap();
        }
        process = Process::start(&data(&folder), "info");
        mali = mali.moved_to(&process.address);
        mali.time = wound();
    }
    let got = bodies(&mali.take().await);
    let acknowledged = acknowledged.lock().await;
    assert!(acknowledged.len() >= 240);
    let lost: Vec<_> = acknowledged.iter().filter(|body| !got.contains(body)).collect();
    assert_eq!(lost, Vec::<&String>::new());
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_pairs_and_pairs_again_with_codes_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&data(&folder), "info");
    let code = |args: &[&str]| {
        let output = command(&data(&folder)).arg("pair-code").args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PairCode::read(&String::from_utf8(output.stdout).unwrap())
    };
    let fresh = || OwnerKeys::generate(&mut rand::rng());
    let (first, _) = Laptop::pair(&process.address, &code(&[]), fresh(), &wound()).await.unwrap();
    let owner = first.owner().to_string();
    let (second, _) =
        Laptop::pair(&process.address, &code(&["--owner", &owner]), fresh(), &wound()).await.unwrap();
    assert_eq!(second.owner(), first.owner());
    assert!(first.client.status(first.time.now_ms()).await.is_err());
    second.client.status(second.time.now_ms()).await.unwrap();
    let owners = command(&data(&folder)).arg("owners").output().unwrap();
    assert_eq!(String::from_utf8(owners.stdout).unwrap().trim(), owner);
    let unknown = command(&data(&folder)).args(["pair-code", "--owner", "nobody"]).output().unwrap();
    assert!(!unknown.status.success());
    assert!(process.terminate().0, "a relay that is asked to stop ends well");
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_words_appear_in_no_log_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(&data(&folder), "trace");
    let code = process.first_code();
    let keys = OwnerKeys::generate(&mut rand::rng());
    let (mut mali, _) = Laptop::pair(&process.address, &code, keys, &wound()).await.unwrap();
    let path = mali.path_with_token(PathKind::Meta, Some("canary-token")).await;
    assert!(post(&process.address, &path, "canary-body").await.status().is_success());
    reqwest::Client::new()
        .post(format!("{}/w/{path}?canary-query=1", process.address))
        .header("x-canary", "canary-header")
        .body("{")
        .send()
        .await
        .unwrap();
    let wrong = format!(
        "{}/w/{path}?hub.mode=subscribe&hub.challenge=canary&hub.verify_token=canary",
        process.address
    );
    assert_eq!(reqwest::get(wrong).await.unwrap().status(), 403);
    assert_eq!(mali.take().await.len(), 2);
    mali.confirm().await;
    let (well, said) = process.terminate();
    assert!(well);
    assert!(said.contains("paired"), "the log is being read: {said}");
    assert!(!said.contains("canary"), "{said}");
    assert!(!said.contains(&path.to_string()), "{said}");
    assert!(!stands_in(folder.path(), b"canary"));
}
