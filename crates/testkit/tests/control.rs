//! The fakes in a process of their own: introduced, directed, and ended in an orderly way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testkit::Ledger;

struct Process {
    child: Child,
    told: Value,
}

impl Process {
    fn starts(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sala-fakes"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { told: serde_json::from_str(&line).unwrap(), child }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.told["control"].as_str().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_harness_directs_the_fakes_and_the_ledger_outlives_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let mut process =
        Process::starts(&["--clock", "hand", "--seed", "7", "--ledger", path.to_str().unwrap()]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let order = |order: Value| {
        let request = client.post(process.url("/_control")).json(&order);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }
    };
    let act = json!({"do": "act", "platform": "line", "person": "mali", "deed": {"texts": ["สวัสดี", "มีไหม"]}});
    let (_, made) = order(act).await;
    let body = STANDARD.decode(made["webhooks"][0]["body_base64"].as_str().unwrap()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["events"][1]["message"]["text"], "มีไหม");
    let token = body["events"][1]["replyToken"].as_str().unwrap();

    let (status, _) =
        order(json!({"do": "fault", "at": {"line": "reply"}, "times": 1, "fault": {"fault": "error_after"}}))
            .await;
    assert_eq!(status, 200);
    let (status, why) =
        order(json!({"do": "fault", "at": {"line": "rePly"}, "fault": {"fault": "hang"}})).await;
    assert_eq!(status, 400, "a fault that could never fire is refused: {why}");

    let line = &process.told["line"];
    let reply = || {
        client
            .post(format!("{}/v2/bot/message/reply", line["base"].as_str().unwrap()))
            .bearer_auth(line["account"]["access_token"].as_str().unwrap())
            .json(&json!({"replyToken": token, "messages": [{"type": "text", "text": "มีค่ะ"}]}))
    };
    assert_eq!(reply().send().await.unwrap().status(), 500);
    assert_eq!(reply().send().await.unwrap().status(), 400, "the token was spent by the accepted reply");

    // The door is the fake Telegram, which knows no such address.
    let door = format!("{}/hook", process.told["telegram"]["base"].as_str().unwrap());
    let (_, again) = order(json!({"do": "again", "webhook": 0, "url": door, "redelivery": true})).await;
    assert_eq!(again["status"], 404);
    let act = json!({"do": "act", "platform": "telegram", "person": "guest 3", "deed": "sticker"});
    assert_eq!(order(act).await.1["queued"].as_array().unwrap().len(), 1);
    let act = json!({"do": "act", "platform": "facebook", "person": "somchai", "deed": {"texts": ["แย่มาก"]},
                     "url": door, "spoilt": "tampered"});
    assert_eq!(order(act).await.1["webhooks"][0]["status"], 404);
    let nobody = json!({"do": "act", "platform": "line", "person": "nobody", "deed": "sticker"});
    assert_eq!(order(nobody).await.0, 400);
    let (_, now) = order(json!({"do": "advance", "millis": 1_000})).await;
    assert_eq!(now["now_ms"], testkit::clock::START_MS + 1_000);
    let told = order(json!({"do": "model", "when": "ลาเต้", "answer": {"words": "65 บาทค่ะ"}})).await;
    assert_eq!(told.0, 200);

    let ledger: Value = client.get(process.url("/_ledger")).send().await.unwrap().json().await.unwrap();
    let kinds: Vec<&str> =
        ledger["entries"].as_array().unwrap().iter().map(|entry| entry["entry"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"accepted") && kinds.contains(&"refused"));
    assert_eq!(ledger["doubles"], json!([]));
    let transcript = client.get(process.url("/_transcript")).send().await.unwrap().text().await.unwrap();
    assert!(transcript.contains("Mali ◂ มีค่ะ (reply)"), "{transcript}");

    // What was accepted is on the disk already: a kill takes nothing away.
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    let kept = Ledger::read(&path).unwrap();
    assert_eq!(serde_json::to_value(kept.entries()).unwrap(), ledger["entries"]);
    assert_eq!(kept.accepted().len(), 1);
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_well() {
    let mut process = Process::starts(&[]);
    let id = process.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(process.child.wait().unwrap().success());
}
