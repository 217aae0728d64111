//! The house in an owner's home: serving, stopping, and the plain sentences when it cannot open.

use std::fs;

use serde_json::Value;

use crate::sala::{Owner, bare, fed};

#[test]
fn the_house_serves_says_where_and_stops_when_told_to() {
    let owner = Owner::new();
    let mut serving = owner.serves(&["run", "--tunnel", "127.0.0.1:0"]);
    let door = serving.line();
    let address = door.trim().strip_prefix("tunnel door on http://").unwrap_or_else(|| panic!("{door}"));
    assert!(std::net::TcpStream::connect(address).is_ok(), "{address}");
    let (status, said) = serving.stop();
    assert!(status.success() && said.ends_with("stopped\n"), "{status:?} {said}");
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_second_instance_is_told_plainly_and_the_first_one_goes_on() {
    let owner = Owner::new();
    let serving = owner.serves(&["run"]);
    for args in [["run"].as_slice(), &["drafts"], &["channel", "list"]] {
        let second = owner.runs(args);
        assert_eq!((second.code, second.out.as_str()), (1, ""));
        assert!(second.complaint.starts_with("sala: Sala is already running"), "{}", second.complaint);
    }
    assert_eq!(owner.runs(&["doctor"]).code, 0);
    assert!(serving.stop().0.success());
}

#[test]
fn a_wrong_passphrase_changes_nothing_and_the_right_one_still_opens() {
    let mut owner = Owner::new();
    assert_eq!(owner.runs(&["drafts"]).code, 0);
    owner.says_passphrase("สมชาย ใจร้าย");
    let wrong = owner.runs(&["drafts"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.complaint.contains("passphrase does not open"), "{}", wrong.complaint);
    assert_eq!(owner.runs(&["doctor"]).code, 1);
    owner.says_passphrase("มะลิ ใจดี");
    assert_eq!(owner.runs(&["drafts"]).code, 0);
}

#[test]
fn a_corrupted_database_and_a_lost_key_are_said_plainly_and_left_alone() {
    let owner = Owner::new();
    assert_eq!(owner.runs(&["drafts"]).code, 0);
    let database = owner.home().join("sala.db");
    let whole = fs::read(&database).unwrap();
    let mut spoilt = whole.clone();
    spoilt[..4096].fill(0x5a);
    fs::write(&database, &spoilt).unwrap();
    let said = owner.runs(&["run"]);
    assert_eq!(said.code, 1);
    assert!(said.complaint.contains("damaged") && said.complaint.contains("backup"), "{}", said.complaint);
    assert_eq!(fs::read(&database).unwrap(), spoilt);
    assert_eq!(owner.runs(&["doctor"]).code, 1);
    fs::write(&database, &whole).unwrap();
    assert_eq!(owner.runs(&["drafts"]).code, 0);
    fs::remove_file(owner.home().join("vault")).unwrap();
    let said = owner.runs(&["run"]);
    assert!(said.complaint.contains("its key is not in the vault"), "{}", said.complaint);
    assert_eq!(fs::read(&database).unwrap(), whole);
}

#[test]
fn without_a_keyring_the_next_step_is_named_and_nothing_is_made() {
    let home = tempfile::tempdir().unwrap();
    let mut command = bare(&["run"]);
    command.env("SALA_HOME", home.path());
    let said = fed(command, b"");
    assert_eq!(said.code, 1);
    assert!(said.complaint.contains("SALA_VAULT=file:PATH"), "{}", said.complaint);
    assert!(!home.path().join("sala.db").exists());
    let mut command = bare(&["run"]);
    command.env("SALA_HOME", home.path()).env("SALA_VAULT", "plain");
    assert!(fed(command, b"").complaint.contains("no place for secrets"));
}

#[test]
fn the_doctor_is_content_with_a_fresh_house_and_not_with_a_channel_nobody_answers_for() {
    let owner = Owner::new();
    let fresh = owner.runs(&["doctor"]);
    assert_eq!(fresh.code, 0, "{fresh:?}");
    assert!(fresh.out.contains("There is no database yet"), "{}", fresh.out);
    let added = owner.runs(&[
        "channel",
        "add",
        "line",
        "--name",
        "ร้านมะลิ",
        "--door",
        "tunnel",
        "--set",
        "api_base=http://127.0.0.1:9",
        "--secret",
        "channel_secret=s3cret",
        "--secret",
        "channel_access_token=t0ken",
    ]);
    assert_eq!(added.code, 0, "{added:?}");
    let sick = owner.runs(&["doctor", "--json"]);
    assert_eq!(sick.code, 1);
    let findings: Vec<Value> = sick.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let needs: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["state"] == "needs_owner")
        .map(|finding| finding["about"].as_str().unwrap())
        .collect();
    assert_eq!(needs, ["channel"], "{}", sick.out);
    for name in ["vault", "database", "relay", "model", "disk", "clock", "queues", "versions"] {
        assert!(findings.iter().any(|finding| finding["about"] == name), "{name}");
    }
    assert!(!sick.out.contains("s3cret") && !sick.out.contains("t0ken"));
}

#[test]
fn a_channel_is_added_listed_set_and_removed_and_a_missing_secret_is_named() {
    let owner = Owner::new();
    let missing = owner.runs(&["channel", "add", "line"]);
    assert_eq!(missing.code, 1);
    assert!(missing.complaint.contains("line needs the secret channel_secret"), "{}", missing.complaint);
    let add = owner.command(&["channel", "add", "telegram", "--name", "บอท", "--secrets-from-stdin"]);
    let added = fed(add, br#"{"bot_token":"1:abc"}"#);
    assert_eq!(added.code, 0, "{added:?}");
    let id = added.out.trim();
    assert_eq!(owner.runs(&["channel", "autonomy", id, "auto"]).code, 0);
    let listed: Value = serde_json::from_str(owner.runs(&["channel", "list", "--json"]).out.trim()).unwrap();
    assert_eq!((&listed["id"], &listed["autonomy"]), (&Value::from(id), &Value::from("auto")));
    assert_eq!(
        (&listed["door"], &listed["health"]["state"]),
        (&Value::from("polling"), &Value::from("good"))
    );
    assert_eq!(owner.runs(&["channel", "remove", id]).code, 0);
    assert_eq!(owner.runs(&["channel", "list"]).out, "");
    assert_eq!(owner.runs(&["channel", "remove", id]).code, 1);
}

#[test]
fn knowledge_and_personality_go_in_and_come_out_again() {
    let owner = Owner::new();
    let shop = tempfile::tempdir().unwrap();
    let file = |name: &str| shop.path().join(name).to_str().unwrap().to_owned();
    fs::write(file("prices.csv"), "sku,name_th,price_thb\nTEA,ชาไทย,45\n").unwrap();
    fs::write(file("notes.txt"), "no knowledge").unwrap();
    let imported = owner.runs(&["knowledge", "import", &file("prices.csv")]);
    let told: Value = serde_json::from_str(imported.out.trim()).unwrap();
    assert_eq!((&told["prices"], &told["facts"]), (&Value::from(1), &Value::from(false)));
    let refused = owner.runs(&["knowledge", "import", &file("notes.txt")]);
    assert!(refused.code == 1 && refused.complaint.contains("notes.txt"), "{refused:?}");
    fs::write(file("p.json"), r#"{"name":"น้องแจ๋ว","particle_th":"ค่ะ","tone":"อบอุ่น"}"#).unwrap();
    for version in 1..3 {
        let saved = owner.runs(&["personality", "import", &file("p.json")]);
        assert!(saved.out.contains(&format!("version {version}")), "{saved:?}");
    }
    let exported: Value = serde_json::from_str(&owner.runs(&["personality", "export"]).out).unwrap();
    assert_eq!((&exported["name"], &exported["tone"]), (&Value::from("น้องแจ๋ว"), &Value::from("อบอุ่น")));
    assert_eq!(owner.runs(&["personality", "export", "nobody"]).code, 1);
}

#[test]
fn a_model_that_does_not_answer_is_said_and_the_built_in_assistant_needs_none() {
    let owner = Owner::new();
    let set = owner.command(&[
        "model",
        "set",
        "openai-compatible",
        "--model",
        "qwen",
        "--base",
        "http://127.0.0.1:9/v1",
        "--key-from-stdin",
    ]);
    assert_eq!(fed(set, b"sk-secret\n").code, 0);
    let tried = owner.runs(&["model", "test"]);
    assert!(tried.code == 1 && tried.complaint.contains("cannot be reached"), "{tried:?}");
    assert_eq!(owner.runs(&["model", "set", "built-in"]).code, 0);
    assert_eq!(owner.runs(&["model", "test"]).code, 0);
    // Nothing readable of the key lies in the home.
    for entry in fs::read_dir(owner.home()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(9).any(|piece| piece == b"sk-secret"), "{}", path.display());
        }
    }
}

#[test]
fn what_is_not_there_is_said_so_and_lists_of_an_empty_house_are_empty() {
    let owner = Owner::new();
    let nobody = "0190a0b0-0000-7000-8000-000000000000";
    for args in [["approve", nobody].as_slice(), &["refuse", nobody]] {
        let said = owner.runs(args);
        assert!(said.code == 1 && said.complaint.contains("no such draft"), "{said:?}");
    }
    for args in [["inbox"].as_slice(), &["drafts"], &["search", "ราคา"]] {
        assert_eq!((owner.runs(args).code, owner.runs(args).out.as_str()), (0, ""));
    }
}
