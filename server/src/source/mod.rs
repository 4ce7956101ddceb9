//! URL in, access units out. The contract; bodies stand beside it under the name of what they use.

pub mod demo;
pub mod error;
pub mod file;
pub(crate) mod file_tracks;
pub mod rtsp;
mod rtsp_session;
pub mod scene;

use crate::pipeline::clock::Mono;
use crate::pipeline::packet::{Medium, StreamParams};
use bytes::Bytes;
use std::time::Duration;

pub use error::SourceError;

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

/// What a source gives to. Never waits.
pub trait Sink: Send {
    /// The connection stands; `transport` is `tcp`, `udp`, `file` or `demo`.
    fn connected(&mut self, transport: &'static str);
    /// The parameters of the units that follow; called again whenever they change.
    fn parameters(&mut self, params: StreamParams);
    /// One frame.
    fn unit(&mut self, unit: RawUnit);
    /// The camera's clock showed `utc` (since 1970) at `time` (90 kHz) of `medium` (RFC 3550 section 6.4.1).
    fn sender_report(&mut self, medium: Medium, time: i64, utc: Duration);
}
