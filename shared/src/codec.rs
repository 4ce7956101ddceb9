//! RFC 6381 codec strings in words.

/// A codec string for people: `avc1.64001f` is "H.264 High 3.1".
#[must_use]
pub fn words(codec: &str) -> String {
    let mut parts = codec.split('.');
    match parts.next().unwrap_or_default() {
        "avc1" | "avc3" => h264(parts.next().unwrap_or_default()),
        "hvc1" | "hev1" => h265(parts),
        "av01" => av1(parts),
        "vp09" => "VP9".into(),
        "mp4a" => "AAC".into(),
        _ => codec.to_owned(),
    }
}

fn h264(bytes: &str) -> String {
    let byte = |at: usize| bytes.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    let (Some(profile), Some(constraints), Some(level)) = (byte(0), byte(2), byte(4)) else { return "H.264".into() };
    let name = match profile {
        66 if constraints & 0x40 != 0 => "Constrained Baseline",
        66 => "Baseline",
        77 => "Main",
        88 => "Extended",
        100 => "High",
        110 => "High 10",
        122 => "High 4:2:2",
        244 => "High 4:4:4",
        _ => return "H.264".into(),
    };
    format!("H.264 {name} {}.{}", level / 10, level % 10)
}

/// Profile, compatibility, tier and level (30 times its number).
fn h265<'a>(mut parts: impl Iterator<Item = &'a str>) -> String {
    let name = match parts.next() {
        Some("1") => "H.265 Main",
        Some("2") => "H.265 Main 10",
        _ => return "H.265".into(),
    };
    let level = parts.nth(1).and_then(|level| level.get(1..)?.parse::<u32>().ok());
    level.map_or_else(|| name.to_owned(), |level| format!("{name} {}.{}", level / 30, level % 30 / 3))
}

/// Profile, level index and tier, depth (AV1 in ISOBMFF section 5).
fn av1<'a>(mut parts: impl Iterator<Item = &'a str>) -> String {
    let name = match parts.next() {
        Some("0") => "AV1 Main",
        Some("1") => "AV1 High",
        Some("2") => "AV1 Professional",
        _ => return "AV1".into(),
    };
    let index = parts.next().and_then(|level| level.get(..2)?.parse::<u32>().ok());
    index.map_or_else(|| name.to_owned(), |index| format!("{name} {}.{}", 2 + index / 4, index % 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codec_strings_have_words() {
        for (codec, wanted) in [
            ("avc1.64001f", "H.264 High 3.1"),
            ("avc1.42c01e", "H.264 Constrained Baseline 3.0"),
            ("avc1.4d0028", "H.264 Main 4.0"),
            ("avc1.zz", "H.264"),
            ("avc1", "H.264"),
            ("hvc1.1.6.L93.B0", "H.265 Main 3.1"),
            ("hvc1.2.4.L150", "H.265 Main 10 5.0"),
            ("hvc1.1", "H.265 Main"),
            ("av01.0.01M.08", "AV1 Main 2.1"),
            ("av01", "AV1"),
            ("mp4a.40.2", "AAC"),
            ("what.ever", "what.ever"),
        ] {
            assert_eq!(words(codec), wanted);
        }
    }
}
