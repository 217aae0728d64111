//! Bookings and orders: asking for what is missing, then repeating it; never saying that it is done.

use std::collections::BTreeSet;

use domain::{AnswerKind, Source, Steps, Tongue};
use jiff::ToSpan;

use super::{
    Draft, Reading, Voice,
    label::label,
    price_list, signs,
    slots::{self, Given, Slot},
    wish::{Wish, wish},
};
use crate::{Library, knowledge::Query, words::normal::normal};

/// The steps of a wish: the shop's own, or what any shop would ask.
struct Plan<'a> {
    asks: Vec<(String, Slot)>,
    own: Option<&'a Steps>,
}

fn class_of(name: &str) -> (Option<Wish>, BTreeSet<String>) {
    let library_free = crate::words::terms(&normal(&name.replace('_', " ")), &crate::words::Own::default());
    let mut wish = None;
    let mut specific = BTreeSet::new();
    for term in library_free {
        match term.key.as_str() {
            "t:book" | "t:appointment" => wish = Some(Wish::Book),
            "t:order" | "t:preorder" => wish = wish.or(Some(Wish::Order)),
            "t:postpone" => wish = Some(Wish::Move),
            "t:exchange" => wish = Some(Wish::Exchange),
            "t:cancel" => wish = Some(Wish::Cancel),
            key if term.is_content() => {
                specific.insert(key.to_owned());
            }
            _ => {}
        }
    }
    (wish, specific)
}

fn plan<'a>(wish: Wish, keys: &BTreeSet<String>, voice: Voice<'a>) -> Plan<'a> {
    let mut best: Option<(usize, &'a Steps)> = None;
    for (name, steps) in &voice.personality.steps {
        let (class, specific) = class_of(name);
        if class != Some(wish) {
            continue;
        }
        let near = |key: &String| keys.contains(key) || (key == "t:wholecake" && keys.contains("t:cake"));
        if !specific.iter().all(near) {
            continue;
        }
        if best.is_none_or(|(have, _)| specific.len() > have) {
            best = Some((specific.len(), steps));
        }
    }
    if let Some((_, steps)) = best {
        return Plan {
            asks: steps.ask.iter().map(|name| (name.clone(), Slot::of(name))).collect(),
            own: Some(steps),
        };
    }
    let asks: &[&str] = match wish {
        Wish::Book => &["item", "date", "time", "name", "phone"],
        Wish::Order if keys.contains("t:delivery") => &["item", "name", "phone", "address"],
        Wish::Order => &["item", "name", "phone"],
        Wish::Move => &["name", "date", "new_date"],
        Wish::Exchange => &["name", "item"],
        Wish::Cancel => &["name"],
    };
    Plan { asks: asks.iter().map(|name| ((*name).to_owned(), Slot::of(name))).collect(), own: None }
}

/// The next step of a booking or an order, when one is under way.
pub(crate) fn answer(reading: &Reading<'_>, voice: Voice<'_>) -> Option<Draft> {
    let library = reading.library;
    let (wish, messages) = under_way(reading)?;
    let fresh = messages.len() == reading.turn.len();
    let joined = library.query(&messages.join("\n"));
    let keys: BTreeSet<String> = joined.asked.iter().map(|a| a.key.clone()).collect();
    let plan = plan(wish, &keys, voice);
    let given = slots::read(&messages, library, reading.today);
    let meanings = price_list::meanings(library, &subject_query(library, &messages));
    let chosen: Vec<&price_list::Meant<'_>> =
        meanings.as_ref().filter(|m| m.leftover < 0.75).map(|m| m.meant.iter().collect()).unwrap_or_default();
    if let Some(draft) = against_the_rules(&plan, &given, &joined, reading, voice) {
        return Some(draft);
    }
    if matches!(wish, Wish::Order | Wish::Book)
        && let Some(draft) = sold_out(library, &chosen, voice)
    {
        return Some(draft);
    }
    let subject_known = !chosen.is_empty()
        || joined
            .asked
            .iter()
            .any(|a| a.known && a.weight >= 0.25 && !is_wish_word(&a.key) && !crate::knowledge_when(&a.key));
    let missing: Vec<&str> = plan
        .asks
        .iter()
        .filter(|(name, slot)| !filled(name, *slot, &plan, &given, &chosen, subject_known, &joined))
        .map(|(name, _)| name.as_str())
        .collect();
    let contact =
        given.phone.is_some() || (given.name.is_some() && plan.asks.iter().all(|(_, s)| *s != Slot::Phone));
    let soft = |name: &&str| {
        matches!(
            Slot::of(name),
            Slot::Text | Slot::Number | Slot::Size | Slot::Colour | Slot::Payment | Slot::Subject
        )
    };
    let done = missing.is_empty() || (contact && missing.iter().all(soft) && subject_known);
    if done && !(fresh && given.is_empty()) {
        return Some(recap(wish, &plan, &given, &chosen, reading, voice));
    }
    Some(ask_for(wish, &missing, &chosen, library, voice))
}

/// The wish and the customer's messages since it was made, when this turn makes one or goes on with one.
fn under_way(reading: &Reading<'_>) -> Option<(Wish, Vec<String>)> {
    let turn: Vec<String> = reading.turn.to_vec();
    if let Some(wish) = wish(&reading.query) {
        // `then Saturday instead` may lean on what was said before.
        let mut messages = earlier_of_same(reading, wish).unwrap_or_default();
        messages.extend(turn);
        return Some((wish, messages));
    }
    let asked = reading.last_reply.as_deref().map(normal)?;
    const ASKING: [&str; 8] =
        ["รบกวนแจ้ง", "ขอทราบ", "please tell", "could you", "?", "แจ้งชื่อ", "which", "ไหนคะ"];
    let given = slots::read(&turn, reading.library, reading.today);
    let goes_on = given.phone.is_some()
        || ASKING.iter().any(|sign| asked.contains(sign))
        || signs::has(&asked, &["ทวน", "to confirm", "ล่วงหน้า", "ขึ้นไป", "หมด"]);
    let asks = ["q:price", "q:where", "q:when", "q:howlong", "q:howmany", "q:who", "q:which"]
        .iter()
        .any(|cue| reading.query.cue(cue));
    let questions = asks
        || reading.query.cue("q:can")
        || reading.query.cue("q:right")
        || reading.query.normal.contains('?');
    let gives = !given.is_empty() || (!questions && !reading.query.asked.is_empty());
    if !goes_on || !gives || (questions && given.phone.is_none() && given.times.is_empty()) {
        return None;
    }
    for n in (0..reading.earlier.len()).rev().take(4) {
        let earlier = reading.earlier.get(n)?;
        let before = reading.library.query(earlier);
        // A question about booking, answered with all that a booking needs, is a booking.
        let meant =
            (given.phone.is_some() && before.has_any(&["t:book", "t:appointment"])).then_some(Wish::Book);
        if let Some(wish) = wish(&before).or(meant) {
            let mut messages: Vec<String> =
                reading.earlier.get(n..)?.iter().flat_map(|t| t.lines().map(str::to_owned)).collect();
            messages.extend(turn);
            return Some((wish, messages));
        }
    }
    None
}

fn earlier_of_same(reading: &Reading<'_>, wanted: Wish) -> Option<Vec<String>> {
    let last = reading.earlier.last()?;
    (wish(&reading.library.query(last)) == Some(wanted)).then(|| last.lines().map(str::to_owned).collect())
}

/// The question about the thing itself: the customer's name and number are not part of it.
fn subject_query(library: &Library, messages: &[String]) -> Query {
    let mut query = library.query(&messages.join("\n"));
    query.asked.retain(|a| a.known && !is_wish_word(&a.key));
    query
}

fn is_wish_word(key: &str) -> bool {
    const WORDS: [&str; 17] = [
        "t:book",
        "t:appointment",
        "t:order",
        "t:cancel",
        "t:postpone",
        "t:hold",
        "t:delivery",
        "t:transfer",
        "t:cod",
        "t:address",
        "t:phone_number",
        "t:selfpickup",
        "t:exchange",
        "t:size",
        "t:pay",
        "t:room_x",
        "t:birthday",
    ];
    WORDS.contains(&key) || key.starts_with("n:")
}

fn filled(
    name: &str,
    slot: Slot,
    plan: &Plan<'_>,
    given: &Given,
    chosen: &[&price_list::Meant<'_>],
    subject_known: bool,
    joined: &Query,
) -> bool {
    let variants = |given_key: &dyn Fn(&str) -> bool| {
        // One variant left, or none to choose from.
        chosen.iter().all(|m| m.rows.len() <= 1) && !chosen.is_empty()
            || joined.asked.iter().any(|a| given_key(&a.key))
    };
    match slot {
        Slot::Date => !given.dates.is_empty(),
        Slot::OtherDate => {
            given.dates.len() >= if plan.asks.iter().any(|(_, s)| *s == Slot::Date) { 2 } else { 1 }
        }
        Slot::Time => !given.times.is_empty(),
        Slot::People => given.people.is_some(),
        Slot::Name => given.name.is_some(),
        Slot::Phone => given.phone.is_some(),
        Slot::Email => given.email.is_some(),
        Slot::Address => given.address.is_some() || given.picks_up,
        Slot::Number if name.contains("night") => given.nights.is_some(),
        Slot::Number => given.number.is_some(),
        Slot::Colour => variants(&|key| is_colour(key)),
        Slot::Size => variants(&|key| key.starts_with("t:size_") || key == "t:freesize" || key == "t:pound"),
        Slot::Payment => given.payment.is_some() || given.picks_up,
        Slot::Text => given.own_words.is_some(),
        Slot::Subject => match name {
            "problem" | "symptom" => {
                joined.asked.iter().filter(|a| a.known && !is_wish_word(&a.key)).count() >= 2
            }
            _ => subject_known && chosen.len() <= 2,
        },
    }
}

fn is_colour(key: &str) -> bool {
    const COLOURS: [&str; 17] = [
        "t:red",
        "t:white",
        "t:black",
        "t:blue",
        "t:navy",
        "t:green",
        "t:yellow",
        "t:pink",
        "t:peach",
        "t:grey",
        "t:brown",
        "t:beige",
        "t:cream",
        "t:purple",
        "t:orange_colour",
        "t:gold",
        "t:mint",
    ];
    COLOURS.contains(&key)
}

/// Fewer people than the shop books for, or sooner than it can: the rule is the answer.
fn against_the_rules(
    plan: &Plan<'_>,
    given: &Given,
    joined: &Query,
    reading: &Reading<'_>,
    voice: Voice<'_>,
) -> Option<Draft> {
    let rules = plan.own.map(|steps| steps.rules.as_str()).filter(|rules| !rules.is_empty())?;
    let text = normal(rules);
    let number_before = |word: &str| -> Option<u32> {
        let head = text.split_once(word)?.0.trim_end();
        let head = head.trim_end_matches("ท่าน").trim_end_matches("คน").trim_end_matches("วัน").trim_end();
        let digits: String = head.chars().rev().take_while(char::is_ascii_digit).collect();
        digits.chars().rev().collect::<String>().parse().ok()
    };
    let number_after = |word: &str| -> Option<u32> {
        let tail = text.split_once(word)?.1.trim_start();
        tail.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    let least = number_before("ขึ้นไป")
        .or_else(|| number_before("or more"))
        .filter(|_| text.contains("ท่าน") || text.contains("คน") || text.contains("people"));
    let too_few = matches!((least, given.people), (Some(least), Some(people)) if people < least);
    let ahead = number_after("ล่วงหน้า").or_else(|| number_after("at least"));
    let too_soon = ahead.is_some_and(|days| {
        let earliest = reading.today.checked_add(i64::from(days).days()).ok();
        given.dates.iter().any(|(date, _)| earliest.is_some_and(|earliest| *date < earliest))
            && text.contains("วัน")
    });
    if !(too_few || too_soon) {
        return None;
    }
    let _ = joined;
    let rule = quoted_rule(rules, plan, reading, voice);
    let words =
        voice.say(&format!("ขออภัย{{นะคะ}} {rule} {{ค่ะ}}"), &format!("Sorry, that is not possible: {rule}"));
    Some(Draft { kind: AnswerKind::Answer, words, sources: Vec::new(), confidence: 0.8, settled: false })
}

/// The rule in the reply's tongue: in English from the article that holds the same numbers.
fn quoted_rule(rules: &str, _plan: &Plan<'_>, reading: &Reading<'_>, voice: Voice<'_>) -> String {
    if voice.tongue == Tongue::Thai {
        return voice.in_voice(rules);
    }
    let mut query = reading.library.query(rules);
    query.cues.clear();
    let fits = reading.library.fits(&query);
    let english = fits.iter().take(6).find_map(|fit| {
        let entry = reading.library.entries.get(fit.entry)?;
        (entry.tongue == Tongue::English).then(|| entry.text())
    });
    english.unwrap_or_else(|| {
        format!("our rule (in Thai): “{rules}”. Please ask us if you would like it explained.")
    })
}

/// The one row that was chosen is gone.
fn sold_out(library: &Library, chosen: &[&price_list::Meant<'_>], voice: Voice<'_>) -> Option<Draft> {
    let rows: Vec<_> = chosen.iter().flat_map(|m| m.rows.iter().map(|row| (m.item, *row))).collect();
    let [(item, row)] = rows.as_slice() else { return None };
    let price = price_list::price_of(library, row)?;
    if price.stock != Some(0) {
        return None;
    }
    let name = item.name(voice.tongue);
    let variant = row.variant(voice.tongue);
    let note = if price.note.is_empty() || voice.tongue == Tongue::English {
        String::new()
    } else {
        format!(" ({})", price.note)
    };
    let words = voice.say(
        &format!("ขออภัย{{ค่ะ}} {name} {variant} ตอนนี้หมด{{ค่ะ}}{note} สนใจแบบอื่นไหม{{คะ}}"),
        &format!("Sorry, {name} {variant} is sold out. Would you like another one?"),
    );
    let sources = vec![Source(format!("prices:{}", price.sku))];
    Some(Draft { kind: AnswerKind::Answer, words, sources, confidence: 0.9, settled: false })
}

fn ask_for(
    wish: Wish,
    missing: &[&str],
    chosen: &[&price_list::Meant<'_>],
    library: &Library,
    voice: Voice<'_>,
) -> Draft {
    let labels: Vec<String> = missing.iter().map(|name| label(name, voice.tongue)).collect();
    let mut words = String::new();
    let mut sources = Vec::new();
    // What it costs belongs to the first step.
    if let [meant] = chosen
        && let [row] = meant.rows.as_slice()
        && let Some(price) = price_list::price_of(library, row)
    {
        let name = meant.item.name(voice.tongue);
        let variant = row.variant(voice.tongue);
        let name = if variant.is_empty() { name.to_owned() } else { format!("{name} ({variant})") };
        let baht = price_list::baht(price.price_satang);
        words = voice.say(&format!("{name} ราคา {baht} บาท{{ค่ะ}} "), &format!("{name} is {baht} baht. "));
        sources.push(Source(format!("prices:{}", price.sku)));
    }
    let what = match wish {
        Wish::Book => voice.say("สำหรับการจอง", "For the booking"),
        Wish::Order => voice.say("สำหรับการสั่งซื้อ", "For the order"),
        Wish::Move => voice.say("สำหรับการเลื่อนนัด", "To move your appointment"),
        Wish::Exchange => voice.say("สำหรับการเปลี่ยนสินค้า", "For the exchange"),
        Wish::Cancel => voice.say("สำหรับการยกเลิก", "For the cancellation"),
    };
    words.push_str(&voice.say(
        &format!("{what} รบกวนแจ้ง{}ด้วย{{นะคะ}}", labels.join(" ")),
        &format!("{what}, could you please tell us {}?", labels.join(", ")),
    ));
    Draft { kind: AnswerKind::AskBack, words, sources, confidence: 0.85, settled: false }
}

fn recap(
    wish: Wish,
    plan: &Plan<'_>,
    given: &Given,
    chosen: &[&price_list::Meant<'_>],
    reading: &Reading<'_>,
    voice: Voice<'_>,
) -> Draft {
    let tongue = voice.tongue;
    let mut parts: Vec<String> = Vec::new();
    let mut sources = Vec::new();
    for meant in chosen.iter().take(3) {
        let name = meant.item.name(tongue);
        let variants: Vec<&str> =
            meant.rows.iter().map(|row| row.variant(tongue)).filter(|v| !v.is_empty()).collect();
        parts.push(if variants.is_empty() || variants.len() > 3 {
            name.to_owned()
        } else {
            format!("{name} ({})", variants.join(", "))
        });
        sources.extend(
            meant
                .rows
                .iter()
                .filter_map(|row| price_list::price_of(reading.library, row))
                .map(|row| Source(format!("prices:{}", row.sku))),
        );
    }
    if chosen.is_empty() {
        let subject = subject_words(reading, tongue);
        if !subject.is_empty() {
            parts.push(subject);
        }
    }
    parts.extend(given.dates.iter().map(|(date, by)| slots::day_said(*date, *by, tongue)));
    parts.extend(given.times.iter().map(|time| voice.say(&format!("เวลา {time} น."), time)));
    if let Some(people) = given.people {
        parts.push(voice.say(&format!("{people} ท่าน"), &format!("{people} people")));
    } else if let Some(number) = given.number.filter(|_| wish == Wish::Order) {
        parts.push(voice.say(&format!("จำนวน {number}"), &format!("quantity {number}")));
    }
    if let Some(nights) = given.nights {
        parts.push(voice.say(&format!("{nights} คืน"), &format!("{nights} nights")));
    }
    if let Some(words) = &given.own_words {
        parts.push(format!("“{words}”"));
    }
    if let Some(way) = &given.payment {
        parts.push(way.clone());
    }
    if given.picks_up {
        parts.push(voice.say("รับเองที่ร้าน", "pick up at the shop"));
    }
    if let Some(name) = &given.name {
        parts.push(voice.say(&format!("ชื่อ {name}"), &format!("name {name}")));
    }
    if let Some(address) = &given.address {
        parts.push(voice.say(&format!("ที่อยู่ {address}"), &format!("address {address}")));
    }
    if let Some(phone) = &given.phone {
        parts.push(voice.say(&format!("โทร {phone}"), &format!("phone {phone}")));
    }
    if let Some(email) = &given.email {
        parts.push(email.clone());
    }
    let rules = plan.own.map(|steps| steps.rules.as_str()).unwrap_or("");
    let rules = if rules.is_empty() || tongue == Tongue::English {
        String::new()
    } else {
        format!(" ({})", voice.in_voice(rules))
    };
    let parts = parts.join(" / ");
    let words = voice.say(
        &format!("ขอทวนรายละเอียด{{นะคะ}}: {parts}{rules} ทางร้านจะตรวจสอบและเจ้าหน้าที่จะแจ้งยืนยันอีกครั้ง{{ค่ะ}}"),
        &format!("Let me repeat the details: {parts}. Our staff will check and get back to you to confirm."),
    );
    Draft { kind: AnswerKind::Answer, words, sources, confidence: 0.85, settled: false }
}

/// What the wish is about, in the shop's words, when no item of the price table is meant.
fn subject_words(reading: &Reading<'_>, _tongue: Tongue) -> String {
    let words: Vec<&str> = reading
        .query
        .asked
        .iter()
        .filter(|a| a.known && a.weight >= 0.25 && !is_wish_word(&a.key) && !crate::knowledge_when(&a.key))
        .map(|a| a.text.as_str())
        .take(4)
        .collect();
    words.join(" ")
}
