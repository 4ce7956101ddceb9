//! What libx265 is told. Nothing of it changes while it runs: libavcodec does not hand changes on to it, so that each takes a new encoder.

use super::plan::{EncoderPlan, Purpose};
use super::x264;
use ffmpeg_next as ffmpeg;
use sightline_shared::encoder::Tune;

/// The options that it is opened with.
pub(super) fn options(plan: &EncoderPlan) -> ffmpeg::Dictionary<'static> {
    let mut options = x264::usual(plan);
    // It speaks on standard error whatever libavcodec's level is, and would put key frames where scenes change.
    let mut x265 = String::from("log-level=none:info=0:annexb=1:scenecut=0:open-gop=0");
    match plan.tune {
        Tune::Ull => options.set("tune", "zerolatency"),
        Tune::Ll => x265.push_str(":rc-lookahead=8"),
        Tune::Hq => {}
    }
    if plan.purpose == Purpose::Live {
        // One frame at a time on one thread: it has a pool of its own for all cores otherwise, and holds frames back for it.
        x265.push_str(":pools=none:frame-threads=1");
    }
    options.set("x265-params", &x265);
    options
}

#[cfg(test)]
#[path = "x265_tests.rs"]
mod tests;
