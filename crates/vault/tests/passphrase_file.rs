//! Stories with a passphrase file on a real disk.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use vault::{Cost, Credentials, Error, Place, Vault};

/// What Argon2 allows at the least; the file's header carries it, so these files open like any other.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

const RIGHT: &str = "ชาเย็นไม่หวาน";

fn opened(path: &Path, passphrase: &str) -> Vault {
    Vault::in_file("sala", path.to_owned(), SecretString::from(passphrase), CHEAP).unwrap()
}

fn page(token: &str) -> Credentials {
    Credentials::new().with("token", token)
}

async fn token(vault: &Vault) -> String {
    let found = vault.credentials("line-1").await.unwrap().unwrap();
    found.get("token").unwrap().expose_secret().to_owned()
}

fn a_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ร้าน").join("sala.vault");
    (folder, path)
}

#[tokio::test]
async fn the_right_passphrase_finds_everything_again() {
    let (_folder, path) = a_folder();
    let vault = opened(&path, RIGHT);
    let key = vault.database_key(false).await.unwrap();
    vault.keep_credentials("line-1", &page("โทเคน")).await.unwrap();
    vault.keep_model_key("gemini", &SecretString::from("k")).await.unwrap();

    // the cost is read from the header, not from the one who opens
    let again = Vault::open(Place::File(path.clone()), "sala", Some(SecretString::from(RIGHT))).unwrap();
    assert_eq!(again.database_key(true).await.unwrap().expose(), key.expose());
    assert_eq!(token(&again).await, "โทเคน");
    again.forget_credentials("line-1").await.unwrap();
    again.forget_credentials("line-1").await.unwrap();
    assert!(vault.credentials("line-1").await.unwrap().is_none());
    assert_eq!(vault.model_key("gemini").await.unwrap().unwrap().expose_secret(), "k");

    let bytes = std::fs::read(&path).unwrap();
    for planted in ["โทเคน".as_bytes(), b"line-1", key.expose()] {
        assert!(!bytes.windows(planted.len()).any(|window| window == planted), "in the clear on the disk");
    }
}

#[tokio::test]
async fn the_wrong_passphrase_opens_and_changes_nothing() {
    let (_folder, path) = a_folder();
    opened(&path, RIGHT).database_key(false).await.unwrap();
    let before = std::fs::read(&path).unwrap();
    let wrong = opened(&path, "ชาเย็น");
    for database_exists in [true, false] {
        let error = wrong.database_key(database_exists).await.unwrap_err();
        assert!(matches!(error, Error::WrongPassphrase), "{error}");
    }
    assert!(matches!(wrong.keep_credentials("line-1", &page("x")).await, Err(Error::WrongPassphrase)));
    assert!(matches!(wrong.check().await, Err(Error::WrongPassphrase)));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn no_passphrase_is_said_at_once() {
    let (_folder, path) = a_folder();
    assert!(matches!(Vault::open(Place::File(path.clone()), "sala", None), Err(Error::NoPassphrase)));
    let empty = SecretString::from("");
    assert!(matches!(Vault::open(Place::File(path), "sala", Some(empty)), Err(Error::NoPassphrase)));
}

#[tokio::test]
async fn a_missing_file_beside_an_old_database_is_not_replaced() {
    let (_folder, path) = a_folder();
    let error = opened(&path, RIGHT).database_key(true).await.unwrap_err();
    assert!(matches!(error, Error::Emptied), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_as_it_is() {
    let (_folder, path) = a_folder();
    let vault = opened(&path, RIGHT);
    vault.database_key(false).await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut altered: Vec<Vec<u8>> =
        (0..whole.len()).step_by(13).map(|length| whole[..length].to_vec()).collect();
    altered.extend((0..whole.len()).step_by(7).map(|position| {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x10;
        bytes
    }));
    for bytes in altered {
        std::fs::write(&path, &bytes).unwrap();
        for database_exists in [true, false] {
            let error = vault.database_key(database_exists).await.unwrap_err();
            assert!(matches!(error, Error::Damaged { .. }), "{error}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    std::fs::write(&path, &whole).unwrap();
    vault.database_key(true).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_it_and_a_link_stays_a_link() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path) = a_folder();
    let vault = opened(&path, RIGHT);
    vault.keep_credentials("line-1", &page("1")).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    // someone opened it up; the next change closes it
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    vault.keep_credentials("line-1", &page("2")).await.unwrap();
    assert_eq!(mode(&path), 0o600);

    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    opened(&link, RIGHT).keep_credentials("line-1", &page("3")).await.unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(token(&vault).await, "3");
}

#[tokio::test]
async fn what_an_interrupted_write_left_beside_is_neither_read_nor_in_the_way() {
    let (_folder, path) = a_folder();
    let vault = opened(&path, RIGHT);
    vault.keep_credentials("line-1", &page("old")).await.unwrap();
    // killed after half of the new file, before the rename
    let left = path.with_file_name("sala.vault.new");
    std::fs::write(&left, b"SALAVAULT\x01half").unwrap();
    assert_eq!(token(&opened(&path, RIGHT)).await, "old");
    opened(&path, RIGHT).keep_credentials("line-1", &page("new")).await.unwrap();
    assert_eq!(token(&vault).await, "new");
    assert!(!left.exists());
}

#[tokio::test]
async fn a_writer_killed_at_any_moment_leaves_a_file_that_opens() {
    const WRITER: &str = "SALA_TEST_WRITES_TO";
    let long = |letter: char| page(&letter.to_string().repeat(200_000));
    if let Ok(path) = std::env::var(WRITER) {
        println!();
        let vault = opened(Path::new(&path), RIGHT);
        for letter in ('a'..='z').cycle() {
            vault.keep_credentials("line-1", &long(letter)).await.unwrap();
            println!("written");
        }
    }
    let (_folder, path) = a_folder();
    for round in 0..25 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["a_writer_killed_at_any_moment_leaves_a_file_that_opens", "--exact", "--nocapture"])
            .env(WRITER, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        assert!(lines.by_ref().any(|line| line.unwrap() == "written"), "the writer wrote");
        tokio::time::sleep(Duration::from_micros(rand::random_range(0..20_000))).await;
        writer.kill().unwrap();
        writer.wait().unwrap();
        let token = token(&opened(&path, RIGHT)).await;
        assert!(
            token.len() == 200_000 && token.chars().all(|letter| token.starts_with(letter)),
            "round {round}"
        );
    }
}

#[tokio::test]
async fn two_houses_share_a_file_and_lose_nothing_by_writing_at_once() {
    let (_folder, path) = a_folder();
    let houses = ["sala", "sala-demo"]
        .map(|profile| Vault::in_file(profile, path.clone(), SecretString::from(RIGHT), CHEAP).unwrap());
    let keys = [houses[0].database_key(false).await.unwrap(), houses[1].database_key(false).await.unwrap()];
    assert_ne!(keys[0].expose(), keys[1].expose());
    let writing = houses.clone().map(|house| {
        tokio::spawn(async move {
            for number in 0..20 {
                house.keep_credentials(&format!("ch-{number}"), &page("t")).await.unwrap();
            }
        })
    });
    for writing in writing {
        writing.await.unwrap();
    }
    for (house, key) in houses.iter().zip(&keys) {
        assert_eq!(house.database_key(true).await.unwrap().expose(), key.expose());
        for number in 0..20 {
            assert!(house.credentials(&format!("ch-{number}")).await.unwrap().is_some());
        }
    }
}

#[tokio::test]
async fn a_secret_without_a_name_is_refused() {
    let (_folder, path) = a_folder();
    assert!(matches!(opened(&path, RIGHT).credentials("").await, Err(Error::Nameless)));
}
