//! What a file is, by its first bytes; what its sender calls it is not believed.

/// The type by content; `application/octet-stream` when unknown. Text is `text/plain`, whatever it contains, so
/// that nothing is ever run or rendered as a page.
pub(crate) fn sniff(bytes: &[u8]) -> &'static str {
    const MAGIC: [(&[u8], &str); 18] = [
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"BM", "image/bmp"),
        (b"%PDF-", "application/pdf"),
        (b"OggS", "audio/ogg"),
        (b"ID3", "audio/mpeg"),
        (b"\xff\xfb", "audio/mpeg"),
        (b"\xff\xf3", "audio/mpeg"),
        (b"\xff\xf1", "audio/aac"),
        (b"\xff\xf9", "audio/aac"),
        (b"#!AMR", "audio/amr"),
        (b"fLaC", "audio/flac"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x1f\x8b", "application/gzip"),
        (b"MZ", "application/vnd.microsoft.portable-executable"),
    ];
    if let Some((_, mime)) = MAGIC.into_iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return mime;
    }
    match (bytes.get(..4), bytes.get(4..8), bytes.get(8..12)) {
        (Some(b"RIFF"), _, Some(b"WEBP")) => "image/webp",
        (Some(b"RIFF"), _, Some(b"WAVE")) => "audio/wav",
        (_, Some(b"ftyp"), Some(brand)) => iso_media(brand),
        _ if is_text(bytes) => "text/plain",
        _ => "application/octet-stream",
    }
}

fn iso_media(brand: &[u8]) -> &'static str {
    match brand {
        b"M4A " | b"M4B " => "audio/mp4",
        b"qt  " => "video/quicktime",
        b"heic" | b"heix" | b"mif1" | b"msf1" => "image/heic",
        b"avif" => "image/avif",
        _ => "video/mp4",
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).is_ok_and(|text| !text.is_empty() && !text.contains(control))
}

/// The endings of this type, the usual one first; none where the name knows better (archives, unknown).
pub(crate) const fn extensions(mime: &str) -> &'static [&'static str] {
    match mime.as_bytes() {
        b"image/jpeg" => &["jpg", "jpeg", "jpe", "jfif"],
        b"image/png" => &["png", "apng"],
        b"image/gif" => &["gif"],
        b"image/bmp" => &["bmp"],
        b"image/webp" => &["webp"],
        b"image/heic" => &["heic", "heif"],
        b"image/avif" => &["avif"],
        b"application/pdf" => &["pdf"],
        b"audio/ogg" => &["ogg", "oga", "opus", "ogv"],
        b"audio/mpeg" => &["mp3"],
        b"audio/aac" => &["aac"],
        b"audio/amr" => &["amr"],
        b"audio/flac" => &["flac"],
        b"audio/wav" => &["wav"],
        b"audio/mp4" => &["m4a", "m4b", "mp4"],
        b"video/mp4" => &["mp4", "m4v", "3gp"],
        b"video/quicktime" => &["mov", "qt"],
        b"video/webm" => &["webm", "mkv"],
        b"application/vnd.microsoft.portable-executable" => &["exe", "dll"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_what_the_bytes_say() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe0JFIF"), "image/jpeg");
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(sniff(b"\0\0\0\x20ftypM4A \0\0"), "audio/mp4");
        assert_eq!(sniff(b"<script>alert(1)</script>"), "text/plain");
        assert_eq!(sniff(b""), "application/octet-stream");
        assert_eq!(sniff(&[0, 1, 2, 0xfe]), "application/octet-stream");
    }
}
