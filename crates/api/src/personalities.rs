//! Personalities: how we speak, in and out as `personality.json`.

use std::path::Path;

use domain::Personality;

use crate::{Code, Error, House, Result};

/// All of the workspace, the default first.
pub async fn list(house: &House) -> Result<Vec<Personality>> {
    Ok(house.flow.read().personalities(house.flow.workspace()).await?)
}

/// Saves a new version.
pub async fn save(house: &House, personality: Personality) -> Result<Personality> {
    Ok(house.flow.save_personality(personality).await?)
}

/// Reads `personality.json` and saves it as a new version of the personality of that name.
pub async fn import(house: &House, file: &Path) -> Result<Personality> {
    save(house, assistant::read_personality_file(file)?).await
}

/// The personality of this name (none: the default) as `personality.json`.
pub async fn export(house: &House, name: Option<&str>) -> Result<String> {
    let all = list(house).await?;
    let wanted = match name {
        Some(name) => all.iter().find(|one| one.name == name),
        None => all.first(),
    };
    wanted
        .map(assistant::write_personality)
        .ok_or_else(|| Error::new(Code::NotFound).with("what", "personality"))
}
