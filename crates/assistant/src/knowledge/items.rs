//! The price table as items: rows of one name, told apart by their variants.

use std::collections::BTreeSet;

use domain::{Knowledge, PriceRow, Tongue};

use super::passages::keys;
use crate::words::{Own, normal::has_thai};

/// Rows of the price table that share a name.
#[derive(Debug)]
pub(crate) struct Item {
    pub name_th: String,
    pub name_en: String,
    pub keys_th: BTreeSet<String>,
    pub keys_en: BTreeSet<String>,
    pub rows: Vec<Row>,
}

#[derive(Debug)]
pub(crate) struct Row {
    /// Where in `Knowledge::prices`.
    pub at: usize,
    pub variant_th: String,
    pub variant_en: String,
    pub keys: BTreeSet<String>,
    pub note_keys: BTreeSet<String>,
}

impl Item {
    pub(crate) fn all_keys(&self) -> BTreeSet<String> {
        let rows = self.rows.iter().flat_map(|row| row.keys.iter().chain(row.note_keys.iter()));
        self.keys_th.iter().chain(self.keys_en.iter()).chain(rows).cloned().collect()
    }

    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.keys_th.union(&self.keys_en).cloned().collect()
    }

    pub(crate) fn name(&self, tongue: Tongue) -> &str {
        let (first, second) = match tongue {
            Tongue::Thai => (&self.name_th, &self.name_en),
            Tongue::English => (&self.name_en, &self.name_th),
        };
        if first.is_empty() { second } else { first }
    }
}

impl Row {
    pub(crate) fn variant(&self, tongue: Tongue) -> &str {
        match tongue {
            Tongue::Thai => &self.variant_th,
            Tongue::English => &self.variant_en,
        }
    }
}

pub(crate) fn items(knowledge: &Knowledge, own: &Own) -> Vec<Item> {
    let mut out: Vec<Item> = Vec::new();
    for (at, row) in knowledge.prices.iter().enumerate() {
        let (variant_th, variant_en) = variants(&row.variant);
        let mut row_keys = keys(&row.variant.replace('/', " / "), own);
        row_keys.extend(sku_keys(row));
        let read = Row { at, variant_th, variant_en, keys: row_keys, note_keys: keys(&row.note, own) };
        match out.iter_mut().find(|item| item.name_th == row.name_th && item.name_en == row.name_en) {
            Some(item) => item.rows.push(read),
            None => out.push(Item {
                name_th: row.name_th.clone(),
                name_en: row.name_en.clone(),
                keys_th: content(keys(&row.name_th, own)),
                keys_en: content(keys(&row.name_en, own)),
                rows: vec![read],
            }),
        }
    }
    out
}

fn content(keys: BTreeSet<String>) -> BTreeSet<String> {
    keys.into_iter().filter(|key| !key.starts_with("q:")).collect()
}

fn sku_keys(row: &PriceRow) -> BTreeSet<String> {
    BTreeSet::from([format!("w:{}", row.sku.to_lowercase())])
}

/// `เย็น/iced 250 ml` is `เย็น 250 ml` and `iced 250 ml`; sizes and measures belong to both tongues.
fn variants(variant: &str) -> (String, String) {
    let Some((thai, english)) = variant.split_once('/') else {
        return (variant.to_owned(), variant.to_owned());
    };
    let (thai, english) = (thai.trim(), english.trim());
    if !has_thai(thai) || has_thai(english) {
        return (variant.to_owned(), variant.to_owned());
    }
    let mut th = thai.to_owned();
    let mut en = english.to_owned();
    if !thai.chars().any(|c| c.is_ascii_alphanumeric())
        && let Some(tail) = measures_at_end(english)
    {
        th.push(' ');
        th.push_str(tail);
    }
    if let Some(head) = thai.split(has_thai_char).next()
        && head.trim().chars().any(|c| c.is_ascii_alphanumeric())
        && !english.chars().any(|c| c.is_ascii_digit())
    {
        en = format!("{} {english}", head.trim());
    }
    (th, en)
}

fn has_thai_char(c: char) -> bool {
    has_thai(c.encode_utf8(&mut [0; 4]))
}

/// From the first word that is a size or holds a digit, when it is not the first of all.
fn measures_at_end(text: &str) -> Option<&str> {
    const SIZES: [&str; 11] = ["XS", "S", "M", "L", "XL", "XXL", "S-M", "M-L", "L-XL", "S-XL", "free"];
    let mut offset = 0;
    for (n, word) in text.split(' ').enumerate() {
        let size = SIZES.contains(&word) || word.chars().any(|c| c.is_ascii_digit());
        if n > 0 && size {
            return text.get(offset..);
        }
        if n == 0 && size {
            return None;
        }
        offset += word.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_reads_in_either_tongue() {
        assert_eq!(variants("เย็น/iced 250 ml"), ("เย็น 250 ml".into(), "iced 250 ml".into()));
        assert_eq!(variants("ขาว/white S-M"), ("ขาว S-M".into(), "white S-M".into()));
        assert_eq!(variants("ต่อซี่/per tooth"), ("ต่อซี่".into(), "per tooth".into()));
        assert_eq!(variants("128 GB ขาว/white"), ("128 GB ขาว".into(), "128 GB white".into()));
        assert_eq!(variants("ก้อน 700 กรัม/loaf 700 g"), ("ก้อน 700 กรัม".into(), "loaf 700 g".into()));
        assert_eq!(variants("OEM"), ("OEM".into(), "OEM".into()));
    }
}
