//! The built-in assistant: reads the turn, finds what the shop knows about it, and says so in its voice.

mod articles;
mod facts;
mod ground;
mod hand_over;
mod hours;
mod label;
mod price_list;
mod shop;
mod signs;
mod slots;
mod small_talk;
mod steps;
mod voice;
mod wish;

use domain::{AnswerKind, Author, Flag, Source, Tongue};
use jiff::civil::Date;

pub(crate) use ground::{clock_lines, fitting_quick_replies, ground_of, passages_of, tongue_of_turn};
pub(crate) use price_list::row_line;
pub(crate) use signs::holds;
pub(crate) use voice::{Voice, tongue_for, without_placeholders};

use crate::{Ask, Library, knowledge::Query, words::normal::normal};

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

/// The built-in assistant's answer.
pub(crate) fn write(ask: &Ask<'_>) -> Draft {
    let reading = Reading::of(ask);
    let voice = Voice { tongue: reading.tongue, personality: ask.personality };
    if reading.turn.is_empty()
        || !reading.turn.iter().any(|message| message.chars().any(char::is_alphanumeric))
    {
        return wordless(ask, voice);
    }
    if ask.meaning.flags.get(&Flag::Spam).is_some_and(|confidence| *confidence >= 0.7) {
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
    facts::answer(&reading, ask, voice).unwrap_or_else(|| unknown(&reading, voice))
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
            ["ไหม", "มั้ย", "ปะ", "ป่าว", "เปล่า", "ขอ", "ล่ะ", "เหรอ", "หรือ", "ยัง"].contains(&t.text.as_str())
        })
        || signs::has(&query.normal, &["any", "do you", "can", "is", "are", "price", "please"]);
    let strong = query.asked.iter().filter(|a| a.weight >= 0.3).count();
    let of_ours = query.asked.iter().any(|a| {
        ["t:repair", "t:order", "t:class", "t:rent"].contains(&a.key.as_str())
            || reading.library.items.iter().any(|item| item.names().contains(&a.key))
    });
    !asks && of_ours && reading.earlier.is_empty() && strong <= 1
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
        confidence: 0.85,
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
