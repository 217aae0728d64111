//! Numbers that name one thing: an order, an invoice, a parcel, a bank account.

use domain::EntityKind;
use regex::Regex;

use super::{Taken, Value, pattern};

pub(super) struct Numbers {
    code: Regex,
    after_word: Regex,
    bank_format: Regex,
    after_bank: Regex,
}

impl Numbers {
    pub(super) fn new() -> Self {
        Self {
            code: pattern(r"#?[a-z0-9]+(?:-[a-z0-9]+)*|#\s?\d{3,}"),
            after_word: pattern(concat!(
                r"(?:order|ออเดอร์|ออเดอ|คำสั่งซื้อ|invoice|อินวอยซ์|tracking|แทรค|แทร็ค|แทรก|พัสดุ|บิล|ใบเสร็จ|ใบกำกับ|booking|ใบจอง|การจอง|อ้างอิง|เคส|case|ticket|receipt|ref|agoda|จอง)",
                r"(?:\s|เลขที่|หมายเลข|เลข|number|no\.?|id|code|คือ|is|ที่|[:.#])*",
                r"(#?[a-z0-9]*[0-9][a-z0-9]*(?:-[a-z0-9]+)*)",
            )),
            // 123-4-56789-0, and a citizen's number for PromptPay
            bank_format: pattern(r"\d{3}-\d-\d{5}-\d|\d-\d{4}-\d{5}-\d{2}-\d"),
            after_bank: pattern(concat!(
                r"(?:เลขบัญชี|เลขที่บัญชี|บัญชี|บช\.?|กสิกร|ไทยพาณิชย์|กรุงเทพ|กรุงไทย|กรุงศรี|ออมสิน|ทหารไทย|ธกส\.?|kbank|scb|bbl|ktb|ttb|gsb|uob|account|acct|acc|พร้อมเพย์|พร้อมเพ|promptpay)",
                r"[^\d\n@]{0,30}?(\d(?:[ \-]?\d){9,14})",
            )),
        }
    }

    pub(super) fn bank_accounts(&self, taken: &mut Taken<'_>) {
        for hit in self.bank_format.find_iter(taken.text) {
            if lonely(taken, hit.start(), hit.end()) {
                taken.take(EntityKind::Account, hit.range(), digits_of(hit.as_str()), 0.95);
            }
        }
        for hit in self.after_bank.captures_iter(taken.text) {
            let Some(number) = hit.get(1) else { continue };
            let digits = digits_of(number.as_str());
            // A PromptPay number that is a telephone number is left to be one.
            let telephone = digits.len() == 10 && matches!(digits.get(..2), Some("06" | "08" | "09"));
            if !telephone
                && matches!(digits.len(), 10 | 12 | 13 | 15)
                && lonely(taken, number.start(), number.end())
            {
                taken.take(EntityKind::Account, number.range(), digits, 0.9);
            }
        }
    }

    pub(super) fn order_numbers(&self, taken: &mut Taken<'_>) {
        for hit in self.code.find_iter(taken.text) {
            if lonely(taken, hit.start(), hit.end()) && looks_like_an_order(hit.as_str()) {
                taken.take_as(EntityKind::OrderNumber, hit.range(), Value::Number, 0.9);
            }
        }
        for hit in self.after_word.captures_iter(taken.text) {
            let Some(number) = hit.get(1) else { continue };
            let digits = number.as_str().bytes().filter(u8::is_ascii_digit).count();
            let plain = digits == number.len();
            let long_enough = if plain { digits >= 4 } else { digits >= 3 && number.len() >= 5 };
            let rest = taken.after(number.end()).trim_start();
            let amount = ["บาท", "฿", "thb", "baht"].into_iter().any(|unit| rest.starts_with(unit));
            if long_enough && !amount && lonely(taken, number.start(), number.end()) {
                taken.take_as(EntityKind::OrderNumber, number.range(), Value::Number, 0.85);
            }
        }
    }
}

fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// No letter, digit or joining mark of a longer code beside it.
fn lonely(taken: &Taken<'_>, start: usize, end: usize) -> bool {
    let joins =
        |ch: Option<char>| ch.is_some_and(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '@' | '_' | '/'));
    let mut after = taken.after(end).chars();
    let next = after.next();
    let goes_on = matches!(next, Some('-' | '.' | ',')) && after.next().is_some_and(|ch| ch.is_ascii_digit());
    let mut before = taken.before(start).chars().rev();
    let last = before.next();
    let went_on =
        matches!(last, Some('-' | '.' | ',')) && before.next().is_some_and(|ch| ch.is_ascii_digit());
    !joins(next) && !joins(last) && !goes_on && !went_on
}

/// `#7740`, `LM-290417`, `KRB66012954`, `7719-B`, `712204418`; not K-07, s23, 2.4g, 500ml.
fn looks_like_an_order(code: &str) -> bool {
    let marked = code.starts_with('#');
    let code = code.trim_start_matches(['#', ' ']);
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let letters = code.bytes().filter(u8::is_ascii_alphabetic).count();
    let dashed = code.contains('-');
    if marked {
        return digits >= 3;
    }
    if letters == 0 {
        return !dashed && digits == 9 && !code.starts_with('0');
    }
    let starts_with_letter = code.starts_with(|ch: char| ch.is_ascii_alphabetic());
    let longest_word = code.split(|ch: char| !ch.is_ascii_alphabetic()).map(str::len).max().unwrap_or(0);
    if dashed {
        let prefix =
            code.split('-').next().is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_alphabetic()));
        return longest_word <= 5 && (digits >= 4 || (digits == 3 && prefix && longest_word >= 2));
    }
    // a number with a unit (1200w) or a word with a year (sale2025) is no code
    digits >= 4
        && digits + letters >= 6
        && (starts_with_letter || digits >= 6)
        && (longest_word <= 3 || digits >= 5)
}
