//! Searching everything said: what is found is what holds the words, newest first.

use domain::Part;
use pretty_assertions::assert_eq;

use crate::house::{House, assert_sound, at};

async fn house_of(said: &[&str]) -> House {
    let house = House::new().await;
    for (n, words) in (0..).zip(said) {
        house.hears("Mali", &format!("m{n}"), words, at(n)).await;
    }
    house
}

async fn finds(house: &House, words: &str) -> Vec<String> {
    let found = house.store.read().search(words, None, 100).await.unwrap();
    found.into_iter().map(|found| found.text.into_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn thai_is_found_in_mid_sentence_newest_first() {
    let house = house_of(&["อยากได้เสื้อสีฟ้าค่ะ", "กางเกงสีดำ", "มีเสื้อสีฟ้าไซซ์Mไหมคะ"]).await;
    assert_eq!(finds(&house, "เสื้อสีฟ้า").await, ["มีเสื้อสีฟ้าไซซ์Mไหมคะ", "อยากได้เสื้อสีฟ้าค่ะ"]);
    assert_eq!(finds(&house, "งเกงสี").await, ["กางเกงสีดำ"]);
    assert_eq!(finds(&house, "ไซซ์m").await, ["มีเสื้อสีฟ้าไซซ์Mไหมคะ"]);
    assert_eq!(finds(&house, "รองเท้า").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_looks_the_same_is_found_however_it_is_written() {
    let said = ["น\u{0e49}ำแข็ง", "น\u{0e4d}\u{0e49}าแข็ง", "เเดงแดง ๕๙๐", "Blue\u{200b} SHIRT"];
    let house = house_of(&said).await;
    for asked in ["น\u{0e49}ำแข็ง", "น\u{0e4d}\u{0e49}าแข็ง", "น\u{0e49}\u{0e4d}าแข็ง"]
    {
        assert_eq!(finds(&house, asked).await.len(), 2, "{asked:?}");
    }
    assert_eq!(finds(&house, "แดงเเดง 590").await.len(), 1);
    assert_eq!(finds(&house, "  blue   shirt ").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn words_of_one_or_two_code_points_are_found_too() {
    let house = house_of(&["กี่บาท", "ok", "กีวี", "a\u{1f600}b"]).await;
    assert_eq!(finds(&house, "กี").await, ["กีวี", "กี่บาท"]);
    assert_eq!(finds(&house, "OK").await, ["ok"]);
    assert_eq!(finds(&house, "\u{1f600}").await, ["a\u{1f600}b"]);
    assert_eq!(finds(&house, "บ").await, ["กี่บาท"]);
    for nothing in ["", " ", "\u{200b}", "\n"] {
        assert_eq!(finds(&house, nothing).await, Vec::<String>::new(), "{nothing:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn signs_of_query_languages_are_plain_text() {
    let said = [
        r#"เขาบอกว่า "ลด 50%" จริงไหม"#,
        "50 บาท",
        "a_b_c",
        "aXbXc",
        "shirt AND trousers",
        "NEAR(shirt trousers)",
        "folded:shirt",
        "shirt* -trousers ^x",
        "it's (here",
        "back\\slash",
    ];
    let house = house_of(&said).await;
    for asked in
        [r#""ลด 50%""#, "50%\"", "_b_", " AND ", "near(shirt", "folded:", "shirt* -", "^x", "t's (h", "k\\s"]
    {
        assert_eq!(finds(&house, asked).await.len(), 1, "{asked}");
    }
    assert_eq!(finds(&house, "a_b").await, ["a_b_c"]);
    assert_eq!(finds(&house, "50%").await.len(), 1);
    for asked in
        ["\"", "\"\"", "%", "_", "'", "*", "\"\"\"\"", "%%%", "'; DROP TABLE message; --", "nul\0byte"]
    {
        house.store.read().search(asked, None, 10).await.unwrap_or_else(|error| panic!("{asked:?}: {error}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_nul_in_a_text_hides_nothing_and_breaks_nothing() {
    let house = house_of(&["before\0behind"]).await;
    assert_eq!(finds(&house, "before").await.len(), 1);
    assert_eq!(finds(&house, "behind").await.len(), 1);
    assert_eq!(finds(&house, "re\0be").await.len(), 1);
    assert_sound(&house.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_very_long_question_is_answered_all_the_same() {
    let half = "เสื้อสีฟ้าราคา ".repeat(1_000);
    let long = half.repeat(2);
    let house = house_of(&[&long, &half]).await;
    assert_eq!(finds(&house, &long).await.len(), 1);
    assert_eq!(finds(&house, &half).await.len(), 2);
    assert_eq!(finds(&house, &format!("{long}ไม่มี")).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let said: Vec<String> = (0..25).map(|n| format!("ราคาเท่าไหร่ {n}")).collect();
    let house = house_of(&said.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for asked in ["ราคา", "รา"] {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = house.store.read().search(asked, before, 10).await.unwrap();
            assert!(page.len() <= 10);
            let Some(last) = page.last() else { break };
            before = Some(last.row);
            all.extend(page.into_iter().map(|found| found.text.into_string()));
        }
        assert_eq!(all, said.iter().rev().cloned().collect::<Vec<_>>(), "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn edited_words_are_found_as_they_are_now_and_what_was_taken_back_not_at_all() {
    let house = House::new().await;
    let (_, first) = house.hears("Mali", "m1", "เอาสีฟ้าค่ะ", at(1)).await;
    let (_, second) = house.hears("Mali", "m2", "บ้านเลขที่ 12", at(2)).await;
    let (first, second) = (first.unwrap(), second.unwrap());
    house
        .store
        .write(async move |tx| {
            tx.edit_message(first, &[Part::text("เอาสีเขียวค่ะ")], at(3)).await?;
            tx.unsend_message(second, at(4)).await
        })
        .await
        .unwrap();
    assert_eq!(finds(&house, "สีฟ้า").await, Vec::<String>::new());
    assert_eq!(finds(&house, "สีเขียว").await, ["เอาสีเขียวค่ะ"]);
    assert_eq!(finds(&house, "บ้านเลขที่").await, Vec::<String>::new());
    assert_eq!(finds(&house, "12").await, Vec::<String>::new());
    assert_sound(&house.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_index_finds_what_a_look_at_every_message_finds() {
    let pieces =
        ["เสื้อ", "สีฟ้า", "นํ้า", "น้ำ", "ราคา", "ok", "OK ค่ะ", "590", "๕๙๐", " ", "แดง", "เเดง", "\"", "%", "_"];
    let mut seed = 7_usize;
    let mut next = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let said: Vec<String> =
        (0..200).map(|_| (0..1 + next(6)).map(|_| pieces[next(pieces.len())]).collect()).collect();
    let house = house_of(&said.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut hits = 0;
    for _ in 0..300 {
        let asked: String = (0..1 + next(3)).map(|_| pieces[next(pieces.len())]).collect();
        let folded = domain::fold(&asked);
        let expected: Vec<String> = said
            .iter()
            .rev()
            .filter(|said| !folded.is_empty() && domain::fold(said).contains(&folded))
            .take(100)
            .cloned()
            .collect();
        hits += expected.len();
        assert_eq!(finds(&house, &asked).await, expected, "{asked:?}");
    }
    assert!(hits > 1_000, "the questions found only {hits}");
}
