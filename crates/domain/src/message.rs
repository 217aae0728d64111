//! What was said: authors, parts, attachments.

use serde::{Deserialize, Serialize};

use crate::Words;

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    Customer,
    Assistant,
    /// The owner, here or in the platform's own app.
    Person,
}

impl Author {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Assistant => "assistant",
            Self::Person => "person",
        }
    }
}

/// One piece of a message. A message is a list of these, in the order they are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    Text {
        text: Words,
    },
    Image(Attachment),
    Video(Attachment),
    Audio(Attachment),
    File(Attachment),
    /// `words`: what the sticker says or shows, where the platform tells (emoji, keywords, text).
    Sticker {
        id: Option<String>,
        words: Option<Words>,
        url: Option<String>,
    },
    Location {
        latitude: f64,
        longitude: f64,
        title: Option<Words>,
        address: Option<Words>,
    },
    Contact {
        name: Option<Words>,
        phone: Option<Words>,
    },
    /// Structured content of the platform: cards, products, buttons; `title` in words.
    Template {
        title: Option<Words>,
    },
    /// A button or menu entry was tapped: its caption and the hidden payload.
    Postback {
        title: Option<Words>,
        payload: Option<String>,
    },
    StoryReply {
        url: Option<String>,
    },
    SharedPost {
        title: Option<Words>,
        url: Option<String>,
    },
    /// Something this version does not know; `what` names it as the platform does.
    Unsupported {
        what: String,
    },
}

impl Part {
    pub fn text(text: impl Into<Words>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// A file at the platform, fetched only when someone looks at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Attachment {
    /// Where it can be fetched; may expire, may need the channel's token.
    pub url: Option<String>,
    /// The platform's id of the content, where it is fetched by id.
    pub remote_id: Option<String>,
    pub mime: Option<String>,
    /// As the sender named it; made safe before it meets a disk.
    pub name: Option<String>,
    pub bytes: Option<u64>,
    pub caption: Option<Words>,
}

/// All that is text in a message, in order, a line per part: what is understood and searched.
pub fn text_of(parts: &[Part]) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for part in parts {
        match part {
            Part::Text { text } => lines.push(text.as_str()),
            Part::Image(file) | Part::Video(file) | Part::Audio(file) | Part::File(file) => {
                lines.extend(file.caption.as_ref().map(Words::as_str));
            }
            Part::Location { title, address, .. } => {
                lines.extend(title.as_ref().map(Words::as_str));
                lines.extend(address.as_ref().map(Words::as_str));
            }
            Part::Contact { name, phone } => {
                lines.extend(name.as_ref().map(Words::as_str));
                lines.extend(phone.as_ref().map(Words::as_str));
            }
            Part::Template { title } | Part::Postback { title, .. } | Part::SharedPost { title, .. } => {
                lines.extend(title.as_ref().map(Words::as_str));
            }
            Part::Sticker { .. } | Part::StoryReply { .. } | Part::Unsupported { .. } => {}
        }
    }
    lines.join("\n")
}

/// Nothing in it can be read as words: stickers, pictures, recordings alone.
pub fn is_wordless(parts: &[Part]) -> bool {
    text_of(parts).trim().is_empty()
}

/// Longest file name: in characters for whoever reads it, in bytes for the disk (most allow 255).
const LONGEST_NAME: usize = 120;
const LONGEST_NAME_BYTES: usize = 240;

/// A file name that is safe on every disk: no path, no control or reserved characters, no reserved name,
/// at most 120 characters and 240 bytes, never empty. The ending outlives a cut.
pub fn safe_file_name(name: &str) -> String {
    const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = last
        .chars()
        .filter(|c| {
            !c.is_control()
                && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    let safe = safe.trim_matches(['.', ' ']);
    if safe.is_empty() {
        return "file".to_owned();
    }
    // `NUL .txt` and `COM¹` are devices too:
    // https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions
    let stem = safe.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let bare = stem.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '¹' | '²' | '³'));
    if RESERVED.contains(&bare) { cut_name(&format!("_{safe}")) } else { cut_name(safe) }
}

fn cut_name(name: &str) -> String {
    let ending =
        name.rfind('.').and_then(|dot| name.get(dot..)).filter(|ending| ending.len() <= 16).unwrap_or("");
    let stem = name.strip_suffix(ending).unwrap_or(name);
    let (mut characters, mut bytes) = (ending.chars().count(), ending.len());
    let fits = |c: &char| {
        characters += 1;
        bytes += c.len_utf8();
        characters <= LONGEST_NAME && bytes <= LONGEST_NAME_BYTES
    };
    let kept: String = stem.chars().take_while(fits).collect();
    if kept.len() == stem.len() {
        name.to_owned()
    } else {
        format!("{}{ending}", kept.trim_end_matches(['.', ' ']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evil_file_names_become_harmless() {
        assert_eq!(safe_file_name("../../etc/passwd"), "passwd");
        assert_eq!(safe_file_name("C:\\Windows\\เมนู ร้าน.pdf"), "เมนู ร้าน.pdf");
        assert_eq!(safe_file_name("nul.txt"), "_nul.txt");
        assert_eq!(safe_file_name("..."), "file");
        assert_eq!(safe_file_name("slip\u{202e}gpj.exe\0"), "slipgpj.exe");
        assert_eq!(safe_file_name("NUL .txt"), "_NUL .txt");
        assert_eq!(safe_file_name("com¹"), "_com¹");
    }

    #[test]
    fn a_long_file_name_fits_any_disk_and_keeps_its_ending() {
        let thai = safe_file_name(&format!("{}.pdf", "ก".repeat(500)));
        assert!(thai.len() <= 240 && thai.ends_with("ก.pdf"), "{} bytes", thai.len());
        assert_eq!(safe_file_name(&"a".repeat(500)).chars().count(), 120);
        let device = safe_file_name(&format!("nul.{}", "k".repeat(200)));
        assert_eq!((device.chars().count(), device.starts_with("_nul.")), (120, true));
        for name in [thai, device, format!("{} . b", "a ".repeat(119))] {
            let safe = safe_file_name(&name);
            assert_eq!(safe_file_name(&safe), safe, "a safe name stays as it is");
        }
    }

    #[test]
    fn a_sticker_alone_is_wordless_and_a_caption_is_not() {
        assert!(is_wordless(&[Part::Sticker { id: None, words: Some("hi".into()), url: None }]));
        let slip =
            Attachment { caption: Some("โอนแล้วค่ะ".into()), ..Attachment::default() };
        assert_eq!(text_of(&[Part::Image(slip)]), "โอนแล้วค่ะ");
    }
}
