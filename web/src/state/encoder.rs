//! The encoder panel's form: what is staged, what this server's encoders can do, and the patch that makes one the other.

use super::{bitrate, format};
use serde_json::{Map, Value};
use sightline_shared::encoder::{EncoderCaps, EncoderChanged, EncoderInUse, EncoderSettings, Limits};
use std::collections::BTreeMap;

/// How a field is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of a list: value and words.
    Choice(&'static [(&'static str, &'static str)]),
    /// A number.
    Number,
    /// Bits, typed as megabits.
    Bits,
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name in JSON.
    pub(crate) name: &'static str,
    /// What it is called.
    pub(crate) label: &'static str,
    /// Behind the number.
    pub(crate) unit: &'static str,
    /// How it is typed.
    pub(crate) kind: Kind,
}

/// The presets, fastest first, with x264's own names.
pub(crate) const PRESETS: [(&str, &str); 7] = [
    ("p1", "ultrafast"),
    ("p2", "superfast"),
    ("p3", "veryfast"),
    ("p4", "faster"),
    ("p5", "medium"),
    ("p6", "slow"),
    ("p7", "slower"),
];
const BACKENDS: [(&str, &str); 8] = [
    ("auto", "the best there is"),
    ("nvenc", "NVIDIA NVENC"),
    ("x264", "x264 (software)"),
    ("x265", "x265 (software)"),
    ("svtav1", "SVT-AV1 (software)"),
    ("videotoolbox", "Apple VideoToolbox"),
    ("qsv", "Intel Quick Sync"),
    ("vaapi", "VA-API"),
];
const CODECS: [(&str, &str); 3] = [("h264", "H.264: plays everywhere"), ("hevc", "H.265"), ("av1", "AV1")];
const TUNES: [(&str, &str); 3] = [("ull", "no added delay"), ("ll", "little delay"), ("hq", "quality before delay")];
const CONTROLS: [(&str, &str); 4] = [
    ("cbr", "constant bitrate"),
    ("vbr", "bitrate up to a maximum"),
    ("crf", "constant quality"),
    ("cqp", "constant quantiser"),
];
const QUALITY_PRESETS: [(&str, &str); 4] =
    [("fast", "fast"), ("balanced", "balanced"), ("quality", "quality"), ("archive", "archive")];

const fn field(name: &'static str, label: &'static str, unit: &'static str, kind: Kind) -> Field {
    Field { name, label, unit, kind }
}

/// The speed: shown as seven steps.
pub(crate) const PRESET: Field = field("preset", "Preset", "", Kind::Choice(&PRESETS));
/// The bitrate: shown with a slider.
pub(crate) const BITRATE: Field = field("bitrate", "Bitrate", "Mb/s", Kind::Bits);
/// All others, folded under "More".
pub(crate) const MORE: [Field; 13] = [
    field("rate_control", "Rate control", "", Kind::Choice(&CONTROLS)),
    field("quality", "Quality, 0 is best", "", Kind::Number),
    field("max_bitrate", "Maximum", "Mb/s", Kind::Bits),
    field("buffer_size", "Buffer", "Mb", Kind::Bits),
    field("quality_preset", "Quality preset", "", Kind::Choice(&QUALITY_PRESETS)),
    field("tune", "Tuning", "", Kind::Choice(&TUNES)),
    field("gop", "Key frame every", "frames", Kind::Number),
    field("b_frames", "B-frames", "", Kind::Number),
    field("width", "Width", "px", Kind::Number),
    field("height", "Height", "px", Kind::Number),
    field("fps", "Frames a second", "/s", Kind::Number),
    field("codec", "Codec", "", Kind::Choice(&CODECS)),
    field("backend", "Encoder", "", Kind::Choice(&BACKENDS)),
];

fn fields() -> impl Iterator<Item = Field> {
    [PRESET, BITRATE].into_iter().chain(MORE)
}

/// What may be chosen, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Its value in JSON; empty is the default.
    pub(crate) value: &'static str,
    /// Its words.
    pub(crate) words: String,
    /// Why it cannot be had.
    pub(crate) refused: Option<String>,
}

/// A field that cannot stand as it is typed: its name and a sentence.
pub(crate) type Fault = (String, String);

/// What is staged: the text of every field, empty where it is left to the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EncoderForm {
    values: BTreeMap<&'static str, String>,
}

/// A value of the settings as it stands in its field.
fn shown(field: Field, value: &Value) -> String {
    match (field.kind, value) {
        (Kind::Bits, value) => value.as_u64().map(bitrate::field).unwrap_or_default(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Null) => String::new(),
        (_, value) => value.to_string().trim_end_matches(".0").to_owned(),
    }
}

fn texts(settings: &impl serde::Serialize) -> BTreeMap<&'static str, String> {
    // Fails only for maps with keys that are no strings, of which there are none.
    let told = serde_json::to_value(settings).unwrap_or_default();
    fields()
        .map(|field| (field.name, told.get(field.name).map_or(String::new(), |value| shown(field, value))))
        .collect()
}

/// What is in use, as it would stand in the fields; for the places that are left empty.
pub(crate) fn in_use_texts(in_use: Option<&EncoderInUse>) -> BTreeMap<&'static str, String> {
    in_use.map(texts).unwrap_or_default()
}

impl EncoderForm {
    /// The form of what stands in the settings.
    pub(crate) fn of(asked: &EncoderSettings) -> Self {
        Self { values: texts(asked) }
    }

    /// What is staged in a field.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// Stages a value.
    pub(crate) fn set(&mut self, name: &'static str, text: String) {
        self.values.insert(name, text);
    }

    /// The rate control that is meant: what is staged, else what follows from it, else what is in use.
    pub(crate) fn control(&self, in_use: Option<&EncoderInUse>) -> String {
        let set = |name| !self.get(name).trim().is_empty();
        match self.get("rate_control") {
            "" if set("bitrate") && set("max_bitrate") => "vbr".into(),
            "" if set("bitrate") => "cbr".into(),
            "" if set("quality") || set("quality_preset") => "crf".into(),
            "" => in_use_texts(in_use).remove("rate_control").unwrap_or_else(|| "cbr".into()),
            staged => staged.to_owned(),
        }
    }

    /// The encoder that is meant: the one that is staged, else the first that can be used, for the staged codec where one has it.
    fn caps<'a>(&self, caps: &'a [EncoderCaps]) -> Option<&'a EncoderCaps> {
        let (staged, codec) = (self.get("backend"), self.get("codec"));
        let named = caps.iter().find(|one| word(&one.backend) == staged);
        let usable = || caps.iter().filter(|one| one.reason.is_none());
        let of_codec = || usable().find(|one| words_of(&one.codecs).iter().any(|one| one == codec));
        named.or_else(of_codec).or_else(|| usable().next()).or(caps.first())
    }

    /// The codecs that may be chosen: those of the staged encoder, or of all that can be used.
    fn codecs(&self, caps: &[EncoderCaps]) -> Vec<String> {
        let staged = self.get("backend");
        let named = caps.iter().find(|one| word(&one.backend) == staged);
        match named {
            Some(one) => words_of(&one.codecs),
            None => caps.iter().filter(|one| one.reason.is_none()).flat_map(|one| words_of(&one.codecs)).collect(),
        }
    }

    /// The least and the most of a number, where the encoder says.
    pub(crate) fn limits(&self, name: &str, caps: &[EncoderCaps]) -> Option<Limits> {
        self.caps(caps)?.limits.get(name).copied()
    }

    /// Why a whole field cannot be set now.
    pub(crate) fn refused(&self, name: &str, caps: &[EncoderCaps], in_use: Option<&EncoderInUse>) -> Option<String> {
        if caps.is_empty() {
            return Some("The server has not said what its encoders can do.".into());
        }
        if let Some(reason) = self.caps(caps).and_then(|one| one.reason.clone()).filter(|_| name != "backend") {
            return Some(reason);
        }
        let control = self.control(in_use);
        let constant = matches!(control.as_str(), "crf" | "cqp");
        match name {
            "bitrate" if constant => Some(
                "Constant quality takes the bits that it needs. Choose a rate control by bitrate under More.".into(),
            ),
            "quality" if !constant => {
                Some("Only with constant quality or quantiser; the rate control goes by bitrate.".into())
            }
            "max_bitrate" if control == "cbr" => Some("A constant bitrate is its own maximum.".into()),
            "max_bitrate" | "buffer_size" if control == "cqp" => Some("A constant quantiser knows no limit.".into()),
            "buffer_size" if control == "crf" && self.get("max_bitrate").is_empty() => {
                Some("With constant quality a buffer needs the maximum that it is for.".into())
            }
            "b_frames" if self.codec(in_use) == "av1" => Some("AV1 orders its frames by itself.".into()),
            "b_frames" if self.tune(in_use) == "ull" => {
                Some("B-frames hold frames back. Choose a tuning that may add delay.".into())
            }
            _ => None,
        }
    }

    fn codec(&self, in_use: Option<&EncoderInUse>) -> String {
        match self.get("codec") {
            "" => in_use_texts(in_use).remove("codec").unwrap_or_default(),
            staged => staged.to_owned(),
        }
    }

    fn tune(&self, in_use: Option<&EncoderInUse>) -> String {
        match self.get("tune") {
            "" => in_use_texts(in_use).remove("tune").unwrap_or_default(),
            staged => staged.to_owned(),
        }
    }

    /// What a list offers, the default first; what cannot be had carries its reason. `plays` says what the browser makes of a codec.
    pub(crate) fn offers(&self, field: Field, caps: &[EncoderCaps], plays: impl Fn(&str) -> bool) -> Vec<Offer> {
        let Kind::Choice(all) = field.kind else { return Vec::new() };
        let mine = self.caps(caps);
        let refused = |value: &str| match field.name {
            "backend" if value == "auto" => None,
            "backend" => caps
                .iter()
                .find(|one| word(&one.backend) == value)
                .map_or_else(|| Some("Not on this machine.".to_owned()), |one| one.reason.clone()),
            "quality_preset" => None,
            "codec" if !self.codecs(caps).iter().any(|one| one == value) => {
                Some("No encoder of this machine makes it, or not the one that is chosen.".to_owned())
            }
            "codec" => (!plays(sample_of(value))).then(|| "This browser does not play it.".to_owned()),
            name => {
                let list = mine.map(|one| match name {
                    "preset" => words_of(&one.presets),
                    "tune" => words_of(&one.tunes),
                    _ => words_of(&one.rate_controls),
                });
                let there = list.is_some_and(|list| list.iter().any(|one| one == value));
                (!there).then(|| "The encoder of this machine has no such setting.".to_owned())
            }
        };
        let default = Offer { value: "", words: "default".into(), refused: None };
        let one = |(value, words): &(&'static str, &'static str)| Offer {
            value,
            words: (*words).to_owned(),
            refused: refused(value),
        };
        std::iter::once(default).chain(all.iter().map(one)).collect()
    }

    /// The merge patch (RFC 7396) that makes the settings what is staged; `None` where that is what they are.
    ///
    /// # Errors
    /// Every field that cannot stand, with a sentence.
    pub(crate) fn patch(
        &self,
        asked: &EncoderSettings,
        caps: &[EncoderCaps],
        in_use: Option<&EncoderInUse>,
    ) -> Result<Option<Value>, Vec<Fault>> {
        let was = Self::of(asked);
        let (mut patch, mut faults) = (Map::new(), Vec::new());
        for field in fields() {
            // What is disabled is not meant: a bitrate that was typed before the rate control changed.
            let meant = self.refused(field.name, caps, in_use).is_none();
            let text = if meant { self.get(field.name).trim() } else { "" };
            if text == was.get(field.name) {
                continue;
            }
            match self.value(field, text, caps) {
                Ok(value) => drop(patch.insert(field.name.to_owned(), value)),
                Err(message) => faults.push((field.name.to_owned(), message)),
            }
        }
        match (faults.is_empty(), patch.is_empty()) {
            (false, _) => Err(faults),
            (true, true) => Ok(None),
            (true, false) => Ok(Some(Value::Object(patch))),
        }
    }

    fn value(&self, field: Field, text: &str, caps: &[EncoderCaps]) -> Result<Value, String> {
        if text.is_empty() {
            return Ok(Value::Null);
        }
        let limits = self.limits(field.name, caps);
        let within = |value: f64| limits.is_none_or(|limits| (limits.min..=limits.max).contains(&value));
        let span = |show: &dyn Fn(f64) -> String| {
            limits.map_or(String::new(), |limits| format!(", from {} to {}", show(limits.min), show(limits.max)))
        };
        match field.kind {
            Kind::Choice(_) => Ok(Value::from(text)),
            Kind::Bits => {
                let bits = bitrate::parse(text).filter(|bits| within(*bits as f64));
                let show = |bits: f64| {
                    format::bitrate(Some(bits)).trim_end_matches(if field.unit == "Mb" { "/s" } else { "" }).to_owned()
                };
                bits.map(Value::from).ok_or_else(|| format!("A number of {}{}, such as 2.5.", field.unit, span(&show)))
            }
            Kind::Number => {
                let number: Option<f64> = text.replace(',', ".").parse().ok().filter(|number| within(*number));
                let fraction = field.name == "fps";
                let number = number.filter(|number| fraction || number.fract() == 0.0);
                let kind = if fraction { "A number" } else { "A whole number" };
                let value = number.map(|n| if n.fract() == 0.0 { Value::from(n as i64) } else { Value::from(n) });
                value.ok_or_else(|| format!("{kind}{}.", span(&|n: f64| format!("{n}"))))
            }
        }
    }
}

/// A codec string that a browser can be asked about: 1080p of the codec's most common profile.
fn sample_of(codec: &str) -> &'static str {
    match codec {
        "hevc" => "hvc1.1.6.L120.B0",
        "av1" => "av01.0.08M.08",
        _ => "avc1.640028",
    }
}

/// The word of a setting in JSON.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn words_of<T: serde::Serialize>(values: &[T]) -> Vec<String> {
    values.iter().map(word).collect()
}

/// What became of a change, as a sentence.
pub(crate) fn told(changed: &EncoderChanged) -> String {
    let list = |names: &[String]| names.iter().map(|name| label(name)).collect::<Vec<_>>().join(", ");
    match (changed.live.is_empty(), changed.restarted.is_empty()) {
        (false, true) => format!("Applied live: {}.", list(&changed.live)),
        (true, false) => {
            format!("New session for {}: the picture is held until its first frame.", list(&changed.restarted))
        }
        (false, false) => {
            format!("New session for {}; with it {}.", list(&changed.restarted), list(&changed.live))
        }
        (true, true) => "Kept. Nothing is encoded now: it takes effect when somebody looks at main.".into(),
    }
}

/// What a field is called, in the middle of a sentence.
fn label(name: &str) -> String {
    let label = fields().find(|field| field.name == name).map_or(name, |field| field.label);
    label.split(',').next().unwrap_or(label).to_lowercase().replace("b-frames", "B-frames")
}

#[cfg(test)]
#[path = "encoder_tests.rs"]
mod tests;
