//! Stories with a real gnome-keyring on a private D-Bus session. Each test runs itself again inside such a session,
//! with a home of its own, so neither the owner's keyring nor another test is ever touched.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use vault::{Credentials, Error, Vault};

const INSIDE: &str = "SALA_TEST_INSIDE";
const WRITER: &str = "SALA_TEST_WRITER";
const PROFILE: &str = "sala";

/// A bus that starts nobody by itself: what runs on it, the story has started.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>"#;

/// Tells the story inside a private session; called by the test of that name.
fn story(name: &str, told: impl AsyncFnOnce()) {
    if std::env::var(INSIDE).is_ok() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        return runtime.block_on(told());
    }
    let home = tempfile::tempdir().unwrap();
    let bus = home.path().join("bus.conf");
    std::fs::write(&bus, BUS).unwrap();
    let mut command = Command::new("dbus-run-session");
    command.arg("--config-file").arg(bus).arg("--").arg(std::env::current_exe().unwrap());
    passes(name, command, home.path());
}

/// The same with no session bus at all.
fn story_without_bus(name: &str, told: impl AsyncFnOnce()) {
    if std::env::var(INSIDE).is_ok() {
        return story(name, told);
    }
    let home = tempfile::tempdir().unwrap();
    passes(name, Command::new(std::env::current_exe().unwrap()), home.path());
}

fn passes(name: &str, mut command: Command, home: &Path) {
    let runtime_folder = home.join("run");
    std::fs::create_dir(&runtime_folder).unwrap();
    std::fs::set_permissions(&runtime_folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    let output = command
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "yes")
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", &runtime_folder)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("GNOME_KEYRING_CONTROL")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output();
    let output = output.unwrap_or_else(|error| {
        panic!("{} does not start ({error}). {INSTALL}", command.get_program().display())
    });
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

const INSTALL: &str =
    "These tests need a real keyring: sudo apt-get install dbus gnome-keyring libsecret-tools";

/// A running gnome-keyring; killed when dropped.
struct Daemon(Child);

impl Daemon {
    /// Starts it with the login collection open; the first time this also makes the collection.
    async fn unlocked() -> Daemon {
        Self::start(Some("ข้าวผัด")).await
    }

    /// Starts it without a password: a collection that exists stays locked, one that does not is not made.
    async fn locked() -> Daemon {
        Self::start(None).await
    }

    async fn start(password: Option<&str>) -> Daemon {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).stdin(Stdio::piped()).stdout(Stdio::null());
        if password.is_some() {
            command.arg("--unlock");
        }
        let mut child = command
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("gnome-keyring-daemon does not start ({error}). {INSTALL}"));
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(password.unwrap_or_default().as_bytes()).unwrap();
        drop(stdin);
        wait_until("gnome-keyring is on the bus", keyring_is_on_the_bus).await;
        Daemon(child)
    }

    fn signal(&self, signal: &str) {
        signal_to(signal, self.0.id());
    }

    async fn die(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        wait_until("gnome-keyring has left the bus", || !keyring_is_on_the_bus()).await;
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn signal_to(signal: &str, process: u32) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

fn keyring_is_on_the_bus() -> bool {
    let output = Command::new("dbus-send")
        .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"])
        .args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"])
        .output()
        .unwrap_or_else(|error| panic!("dbus-send does not start ({error}). {INSTALL}"));
    String::from_utf8_lossy(&output.stdout).contains("boolean true")
}

async fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited 10 s in vain until {what}");
}

/// One entry as another program sees it.
fn seen_by_secret_tool(verb: &str, entry: &str) -> bool {
    Command::new("secret-tool")
        .args([verb, "service", PROFILE, "username", entry])
        .stdout(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("secret-tool does not start ({error}). {INSTALL}"))
        .success()
}

fn planted_by_secret_tool(entry: &str, text: &str) {
    let mut child = Command::new("secret-tool")
        .args(["store", "--label=planted", "service", PROFILE, "username", entry])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn malis_vault() -> Vault {
    Vault::in_keyring(PROFILE).unwrap()
}

fn malis_page() -> Credentials {
    Credentials::new().with("channel_secret", "ความลับของมะลิ").with("access_token", "line-token-1")
}

/// About 8 KB, which is nine parts or so.
fn long_credentials(letter: char) -> Credentials {
    Credentials::new().with("token", letter.to_string().repeat(8_000))
}

#[test]
fn what_mali_keeps_she_finds_again_until_she_forgets_it() {
    story("what_mali_keeps_she_finds_again_until_she_forgets_it", async || {
        let _daemon = Daemon::unlocked().await;
        let vault = malis_vault();
        vault.check().await.unwrap();
        assert!(vault.credentials("line-1").await.unwrap().is_none());

        vault.keep_credentials("line-1", &malis_page()).await.unwrap();
        vault.keep_relay_key("https://relay.example/", &SecretSlice::from(vec![0, 255, 7])).await.unwrap();
        vault.keep_model_key("gemini", &SecretString::from("key-กุญแจ")).await.unwrap();

        let found = malis_vault().credentials("line-1").await.unwrap().unwrap();
        assert_eq!(found.get("channel_secret").unwrap().expose_secret(), "ความลับของมะลิ");
        assert_eq!(found.names().collect::<Vec<_>>(), ["access_token", "channel_secret"]);
        let relay_key = vault.relay_key("https://relay.example/").await.unwrap().unwrap();
        assert_eq!(relay_key.expose_secret(), [0, 255, 7]);
        assert_eq!(vault.model_key("gemini").await.unwrap().unwrap().expose_secret(), "key-กุญแจ");

        vault.forget_credentials("line-1").await.unwrap();
        vault.forget_relay_key("https://relay.example/").await.unwrap();
        vault.forget_model_key("gemini").await.unwrap();
        assert!(vault.credentials("line-1").await.unwrap().is_none());
        assert!(vault.relay_key("https://relay.example/").await.unwrap().is_none());
        assert!(vault.model_key("gemini").await.unwrap().is_none());
        // forgetting twice is no error
        vault.forget_credentials("line-1").await.unwrap();
    });
}

#[test]
fn two_houses_on_one_machine_do_not_collide() {
    story("two_houses_on_one_machine_do_not_collide", async || {
        let _daemon = Daemon::unlocked().await;
        let (shop, demo) = (malis_vault(), Vault::in_keyring("sala-demo").unwrap());
        let key = shop.database_key(false).await.unwrap();
        shop.keep_credentials("line-1", &malis_page()).await.unwrap();
        assert!(demo.credentials("line-1").await.unwrap().is_none());
        assert_ne!(demo.database_key(false).await.unwrap().expose(), key.expose());
        assert_eq!(shop.database_key(true).await.unwrap().expose(), key.expose());
    });
}

#[test]
fn a_long_credential_is_split_and_leaves_nothing_behind_when_replaced() {
    story("a_long_credential_is_split_and_leaves_nothing_behind_when_replaced", async || {
        let _daemon = Daemon::unlocked().await;
        let vault = malis_vault();
        vault.keep_credentials("fb-1", &long_credentials('a')).await.unwrap();
        assert!(seen_by_secret_tool("lookup", "channel/fb-1#a8"));
        // an earlier write into the other slot was torn
        planted_by_secret_tool("channel/fb-1#b0", "torn");
        planted_by_secret_tool("channel/fb-1#b1", "torn");

        vault.keep_credentials("fb-1", &long_credentials('b')).await.unwrap();
        let found = vault.credentials("fb-1").await.unwrap().unwrap();
        assert_eq!(found.get("token").unwrap().expose_secret(), "b".repeat(8_000));
        assert!(!seen_by_secret_tool("lookup", "channel/fb-1#a0"), "the old parts are gone");

        vault.keep_credentials("fb-1", &malis_page()).await.unwrap();
        for index in 0..12 {
            assert!(
                !seen_by_secret_tool("lookup", &format!("channel/fb-1#b{index}")),
                "part {index} is gone"
            );
        }
    });
}

#[test]
fn a_lost_or_altered_part_is_noticed() {
    story("a_lost_or_altered_part_is_noticed", async || {
        let _daemon = Daemon::unlocked().await;
        let vault = malis_vault();
        vault.keep_credentials("fb-1", &long_credentials('a')).await.unwrap();
        planted_by_secret_tool("channel/fb-1#a3", &"QUFB".repeat(300));
        assert!(matches!(vault.credentials("fb-1").await, Err(Error::Damaged { .. })));
        assert!(seen_by_secret_tool("clear", "channel/fb-1#a3"));
        assert!(matches!(vault.credentials("fb-1").await, Err(Error::Damaged { .. })));
        planted_by_secret_tool("channel/fb-1", "not ours");
        assert!(matches!(vault.credentials("fb-1").await, Err(Error::Damaged { .. })));
        // entering it again heals it
        vault.keep_credentials("fb-1", &long_credentials('c')).await.unwrap();
        assert!(vault.credentials("fb-1").await.unwrap().is_some());
    });
}

#[test]
fn a_writer_killed_at_any_moment_leaves_one_whole_secret() {
    story("a_writer_killed_at_any_moment_leaves_one_whole_secret", async || {
        let vault = malis_vault();
        if std::env::var(WRITER).is_ok() {
            println!();
            for letter in ('a'..='z').cycle() {
                vault.keep_credentials("fb-1", &long_credentials(letter)).await.unwrap();
                println!("written");
            }
        }
        let _daemon = Daemon::unlocked().await;
        vault.keep_credentials("fb-1", &long_credentials('a')).await.unwrap();
        for round in 0..10 {
            let mut writer = Command::new(std::env::current_exe().unwrap())
                .args(["a_writer_killed_at_any_moment_leaves_one_whole_secret", "--exact", "--nocapture"])
                .env(WRITER, "yes")
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
            assert!(lines.by_ref().any(|line| line.unwrap() == "written"), "the writer wrote");
            tokio::time::sleep(Duration::from_micros(rand::random_range(0..60_000))).await;
            writer.kill().unwrap();
            writer.wait().unwrap();

            let found =
                vault.credentials("fb-1").await.unwrap_or_else(|error| panic!("round {round}: {error}"));
            let token = found.unwrap().get("token").unwrap().clone();
            let token = token.expose_secret();
            assert_eq!(token.len(), 8_000);
            assert!(token.chars().all(|letter| token.starts_with(letter)), "one write, not two mixed");
        }
    });
}

#[test]
fn without_a_session_bus_the_next_step_is_named() {
    story_without_bus("without_a_session_bus_the_next_step_is_named", async || {
        let error = malis_vault().database_key(false).await.unwrap_err();
        assert!(matches!(error, Error::NoKeyring), "{error}");
        assert!(error.to_string().contains("SALA_VAULT=file:"), "{error}");
    });
}

#[test]
fn a_keyring_that_starts_late_is_found_without_a_restart() {
    story("a_keyring_that_starts_late_is_found_without_a_restart", async || {
        let vault = malis_vault();
        for _ in 0..2 {
            let error = vault.database_key(true).await.unwrap_err();
            assert!(matches!(error, Error::NoKeyring), "{error}");
        }
        let _daemon = Daemon::unlocked().await;
        vault.database_key(false).await.unwrap();
    });
}

#[test]
fn a_keyring_that_was_never_set_up_is_not_taken_for_an_empty_one() {
    story("a_keyring_that_was_never_set_up_is_not_taken_for_an_empty_one", async || {
        let _daemon = Daemon::locked().await;
        for database_exists in [true, false] {
            let error = malis_vault().database_key(database_exists).await.unwrap_err();
            assert!(matches!(error, Error::NotSetUp), "{error}");
        }
    });
}

#[test]
fn a_locked_keyring_says_so_and_opens_later() {
    story("a_locked_keyring_says_so_and_opens_later", async || {
        let daemon = Daemon::unlocked().await;
        let vault = malis_vault();
        let key = vault.database_key(false).await.unwrap();
        daemon.die().await;

        let daemon = Daemon::locked().await;
        for database_exists in [true, false] {
            let error = vault.database_key(database_exists).await.unwrap_err();
            assert!(matches!(error, Error::Locked), "{error}");
        }
        // nothing by this name is in it, which a locked keyring must not turn into “nothing kept”
        let error = Vault::in_keyring("sala-new").unwrap().database_key(false).await.unwrap_err();
        assert!(matches!(error, Error::Locked), "{error}");
        daemon.die().await;

        let _daemon = Daemon::unlocked().await;
        assert_eq!(vault.database_key(true).await.unwrap().expose(), key.expose());
    });
}

#[test]
fn an_emptied_keyring_never_gets_a_new_key_while_the_old_database_stands() {
    story("an_emptied_keyring_never_gets_a_new_key_while_the_old_database_stands", async || {
        let daemon = Daemon::unlocked().await;
        let vault = malis_vault();
        vault.database_key(false).await.unwrap();
        daemon.die().await;
        let data = std::env::var("XDG_DATA_HOME").unwrap();
        std::fs::remove_dir_all(Path::new(&data).join("keyrings")).unwrap();

        let _daemon = Daemon::unlocked().await;
        for _ in 0..2 {
            let error = vault.database_key(true).await.unwrap_err();
            assert!(matches!(error, Error::Emptied), "{error}");
        }
        assert!(!seen_by_secret_tool("lookup", "database-key"));
        assert!(!seen_by_secret_tool("lookup", "canary"));
        // the owner moved the old database away
        let key = vault.database_key(false).await.unwrap();
        assert_eq!(vault.database_key(true).await.unwrap().expose(), key.expose());
    });
}

#[test]
fn a_restarted_keyring_is_spoken_to_again() {
    story("a_restarted_keyring_is_spoken_to_again", async || {
        let daemon = Daemon::unlocked().await;
        let vault = malis_vault();
        vault.keep_credentials("line-1", &malis_page()).await.unwrap();
        daemon.die().await;
        assert!(matches!(vault.credentials("line-1").await, Err(Error::NoKeyring)));
        let daemon = Daemon::unlocked().await;
        assert!(vault.credentials("line-1").await.unwrap().is_some());
        daemon.die().await;
        // this time nobody asked while it was away
        let _daemon = Daemon::unlocked().await;
        assert!(vault.credentials("line-1").await.unwrap().is_some());
    });
}

#[test]
fn a_keyring_that_hangs_costs_patience_and_nothing_else() {
    story("a_keyring_that_hangs_costs_patience_and_nothing_else", async || {
        let daemon = Daemon::unlocked().await;
        let vault = malis_vault();
        vault.keep_credentials("line-1", &malis_page()).await.unwrap();
        let hasty = vault.clone().with_patience(Duration::from_millis(200));
        daemon.signal("-STOP");
        assert!(matches!(hasty.credentials("line-1").await, Err(Error::TimedOut(_))));
        let error = hasty.forget_credentials("line-1").await.unwrap_err();
        assert!(matches!(error, Error::TimedOut(_)), "{error}");
        daemon.signal("-CONT");
        // the request that waited behind was dropped, not done late
        assert!(vault.credentials("line-1").await.unwrap().is_some());
    });
}
