//! The one file that touches libav's raw pointers: what ffmpeg-next's safe layer does not give.
#![allow(unsafe_code)]

use ffmpeg_next as ffmpeg;
use std::sync::Once;

static INIT: Once = Once::new();

/// Registers nothing and prints nothing: libav's own log is silenced, its errors come back as values.
pub fn init() {
    INIT.call_once(|| ffmpeg::log::set_level(ffmpeg::log::Level::Quiet));
}

/// What a container says of a video or audio track, beside its codec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackFacts {
    /// Decoder configuration record, or parameter sets with start codes.
    pub extradata: Vec<u8>,
    /// Sample aspect ratio; (0, 1) where unknown.
    pub sample_aspect: (i32, i32),
    /// Width in pixels as libavformat found it; audio: 0.
    pub width: i32,
    /// Height in pixels as libavformat found it; audio: 0.
    pub height: i32,
    /// Frames of reordering that libavformat saw (`video_delay`).
    pub reorder: i32,
}

/// Reads what [`ffmpeg::codec::Parameters`] keeps behind its pointer.
#[must_use]
pub fn track_facts(parameters: &ffmpeg::codec::Parameters) -> TrackFacts {
    // SAFETY: the pointer is valid for the life of `parameters`, which is borrowed for the whole of this function; the
    // fields are plain data, and `extradata` is null or holds `extradata_size` bytes (libavcodec/codec_par.h).
    unsafe {
        let raw = &*parameters.as_ptr();
        let extradata = match usize::try_from(raw.extradata_size) {
            Ok(len) if len > 0 && !raw.extradata.is_null() => std::slice::from_raw_parts(raw.extradata, len).to_vec(),
            _ => Vec::new(),
        };
        TrackFacts {
            extradata,
            sample_aspect: (raw.sample_aspect_ratio.num, raw.sample_aspect_ratio.den),
            width: raw.width,
            height: raw.height,
            reorder: raw.video_delay,
        }
    }
}
