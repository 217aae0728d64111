//! The checks that every candidate passes before it may be sent or drafted.

use std::{collections::BTreeSet, sync::LazyLock};

use domain::{AnswerKind, Author, Check, CheckName, Language, Particle, Passage, Tongue, Words, split_text};
use regex::Regex;

use crate::{
    Ask, Library,
    knowledge::clauses,
    words::normal::{is_thai, normal},
    writing::{self, holds},
};

/// More pieces than this are no chat message any more.
const MOST_PIECES: usize = 5;
/// A run of the prompt's own words that long is a leak.
const LEAK: usize = 48;

#[expect(clippy::expect_used, reason = "fixed patterns, each run by a test")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a fixed pattern")
}

static DIGITS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+"));
static CLOCK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^\d])(\d{1,2})[:.](\d{2})(?:[^\d]|$)"));
static RUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d(?:[ -]?\d){7,}"));
static AMOUNT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:฿\s?|thb\s?|\$\s?)(\d+(?:\.\d{1,2})?)|(\d+(?:\.\d{1,2})?)\s?(?:บาท|baht|thb|฿|\.-|%|เปอร์เซ็นต์|percent|usd|dollars?)",
    )
});
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"https?://[^\s<>]+|www\.[^\s<>]+|[a-z0-9._+-]+@[a-z0-9-]+\.[a-z0-9.-]+|@[a-z0-9_.]{3,}|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|co\.th|in\.th|me|ee|shop|app|io|link|th)\b(?:/[^\s<>]*)?",
    )
});
static NUMBER_WORDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:หนึ่ง|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ|ยี่สิบ|ครึ่ง)?(?:ร้อย|พัน|หมื่น|แสน)(?:หนึ่ง|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ|ร้อย)*\s?(?:บาท|ตัว|ชิ้น)|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|half a)[ -](?:hundred|thousand)\b",
    )
});

/// What a candidate may draw on.
pub(crate) struct Ground {
    /// Of the shop: passages, hours, holidays, the clock.
    shop: String,
    /// Said by this customer, or by the shop to this customer.
    talk: String,
    shop_numbers: BTreeSet<String>,
    talk_numbers: BTreeSet<String>,
    shop_amounts: BTreeSet<String>,
    shop_runs: BTreeSet<String>,
    /// Letters and digits of the shop's texts, to know a quotation by.
    shop_bare: String,
    /// What the shop gives for nothing: each word with what its line is about.
    gifts: Vec<(&'static str, BTreeSet<String>)>,
    talk_runs: BTreeSet<String>,
}

impl Ground {
    pub(crate) fn of(ask: &Ask<'_>, passages: &[Passage]) -> Self {
        let mut shop = String::new();
        for passage in passages {
            shop.push_str(&passage.text);
            shop.push('\n');
        }
        shop.push_str(&writing::clock_lines(ask).join("\n"));
        let facts = &ask.library.knowledge().facts;
        for text in facts.phone.iter().chain(&facts.line_id) {
            shop.push('\n');
            shop.push_str(text);
        }
        let personality = ask.personality;
        for text in [&personality.greeting, &personality.sign_off] {
            for text in [&text.th, &text.en].into_iter().flatten() {
                shop.push('\n');
                shop.push_str(text);
            }
        }
        // The owner's own rules of bookings and orders.
        for text in personality.steps.values().map(|steps| &steps.rules).chain(&personality.always_say) {
            shop.push('\n');
            shop.push_str(text);
        }
        let mut talk = String::new();
        for said in ask.talk {
            let heard = match said.author {
                Author::Customer => &mut talk,
                // The owner's word is the shop's.
                Author::Person => &mut shop,
                // What the assistant said passed these checks once; it grounds nothing by itself.
                Author::Assistant => continue,
            };
            heard.push('\n');
            heard.push_str(said.words.as_str());
        }
        for message in ask.turn {
            talk.push_str(message);
            talk.push('\n');
        }
        let mut gifts = Vec::new();
        for piece in clauses(&shop) {
            let text = normal(&piece);
            for gift in GIFTS.iter().filter(|gift| text.contains(**gift)) {
                gifts.push((*gift, topics(ask.library, &piece).unwrap_or_default()));
            }
        }
        let (shop, talk) = (normal(&shop), normal(&talk));
        Self {
            shop_numbers: numbers(&shop),
            talk_numbers: numbers(&talk).into_iter().chain(spoken(&talk)).collect(),
            shop_amounts: priced(&shop),
            shop_runs: runs(&shop),
            gifts,
            shop_bare: bare(&shop),
            talk_runs: runs(&talk),
            shop,
            talk,
        }
    }

    fn faults(&self, words: &str, library: &Library) -> Vec<String> {
        let text = normal(words);
        let mut out = Vec::new();
        for number in numbers_plain(&text) {
            if !self.shop_numbers.contains(&number) && !self.talk_numbers.contains(&number) {
                out.push(format!("the number {number}"));
            }
        }
        // Money, percentages and addresses are the shop's to name, never the customer's.
        for amount in amounts(&text) {
            if !self.shop_amounts.contains(&amount) {
                out.push(format!("the amount {amount}"));
            }
        }
        let pays = ["บัญชี", "โอนเข้า", "โอนได้", "โอนมา", "account", "transfer to", "พร้อมเพย์", "promptpay"]
            .iter()
            .any(|word| text.contains(word));
        for run in runs(&text) {
            let theirs = self.talk_runs.contains(&run) && !pays;
            if !self.shop_runs.contains(&run) && !theirs {
                out.push(format!("the number {run}"));
            }
        }
        for address in ADDRESS.find_iter(&text) {
            let address = address.as_str().trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '/']);
            let own_mail = address.contains('@') && !address.starts_with('@') && self.talk.contains(address);
            if !self.shop.contains(address) && !own_mail {
                out.push(format!("the address {address}"));
            }
        }
        for found in NUMBER_WORDS.find_iter(&text) {
            if !self.shop.contains(found.as_str()) {
                out.push(format!("the number {}", found.as_str()));
            }
        }
        for gift in GIFTS {
            for around in surroundings(&text, gift) {
                let quoted = self.shop_bare.contains(&bare(&around));
                let about = topics(library, &around).or_else(|| topics(library, words)).unwrap_or_default();
                let given = self.gifts.iter().any(|(word, of)| {
                    // Most of what it is said of, so that free Wi-Fi in every room makes no room free.
                    *word == gift
                        && !about.is_empty()
                        && about.intersection(of).count() * 5 >= about.len() * 3
                });
                if !quoted && !given {
                    out.push(format!("“{gift}”"));
                }
            }
        }
        out
    }
}

const GIFTS: [&str; 9] = [
    "ฟรี",
    "ไม่คิดเงิน",
    "ไม่มีค่าใช้จ่าย",
    "ไม่เสียค่าใช้จ่าย",
    "แถมให้",
    "free",
    "no charge",
    "complimentary",
    "on the house",
];

/// The words around each plain use of a gift; `free size` and `nut-free` give nothing away.
fn surroundings(text: &str, gift: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, found) in text.match_indices(gift) {
        let (head, tail) = (text.get(..at).unwrap_or(""), text.get(at + found.len()..).unwrap_or(""));
        let other = head.ends_with('-')
            || tail.starts_with(" size")
            || tail.starts_with('-')
            || tail.starts_with("ไซส์");
        if other || !plainly(text, gift) {
            continue;
        }
        let before: Vec<char> = head.chars().rev().take_while(|c| *c != '\n').take(26).collect();
        let after = tail.chars().take_while(|c| !matches!(c, '\n' | '.' | '(')).take(6);
        out.push(before.into_iter().rev().chain(gift.chars()).chain(after).collect());
    }
    out
}

/// Letters and digits alone.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || is_thai(*c)).collect()
}

/// What a text is about, beside that it is free; none when it names nothing.
fn topics(library: &Library, text: &str) -> Option<BTreeSet<String>> {
    let mut keys = library.query(text).keys();
    keys.retain(|key| key != "t:free" && !key.starts_with("n:"));
    (!keys.is_empty()).then_some(keys)
}

/// Digit groups without leading zeros.
fn numbers_plain(text: &str) -> BTreeSet<String> {
    DIGITS.find_iter(text).map(|found| plain(found.as_str())).collect()
}

/// Digit groups, and the other ways to write the hours among them.
fn numbers(text: &str) -> BTreeSet<String> {
    let mut out = numbers_plain(text);
    for found in CLOCK.captures_iter(text) {
        if let (Some(hour), Some(minute)) = (found.get(1), found.get(2))
            && let Ok(hour) = hour.as_str().parse::<u32>()
        {
            let half = if hour % 12 == 0 { 12 } else { hour % 12 };
            out.extend([hour.to_string(), half.to_string(), plain(minute.as_str())]);
        }
    }
    out
}

/// Numbers the customer wrote in words, and the hours theirs may mean.
fn spoken(text: &str) -> BTreeSet<String> {
    const WORDS: [(&str, u32); 24] = [
        ("หนึ่ง", 1),
        ("สอง", 2),
        ("สาม", 3),
        ("สี่", 4),
        ("ห้า", 5),
        ("หก", 6),
        ("เจ็ด", 7),
        ("แปด", 8),
        ("เก้า", 9),
        ("สิบเอ็ด", 11),
        ("สิบ", 10),
        ("เที่ยง", 12),
        ("one", 1),
        ("two", 2),
        ("three", 3),
        ("four", 4),
        ("five", 5),
        ("six", 6),
        ("seven", 7),
        ("eight", 8),
        ("nine", 9),
        ("ten", 10),
        ("noon", 12),
        ("ทุ่ม", 19),
    ];
    let mut out: BTreeSet<u32> =
        WORDS.iter().filter(|(word, _)| text.contains(word)).map(|(_, number)| *number).collect();
    out.extend(numbers_plain(text).iter().filter_map(|n| n.parse::<u32>().ok()).filter(|n| *n <= 12));
    let clock = ["โมง", "ทุ่ม", "บ่าย", "เย็น", "เที่ยง", "ตี", "am", "pm", "a.m", "p.m", "o'clock", "noon"]
        .iter()
        .any(|word| text.contains(word));
    if clock {
        let hours: Vec<u32> = out.iter().copied().filter(|n| *n <= 12).collect();
        for hour in hours {
            out.extend([hour + 12, 0, 30]);
            if hour <= 5 {
                out.insert(hour + 18);
            }
        }
        if text.contains("บ่าย") || text.contains("โมง") {
            out.insert(13);
        }
    }
    out.into_iter().map(|n| n.to_string()).collect()
}

fn plain(digits: &str) -> String {
    let bare = digits.trim_start_matches('0');
    if bare.is_empty() { "0".to_owned() } else { bare.to_owned() }
}

fn runs(text: &str) -> BTreeSet<String> {
    RUN.find_iter(text).map(|found| found.as_str().chars().filter(char::is_ascii_digit).collect()).collect()
}

fn amounts(text: &str) -> BTreeSet<String> {
    AMOUNT
        .captures_iter(text)
        .filter_map(|found| found.get(1).or_else(|| found.get(2)))
        .map(|amount| plain(amount.as_str().trim_end_matches(".00")))
        .collect()
}

/// Amounts of the shop: those written as such, and the other numbers from twenty on of a line that speaks of
/// money (`rice soup 90 baht, western 130`).
fn priced(text: &str) -> BTreeSet<String> {
    let mut out = amounts(text);
    for line in text.lines().filter(|line| ["บาท", "baht", "฿"].iter().any(|unit| line.contains(unit)))
    {
        out.extend(numbers_plain(line).into_iter().filter(|n| n.parse::<u64>().is_ok_and(|n| n >= 20)));
        // `+15` beside a price.
        out.extend(line.split('+').skip(1).map(|tail| {
            plain(&tail.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>())
        }));
    }
    out
}

/// Every check of one candidate, in the order of their names.
pub(crate) fn run(
    words: &str,
    kind: AnswerKind,
    ask: &Ask<'_>,
    ground: &Ground,
    instructions: Option<&str>,
) -> Vec<Check> {
    let check = |name: CheckName, fault: Option<String>| Check {
        name,
        passed: fault.is_none(),
        detail: fault.map(Words::from),
    };
    let faults = ground.faults(words, ask.library);
    let ungrounded = (!faults.is_empty())
        .then(|| format!("stands neither in the passages nor in the talk: {}", faults.join(", ")));
    vec![
        check(CheckName::Grounded, ungrounded),
        check(CheckName::Language, language(words, ask)),
        check(CheckName::Length, length(words, kind, ask)),
        check(CheckName::NoLeak, leak(words, instructions)),
        check(CheckName::OwnDataOnly, others_data(words, ground)),
        check(CheckName::NoPromise, promise(words, ground)),
        check(CheckName::Voice, voice(words, kind, ask)),
        check(CheckName::NeverSay, never_say(words, ask)),
    ]
}

fn thai_share(text: &str) -> Option<f32> {
    let text = normal(text);
    let text = ADDRESS.replace_all(&text, " ");
    let thai = text.chars().filter(|c| is_thai(*c)).count();
    let latin = text.chars().filter(char::is_ascii_alphabetic).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of letters")]
    (thai + latin > 0).then(|| thai as f32 / (thai + latin) as f32)
}

fn language(words: &str, ask: &Ask<'_>) -> Option<String> {
    if ask.meaning.language == Language::Mixed {
        return None;
    }
    let share = thai_share(words)?;
    match writing::tongue_of_turn(ask) {
        // Names of models and dishes may stand in the other script.
        Tongue::Thai if share < 0.25 => Some("the customer writes Thai".to_owned()),
        Tongue::English if share > 0.4 => Some("the customer writes English".to_owned()),
        Tongue::Thai | Tongue::English => None,
    }
}

fn length(words: &str, kind: AnswerKind, ask: &Ask<'_>) -> Option<String> {
    let empty = words.trim().is_empty();
    if empty != (kind == AnswerKind::Silent) {
        return Some(if empty { "nothing is said" } else { "silence has words" }.to_owned());
    }
    let pieces = split_text(words, ask.limit).len();
    (pieces > MOST_PIECES).then(|| format!("{pieces} messages long"))
}

fn leak(words: &str, instructions: Option<&str>) -> Option<String> {
    let text = normal(words);
    const MARKS: [&str; 10] = [
        "⟦",
        "⟧",
        "system prompt",
        "hand_over",
        "never_say",
        "particle_th",
        "ask_back",
        "customer data",
        "json",
        "what the shop knows",
    ];
    if let Some(mark) = MARKS.iter().find(|mark| text.contains(**mark)) {
        return Some(format!("shows “{mark}” of the instructions"));
    }
    let instructions = normal(instructions?);
    let rules: Vec<char> = instructions.chars().collect();
    // Only our rules are secret; the passages after them may be quoted.
    let leaks = rules
        .windows(LEAK)
        .step_by(8)
        .map(|window| window.iter().collect::<String>())
        .any(|window| text.contains(&window));
    leaks.then(|| "repeats the instructions".to_owned())
}

fn others_data(words: &str, ground: &Ground) -> Option<String> {
    let text = normal(words);
    let strange = runs(&text).into_iter().any(|run| {
        let phone = run.starts_with('0') || run.starts_with("66");
        phone && !ground.shop_runs.contains(&run) && !ground.talk_runs.contains(&run)
    });
    let mail =
        ADDRESS.find_iter(&text).map(|found| found.as_str().trim_end_matches(['.', ','])).any(|address| {
            address.contains('@') && !ground.shop.contains(address) && !ground.talk.contains(address)
        });
    (strange || mail)
        .then(|| "names a telephone number or an address of neither the shop nor this customer".to_owned())
}

/// Said of something done or certain: a person would have to keep it.
const PROMISES: &[&str] = &[
    "จองเรียบร้อย",
    "จองให้แล้ว",
    "จองให้เรียบร้อย",
    "จองโต๊ะให้แล้ว",
    "ยืนยันการจองแล้ว",
    "ยืนยันคิวแล้ว",
    "ล็อกคิวให้แล้ว",
    "ลงคิวให้แล้ว",
    "ลงคิวให้เรียบร้อย",
    "คอนเฟิร์มแล้ว",
    "สั่งให้แล้ว",
    "ออเดอร์เรียบร้อย",
    "รับออเดอร์แล้ว",
    "เลื่อนนัดให้แล้ว",
    "ยกเลิกให้แล้ว",
    "ได้รับเงินแล้ว",
    "ได้รับยอดแล้ว",
    "ยอดเข้าแล้ว",
    "โอนคืนแล้ว",
    "คืนเงินให้แล้ว",
    "จะคืนเงินให้",
    "คืนเงินให้แน่นอน",
    "รับประกันว่า",
    "การันตีว่า",
    "รับรองว่า",
    "รับปาก",
    "สัญญาว่า",
    "ถึงแน่นอน",
    "ทันแน่นอน",
    "เสร็จแน่นอน",
    "หายแน่นอน",
    "แน่นอน 100",
    "ลดให้",
    "แถมให้เลย",
    "is booked",
    "are booked",
    "you're booked",
    "all booked",
    "all set",
    "booking is confirmed",
    "reservation is confirmed",
    "appointment is confirmed",
    "order is confirmed",
    "is confirmed",
    "has been confirmed",
    "have booked",
    "have reserved",
    "have moved your",
    "have cancelled",
    "payment received",
    "received your payment",
    "has been refunded",
    "will refund",
    "we'll refund",
    "we guarantee",
    "i guarantee",
    "guaranteed to",
    "i promise",
    "we promise",
    "definitely arrive",
    "will definitely",
    "special discount for you",
    "we can give you a discount",
];

fn promise(words: &str, ground: &Ground) -> Option<String> {
    let text = normal(words);
    PROMISES
        .iter()
        .find(|phrase| plainly(&text, phrase) && !ground.shop.contains(**phrase))
        .map(|phrase| format!("promises: “{phrase}”"))
}

/// Whether a phrase stands in a text without a negation right before it.
fn plainly(text: &str, phrase: &str) -> bool {
    const NEGATIONS: [&str; 12] =
        ["ไม่", "ไม่ได้", "ไม่ใช่", "ไม่มี", "ไม่สามารถ", "ยังไม่ได้", "ไม่ขอ", " not", "n't", " never", " no", "cannot"];
    text.match_indices(phrase).any(|(at, _)| {
        let head = text.get(..at).unwrap_or("").trim_end_matches([' ', '"', '\'']);
        let starts_word = phrase.starts_with(is_thai)
            || !text.get(..at).is_some_and(|head| head.ends_with(|c: char| c.is_ascii_alphanumeric()));
        starts_word && !NEGATIONS.iter().any(|negation| head.ends_with(negation))
    })
}

fn voice(words: &str, kind: AnswerKind, ask: &Ask<'_>) -> Option<String> {
    let text = normal(words);
    const HUMAN: [&str; 8] = [
        "ไม่ใช่บอท",
        "เป็นคนจริง",
        "เป็นมนุษย์",
        "i am human",
        "i'm human",
        "i am a human",
        "i'm a real person",
        "not a bot",
    ];
    if let Some(claim) = HUMAN.iter().find(|claim| text.contains(**claim)) {
        return Some(format!("claims to be human: “{claim}”"));
    }
    if kind == AnswerKind::Silent || thai_share(words).is_none_or(|share| share <= 0.4) {
        return None;
    }
    let whole = |particle: &str| {
        text.match_indices(particle).any(|(at, found)| {
            let after = text.get(at + found.len()..).and_then(|tail| tail.chars().next());
            !after.is_some_and(is_thai) || particle == "ค่ะ" || particle == "ครับ"
        })
    };
    let hers = whole("ค่ะ") || whole("คะ") || whole("นะค่า");
    let his = whole("ครับ") || whole("ค้าบ");
    let own = match ask.personality.particle_th {
        Particle::Kha => hers && !his,
        Particle::Khrap => his && !hers,
        Particle::Ja => whole("จ้า") || whole("จ๊ะ") || whole("จ้ะ"),
    };
    (!own).then(|| format!("the particle is not {} throughout", ask.personality.particle_th.of_statement()))
}

fn never_say(words: &str, ask: &Ask<'_>) -> Option<String> {
    let text = normal(words);
    ask.personality
        .never_say
        .iter()
        .find(|phrase| !phrase.trim().is_empty() && holds(&text, &normal(phrase.trim())))
        .map(|phrase| format!("says “{phrase}”"))
}
