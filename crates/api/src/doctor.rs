//! The doctor: looks at everything the house stands on and says what needs the owner, with the next step.

use std::time::Duration;

use domain::{Health, Platform, Timestamp};
use platforms::AccountWarning;
use relay_protocol::Status;
use serde::Serialize;

use crate::{Error, House, Opening, Result, channels, models, relay};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// vault, database, relay, channel, model, disk, clock, queues, versions
    pub about: &'static str,
    pub state: State,
    /// A plain English sentence; with the next step where one is needed.
    pub says: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Good,
    /// Works, but worth knowing.
    Note,
    NeedsOwner,
}

/// Less free space than this needs the owner.
const LITTLE_SPACE: u64 = 500 * 1024 * 1024;

/// A clock that differs from the relay's by more than this breaks signatures and windows.
const CLOCK_LEEWAY: Duration = Duration::from_secs(120);

/// 2026-01-01 and 2100-01-01.
const CLOCK_FROM: Timestamp = Timestamp::from_seconds(1_767_225_600);
const CLOCK_TO: Timestamp = Timestamp::from_seconds(4_102_444_800);

/// Looks at a house without starting it. `free_bytes`: on the disk of the data; none when it cannot be told.
pub async fn examine(opening: &Opening, free_bytes: Option<u64>) -> Vec<Finding> {
    let mut found = vec![versions()];
    found.push(vault(opening).await);
    found.push(disk(free_bytes));
    let exists = opening.database().exists();
    if !exists {
        found.push(note("database", "There is no database yet; `sala run` makes it."));
        return found;
    }
    match House::open_quietly(opening).await {
        Ok(house) => {
            found.push(good("database", "The database opens and its schema is up to date."));
            rooms(&house, &mut found).await;
            house.stop().await;
        }
        // Somebody serves with it just now, which is how it should be.
        Err(error) if error.code == crate::Code::SecondInstance => {
            found.push(note(
                "database",
                "Sala is running with this data, so its queues and channels were not looked at. Stop it and ask \
                 again to see them.",
            ));
        }
        Err(error) => found.push(bad("database", error.plain())),
    }
    found
}

async fn rooms(house: &House, found: &mut Vec<Finding>) {
    found.push(clock(house));
    let looked = [relay_line(house).await, queues(house).await, model(house).await];
    for result in looked {
        found.push(result.unwrap_or_else(|error| bad("database", error.plain())));
    }
    match channel_cards(house).await {
        Ok(cards) => found.extend(cards),
        Err(error) => found.push(bad("channel", error.plain())),
    }
    for (worker, trouble) in house.flow.troubles() {
        found.push(bad("house", format!("{worker}: {trouble}")));
    }
}

fn versions() -> Finding {
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    good("versions", format!("Sala {} on {system}.", env!("CARGO_PKG_VERSION")))
}

async fn vault(opening: &Opening) -> Finding {
    let place = match &opening.vault {
        vault::Place::Keyring => "the OS keyring".to_owned(),
        vault::Place::File(path) => format!("the passphrase file {}", path.display()),
    };
    let checked = match opening.vault() {
        Ok(vault) => vault.check().await.map_err(Error::from),
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) => good("vault", format!("Secrets can be kept in {place}.")),
        Err(error) => bad("vault", error.plain()),
    }
}

fn disk(free_bytes: Option<u64>) -> Finding {
    let mebibytes = |bytes: u64| bytes / (1024 * 1024);
    match free_bytes {
        Some(free) if free < LITTLE_SPACE => bad(
            "disk",
            format!("Only {} MB are free on the disk of the data. Free some space.", mebibytes(free)),
        ),
        Some(free) => good("disk", format!("{} MB are free on the disk of the data.", mebibytes(free))),
        None => note("disk", "The free space of the disk cannot be told on this system."),
    }
}

async fn relay_line(house: &House) -> Result<Finding> {
    Ok(match relay::status(house).await? {
        None => {
            note("relay", "No relay is paired. Webhooks reach this house only while it runs behind a tunnel.")
        }
        Some(line) if line.breaks > 0 => bad(
            "relay",
            format!(
                "The relay at {} lost, repeated or changed {} envelopes. Look at its log; if this grows, pair \
                 with another one.",
                line.address, line.breaks
            ),
        ),
        Some(line) => match house.flow.relay_status().await {
            Ok(Some(status)) => relay_answers(house, &line.address, &status),
            Ok(None) => note("relay", "The relay was unpaired meanwhile."),
            Err(error) => bad("relay", Error::from(error).plain()),
        },
    })
}

fn relay_answers(house: &House, address: &str, status: &Status) -> Finding {
    let theirs = Timestamp::from_millis(status.now_ms);
    let apart = theirs.since(house.now()).max(house.now().since(theirs));
    if apart > CLOCK_LEEWAY {
        return bad(
            "clock",
            format!(
                "The clock of this machine and the relay's are {} s apart. Set the clock (or let the system set \
                 it by network time).",
                apart.as_secs()
            ),
        );
    }
    if status.warnings.is_empty() {
        return good("relay", format!("The relay at {address} answers; {} envelopes wait.", status.waiting));
    }
    bad(
        "relay",
        format!(
            "The relay at {address} is filling up: {} envelopes wait. Let Sala run so that it fetches them.",
            status.waiting
        ),
    )
}

/// The time is plausible: after this version was written, and before it is a museum piece.
fn clock(house: &House) -> Finding {
    let now = house.now();
    if (CLOCK_FROM..CLOCK_TO).contains(&now) {
        good("clock", format!("It is {now:?} by the clock of this machine."))
    } else {
        bad("clock", format!("The clock of this machine says {now:?}, which cannot be. Set it."))
    }
}

async fn queues(house: &House) -> Result<Finding> {
    let reader = house.flow.read();
    let (waiting, parked) = reader.envelope_counts().await?;
    let outbox = reader.outbox_counts().await?;
    let stuck = outbox.iter().find(|(state, _)| state == "stuck").map_or(0, |(_, count)| *count);
    let mut words = format!("{waiting} envelopes wait to be read");
    for (state, count) in &outbox {
        words.push_str(&format!(", {count} deliveries are {state}"));
    }
    if parked > 0 || stuck > 0 {
        return Ok(bad(
            "queues",
            format!(
                "{words}; {parked} envelopes could not be read and {stuck} deliveries are stuck. Open the \
                     inbox and retry or dismiss them."
            ),
        ));
    }
    Ok(good("queues", format!("{words}.")))
}

async fn channel_cards(house: &House) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for card in channels::list(house).await? {
        if card.platform == Platform::Playground {
            continue;
        }
        let name = format!("{} “{}” ({})", card.platform, card.name, card.id);
        found.push(match &card.health {
            Health::ReconnectNeeded { why, .. } => bad(
                "channel",
                format!("{name} must be connected again: {why}. Remove and add it with new secrets."),
            ),
            Health::Paused { .. } => note("channel", format!("{name} is paused.")),
            Health::Good => match channels::test(house, card.id).await {
                Ok(account) if account.warnings.is_empty() => {
                    good("channel", format!("{name} works as account {}.", account.id))
                }
                Ok(account) => {
                    let warnings: Vec<String> = account.warnings.iter().map(warning).collect();
                    note("channel", format!("{name} works as account {}. {}", account.id, warnings.join(" ")))
                }
                Err(error) => bad("channel", format!("{name}: {}", error.plain())),
            },
        });
    }
    if found.is_empty() {
        found.push(note("channel", "No channel is connected. Add one with `sala channel add`."));
    }
    Ok(found)
}

async fn model(house: &House) -> Result<Finding> {
    let Some(choice) = models::chosen(house).await? else {
        return Ok(good("model", "The built-in assistant answers; no language model is chosen."));
    };
    Ok(match models::test(house).await {
        Ok(_) => good("model", format!("The language model {} answers.", choice.model)),
        Err(error) => bad("model", error.plain()),
    })
}

fn warning(warning: &AccountWarning) -> String {
    match warning {
        AccountWarning::NoWebhook => {
            "The platform does not know where to deliver: give it the address shown by `sala channel list`."
                .to_owned()
        }
        AccountWarning::WebhookOff => "Its webhook is switched off at the platform: switch it on.".to_owned(),
        AccountWarning::WebhookFailing { why } => {
            format!("The platform could not deliver lately ({why}): look at the relay or the tunnel.")
        }
        AccountWarning::WebhookInTheWay => {
            "A webhook is set at the platform, so nothing can be polled: run `sala channel point ID --polling`."
                .to_owned()
        }
        AccountWarning::NotSubscribed { fields } => {
            format!("Its webhook lacks these fields, subscribe them: {}.", fields.join(", "))
        }
        AccountWarning::QuotaLow => "Fewer than a tenth of this month's messages are left.".to_owned(),
        AccountWarning::QuotaSpent => {
            "This month's messages are spent: only reply tokens work until the plan is raised.".to_owned()
        }
        AccountWarning::ReadIsMarkedByHand => "Reading is marked by hand in the platform's own app.".to_owned(),
        AccountWarning::GroupsArePrivate => "In groups it sees only what is addressed to it.".to_owned(),
    }
}

fn good(about: &'static str, says: impl Into<String>) -> Finding {
    Finding { about, state: State::Good, says: says.into() }
}

fn note(about: &'static str, says: impl Into<String>) -> Finding {
    Finding { about, state: State::Note, says: says.into() }
}

fn bad(about: &'static str, says: impl Into<String>) -> Finding {
    Finding { about, state: State::NeedsOwner, says: says.into() }
}
