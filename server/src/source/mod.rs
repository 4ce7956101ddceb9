//! URL in, access units out. The contract and the choice of the body; bodies stand beside it under the name of what they use.

pub mod demo;
pub mod error;
pub mod file;
pub(crate) mod file_tracks;
mod guard;
pub mod network;
mod network_error;
mod network_plan;
pub mod play;
mod recode;
pub mod rtsp;
mod rtsp_session;
mod rtsp_sniff;
pub mod scene;

use crate::pipeline::clock::Mono;
use crate::pipeline::packet::{Medium, StreamParams};
use bytes::Bytes;
use std::time::Duration;

pub use error::SourceError;
pub use rtsp_sniff::parameter_sets_in_band;

/// One frame as the source has it, not yet placed in time.
#[derive(Clone, Debug)]
pub struct RawUnit {
    /// The track.
    pub medium: Medium,
    /// Presentation time of the source's own clock in ticks of 90 kHz; may jump.
    pub time: i64,
    /// Whether decoding can start here.
    pub key: bool,
    /// As [`crate::pipeline::packet::AccessUnit::data`].
    pub data: Bytes,
    /// When its last packet had arrived.
    pub arrived: Mono,
    /// Packets were lost before or in it.
    pub lost: bool,
}

/// Stands in the note of a stream that is encoded anew.
pub const RECODED: &str = "encoded to H.264 here";

/// A track that the other side offers, carried or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    /// The track.
    pub medium: Medium,
    /// Its codec as the other side names it: `H264`, `PCMU`, `mjpeg`.
    pub codec: String,
    /// Whether it goes to viewers.
    pub carried: bool,
    /// Frames a second by the SDP.
    pub claimed_fps: Option<f64>,
    /// Whether parameter sets stand in the SDP.
    pub parameter_sets: bool,
}

/// What a source gives to. Never waits.
pub trait Sink: Send {
    /// What the other side offers, before anything of it comes.
    fn offered(&mut self, _tracks: Vec<Offered>) {}
    /// The connection stands; `transport` is `tcp`, `udp`, `http`, `hls`, `rtmp`, `rtsps`, `srt`, `v4l2`, `file` or `demo`.
    fn connected(&mut self, transport: &'static str);
    /// Said to people while the connection stands: what is done to the stream beside carrying it.
    fn note(&mut self, _note: String) {}
    /// So many packets did not come.
    fn lost(&mut self, _packets: u64) {}
    /// So many frames came and were left out, because encoding them anew takes longer than they last.
    fn left_out(&mut self, _frames: u64) {}
    /// The parameters of the units that follow; called again whenever they change.
    fn parameters(&mut self, params: StreamParams);
    /// One frame.
    fn unit(&mut self, unit: RawUnit);
    /// The camera's clock showed `utc` (since 1970) at `time` (90 kHz) of `medium` (RFC 3550 section 6.4.1).
    fn sender_report(&mut self, medium: Medium, time: i64, utc: Duration);
}
