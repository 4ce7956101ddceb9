//! `[camera.encoder]`: what is asked of the encoder of `main`, under the names that JSON and the command line have too.

use super::section::{Report, Section};
use crate::encode::{self, Purpose};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use sightline_shared::encoder::EncoderSettings;

/// Settings that are words, with the words they know.
const WORDS: [(&str, &[&str]); 6] = [
    ("backend", &["auto", "nvenc", "x264", "x265", "svtav1", "videotoolbox", "qsv", "vaapi"]),
    ("codec", &["h264", "hevc", "av1"]),
    ("preset", &["p1", "p2", "p3", "p4", "p5", "p6", "p7"]),
    ("quality_preset", &["fast", "balanced", "quality", "archive"]),
    ("tune", &["ull", "ll", "hq"]),
    ("rate_control", &["cbr", "vbr", "cqp", "crf"]),
];
/// Settings that are bits, or bits a second.
const BITS: [&str; 3] = ["bitrate", "max_bitrate", "buffer_size"];
/// Settings that are other numbers.
const NUMBERS: [&str; 6] = ["quality", "gop", "b_frames", "width", "height", "fps"];

/// A number of bits as a person writes it: `2500000`, `8M`, `2.5M`, `800k`.
#[must_use]
pub fn bits(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, factor) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (&text[..at], 1e3),
        (at, 'M') => (&text[..at], 1e6),
        (at, 'G') => (&text[..at], 1e9),
        _ => (text, 1.0),
    };
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !number.is_empty();
    let bits = number.parse::<f64>().ok().filter(|_| plain)? * factor;
    (bits <= 1e15).then_some(bits.round() as u64)
}

/// A word of one of the settings, as the command line takes it.
#[must_use]
pub fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::String(text.to_owned())).ok()
}

/// Reads the table of the camera in `camera`.
pub(super) fn read(report: &Report<'_>, camera: &Section<'_>) -> EncoderSettings {
    let Some(item) = camera.item("encoder") else { return EncoderSettings::default() };
    let Some(table) = item.as_table_like() else {
        camera.wrong("encoder", "The encoder's settings are written as a table that begins with [camera.encoder].");
        return EncoderSettings::default();
    };
    let span = item.span().or_else(|| table.iter().next().and_then(|(_, item)| item.span()));
    let section = Section::new(report, table, "[camera.encoder]", span);
    let known: Vec<&str> = WORDS.iter().map(|(name, _)| *name).chain(BITS).chain(NUMBERS).collect();
    section.only(&known, &[]);
    let mut members = Map::new();
    for (name, words) in WORDS {
        let pairs: Vec<(&str, &str)> = words.iter().map(|word| (*word, *word)).collect();
        if section.item(name).is_some()
            && let Some(word) = section.word(name, &pairs)
        {
            members.insert(name.into(), word.into());
        }
    }
    for name in BITS {
        if let Some(bits) = section.item(name).and_then(|item| bits_of(&section, name, item)) {
            members.insert(name.into(), bits.into());
        }
    }
    for name in NUMBERS {
        if let Some(number) = number(&section, name) {
            members.insert(name.into(), number);
        }
    }
    settled(&section, members)
}

fn bits_of(section: &Section<'_>, name: &str, item: &toml_edit::Item) -> Option<u64> {
    let found = match item.as_str() {
        Some(text) => bits(text),
        None => item.as_integer().and_then(|bits| u64::try_from(bits).ok()),
    };
    if found.is_none() {
        let unit = if name == "buffer_size" { "bits" } else { "bits a second" };
        section.wrong(name, format!("`{name}` must be a number of {unit}, such as 2500000, \"8M\" or \"800k\"."));
    }
    found
}

fn number(section: &Section<'_>, name: &str) -> Option<Value> {
    section.item(name)?;
    let (_, min, max) = encode::LIMITS.into_iter().find(|(known, ..)| *known == name)?;
    let number = section.number(name, min..=max)?;
    if name == "fps" {
        return Number::from_f64(number).map(Value::Number);
    }
    if number.fract() != 0.0 {
        section.wrong(name, format!("`{name}` must be a whole number."));
        return None;
    }
    Some((number as u64).into())
}

/// The settings that the members make, checked against each other.
fn settled(section: &Section<'_>, members: Map<String, Value>) -> EncoderSettings {
    let settings: EncoderSettings = serde_json::from_value(Value::Object(members)).unwrap_or_default();
    if let Err(refusal) = encode::check(&settings, Purpose::Live) {
        section.wrong(refusal.field, refusal.message);
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_shared::encoder::{Preset, Tune};

    #[test]
    fn bits_are_read_as_people_write_them() {
        for (text, expected) in [
            ("8M", Some(8_000_000)),
            ("2.5M", Some(2_500_000)),
            ("800k", Some(800_000)),
            ("1G", Some(1_000_000_000)),
            ("64000", Some(64_000)),
            ("", None),
            ("M", None),
            ("-5M", None),
            ("8Mb", None),
            ("1e6", None),
            ("inf", None),
        ] {
            assert_eq!(bits(text), expected, "{text}");
        }
        assert_eq!((word("p3"), word::<Tune>("fast")), (Some(Preset::P3), None));
    }
}
