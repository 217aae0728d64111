//! Names of the facts that bookings and orders ask for, as a customer reads them.

use domain::Tongue;

/// A slot's name as a customer would read it.
pub(super) fn label(name: &str, tongue: Tongue) -> String {
    const LABELS: [(&str, &str, &str); 44] = [
        ("date", "วันที่ต้องการ", "the day"),
        ("day", "วันที่สะดวก", "the day"),
        ("time", "เวลา (กี่โมง)", "the time"),
        ("people", "จำนวนคน (กี่ท่าน)", "how many people"),
        ("guests", "จำนวนผู้เข้าพัก (กี่ท่าน)", "how many guests"),
        ("name", "ชื่อ", "your name"),
        ("phone", "เบอร์โทร", "your phone number"),
        ("email", "อีเมล", "your e-mail"),
        ("address", "ที่อยู่", "the address"),
        ("return_address", "ที่อยู่ส่งกลับ", "the return address"),
        ("item", "รายการที่ต้องการ (แบบไหน อะไร)", "which item or service (what exactly)"),
        ("colour", "สี", "the colour"),
        ("size", "ขนาดหรือไซส์", "the size"),
        ("quantity", "จำนวน", "the quantity"),
        ("payment_method", "วิธีจ่ายเงิน (โอนหรือเก็บปลายทาง)", "how you would like to pay"),
        ("cake", "แบบเค้ก (แบบไหน)", "which cake"),
        ("pickup_date", "วันที่รับ", "the pick-up day"),
        ("pickup_time", "เวลารับ (กี่โมง)", "the pick-up time"),
        ("delivery_date", "วันที่ให้ส่ง", "the delivery day"),
        ("delivery_time", "เวลาที่ให้ส่ง", "the delivery time"),
        ("text_on_cake", "ข้อความหน้าเค้ก", "the message on the cake"),
        ("card_message", "ข้อความบนการ์ด", "the message on the card"),
        ("message", "ข้อความ", "the message"),
        ("model", "รุ่น", "the model"),
        ("problem", "อาการ", "the problem"),
        ("treatment", "การรักษาหรือบริการที่ต้องการ (อะไร)", "which treatment"),
        ("service", "บริการที่ต้องการ (อะไร)", "which service"),
        ("order_name", "ชื่อที่ใช้สั่งซื้อ", "the name on the order"),
        ("new_size", "ไซส์ใหม่ที่ต้องการ", "the new size"),
        ("old_date", "วันนัดเดิม", "the present day of your appointment"),
        ("new_date", "วันนัดใหม่ที่สะดวก", "the new day you would like"),
        ("room", "ห้องแบบไหน", "which room"),
        ("room_type", "ห้องแบบไหน", "which room"),
        ("nights", "จำนวนคืน (กี่คืน)", "how many nights"),
        ("check_in", "วันเช็กอิน", "the check-in day"),
        ("check_out", "วันเช็กเอาต์", "the check-out day"),
        ("pet", "ชนิดสัตว์เลี้ยง", "which pet"),
        ("breed", "พันธุ์", "the breed"),
        ("weight", "น้ำหนัก", "the weight"),
        ("course", "คอร์สที่สนใจ", "which course"),
        ("level", "ระดับ", "the level"),
        ("age", "อายุ", "the age"),
        ("recipient", "ชื่อผู้รับ", "the name of the person who receives it"),
        ("occasion", "โอกาส", "the occasion"),
    ];
    let found = LABELS.iter().find(|(key, _, _)| *key == name);
    match (found, tongue) {
        (Some((_, thai, _)), Tongue::Thai) => format!(" {thai}"),
        (Some((_, _, english)), Tongue::English) => (*english).to_owned(),
        (None, Tongue::Thai) => format!(" {}", name.replace('_', " ")),
        (None, Tongue::English) => format!("the {}", name.replace('_', " ")),
    }
}
