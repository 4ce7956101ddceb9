//! What is x264's own: its options, and the bitrates that libavcodec hands on while it runs.

use std::ffi::c_int;

use ffmpeg_sys_next as ff;

use crate::codec::Profile;
use crate::coder::{level, option};
use crate::plan::{Plan, Rate};

/// Settles what is x264's own.
///
/// # Safety
/// The context is allocated and not open.
pub(crate) unsafe fn set_own(context: *mut ff::AVCodecContext, plan: &Plan) {
    // SAFETY: the caller's promise.
    unsafe {
        (*context).keyint_min = plan.gop().min(1 << 20);
        option(context, c"preset", c"superfast");
        option(context, c"tune", c"zerolatency");
        option(context, c"forced-idr", c"1");
        let profile = match plan.profile {
            Profile::Baseline => c"baseline",
            Profile::Main => c"main",
            _ => c"high",
        };
        option(context, c"profile", profile);
        option(context, c"x264-params", c"scenecut=0:sliced-threads=0:annexb=1");
        match plan.rate {
            Rate::Quantizer(quantizer) => level(context, c"qp", quantizer),
            Rate::Quality(quality) => level(context, c"crf", quality),
            Rate::Variable | Rate::Constant => {}
        }
    }
}

/// Sets what may change while the encoder runs, which counts in pictures of `own` frames and seconds.
///
/// # Safety
/// The context is allocated, and no other thread uses it.
pub(crate) unsafe fn set_rate(context: *mut ff::AVCodecContext, own: (u32, u32), plan: &Plan) {
    if matches!(plan.rate, Rate::Quantizer(_)) {
        return;
    }
    // x264 goes on counting in the frames of the start: bits of a second are converted to them.
    let scale = f64::from(own.0) / f64::from(own.1) * f64::from(plan.fps.1) / f64::from(plan.fps.0);
    let scaled = |bits: u32| (f64::from(bits) * scale) as i64;
    let most = match plan.rate {
        Rate::Quality(_) => plan.maximum,
        Rate::Constant => plan.bitrate(),
        _ => plan.maximum.max(plan.bitrate()),
    };
    let (average, maximum) = match plan.rate {
        // What is encoded by quality is held to a maximum, where there is one.
        Rate::Quality(_) => (0, i64::from(most)),
        _ => (scaled(plan.bitrate()), scaled(most)),
    };
    let buffer = if plan.buffer == 0 { most } else { plan.buffer };
    // SAFETY: fields that the encoder compares with its own before each picture.
    unsafe {
        (*context).bit_rate = average;
        (*context).rc_max_rate = maximum;
        (*context).rc_buffer_size = c_int::try_from(buffer).unwrap_or(c_int::MAX);
    }
}
