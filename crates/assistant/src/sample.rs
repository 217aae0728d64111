//! The sample shop that ships with the app: a guest house, in Thai and English.

use domain::{Knowledge, Personality};

use crate::shop_folder::{ShopError, ShopFiles, knowledge_of, personality_of};

const FILES: [(&str, &str); 15] = [
    ("shop.json", include_str!("../sample-shop/shop.json")),
    ("prices.csv", include_str!("../sample-shop/prices.csv")),
    ("quick_replies.json", include_str!("../sample-shop/quick_replies.json")),
    ("personality.json", include_str!("../sample-shop/personality.json")),
    ("knowledge/about.md", include_str!("../sample-shop/knowledge/about.md")),
    ("knowledge/booking.md", include_str!("../sample-shop/knowledge/booking.md")),
    ("knowledge/breakfast.md", include_str!("../sample-shop/knowledge/breakfast.md")),
    ("knowledge/check-in.md", include_str!("../sample-shop/knowledge/check-in.md")),
    ("knowledge/children-pets.md", include_str!("../sample-shop/knowledge/children-pets.md")),
    ("knowledge/cooking-class.md", include_str!("../sample-shop/knowledge/cooking-class.md")),
    ("knowledge/motorbikes.md", include_str!("../sample-shop/knowledge/motorbikes.md")),
    ("knowledge/parking.md", include_str!("../sample-shop/knowledge/parking.md")),
    ("knowledge/promo.md", include_str!("../sample-shop/knowledge/promo.md")),
    ("knowledge/rooms.md", include_str!("../sample-shop/knowledge/rooms.md")),
    ("knowledge/wifi.md", include_str!("../sample-shop/knowledge/wifi.md")),
];

/// Knowledge and personality of the sample shop.
pub fn sample_shop() -> Result<(Knowledge, Personality), ShopError> {
    let files: ShopFiles =
        FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Ok((knowledge_of(&files)?, personality_of(&files)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_shop_is_whole() {
        let (knowledge, personality) = sample_shop().unwrap();
        assert_eq!(knowledge.articles.len(), 11);
        assert_eq!(knowledge.prices.len(), 26);
        assert_eq!(knowledge.quick_replies.len(), 8);
        assert_eq!(personality.name, "น้องฝ้าย");
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-shop");
        let read = crate::read_shop_folder(&folder).unwrap();
        assert_eq!(read, (knowledge, personality), "every file of the folder ships");
    }
}
