//! The demo camera: the street, painted and encoded here at 30 frames a second, through the same graph as any other.

use super::scene::{self, FPS, HEIGHT, Scene, WIDTH};
use super::{RawUnit, Sink, SourceError};
use crate::codec;
use crate::encode::{self, Encoded, Encoder, PictureFacts, Purpose};
use crate::pipeline::clock::{Clock, Mono};
use crate::pipeline::frame::Colour;
use crate::pipeline::pace::Pace;
use crate::pipeline::packet::{Medium, StreamParams};
use sightline_shared::encoder::EncoderSettings;

/// Two seconds: what most cameras are set to.
const GOP: u32 = 60;
const BITRATE: u64 = 2_500_000;

fn open() -> Result<Box<dyn Encoder>, String> {
    let asked = EncoderSettings { bitrate: Some(BITRATE), gop: Some(GOP), ..EncoderSettings::default() };
    let facts = PictureFacts {
        width: WIDTH as u32,
        height: HEIGHT as u32,
        rotation: 0,
        sample_aspect: (1, 1),
        fps: f64::from(FPS),
        // BT.709, as the scene is painted.
        colour: Colour { full_range: false, matrix: 1, primaries: 1, transfer: 1 },
    };
    let plan = encode::resolve(&asked, &facts, Purpose::Live).map_err(|refusal| refusal.message)?;
    encode::software(&plan).map_err(|e| e.to_string())
}

/// Gives frames until `pace` says stop.
///
/// # Errors
/// Always ends with one: the encoder cannot be had, or the source was stopped.
pub fn run(sink: &mut dyn Sink, clock: &dyn Clock, pace: &Pace) -> SourceError {
    let mut encoder = match open() {
        Ok(encoder) => encoder,
        Err(e) => return SourceError::new("codec", format!("The demo camera needs an H.264 encoder. {e}")),
    };
    let mut scene = Scene::new();
    sink.connected("demo");
    let start = clock.now();
    for n in 0_u64.. {
        let due = start.0 + std::time::Duration::from_nanos(n * 1_000_000_000 / u64::from(FPS));
        if !pace.wait_until(clock, due) {
            break;
        }
        scene.paint(n);
        encoder.input().copy_from(&scene);
        match encoder.encode(scene::pts(n).0, false) {
            Ok(units) => units.into_iter().for_each(|unit| give(sink, clock.now(), unit)),
            Err(e) => return SourceError::new("codec", format!("The demo camera stopped: {e}")),
        }
    }
    SourceError::new("ended", "The demo camera was stopped.")
}

/// Gives on what was encoded here; its parameters stand in front of every key frame.
pub(super) fn give(sink: &mut dyn Sink, arrived: Mono, unit: Encoded) {
    let data = codec::nal::annexb_to_lengths(&unit.data);
    if unit.key
        && let Ok(Some(video)) = codec::h264::video_params_in_band(&data)
    {
        sink.parameters(StreamParams { video, audio: None });
    }
    sink.unit(RawUnit { medium: Medium::Video, time: unit.pts, key: unit.key, data, arrived, lost: false });
}
