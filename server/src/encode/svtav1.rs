//! What SVT-AV1 is told, and what it cannot. Nothing of it changes while it runs, and libavcodec has no way to ask it for a key frame: both
//! take a new encoder.
//!
//! It has two ways to refer from frame to frame. With low delay it is three frames behind, takes constant bitrates, qualities and
//! quantisers, and knows presets 8 to 12; with reordering it is forty frames behind and takes everything but a constant bitrate
//! (SVT-AV1 1.4, which is Debian 12's, says so and goes over to another rate control by itself: it is told what it can do instead).

use super::check::{Refusal, refuse};
use super::plan::{EncoderPlan, Rate};
use super::x264;
use ffmpeg_next as ffmpeg;
use sightline_shared::encoder::{Preset, Tune};

/// Least width and height.
pub(super) const LEAST: u32 = 64;

/// The plan as it can follow it.
///
/// # Errors
/// The picture is too small for it.
pub(super) fn fitted(mut plan: EncoderPlan) -> Result<EncoderPlan, Refusal> {
    for (field, side) in [("width", plan.width), ("height", plan.height)] {
        if side < LEAST {
            let (width, height) = (plan.width, plan.height);
            let words = format!(
                "SVT-AV1 encodes pictures from {LEAST}x{LEAST} on, and this one has {width}x{height}: use `h264`."
            );
            return refuse(field, words);
        }
    }
    match (plan.rate, plan.tune) {
        // Of the variable bitrates it is one that keeps to both the average and the maximum.
        (Rate::Vbr { bitrate, buffer, .. }, Tune::Ull | Tune::Ll) => plan.rate = Rate::Cbr { bitrate, buffer },
        (Rate::Cbr { .. }, Tune::Hq) => plan.tune = Tune::Ll,
        _ => {}
    }
    Ok(plan)
}

/// Its number of a preset: 12 is the fastest for every size.
pub(super) fn preset(plan: &EncoderPlan) -> u8 {
    let number = match plan.preset {
        Preset::P1 => 12,
        Preset::P2 => 11,
        Preset::P3 => 10,
        Preset::P4 => 9,
        Preset::P5 => 8,
        Preset::P6 => 6,
        Preset::P7 => 4,
    };
    if plan.tune == Tune::Hq { number } else { number.max(8) }
}

/// 0..51 on its scale of 0..63, of which libavcodec takes 0 for nothing said.
fn stretched(quality: u8) -> u16 {
    ((u16::from(quality) * 63 + 25) / 51).max(1)
}

/// The options that it is opened with.
pub(super) fn options(plan: &EncoderPlan) -> ffmpeg::Dictionary<'static> {
    let mut options = ffmpeg::Dictionary::new();
    x264::say_colour(&mut options, plan.colour);
    options.set("preset", &preset(plan).to_string());
    // Key frames are where they are asked for alone; 0 threads are as many as it likes.
    let mut own = format!("scd=0:lp={}", plan.threads);
    if plan.tune != Tune::Hq {
        own.push_str(":pred-struct=1");
    }
    let limit = |options: &mut ffmpeg::Dictionary<'_>, max: u64, buffer: u64| {
        options.set("maxrate", &max.to_string());
        options.set("bufsize", &buffer.to_string());
    };
    match plan.rate {
        Rate::Cbr { bitrate, buffer } => {
            options.set("b", &bitrate.to_string());
            // Its buffer is told in milliseconds, 20 to 10000 of them; of which it wants to have six tenths full.
            let whole = (buffer * 1000 / bitrate.max(1)).clamp(34, 10_000);
            let used = whole * 6 / 10;
            own.push_str(&format!(":rc=2:buf-sz={whole}:buf-initial-sz={used}:buf-optimal-sz={used}"));
        }
        Rate::Vbr { bitrate, max, buffer } => {
            options.set("b", &bitrate.to_string());
            // It refuses a maximum that is no more than the average.
            if max > bitrate {
                limit(&mut options, max, buffer);
            }
        }
        Rate::Cqp(quality) => options.set("qp", &stretched(quality).to_string()),
        Rate::Crf(quality, most) => {
            options.set("crf", &stretched(quality).to_string());
            if let Some((max, buffer)) = most {
                limit(&mut options, max, buffer);
            }
        }
    }
    options.set("svtav1-params", &own);
    options
}

#[cfg(test)]
#[path = "svtav1_tests.rs"]
mod tests;
