//! Frames in, access units out. The contract; bodies stand beside it under the name of what they use.

pub mod x264;

use bytes::Bytes;

/// What an encoder is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncoderSettings {
    /// Width in pixels, even.
    pub width: u32,
    /// Height in pixels, even.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Mean bits a second.
    pub bitrate: u32,
    /// Frames from one key frame to the next.
    pub gop: u32,
}

/// Why nothing was encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The encoder cannot be had here.
    #[error("{0}")]
    Unavailable(String),
    /// The encoder refused a frame.
    #[error("the encoder refused frame {pts}: {reason}")]
    Refused {
        /// PTS of the frame in 90 kHz.
        pts: i64,
        /// Its words.
        reason: String,
    },
}

/// One encoded frame.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// PTS of the frame that went in, 90 kHz.
    pub pts: i64,
    /// Whether decoding can start here.
    pub key: bool,
    /// NAL units behind start codes; parameter sets in front of every key frame.
    pub annexb: Bytes,
}
