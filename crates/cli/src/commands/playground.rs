//! `sala playground`: one writes as a customer and sees every room's result.

mod labels;
mod rooms;

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    process::ExitCode,
    thread,
};

use anyhow::Context as _;
use api::{
    House, Opening, channels, drafts, escalations, knowledge,
    playground::{self, Says},
    talk,
};
use domain::{Autonomy, ChannelId, ConversationId};
use tokio::sync::mpsc;

use self::{
    labels::Tongue,
    rooms::{Heard, Rooms},
};
use crate::{args, out, stop};

pub(crate) async fn run(asked: args::Playground) -> anyhow::Result<ExitCode> {
    // Deleted when it goes out of scope; what a crash leaves behind nobody can read.
    let home = tempfile::Builder::new()
        .prefix("sala-playground-")
        .tempdir()
        .context("A temporary folder could not be made")?;
    let told = stop::told()?;
    let house = House::open(&Opening::throwaway(home.path().to_owned())).await?;
    let played = tokio::select! {
        played = play(&house, &asked) => played,
        () = told => Ok(()),
    };
    let stopped = house.stop().await;
    if !stopped.would_not.is_empty() {
        tracing::warn!(would_not = ?stopped.would_not, "workers did not end in time");
    }
    played.map(|()| ExitCode::SUCCESS)
}

async fn play(house: &House, asked: &args::Playground) -> anyhow::Result<()> {
    let imported = match &asked.shop {
        Some(folder) => knowledge::load_shop(house, folder).await?,
        None => knowledge::load_sample(house).await?,
    };
    let channel = playground::channel(house).await?;
    let autonomy = if asked.draft { Autonomy::Draft } else { Autonomy::Auto };
    playground::hurry(house, channel, autonomy, asked.gap).await?;
    let known = knowledge::all(house).await?;
    let mut table = Table {
        house,
        channel,
        name: asked.name.clone(),
        tongue: Tongue::of_the_terminal(),
        rooms: Rooms::new(house, channel),
        at_terminal: io::stdin().is_terminal(),
        pieces: 0,
    };
    let shop = known.facts.name.in_tongue(table.tongue.of_the_domain()).unwrap_or("?").to_owned();
    out::line(&table.tongue.welcome(&shop, imported.articles, imported.prices))?;
    let mut lines = typed();
    loop {
        table.prompt()?;
        let Some(line) = lines.recv().await else { break };
        let line = line.context("stdin could not be read")?;
        if !table.take(line.trim()).await? {
            break;
        }
    }
    if table.pieces > 0 {
        table.show().await?;
    }
    Ok(())
}

/// Lines of stdin as they are typed; the thread that waits for them ends with the process.
fn typed() -> mpsc::Receiver<io::Result<String>> {
    let (told, heard) = mpsc::channel(1);
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let line = match input.read_until(b'\n', &mut bytes) {
                Ok(0) => return,
                // A broken letter is no reason to stop listening.
                Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Err(error) => Err(error),
            };
            if told.blocking_send(line).is_err() {
                return;
            }
        }
    });
    heard
}

/// Who plays, and what lies on the table.
struct Table<'h> {
    house: &'h House,
    channel: ChannelId,
    name: String,
    tongue: Tongue,
    rooms: Rooms<'h>,
    at_terminal: bool,
    /// Pieces of a burst that were said and whose answer was not waited for.
    pieces: u32,
}

impl Table<'_> {
    fn prompt(&self) -> anyhow::Result<()> {
        if self.at_terminal { out::prompt(&format!("{}> ", self.name)) } else { Ok(()) }
    }

    /// Whether to go on.
    async fn take(&mut self, line: &str) -> anyhow::Result<bool> {
        if line.is_empty() {
            return Ok(true);
        }
        let Some(command) = line.strip_prefix('/') else {
            self.say(line).await?;
            return Ok(true);
        };
        let (verb, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        if matches!(verb, "quit" | "exit" | "q") {
            return Ok(false);
        }
        if let Err(error) = self.command(verb, rest.trim()).await {
            // A verdict that comes too late is no reason to leave the table.
            match error.downcast_ref::<api::Error>() {
                Some(known) => out::line(&format!("  {}", known.plain()))?,
                None => return Err(error),
            }
        }
        Ok(true)
    }

    async fn command(&mut self, verb: &str, rest: &str) -> anyhow::Result<()> {
        match verb {
            "th" => self.tongue = Tongue::Thai,
            "en" => self.tongue = Tongue::English,
            "as" if !rest.is_empty() => {
                self.name = rest.to_owned();
                self.rooms.forget();
            }
            "draft" => self.autonomy(Autonomy::Draft).await?,
            "auto" => self.autonomy(Autonomy::Auto).await?,
            "off" => self.autonomy(Autonomy::Off).await?,
            "sticker" => {
                let words = if rest.is_empty() { "👍" } else { rest };
                self.echo(&format!("[sticker {words}]"))?;
                self.hand_in(Says::Sticker { words: words.into() }).await?;
                self.show().await?;
            }
            "receipts" | "why" => self.rooms.receipts(self.tongue).await?,
            "approve" => self.approve(rest).await?,
            "refuse" => self.refuse(rest).await?,
            "take" => escalations::take_over(self.house, self.conversation().await?, None).await?,
            "back" => escalations::give_back(self.house, self.conversation().await?).await?,
            "resolve" => talk::resolve(self.house, self.conversation().await?).await?,
            _ => out::line(self.tongue.help())?,
        }
        Ok(())
    }

    async fn autonomy(&self, autonomy: Autonomy) -> anyhow::Result<()> {
        channels::set_autonomy(self.house, self.channel, Some(autonomy)).await?;
        out::line(&format!("  {}", autonomy.name()))
    }

    /// A line that ends with a backslash is a piece of a burst: the next line belongs to it.
    async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        let (words, more) = match line.strip_suffix('\\') {
            Some(words) => (words.trim_end(), true),
            None => (line, false),
        };
        if words.is_empty() {
            return Ok(());
        }
        self.echo(words)?;
        self.hand_in(Says::Text { text: words.into() }).await?;
        if more { Ok(()) } else { self.show().await }
    }

    /// Where nobody sees their own typing, the words are repeated.
    fn echo(&self, words: &str) -> anyhow::Result<()> {
        if self.at_terminal { Ok(()) } else { out::line(&format!("{}> {words}", self.name)) }
    }

    async fn hand_in(&mut self, says: Says) -> anyhow::Result<()> {
        playground::say(self.house, self.channel, &self.name, says).await?;
        self.pieces += 1;
        Ok(())
    }

    async fn show(&mut self) -> anyhow::Result<()> {
        let heard = Heard { name: &self.name, pieces: std::mem::take(&mut self.pieces) };
        self.rooms.watch(&heard, self.tongue).await
    }

    async fn conversation(&self) -> anyhow::Result<ConversationId> {
        playground::conversation(self.house, self.channel, &self.name)
            .await?
            .ok_or_else(|| api::Error::new(api::Code::NotFound).with("what", "conversation").into())
    }

    async fn approve(&mut self, words: &str) -> anyhow::Result<()> {
        let conversation = self.conversation().await?;
        let Some(draft) = talk::draft_of(self.house, conversation).await? else {
            return out::line(self.tongue.no_draft());
        };
        let words = (!words.is_empty()).then(|| words.to_owned());
        drafts::approve(self.house, draft, words).await?;
        self.rooms.until_sent(conversation, self.tongue).await
    }

    async fn refuse(&mut self, why: &str) -> anyhow::Result<()> {
        let Some(draft) = talk::draft_of(self.house, self.conversation().await?).await? else {
            return out::line(self.tongue.no_draft());
        };
        let why = (!why.is_empty()).then(|| why.to_owned());
        Ok(drafts::refuse(self.house, draft, why).await?)
    }
}
