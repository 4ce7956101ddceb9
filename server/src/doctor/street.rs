//! The frames of the trials: some of the demo's street, what encoders made of them as a source would give it, and how far two pictures are apart.

use crate::codec;
use crate::decode::Decoder;
use crate::encode::{Encoded, PictureFacts};
use crate::picture::turn;
use crate::pipeline::clock::Mono;
use crate::pipeline::frame::{Colour, Frame, HostPicture, PixelFormat};
use crate::pipeline::packet::{AccessUnit, Medium, StreamParams};
use crate::source::scene::{self, HEIGHT, Scene, WIDTH};
use sightline_shared::time::{Epoch, Pts};
use std::sync::Arc;

/// What encoders are told of the street.
pub(super) fn facts() -> PictureFacts {
    PictureFacts {
        width: WIDTH as u32,
        height: HEIGHT as u32,
        rotation: 0,
        sample_aspect: (1, 1),
        fps: f64::from(scene::FPS),
        colour: COLOUR,
    }
}

/// BT.709, as the street is painted.
const COLOUR: Colour = Colour { full_range: false, matrix: 1, primaries: 1, transfer: 1 };

/// Frame `n` of the street.
pub(crate) fn painted(n: u64) -> Frame {
    let mut scene = Scene::new();
    scene.paint(n);
    let plane = |index: usize| {
        let (data, stride) = scene.plane(index);
        (data.to_vec(), stride)
    };
    Frame {
        colour: COLOUR,
        pts: scene::pts(n),
        ..Frame::of_planes([0, 1, 2].map(plane).into(), PixelFormat::I420, (WIDTH, HEIGHT))
    }
}

/// What an encoder gave as a source would give it; nothing where its parameters cannot be read.
pub(super) fn access_units(units: &[Encoded]) -> Vec<AccessUnit> {
    let mut params: Option<Arc<StreamParams>> = None;
    let mut out = Vec::new();
    for (sequence, unit) in units.iter().enumerate() {
        let data = codec::nal::annexb_to_lengths(&unit.data);
        if unit.key
            && let Ok(Some(video)) = codec::h264::video_params_in_band(&data)
        {
            params.get_or_insert_with(|| Arc::new(StreamParams { video, audio: None }));
        }
        let Some(params) = params.clone() else { return Vec::new() };
        out.push(AccessUnit {
            medium: Medium::Video,
            epoch: Epoch(0),
            starts_epoch: sequence == 0,
            pts: Pts(unit.pts),
            dts: Pts(unit.dts),
            duration: 3000,
            key: unit.key,
            data,
            params,
            sequence: sequence as u64,
            arrived: Mono::default(),
            captured_utc: None,
        });
    }
    out
}

/// Decodes all of it.
pub(super) fn drain(
    decoder: &mut dyn Decoder,
    units: &[AccessUnit],
    look: &mut dyn FnMut(Frame),
) -> Result<(), String> {
    let mut frames = Vec::new();
    for unit in units {
        decoder.decode(unit, &mut frames).map_err(|error| error.to_string())?;
        frames.drain(..).for_each(&mut *look);
    }
    decoder.flush(&mut frames);
    frames.into_iter().for_each(look);
    Ok(())
}

/// Luma of a frame in host memory, without gaps.
pub(super) fn luma(frame: &Frame) -> Vec<u8> {
    let Some(plane) = frame.luma() else { return Vec::new() };
    plane
        .data
        .chunks(plane.stride.max(1))
        .take(plane.height)
        .flat_map(|row| &row[..plane.width.min(row.len())])
        .copied()
        .collect()
}

/// Mean difference of samples; as far as can be where their number differs.
pub(super) fn apart(one: &[u8], other: &[u8]) -> f64 {
    if one.len() != other.len() || one.is_empty() {
        return 255.0;
    }
    let sum: u64 = one.iter().zip(other).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.len() as f64
}

/// Luma of half the size, by the software body.
pub(super) fn halved(frame: &Frame) -> Result<Vec<u8>, String> {
    let [luma, ..] = turn::resized(frame, WIDTH / 2, HEIGHT / 2).map_err(|error| error.to_string())?;
    Ok(luma.0)
}
