//! `kill -9` while many write: what was acknowledged is there, whole, and the file is sound.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use pretty_assertions::assert_eq;
use tempfile::TempDir;

use crate::house::{House, assert_sound, at, number, open};

const PATH: &str = "SALA_TEST_KILLED_DATABASE";

/// The house that will be killed: eight customers write without end, and each message is acknowledged by a line.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "started and killed by the tests below"]
async fn a_house_that_will_be_killed() {
    let path = PathBuf::from(std::env::var_os(PATH).expect("started by hand"));
    let store = open(&path).await.unwrap();
    let (workspace, channel) = store
        .write(async |tx| {
            let workspace = tx.ensure_workspace("shop", at(0)).await?;
            let channel = tx.value("channel").await?;
            let channel = match channel {
                Some(channel) => channel,
                None => {
                    let new = crate::house::line_channel(workspace, "LINE");
                    let channel = tx.add_channel(&new, at(0)).await?;
                    tx.save_value("channel", &channel).await?;
                    channel
                }
            };
            Ok((workspace, channel))
        })
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let house = std::sync::Arc::new(House { store, workspace, channel, folder });
    // Numbers of this life are told apart from those of the lives before.
    let life = std::process::id();
    let customers: Vec<_> = (0..8)
        .map(|customer| {
            let house = house.clone();
            tokio::spawn(async move {
                for n in 0_i64.. {
                    let remote = format!("{life}-{customer}-{n}");
                    let words = format!("มีเสื้อสีฟ้าไหมคะ {remote}");
                    house.hears(&format!("customer {customer}"), &remote, &words, at(n)).await;
                    println!("\nkept {remote} .");
                }
            })
        })
        .collect();
    for customer in customers {
        customer.await.unwrap();
    }
}

fn start(path: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["killed::a_house_that_will_be_killed", "--exact", "--ignored", "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the house after so many acknowledgements; all that were given, the last ones in the pipe included.
fn kill_after(mut house: Child, most: usize) -> BTreeSet<String> {
    let mut lines = BufReader::new(house.stdout.take().unwrap()).lines().map_while(Result::ok);
    let remote = |line: String| {
        let line = line.strip_prefix("kept ")?.strip_suffix(" .")?.to_owned();
        Some(line)
    };
    let mut kept: BTreeSet<String> = lines.by_ref().filter_map(remote).take(most).collect();
    house.kill().unwrap();
    kept.extend(lines.filter_map(remote));
    house.wait().unwrap();
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_acknowledged_message_outlives_the_house() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let path = folder.path().join("sala.db");
    let mut kept = BTreeSet::new();
    for most in [1, 3, 40, 7, 150, 2, 90, 300] {
        let (of_this_life, file) = (start(&path), path.clone());
        let new = tokio::task::spawn_blocking(move || kill_after(of_this_life, most)).await.unwrap();
        assert!(new.len() >= most, "the house ended by itself after {} of {most}", new.len());
        kept.extend(new);
        let store = open(&file).await.expect("it opens at once after a kill");
        let channel = store.read().value("channel").await.unwrap().unwrap();
        let asked = kept.clone();
        let missing = store
            .write(async move |tx| {
                let mut missing = Vec::new();
                for remote in asked {
                    if tx.message_by_remote(channel, &remote).await?.is_none() {
                        missing.push(remote);
                    }
                }
                Ok(missing)
            })
            .await
            .unwrap();
        assert_eq!(missing, Vec::<String>::new(), "acknowledged and lost");
        store.close().await;
        assert_sound(&file).await;
        // Each message came with its figure and its mark of being unread, or not at all.
        let messages = number(&file, "SELECT COUNT(*) FROM message").await;
        assert_eq!(number(&file, "SELECT SUM(unread) FROM conversation").await, messages);
        let figure = "SELECT SUM(value) FROM figure_day WHERE figure = 'messages.customer'";
        assert_eq!(number(&file, figure).await, messages);
    }
    assert!(kept.len() >= 593, "{}", kept.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_house_killed_while_it_is_born_is_born_again() {
    for wait in [0, 2, 5, 10, 20, 40] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sala.db");
        let mut house = start(&path);
        tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
        house.kill().unwrap();
        house.wait().unwrap();
        let store = open(&path).await.unwrap_or_else(|error| panic!("killed after {wait} ms: {error}"));
        store.write(async |tx| tx.ensure_workspace("shop", at(0)).await).await.unwrap();
        store.close().await;
        assert_sound(&path).await;
    }
}
