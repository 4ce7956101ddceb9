//! Settings that cannot be had, whatever the picture: out of range, against each other, or beyond what is built.

use super::caps::{self, LIMITS};
use super::plan::{Purpose, codec_of, software_of};
use sightline_shared::encoder::{Backend, Codec, EncoderSettings, RateControl, Tune};

/// A setting that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Name of the setting.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

pub(super) fn refuse<T>(field: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { field, message: message.into() })
}

/// Checks what can be checked without knowing the picture.
///
/// # Errors
/// The first setting that is out of range, contradicts another, or that nothing here can do.
pub fn check(asked: &EncoderSettings, purpose: Purpose) -> Result<(), Refusal> {
    numbers_fit(asked)?;
    body_fits(asked)?;
    rate_fits(asked, purpose)?;
    av1_fits(asked, purpose)?;
    let tune = asked.tune.unwrap_or(Tune::Ull);
    if asked.tune.is_some() && tune == Tune::Ull && asked.b_frames.unwrap_or(0) > 0 {
        return refuse(
            "b_frames",
            "B-frames hold frames back, which the tuning `ull` rules out: set `b_frames` to 0, or `tune` to `ll` or `hq`.",
        );
    }
    if let (Some(gop), Some(b_frames)) = (asked.gop, asked.b_frames)
        && b_frames > 0
        && u32::from(b_frames) >= gop
    {
        return refuse("b_frames", "There must be fewer B-frames in a row than frames in a GOP.");
    }
    Ok(())
}

fn numbers_fit(asked: &EncoderSettings) -> Result<(), Refusal> {
    let given = [
        ("quality", asked.quality.map(f64::from)),
        ("bitrate", asked.bitrate.map(|n| n as f64)),
        ("max_bitrate", asked.max_bitrate.map(|n| n as f64)),
        ("buffer_size", asked.buffer_size.map(|n| n as f64)),
        ("gop", asked.gop.map(f64::from)),
        ("b_frames", asked.b_frames.map(f64::from)),
        ("width", asked.width.map(f64::from)),
        ("height", asked.height.map(f64::from)),
        ("fps", asked.fps),
    ];
    for ((name, value), (known, min, max)) in given.into_iter().zip(LIMITS) {
        debug_assert_eq!(name, known);
        if value.is_some_and(|value| !(min..=max).contains(&value)) {
            let unit = if name.ends_with("bitrate") { " bits a second" } else { "" };
            return refuse(known, format!("`{name}` must be from {min} to {max}{unit}."));
        }
    }
    Ok(())
}

fn body_fits(asked: &EncoderSettings) -> Result<(), Refusal> {
    if let Some(backend) = asked.backend
        // Whether a device has NVENC is for [`super::have`] to say: a file that asks for it is right on a machine without one.
        && !matches!(backend, Backend::Auto | Backend::Nvenc)
        && let Some(reason) = caps::reason(backend)
    {
        return refuse("backend", reason);
    }
    let codec = codec_of(asked);
    let (name, its, alone) = match asked.backend {
        Some(Backend::X264) => ("x264", Codec::H264, "H.264"),
        Some(Backend::X265) => ("x265", Codec::Hevc, "H.265"),
        Some(Backend::Svtav1) => ("svtav1", Codec::Av1, "AV1"),
        _ => return Ok(()),
    };
    if its == codec {
        return Ok(());
    }
    let (wanted, other) = (word(&codec), word(&software_of(codec)));
    refuse("codec", format!("`{name}` encodes {alone} alone: leave `backend` out, or use `{other}` for `{wanted}`."))
}

/// What AV1 has not, and what SVT-AV1 cannot where it is asked for by name.
fn av1_fits(asked: &EncoderSettings, purpose: Purpose) -> Result<(), Refusal> {
    if codec_of(asked) != Codec::Av1 {
        return Ok(());
    }
    if asked.b_frames.is_some_and(|count| count > 0) {
        return refuse("b_frames", "AV1 orders its frames by itself and counts no B-frames: leave `b_frames` out.");
    }
    if asked.backend != Some(Backend::Svtav1) {
        return Ok(());
    }
    match (rate_control(asked, purpose), asked.tune) {
        (RateControl::Cbr, Some(Tune::Hq)) => refuse(
            "tune",
            "SVT-AV1 keeps to a constant bitrate only while it holds few frames back: set `tune` to `ll`, or use `vbr` or `crf`.",
        ),
        (RateControl::Vbr, Some(Tune::Ull | Tune::Ll)) => refuse(
            "rate_control",
            "SVT-AV1 varies its bitrate only where it may hold frames back: use `cbr` or `crf`, or set `tune` to `hq`.",
        ),
        _ => Ok(()),
    }
}

/// The rate control that the settings mean.
pub(super) fn rate_control(asked: &EncoderSettings, purpose: Purpose) -> RateControl {
    let limited = asked.max_bitrate.is_some_and(|max| Some(max) != asked.bitrate);
    match (asked.rate_control, asked.bitrate) {
        (Some(given), _) => given,
        (None, Some(_)) if limited => RateControl::Vbr,
        (None, Some(_)) => RateControl::Cbr,
        (None, None) if asked.quality.is_some() || asked.quality_preset.is_some() => RateControl::Crf,
        (None, None) if purpose == Purpose::File => RateControl::Crf,
        (None, None) if limited => RateControl::Vbr,
        (None, None) => RateControl::Cbr,
    }
}

fn rate_fits(asked: &EncoderSettings, purpose: Purpose) -> Result<(), Refusal> {
    let control = rate_control(asked, purpose);
    let name = word(&control);
    let constant = matches!(control, RateControl::Cqp | RateControl::Crf);
    if constant && asked.bitrate.is_some() {
        return refuse(
            "bitrate",
            format!(
                "`{name}` spends what its quality needs: leave `bitrate` out (a limit is `max_bitrate`), or use `cbr` or `vbr`."
            ),
        );
    }
    if !constant && asked.quality.is_some() {
        return refuse("quality", format!("`{name}` goes by its bitrate: leave `quality` out, or use `crf` or `cqp`."));
    }
    if control == RateControl::Cqp && (asked.max_bitrate.is_some() || asked.buffer_size.is_some()) {
        let field = if asked.max_bitrate.is_some() { "max_bitrate" } else { "buffer_size" };
        return refuse(field, format!("`cqp` knows no limit: leave `{field}` out, or use `crf`, which takes one."));
    }
    if control == RateControl::Crf && asked.buffer_size.is_some() && asked.max_bitrate.is_none() {
        return refuse("buffer_size", "With `crf` a buffer needs the `max_bitrate` that it is for.");
    }
    match (control, asked.bitrate, asked.max_bitrate) {
        (RateControl::Cbr, bitrate, Some(max)) if bitrate != Some(max) => {
            refuse("max_bitrate", "`cbr` has one bitrate: leave `max_bitrate` out, or use `vbr`.")
        }
        (RateControl::Vbr, Some(bitrate), Some(max)) if max < bitrate => {
            refuse("max_bitrate", "`max_bitrate` must not be less than `bitrate`.")
        }
        _ => Ok(()),
    }
}

/// The word of a setting, as JSON and the settings file have it.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
