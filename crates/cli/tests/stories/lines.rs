//! JSON lines in and out: classify and talk.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::Stdio,
};

use serde_json::{Value, json};

use crate::sala::{Said, bare, fed};

fn classify(input: &str) -> Said {
    fed(bare(&["classify"]), input.as_bytes())
}

fn objects(said: &Said) -> Vec<Value> {
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn mali_asks_in_thai_and_every_field_has_its_documented_shape() {
    let said = classify("{\"id\":\"m-1\",\"text\":\"จองโต๊ะ 2 คน พรุ่งนี้ โทร 081-234-5678 ค่ะ\"}\n");
    assert_eq!(said.code, 0, "{said:?}");
    let one = &objects(&said)[0];
    let names: Vec<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["entities", "escalate", "flags", "id", "intents", "language", "lead", "priority", "sentiment"]
    );
    assert_eq!(one["id"], "m-1");
    assert_eq!(one["language"], "th");
    assert_eq!(one["intents"][0]["name"], "booking");
    assert_eq!(one["flags"], json!([]));
    assert_eq!(one["escalate"], false);
    for name in ["label", "score", "confidence"] {
        assert!(!one["sentiment"][name].is_null(), "{one}");
    }
    let phone = one["entities"].as_array().unwrap().iter().find(|found| found["kind"] == "phone").unwrap();
    assert_eq!(phone["value"], "+66812345678");
    let (start, end) = (phone["start"].as_u64().unwrap(), phone["end"].as_u64().unwrap());
    let text = "จองโต๊ะ 2 คน พรุ่งนี้ โทร 081-234-5678 ค่ะ";
    let cut: String = text.chars().skip(start as usize).take((end - start) as usize).collect();
    assert_eq!(cut, "081-234-5678");
    let fields: Vec<&str> = phone.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["end", "kind", "start", "text", "value"]);
}

#[test]
fn somchai_who_threatens_with_a_lawyer_is_flagged_and_a_person_is_wanted() {
    let said = classify("{\"id\":7,\"text\":\"ห่วยมาก จะให้ทนายฟ้องร้าน แจ้งความแน่\"}\n");
    let one = &objects(&said)[0];
    assert_eq!((&one["id"], &one["escalate"]), (&json!(7), &json!(true)));
    assert!(one["flags"].as_array().unwrap().contains(&json!("legal")), "{one}");
    assert!(one["priority"].as_u64().unwrap() > 80, "{one}");
}

#[test]
fn rubbish_between_good_lines_gets_an_error_of_its_own_and_harms_no_neighbour() {
    let mut input = b"{\"id\":1,\"text\":\"hello\"}\nrubbish\n\n{\"id\":2}\n".to_vec();
    input.extend(b"{\"id\":3,\"text\":\"\xff\xfe\"}\n[]\n{\"id\":4,\"text\":\"\"}");
    let said = fed(bare(&["classify"]), &input);
    assert_eq!(said.code, 1, "{said:?}");
    let all = objects(&said);
    let ids: Vec<&Value> = all.iter().map(|one| &one["id"]).collect();
    let none = &Value::Null;
    assert_eq!(ids, [&json!(1), none, none, none, none, &json!(4)]);
    let lines: Vec<u64> = all.iter().filter_map(|one| one["line"].as_u64()).collect();
    assert_eq!(lines, [2, 4, 5, 6]);
    assert!(all[1]["error"].is_string() && !said.out.contains("rubbish"), "{}", said.out);
}

#[test]
fn a_text_of_a_hundred_thousand_letters_and_a_line_without_end_are_survived() {
    let long = "ก".repeat(100_000);
    let said = classify(&format!("{{\"id\":1,\"text\":\"{long}\"}}\n"));
    assert_eq!((said.code, objects(&said)[0]["language"].clone()), (0, json!("th")));
    let endless = format!("{}\n{{\"id\":2,\"text\":\"ok\"}}\n", "x".repeat(17 * 1024 * 1024));
    let said = classify(&endless);
    assert_eq!(said.code, 1);
    assert_eq!((&objects(&said)[0]["line"], &objects(&said)[1]["id"]), (&json!(1), &json!(2)));
}

#[test]
fn ten_thousand_lines_come_back_in_order() {
    let mut input = String::new();
    for id in 0..10_000 {
        writeln!(input, "{{\"id\":{id},\"text\":\"ราคาเท่าไหร่คะ {id}\"}}").unwrap();
    }
    let said = classify(&input);
    assert_eq!(said.code, 0, "{}", said.complaint);
    let ids: Vec<u64> = objects(&said).iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..10_000).collect::<Vec<u64>>());
}

#[test]
fn an_answer_comes_before_the_next_question_is_asked() {
    let mut child = bare(&["classify"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut asks = child.stdin.take().unwrap();
    let mut hears = BufReader::new(child.stdout.take().unwrap());
    for id in 0..3 {
        writeln!(asks, "{{\"id\":{id},\"text\":\"hi\"}}").unwrap();
        asks.flush().unwrap();
        let mut answer = String::new();
        hears.read_line(&mut answer).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["id"], id);
    }
    drop(asks);
    assert!(child.wait().unwrap().success());
}

/// A tiny tea shop.
fn tea_shop(folder: &Path) {
    fs::create_dir(folder.join("knowledge")).unwrap();
    let shop = json!({
        "name": { "th": "ชาเย็นป้าแจ๋ว", "en": "Auntie Jaew Tea" },
        "trade": "tea shop",
        "timezone": "Asia/Bangkok",
        "hours": { "mon": [["08:00", "17:00"]], "wed": [["08:00", "17:00"]] },
    });
    fs::write(folder.join("shop.json"), shop.to_string()).unwrap();
    fs::write(
        folder.join("prices.csv"),
        "sku,name_th,name_en,variant,price_thb,stock,note\nTEA-T,ชาไทย,Thai tea,,45,,\nTEA-G,ชาเขียว,Green tea,,50,,\n",
    )
    .unwrap();
    let personality = json!({
        "name": "แจ๋ว", "pronoun_th": "เรา", "particle_th": "ค่ะ", "tone": "warm",
        "greeting": { "th": "สวัสดีค่ะ", "en": "Hello!" },
    });
    fs::write(folder.join("personality.json"), personality.to_string()).unwrap();
    fs::write(
        folder.join("knowledge/parking.md"),
        "---\nid: parking\ntitle: ที่จอดรถ\nlang: [th]\ntags: [จอดรถ]\n---\n## ที่จอดรถ\nมีที่จอดรถหลังร้าน 6 คัน จอดฟรี\n",
    )
    .unwrap();
}

#[test]
fn a_tiny_tea_shop_answers_its_price_hands_over_anger_and_is_silent_afterwards() {
    let shop = tempfile::tempdir().unwrap();
    tea_shop(shop.path());
    let dialogue = json!({
        "id": "tea-1", "now": "2026-06-10T10:30:00+07:00",
        "turns": [
            { "customer": ["ชาไทยราคาเท่าไหร่คะ"] },
            { "customer": ["รอนานมาก ห่วยแตก ขอคุยกับเจ้าของร้านเดี๋ยวนี้"] },
            { "customer": ["ฮัลโหล"] },
        ],
    });
    let input = format!("{dialogue}\nno dialogue\n");
    let said = fed(bare(&["talk", "--shop", shop.path().to_str().unwrap()]), input.as_bytes());
    assert_eq!(said.code, 1, "{said:?}");
    let all = objects(&said);
    assert_eq!(all[0]["id"], "tea-1");
    let turns = all[0]["turns"].as_array().unwrap();
    let kinds: Vec<&str> = turns.iter().map(|turn| turn["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["answer", "escalate", "silent"], "{}", all[0]);
    assert!(turns[0]["reply"].as_str().unwrap().contains("45"), "{}", turns[0]);
    assert_eq!(turns[0]["sources"], json!(["prices:TEA-T"]));
    assert!(turns[0]["confidence"].as_f64().unwrap() >= 0.8);
    assert_eq!(turns[2]["reply"], "");
    assert_eq!(all[1]["line"], 2);
}

#[test]
fn a_shop_whose_price_list_has_a_broken_line_is_named_with_file_and_line() {
    let shop = tempfile::tempdir().unwrap();
    tea_shop(shop.path());
    fs::write(shop.path().join("prices.csv"), "sku,price_thb\nA,10\nB,ten\n").unwrap();
    let said = fed(bare(&["talk", "--shop", shop.path().to_str().unwrap()]), b"");
    assert_eq!(said.code, 1);
    assert!(said.complaint.contains("prices.csv, line 3"), "{}", said.complaint);
}
