//! Whether a turn wishes to have something done, rather than asking about it.

use super::signs;
use crate::knowledge::Query;

/// What a customer wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Book,
    Order,
    Move,
    Exchange,
    Cancel,
}

/// What the turn wishes to have done, if it is a wish and not a question about the rules.
pub(crate) fn wish(query: &Query) -> Option<Wish> {
    let text = query.normal.as_str();
    let asks_rule = query.cue("q:price")
        || query.cue("q:howlong")
        || query.cue("q:howmany")
        || query.cue("q:when")
        || query.cue("q:where")
        || query.cue("q:right")
        || query.cue("q:stock")
        || query.has("t:discount")
        || signs::has(
            text,
            &["ต้องนัด", "ต้องจอง", "ต้องสั่ง", "do i need", "do we need", "need to book", "how do i", "how to"],
        );
    if asks_rule {
        return None;
    }
    let starts = |words: &[&str]| {
        text.split(['\n', ' ']).any(|piece| words.iter().any(|word| piece.starts_with(word)))
    };
    if query.has("t:cancel") {
        return signs::has(
            text,
            &[
                "ขอยกเลิก",
                "ยกเลิกนัด",
                "ยกเลิกออเดอร์",
                "ยกเลิกการจอง",
                "cancel my",
                "cancel the",
                "to cancel",
                "want to cancel",
            ],
        )
        .then_some(Wish::Cancel);
    }
    if query.has("t:postpone")
        && signs::has(
            text,
            &[
                "ขอเลื่อน",
                "เลื่อนนัด",
                "อยากเลื่อน",
                "ขอเปลี่ยนวัน",
                "ขอเปลี่ยนเวลา",
                "reschedule my",
                "move my",
                "to reschedule",
                "postpone my",
                "change my appointment",
                "change my booking",
                "reschedule",
            ],
        )
    {
        return (!query.cue("q:can")).then_some(Wish::Move);
    }
    if signs::has(
        text,
        &[
            "จะเปลี่ยนไซส์",
            "ขอเปลี่ยนไซส์",
            "อยากเปลี่ยน",
            "ขอเปลี่ยนเป็น",
            "ขอเปลี่ยนของ",
            "want to exchange",
            "like to exchange",
            "exchange my",
        ],
    ) {
        return (!query.cue("q:can")).then_some(Wish::Exchange);
    }
    let books = query.has_any(&["t:book", "t:appointment"])
        && (starts(&["จอง", "ขอจอง", "อยากจอง", "จะจอง", "นัด", "ขอนัด", "จะนัด", "อยากนัด", "งั้นจอง"])
            || signs::has(
                text,
                &[
                    "ขอจอง",
                    "อยากจอง",
                    "จะจอง",
                    "ขอนัด",
                    "จะนัด",
                    "อยากนัด",
                    "รบกวนจอง",
                    "ช่วยจอง",
                    "สนใจจอง",
                    "จองคิว",
                    "จองโต๊ะ",
                    "จองห้อง",
                    "want to book",
                    "like to book",
                    "please book",
                    "book a",
                    "book the",
                    "book me",
                    "i'd like to reserve",
                    "reserve a",
                    "make a reservation",
                    "make a booking",
                    "make an appointment",
                    "need an appointment",
                    "want an appointment",
                    "can i book",
                    "could i book",
                    "want to reserve",
                    "like to make",
                    "want to make",
                ],
            ));
    if books {
        return Some(Wish::Book);
    }
    if signs::has(
        text,
        &[
            "can i come",
            "come in tomorrow",
            "ว่างไหม",
            "ว่างมั้ย",
            "มีคิวไหม",
            "มีคิวว่าง",
            "คิวว่าง",
            "can you fit me",
            "i'd like to fix",
            "like to fix",
        ],
    ) || (starts(&["จะเอา"]) && signs::has(text, &["ไปเปลี่ยน", "ไปซ่อม", "ไปทำ"]))
    {
        return Some(Wish::Book);
    }
    let orders =
        starts(&["สั่ง", "ขอสั่ง", "เอา", "รับ", "cf", "ขอรับ", "จะสั่ง", "อยากสั่ง", "อยากได้", "งั้นเอา", "จะรับ"])
            && !signs::has(
                text,
                &[
                    "รับบัตร",
                    "รับซื้อ",
                    "รับสมัคร",
                    "รับประกัน",
                    "รับซ่อม",
                    "รับทำ",
                    "รับปลด",
                    "รับออกแบบ",
                    "รับปาก",
                    "รับรอง",
                    "รับทราบ",
                    "เอาไป",
                    "เอามา",
                ],
            );
    let yes_no = query.cue("q:can") || signs::has(text, &["ไหม", "มั้ย", "ปะ", "ป่าว", "เปล่า"]);
    if orders && !yes_no
        || signs::has(
            text,
            &[
                "want to order",
                "like to order",
                "i'll take",
                "i will take",
                "can i order",
                "want to buy",
                "like to buy",
                "please send",
                "can you keep",
                "keep for me",
                "can you hold",
                "ขอสั่ง",
                "อยากสั่ง",
                "จะสั่ง",
                "ช่วยเก็บ",
                "ฝากเก็บ",
                "can i get",
                "i'd like to get",
                "order for",
            ],
        )
    {
        return Some(Wish::Order);
    }
    None
}
