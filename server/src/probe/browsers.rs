//! Which browsers play a codec as it is. The facts are those of 2026; a browser that is asked itself knows better.

use sightline_shared::probe::{BrowserPlays, Plays};

/// Every kind of browser that is told of.
const BROWSERS: [&str; 5] = ["Chromium", "Chrome", "Edge", "Firefox", "Safari"];

/// Who plays a stream of this RFC 6381 string.
pub(super) fn browsers(codec: &str) -> Vec<BrowserPlays> {
    let says = match codec.split('.').next().unwrap_or_default() {
        "avc1" | "avc3" => h264(codec),
        "hvc1" | "hev1" => [
            (Plays::No, "has no decoder for H.265"),
            (Plays::Depends, "with a hardware decoder for H.265"),
            (Plays::Depends, "with a hardware decoder for H.265"),
            (Plays::Depends, "on Windows and macOS with a hardware decoder; not on Linux"),
            (Plays::Yes, ""),
        ],
        "av01" => [
            (Plays::Yes, ""),
            (Plays::Yes, ""),
            (Plays::Yes, ""),
            (Plays::Yes, ""),
            (Plays::Depends, "on devices with a hardware decoder for AV1 (M3, A17 Pro and newer)"),
        ],
        _ => [(Plays::No, ""); 5],
    };
    let one = |(browser, (plays, note)): (&str, (Plays, &str))| BrowserPlays {
        browser: browser.into(),
        plays,
        note: (!note.is_empty()).then(|| note.into()),
    };
    BROWSERS.into_iter().zip(says).map(one).collect()
}

/// 8 bit with halved chroma is played by all; of the rest, decoders in software show some and hardware none.
fn h264(codec: &str) -> [(Plays, &'static str); 5] {
    match codec.get(5..7) {
        Some("42" | "4d" | "58" | "64") => [(Plays::Yes, ""); 5],
        _ => [(Plays::No, "plays H.264 of 8 bit 4:2:0 alone"); 5],
    }
}

/// The end of the summary.
pub(super) fn sentence(browsers: &[BrowserPlays]) -> String {
    let with = |plays| browsers.iter().filter(move |one| one.plays == plays).map(|one| one.browser.as_str());
    let (yes, depends): (Vec<_>, Vec<_>) = (with(Plays::Yes).collect(), with(Plays::Depends).collect());
    match (yes.len(), depends.len()) {
        (0, 0) => "no browser plays it as it is, so that it is encoded anew for viewers".into(),
        (all, _) if all == browsers.len() => "plays in every browser without re-encoding".into(),
        (_, 0) => format!("plays in {} as it is; for others it is encoded anew", yes.join(", ")),
        _ => format!(
            "plays in {} as it is, in {} with the right hardware; for others it is encoded anew",
            yes.join(", "),
            depends.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_plays_what() {
        let plays = |codec: &str| browsers(codec).into_iter().map(|one| one.plays).collect::<Vec<_>>();
        assert_eq!(plays("avc1.64001f"), [Plays::Yes; 5]);
        assert_eq!(plays("avc1.6e001f"), [Plays::No; 5]);
        assert_eq!(plays("hvc1.1.6.L93.B0"), [Plays::No, Plays::Depends, Plays::Depends, Plays::Depends, Plays::Yes]);
        assert_eq!(plays("av01.0.04M.08"), [Plays::Yes, Plays::Yes, Plays::Yes, Plays::Yes, Plays::Depends]);
        assert_eq!(sentence(&browsers("avc1.42c01e")), "plays in every browser without re-encoding");
        assert!(sentence(&browsers("hvc1.1.6.L93.B0")).contains("Safari as it is, in Chrome, Edge, Firefox with"));
    }
}
