//! What a person must answer, and what nobody may: anger, danger, law, attacks, other people's data, promises.

use std::collections::BTreeSet;

use domain::{AnswerKind, Flag, Intent, SentimentLevel};

use super::{Draft, Reading, Voice, articles, signs};
use crate::{
    Ask,
    knowledge::Query,
    words::{Own, TermKind, normal::normal, terms},
};

/// A hand-over or a refusal, when the turn needs one.
pub(crate) fn answer(reading: &Reading<'_>, ask: &Ask<'_>, voice: Voice<'_>) -> Option<Draft> {
    let query = &reading.query;
    let text = query.normal.as_str();
    let joking = signs::jokes(text);
    if attacks(text) {
        return Some(declined(voice));
    }
    if signs::asks_for_others_data(text) {
        return Some(private(voice));
    }
    if needs_person(reading, ask, joking) {
        return Some(escalated(reading, ask, voice));
    }
    if signs::has(text, &signs::PROMISE) {
        return Some(no_promise(reading, voice));
    }
    None
}

fn attacks(text: &str) -> bool {
    signs::has(text, &signs::INJECTION)
        || signs::INJECTION.iter().any(|sign| sign.starts_with(['[', '<']) && text.contains(sign))
        || signs::has(text, &signs::PROMPT)
}

fn needs_person(reading: &Reading<'_>, ask: &Ask<'_>, joking: bool) -> bool {
    let query = &reading.query;
    let text = query.normal.as_str();
    let flagged = ask.meaning.flags.iter().any(|(flag, confidence)| match flag {
        Flag::Legal | Flag::Emergency | Flag::Abuse | Flag::WantsPerson => *confidence >= 0.7,
        Flag::Spam => false,
    });
    let furious = ask.meaning.sentiment.label == SentimentLevel::VeryNegative
        && matches!(ask.meaning.intent(), Intent::Complaint | Intent::Refund)
        && ask.meaning.intent_confidence() >= 0.6;
    if signs::has(text, &signs::PERSON) || signs::has(text, &signs::LEGAL) {
        return true;
    }
    if signs::has(text, &signs::REPEATED) || third_time(reading) {
        return true;
    }
    if (signs::has(text, &signs::DANGER) || flagged || furious) && !joking {
        return true;
    }
    if signs::has(text, &signs::REFUND) && !text.contains("ถ้า") && !text.starts_with("if ") {
        return true;
    }
    if signs::has(text, &signs::ANGER) && !joking && !asks_the_rule(query) {
        return true;
    }
    ask.personality.hand_over.iter().any(|topic| is_topic(topic, query))
}

/// `what if it is faulty?` asks; it does not complain.
fn asks_the_rule(query: &Query) -> bool {
    let asks = query.cue("q:can")
        || query.cue("q:right")
        || query.cue("q:howlong")
        || query.cue("q:who")
        || query.cue("q:price");
    asks && (query.normal.contains("ถ้า") || query.normal.contains("if ") || query.cue("q:who"))
}

/// The same question for the third time.
fn third_time(reading: &Reading<'_>) -> bool {
    let now = reading.turn.join("\n");
    if reading.query.asked.is_empty() {
        return false;
    }
    let mut last = reading.earlier.iter().rev().take(2);
    match (last.next(), last.next()) {
        (Some(a), Some(b)) => {
            super::alike(reading.library, &now, a) && super::alike(reading.library, &now, b)
        }
        _ => false,
    }
}

/// Whether the turn is about a topic that the owner wants to answer: by the phrases that topic is known by, else
/// by the words of its name (`group_over_10`, `custom_design`).
fn is_topic(topic: &str, query: &Query) -> bool {
    let text = query.normal.as_str();
    let known: &[(&str, &[&str])] = &[
        ("allergy", &signs::ALLERGY),
        ("severe_pain", &["ปวดมาก", "ปวดสุด", "ปวดไม่ไหว", "severe pain", "so much pain", "terrible pain"]),
        ("medical_advice", &signs::MEDICAL),
        ("diagnosis", &signs::MEDICAL),
        ("pregnan", &["ท้อง", "ตั้งครรภ์", "pregnant"]),
        ("press", &["นักข่าว", "สื่อ", "สัมภาษณ์", "journalist", "reporter", "interview", "press"]),
        ("influencer", &["อินฟลู", "รีวิวแลก", "รีวิวให้ฟรี", "influencer", "collab", "followers", "ผู้ติดตาม"]),
        (
            "lost_parcel",
            &[
                "ของหาย",
                "พัสดุหาย",
                "ไม่ได้รับของ",
                "ไม่ได้รับพัสดุ",
                "ของไม่ถึง",
                "never got the parcel",
                "lost parcel",
                "parcel is lost",
                "package is missing",
                "parcel is missing",
            ],
        ),
        (
            "lost",
            &[
                "ลืมของ",
                "ทำของหาย",
                "ลืมกระเป๋า",
                "ลืมมือถือ",
                "left my",
                "lost my",
                "i forgot my bag",
                "lost and found",
                "lost property",
            ],
        ),
        ("wrong_item", &["ได้ของผิด", "ส่งมาผิด", "ส่งผิดมา", "ได้ผิด", "sent me the wrong", "received the wrong"]),
        (
            "trade_in_price",
            &["ให้ราคาเท่าไ", "ให้เท่าไ", "ตีราคา", "รับซื้อเท่าไ", "how much will you give", "what will you pay"],
        ),
        (
            "data_loss",
            &["หายหมด", "หายไปหมด", "ข้อมูลหายหมด", "all my photos are gone", "lost all my", "deleted all my"],
        ),
        ("overbook", &["จองซ้อน", "double booked", "double-booked", "overbooked"]),
        ("theft", &["ขโมย", "ของโดนขโมย", "stolen", "theft", "stole"]),
        ("sick_pet", &["ไม่กินข้าว", "อาเจียน", "ซึม", "ถ่ายเหลว", "vomiting", "not eating", "sick"]),
        ("damage", &["ทำพัง", "ทำเสียหาย", "ของแตกเสียหาย", "damaged my", "you broke"]),
        ("negotiat", &["ต่อราคา", "ขอลดราคา", "negotiate"]),
    ];
    let found = known.iter().filter(|(part, _)| topic.contains(part));
    let mut named = false;
    for (_, phrases) in found {
        named = true;
        if signs::has(text, phrases) {
            return true;
        }
    }
    const ELSEWHERE: [&str; 7] =
        ["refund", "complaint", "legal", "human_request", "injury", "swelling", "bleeding"];
    if ELSEWHERE.iter().any(|part| topic.contains(part)) {
        return false;
    }
    if let Some(most) = over(topic) {
        return exceeds(most, topic, query);
    }
    !named && named_by_words(topic, query)
}

/// `event_over_20_people` begins above 20.
fn over(topic: &str) -> Option<u64> {
    let tail = topic
        .split_once("over_")
        .or_else(|| topic.split_once("above_"))
        .or_else(|| topic.split_once("more_than_"))?
        .1;
    tail.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// More than that of what the topic counts: people, or pieces.
fn exceeds(most: u64, topic: &str, query: &Query) -> bool {
    const PEOPLE: &[&str] =
        &["คน", "ท่าน", "people", "persons", "person", "guests", "pax", "of us", "students", "adults"];
    const PIECES: &[&str] = &[
        "ตัว",
        "ชิ้น",
        "ห้อง",
        "ชุด",
        "อัน",
        "ช่อ",
        "คัน",
        "ใบ",
        "กล่อง",
        "ถาด",
        "ต้น",
        "pieces",
        "piece",
        "pcs",
        "rooms",
        "sets",
        "units",
        "bouquets",
        "cars",
        "boxes",
        "copies",
        "items",
        "dresses",
        "shirts",
    ];
    const MONEY: &[&str] = &["บาท", "baht", "thb"];
    let units: Vec<&str> = if topic.contains("baht") || topic.contains("thb") {
        MONEY.to_vec()
    } else if ["people", "person", "guest", "group", "event", "party"].iter().any(|part| topic.contains(part))
    {
        PEOPLE.to_vec()
    } else {
        PEOPLE.iter().chain(PIECES).copied().collect()
    };
    query.terms.iter().filter(|term| term.kind == TermKind::Number).any(|term| {
        let number = term.key.strip_prefix("n:").and_then(|n| n.parse::<u64>().ok());
        let tail = query.normal.get(term.end..).unwrap_or("").trim_start();
        number.is_some_and(|n| n > most) && units.iter().any(|unit| tail.starts_with(unit))
    })
}

fn named_by_words(topic: &str, query: &Query) -> bool {
    let name = normal(&topic.replace('_', " "));
    let alternatives: Vec<&str> = name.split(" or ").collect();
    alternatives.iter().any(|alternative| {
        let wanted: BTreeSet<String> = terms(alternative, &Own::default())
            .into_iter()
            .filter(|term| matches!(term.kind, TermKind::Topic | TermKind::Word))
            .map(|term| term.key)
            .collect();
        // One general word (`event`, `price`) would catch every question about it.
        wanted.len() >= 2 && wanted.iter().all(|key| query.terms.iter().any(|term| term.key == *key))
    })
}

fn declined(voice: Voice<'_>) -> Draft {
    Draft {
        kind: AnswerKind::Refuse,
        words: voice.say(
            "ขออภัย{ค่ะ} เรื่องนี้{เรา}ทำให้ไม่ได้{นะคะ} ถ้ามีคำถามเรื่องสินค้าหรือบริการของร้าน ถามได้เลย{ค่ะ}",
            "Sorry, I cannot do that. For questions about our shop, please just ask and I will check.",
        ),
        sources: Vec::new(),
        confidence: 0.9,
        settled: true,
    }
}

fn private(voice: Voice<'_>) -> Draft {
    Draft {
        kind: AnswerKind::Refuse,
        words: voice.say(
            "ขออภัย{ค่ะ} ข้อมูลของลูกค้าท่านอื่นทางร้านไม่สามารถให้ได้{นะคะ} ขอให้ติดต่อกันโดยตรง{ค่ะ}",
            "Sorry, we cannot share another person's details. Please check with them directly.",
        ),
        sources: Vec::new(),
        confidence: 0.9,
        settled: true,
    }
}

fn no_promise(reading: &Reading<'_>, voice: Voice<'_>) -> Draft {
    let mut words = voice.say(
        "ขออภัย{ค่ะ} เรื่องนี้ทางร้านไม่สามารถรับปากล่วงหน้าได้{นะคะ} ขอเช็กกับเจ้าของร้านแล้วแจ้งกลับ{ค่ะ}",
        "Sorry, that is something we cannot promise. I will check with the owner and get back to you.",
    );
    let mut sources = Vec::new();
    if let Some(found) = articles::answer(reading.library, &reading.query, voice)
        && found.score > 0.75
    {
        words.push('\n');
        words.push_str(&found.draft.words);
        sources = found.draft.sources;
    }
    Draft { kind: AnswerKind::Refuse, words, sources, confidence: 0.8, settled: true }
}

fn escalated(reading: &Reading<'_>, ask: &Ask<'_>, voice: Voice<'_>) -> Draft {
    let facts = &reading.library.knowledge().facts;
    let zone = super::hours::zone_of(facts);
    let open = domain::open_state(ask.now, &zone, &facts.hours, &facts.holidays).is_open();
    let urgent = signs::has(&reading.query.normal, &signs::DANGER);
    let mut words = voice.say(
        "{เรา}รับเรื่องไว้แล้ว{นะคะ} ขอส่งต่อให้เจ้าของร้านดูแลและติดต่อกลับโดยเร็วที่สุด{ค่ะ}",
        "I am sorry about this. I am handing your message to the owner now; a person will get back to you as soon as possible.",
    );
    if urgent && let Some(phone) = &facts.phone {
        words.push_str(&voice.say(
            &format!(" หากเร่งด่วนโทร {phone} ได้เลย{{ค่ะ}}"),
            &format!(" If it is urgent, please call {phone}."),
        ));
    } else if !open {
        let hours = super::hours::week_text(facts, voice.tongue);
        words.push_str(&voice.say(
            &format!(" ขณะนี้อยู่นอกเวลาทำการ ร้าน{hours}{{ค่ะ}}"),
            &format!(" We are closed right now. {hours}."),
        ));
    }
    Draft { kind: AnswerKind::Escalate, words, sources: Vec::new(), confidence: 0.9, settled: true }
}

/// Says that money was sent: only a person can see the account.
pub(crate) fn says_paid(query: &Query) -> bool {
    signs::has(
        &query.normal,
        &[
            "โอนแล้ว",
            "โอนให้แล้ว",
            "โอนค่า",
            "จ่ายแล้ว",
            "ส่งสลิปแล้ว",
            "โอนเงินแล้ว",
            "i have paid",
            "i paid",
            "i've paid",
            "already paid",
            "have transferred",
            "i transferred",
            "just transferred",
        ],
    ) && !signs::has(&query.normal, &["จะโอน", "will transfer"])
        && !query.cue("q:when")
        && !query.cue("q:howlong")
        && !query.cue("q:price")
        && !query.cue("q:can")
}
