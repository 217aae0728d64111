//! The playground with its lines piped in.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::sala::{Said, bare, fed};

fn play(args: &[&str], lines: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bare(&[&["playground"], args].concat());
    command.env("TMPDIR", folder.path());
    let said = fed(command, lines.as_bytes());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "the playground left something behind: {left:?}");
    said
}

#[test]
fn mali_greets_asks_a_price_and_sends_a_sticker_without_any_keyring() {
    let said = play(&[], "สวัสดีค่ะ\nห้องแอร์คืนละเท่าไหร่คะ\n/sticker 👍\n");
    assert_eq!(said.code, 0, "{said:?}");
    let parts: Vec<&str> = said.out.split("Mali> ").collect();
    assert_eq!(parts.len(), 4, "{}", said.out);
    let (greeting, price, sticker) = (parts[1], parts[2], parts[3]);
    assert!(greeting.contains("greeting") && greeting.contains("💬 สวัสดี"), "{greeting}");
    for room in ["arrival ·", "understanding ·", "decision ·", "reply ·", "delivery ·"] {
        assert!(price.contains(room), "{room}: {price}");
    }
    assert!(price.contains("prices:") && price.contains("850") && price.contains("grounded✓"), "{price}");
    assert!(price.contains("answer sent"), "{price}");
    assert!(sticker.contains("stay silent") && !sticker.contains("💬"), "{sticker}");
}

#[test]
fn a_burst_gets_one_answer_and_a_draft_leaves_only_when_approved() {
    let said = play(
        &["--draft"],
        "hello \\\nhow much is the family room?\n/approve\n/receipts\n/quit\nnever read\n",
    );
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out.matches("📝").count(), 1, "{}", said.out);
    let (before, after) = said.out.split_once("📝").unwrap();
    assert!(!before.contains("💬") && after.contains("💬"), "{}", said.out);
    assert!(after.contains("1,450") && after.contains("\"provider\": \"built-in\""), "{after}");
    assert!(!said.out.contains("never read"), "{}", said.out);
}

#[test]
fn somchai_is_angry_a_person_is_called_and_the_assistant_stays_silent_until_given_back() {
    let lines = "แย่มาก ห่วยที่สุด จะฟ้องร้าน\nฮัลโหล\n/back\ncheck-in กี่โมงครับ\n/refuse\n/nonsense\n";
    let said = play(&["--as", "Somchai"], lines);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("call the owner: legal"), "{}", said.out);
    assert!(said.out.contains("already_waiting"), "{}", said.out);
    let back = said.out.rsplit("Somchai> ").next().unwrap();
    assert!(back.contains("answer sent") && back.contains("14:00"), "{}", said.out);
    assert!(back.contains("no draft is waiting") && back.contains("/as NAME"), "{}", said.out);
}

#[test]
fn whoever_leaves_with_ctrl_c_leaves_nothing_behind_either() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bare(&["playground"]);
    command.env("TMPDIR", folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _open = child.stdin.take().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("Sala: playing with"), "{first}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_page_speaks_thai_when_asked() {
    let said = play(&[], "/th\nขอบคุณค่ะ\n");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("ความเข้าใจ ·"), "{}", said.out);
}
