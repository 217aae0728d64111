//! A shop's folder as an owner may write it: files one after another, each behind a line `=== name`.
#![no_main]

use std::{cell::RefCell, fs, path::Path};

use assistant::{Library, read_knowledge_folder, read_personality_file, read_shop_folder, write_personality};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const NAMES: [&str; 5] =
    ["shop.json", "prices.csv", "quick_replies.json", "personality.json", "knowledge/one.md"];

thread_local! {
    static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

/// Lays the files out; what is not named is not there.
fn lay_out(folder: &Path, bytes: &[u8]) {
    for name in NAMES {
        let _ = fs::remove_file(folder.join(name));
    }
    let mut rest = bytes;
    while let Some(begins) = rest.windows(4).position(|window| window == b"=== ") {
        rest = &rest[begins + 4..];
        let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let name = NAMES.into_iter().find(|name| name.as_bytes() == &rest[..line]);
        rest = rest.get(line + 1..).unwrap_or_default();
        let end = rest.windows(5).position(|window| window == b"\n=== ").map_or(rest.len(), |at| at + 1);
        if let Some(name) = name {
            fs::write(folder.join(name), &rest[..end]).expect("a temporary folder");
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with_borrow_mut(|kept| {
        let folder = kept.get_or_insert_with(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir(folder.path().join("knowledge")).expect("a folder in it");
            folder
        });
        lay_out(folder.path(), bytes);
        if let Ok(knowledge) = read_knowledge_folder(folder.path()) {
            let library = Library::build(knowledge);
            for words in ["ราคาเท่าไหร่", "how much is it?", "เปิดกี่โมง"]
            {
                let _ = library.find(words, 5);
            }
        }
        let _ = read_shop_folder(folder.path());
        let file = folder.path().join("personality.json");
        if let Ok(personality) = read_personality_file(&file) {
            fs::write(&file, write_personality(&personality)).expect("a temporary folder");
            assert_eq!(read_personality_file(&file).expect("what we write, we read"), personality);
        }
    });
});
