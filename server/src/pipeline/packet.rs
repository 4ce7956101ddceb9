//! Compressed items: access units and the parameters they are coded with.

use super::clock::Mono;
use bytes::Bytes;
use sightline_shared::time::{Epoch, Pts};
use std::sync::Arc;
use std::time::Duration;

/// A video codec that is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// ITU-T H.264.
    H264,
    /// ITU-T H.265.
    Hevc,
    /// AOM AV1.
    Av1,
    /// VP9.
    Vp9,
}

/// Parameters of a video stream; a change of any of them starts a new epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoParams {
    /// The codec.
    pub codec: VideoCodec,
    /// The decoder configuration record that goes into the sample entry: avcC (ISO/IEC 14496-15 section 5.3.3), hvcC (8.3.3),
    /// av1C, vpcC. With 4-byte NAL lengths, whatever the source had.
    pub record: Bytes,
    /// RFC 6381 string, e.g. `avc1.64001f`.
    pub codec_string: String,
    /// Coded width after cropping.
    pub width: u32,
    /// Coded height after cropping.
    pub height: u32,
    /// Sample aspect ratio.
    pub sample_aspect: (u32, u32),
    /// Clockwise rotation to show it with, from the container: 0, 90, 180, 270.
    pub rotation: u16,
    /// How many frames may be decoded before one that is shown earlier; `None` where the stream does not say.
    pub reorder: Option<u8>,
    /// Frames per 1000 seconds as the stream claims.
    pub claimed_millifps: Option<u32>,
}

/// Parameters of an audio track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioParams {
    /// AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1).
    pub config: Bytes,
    /// RFC 6381 string, e.g. `mp4a.40.2`.
    pub codec_string: String,
    /// Samples a second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u16,
}

impl AudioParams {
    /// As the API tells it.
    #[must_use]
    pub fn info(&self) -> sightline_shared::camera::AudioInfo {
        sightline_shared::camera::AudioInfo {
            codec: self.codec_string.clone(),
            sample_rate: self.sample_rate,
            channels: self.channels,
        }
    }
}

/// Everything an init segment is made of; shared by all access units of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamParams {
    /// The video track.
    pub video: VideoParams,
    /// The audio track, if it is one that is carried (AAC).
    pub audio: Option<AudioParams>,
}

/// Which track an access unit is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Medium {
    /// Track 1.
    Video,
    /// Track 2.
    Audio,
}

/// One frame of video, or one or a few frames of audio, as `source` gives it.
#[derive(Clone, Debug)]
pub struct AccessUnit {
    /// The track.
    pub medium: Medium,
    /// Its epoch.
    pub epoch: Epoch,
    /// True for the first video access unit of an epoch, which is a key frame.
    pub starts_epoch: bool,
    /// Presentation time.
    pub pts: Pts,
    /// Decoding time; never goes back within an epoch and track, never later than `pts`.
    pub dts: Pts,
    /// Duration in ticks of 90 kHz: measured from the frame before, since the next one has not come.
    pub duration: u32,
    /// Whether decoding can start here.
    pub key: bool,
    /// Video: NAL units, each behind its length in 4 bytes, big-endian (or AV1/VP9 temporal unit). Audio: raw AAC frames.
    pub data: Bytes,
    /// The parameters of the epoch.
    pub params: Arc<StreamParams>,
    /// Counts the access units of this stream over all epochs.
    pub sequence: u64,
    /// When its last packet had arrived.
    pub arrived: Mono,
    /// UTC since 1970 at which the camera says it took the frame (RTCP sender reports, RFC 3550 section 6.4.1).
    pub captured_utc: Option<Duration>,
}

#[cfg(test)]
pub(crate) mod testing {
    //! Access units for tests.

    use super::*;

    /// An H.264 access unit of one byte, at 30 frames a second.
    pub(crate) fn access_unit(n: u64, key: bool) -> AccessUnit {
        AccessUnit {
            medium: Medium::Video,
            epoch: Epoch(0),
            starts_epoch: n == 0,
            pts: Pts(n as i64 * 3000),
            dts: Pts(n as i64 * 3000),
            duration: 3000,
            key,
            data: Bytes::from_static(&[0, 0, 0, 1, 9]),
            params: Arc::new(params()),
            sequence: n,
            arrived: Mono::default(),
            captured_utc: None,
        }
    }

    /// Parameters that no decoder would take.
    pub(crate) fn params() -> StreamParams {
        StreamParams {
            video: VideoParams {
                codec: VideoCodec::H264,
                record: Bytes::new(),
                codec_string: "avc1.42c01e".into(),
                width: 640,
                height: 360,
                sample_aspect: (1, 1),
                rotation: 0,
                reorder: Some(0),
                claimed_millifps: Some(30_000),
            },
            audio: None,
        }
    }
}
