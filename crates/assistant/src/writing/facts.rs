//! Facts as answers: the price table, the hours, the shop's facts and the articles, alone or in the context of what
//! was asked before.

use domain::AnswerKind;

use super::{Draft, Reading, Voice, articles, hours, price_list, shop, signs};
use crate::{
    Ask,
    knowledge::Query,
    words::normal::{has_thai, normal},
};

/// Prices, hours, facts and articles: alone first, then with what the turn leans on.
pub(super) fn answer(reading: &Reading<'_>, ask: &Ask<'_>, voice: Voice<'_>) -> Option<Draft> {
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
    let pieces: Vec<&str> = reading.turn.iter().flat_map(|message| pieces(message)).collect();
    if pieces.len() > 1 {
        for message in pieces {
            let alone = reading.library.query(message);
            let asks = !alone.cues.is_empty()
                && alone.asked.iter().any(|a| a.known && a.weight >= 0.3 && !price_list::is_counter(&a.key));
            if asks && let Some(draft) = fact(reading, &alone, ask, voice) {
                return Some(draft);
            }
        }
    }
    None
}

/// The messages of a burst; a Thai message is cut at its spaces, which part clauses.
fn pieces(message: &str) -> Vec<&str> {
    if has_thai(message) { message.split_whitespace().collect() } else { vec![message] }
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
    let where_to = query.has_any(&["t:account", "t:promptpay", "t:transfer"]) && (which || holder)
        || signs::has(text, &["เลขบัญชี", "เลขพร้อมเพย์", "โอนเข้า", "โอนไปที่"])
        || (query.cue("q:who") && query.asked.iter().any(|a| a.key == "t:promptpay" || a.key == "t:account"));
    if where_to
        && !query.has("t:instalment")
        && let Some(draft) = shop::accounts(query, facts, voice)
    {
        return Some(draft);
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
        && (meanings.leftover > 0.15
            || (meanings.share < 0.35 && !meanings.varied && !reading.query.cues.is_empty()))
        && !many;
    let listed = if promotion && !premise {
        price && article < 0.55 && fits && meanings.leftover < 0.1
    } else if price {
        fits && (premise || !better)
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
