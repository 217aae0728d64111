//! `sala inbox`, `search`, `drafts`, `approve`, `refuse`: what the owner looks at and rules on.

use std::process::ExitCode;

use api::{
    drafts,
    inbox::{self, Wanted},
};
use domain::{Author, Words};

use crate::{args, out, place};

pub(crate) async fn inbox(asked: args::Inbox) -> anyhow::Result<ExitCode> {
    let house = place::open_quietly().await?;
    let wanted = Wanted { most: Some(asked.most), ..Wanted::default() };
    let rows = inbox::list(&house, &wanted).await;
    house.stop().await;
    for row in rows? {
        if asked.listed.json {
            out::json(&row)?;
            continue;
        }
        let who = row.customer.as_ref().map_or("?", Words::as_str);
        let author = row.last_author.map_or("", Author::name);
        out::line(&format!(
            "{}  {:<10} {:<9} {} unread  {who}: [{author}] {}",
            row.conversation,
            row.platform.name(),
            row.keeper.name(),
            row.unread,
            one_line(&row.last_words)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn search(asked: args::Search) -> anyhow::Result<ExitCode> {
    let house = place::open_quietly().await?;
    let found = inbox::search(&house, &asked.words.join(" "), None, asked.most).await;
    house.stop().await;
    for one in found? {
        if asked.listed.json {
            out::json(&one)?;
        } else {
            out::line(&format!("{}  {:?}  {}", one.conversation, one.said_at, one_line(&one.text)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn drafts(asked: args::Listed) -> anyhow::Result<ExitCode> {
    let house = place::open_quietly().await?;
    let waiting = drafts::waiting(&house).await;
    house.stop().await;
    for draft in waiting? {
        if asked.json {
            out::json(&draft)?;
        } else {
            out::line(&format!("{}  {:.2}  {}", draft.id, draft.confidence, one_line(&draft.words)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn approve(asked: args::Approve) -> anyhow::Result<ExitCode> {
    let house = place::open_quietly().await?;
    let promised = drafts::approve(&house, asked.id, asked.words).await;
    house.stop().await;
    out::line(&promised?.to_string())?;
    out::aside("It leaves as soon as the house runs (`sala run`).");
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn refuse(asked: args::Refuse) -> anyhow::Result<ExitCode> {
    let house = place::open_quietly().await?;
    let refused = drafts::refuse(&house, asked.id, asked.why).await;
    house.stop().await;
    refused?;
    out::line("refused")?;
    Ok(ExitCode::SUCCESS)
}

/// On one line, at most 120 characters.
fn one_line(words: &Words) -> String {
    let flat: String = words.as_str().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut letters = flat.chars();
    let short: String = letters.by_ref().take(120).collect();
    if letters.next().is_some() { format!("{short}…") } else { short }
}
