//! A shop's folder is read whole, or refused with the file and the line that are wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{fs, path::Path};

use assistant::{
    Library, ShopError, read_knowledge_folder, read_personality_file, read_shop_folder, sample_shop,
    write_personality,
};
use domain::Tongue;

/// A copy of the sample shop, to be spoilt.
fn copy() -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-shop");
    let to = tempfile::tempdir().unwrap();
    fs::create_dir(to.path().join("knowledge")).unwrap();
    for folder in ["", "knowledge"] {
        for entry in fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), to.path().join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
    to
}

fn spoilt(file: &str, from: &str, to: &str) -> String {
    let shop = copy();
    let path = shop.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    read_shop_folder(shop.path()).unwrap_err().to_string()
}

#[test]
fn the_fault_is_named_by_file_and_line() {
    for (file, from, to, expected) in [
        (
            "prices.csv",
            "LAUN,ซักรีด,Laundry,กิโล/kilo,60",
            "LAUN,ซักรีด,Laundry,กิโล/kilo,sixty",
            "prices.csv, line 15: price_thb is no amount",
        ),
        ("prices.csv", "KEY,", "BEER,", "prices.csv, line 25: the sku BEER stands twice"),
        (
            "prices.csv",
            "BIKE,เช่าจักรยาน,Bicycle rental,วัน/day,80,5",
            "BIKE,เช่าจักรยาน,Bicycle rental,วัน/day,80,many",
            "prices.csv, line 16: stock is neither empty nor a number",
        ),
        ("prices.csv", "sku,", "code,", "prices.csv, line 1: there is no column \"sku\""),
        ("shop.json", "\"mon\": [[\"07:00\"", "\"mon\": [[\"seven\"", "shop.json, line 13: mon: not HH:MM"),
        (
            "shop.json",
            "\"fri\":",
            "\"freitag\":",
            "shop.json, line 13: no weekday is called \"freitag\" (mon, tue, wed, thu, fri, sat, sun)",
        ),
        ("shop.json", "Asia/Bangkok", "Asia/Chiang_Mai", "shop.json, line 12: no such time zone"),
        ("shop.json", "\"phone\": \"053-555-0142\",", "\"phone\": 53,,", "shop.json, line 10:"),
        ("personality.json", "\"ค่ะ\"", "\"meow\"", "personality.json, line 5:"),
        (
            "personality.json",
            "\"sparingly\"",
            "\"wildly\"",
            "personality.json, line 10: emoji \"wildly\" is no known level",
        ),
        (
            "knowledge/wifi.md",
            "id: wifi",
            "name: wifi",
            "knowledge/wifi.md, line 2: the front matter has no id",
        ),
        (
            "knowledge/wifi.md",
            "---",
            "###",
            "knowledge/wifi.md, line 1: an article begins with --- and its front matter",
        ),
        (
            "knowledge/wifi.md",
            "[th, en]",
            "[th, de]",
            "knowledge/wifi.md, line 2: lang \"de\" is neither th nor en",
        ),
        ("quick_replies.json", "\"code\": \"MAP\"", "\"kode\": \"MAP\"", "quick_replies.json, line 3:"),
    ] {
        let error = spoilt(file, from, to);
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn what_is_not_there_is_named_and_what_may_be_missing_may() {
    let shop = copy();
    fs::remove_file(shop.path().join("personality.json")).unwrap();
    assert!(matches!(read_shop_folder(shop.path()), Err(ShopError::Unreadable { .. })));
    assert_eq!(read_knowledge_folder(shop.path()).unwrap().prices.len(), 26);
    fs::remove_file(shop.path().join("shop.json")).unwrap();
    let error = read_knowledge_folder(shop.path()).unwrap_err().to_string();
    assert!(error.contains("shop.json"), "{error}");
    fs::write(shop.path().join("shop.json"), b"{}\n\xff\xfe").unwrap();
    let error = read_knowledge_folder(shop.path()).unwrap_err().to_string();
    assert!(error.contains("line 2: not UTF-8"), "{error}");
}

#[test]
fn a_personality_comes_back_as_it_was_written() {
    let (_, personality) = sample_shop().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("personality.json");
    fs::write(&file, write_personality(&personality)).unwrap();
    assert_eq!(read_personality_file(&file).unwrap(), personality);
}

#[test]
fn a_second_import_meets_the_rows_of_the_first() {
    let (first, _) = read_shop_folder(copy().path()).unwrap();
    let (second, _) = read_shop_folder(copy().path()).unwrap();
    assert_eq!(first, second);
    let family = first.prices.iter().find(|row| row.sku == "RM-FAM").unwrap();
    assert_eq!((family.price_satang, family.stock), (145_000, None));
    let article = first.articles.iter().find(|article| article.slug == "wifi").unwrap();
    assert_eq!(article.tongues, [Tongue::Thai, Tongue::English]);
    assert_eq!(article.updated.as_deref(), Some("2026-04-08"));
}

/// The shops by which the assistant is measured, where they lie beside the repository.
#[test]
fn the_measured_shops_are_read_and_indexed() {
    let root = std::env::var_os("SALA_SHOPS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/assistant"),
        std::path::PathBuf::from,
    );
    let Ok(entries) = fs::read_dir(&root) else {
        println!("skipped: no shops at {}", root.display());
        return;
    };
    for entry in entries {
        let folder = entry.unwrap().path();
        if folder.join("shop.json").exists() {
            let (knowledge, _) = read_shop_folder(&folder).unwrap();
            let first = knowledge.prices[0].name_th.clone();
            let sku = format!("prices:{}", knowledge.prices[0].sku);
            let found = Library::build(knowledge).find(&first, 40);
            assert!(found.iter().any(|passage| passage.source.0 == sku), "{}: {first}", folder.display());
        }
    }
}
