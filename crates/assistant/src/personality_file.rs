//! `personality.json`: how we speak, as the owner keeps it in a file.

use std::collections::BTreeMap;

use domain::{Bilingual, Intent, ModelWish, Particle, Personality, PersonalityId, Steps, Tongue};
use serde::{Deserialize, Serialize};

use crate::shop_folder::{ShopError, id_of};

/// A slider as a word (`casual`, `sparingly`) or as a number from 0 to 100.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Level {
    Number(u8),
    Word(String),
}

#[derive(Deserialize, Serialize)]
struct PersonalityFile {
    name: String,
    #[serde(default)]
    languages: Vec<Tongue>,
    #[serde(default)]
    pronoun_th: String,
    particle_th: Particle,
    #[serde(default)]
    tone: String,
    formality: Option<Level>,
    warmth: Option<Level>,
    length: Option<Level>,
    emoji: Option<Level>,
    #[serde(default)]
    greeting: Bilingual,
    #[serde(default)]
    sign_off: Bilingual,
    #[serde(default)]
    always_say: Vec<String>,
    #[serde(default)]
    never_say: Vec<String>,
    #[serde(default)]
    hand_over: Vec<String>,
    #[serde(default)]
    templates: BTreeMap<Intent, Vec<Bilingual>>,
    #[serde(default)]
    steps: BTreeMap<String, Steps>,
    #[serde(default)]
    model: ModelWish,
}

pub(crate) fn read(file: &str, text: &str) -> Result<Personality, ShopError> {
    let read: PersonalityFile = serde_json::from_str(text).map_err(|error| ShopError::json(file, &error))?;
    let slider = |level: Option<Level>, name: &str| match level {
        None => Ok(50),
        Some(Level::Number(number)) if number <= 100 => Ok(number),
        Some(Level::Number(_)) => {
            Err(ShopError::malformed(file, line_of(text, name), format!("{name} is above 100")))
        }
        Some(Level::Word(word)) => level_of(&word).ok_or_else(|| {
            ShopError::malformed(file, line_of(text, name), format!("{name} {word:?} is no known level"))
        }),
    };
    Ok(Personality {
        id: PersonalityId::from_uuid(id_of("personality", &read.name)),
        version: 1,
        formality: slider(read.formality, "formality")?,
        warmth: slider(read.warmth, "warmth")?,
        length: slider(read.length, "length")?,
        emoji: slider(read.emoji, "emoji")?,
        name: read.name,
        tongues: if read.languages.is_empty() { vec![Tongue::Thai, Tongue::English] } else { read.languages },
        tone: read.tone,
        pronoun_th: read.pronoun_th,
        particle_th: read.particle_th,
        greeting: read.greeting,
        sign_off: read.sign_off,
        always_say: read.always_say,
        never_say: read.never_say,
        hand_over: read.hand_over,
        templates: read.templates,
        steps: read.steps,
        model: read.model,
    })
}

pub(crate) fn write(personality: &Personality) -> String {
    let file = PersonalityFile {
        name: personality.name.clone(),
        languages: personality.tongues.clone(),
        pronoun_th: personality.pronoun_th.clone(),
        particle_th: personality.particle_th,
        tone: personality.tone.clone(),
        formality: Some(Level::Number(personality.formality)),
        warmth: Some(Level::Number(personality.warmth)),
        length: Some(Level::Number(personality.length)),
        emoji: Some(Level::Number(personality.emoji)),
        greeting: personality.greeting.clone(),
        sign_off: personality.sign_off.clone(),
        always_say: personality.always_say.clone(),
        never_say: personality.never_say.clone(),
        hand_over: personality.hand_over.clone(),
        templates: personality.templates.clone(),
        steps: personality.steps.clone(),
        model: personality.model.clone(),
    };
    // Strings, lists and string-keyed maps alone: there is nothing that JSON could refuse.
    serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
}

fn level_of(word: &str) -> Option<u8> {
    Some(match word {
        "never" | "none" => 0,
        "rarely" => 10,
        "casual" | "low" | "short" => 20,
        "sparingly" => 35,
        "casual_polite" => 45,
        "medium" | "normal" | "polite" => 50,
        "often" | "long" | "high" | "warm" => 80,
        "formal" => 85,
        _ => return None,
    })
}

fn line_of(text: &str, key: &str) -> usize {
    let quoted = format!("\"{key}\"");
    text.lines().position(|line| line.contains(&quoted)).map_or(1, |at| at + 1)
}
