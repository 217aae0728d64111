//! What customers write, and what the shop should make of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::LazyLock;

use domain::{EntityKind, Flag, Intent, Language, SentimentLevel, wants_a_person_now};
use nlu::Reader;

static READER: LazyLock<Reader> = LazyLock::new(Reader::new);

#[test]
fn each_intent_in_thai_and_english() {
    let table = [
        ("Mali greets", "สวัสดีค่าา", Intent::Greeting),
        ("Tom greets", "hello anyone there?", Intent::Greeting),
        ("Mali in Latin letters", "sawasdee ka", Intent::Greeting),
        ("the price of the blue shirt", "เสื้อสีฟ้าตัวนี้ราคาเท่าไหร่คะ", Intent::PurchaseInquiry),
        ("the price, misspelt", "อันนี้กี่บาดอ่ะ", Intent::PurchaseInquiry),
        ("the price in Latin letters", "raka tao rai ka", Intent::PurchaseInquiry),
        ("shipping", "how much is shipping to Chiang Mai?", Intent::PurchaseInquiry),
        ("a table", "จองโต๊ะ ๔ ที่ เสาร์นี้หกโมงเย็นค่ะ", Intent::Booking),
        ("a room", "can I book a room for Friday night", Intent::Booking),
        ("the menu", "ขอเมนูหน่อยค่ะ", Intent::Request),
        ("an invoice", "please send me the invoice", Intent::Request),
        ("opening hours", "ร้านเปิดกี่โมงคะ", Intent::Question),
        ("parking", "is there parking nearby?", Intent::Question),
        ("a slip", "โอนแล้วนะคะ ส่งสลิปให้แล้ว รบกวนเช็คด้วยค่ะ", Intent::Support),
        ("a late parcel", "where is my parcel? tracking shows nothing", Intent::Support),
        ("rotten food", "อาหารห่วยมาก รอนานเป็นชั่วโมง ไม่มาอีกแล้ว", Intent::Complaint),
        ("rude staff", "terrible service, the staff was so rude", Intent::Complaint),
        ("money back", "ขอเงินคืนค่ะ", Intent::Refund),
        ("money back in English", "I want a refund please", Intent::Refund),
        ("praise", "อร่อยมากกกก บริการดีสุดๆ", Intent::Compliment),
        ("praise in English", "best coffee in town, love it!", Intent::Compliment),
        ("thanks", "ขอบคุณค่ะ", Intent::Goodbye),
        ("thanks and bye", "thank you, bye", Intent::Goodbye),
        ("yes", "ใช่ค่ะ", Intent::Affirm),
        ("yes please", "yes please", Intent::Affirm),
        ("no", "ไม่เอาค่ะ", Intent::Deny),
        ("a number asked for", "0891234567", Intent::Inform),
        ("laughter", "5555555", Intent::Unknown),
        ("hearts", "❤️❤️", Intent::Unknown),
        ("marks", "...", Intent::Unknown),
    ];
    for (name, text, wanted) in table {
        let meaning = READER.read(text);
        assert_eq!(meaning.intent(), wanted, "{name}: {text}: {:?}", meaning.intents);
    }
}

#[test]
fn a_message_may_have_two_intents() {
    let meaning = READER.read("อร่อยมากค่ะ เมนูใหม่ราคาเท่าไหร่คะ");
    assert!(meaning.intents.len() >= 2, "{:?}", meaning.intents);
}

#[test]
fn attitudes_and_what_bends_them() {
    use SentimentLevel::{Negative, Neutral, Positive, VeryNegative, VeryPositive};
    let table: [(&str, &str, &[SentimentLevel]); 15] = [
        ("a greeting is no praise", "สวัสดีค่ะ", &[Neutral]),
        ("a short greeting is no praise", "ดีค่ะ", &[Neutral]),
        ("a delay is no praise", "พัสดุดีเลย์เหรอคะ", &[Neutral]),
        ("a polite question", "ราคาเท่าไหร่คะ ขอทราบหน่อยนะคะ", &[Neutral]),
        ("a fact", "รับ 2 ชิ้นค่ะ", &[Neutral]),
        ("plain praise", "อร่อยค่ะ", &[Positive, VeryPositive]),
        ("strong praise", "อร่อยที่สุดในโลก ประทับใจมากค่ะ ❤️", &[VeryPositive]),
        ("praise in English", "absolutely amazing, highly recommend!", &[VeryPositive]),
        ("denied praise", "ไม่อร่อยเลยค่ะ", &[Negative, VeryNegative]),
        ("denied praise in English", "not good at all", &[Negative, VeryNegative]),
        ("calm blame", "ผิดหวังนิดนึงค่ะ ของไม่ตรงปก", &[Negative]),
        ("fury", "ห่วยแตกที่สุด ไม่มาอีกแล้ว", &[VeryNegative]),
        ("fury in English", "worst restaurant ever, never again", &[VeryNegative]),
        ("an insult", "ไอ้ควาย ทำงานห่วยแตก", &[VeryNegative]),
        ("a swindle", "ร้านโกง เลวมาก", &[VeryNegative]),
    ];
    for (name, text, wanted) in table {
        let felt = READER.read(text).sentiment;
        assert!(wanted.contains(&felt.label), "{name}: {text}: {felt:?}");
        assert!(
            (felt.score - felt.label.score()).abs() < 0.2,
            "{name}: the score leaves its level: {felt:?}"
        );
    }
}

#[test]
fn what_must_not_be_overlooked() {
    let table = [
        ("a report to the police", "พรุ่งนี้จะไปแจ้งความนะคะ", Some(Flag::Legal)),
        ("the consumer board", "จะร้องเรียน สคบ. ค่ะ", Some(Flag::Legal)),
        ("a lawyer", "my lawyer will contact you", Some(Flag::Legal)),
        ("a licence number is no threat", "ครีมตัวนี้มีเลข อย. ไหมคะ", None),
        ("an allergic reaction", "กินแล้วหายใจไม่ออก ปากบวม", Some(Flag::Emergency)),
        (
            "an allergic reaction in English",
            "my son can't breathe after eating your cake",
            Some(Flag::Emergency),
        ),
        ("thinking of death", "ไม่อยากมีชีวิตอยู่แล้ว", Some(Flag::Emergency)),
        ("a question about allergens", "มีถั่วไหมคะ แพ้ถั่ว", None),
        ("an insult", "ไอ้สัตว์ โกงกันชัดๆ", Some(Flag::Abuse)),
        ("an insult in English", "you idiots", Some(Flag::Abuse)),
        ("swearing in praise", "อร่อยเหี้ยๆ", None),
        ("the owner", "ขอคุยกับเจ้าของร้านค่ะ", Some(Flag::WantsPerson)),
        ("a human", "I want to talk to a human", Some(Flag::WantsPerson)),
        ("no bot", "ไม่เอาบอท ขอคนจริงๆ ตอบ", Some(Flag::WantsPerson)),
        ("gambling", "สล็อตเว็บตรง แตกง่าย สมัครเลย www.slot99.example", Some(Flag::Spam)),
        ("a loan", "เงินกู้ด่วน อนุมัติไว ไม่เช็คบูโร", Some(Flag::Spam)),
        ("a customer", "สั่ง 2 กล่องค่ะ", None),
    ];
    for (name, text, wanted) in table {
        let meaning = READER.read(text);
        match wanted {
            Some(flag) => assert!(meaning.has(flag), "{name}: {text}: {:?}", meaning.flags),
            None => assert!(meaning.flags.is_empty(), "{name}: {text}: {:?}", meaning.flags),
        }
    }
}

#[test]
fn somchai_is_angry_and_a_person_is_called_but_mali_only_asks() {
    assert!(wants_a_person_now(&READER.read("ห่วยแตกมาก โกงลูกค้า คืนเงินมาเดี๋ยวนี้")));
    assert!(wants_a_person_now(&READER.read("ขอสายผู้จัดการหน่อย คุยกับบอทไม่รู้เรื่อง")));
    assert!(!wants_a_person_now(&READER.read("เสื้อสีฟ้ามีไซส์ M ไหมคะ")));
    assert!(!wants_a_person_now(&READER.read("ขอบคุณมากค่ะ อร่อยมาก")));
    // politely asked back: neither fury nor a flag, yet learned as pressing
    assert!(READER.read("โอนเกินไป 200 ค่ะ รบกวนโอนคืนด้วยนะคะ").presses > 0.5);
    assert!(READER.read("ร้านเปิดกี่โมงคะ").presses < 0.1);
}

#[test]
fn mixed_language_is_seen() {
    assert_eq!(READER.read("ขอ refund ได้มั้ยคะ ของ defect").language, Language::Mixed);
    assert_eq!(READER.language("ส่งที่ nok@shop.example ค่ะ"), Language::Th);
}

/// Kind, the words, the value.
type Span = (EntityKind, &'static str, &'static str);

#[test]
fn spans_and_values() {
    use EntityKind::{
        Account, Address, Date, Email, Money, OrderNumber, Phone, Quantity, SocialHandle, Time, Url,
    };
    let table: [(&str, &[Span]); 44] = [
        ("เบอร์ 089-771-2045 ค่ะ", &[(Phone, "089-771-2045", "+66897712045")]),
        ("โทร ๐๖๒-๓๓๑-๙๐๑๒", &[(Phone, "๐๖๒-๓๓๑-๙๐๑๒", "+66623319012")]),
        ("02-714-6603 ต่อ 21 นะคะ", &[(Phone, "02-714-6603 ต่อ 21", "+6627146603;ext=21")]),
        ("call +66 (0)87 664 9021", &[(Phone, "+66 (0)87 664 9021", "+66876649021")]),
        ("whatsapp +44 20 7946 0958", &[(Phone, "+44 20 7946 0958", "+442079460958")]),
        ("โอนมา 055-1-87420-3 ค่ะ", &[(Account, "055-1-87420-3", "0551874203")]),
        ("กสิกร 0551874203", &[(Account, "0551874203", "0551874203")]),
        ("ส่งที่Kanya.P88@Outlook.comนะคะ", &[(Email, "Kanya.P88@Outlook.com", "kanya.p88@outlook.com")]),
        (
            "ดูที่ www.kruapaad.example/branches ค่ะ",
            &[(Url, "www.kruapaad.example/branches", "www.kruapaad.example/branches")],
        ),
        ("แอดไลน์ @Mali_Shop นะ", &[(SocialHandle, "@Mali_Shop", "@mali_shop")]),
        ("line id: somchai99", &[(SocialHandle, "somchai99", "somchai99")]),
        ("๑,๕๐๐ บาท", &[(Money, "๑,๕๐๐ บาท", "1500 THB")]),
        ("ลดเหลือ ฿180 นะ", &[(Money, "฿180", "180 THB")]),
        ("399.- ใช่ไหม", &[(Money, "399.-", "399 THB")]),
        ("งบ 2.5k ค่ะ", &[(Money, "2.5k", "2500 THB")]),
        ("พันห้าได้ไหม", &[(Money, "พันห้า", "1500 THB")]),
        ("4 หมื่น", &[(Money, "4 หมื่น", "40000 THB")]),
        ("it was $14", &[(Money, "$14", "14 USD")]),
        ("ราคา 590 ใช่ไหม", &[(Money, "590", "590 THB")]),
        ("เอา 3 ชิ้น", &[(Quantity, "3 ชิ้น", "3 ชิ้น")]),
        ("สองแก้วค่ะ", &[(Quantity, "สองแก้ว", "2 แก้ว")]),
        ("order #LM-290417", &[(OrderNumber, "#LM-290417", "LM-290417")]),
        ("เลขพัสดุ KRB66012954 ค่ะ", &[(OrderNumber, "KRB66012954", "KRB66012954")]),
        ("รุ่น K-07 มีไหม", &[]),
        ("31/12/2569", &[(Date, "31/12/2569", "2026-12-31")]),
        ("วันที่ ๒๕ พฤษภาคม ๒๕๖๘", &[(Date, "วันที่ ๒๕ พฤษภาคม ๒๕๖๘", "2025-05-25")]),
        ("10 มี.ค. 69", &[(Date, "10 มี.ค. 69", "2026-03-10")]),
        ("March 3rd please", &[(Date, "March 3rd", "--03-03")]),
        ("14 June", &[(Date, "14 June", "--06-14")]),
        ("พรุ้งนี้ว่างไหม", &[(Date, "พรุ้งนี้", "+1d")]),
        ("มะรืนนี้", &[(Date, "มะรืนนี้", "+2d")]),
        ("เสาร์หน้า", &[(Date, "เสาร์หน้า", "next:sat")]),
        ("next Tuesday", &[(Date, "next Tuesday", "next:tue")]),
        ("phrung nee", &[(Date, "phrung nee", "+1d")]),
        ("ไหว้พระจันทร์", &[]),
        ("ให้คะแนน 10/10", &[]),
        ("บ่ายสามครึ่ง", &[(Time, "บ่ายสามครึ่ง", "15:30")]),
        ("2 ทุ่มค่ะ", &[(Time, "2 ทุ่ม", "20:00")]),
        ("6 โมงเย็น", &[(Time, "6 โมงเย็น", "18:00")]),
        ("เที่ยงครึ่ง", &[(Time, "เที่ยงครึ่ง", "12:30")]),
        ("ปิดกี่ทุ่ม", &[]),
        ("17:30 น. นะ", &[(Time, "17:30 น.", "17:30")]),
        ("8.30pm", &[(Time, "8.30pm", "20:30")]),
        (
            "ส่ง 221/8 ถ.นิมมานเหมินท์ ต.สุเทพ อ.เมือง เชียงใหม่ 50200 นะคะ",
            &[(Address, "221/8 ถ.นิมมานเหมินท์ ต.สุเทพ อ.เมือง เชียงใหม่ 50200", "zip=50200")],
        ),
    ];
    for (text, wanted) in table {
        let found = READER.read(text).entities;
        let seen: Vec<(EntityKind, &str, &str)> =
            found.iter().map(|entity| (entity.kind, entity.text.as_str(), entity.value.as_str())).collect();
        assert_eq!(seen, wanted, "{text}");
    }
}

#[test]
fn one_message_with_many_things_in_it() {
    let text = "พรุ่งนี้บ่ายสามไปรับนะคะ โอนแล้ว 1,290 บาท เบอร์ 089-771-2045";
    let found = READER.read(text).entities;
    let kinds: Vec<EntityKind> = found.iter().map(|entity| entity.kind).collect();
    assert_eq!(kinds, [EntityKind::Date, EntityKind::Time, EntityKind::Money, EntityKind::Phone]);
    assert_eq!((found[0].start, found[0].end), (0, 8));
}

#[test]
fn words_of_a_text_without_spaces() {
    let words: Vec<String> = READER.segment("อยากคืนเงินค่ะ 2 ชิ้น").into_iter().map(|token| token.word).collect();
    assert_eq!(words, ["อยาก", "คืนเงิน", "ค่ะ", "2", "ชิ้น"]);
}
