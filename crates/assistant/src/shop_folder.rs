//! A shop as a folder of files: `shop.json`, `prices.csv`, `quick_replies.json`, `personality.json` and
//! `knowledge/*.md`, read into knowledge and personality, with errors that name file and line.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use domain::{
    Article, ArticleId, Bilingual, Holiday, Knowledge, Personality, PriceId, PriceRow, QuickReply,
    QuickReplyId, ShopFacts, Span, Tongue, WeekHours,
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::personality_file;

/// Why a shop's folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The file is not there, or may not be read.
    #[error("{}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    /// The file is there, but a line of it is not what it should be.
    #[error("{file}, line {line}: {what}")]
    Malformed { file: String, line: usize, what: String },
}

impl ShopError {
    pub(crate) fn malformed(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self::Malformed { file: file.to_owned(), line, what: what.into() }
    }

    pub(crate) fn json(file: &str, error: &serde_json::Error) -> Self {
        // The message ends with its own "at line … column …".
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text);
        Self::malformed(file, error.line().max(1), what)
    }
}

/// The files of a shop by their path inside its folder.
pub(crate) type ShopFiles = BTreeMap<String, String>;

/// Reads a shop's folder whole. The knowledge has version 1; ids are made of the names inside it, so that a
/// second import meets the first one's rows.
pub fn read_shop_folder(folder: &Path) -> Result<(Knowledge, Personality), ShopError> {
    let files = load(folder)?;
    Ok((knowledge_of(&files)?, personality_of(&files)?))
}

/// Reads the knowledge alone; a `personality.json` may be missing.
pub fn read_knowledge_folder(folder: &Path) -> Result<Knowledge, ShopError> {
    knowledge_of(&load(folder)?)
}

/// Reads a single file of a shop: an article (`*.md`), a price table (`*.csv`), `quick_replies.json` or `shop.json`.
pub fn read_knowledge_file(file: &Path) -> Result<Knowledge, ShopError> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let inside = match file.extension().and_then(|extension| extension.to_str()) {
        Some("md") => format!("knowledge/{name}"),
        Some("csv") => "prices.csv".to_owned(),
        Some("json") if matches!(name.as_str(), "quick_replies.json" | "shop.json") => name,
        Some(_) | None => {
            let what = "neither *.md, *.csv, quick_replies.json nor shop.json";
            return Err(ShopError::malformed(&file.display().to_string(), 1, what));
        }
    };
    knowledge_of(&ShopFiles::from([(inside, read(file)?)]))
}

/// Reads one `personality.json`.
pub fn read_personality_file(file: &Path) -> Result<Personality, ShopError> {
    let text = read(file)?;
    personality_file::read(&file.display().to_string(), &text)
}

/// A personality as `personality.json`, to be read again by [`read_personality_file`].
pub fn write_personality(personality: &Personality) -> String {
    personality_file::write(personality)
}

fn read(file: &Path) -> Result<String, ShopError> {
    let bytes = fs::read(file).map_err(|source| ShopError::Unreadable { file: file.to_owned(), source })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|b| **b == b'\n');
        ShopError::malformed(&file.display().to_string(), line.count() + 1, "not UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn load(folder: &Path) -> Result<ShopFiles, ShopError> {
    let mut files = ShopFiles::new();
    for name in ["shop.json", "prices.csv", "quick_replies.json", "personality.json"] {
        let path = folder.join(name);
        let optional = name != "shop.json";
        if optional && !path.exists() {
            continue;
        }
        files.insert(name.to_owned(), read(&path)?);
    }
    let knowledge = folder.join("knowledge");
    if knowledge.exists() {
        let entries = fs::read_dir(&knowledge)
            .map_err(|source| ShopError::Unreadable { file: knowledge.clone(), source })?;
        for entry in entries {
            let entry = entry.map_err(|source| ShopError::Unreadable { file: knowledge.clone(), source })?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") {
                files.insert(format!("knowledge/{name}"), read(&entry.path())?);
            }
        }
    }
    Ok(files)
}

pub(crate) fn knowledge_of(files: &ShopFiles) -> Result<Knowledge, ShopError> {
    let mut knowledge = Knowledge { version: 1, ..Knowledge::default() };
    if let Some(text) = files.get("shop.json") {
        knowledge.facts = facts("shop.json", text)?;
    }
    if let Some(text) = files.get("prices.csv") {
        knowledge.prices = prices("prices.csv", text)?;
    }
    if let Some(text) = files.get("quick_replies.json") {
        knowledge.quick_replies = quick_replies("quick_replies.json", text)?;
    }
    for (name, text) in files.iter().filter(|(name, _)| name.starts_with("knowledge/")) {
        knowledge.articles.push(article(name, text)?);
    }
    Ok(knowledge)
}

pub(crate) fn personality_of(files: &ShopFiles) -> Result<Personality, ShopError> {
    let Some(text) = files.get("personality.json") else {
        let missing = io::Error::new(io::ErrorKind::NotFound, "there is no personality.json");
        return Err(ShopError::Unreadable { file: PathBuf::from("personality.json"), source: missing });
    };
    personality_file::read("personality.json", text)
}

/// The same name gives the same id on every import.
pub(crate) fn id_of(kind: &str, name: &str) -> uuid::Uuid {
    let hash = Sha256::digest(format!("{kind}\0{name}").as_bytes());
    let mut bytes = [0_u8; 16];
    for (byte, hashed) in bytes.iter_mut().zip(hash.iter()) {
        *byte = *hashed;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[derive(Deserialize)]
struct ShopFile {
    #[serde(default)]
    name: Bilingual,
    #[serde(default)]
    trade: String,
    #[serde(default)]
    address: Bilingual,
    phone: Option<String>,
    line_id: Option<String>,
    #[serde(default = "bangkok")]
    timezone: String,
    #[serde(default)]
    hours: BTreeMap<String, Vec<(String, String)>>,
    #[serde(default)]
    hours_note: Bilingual,
    #[serde(default)]
    closed_holidays: Vec<HolidayFile>,
    #[serde(default)]
    payment: BTreeMap<String, Value>,
    #[serde(default)]
    delivery: Bilingual,
    #[serde(default)]
    returns: Bilingual,
}

fn bangkok() -> String {
    "Asia/Bangkok".to_owned()
}

#[derive(Deserialize)]
struct HolidayFile {
    date: jiff::civil::Date,
    until: Option<jiff::civil::Date>,
    name_th: Option<String>,
    name_en: Option<String>,
}

fn facts(file: &str, text: &str) -> Result<ShopFacts, ShopError> {
    let shop: ShopFile = serde_json::from_str(text).map_err(|error| ShopError::json(file, &error))?;
    if jiff::tz::TimeZone::get(&shop.timezone).is_err() {
        return Err(ShopError::malformed(file, line_of(text, "timezone"), "no such time zone"));
    }
    let mut hours = WeekHours::default();
    for (day, spans) in &shop.hours {
        let mut read = Vec::new();
        for (opens, closes) in spans {
            let (Some(opens), Some(closes)) = (clock(opens), clock(closes)) else {
                return Err(ShopError::malformed(file, line_of(text, "hours"), format!("{day}: not HH:MM")));
            };
            read.push(Span(opens, closes));
        }
        let slot = match day.as_str() {
            "mon" => &mut hours.mon,
            "tue" => &mut hours.tue,
            "wed" => &mut hours.wed,
            "thu" => &mut hours.thu,
            "fri" => &mut hours.fri,
            "sat" => &mut hours.sat,
            "sun" => &mut hours.sun,
            _ => {
                let what = format!("no weekday is called {day:?} (mon, tue, wed, thu, fri, sat, sun)");
                return Err(ShopError::malformed(file, line_of(text, "hours"), what));
            }
        };
        *slot = read;
    }
    let text_of = |key: &str| shop.payment.get(key).and_then(Value::as_str).map(str::to_owned);
    Ok(ShopFacts {
        name: shop.name,
        trade: shop.trade,
        address: shop.address,
        phone: shop.phone,
        line_id: shop.line_id,
        timezone: shop.timezone,
        hours,
        hours_note: shop.hours_note,
        holidays: shop
            .closed_holidays
            .into_iter()
            .map(|holiday| Holiday {
                date: holiday.date,
                until: holiday.until,
                name: Bilingual { th: holiday.name_th, en: holiday.name_en },
            })
            .collect(),
        payment: Bilingual { th: text_of("methods_th"), en: text_of("methods_en") },
        accounts: accounts(&shop.payment),
        delivery: shop.delivery,
        returns: shop.returns,
    })
}

/// `HH:MM`; `24:00` is midnight.
fn clock(text: &str) -> Option<jiff::civil::Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let hour: i8 = hour.parse().ok()?;
    jiff::civil::Time::new(hour % 24, minute.get(..2)?.parse().ok()?, 0, 0).ok().filter(|_| hour <= 24)
}

/// Every object, or list of objects, beside the methods is an account.
fn accounts(payment: &BTreeMap<String, Value>) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    for (name, value) in payment {
        let several = match value {
            Value::Array(list) => list.iter().collect(),
            Value::Object(_) => vec![value],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => continue,
        };
        for (n, account) in several.into_iter().filter_map(Value::as_object).enumerate() {
            let fields = account.iter().filter_map(|(key, value)| {
                let value =
                    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|n| n.to_string()));
                Some((key.clone(), value?))
            });
            let name = if n == 0 { name.clone() } else { format!("{name}_{}", n + 1) };
            out.insert(name, fields.collect());
        }
    }
    out
}

/// The first line that names a key, for errors that serde does not place.
fn line_of(text: &str, key: &str) -> usize {
    let quoted = format!("\"{key}\"");
    text.lines().position(|line| line.contains(&quoted)).map_or(1, |at| at + 1)
}

fn prices(file: &str, text: &str) -> Result<Vec<PriceRow>, ShopError> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| ShopError::malformed(file, 1, error.to_string()))?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name);
    for needed in ["sku", "price_thb"] {
        if column(needed).is_none() {
            return Err(ShopError::malformed(file, 1, format!("there is no column {needed:?}")));
        }
    }
    let mut rows: Vec<PriceRow> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, |position| usize::try_from(position.line()).unwrap_or(1));
            ShopError::malformed(file, line, "not a row of comma-separated values")
        })?;
        let line = record.position().map_or(1, |position| usize::try_from(position.line()).unwrap_or(1));
        let field = |name: &str| column(name).and_then(|at| record.get(at)).unwrap_or("").to_owned();
        let sku = field("sku");
        if sku.is_empty() {
            return Err(ShopError::malformed(file, line, "the sku is empty"));
        }
        if rows.iter().any(|row| row.sku == sku) {
            return Err(ShopError::malformed(file, line, format!("the sku {sku} stands twice")));
        }
        let price_satang = satang(&field("price_thb"))
            .ok_or_else(|| ShopError::malformed(file, line, "price_thb is no amount"))?;
        let stock = match field("stock").as_str() {
            "" => None,
            text => Some(
                text.parse()
                    .map_err(|_| ShopError::malformed(file, line, "stock is neither empty nor a number"))?,
            ),
        };
        rows.push(PriceRow {
            id: PriceId::from_uuid(id_of("price", &sku)),
            name_th: field("name_th"),
            name_en: field("name_en"),
            variant: field("variant"),
            price_satang,
            stock,
            note: field("note"),
            sku,
        });
    }
    Ok(rows)
}

/// `1,190`, `75` or `12.50` baht in satang.
fn satang(text: &str) -> Option<i64> {
    let text = text.replace([',', ' '], "");
    let (baht, rest) = text.split_once('.').unwrap_or((&text, ""));
    let cents = match rest.len() {
        0 => 0,
        1 => rest.parse::<i64>().ok()?.checked_mul(10)?,
        2 => rest.parse::<i64>().ok()?,
        _ => return None,
    };
    baht.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents).filter(|satang| *satang >= 0)
}

#[derive(Deserialize)]
struct QuickReplyFile {
    code: String,
    text_th: Option<String>,
    text_en: Option<String>,
    #[serde(default)]
    variables: Vec<String>,
}

fn quick_replies(file: &str, text: &str) -> Result<Vec<QuickReply>, ShopError> {
    let read: Vec<QuickReplyFile> =
        serde_json::from_str(text).map_err(|error| ShopError::json(file, &error))?;
    Ok(read
        .into_iter()
        .map(|reply| QuickReply {
            id: QuickReplyId::from_uuid(id_of("quick", &reply.code)),
            code: reply.code,
            text: Bilingual { th: reply.text_th, en: reply.text_en },
            variables: reply.variables,
        })
        .collect())
}

fn article(file: &str, text: &str) -> Result<Article, ShopError> {
    let mut lines = text.lines().enumerate();
    if lines.next().map(|(_, line)| line.trim_end()) != Some("---") {
        return Err(ShopError::malformed(file, 1, "an article begins with --- and its front matter"));
    }
    let mut fields: BTreeMap<&str, &str> = BTreeMap::new();
    let mut body_line = None;
    for (n, line) in lines {
        if line.trim_end() == "---" {
            body_line = Some(n + 1);
            break;
        }
        if line.trim().is_empty() {
            continue;
        }
        let (key, value) =
            line.split_once(':').ok_or_else(|| ShopError::malformed(file, n + 1, "not `name: value`"))?;
        fields.insert(key.trim(), value.trim());
    }
    let Some(body_line) = body_line else {
        return Err(ShopError::malformed(file, text.lines().count(), "the front matter has no closing ---"));
    };
    let bare = |value: &str| value.trim().trim_matches(['"', '\'']).to_owned();
    let list = |key: &str| -> Vec<String> {
        let value = fields.get(key).copied().unwrap_or("").trim_matches(['[', ']']);
        value.split(',').map(bare).filter(|item| !item.is_empty()).collect()
    };
    let field = |key: &str| fields.get(key).map(|value| bare(value)).filter(|value| !value.is_empty());
    let slug = field("id").ok_or_else(|| ShopError::malformed(file, 2, "the front matter has no id"))?;
    let mut tongues = Vec::new();
    for name in list("lang") {
        tongues.push(match name.as_str() {
            "th" => Tongue::Thai,
            "en" => Tongue::English,
            _ => return Err(ShopError::malformed(file, 2, format!("lang {name:?} is neither th nor en"))),
        });
    }
    let body: Vec<&str> = text.lines().skip(body_line).collect();
    Ok(Article {
        id: ArticleId::from_uuid(id_of("article", &slug)),
        title: field("title").unwrap_or_else(|| slug.clone()),
        slug,
        tongues,
        tags: list("tags"),
        body: body.join("\n").trim().to_owned(),
        updated: field("updated"),
    })
}
