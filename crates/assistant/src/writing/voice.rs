//! How we speak: tongue, particles and pronoun of the personality.

use domain::{Language, Particle, Personality, Tongue};

use crate::words::normal::{has_thai, is_thai};

/// The voice of one reply.
#[derive(Clone, Copy)]
pub(crate) struct Voice<'a> {
    pub tongue: Tongue,
    pub personality: &'a Personality,
}

impl Voice<'_> {
    /// One of two texts; the Thai one may hold `{ค่ะ}`, `{คะ}` and `{นะคะ}` for the personality's particles
    /// and `{เรา}` for what it calls itself.
    pub(crate) fn say(&self, thai: &str, english: &str) -> String {
        match self.tongue {
            Tongue::English => english.to_owned(),
            Tongue::Thai => {
                let particle = self.personality.particle_th;
                let ours = self.personality.pronoun_th.as_str();
                thai.replace("{นะคะ}", &format!("นะ{}", particle.of_question()))
                    .replace("{ค่ะ}", particle.of_statement())
                    .replace("{คะ}", particle.of_question())
                    .replace("{เรา}", if ours.is_empty() { "ทางร้าน" } else { ours })
            }
        }
    }

    /// Ends a Thai statement with the particle, unless it ends with one already.
    pub(crate) fn close(&self, text: &str) -> String {
        let text = text.trim_end();
        if self.tongue == Tongue::English {
            let ended = text.ends_with(['.', '!', '?', ')', '"', '”']) || text.is_empty();
            return if ended { text.to_owned() } else { format!("{text}.") };
        }
        let particle = self.personality.particle_th.of_statement();
        const ENDS: [&str; 7] = ["ค่ะ", "คะ", "ครับ", "จ้า", "จ๊ะ", "ค่า", "จ้ะ"];
        if ENDS.iter().any(|end| text.ends_with(end)) {
            return text.to_owned();
        }
        // `17:00 น.` keeps its full stop.
        let text = if text.ends_with("น.") { text } else { text.trim_end_matches('.') };
        if text.chars().next_back().is_some_and(is_thai) {
            format!("{text}{particle}")
        } else {
            format!("{text} {particle}")
        }
    }

    /// The shop's own words with the other gender's particles turned into the personality's.
    pub(crate) fn in_voice(&self, text: &str) -> String {
        let statement = self.personality.particle_th.of_statement();
        let question = self.personality.particle_th.of_question();
        let foreign: &[(&str, &str)] = match self.personality.particle_th {
            Particle::Kha | Particle::Ja => &[("ครับ", statement), ("ค้าบ", statement)],
            Particle::Khrap => &[("ค่ะ", statement), ("นะคะ", "นะครับ"), ("คะ", question), ("นะค่า", "นะครับ")],
        };
        let mut out = text.to_owned();
        for (theirs, ours) in foreign {
            out = replace_whole(&out, theirs, ours);
        }
        out
    }
}

/// Replaces a Thai word where no further Thai letter follows (`คะ`, not `คะแนน`).
fn replace_whole(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once(from) {
        out.push_str(head);
        let whole = !tail.chars().next().is_some_and(is_thai);
        out.push_str(if whole { to } else { from });
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The tongue to answer in: that of the words; for wordless turns that of the talk or the profile.
pub(crate) fn tongue_for(words: &str, earlier: &[String], profile: Option<Language>) -> Tongue {
    for text in std::iter::once(words).chain(earlier.iter().rev().map(String::as_str)) {
        let bare = without_placeholders(text);
        if has_thai(&bare) {
            return Tongue::Thai;
        }
        if bare.chars().any(|c| c.is_ascii_alphabetic()) {
            return Tongue::English;
        }
    }
    match profile {
        Some(Language::En | Language::Other) => Tongue::English,
        Some(Language::Th | Language::Mixed) | None => Tongue::Thai,
    }
}

/// A text without `[sticker]`, `[image]` and the like.
pub(crate) fn without_placeholders(text: &str) -> String {
    const PLACEHOLDERS: [&str; 8] =
        ["[sticker]", "[image]", "[video]", "[audio]", "[file]", "[location]", "[contact]", "[unsupported]"];
    let mut out = text.to_owned();
    for placeholder in PLACEHOLDERS {
        out = out.replace(placeholder, " ");
    }
    out
}
