//! Opening the file: new, again, with the wrong key, twice at once, damaged, from the future.

use std::{fs, path::Path};

use pretty_assertions::assert_eq;
use store::{DatabaseKey, Durability, Store, StoreError};

use crate::house::{House, at, meddle, open, the_end};

const DAMAGE: [StoreError; 2] = [StoreError::Damaged, StoreError::WrongKeyOrDamaged];

/// Mali asked forty times, the house is closed, and its file lies in the folder.
async fn closed_house() -> House {
    let house = House::new().await;
    for n in 0..40 {
        let words = format!("ขอราคาเดรสลินินสีฟ้าค่ะ ครั้งที่ {n} {}", "ราคาเท่าไหร่คะ ".repeat(20));
        house.hears("Mali", &format!("m{n}"), &words, at(n)).await;
    }
    house.store.close().await;
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_kept_is_there_when_the_house_opens_again() {
    let house = House::new().await;
    let (talk, _) = house.hears("Mali", "m1", "มีเสื้อสีฟ้าไหมคะ", at(1)).await;
    let path = house.path();
    house.store.close().await;

    let again = open(&path).await.unwrap();
    let said = again.read().talk(talk, the_end(), 10).await.unwrap();
    assert_eq!(said.iter().map(|said| said.text.as_str()).collect::<Vec<_>>(), ["มีเสื้อสีฟ้าไหมคะ"]);
    let workspace = again.write(async |tx| tx.ensure_workspace("another", at(9)).await).await.unwrap();
    assert_eq!(workspace, house.workspace);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn another_key_is_told_plainly_and_changes_nothing() {
    let house = closed_house().await;
    let before = fs::read(house.path()).unwrap();
    let result = Store::open(&house.path(), &DatabaseKey::new([1; 32]), Durability::Full).await;
    assert_eq!(result.err(), Some(StoreError::WrongKeyOrDamaged));
    assert_eq!(fs::read(house.path()).unwrap(), before);
    assert!(open(&house.path()).await.is_ok(), "the right key still opens it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_second_house_finds_the_first_one_at_home() {
    let house = House::new().await;
    assert_eq!(open(&house.path()).await.err(), Some(StoreError::SecondInstance));
    house.store.close().await;
    assert!(open(&house.path()).await.is_ok(), "free as soon as `close` returns");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn close_waits_for_the_works_that_came_before_it() {
    let house = House::new().await;
    let works: Vec<_> = (0..50)
        .map(|n| {
            let store = house.store.clone();
            tokio::spawn(async move {
                store.write(async move |tx| tx.save_value(&format!("work{n}"), &n).await).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    house.store.close().await;
    let mut kept = 0;
    for work in works {
        match work.await.unwrap() {
            Ok(()) => kept += 1,
            Err(error) => assert_eq!(error, StoreError::Closed),
        }
    }
    assert_eq!(house.number("SELECT COUNT(*) FROM setting WHERE key LIKE 'work%'").await, kept);
    assert_eq!(house.store.write(async |_| Ok(())).await, Err(StoreError::Closed));
    assert_eq!(house.store.read().envelope_counts().await, Err(StoreError::Closed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_house_that_goes_without_being_closed_leaves_the_file_free() {
    let house = House::new().await;
    let path = house.path();
    let store = house.store.clone();
    let late = tokio::spawn(async move { store.write(async |tx| tx.save_value("late", &1).await).await });
    tokio::task::yield_now().await;
    let House { store, folder, .. } = house;
    drop(store);
    late.await.unwrap().unwrap();
    let again = open(&path).await.expect("the last one to go waited for the writer");
    assert_eq!(again.read().value::<i64>("late").await, Ok(Some(1)));
    drop(again);
    drop(folder);
}

/// Opens what may be damaged and reads all of it: the words read, or the first error.
async fn open_and_read(path: &Path) -> Result<usize, StoreError> {
    let store = open(path).await?;
    let result = read_all(&store).await;
    store.close().await;
    result
}

async fn read_all(store: &Store) -> Result<usize, StoreError> {
    let mut read = store.read().search("ราคา", None, 1_000).await?.len();
    read += store.read().search("ครั้งที่ 39", None, 1_000).await?.len();
    read += store.read().to_understand(0, 1_000).await?.len();
    Ok(read)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn flipped_bytes_anywhere_are_damage_and_never_other_words() {
    let house = closed_house().await;
    let whole = fs::read(house.path()).unwrap();
    assert_eq!(open_and_read(&house.path()).await, Ok(81));
    let (mut at_the_door, mut inside) = (0, 0);
    for page in 0..whole.len() / 4_096 {
        let mut damaged = whole.clone();
        damaged[page * 4_096 + 777] ^= 0x40;
        fs::write(house.path(), &damaged).unwrap();
        match open(&house.path()).await {
            Err(error) => {
                assert!(DAMAGE.contains(&error), "page {page}: {error:?}");
                at_the_door += 1;
            }
            Ok(store) => {
                match read_all(&store).await {
                    Ok(read) => assert_eq!(read, 81, "page {page}"),
                    Err(error) => {
                        assert!(DAMAGE.contains(&error), "page {page}: {error:?}");
                        inside += 1;
                    }
                }
                store.close().await;
            }
        }
    }
    assert!(at_the_door > 0 && inside > 10, "{at_the_door} at the door, {inside} inside");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_shortened_file_is_damage_and_never_a_new_database() {
    let house = closed_house().await;
    let whole = fs::read(house.path()).unwrap();
    for left in [0, 1, 100, 4_096, 3 * 4_096, whole.len() / 2, whole.len() - 4_096] {
        fs::write(house.path(), &whole[..left]).unwrap();
        let result = open_and_read(&house.path()).await;
        let error = result.expect_err(&format!("with {left} of {} bytes left", whole.len()));
        assert!(DAMAGE.contains(&error), "{left} bytes left: {error:?}");
        assert!(fs::metadata(house.path()).unwrap().len() <= left as u64, "{left} bytes grew");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn zeros_in_place_of_the_file_are_damage() {
    let house = closed_house().await;
    let length = fs::metadata(house.path()).unwrap().len();
    fs::write(house.path(), vec![0; usize::try_from(length).unwrap()]).unwrap();
    let error = open_and_read(&house.path()).await.expect_err("zeros are no database");
    assert!(DAMAGE.contains(&error), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_log_whose_database_is_gone_is_not_played_into_a_new_one() {
    let house = House::new().await;
    house.hears("Mali", "m1", "มีเสื้อสีฟ้าไหมคะ", at(1)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sala.db");
    fs::copy(house.folder.path().join("sala.db-wal"), folder.path().join("sala.db-wal")).unwrap();
    assert_eq!(open(&path).await.err(), Some(StoreError::Damaged));
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_database_left_half_made_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sala.db.new"), b"the power failed here").unwrap();
    fs::write(folder.path().join("sala.db.new-wal"), b"and here").unwrap();
    let house = House::in_folder(folder).await;
    house.hears("Mali", "m1", "สวัสดีค่ะ", at(1)).await;
    assert!(!house.folder.path().join("sala.db.new").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_file_of_a_newer_sala_is_left_alone() {
    let house = closed_house().await;
    meddle(
        &house.path(),
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (29990101000000, 'of the future', 1, x'00', 1)",
    )
    .await
    .unwrap();
    assert_eq!(open(&house.path()).await.err(), Some(StoreError::NewerVersion));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_folder_that_is_none_is_told_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    fs::write(&file, "buy blue cloth").unwrap();
    let error = open(&file.join("sala.db")).await.err();
    assert!(matches!(error, Some(StoreError::Folder(_))), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_said_stands_readable_on_the_disk() {
    const CANARIES: [&str; 5] =
        ["นกขมิ้นเหลืองอ่อน", "canary-in-english", "Somchai-the-angry", "canary-setting", "sala_message"];
    let house = House::new().await;
    house.hears(CANARIES[2], "m1", CANARIES[0], at(1)).await;
    house.hears("Mali", "m2", CANARIES[1], at(2)).await;
    house.store.write(async |tx| tx.save_value("secret", &CANARIES[3]).await).await.unwrap();
    assert_eq!(house.store.read().search(CANARIES[0], None, 9).await.unwrap().len(), 1);

    // While it is open (the log holds all), and after it was closed (the file does).
    let open_bytes = bytes_in(house.folder.path());
    house.store.close().await;
    let closed_bytes = bytes_in(house.folder.path());
    for (bytes, when) in [(open_bytes, "open"), (closed_bytes, "closed")] {
        assert!(bytes.len() > 100_000, "{when}: only {} bytes looked at", bytes.len());
        for word in CANARIES.iter().chain(&["SQLite format 3", "CREATE TABLE"]) {
            let found = bytes.windows(word.len()).any(|piece| piece == word.as_bytes());
            assert!(!found, "{word} stands readable in the {when} files");
        }
    }
}

fn bytes_in(folder: &Path) -> Vec<u8> {
    fs::read_dir(folder).unwrap().flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}
