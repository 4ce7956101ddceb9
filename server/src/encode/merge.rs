//! A change of the settings: RFC 7396's merge patch, with a word for every member that does not fit.

use super::check::{Refusal, rate_control};
use super::plan::Purpose;
use serde_json::{Map, Value};
use sightline_shared::encoder::{EncoderSettings, RateControl};

/// Every name, with what it takes in words.
const MEMBERS: [(&str, &str); 15] = [
    ("backend", "one of auto, nvenc, x264, x265, svtav1, videotoolbox, qsv, vaapi"),
    ("codec", "one of h264, hevc, av1"),
    ("preset", "one of p1 (fastest) to p7 (best)"),
    ("quality_preset", "one of fast, balanced, quality, archive"),
    ("tune", "one of ull, ll, hq"),
    ("rate_control", "one of cbr, vbr, cqp, crf"),
    ("quality", "a whole number from 0 to 51"),
    ("bitrate", "a whole number of bits a second"),
    ("max_bitrate", "a whole number of bits a second"),
    ("buffer_size", "a whole number of bits"),
    ("gop", "a whole number of frames"),
    ("b_frames", "a whole number of frames"),
    ("width", "a whole number of pixels"),
    ("height", "a whole number of pixels"),
    ("fps", "a number of frames a second"),
];

/// `patch` over `asked`: an absent member stays, `null` goes back to the default. A patch that turns to another rate control
/// (by name, or by a bitrate or a quality) leaves behind what that one has no use for, unless it names it itself.
///
/// # Errors
/// The first member that is not a setting, or whose value is not of its kind. Ranges are checked elsewhere.
pub fn merge(asked: &EncoderSettings, patch: &Value) -> Result<EncoderSettings, Refusal> {
    let whole = |message: String| Refusal { field: "encoder", message };
    let Value::Object(patch) = patch else {
        return Err(whole("Send the settings to change as a JSON object, such as {\"bitrate\": 2000000}.".into()));
    };
    let mut merged = members(asked);
    for (name, value) in patch {
        let Some((field, takes)) = MEMBERS.iter().find(|(known, _)| known == name) else {
            let names: Vec<_> = MEMBERS.iter().map(|(name, _)| *name).collect();
            return Err(whole(format!("An encoder has no such setting; it has {}.", names.join(", "))));
        };
        if value.is_null() {
            merged.remove(name);
            continue;
        }
        let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        if serde_json::from_value::<EncoderSettings>(alone).is_err() {
            return Err(Refusal { field, message: format!("`{field}` must be {takes}.") });
        }
        merged.insert(name.clone(), value.clone());
    }
    let merged: EncoderSettings = serde_json::from_value(Value::Object(merged))
        .map_err(|_| whole("These settings do not go together.".into()))?;
    Ok(without_leftovers(merged, patch))
}

/// Forgets what belonged to the rate control before.
fn without_leftovers(mut merged: EncoderSettings, patch: &Map<String, Value>) -> EncoderSettings {
    let given = |name: &str| patch.get(name).is_some_and(|value| !value.is_null());
    if !given("rate_control") && !given("bitrate") && !given("quality") {
        return merged;
    }
    if !given("rate_control") && merged.rate_control.is_none() {
        // A bitrate rules out a quality of before, and the other way round.
        if given("bitrate") && !given("quality") {
            merged.quality = None;
        } else if given("quality") && !given("bitrate") {
            merged.bitrate = None;
        }
    }
    let control = rate_control(&merged, Purpose::Live);
    let constant = matches!(control, RateControl::Cqp | RateControl::Crf);
    if constant && !given("bitrate") {
        merged.bitrate = None;
    }
    if !constant && !given("quality") {
        merged.quality = None;
    }
    let no_limit = control == RateControl::Cqp || (control == RateControl::Cbr && merged.max_bitrate != merged.bitrate);
    if no_limit && !given("max_bitrate") {
        merged.max_bitrate = None;
    }
    let no_buffer = control == RateControl::Cqp || (control == RateControl::Crf && merged.max_bitrate.is_none());
    if no_buffer && !given("buffer_size") {
        merged.buffer_size = None;
    }
    merged
}

fn members(settings: &EncoderSettings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// `old` with the one member `name` of `new`.
#[must_use]
pub fn with_one_of(old: &EncoderSettings, new: &EncoderSettings, name: &str) -> EncoderSettings {
    let (mut mixed, new) = (members(old), members(new));
    match new.get(name) {
        Some(value) => mixed.insert(name.to_owned(), value.clone()),
        None => mixed.remove(name),
    };
    serde_json::from_value(Value::Object(mixed)).unwrap_or_default()
}

/// Names of the settings whose asked value differs.
#[must_use]
pub fn asked_changes(old: &EncoderSettings, new: &EncoderSettings) -> Vec<String> {
    let (old, new) = (members(old), members(new));
    let mut names: Vec<String> =
        old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(value: Value) -> EncoderSettings {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn absent_stays_null_goes_and_new_comes() {
        let asked = settings(json!({ "bitrate": 2_000_000, "preset": "p3", "gop": 50 }));
        let merged = merge(&asked, &json!({ "bitrate": 800_000, "gop": null })).unwrap();
        assert_eq!(merged, settings(json!({ "bitrate": 800_000, "preset": "p3" })));
        assert_eq!(asked_changes(&asked, &merged), ["bitrate", "gop"]);
        assert_eq!(merge(&asked, &json!({})).unwrap(), asked);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let asked = EncoderSettings::default();
        for (patch, field, word) in [
            (json!({ "preset": "p9" }), "preset", "p7"),
            (json!({ "bitrate": -1 }), "bitrate", "bits a second"),
            (json!({ "bitrate": "8M" }), "bitrate", "whole number"),
            (json!({ "fps": [] }), "fps", "frames a second"),
            (json!({ "colour": 1 }), "encoder", "it has backend"),
            (json!([]), "encoder", "JSON object"),
        ] {
            let refusal = merge(&asked, &patch).unwrap_err();
            assert_eq!(refusal.field, field, "{patch}");
            assert!(refusal.message.contains(word), "{}", refusal.message);
        }
    }

    #[test]
    fn another_rate_control_leaves_the_old_one_s_numbers_behind() {
        let cbr = settings(json!({ "bitrate": 2_000_000, "buffer_size": 1_000_000 }));
        let crf = merge(&cbr, &json!({ "rate_control": "crf", "quality": 20 })).unwrap();
        assert_eq!(crf, settings(json!({ "rate_control": "crf", "quality": 20 })));
        let back =
            merge(&crf, &json!({ "rate_control": "vbr", "bitrate": 1_000_000, "max_bitrate": 2_000_000 })).unwrap();
        assert_eq!(back, settings(json!({ "rate_control": "vbr", "bitrate": 1_000_000, "max_bitrate": 2_000_000 })));
        assert_eq!(
            merge(&back, &json!({ "rate_control": "cbr" })).unwrap(),
            settings(json!({ "rate_control": "cbr", "bitrate": 1_000_000 }))
        );
        let by_number = merge(&settings(json!({ "quality": 20 })), &json!({ "bitrate": 500_000 })).unwrap();
        assert_eq!(by_number, settings(json!({ "bitrate": 500_000 })));
    }
}
