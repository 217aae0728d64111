//! Knowledge: what the shop tells the assistant, imported from a shop's folder or from single files.

use std::path::Path;

use domain::{Knowledge, ShopFacts};
use serde::Serialize;
use store::KnowledgePiece;

use crate::{House, Result};

/// What was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub struct Imported {
    pub facts: bool,
    pub articles: usize,
    pub prices: usize,
    pub quick_replies: usize,
    pub personality: bool,
}

pub async fn all(house: &House) -> Result<Knowledge> {
    Ok(house.flow.read().knowledge(house.flow.workspace()).await?)
}

/// A shop's folder, or a single `.md`, `prices.csv`, `quick_replies.json` or `shop.json`. What has the same name as
/// before replaces it; a price table replaces the whole table; the rest stays.
pub async fn import(house: &House, path: &Path) -> Result<Imported> {
    let knowledge = if path.is_dir() {
        assistant::read_knowledge_folder(path)?
    } else {
        assistant::read_knowledge_file(path)?
    };
    keep(house, knowledge).await
}

/// Loads the sample shop that ships with the app, its personality included.
pub async fn load_sample(house: &House) -> Result<Imported> {
    let (knowledge, personality) = assistant::sample_shop()?;
    load(house, knowledge, personality).await
}

/// Loads a shop's folder whole, its personality included.
pub async fn load_shop(house: &House, folder: &Path) -> Result<Imported> {
    let (knowledge, personality) = assistant::read_shop_folder(folder)?;
    load(house, knowledge, personality).await
}

/// Adds the pieces to what is known, or replaces those of the same name.
pub async fn keep(house: &House, knowledge: Knowledge) -> Result<Imported> {
    let Knowledge { version: _, facts, articles, prices, quick_replies } = knowledge;
    let has_facts = facts != ShopFacts::default();
    let imported = Imported {
        facts: has_facts,
        articles: articles.len(),
        prices: prices.len(),
        quick_replies: quick_replies.len(),
        personality: false,
    };
    let mut pieces = Vec::new();
    if has_facts {
        pieces.push(KnowledgePiece::Facts(facts));
    }
    if !prices.is_empty() {
        pieces.push(KnowledgePiece::Prices(prices));
    }
    pieces.extend(articles.into_iter().map(KnowledgePiece::Article));
    pieces.extend(quick_replies.into_iter().map(KnowledgePiece::QuickReply));
    house.flow.keep_knowledge(pieces).await?;
    Ok(imported)
}

async fn load(house: &House, knowledge: Knowledge, personality: domain::Personality) -> Result<Imported> {
    let imported = keep(house, knowledge).await?;
    house.flow.save_personality(personality).await?;
    Ok(Imported { personality: true, ..imported })
}
