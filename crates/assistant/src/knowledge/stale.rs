//! Lines of old articles that the price table contradicts: the table is right.

use std::collections::BTreeSet;

use super::{EntryKind, Library};
use crate::words::normal::normal;

/// Takes such lines out of the articles.
pub(super) fn drop_stale(library: &mut Library) {
    let stale: Vec<(usize, usize)> = library
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.kind == EntryKind::Article)
        .flat_map(|(at, entry)| entry.clauses.iter().enumerate().map(move |(n, clause)| (at, n, clause)))
        .filter(|(_, _, clause)| is_stale(library, &clause.text))
        .map(|(at, n, _)| (at, n))
        .collect();
    for (at, n) in stale.into_iter().rev() {
        if let Some(entry) = library.entries.get_mut(at)
            && n < entry.clauses.len()
        {
            entry.clauses.remove(n);
        }
    }
    library.entries.retain(|entry| !entry.clauses.is_empty());
}

/// Names one item of the price table and an amount that the table does not have for it.
fn is_stale(library: &Library, text: &str) -> bool {
    let amounts = amounts(text);
    if amounts.is_empty()
        || ["+", "มัดจำ", "deposit", "ลด", " off", " set", "เซ็ต"]
            .iter()
            .any(|word| normal(text).contains(word))
    {
        return false;
    }
    let query = library.query(text);
    let own_prices: Vec<i64> = library
        .items
        .iter()
        .filter(|item| {
            let keys: BTreeSet<&String> = query.asked.iter().map(|a| &a.key).collect();
            let all =
                |names: &BTreeSet<String>| !names.is_empty() && names.iter().all(|key| keys.contains(key));
            all(&item.keys_th) || all(&item.keys_en)
        })
        .flat_map(|item| item.rows.iter())
        .filter_map(|row| library.knowledge().prices.get(row.at))
        .map(|row| row.price_satang / 100)
        .collect();
    let everywhere: BTreeSet<i64> =
        library.knowledge().prices.iter().map(|row| row.price_satang / 100).collect();
    !own_prices.is_empty()
        && amounts.iter().any(|amount| !own_prices.contains(amount) && !everywhere.contains(amount))
}

/// Numbers right before `บาท` or `baht`.
fn amounts(text: &str) -> Vec<i64> {
    let text = normal(text);
    let mut out = Vec::new();
    for unit in ["บาท", "baht"] {
        for (at, _) in text.match_indices(unit) {
            let Some(head) = text.get(..at) else { continue };
            let digits: String = head
                .trim_end()
                .chars()
                .rev()
                .take_while(char::is_ascii_digit)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            if let Ok(amount) = digits.parse() {
                out.push(amount);
            }
        }
    }
    out
}
