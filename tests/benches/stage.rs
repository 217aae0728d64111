//! A house on the disk, its LINE on loopback, and customers who each ask one thing.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use domain::{Autonomy, ChannelId, Door, Platform, Settings};
use journeys::{
    house::{TunnelDoor, config_in},
    shop,
};
use pipeline::{Clock, House};
use platforms::Webhook;
use secrecy::SecretString;
use store::Durability;
use tempfile::TempDir;
use testkit::{FakeLine, HandClock, Ledger, Person, SignedWebhook};

use crate::instant;

/// Nothing new for this long, and something is wrong.
const STALL: Duration = Duration::from_secs(20);

/// Between two looks at the ledger.
const GLANCE: Duration = Duration::from_millis(20);

/// What customers ask; all of it can be answered from what the shop knows.
const ASKED: [&str; 5] =
    [shop::ASKS_LATTE, "How much is a hot americano?", shop::ASKS_PARKING, "สวัสดีค่ะ", shop::ASKS_CROISSANT];

pub(crate) struct Stage {
    folder: TempDir,
    line: FakeLine,
    pub(crate) ledger: Ledger,
    channel: ChannelId,
    customers: u64,
}

/// A customer's message as LINE posts it.
pub(crate) struct Asked {
    /// LINE's id of the customer.
    pub(crate) by: String,
    pub(crate) signed: SignedWebhook,
}

impl Asked {
    /// As it stands at our door.
    pub(crate) fn hook(&self, clock: &Clock) -> Webhook {
        self.signed
            .headers
            .iter()
            .fold(Webhook::post(self.signed.body.to_vec(), clock.now()), |hook, (name, value)| {
                hook.with_header(name, value.as_bytes())
            })
    }
}

impl Stage {
    pub(crate) async fn set(ground: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("house-").tempdir_in(ground)?;
        let ledger = Ledger::new();
        let line = FakeLine::start(&HandClock::real_time(), &ledger).await?;
        let house =
            House::open(config_in(folder.path(), Clock::machine(), Durability::Full, TunnelDoor::Shut))
                .await?;
        house.keep_knowledge(shop::cafe_that_never_closes()).await?;
        house.set_settings(settings()).await?;
        let base = line.base_url();
        let settings = BTreeMap::from(
            [("api_base", base.as_str()), ("content_base", base.as_str())]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let account = line.account();
        let secrets = BTreeMap::from(
            [("channel_secret", &account.channel_secret), ("channel_access_token", &account.access_token)]
                .map(|(name, value)| (name.to_owned(), SecretString::from(value.clone()))),
        );
        let channel = house.add_channel(Platform::Line, "LINE", Door::Tunnel, settings, secrets).await?;
        house.set_channel_autonomy(channel, Some(Autonomy::Auto)).await?;
        house.stop().await;
        Ok(Self { folder, line, ledger, channel, customers: 0 })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn channel(&self) -> ChannelId {
        self.channel
    }

    pub(crate) async fn open(&self) -> anyhow::Result<House> {
        Ok(House::open(config_in(self.folder(), Clock::machine(), Durability::Full, TunnelDoor::Shut))
            .await?)
    }

    /// Without any room at work: what comes in waits.
    pub(crate) async fn open_quietly(&self) -> anyhow::Result<House> {
        let config = config_in(self.folder(), Clock::machine(), Durability::Full, TunnelDoor::Shut);
        Ok(House::open_quietly(&config).await?)
    }

    /// So many customers who have not written before, each with one message, signed.
    pub(crate) fn crowd(&mut self, size: u32) -> Vec<Asked> {
        (0..size).zip(ASKED.iter().cycle()).map(|(_, text)| self.one(text)).collect()
    }

    fn one(&mut self, text: &str) -> Asked {
        let person = Person::of_the_crowd(self.customers);
        self.customers += 1;
        Asked { by: person.line_id(), signed: self.line.webhook().text(&person, text).signed() }
    }

    /// Waits until LINE has taken over so many replies in all.
    pub(crate) async fn until_answered(&self, in_all: usize) -> anyhow::Result<()> {
        let (mut seen, mut moved) = (0, instant());
        loop {
            let now = self.ledger.accepted_count();
            if now >= in_all {
                return Ok(());
            }
            if now > seen {
                (seen, moved) = (now, instant());
            } else if moved.elapsed() > STALL {
                bail!("only {now} of {in_all} messages were answered, and nothing moves any more");
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// What should not have happened: for a figure may be good because something was left out.
    pub(crate) fn oddities(&self) -> String {
        let (twice, refused) = (self.ledger.double_sends().len(), self.ledger.refused().len());
        let answered = self.ledger.accepted_count();
        format!(
            "{} customers asked, {answered} answered, {twice} answered twice, {refused} calls refused by LINE",
            self.customers
        )
    }

    pub(crate) fn end(self) {
        self.line.stop();
    }
}

/// No waiting for its own sake: no gap, no hold, no limits but those of the machine.
fn settings() -> Settings {
    let mut settings = Settings {
        autonomy: Autonomy::Auto,
        send_from: 0.5,
        burst_gap_ms: 0,
        burst_cap_ms: 0,
        hold_ms: 0,
        replies_per_hour: u32::MAX,
        ..Settings::default()
    };
    settings.pace.turns_at_once = 64;
    settings.pace.turns_per_minute = u32::MAX;
    settings.pace.sends_at_once = 64;
    settings
}

/// The address of the door that a house in another process has opened for our channel.
pub(crate) fn door_of(introduction: &serde_json::Value) -> anyhow::Result<String> {
    introduction
        .get("door")
        .and_then(serde_json::Value::as_str)
        .map(str::to_owned)
        .context("the house has no door")
}
