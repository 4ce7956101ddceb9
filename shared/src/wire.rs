//! Text messages of the live WebSocket (`GET /api/cameras/{id}/live?v=1&rendition=auto|source|main|small`).
//!
//! Order: `hello`, `state`, then for each epoch `init` followed by one binary init segment (and a second one flagged
//! [`crate::chunk::FLAG_AUDIO`] where `init` names audio), then chunks from the newest key frame on, with `tracks` between
//! them as they become known. A slow viewer gets `dropped`, then the next key frame.
//!
//! **Which rendition.** `auto` is the first of [`Hello::renditions`]: `main` where the camera is set to `transcode`, else `source`.
//! A page that cannot play the codec of an `init` answers `{"type": "rendition", "rendition": "main"}`, where `hello` lists
//! it: nothing else has to be said about what a browser can play. The same message moves a viewer at any time, such as one
//! that looks at `source` while somebody applies a change in the encoder panel beside it. The answer is another `hello` (its
//! `rendition` is the new one), and then all as from the start, from `init` on; chunks of the old rendition do not follow.
//! `main` and `small` are made while somebody asks: until the first frame is there, `state` tells how it goes, in
//! [`Camera::renditions`](crate::camera::Camera::renditions), and the page goes on showing what it has.
//!
//! **Time.** Epoch and PTS are those of `source` in every rendition: a `tracks` message belongs to the same frame in all of them,
//! and frames that a lower rate leaves out have theirs too. Therefore an `init` may come again *within* an epoch, where an
//! encoder was started with other settings: parameters change at the key frame that follows, and PTS go on. A new epoch of
//! `source` is a new epoch of the others.

use crate::camera::{AudioInfo, Camera, Rendition};
use crate::time::Epoch;
use crate::tracks::Tracks;
use serde::{Deserialize, Serialize};

/// Version of this protocol. A viewer names its own in `?v=`; one that the server does not speak is answered with
/// [`ServerMessage::Reload`] and closed.
pub const PROTOCOL_VERSION: u32 = 1;

/// From the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// First message of a connection.
    Hello(Hello),
    /// The next binary message is an init segment: an epoch begins, or other parameters within it.
    Init(Init),
    /// What is in one frame.
    Tracks(Tracks),
    /// The viewer was too slow (or joined late): chunks were left out before the next key frame.
    Dropped(Dropped),
    /// The camera's state changed.
    State(Box<Camera>),
    /// A frame's stamps, sampled.
    Stages(Stages),
    /// Answer to [`ViewerMessage::Clock`].
    Clock(ClockReply),
    /// This page is of another version: it reloads itself once.
    Reload,
}

/// First message of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`] of the server.
    pub version: u32,
    /// The camera's id.
    pub camera: String,
    /// The camera's uid.
    pub uid: String,
    /// Renditions that can be asked for; the first is what `auto` means.
    pub renditions: Vec<Rendition>,
    /// The one this connection carries.
    pub rendition: Rendition,
}

/// Describes the init segment that follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Init {
    /// Rendition of the chunks.
    pub rendition: Rendition,
    /// Epoch that begins, or goes on with other parameters.
    pub epoch: Epoch,
    /// RFC 6381 string of the video, e.g. `avc1.64001f`.
    pub codec: String,
    /// Width of the coded picture as cropped, before rotation.
    pub width: u32,
    /// Height of the same.
    pub height: u32,
    /// Clockwise rotation in degrees that the picture is shown with: 0, 90, 180, 270.
    pub rotation: u16,
    /// Ticks per second of the video track.
    pub timescale: u32,
    /// The audio track, if there is one: a second init segment follows.
    pub audio: Option<AudioInfo>,
}

/// Chunks were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// How many chunks.
    pub count: u64,
    /// Why.
    pub cause: DropCause,
}

/// Why chunks did not reach a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropCause {
    /// The viewer read too slowly and was moved to the next key frame.
    SlowViewer,
}

/// One frame's way through the server. Times are milliseconds of the server's monotonic clock, the one of [`ClockReply`].
///
/// Sent for a few frames a second when the frame's chunk was made, with the stamps there were by then; and once more, whole,
/// where analysis of the frame ended only afterwards. The picture of `source` goes through `source`, `fragment`; the one of `main`
/// and `small` through `source`, `decode`, `process`, `encode`, `fragment`; what is found in it through `source`, `decode`, `detect` (if it
/// was looked at), `track`. The time between two stamps of one way is the time spent in the later stage, its queue included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// Epoch of the frame.
    pub epoch: Epoch,
    /// Its PTS.
    pub pts: crate::time::Pts,
    /// Stage names with the time at which the frame left each, in the order of time; the first is `source`, its last packet's
    /// arrival.
    pub stamps: Vec<Stamp>,
    /// UTC in milliseconds at which the camera says it took the frame, where it sends sender reports.
    pub captured_utc_ms: Option<f64>,
}

/// When a frame left a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    /// Name of the stage.
    pub stage: String,
    /// Milliseconds of the server's monotonic clock.
    pub at_ms: f64,
}

/// Answer to a clock question; all milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockReply {
    /// The viewer's clock when it asked, given back.
    pub t0: f64,
    /// The server's monotonic clock when the question came.
    pub t1: f64,
    /// The server's monotonic clock when the answer left.
    pub t2: f64,
    /// The server's UTC at `t2`, milliseconds since 1970.
    pub utc_ms: f64,
}

/// From the viewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ViewerMessage {
    /// What the player shows, once a second.
    Playing(Playing),
    /// Asks for the server's clock.
    Clock {
        /// The viewer's clock in milliseconds.
        t0: f64,
    },
    /// Asks for another rendition on this connection: because this one cannot be played, or because somebody chose.
    Rendition {
        /// The one to change to.
        rendition: Rendition,
    },
}

/// What a player shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Playing {
    /// Epoch on screen.
    pub epoch: Epoch,
    /// PTS on screen.
    pub pts: crate::time::Pts,
    /// Frames the browser did not present, since the start.
    pub drops: u64,
    /// Frames shown without their tracks because these had not come, since the start.
    pub unpaired: u64,
    /// Server ingress to screen in milliseconds, where clocks were compared.
    pub delay_ms: Option<f64>,
}
