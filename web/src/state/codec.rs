//! RFC 6381 codec strings in words.

/// A codec string for people: `avc1.64001f` is "H.264 High 3.1".
pub(crate) fn words(codec: &str) -> String {
    let mut parts = codec.split('.');
    match parts.next().unwrap_or_default() {
        "avc1" | "avc3" => h264(parts.next().unwrap_or_default()),
        "hvc1" | "hev1" => match parts.next() {
            Some("1") => "H.265 Main".into(),
            Some("2") => "H.265 Main 10".into(),
            _ => "H.265".into(),
        },
        "av01" => "AV1".into(),
        "vp09" => "VP9".into(),
        "mp4a" => "AAC".into(),
        _ => codec.to_owned(),
    }
}

/// The codec alone, without profile and level: `hvc1.1.6.L93.B0` is "H.265".
pub(crate) fn family(codec: &str) -> String {
    match codec.split('.').next().unwrap_or_default() {
        "avc1" | "avc3" => "H.264".into(),
        "hvc1" | "hev1" => "H.265".into(),
        _ => words(codec),
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

/// What a browser that cannot play `codec` shows.
pub(crate) fn unplayable(codec: &str) -> String {
    let who = match codec.split('.').next().unwrap_or_default() {
        "hvc1" | "hev1" => " Safari can, and Edge or Chrome with a hardware decoder for it.",
        "av01" => " Current Chrome, Edge and Firefox can.",
        _ => "",
    };
    format!(
        "This browser cannot play {} ({codec}).{who} Choose \"auto\" or \"main\" under Now to have it encoded by the server, set \
         the camera to H.264, or open this page in another browser.",
        words(codec)
    )
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
            ("hvc1.1.6.L93.B0", "H.265 Main"),
            ("mp4a.40.2", "AAC"),
            ("what.ever", "what.ever"),
        ] {
            assert_eq!(words(codec), wanted);
        }
    }

    #[test]
    fn a_family_has_no_profile() {
        for (codec, wanted) in [("avc1.64001f", "H.264"), ("hev1.2", "H.265"), ("av01.0.04M.08", "AV1")] {
            assert_eq!(family(codec), wanted);
        }
    }

    #[test]
    fn a_browser_that_cannot_play_it_is_told_who_can() {
        assert!(unplayable("hvc1.1.6.L93.B0").contains("Safari"));
        assert!(unplayable("avc1.64001f").starts_with("This browser cannot play H.264 High 3.1 (avc1.64001f)."));
    }
}
