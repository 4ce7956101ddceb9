//! A device in words: what each of its parts does, who holds its encode sessions, how many more there could be.

use sightline_shared::encoder::Codec;
use sightline_shared::system::{Ability, Device, Engine, MoreSessions};

/// A codec as people write it.
pub(crate) fn codec(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "H.264",
        Codec::Hevc => "H.265",
        Codec::Av1 => "AV1",
    }
}

/// One line about a part of a device: what it does, and where it does not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// What.
    pub(crate) what: String,
    /// Why it cannot be had; absent where it can.
    pub(crate) why_not: Option<String>,
}

/// What a part does, a line a codec; depths that differ in nothing else share one.
pub(crate) fn abilities(engine: &Engine, able: &str) -> Vec<Words> {
    if let Some(why) = &engine.reason {
        return vec![Words { what: "Not used".into(), why_not: Some(why.clone()) }];
    }
    if engine.codecs.is_empty() {
        return vec![Words { what: able.into(), why_not: None }];
    }
    let mut groups: Vec<(&Ability, Vec<u8>)> = Vec::new();
    for one in &engine.codecs {
        let same = |(known, _): &&mut (&Ability, Vec<u8>)| Ability { depth: one.depth, ..(*known).clone() } == *one;
        match groups.iter_mut().find(same) {
            Some((_, depths)) => depths.push(one.depth),
            None => groups.push((one, vec![one.depth])),
        }
    }
    groups.into_iter().map(|(one, depths)| line(one, &depths)).collect()
}

fn line(one: &Ability, depths: &[u8]) -> Words {
    let depths: Vec<_> = depths.iter().map(u8::to_string).collect();
    let name = format!("{} {} bit", codec(one.codec), depths.join(" and "));
    match (one.max_width, one.max_height) {
        (Some(width), Some(height)) => {
            Words { what: format!("{name}, up to {width}\u{a0}×\u{a0}{height}"), why_not: None }
        }
        // A sentence about the codec needs no depth in front.
        _ => Words { what: codec(one.codec).into(), why_not: Some(one.reason.clone().unwrap_or_default()) },
    }
}

/// The camera's id and the rendition that hold a session; the rendition is empty where no camera does.
pub(crate) fn holder(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or((name, ""))
}

/// What came of trying how many more encode sessions there could be; `time` is when.
pub(crate) fn more(told: &MoreSessions, time: &str) -> String {
    let beside = match told.held {
        0 => String::new(),
        held => format!(" beside the {held} that {} held", if held == 1 { "was" } else { "were" }),
    };
    match (told.sessions, told.at_least) {
        (0, _) => format!("None more could be opened{beside}, at {time}."),
        (1, false) => format!("One more could be opened{beside}, at {time}."),
        (sessions, false) => format!("{sessions} more could be opened{beside}, at {time}."),
        (sessions, true) => format!("At least {sessions} more could be opened{beside}, at {time}."),
    }
}

/// The state of a device as a badge: the word of its look, and the word that is read.
pub(crate) fn state(device: &Device) -> (&'static str, String) {
    match (&device.lost, device.cameras.len()) {
        (Some(_), _) => ("offline", "lost".into()),
        (None, 0) => ("disabled", "idle".into()),
        (None, 1) => ("live", "used by 1 camera".into()),
        (None, cameras) => ("live", format!("used by {cameras} cameras")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ability(codec: Codec, depth: u8, width: Option<u32>, reason: Option<&str>) -> Ability {
        let (max_width, max_height) = (width, width);
        Ability { codec, depth, max_width, max_height, reason: reason.map(str::to_owned) }
    }

    #[test]
    fn depths_that_differ_in_nothing_else_share_a_line() {
        let no = Some("This device does not decode AV1.");
        let engine = Engine {
            reason: None,
            codecs: vec![
                ability(Codec::H264, 8, Some(4096), None),
                ability(Codec::Hevc, 8, Some(8192), None),
                ability(Codec::Hevc, 10, Some(8192), None),
                ability(Codec::Av1, 8, None, no),
                ability(Codec::Av1, 10, None, no),
            ],
        };
        let lines = abilities(&engine, "");
        let told: Vec<_> = lines.iter().map(|one| (one.what.as_str(), one.why_not.as_deref())).collect();
        let wanted = [
            ("H.264 8 bit, up to 4096\u{a0}×\u{a0}4096", None),
            ("H.265 8 and 10 bit, up to 8192\u{a0}×\u{a0}8192", None),
            ("AV1", no),
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_part_that_is_not_there_says_why_and_kernels_have_no_codecs() {
        let none = Engine { reason: Some("This device has no video encoder (NVENC).".into()), codecs: vec![] };
        assert_eq!(abilities(&none, "")[0].why_not, none.reason);
        let able = abilities(&Engine::default(), "Resizing and drawing");
        assert_eq!(able, [Words { what: "Resizing and drawing".into(), why_not: None }]);
    }

    #[test]
    fn sessions_are_counted_in_words() {
        let told = |sessions, at_least, held| {
            more(&MoreSessions { sessions, at_least, held, tried_at: String::new() }, "12:04:05")
        };
        assert_eq!(told(0, false, 3), "None more could be opened beside the 3 that were held, at 12:04:05.");
        assert_eq!(told(1, false, 1), "One more could be opened beside the 1 that was held, at 12:04:05.");
        assert_eq!(told(3, false, 0), "3 more could be opened, at 12:04:05.");
        assert_eq!(told(32, true, 0), "At least 32 more could be opened, at 12:04:05.");
        assert_eq!((holder("yard/main"), holder("annotate")), (("yard", "main"), ("annotate", "")));
    }

    #[test]
    fn a_lost_device_is_lost_whoever_used_it() {
        let lost = Device { lost: Some("It was.".into()), cameras: vec!["yard".into()], ..Device::default() };
        assert_eq!(state(&lost), ("offline", "lost".into()));
        assert_eq!(state(&Device { lost: None, ..lost }), ("live", "used by 1 camera".into()));
        assert_eq!(state(&Device::default()).1, "idle");
    }
}
