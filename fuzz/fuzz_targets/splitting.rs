//! Long texts in pieces that fit, one form for texts that read alike, and file names safe on every disk.
#![no_main]

use domain::{LengthUnit, TextLimit, fold, safe_file_name, split_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u16, &str)| {
    let (unit, most, text) = input;
    let unit = [LengthUnit::Utf16Units, LengthUnit::Bytes, LengthUnit::Characters][usize::from(unit % 3)];
    // No platform's limit is shorter than one character.
    let most = usize::from(most % 6_000).max(4);
    let pieces = split_text(text, TextLimit { most, unit });
    for piece in &pieces {
        assert!(unit.count(piece) <= most && !piece.is_empty());
    }
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(squeeze(&pieces.concat()), squeeze(text), "something was lost");
    let folded = fold(text);
    assert_eq!(fold(&folded), folded, "what is folded folds to itself");
    let name = safe_file_name(text);
    assert!(!name.is_empty() && name.chars().count() <= 120 && name.len() <= 240);
    assert!(
        !name.contains(['/', '\\', '\0', '\n', ':', '<', '>', '"', '|', '?', '*'])
            && name != "."
            && name != ".."
    );
    assert_eq!(safe_file_name(&name), name, "a safe name stays as it is");
});
