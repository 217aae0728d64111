//! The built-in assistant: reads the turn, finds what the shop knows about it, and says so in its voice.

mod articles;
mod hand_over;
mod hours;
mod price_list;
mod shop;
mod signs;
mod slots;
mod small_talk;
mod steps;
mod voice;

use domain::{AnswerKind, Author, Flag, Source, Tongue};
use jiff::civil::Date;

pub(crate) use price_list::row_line;
pub(crate) use voice::{Voice, tongue_for, without_placeholders};

use crate::{Ask, Library, knowledge::Query, words::normal::normal};

/// An answer before its checks.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub kind: AnswerKind,
    pub words: String,
    pub sources: Vec<Source>,
    pub confidence: f32,
}

/// What the turn says, and what was said before it.
pub(crate) struct Reading<'a> {
    pub library: &'a Library,
    pub turn: Vec<String>,
    pub query: Query,
    /// The customer's earlier turns, oldest first.
    pub earlier: Vec<String>,
    /// What we said last.
    pub last_reply: Option<String>,
    pub today: Date,
    pub tongue: Tongue,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(ask: &'a Ask<'_>) -> Self {
        let library = ask.library;
        let turn: Vec<String> = ask
            .turn
            .iter()
            .map(|message| without_placeholders(message).trim().to_owned())
            .filter(|message| !message.is_empty())
            .collect();
        let mut earlier: Vec<String> = Vec::new();
        let mut last_author = None;
        for said in ask.talk {
            let words = without_placeholders(said.words.as_str());
            match (said.author, last_author) {
                (Author::Customer, Some(Author::Customer)) => {
                    if let Some(last) = earlier.last_mut() {
                        last.push('\n');
                        last.push_str(&words);
                    }
                }
                (Author::Customer, _) => earlier.push(words),
                (Author::Assistant | Author::Person, _) => {}
            }
            last_author = Some(said.author);
        }
        let last_reply = ask
            .talk
            .iter()
            .rev()
            .find(|said| said.author != Author::Customer)
            .map(|said| said.words.as_str().to_owned());
        let joined = turn.join("\n");
        let zone = hours::zone_of(&library.knowledge().facts);
        Self {
            query: library.query(&joined),
            tongue: tongue_for(&joined, &earlier, ask.customer.language),
            turn,
            earlier,
            last_reply,
            today: ask.now.zoned(&zone).date(),
            library,
        }
    }

    /// The question together with what it leans on.
    fn in_context(&self) -> Option<Query> {
        let mut earlier = self.earlier.iter().rev().take(3).map(|text| self.library.query(text));
        let mut context = earlier.next()?;
        for before in earlier {
            // Further back only while there is no subject yet.
            if context.asked.iter().any(|a| a.known && a.weight >= 0.3) {
                break;
            }
            context = context.after(&before);
        }
        Some(self.query.after(&context))
    }
}

/// The built-in assistant's answer.
pub(crate) fn write(ask: &Ask<'_>) -> Draft {
    let reading = Reading::of(ask);
    let voice = Voice { tongue: reading.tongue, personality: ask.personality };
    if reading.turn.is_empty()
        || !reading.turn.iter().any(|message| message.chars().any(char::is_alphanumeric))
    {
        return wordless(ask, voice);
    }
    if ask.meaning.has(Flag::Spam) {
        return silent();
    }
    let pictures = ask.turn.iter().any(|message| message.contains("[image]") || message.contains("[file]"));
    if let Some(draft) = hand_over::answer(&reading, ask, voice) {
        return draft;
    }
    if let Some(draft) = small_talk::answer(&reading, ask, voice) {
        return draft;
    }
    if pictures || hand_over::says_paid(&reading.query) {
        return picture(voice);
    }
    if let Some(draft) = steps::answer(&reading, voice) {
        return draft;
    }
    facts(&reading, ask, voice).unwrap_or_else(|| unknown(&reading, voice))
}

fn silent() -> Draft {
    Draft { kind: AnswerKind::Silent, words: String::new(), sources: Vec::new(), confidence: 0.95 }
}

/// A sticker closes the talk; a picture may want a person's eyes.
fn wordless(ask: &Ask<'_>, voice: Voice<'_>) -> Draft {
    let pictures = ["[image]", "[video]", "[file]", "[audio]", "[location]", "[contact]"];
    if ask.turn.iter().any(|message| pictures.iter().any(|kind| message.contains(kind))) {
        return picture(voice);
    }
    silent()
}

fn picture(voice: Voice<'_>) -> Draft {
    Draft {
        kind: AnswerKind::Refuse,
        words: voice.say(
            "ขอบคุณที่แจ้ง{นะคะ} {เรา}ตรวจสอบเองไม่ได้ ขอส่งต่อให้เจ้าของร้านเช็กแล้วแจ้งกลับ{ค่ะ}",
            "Thank you for telling us. I cannot check this myself, so I will pass it to the owner, who will check and get back to you.",
        ),
        sources: Vec::new(),
        confidence: 0.7,
    }
}

/// Prices, hours, facts and articles: alone first, then with what the turn leans on.
fn facts(reading: &Reading<'_>, ask: &Ask<'_>, voice: Voice<'_>) -> Option<Draft> {
    let query = &reading.query;
    let leans = leans_back(query);
    let context = reading.in_context();
    if !leans && let Some(draft) = fact(reading, query, ask, voice) {
        return Some(draft);
    }
    if let Some(context) = &context
        && (leans || is_thin(query))
        && let Some(draft) = fact(reading, context, ask, voice)
    {
        return Some(draft);
    }
    if leans && let Some(draft) = fact(reading, query, ask, voice) {
        return Some(draft);
    }
    None
}

/// `and iced?`, `then Saturday?`: continues what was asked before.
fn leans_back(query: &Query) -> bool {
    let text = query.normal.trim();
    let opens = ["แล้ว", "งั้น", "ถ้า", "อ๋อ งั้น", "อ้าว งั้น", "and ", "what about", "how about", "then ", "so "];
    let ends = ["ล่ะ", "ล่ะคะ", "ล่ะครับ", "ละคะ", "ละครับ", "อะ", "ด้วย"];
    let strong = query.asked.iter().filter(|a| a.known && a.weight >= 0.3).count();
    (opens.iter().any(|w| text.starts_with(w)) && strong <= 2)
        || (ends.iter().any(|w| text.ends_with(w)) && strong <= 1)
}

/// Says too little to stand alone.
fn is_thin(query: &Query) -> bool {
    let strong = query.asked.iter().filter(|a| a.weight >= 0.3 && !crate::knowledge_when(&a.key)).count();
    strong <= 1
}

fn fact(reading: &Reading<'_>, query: &Query, ask: &Ask<'_>, voice: Voice<'_>) -> Option<Draft> {
    let library = reading.library;
    let facts = &library.knowledge().facts;
    let text = query.normal.as_str();
    // Where to transfer to, and in whose name.
    let which = query.cue("q:where")
        || query.cue("q:which")
        || query.cue("q:who")
        || signs::has(text, &["ขอ", "เลข", "number", "details", "send me"]);
    let holder = query.cue("q:who") && query.has_any(&["t:transfer", "t:account", "t:promptpay"]);
    if (query.has("t:account") || query.has("t:promptpay") || query.has("t:transfer")) && (which || holder)
        || signs::has(text, &["เลขบัญชี", "เลขพร้อมเพย์", "โอนเข้า", "โอนไปที่"])
        || (query.cue("q:who") && keys_of(query).iter().any(|k| k == "t:promptpay" || k == "t:account"))
    {
        if !query.has_any(&["t:instalment"])
            && let Some(draft) = shop::accounts(query, facts, voice)
        {
            return Some(draft);
        }
    }
    if let Some(draft) = place_or_contact(reading, query, voice) {
        return Some(draft);
    }
    if is_about_hours(reading, query)
        && let Some(draft) = hours::answer(query, facts, ask.now, voice)
    {
        return Some(draft);
    }
    let meanings = price_list::meanings(library, query);
    let found = articles::answer(library, query, voice);
    let buys =
        query.cue("q:price") || query.cue("q:stock") || query.cue("q:exist") || variant_question(query);
    if let Some(meanings) = &meanings
        && buys
    {
        let enough = if query.cue("q:price") { 0.42 } else { 0.34 };
        let many = meanings.meant.len() > 4;
        let article = found.as_ref().map_or(0.0, |f| f.score);
        let about_rules = query.cue("q:howlong") || query.cue("q:howmany") || query.cue("q:when");
        if meanings.leftover <= enough
            && !(many && article > 0.8)
            && !(about_rules && article > meanings.leftover + 0.4)
        {
            let draft = price_list::answer(library, query, meanings, voice);
            // The article may hold what the table does not: how long, how many.
            return match (draft, found) {
                (Some(draft), Some(found)) if about_rules && draft.kind == AnswerKind::Answer => {
                    Some(both(draft, found.draft))
                }
                (draft, _) => draft,
            };
        }
    }
    if let Some(found) = found {
        return Some(found.draft);
    }
    if let Some(meanings) = &meanings
        && meanings.leftover <= 0.2
        && is_statement_of_item(query)
    {
        return price_list::answer(library, query, meanings, voice);
    }
    None
}

fn keys_of(query: &Query) -> Vec<String> {
    query.asked.iter().map(|a| a.key.clone()).collect()
}

fn both(first: Draft, second: Draft) -> Draft {
    let mut sources = first.sources;
    sources.extend(second.sources);
    Draft { words: format!("{}\n{}", first.words, second.words), sources, ..first }
}

/// `which colours does it come in`, `is M left`.
fn variant_question(query: &Query) -> bool {
    query.has_any(&["t:colour", "t:size"]) && (query.cue("q:which") || query.cue("q:can"))
}

/// The name of an item and nothing else, in answer to our question.
fn is_statement_of_item(query: &Query) -> bool {
    query.cues.is_empty() || query.cue("q:price") || query.cue("q:stock") || query.cue("q:right")
}

fn place_or_contact(reading: &Reading<'_>, query: &Query, voice: Voice<'_>) -> Option<Draft> {
    let facts = &reading.library.knowledge().facts;
    let other: f32 = query
        .asked
        .iter()
        .filter(|a| {
            !["t:address", "t:map", "t:phone_number", "t:clinic", "t:showroom", "t:line_id", "t:phone"]
                .contains(&a.key.as_str())
        })
        .filter(|a| !crate::knowledge_when(&a.key))
        .map(|a| a.weight)
        .sum();
    if query.has_any(&["t:address", "t:map"]) && other < 0.75 {
        return shop::place(reading.library, facts, voice);
    }
    if query.has_any(&["t:phone_number", "t:line_id"]) && other < 0.5 && !query.cue("q:when") {
        return shop::contact(facts, voice);
    }
    let asks_where = query.cue("q:where")
        && other < 0.3
        && signs::has(&query.normal, &["where", "ที่ไหน", "ตรงไหน", "ตรงใหน", "ที่ใหน"]);
    if asks_where { shop::place(reading.library, facts, voice) } else { None }
}

/// Open, closed, until when; and nothing else that has hours of its own.
fn is_about_hours(reading: &Reading<'_>, query: &Query) -> bool {
    let named_holiday = !hours::holidays_named(query, &reading.library.knowledge().facts).is_empty();
    let cue = query.cue("q:open") || query.cue("q:close") || named_holiday;
    if !cue {
        return false;
    }
    const PREMISES: [&str; 4] = ["t:clinic", "t:showroom", "t:inside", "t:working"];
    let other: f32 = query
        .asked
        .iter()
        .filter(|a| !crate::knowledge_when(&a.key) && !PREMISES.contains(&a.key.as_str()))
        .filter(|a| a.known && !a.key.starts_with("n:"))
        .map(|a| a.weight)
        .sum();
    other < 0.62
}

/// Nothing fits: ask which thing is meant, or say honestly that the owner will be asked.
fn unknown(reading: &Reading<'_>, voice: Voice<'_>) -> Draft {
    let query = &reading.query;
    let asks = query.cue("q:price")
        || query.cue("q:stock")
        || query.cue("q:exist")
        || query.cue("q:howlong")
        || query.cue("q:which")
        || query.cue("q:can");
    let this_one =
        signs::has(&query.normal, &["this", "it", "this one", "ตัวนี้", "อันนี้", "สีนี้", "แบบนี้", "ชิ้นนี้", "รุ่นนี้"]);
    let subject = query.asked.iter().any(|a| {
        a.weight >= 0.3
            && !crate::knowledge_when(&a.key)
            && !["t:size", "t:colour", "t:order", "t:warranty", "t:repair", "t:exchange"]
                .contains(&a.key.as_str())
            && !a.key.starts_with("t:size_")
    });
    if (asks || this_one || query.asked.is_empty()) && !subject {
        return Draft {
            kind: AnswerKind::AskBack,
            words: voice.say(
                "ขอทราบเพิ่มนิดหนึ่ง{นะคะ} หมายถึงรายการไหน รุ่นหรือแบบอะไร{คะ}",
                "Could you please tell us which item, model or service you mean?",
            ),
            sources: Vec::new(),
            confidence: 0.7,
        };
    }
    refuse(voice)
}

pub(crate) fn refuse(voice: Voice<'_>) -> Draft {
    Draft {
        kind: AnswerKind::Refuse,
        words: voice.say(
            "ขออภัย{ค่ะ} เรื่องนี้{เรา}ยังไม่มีข้อมูล ขอถามเจ้าของร้านก่อนแล้วจะแจ้งกลับ{นะคะ}",
            "Sorry, I don't have information about this. I will ask the owner and get back to you.",
        ),
        sources: Vec::new(),
        confidence: 0.6,
    }
}

/// Whether two texts ask the same.
pub(crate) fn alike(library: &Library, a: &str, b: &str) -> bool {
    let (a, b) = (library.query(a), library.query(b));
    let (keys_a, keys_b) = (a.keys(), b.keys());
    let shared = keys_a.intersection(&keys_b).count();
    let all = keys_a.union(&keys_b).count();
    (all > 0 && shared * 2 >= all) || normal(&a.normal) == normal(&b.normal)
}
