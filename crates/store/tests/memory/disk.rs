//! A full disk: a plain error, nothing half-written, and all goes on when there is space again.
#![cfg(target_os = "linux")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use domain::Part;
use pretty_assertions::assert_eq;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use store::StoreError;

use crate::house::{House, assert_sound, at, number, open};

const FOLDER: &str = "SALA_TEST_SMALL_DISK";

/// Takes up the rest of the small disk; removed to make space.
const BALLAST: &str = "ballast";

/// Two megabytes for each file, or a disk of eight with ballast on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "started by the tests below on a disk of its own"]
async fn a_house_with_little_room() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("started by hand"));
    let store = open(&folder.join("sala.db")).await.unwrap();
    let (workspace, channel) = store
        .write(async |tx| {
            let workspace = tx.ensure_workspace("shop", at(0)).await?;
            Ok((workspace, tx.add_channel(&crate::house::line_channel(workspace, "LINE"), at(0)).await?))
        })
        .await
        .unwrap();
    let spare = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let house = House { store, workspace, channel, folder: spare };
    let mut notices = house.store.changes();
    let (talk, _) = house.hears("Mali", "m0", "สวัสดี", at(0)).await;
    let _ = notices.try_recv();
    let before = getrlimit(Resource::Fsize);
    let ballast = folder.join(BALLAST);
    if !ballast.exists() {
        setrlimit(Resource::Fsize, Rlimit { current: Some(2 << 20), ..before }).unwrap();
    }

    let mut kept = 1;
    let mut failed = 0;
    // Fills the disk, and then keeps knocking.
    while failed < 20 {
        match bears(&house, talk, kept + failed).await {
            Ok(()) => {
                assert_eq!(failed, 0, "space came from nowhere");
                assert!(notices.try_recv().is_ok());
                kept += 1;
            }
            Err(error) => {
                assert_eq!(error, StoreError::DiskFull, "after {kept} messages");
                assert!(notices.try_recv().is_err(), "told of what was not kept");
                failed += 1;
            }
        }
        assert!(kept < 10_000, "the disk is never full");
    }
    // Reading goes on meanwhile, and sees only what was acknowledged.
    let read = house.store.read();
    assert_eq!(read.value::<i64>("count").await.unwrap(), Some(kept - 1));
    assert_eq!(i64::try_from(read.search("ผ้าไหม", None, 10_000).await.unwrap().len()).unwrap(), kept - 1);

    if ballast.exists() {
        fs::remove_file(&ballast).unwrap();
    } else {
        setrlimit(Resource::Fsize, before).unwrap();
    }
    bears(&house, talk, kept).await.expect("there is space again");
    house.store.close().await;
    println!("\nkept {} .", kept + 1);
}

/// A long message and the count of messages, both or neither.
async fn bears(house: &House, talk: domain::ConversationId, n: i64) -> Result<(), StoreError> {
    let (workspace, channel) = (house.workspace, house.channel);
    house
        .store
        .write(async move |tx| {
            let count: i64 = tx.value("count").await?.unwrap_or(0);
            tx.save_value("count", &(count + 1)).await?;
            let new = store::NewMessage {
                workspace,
                channel,
                conversation: talk,
                author: domain::Author::Customer,
                remote: Some(format!("long {n}")),
                parts: vec![Part::text(format!("ผ้าไหม {n} {}", "ราคาเท่าไหร่คะ ".repeat(100)))],
                reply_to: None,
                delivery: None,
                said_at: at(n),
                arrived_at: at(n),
                addressed: true,
                from_history: false,
            };
            tx.add_message(&new).await?;
            tx.heard(talk, at(n), None, None).await
        })
        .await
}

fn child(script: &str, folder: &Path) -> Output {
    Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["disk::a_house_with_little_room", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .output()
        .unwrap()
}

fn kept(output: &Output) -> i64 {
    let shown = String::from_utf8_lossy(&output.stdout);
    let kept = shown.lines().find_map(|line| line.strip_prefix("kept ")?.strip_suffix(" .")?.parse().ok());
    kept.unwrap_or_else(|| panic!("{shown}\n{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn files_that_may_not_grow_are_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    // The signal that comes with the limit would end the house; ignored, the write itself fails.
    let output = child(r#"trap '' XFSZ; exec "$0" "$@""#, folder.path());
    let kept = kept(&output);
    let path = folder.path().join("sala.db");
    assert_eq!(number(&path, "SELECT COUNT(*) FROM message").await, kept);
    assert_eq!(
        number(&path, "SELECT CAST(value AS INTEGER) FROM setting WHERE key = 'count'").await,
        kept - 1
    );
    assert_sound(&path).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_disk_without_a_free_byte_is_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    // A disk of our own needs a user namespace; where there is none, the test above stands alone.
    let mount = r#"mount -t tmpfs -o size=8m tmpfs "$SALA_TEST_SMALL_DISK" || exit 99"#;
    let namespace = |inner: &str| {
        format!(
            r#"unshare --user --map-root-user --mount sh -c '{mount}; {inner}' "$0" "$@" || case $? in 99|1) exit 99;; *) exit 1;; esac"#
        )
    };
    let probe = child(&namespace("exit 0"), folder.path());
    if !probe.status.success() {
        eprintln!("skipped: this machine lets nobody mount a disk of their own");
        return;
    }
    let run = r#"head -c 5m /dev/zero > "$SALA_TEST_SMALL_DISK/ballast"; "$0" "$@" || exit 2; cp -r "$SALA_TEST_SMALL_DISK"/. "$SALA_TEST_SMALL_DISK.out""#;
    let script = format!(r#"unshare --user --map-root-user --mount sh -c '{mount}; {run}' "$0" "$@""#);
    let out = PathBuf::from(format!("{}.out", folder.path().display()));
    fs::create_dir(&out).unwrap();
    let output = child(&script, folder.path());
    let kept = kept(&output);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = out.join("sala.db");
    assert_eq!(number(&path, "SELECT COUNT(*) FROM message").await, kept);
    assert_sound(&path).await;
    fs::remove_dir_all(&out).unwrap();
}
