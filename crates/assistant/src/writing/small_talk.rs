//! Greetings, thanks, praise and chat in the shop's voice; silence where the talk is closed.

use domain::AnswerKind;

use super::{Draft, Reading, Voice, signs};
use crate::{Ask, words::TermKind};

pub(crate) fn answer(reading: &Reading<'_>, ask: &Ask<'_>, voice: Voice<'_>) -> Option<Draft> {
    let query = &reading.query;
    let text = query.normal.trim();
    if is_nod(text) && !reading.earlier.is_empty() {
        return Some(super::silent());
    }
    let asks = query
        .cues
        .iter()
        .any(|cue| !["q:no", "q:which", "q:open", "q:close", "q:why", "q:stock"].contains(&cue.as_str()))
        || text.contains('?')
        || signs::has(text, &["ไหม", "มั้ย", "ปะ", "ป่าว", "กี่", "เท่าไหร่"]);
    let subject: f32 =
        query.asked.iter().filter(|a| a.known && a.kind != TermKind::Number).map(|a| a.weight).sum();
    let wants = super::wish::wish(query).is_some();
    if signs::has(text, &signs::BOT) && subject < 0.9 {
        return Some(smalltalk(voice.say(
            "{เรา}เป็นผู้ช่วยอัตโนมัติของร้าน{ค่ะ} ถ้าอยากคุยกับเจ้าของร้าน บอกได้เลย{นะคะ}",
            "I am the shop's automatic assistant. If you would like to talk to the owner, just tell me.",
        )));
    }
    if signs::has(text, &signs::CHAT) && subject < 0.6 {
        return Some(smalltalk(voice.say(
            "ขอบคุณที่ถามไถ่{นะคะ} วันนี้มีอะไรให้ช่วยบอกได้เลย{ค่ะ}",
            "Thank you for asking! How can we help you today?",
        )));
    }
    let called = signs::has(
        text,
        &["anyone there", "anybody there", "anyone here", "มีใครอยู่ไหม", "มีคนอยู่ไหม", "อยู่ไหมคะ", "อยู่ไหมครับ"],
    );
    let opens = signs::GREETING.iter().any(|greeting| text.starts_with(greeting))
        && signs::has(text, &signs::GREETING);
    if (called && subject < 0.5)
        || (opens && !asks && !wants && query.asked.len() <= 1 && text.chars().count() <= 30)
    {
        return Some(greeting(ask, voice));
    }
    if asks || wants {
        let only_greeting = signs::has(text, &signs::GREETING)
            && subject < 0.2
            && !wants
            && query.asked.is_empty()
            && query.cues.iter().all(|cue| cue == "q:right" || cue == "q:which");
        if only_greeting {
            return Some(greeting(ask, voice));
        }
        return None;
    }
    if signs::has(text, &signs::GOODBYE) {
        return Some(smalltalk(sign_off(ask, voice)));
    }
    if signs::has(text, &signs::THANKS) {
        return Some(smalltalk(sign_off(ask, voice)));
    }
    if signs::has(text, &signs::PRAISE)
        || signs::PRAISE.iter().any(|praise| crate::words::normal::has_thai(praise) && text.contains(praise))
    {
        return Some(smalltalk(
            voice.say("ขอบคุณมาก{นะคะ} ดีใจที่ชอบ{ค่ะ}", "Thank you so much, we are very happy to hear that!"),
        ));
    }
    if signs::jokes(text) && subject < 1.2 {
        return Some(smalltalk(
            voice.say("ขอบคุณ{นะคะ} มีอะไรให้ช่วยทักมาได้เลย{ค่ะ}", "Thank you! Just write if we can help."),
        ));
    }
    if signs::has(text, &signs::GREETING) && subject < 0.5 {
        return Some(greeting(ask, voice));
    }
    None
}

fn smalltalk(words: String) -> Draft {
    Draft { kind: AnswerKind::Smalltalk, words, sources: Vec::new(), confidence: 0.9, settled: false }
}

fn greeting(ask: &Ask<'_>, voice: Voice<'_>) -> Draft {
    let own = match voice.tongue {
        domain::Tongue::Thai => ask.personality.greeting.th.as_deref(),
        domain::Tongue::English => ask.personality.greeting.en.as_deref(),
    };
    smalltalk(own.map_or_else(
        || voice.say("สวัสดี{ค่ะ} มีอะไรให้ช่วยบอกได้เลย{นะคะ}", "Hello! How can we help you?"),
        |own| voice.in_voice(own),
    ))
}

fn sign_off(ask: &Ask<'_>, voice: Voice<'_>) -> String {
    let own = match voice.tongue {
        domain::Tongue::Thai => ask.personality.sign_off.th.as_deref(),
        domain::Tongue::English => ask.personality.sign_off.en.as_deref(),
    };
    let thanks = voice.say("ขอบคุณ{ค่ะ}", "Thank you!");
    own.map_or(thanks.clone(), |own| format!("{thanks} {}", voice.in_voice(own)))
}

/// `ok`, `ค่ะ`, a thumb: nothing more is asked.
fn is_nod(text: &str) -> bool {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '.' | '!' | ',' | '~'))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && !crate::words::normal::is_thai(c)))
        .filter(|word| !word.is_empty())
        .collect();
    !words.is_empty() && words.len() <= 3 && words.iter().all(|word| is_nod_word(word))
}

fn is_nod_word(word: &str) -> bool {
    signs::ACK.contains(&word)
        || signs::ACK.iter().any(|ack| {
            word.strip_prefix(ack).is_some_and(|rest| {
                ["ค่ะ", "ครับ", "คะ", "นะคะ", "นะครับ", "ค่า", "จ้า", "เลย", "คับ"].contains(&rest)
            })
        })
}
