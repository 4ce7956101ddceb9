//! Codecs in words, and what is said where a browser does not play one.

pub(crate) use sightline_shared::codec::words;

/// The codec alone, without profile and level: `hvc1.1.6.L93.B0` is "H.265".
pub(crate) fn family(codec: &str) -> String {
    words(codec.split('.').next().unwrap_or_default())
}

/// What a browser that cannot play `codec` shows.
pub(crate) fn unplayable(codec: &str) -> String {
    let who = match codec.split('.').next().unwrap_or_default() {
        "hvc1" | "hev1" => " Safari can, and Edge or Chrome with a hardware decoder for it.",
        "av01" => " Current Chrome, Edge and Firefox can.",
        _ => "",
    };
    format!(
        "This browser cannot play {} ({codec}).{who} Choose \"auto\" under Now for what the server encodes to H.264, set \
         the camera to H.264, or open this page in another browser.",
        words(codec)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
