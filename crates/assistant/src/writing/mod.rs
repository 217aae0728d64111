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

use domain::{AnswerKind, Author, Flag, Passage, Source, Tongue};
use jiff::civil::Date;

pub(crate) use price_list::row_line;
pub(crate) use signs::holds;
pub(crate) use voice::{Voice, tongue_for, without_placeholders};

use crate::{
    Ask, Library,
    knowledge::{EntryKind, Query},
    words::normal::normal,
};

/// An answer before its checks.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub kind: AnswerKind,
    pub words: String,
    pub sources: Vec<Source>,
    pub confidence: f32,
    /// A rule decided it: a language model has nothing to add.
    pub settled: bool,
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

/// Hours, holidays, today and now, as the prompt says them and as the checks know them.
pub(crate) fn clock_lines(ask: &Ask<'_>) -> Vec<String> {
    let facts = &ask.library.knowledge().facts;
    let now = ask.now.zoned(&hours::zone_of(facts));
    let today = now.date();
    let date = |date: Date| {
        format!(
            "{}-{:02}-{:02} ({} / {}, {} / {})",
            date.year(),
            date.month(),
            date.day(),
            hours::day_name(date.weekday(), Tongue::English),
            hours::day_name(date.weekday(), Tongue::Thai),
            hours::date_name(date, Tongue::English),
            hours::date_name(date, Tongue::Thai)
        )
    };
    let mut lines = vec![format!(
        "Now: {} {:02}:{:02}, Buddhist year {}.",
        date(today),
        now.hour(),
        now.minute(),
        i32::from(today.year()) + 543
    )];
    if hours::WEEK.iter().any(|day| !facts.hours.of(*day).is_empty()) {
        let open =
            domain::open_state(ask.now, &hours::zone_of(facts), &facts.hours, &facts.holidays).is_open();
        lines.push(format!(
            "Hours: {} / {}. Right now {}.",
            hours::week_text(facts, Tongue::English),
            hours::week_text(facts, Tongue::Thai),
            if open { "open" } else { "closed" }
        ));
    }
    for note in [&facts.hours_note.th, &facts.hours_note.en].into_iter().flatten() {
        lines.push(format!("Note on the hours: {note}"));
    }
    if !facts.holidays.is_empty() {
        let days: Vec<String> = facts
            .holidays
            .iter()
            .map(|holiday| {
                let until = holiday.until.map(|until| format!(" until {}", date(until))).unwrap_or_default();
                format!(
                    "{}{until} {}",
                    date(holiday.date),
                    holiday.name.in_tongue(Tongue::English).unwrap_or("")
                )
            })
            .collect();
        lines.push(format!("Closed on: {}.", days.join("; ")));
    }
    lines
}

/// Quick replies without variables that fit the turn.
pub(crate) fn fitting_quick_replies(ask: &Ask<'_>) -> Vec<String> {
    let reading = Reading::of(ask);
    reading
        .library
        .fits(&reading.query)
        .iter()
        .filter(|fit| fit.score >= 0.5)
        .filter_map(|fit| reading.library.entries.get(fit.entry))
        .filter(|entry| entry.kind == EntryKind::Quick && entry.tongue == reading.tongue)
        .take(3)
        .map(|entry| format!("- {}", entry.text()))
        .collect()
}

pub(crate) fn tongue_of_turn(ask: &Ask<'_>) -> Tongue {
    Reading::of(ask).tongue
}

/// What the prompt and the checks may draw on: the passages that fit, those of what the turn leans on, and the
/// facts a reply may always need.
pub(crate) fn ground_of(ask: &Ask<'_>, most: usize) -> Vec<Passage> {
    let reading = Reading::of(ask);
    let mut passages = reading.library.passages(&reading.query, most);
    if let Some(context) = reading.in_context() {
        for passage in reading.library.passages(&context, most / 2) {
            if !passages.iter().any(|have| have.source == passage.source && have.text == passage.text) {
                passages.push(passage);
            }
        }
    }
    for passage in shop::standing_facts(&reading.library.knowledge().facts) {
        if !passages.iter().any(|have| have.text == passage.text) {
            passages.push(passage);
        }
    }
    passages
}

/// What the sources of a draft say in full: its own ground.
pub(crate) fn passages_of(ask: &Ask<'_>, sources: &[Source]) -> Vec<Passage> {
    let library = ask.library;
    let mut out: Vec<Passage> = library
        .entries
        .iter()
        .filter(|entry| sources.contains(&entry.source))
        .map(|entry| Passage { source: entry.source.clone(), text: entry.text(), score: 1.0 })
        .collect();
    out.extend(library.knowledge().prices.iter().filter_map(|row| {
        let source = Source(format!("prices:{}", row.sku));
        sources.contains(&source).then(|| Passage { source, text: row_line(row), score: 1.0 })
    }));
    out.extend(
        shop::standing_facts(&library.knowledge().facts).into_iter().filter(|p| sources.contains(&p.source)),
    );
    out
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
    if asks_state(&reading.query.normal) {
        return refuse(voice);
    }
    if wants_something(&reading) {
        return which_one(voice);
    }
    facts(&reading, ask, voice).unwrap_or_else(|| unknown(&reading, voice))
}

fn silent() -> Draft {
    Draft {
        kind: AnswerKind::Silent,
        words: String::new(),
        sources: Vec::new(),
        confidence: 0.95,
        settled: true,
    }
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
        settled: false,
    }
}

/// Prices, hours, facts and articles: alone first, then with what the turn leans on.
fn facts(reading: &Reading<'_>, ask: &Ask<'_>, voice: Voice<'_>) -> Option<Draft> {
    let query = &reading.query;
    let asked_back = reading.last_reply.as_deref().map(normal).is_some_and(|reply| {
        signs::has(&reply, &["ไหนคะ", "ไหนครับ", "อะไรคะ", "อะไรครับ", "ไหมคะ", "ไหมครับ"])
            || reply.contains('?')
            || reply.contains("รุ่นหรือแบบ")
    });
    const ASKS: [&str; 9] = ["ไหน", "ไหม", "มั้ย", "ปะ", "ป่าว", "กี่", "?", "where", "what"];
    let names_only = query.cues.is_empty()
        && query.asked.len() <= 3
        && !query.asked.is_empty()
        && !ASKS.iter().any(|word| query.normal.contains(word));
    let leans = leans_back(query)
        || names_only
        || (asked_back && query.cues.iter().all(|cue| cue == "q:can" || cue == "q:stock"));
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
    // A burst may hold chat beside the question: each message that asks, alone.
    if reading.turn.len() > 1 {
        for message in &reading.turn {
            let alone = library_query(reading, message);
            let asks = !alone.cues.is_empty()
                && alone.asked.iter().any(|a| a.known && a.weight >= 0.3 && !price_list::is_counter(&a.key));
            if asks && let Some(draft) = fact(reading, &alone, ask, voice) {
                return Some(draft);
            }
        }
    }
    None
}

fn library_query(reading: &Reading<'_>, words: &str) -> Query {
    reading.library.query(words)
}

/// How an order or a repair of their own is going: only a person can look.
fn asks_state(text: &str) -> bool {
    signs::has(
        text,
        &[
            "เสร็จยัง",
            "เสร็จหรือยัง",
            "เสร็จรึยัง",
            "เสร็จแล้วยัง",
            "ถึงไหนแล้ว",
            "ส่งหรือยัง",
            "ส่งยังคะ",
            "ส่งยังครับ",
            "ส่งของยัง",
            "ได้เลขพัสดุยัง",
            "ของถึงไหน",
            "is it ready",
            "is my order",
            "where is my",
            "where's my",
            "status of my",
            "has my order",
            "is my phone ready",
            "is my room ready",
            "when will my order",
        ],
    )
}

/// `I want my phone fixed`: a wish without a question and with hardly a subject.
fn wants_something(reading: &Reading<'_>) -> bool {
    let query = &reading.query;
    let asks = !query.cues.is_empty()
        || query.normal.contains('?')
        || query.terms.iter().any(|t| {
            ["ไหม", "มั้ย", "ปะ", "ป่าว", "เปล่า", "ขอ", "ล่ะ", "เหรอ", "หรือ"].contains(&t.text.as_str())
        })
        || signs::has(&query.normal, &["any", "do you", "can", "is", "are", "price", "please"]);
    let strong = query.asked.iter().filter(|a| a.weight >= 0.3).count();
    let of_ours = query.asked.iter().any(|a| {
        ["t:repair", "t:order", "t:class", "t:rent"].contains(&a.key.as_str())
            || reading.library.items.iter().any(|item| item.names().contains(&a.key))
    });
    !asks && of_ours && reading.earlier.is_empty() && strong <= 1
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
    if is_generic(query) {
        return None;
    }
    let library = reading.library;
    let facts = &library.knowledge().facts;
    let text = query.normal.as_str();
    // Where to transfer to, and in whose name.
    let which = query.cue("q:where")
        || query.cue("q:which")
        || query.cue("q:who")
        || query.terms.iter().any(|t| t.text == "ขอ")
        || signs::has(text, &["เลข", "number", "details", "send me"]);
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
    priced_or_written(reading, query, voice)
}

/// The price table and the articles, whichever answers.
fn priced_or_written(reading: &Reading<'_>, query: &Query, voice: Voice<'_>) -> Option<Draft> {
    let library = reading.library;
    let found = articles::answer(library, query, voice);
    let Some(meanings) = price_list::meanings(library, query) else { return found.map(|f| f.draft) };
    let article = found.as_ref().map_or(0.0, |f| f.score);
    let promotion = query.has_any(&["t:promo", "t:discount", "t:sale", "t:member"]);
    let premise = (query.cue("q:right") && !price_list::amounts_said(query, &meanings).is_empty())
        || signs::has(&query.normal, &["please confirm", "page said", "page says"]);
    let price = query.cue("q:price") || premise;
    let stock = query.cue("q:stock") || query.cue("q:exist") || variant_question(query);
    let many = meanings.meant.len() > 4;
    let enough = match (meanings.unheard, price) {
        (true, _) => 0.24,
        (false, true) => 0.45,
        (false, false) => 0.34,
    };
    let rules = query.cue("q:howlong") || query.cue("q:howmany") || query.cue("q:when");
    let fits = meanings.leftover <= enough && !(many && meanings.leftover > 0.25);
    let better = article >= 0.9
        && (meanings.leftover > 0.15 || (meanings.share < 0.35 && !reading.query.cues.is_empty()))
        && !many;
    let listed = if promotion && !premise {
        price && article < 0.55 && fits && meanings.leftover < 0.1
    } else if price {
        fits && !(better && !premise)
    } else if stock {
        fits && !(many && article > 0.8) && !better && !(rules && !query.cue("q:stock") && article > 0.6)
    } else {
        // The name of an item and nothing else.
        query.cues.is_empty() && meanings.meant.len() == 1 && meanings.share >= 0.6 && meanings.leftover < 0.1
    };
    if listed {
        let draft = price_list::answer(library, query, &meanings, voice)?;
        // A second question (how long, is it included) may stand in the articles.
        let second = draft.kind == AnswerKind::Answer
            && (!meanings.uncovered.is_empty()
                || (rules && !query.cue("q:stock"))
                || (price && query.cue("q:can")));
        return Some(match found {
            Some(found) if second && found.score >= 0.6 => both(draft, found.draft),
            Some(_) | None => draft,
        });
    }
    if let Some(found) =
        found.filter(|found| !price || promotion || (found.score >= 0.75 && !meanings.another))
    {
        return Some(found.draft);
    }
    if meanings.leftover <= 0.2 && !promotion && is_statement_of_item(query) {
        return price_list::answer(library, query, &meanings, voice);
    }
    None
}

/// `do you have size M?`: a size or a colour of nothing.
fn is_generic(query: &Query) -> bool {
    let generic = |key: &str| {
        ["t:size", "t:colour", "t:freesize", "t:clear"].contains(&key)
            || key.starts_with("t:size_")
            || key.starts_with("n:")
    };
    !query.asked.is_empty()
        && query.asked.iter().any(|a| generic(&a.key) && !a.key.starts_with("n:"))
        && query.asked.iter().all(|a| generic(&a.key) || a.weight < 0.2)
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
            !["t:address", "t:map", "t:phone_number", "t:line_id", "t:phone"].contains(&a.key.as_str())
                && !PREMISES.contains(&a.key.as_str())
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

/// The shop itself by other names.
const PREMISES: [&str; 9] = [
    "t:clinic",
    "t:showroom",
    "t:inside",
    "t:working",
    "t:hotel",
    "t:frontdesk",
    "t:spa",
    "t:garage",
    "t:gym",
];

/// Open, closed, until when; and nothing else that has hours of its own.
fn is_about_hours(reading: &Reading<'_>, query: &Query) -> bool {
    let named_holiday = !hours::holidays_named(query, &reading.library.knowledge().facts).is_empty();
    let cue = query.cue("q:open") || query.cue("q:close") || named_holiday;
    if !cue {
        return false;
    }
    let other: f32 = query
        .asked
        .iter()
        .filter(|a| !crate::knowledge_when(&a.key) && !PREMISES.contains(&a.key.as_str()))
        .filter(|a| a.known && !a.key.starts_with("n:"))
        .map(|a| a.weight)
        .sum();
    let dated = hours::calendar_date(&query.normal, reading.today).is_some();
    other < if dated || named_holiday { 1.3 } else { 0.62 }
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
        return which_one(voice);
    }
    refuse(voice)
}

fn which_one(voice: Voice<'_>) -> Draft {
    Draft {
        kind: AnswerKind::AskBack,
        words: voice.say(
            "ขอทราบเพิ่มนิดหนึ่ง{นะคะ} หมายถึงรายการไหน รุ่นหรือแบบอะไร{คะ}",
            "Could you please tell us which item, model or service you mean?",
        ),
        sources: Vec::new(),
        confidence: 0.7,
        settled: false,
    }
}

/// The honest refusal, for a draft that failed its checks.
pub(crate) fn refusal(ask: &Ask<'_>) -> Draft {
    refuse(Voice { tongue: tongue_of_turn(ask), personality: ask.personality })
}

fn refuse(voice: Voice<'_>) -> Draft {
    Draft {
        kind: AnswerKind::Refuse,
        words: voice.say(
            "ขออภัย{ค่ะ} เรื่องนี้{เรา}ยังไม่มีข้อมูล ขอถามเจ้าของร้านก่อนแล้วจะแจ้งกลับ{นะคะ}",
            "Sorry, I don't have information about this. I will ask the owner and get back to you.",
        ),
        sources: Vec::new(),
        confidence: 0.6,
        settled: false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "prints how a question is read: SHOP and ASK in the environment"]
    fn explain() {
        let folder = std::env::var("SHOP").unwrap();
        let (knowledge, _) = crate::read_shop_folder(std::path::Path::new(&folder)).unwrap();
        let library = Library::build(knowledge);
        let query = library.query(&std::env::var("ASK").unwrap());
        println!(
            "{:?}\ncues {:?}",
            query
                .asked
                .iter()
                .map(|a| format!("{}={:.2}{}", a.key, a.weight, if a.known { "" } else { "?" }))
                .collect::<Vec<_>>(),
            query.cues
        );
        for fit in library.fits(&query).iter().take(5) {
            let entry = &library.entries[fit.entry];
            println!(
                "{:.2} cov {:.2} close {:.2} {} {:?}: {}",
                fit.score,
                fit.covered,
                fit.close,
                entry.source.0,
                fit.window,
                entry.clauses[fit.window.clone()]
                    .iter()
                    .map(|c| c.text.as_str())
                    .collect::<Vec<_>>()
                    .join(" | ")
            );
        }
        if let Some(m) = price_list::meanings(&library, &query) {
            println!(
                "leftover {:.2}: {:?}",
                m.leftover,
                m.meant.iter().map(|m| (m.item.name_th.clone(), m.rows.len())).collect::<Vec<_>>()
            );
        }
    }
}
