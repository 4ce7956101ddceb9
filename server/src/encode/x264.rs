//! What libx264 is told, and what it changes while it runs.
//!
//! What changes while it runs is what x264 itself takes over between two frames (`x264_encoder_reconfig`): with a constant
//! bitrate all of it, with a variable one only the maximum and the buffer ("We don't support changing the ABR bitrate right
//! now", ratecontrol.c), with constant quality the quality, with a constant quantiser nothing.

use super::plan::{EncoderPlan, Rate};
use super::shape::unsaid;
use crate::libav::Rates;
use crate::pipeline::frame::Colour;
use ffmpeg_next as ffmpeg;
use sightline_shared::encoder::{Codec, Preset, Tune};

/// The options that it is opened with.
pub(super) fn options(plan: &EncoderPlan) -> ffmpeg::Dictionary<'static> {
    let mut options = usual(plan);
    let mut x264 = String::from("annexb=1:scenecut=0:open-gop=0");
    match plan.tune {
        Tune::Ull => options.set("tune", "zerolatency"),
        // A quarter of a second of look-ahead, and no second thread that would add its own queue.
        Tune::Ll => x264.push_str(":rc-lookahead=8:sync-lookahead=0"),
        Tune::Hq => {}
    }
    // Scene cuts would put key frames where no one asked for them.
    options.set("x264-params", &x264);
    options
}

/// What libx264 and libx265 are told by the same names: preset, rates, colour.
pub(super) fn usual(plan: &EncoderPlan) -> ffmpeg::Dictionary<'static> {
    let mut options = ffmpeg::Dictionary::new();
    options.set("preset", preset_name(plan.preset));
    options.set("forced-idr", "1");
    match plan.rate {
        Rate::Cbr { bitrate, buffer } => set_rates(&mut options, bitrate, bitrate, buffer),
        Rate::Vbr { bitrate, max, buffer } => set_rates(&mut options, bitrate, max, buffer),
        Rate::Cqp(quality) => options.set("qp", &quality.to_string()),
        Rate::Crf(quality, limit) => {
            options.set("crf", &quality.to_string());
            if let Some((max, buffer)) = limit {
                options.set("maxrate", &max.to_string());
                options.set("bufsize", &buffer.to_string());
            }
        }
    }
    say_colour(&mut options, plan.colour);
    options
}

/// Tells libavcodec what samples mean.
pub(super) fn say_colour(options: &mut ffmpeg::Dictionary<'_>, colour: Colour) {
    options.set("color_range", if colour.full_range { "2" } else { "1" });
    for (name, code) in
        [("colorspace", colour.matrix), ("color_primaries", colour.primaries), ("color_trc", colour.transfer)]
    {
        options.set(name, &(if unsaid(code) { 2 } else { code }).to_string());
    }
}

fn set_rates(options: &mut ffmpeg::Dictionary<'_>, bitrate: u64, max: u64, buffer: u64) {
    options.set("b", &bitrate.to_string());
    options.set("maxrate", &max.to_string());
    options.set("bufsize", &buffer.to_string());
}

/// x264's name of a preset, and x265's.
pub(super) fn preset_name(preset: Preset) -> &'static str {
    match preset {
        Preset::P1 => "ultrafast",
        Preset::P2 => "superfast",
        Preset::P3 => "veryfast",
        Preset::P4 => "faster",
        Preset::P5 => "medium",
        Preset::P6 => "slow",
        Preset::P7 => "slower",
    }
}

/// What x264 is told to change from the next frame on to get from one plan to another; `None` where it cannot.
pub(super) fn live_change(from: &EncoderPlan, to: &EncoderPlan) -> Option<Rates> {
    (from.codec == Codec::H264 && from.differs_in_rate_alone(to)).then(|| live_rates(&from.rate, &to.rate)).flatten()
}

fn live_rates(from: &Rate, to: &Rate) -> Option<Rates> {
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    match (*from, *to) {
        (Rate::Cbr { .. }, Rate::Cbr { bitrate, buffer }) => {
            Some(Rates { bitrate: signed(bitrate), max: signed(bitrate), buffer: signed(buffer), crf: None })
        }
        (Rate::Vbr { bitrate: before, .. }, Rate::Vbr { bitrate, max, buffer })
            if before == bitrate && max > bitrate =>
        {
            Some(Rates { bitrate: signed(bitrate), max: signed(max), buffer: signed(buffer), crf: None })
        }
        (Rate::Crf(_, None), Rate::Crf(quality, None)) => {
            Some(Rates { bitrate: 0, max: 0, buffer: 0, crf: Some(f64::from(quality)) })
        }
        (Rate::Crf(_, Some(_)), Rate::Crf(quality, Some((max, buffer)))) => {
            Some(Rates { bitrate: 0, max: signed(max), buffer: signed(buffer), crf: Some(f64::from(quality)) })
        }
        _ => None,
    }
}

/// Whether an encoder with the plan `from` can follow `to` without a new session.
pub(super) fn changes_live(from: &EncoderPlan, to: &EncoderPlan) -> bool {
    from == to || live_change(from, to).is_some()
}

#[cfg(test)]
#[path = "x264_tests.rs"]
pub(super) mod tests;
