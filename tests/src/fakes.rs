//! `sala-fakes`: the platforms in a process of their own, which outlives whatever is killed.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use testkit::Ledger;

use crate::processes::{Process, binary};

/// The played platforms, directed from afar.
pub struct FarFakes {
    process: Process,
    http: reqwest::Client,
    /// Addresses and secrets.
    pub introduction: Value,
}

impl FarFakes {
    /// With a ledger that is on the disk before a platform answers.
    pub fn start(ledger: &Path) -> Self {
        let mut command = Command::new(binary("testkit", "sala-fakes"));
        command.arg("--ledger").arg(ledger);
        let mut process = Process::start(command);
        let introduction = serde_json::from_str(&process.line()).expect("the fakes introduce themselves");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { process, http, introduction }
    }

    /// One order; none when it could not be carried out (the door it should be posted to was shut).
    pub async fn order(&self, order: &Value) -> Option<Value> {
        let control = self.introduction.get("control").and_then(Value::as_str).expect("the control door");
        let answer =
            self.http.post(format!("{control}/_control")).json(order).send().await.expect("the fakes live");
        let good = answer.status().is_success();
        let told: Value = answer.json().await.expect("JSON");
        good.then_some(told)
    }

    /// A person writes; whether the door said 200.
    pub async fn writes(&self, platform: &str, person: &str, text: &str, url: &str) -> bool {
        let order = json!({
            "do": "act", "platform": platform, "person": person, "deed": { "texts": [text] }, "url": url,
        });
        let told = self.order(&order).await;
        told.as_ref().and_then(|told| told.pointer("/webhooks/0/status")).and_then(Value::as_u64) == Some(200)
    }

    /// What the ledger's file says.
    pub fn ledger(&self, path: &Path) -> Ledger {
        Ledger::read(path).expect("the ledger")
    }

    pub fn end(mut self) {
        self.process.kill();
    }
}
