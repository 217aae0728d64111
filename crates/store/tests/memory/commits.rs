//! One writer: works that come together share a commit, and none suffers from another's failure.

use std::sync::{Arc, Mutex};

use domain::ChannelId;
use pretty_assertions::assert_eq;
use store::{Change, StoreError};
use tokio::sync::broadcast::error::TryRecvError;

use crate::house::{House, at, line_channel};

/// All that was told so far.
fn told(notices: &mut tokio::sync::broadcast::Receiver<Arc<[Change]>>) -> Vec<Change> {
    let mut all = Vec::new();
    while let Ok(changes) = notices.try_recv() {
        all.extend(changes.iter().copied());
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn of_many_works_at_once_the_failing_ones_leave_no_trace_and_the_others_stand() {
    let house = House::new().await;
    let mut notices = house.store.changes();
    let doomed: Arc<Mutex<Vec<ChannelId>>> = Arc::default();
    let works: Vec<_> = (0..300)
        .map(|n| {
            let (store, workspace, doomed) = (house.store.clone(), house.workspace, doomed.clone());
            tokio::spawn(async move {
                store
                    .write(async move |tx| {
                        let name = format!("ร้านสาขา {n}");
                        let made = tx.add_channel(&line_channel(workspace, &name), at(n)).await?;
                        if n % 7 == 3 {
                            doomed.lock().unwrap().push(made);
                            return Err(StoreError::NotFound("blue shirt"));
                        }
                        Ok(made)
                    })
                    .await
            })
        })
        .collect();
    let (mut kept, mut failed) = (Vec::new(), 0);
    for work in works {
        match work.await.unwrap() {
            Ok(made) => kept.push(made),
            Err(error) => {
                assert_eq!(error, StoreError::NotFound("blue shirt"));
                failed += 1;
            }
        }
    }
    let doomed = doomed.lock().unwrap().clone();
    assert_eq!((kept.len(), failed, doomed.len()), (257, 43, 43));

    let mut there: Vec<ChannelId> =
        house.store.read().channels().await.unwrap().into_iter().map(|channel| channel.id).collect();
    there.retain(|id| *id != house.channel);
    there.sort();
    kept.sort();
    assert_eq!(there, kept);

    let mut told: Vec<ChannelId> = told(&mut notices)
        .into_iter()
        .filter_map(|change| if let Change::ChannelChanged(id) = change { Some(id) } else { None })
        .collect();
    told.sort();
    assert_eq!(told, kept, "told of each that stands, once, and of none that failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn works_that_wait_together_share_one_commit() {
    let house = House::new().await;
    let mut notices = house.store.changes();
    let store = house.store.clone();
    // The first work holds the writer until a hundred others wait.
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let first = tokio::spawn(async move {
        store
            .write(async move |_| {
                wait.await.map_err(|_| StoreError::Closed)?;
                Ok(())
            })
            .await
    });
    let channel = house.channel;
    let mut others = Vec::new();
    for n in 0..100 {
        let store = house.store.clone();
        others.push(tokio::spawn(async move {
            store.write(async move |tx| tx.set_account(channel, "a", &format!("{n}")).await).await
        }));
        tokio::task::yield_now().await;
    }
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
    let mut commits = 0;
    while notices.try_recv().is_ok() {
        commits += 1;
    }
    assert!(commits <= 3, "100 works made {commits} commits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_notice_comes_after_its_commit_and_never_before() {
    let house = House::new().await;
    let mut inside = house.store.changes();
    let mut outside = house.store.changes();
    let (workspace, channel) = (house.workspace, house.channel);
    let early = house
        .store
        .write(async move |tx| {
            tx.set_account(channel, "U1", "ร้านมาลี").await?;
            tx.save_settings(workspace, &domain::Settings { hold_ms: 1, ..Default::default() }).await?;
            Ok(inside.try_recv().err())
        })
        .await
        .unwrap();
    assert_eq!(early, Some(TryRecvError::Empty), "told before the commit");
    let changes = outside.recv().await.unwrap();
    assert_eq!(*changes, [Change::ChannelChanged(channel), Change::SettingsChanged]);
    // Whoever is told finds it there.
    assert_eq!(house.store.read().channel(channel).await.unwrap().name, "ร้านมาลี");
    assert_eq!(house.store.read().settings(workspace).await.unwrap().hold_ms, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_failing_work_tells_nobody() {
    let house = House::new().await;
    let mut notices = house.store.changes();
    let channel = house.channel;
    let result: Result<(), StoreError> = house
        .store
        .write(async move |tx| {
            tx.set_account(channel, "U1", "ร้านสมชาย").await?;
            Err(StoreError::Overtaken("channel"))
        })
        .await;
    assert_eq!(result, Err(StoreError::Overtaken("channel")));
    assert_eq!(told(&mut notices), []);
    assert_eq!(house.store.read().channel(channel).await.unwrap().name, "LINE ของร้าน");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_work_that_panics_is_undone_and_the_writer_goes_on() {
    let house = House::new().await;
    let result: Result<(), StoreError> = house
        .store
        .write(async |tx| {
            tx.save_value("half", &1).await?;
            panic!("a defect of ours")
        })
        .await;
    assert!(matches!(result, Err(StoreError::Defect(_))), "{result:?}");
    house.store.write(async |tx| tx.save_value("after", &2).await).await.unwrap();
    assert_eq!(house.store.read().value::<i64>("half").await, Ok(None));
    assert_eq!(house.store.read().value::<i64>("after").await, Ok(Some(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_broken_rule_of_the_schema_fails_its_own_work_only() {
    let house = House::new().await;
    let nobody = ChannelId::new(at(0), [9; 10]);
    let store = house.store.clone();
    let (bad, good) = tokio::join!(
        store.write(async move |tx| {
            tx.save_value("bad", &1).await?;
            let event = crate::house::event("e1", at(1), "x");
            // No such channel: the foreign key says no.
            tx.first_time(nobody, &event, "message").await
        }),
        store.write(async move |tx| { tx.save_value("good", &1).await })
    );
    assert!(matches!(bad, Err(StoreError::Defect(_))), "{bad:?}");
    assert_eq!(good, Ok(()));
    assert_eq!(house.store.read().value::<i64>("bad").await, Ok(None));
    assert_eq!(house.store.read().value::<i64>("good").await, Ok(Some(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_asker_who_goes_away_takes_nothing_along() {
    let house = House::new().await;
    let store = house.store.clone();
    let asker = tokio::spawn(async move {
        store
            .write(async |tx| {
                tx.save_value("kept", &1).await?;
                Ok(())
            })
            .await
    });
    tokio::task::yield_now().await;
    asker.abort();
    let _ = asker.await;
    house.store.write(async |tx| tx.save_value("next", &2).await).await.unwrap();
    assert_eq!(house.store.read().value::<i64>("next").await, Ok(Some(2)));
}
