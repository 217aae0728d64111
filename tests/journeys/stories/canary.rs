//! Planted secrets and words: they must appear in no log, on no relay's disk, on no plain page of the database.

use std::path::Path;

use domain::{Autonomy, DeliveryState};
use journeys::{Stage, journal::Journal};
use testkit::{Fault, LineCall, Person};

/// Our own crates at their loudest, the libraries as loud as an owner could set them.
const LOUD: &str = "debug,pipeline=trace,store=trace,platforms=trace,relay=trace,relay_protocol=trace,vault=trace,\
                    assistant=trace,nlu=trace,domain=trace,hyper=info,hyper_util=info,h2=info";

fn stands_in(folder: &Path, words: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(stands_in(&path, words));
        } else if std::fs::read(&path).unwrap().windows(words.len()).any(|window| window == words) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_planted_is_found_anywhere() {
    let journal = Journal::keep(LOUD);
    let mut stage = Stage::set().await;
    let line = stage.line(Autonomy::Auto).await;
    let page = stage.facebook(Autonomy::Auto).await;
    let bot = stage.telegram(Autonomy::Auto).await;
    let mali = Person::mali();
    let asked = "canary-words ลาเต้เย็นราคาเท่าไหร่คะ canary-words";
    for to in [&line, &page, &bot] {
        stage.hears(to, &mali, asked).await;
    }
    // Also the ways on which errors are told: refused, dropped, forged, malformed.
    stage.fakes.line.faults().once(LineCall::Reply, Fault::ErrorBefore);
    let forged = stage.fakes.line.webhook().text(&mali, "canary-forged").signed().tampered();
    assert_eq!(stage.post(&line, &forged).await.status, 200);
    let malformed = stage.fakes.line.sign("{\"events\": [\"canary-malformed\"".as_bytes().to_vec());
    assert_eq!(stage.post(&line, &malformed).await.status, 200);
    stage.pause();
    stage.decided().await;
    let conversation = stage.conversation_id(&line, &mali).await;
    stage.house().write(conversation, "canary-owner 75 บาทค่ะ".to_owned()).await.unwrap();
    stage
        .until("the owner's words at LINE", async || {
            stage.wind(std::time::Duration::from_secs(10));
            stage.replies(&line, &mali).iter().any(|sent| sent.text.contains("canary-owner")).then_some(())
        })
        .await;
    stage.fakes.telegram.revoke_token();
    // Wakes the poll that hangs there.
    stage.says(&bot, &mali, "canary-last").await;
    stage
        .until("Telegram's refusal", async || {
            stage.wind(std::time::Duration::from_secs(60));
            let channel = stage.house().read().channel(bot.channel).await.unwrap();
            (!channel.health.may_send()).then_some(())
        })
        .await;
    stage.until_delivery(&line, &mali, DeliveryState::Sent).await;
    // Something waits at the relay too, while the laptop is off.
    stage.close().await;
    stage.says(&line, &mali, "canary-asleep").await;
    let relay = stage.relay.data();
    let accounts = [
        stage.fakes.line.account().channel_secret.clone(),
        stage.fakes.line.account().access_token.clone(),
        stage.fakes.graph.account().app_secret.clone(),
        stage.fakes.graph.account().page_token.clone(),
        stage.fakes.graph.account().verify_token.clone(),
        stage.fakes.telegram.account().token.clone(),
    ];
    let log = journal.text();
    assert!(log.contains("wrong signature"), "the log is being read:\n{log}");
    let planted = ["canary", "ลาเต้", "มะลิ"];
    for words in planted.into_iter().chain(accounts.iter().map(String::as_str)) {
        let line = log.lines().find(|line| line.contains(words));
        assert!(line.is_none(), "{words:?} stands in the log: {line:?}");
        for folder in [relay.as_path(), stage.home.path()] {
            assert_eq!(
                stands_in(folder, words.as_bytes()),
                Vec::<String>::new(),
                "{words:?} stands on a disk"
            );
        }
    }
    for to in [&line, &page] {
        let path = to.url.rsplit('/').next().unwrap();
        assert!(!log.contains(path), "a path is a secret of the channel");
    }
}
