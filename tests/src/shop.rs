//! A small café: a price table, an article about parking, hours, and a personality with ค่ะ.

use domain::{
    Article, ArticleId, Bilingual, Knowledge, PriceId, PriceRow, ShopFacts, Span, Timestamp, Tongue,
    WeekHours,
};
use jiff::civil::time;
use store::KnowledgePiece;

/// Wednesday 2026-06-10, 10:30 in Bangkok: the shop is open.
pub const MORNING: Timestamp = Timestamp::from_millis(testkit::clock::START_MS);

/// What Mali asks; the answer names 75.
pub const ASKS_LATTE: &str = "ลาเต้เย็นราคาเท่าไหร่คะ";
pub const ASKS_CROISSANT: &str = "ครัวซองต์ราคาเท่าไหร่คะ";
pub const ASKS_PARKING: &str = "มีที่จอดรถไหมคะ";

/// Everything the café knows. Open daily from 7:30 to 17:00, Bangkok time.
pub fn cafe() -> Vec<KnowledgePiece> {
    let day = vec![Span(time(7, 30, 0, 0), time(17, 0, 0, 0))];
    knowledge(WeekHours {
        mon: day.clone(),
        tue: day.clone(),
        wed: day.clone(),
        thu: day.clone(),
        fri: day.clone(),
        sat: day.clone(),
        sun: day,
    })
}

/// The same café without hours: it never closes.
pub fn cafe_that_never_closes() -> Vec<KnowledgePiece> {
    knowledge(WeekHours::default())
}

fn knowledge(hours: WeekHours) -> Vec<KnowledgePiece> {
    vec![
        KnowledgePiece::Facts(ShopFacts {
            name: Bilingual::both("ศาลาคาเฟ่", "Sala Café"),
            trade: "café".to_owned(),
            timezone: "Asia/Bangkok".to_owned(),
            hours,
            ..ShopFacts::default()
        }),
        KnowledgePiece::Prices(vec![
            price(1, "LAT-I", "ลาเต้เย็น", "Iced latte", 75),
            price(2, "CRO", "ครัวซองต์", "Croissant", 90),
            price(3, "AME-H", "อเมริกาโน่ร้อน", "Hot americano", 60),
        ]),
        KnowledgePiece::Article(Article {
            id: ArticleId::new(MORNING, [2; 10]),
            slug: "parking".to_owned(),
            title: "ที่จอดรถ".to_owned(),
            tongues: vec![Tongue::Thai],
            tags: vec!["จอดรถ".to_owned()],
            body: "มีที่จอดรถหลังร้าน 12 คัน จอดฟรี".to_owned(),
            updated: None,
        }),
    ]
}

/// A whole shop, piece by piece.
pub fn pieces(knowledge: Knowledge) -> Vec<KnowledgePiece> {
    let Knowledge { version: _, facts, articles, prices, quick_replies } = knowledge;
    [KnowledgePiece::Facts(facts), KnowledgePiece::Prices(prices)]
        .into_iter()
        .chain(articles.into_iter().map(KnowledgePiece::Article))
        .chain(quick_replies.into_iter().map(KnowledgePiece::QuickReply))
        .collect()
}

fn price(nth: u8, sku: &str, th: &str, en: &str, baht: i64) -> PriceRow {
    PriceRow {
        id: PriceId::new(MORNING, [nth; 10]),
        sku: sku.to_owned(),
        name_th: th.to_owned(),
        name_en: en.to_owned(),
        variant: String::new(),
        price_satang: baht * 100,
        stock: None,
        note: String::new(),
    }
}
