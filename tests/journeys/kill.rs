//! `kill -9` of house and relay at random moments while customers keep writing, and a power cut.
//!
//! `SALA_KILLS` says how many (20 unless given), `SALA_SEED` which ones. Figures go to the output.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that tells its figures")]

use journeys::{
    crash::{Found, Scene, figures, reckon_in, shoot},
    power::Disk,
};

fn told(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[track_caller]
fn nothing_is_wrong(found: &Found) {
    assert!(found.lost.is_empty(), "acknowledged and lost: {:?}", found.lost);
    assert!(found.undecided.is_empty(), "neither answered nor decided: {:?}", found.undecided);
    assert_eq!(found.doubles, 0, "sent twice");
    assert_eq!(found.unsound, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_message_is_lost_and_none_is_answered_twice() {
    let (kills, seed) = (told("SALA_KILLS", 20), told("SALA_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::set(folder.path(), &folder.path().join("home"));
    scene.echo().await;
    scene.start_house();
    let customers = scene.customers(0);
    shoot(&mut scene, &customers, kills, seed).await;
    customers.more(5).await;
    let acknowledged = customers.stop().await;
    let found = scene.reckon(&acknowledged).await;
    println!(
        "{kills} kills: {} messages acknowledged, {} lost, {} answers, {} sent twice, parked for the owner {:?}; {}",
        found.acknowledged,
        found.lost.len(),
        found.answered,
        found.doubles,
        found.parked,
        figures(&scene.starts)
    );
    nothing_is_wrong(&found);
    assert!(found.acknowledged as u64 >= kills, "customers were writing all the time");
    assert!(found.answered * 2 > found.acknowledged, "a burst is one answer, but they are not that many");
}

/// A power cut in the midst of it, with commits that wait for the disk or do not.
async fn power_cut(durability: &'static str) -> Result<Found, String> {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::make(folder.path(), "laptop")?;
    let home = disk.place().join("home");
    let mut scene = Scene::set(folder.path(), &home);
    scene.echo().await;
    disk.sync();
    scene.commit(durability);
    scene.start_house();
    let customers = scene.customers(0);
    customers.more(60).await;
    scene.kill_house();
    let after = disk.after_power_cut(folder.path(), "after");
    let acknowledged = customers.stop().await;
    // The relay never lost its power; what it was told to be kept it has let go.
    let found =
        reckon_in(&after.place().join("home"), &scene.relay_data, &scene.ledger(), &acknowledged).await;
    println!(
        "power cut with synchronous={durability}: {} acknowledged, {} lost, {} sent twice, unsound: {:?}",
        found.acknowledged,
        found.lost.len(),
        found.doubles,
        found.unsound
    );
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_loses_nothing_and_the_same_harness_finds_loss_where_commits_do_not_wait() {
    let kept = match power_cut("full").await {
        Ok(found) => found,
        Err(why) => {
            println!("skipped: this machine gives no disk whose power could be cut ({why})");
            return;
        }
    };
    nothing_is_wrong(&kept);
    let lossy = power_cut("off").await.unwrap();
    assert!(
        !lossy.lost.is_empty() || lossy.doubles > 0 || lossy.unsound.is_some(),
        "the harness is blind: with synchronous=OFF a power cut must lose something"
    );
}
