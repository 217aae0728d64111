//! Answers out of the shop's facts: accounts, address, telephone.

use domain::{AnswerKind, Passage, ShopFacts, Source, Tongue};

use super::{Draft, Voice};
use crate::{
    Library,
    knowledge::{EntryKind, Query},
};

fn fact(words: String, source: &str) -> Draft {
    Draft {
        kind: AnswerKind::Answer,
        words,
        sources: vec![Source(source.to_owned())],
        confidence: 0.9,
        settled: false,
    }
}

/// Where to transfer to: every account with its number and holder.
pub(crate) fn accounts(query: &Query, facts: &ShopFacts, voice: Voice<'_>) -> Option<Draft> {
    if facts.accounts.is_empty() {
        return None;
    }
    let tongue = voice.tongue;
    let only_promptpay = query.has("t:promptpay") && !query.has_any(&["t:account", "t:transfer"]);
    let mut lines = Vec::new();
    for (name, fields) in &facts.accounts {
        let field = |names: &[&str]| names.iter().find_map(|name| fields.get(*name)).map(String::as_str);
        let promptpay = name.starts_with("promptpay");
        if only_promptpay && !promptpay && facts.accounts.keys().any(|n| n.starts_with("promptpay")) {
            continue;
        }
        let bank = match tongue {
            Tongue::Thai => field(&["name_th", "bank_th", "bank"]),
            Tongue::English => field(&["name_en", "bank_en", "bank", "name_th"]),
        };
        let label = match (promptpay, tongue) {
            (true, Tongue::Thai) => "พร้อมเพย์",
            (true, Tongue::English) => "PromptPay",
            (false, _) => bank.unwrap_or(name),
        };
        let Some(number) = field(&["account", "number", "account_number", "no"]) else { continue };
        let holder = field(&["holder", "account_name", "owner"])
            .or_else(|| promptpay.then(|| field(&["name"])).flatten());
        let mut line = format!("{label} {number}");
        if let Some(holder) = holder {
            line.push_str(&voice.say(&format!(" ชื่อ {holder}"), &format!(" ({holder})")));
        }
        lines.push(line);
    }
    if lines.is_empty() {
        return None;
    }
    let joined = lines.join(match tongue {
        Tongue::Thai => " หรือ ",
        Tongue::English => " or ",
    });
    Some(fact(
        voice.say(
            &format!("โอนได้ที่ {joined}{{ค่ะ}} โอนแล้วส่งสลิปมาได้เลย{{นะคะ}}"),
            &format!("You can transfer to {joined}. Please send us the slip afterwards."),
        ),
        "payment",
    ))
}

/// Where the shop is, with the quick reply that shows the way.
pub(crate) fn place(library: &Library, facts: &ShopFacts, voice: Voice<'_>) -> Option<Draft> {
    let address = facts.address.in_tongue(voice.tongue)?;
    let mut words =
        voice.close(&voice.say(&format!("ร้านอยู่ที่ {address} "), &format!("You find us at {address}")));
    let mut sources = vec![Source("contact".into())];
    let way = library.entries.iter().find(|entry| {
        entry.kind == EntryKind::Quick && entry.heading.contains("t:map") && entry.tongue == voice.tongue
    });
    if let Some(way) = way {
        words.push(' ');
        words.push_str(&voice.close(&voice.in_voice(&way.text())));
        sources.push(way.source.clone());
    }
    Some(Draft { kind: AnswerKind::Answer, words, sources, confidence: 0.9, settled: false })
}

/// How to reach the shop beside this chat.
pub(crate) fn contact(facts: &ShopFacts, voice: Voice<'_>) -> Option<Draft> {
    let mut ways = Vec::new();
    if let Some(phone) = &facts.phone {
        ways.push(voice.say(&format!("โทร {phone}"), &format!("call {phone}")));
    }
    if let Some(line) = &facts.line_id {
        ways.push(voice.say(&format!("LINE {line}"), &format!("LINE {line}")));
    }
    if ways.is_empty() {
        return None;
    }
    let ways = ways.join(match voice.tongue {
        Tongue::Thai => " หรือ ",
        Tongue::English => " or ",
    });
    Some(fact(
        voice.close(&voice.say(&format!("ติดต่อร้านได้ที่ {ways}"), &format!("You can reach us: {ways}"))),
        "contact",
    ))
}

/// Payment, accounts, address and telephone as passages.
pub(crate) fn standing_facts(facts: &ShopFacts) -> Vec<Passage> {
    let passage =
        |source: &str, text: String| Passage { source: Source(source.to_owned()), text, score: 0.1 };
    let mut out = Vec::new();
    let texts = [
        ("payment", &facts.payment),
        ("delivery", &facts.delivery),
        ("returns", &facts.returns),
        ("contact", &facts.address),
    ];
    for (source, text) in texts {
        let both: Vec<&str> = [text.th.as_deref(), text.en.as_deref()].into_iter().flatten().collect();
        if !both.is_empty() {
            out.push(passage(source, both.join(" / ")));
        }
    }
    for (name, fields) in &facts.accounts {
        let fields: Vec<&str> = fields.values().map(String::as_str).collect();
        out.push(passage("payment", format!("{name}: {}", fields.join(" | "))));
    }
    let reach: Vec<&str> = [
        facts.name.th.as_deref(),
        facts.name.en.as_deref(),
        facts.phone.as_deref(),
        facts.line_id.as_deref(),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !reach.is_empty() {
        out.push(passage("contact", reach.join(" | ")));
    }
    out
}
