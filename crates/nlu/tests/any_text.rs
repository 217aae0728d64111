//! Whatever is typed, reading ends, and what it says holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::LazyLock;

use domain::Understanding;
use nlu::{Reader, normalise};
use proptest::prelude::*;

static READER: LazyLock<Reader> = LazyLock::new(Reader::new);

fn holds(text: &str, meaning: &Understanding) {
    let points: Vec<char> = text.chars().collect();
    let share = |confidence: f32| (0.0..=1.0).contains(&confidence);
    assert!(!meaning.intents.is_empty());
    assert!(meaning.intents.iter().all(|guess| share(guess.confidence)));
    assert!(meaning.intents.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
    assert!(share(meaning.sentiment.confidence) && (-1.0..=1.0).contains(&meaning.sentiment.score));
    assert!(meaning.flags.values().all(|confidence| share(*confidence)));
    for entity in &meaning.entities {
        assert!(entity.start < entity.end && entity.end <= points.len(), "{entity:?}");
        assert_eq!(entity.text, points[entity.start..entity.end].iter().collect::<String>());
        assert!(share(entity.confidence) && !entity.value.is_empty(), "{entity:?}");
    }
    assert!(meaning.entities.windows(2).all(|pair| pair[0].end <= pair[1].start), "overlap");
}

fn words_hold(text: &str) {
    let points: Vec<char> = text.chars().collect();
    for token in READER.segment(text) {
        assert!(!token.word.is_empty() && token.points.start < token.points.end);
        let by_points: String = points[token.points.clone()].iter().collect();
        assert_eq!(text.get(token.bytes.clone()), Some(by_points.as_str()));
    }
}

/// Thai letters, digits, signs and the words that patterns look for, thrown together.
fn thai_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ก-ฮะ-ฺเ-๛]{1,6}",
        "[0-9๐-๙]{1,12}",
        "[ -~]{1,8}",
        prop::sample::select(vec![
            "บาท",
            "โมง",
            "ทุ่ม",
            "บ่าย",
            "ตี",
            "ที่",
            "วันที่",
            "ม.ค.",
            "ต่อ",
            "+66",
            "฿",
            "@",
            "www.",
            "ถ.",
            "ต.",
            "10110",
            "พัน",
            "ล้าน",
            "ครึ่ง",
            "เที่ยง",
            "/",
            ".",
            "-",
            "#",
            "order ",
            "ไม่",
            "\u{0e4d}",
            "\u{0e49}",
            "า",
            "ำ",
            "\u{200b}",
            "😀",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn of_any_text(text in any::<String>()) {
        holds(&text, &READER.read(&text));
        words_hold(&text);
    }

    #[test]
    fn of_what_looks_like_thai(text in thai_like()) {
        holds(&text, &READER.read(&text));
        words_hold(&text);
    }

    #[test]
    fn normalising_twice_changes_nothing(text in thai_like()) {
        let once = normalise(&text).as_str().to_owned();
        let twice = normalise(&once).as_str().to_owned();
        prop_assert_eq!(twice, once);
    }
}

#[test]
fn strange_writing() {
    let marks: String = std::iter::once('ก').chain(std::iter::repeat_n('\u{0e49}', 500)).collect();
    let zalgo: String =
        "help".chars().flat_map(|ch| std::iter::once(ch).chain('\u{0300}'..'\u{0340}')).collect();
    for text in [
        marks.as_str(),
        zalgo.as_str(),
        "\u{202e}txet lrt ตัวเลข 089-771-2045\u{202c}",
        "مرحبا كم السعر 500 บาท",
        "👨‍👩‍👧‍👦🏳️‍🌈👍🏽🇹🇭",
        "\u{0}\u{1}\u{feff}\u{fffd}",
        "\u{0e33}\u{0e49}\u{0e4d}\u{0e32}",
        "İSTANBUL ŞIŞLI ﬃ ǅ",
        "++++6666 0000000000000000000 0.0.0.0 1/1/1/1 ::::",
        "@@@@@ www. http:// .com a@b",
    ] {
        holds(text, &READER.read(text));
        words_hold(text);
    }
}

#[test]
fn a_hundred_thousand_characters_of_anything() {
    for piece in ["ก", "0 ", "\u{0e49}", "@a.b/", "โอน ", "บ่าย3โมง ", "a\u{300}", "ถ. 1 10110 "]
    {
        let text: String = piece.chars().cycle().take(100_000).collect();
        holds(&text, &READER.read(&text));
    }
}
