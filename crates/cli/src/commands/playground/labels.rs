//! The words around the talk, in the owner's two languages.

use std::env;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    Thai,
    English,
}

/// What stands before each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Arrival,
    Understanding,
    Decision,
    Reply,
    Delivery,
}

impl Tongue {
    /// As the terminal's locale says.
    pub(super) fn of_the_terminal() -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
        if locale.is_some_and(|locale| locale.starts_with("th")) { Self::Thai } else { Self::English }
    }

    pub(super) const fn of_the_domain(self) -> domain::Tongue {
        match self {
            Self::Thai => domain::Tongue::Thai,
            Self::English => domain::Tongue::English,
        }
    }

    const fn pick(self, th: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Thai => th,
            Self::English => en,
        }
    }

    pub(super) const fn label(self, label: Label) -> &'static str {
        match label {
            Label::Arrival => self.pick("ข้อความเข้า", "arrival"),
            Label::Understanding => self.pick("ความเข้าใจ", "understanding"),
            Label::Decision => self.pick("การตัดสินใจ", "decision"),
            Label::Reply => self.pick("คำตอบ", "reply"),
            Label::Delivery => self.pick("การส่ง", "delivery"),
        }
    }

    pub(super) fn welcome(self, shop: &str, articles: usize, prices: usize) -> String {
        match self {
            Self::Thai => format!(
                "ศาลา: สนามลองเล่นกับร้าน {shop} (บทความ {articles} เรื่อง ราคา {prices} รายการ)\n\
                 พิมพ์เหมือนเป็นลูกค้า ไม่มีอะไรออกจากเครื่องนี้ และทุกอย่างถูกลบเมื่อจบ · /help ดูคำสั่ง · /quit จบ"
            ),
            Self::English => format!(
                "Sala: playing with the shop {shop} ({articles} articles, {prices} prices).\n\
                 Write as a customer would. Nothing leaves this machine, and all of it is deleted at the end. \
                 /help lists the commands, /quit ends."
            ),
        }
    }

    pub(super) const fn help(self) -> &'static str {
        self.pick(
            "  /as ชื่อ       เปลี่ยนเป็นลูกค้าคนอื่น\n\
             \x20 /sticker คำ    ส่งสติกเกอร์\n\
             \x20 ข้อความ \\      ลงท้ายด้วย \\ เพื่อพิมพ์ต่อเป็นชุดเดียวกัน\n\
             \x20 /auto /draft /off   ตอบเอง · ร่างให้เจ้าของ · ไม่ตอบ\n\
             \x20 /approve [คำ]  ส่งร่าง (จะแก้คำก็ได้) · /refuse [เหตุผล]\n\
             \x20 /take /back    เจ้าของรับเรื่อง · คืนให้ผู้ช่วย · /resolve จบเรื่อง\n\
             \x20 /receipts      ดูที่มาของคำตอบล่าสุดทั้งหมด\n\
             \x20 /th /en        ภาษาของหน้านี้ · /quit จบ",
            "  /as NAME       become another customer\n\
             \x20 /sticker WORDS send a sticker\n\
             \x20 words \\        a line that ends with \\ goes on with the next one, as a burst\n\
             \x20 /auto /draft /off   answer by itself · drafts for the owner · no answers\n\
             \x20 /approve [WORDS]    send the draft (in your words) · /refuse [WHY]\n\
             \x20 /take /back    the owner takes over · gives back · /resolve ends the matter\n\
             \x20 /receipts      everything behind the last answer\n\
             \x20 /th /en        language of this page · /quit ends",
        )
    }

    pub(super) const fn no_draft(self) -> &'static str {
        self.pick("  ไม่มีร่างที่รออยู่", "  no draft is waiting")
    }

    pub(super) const fn owner_draft(self) -> &'static str {
        self.pick("ร่างรอเจ้าของ (/approve หรือ /refuse)", "a draft waits for the owner (/approve or /refuse)")
    }

    pub(super) const fn too_long(self) -> &'static str {
        self.pick("  ยังไม่มีคำตอบ", "  no answer yet")
    }

    pub(super) const fn nothing_yet(self) -> &'static str {
        self.pick("  ยังไม่มีอะไรให้ดู", "  nothing to show yet")
    }

    pub(super) const fn person_note(self) -> &'static str {
        self.pick("รอคน · ผู้ช่วยเงียบจนกว่าจะ /back", "a person is awaited; the assistant is silent until /back")
    }

    pub(super) const fn by_itself(self) -> &'static str {
        self.pick("ตอบเอง", "answer by itself")
    }

    pub(super) const fn silent(self) -> &'static str {
        self.pick("ไม่ตอบ", "stay silent")
    }

    pub(super) const fn escalate(self) -> &'static str {
        self.pick("เรียกเจ้าของ", "call the owner")
    }

    pub(super) const fn asks_owner(self) -> &'static str {
        self.pick("ร่างให้เจ้าของดูก่อน", "put a draft before the owner")
    }
}
