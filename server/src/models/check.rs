//! Tries a model: what it is, how long a picture takes here, and what it finds in one.

use crate::detect::Detection;
use crate::detect::model::{Engine, Input, ModelError};
use crate::draw::Painter;
use crate::picture::Still;
use crate::pipeline::clock::Clock;
use crate::pipeline::frame::Frame;
use sightline_shared::draw::{Layers, draw_list};
use sightline_shared::models::{ModelCheck, ModelFound};
use sightline_shared::scene::Mask;
use sightline_shared::tracks::{Track, Tracks};

/// Runs that are not counted, and runs that are.
const WARM: usize = 2;
const RUNS: usize = 10;
/// The widest picture that is made of it.
const WIDTH: u32 = 1280;
const QUALITY: u8 = 88;

/// Tries `engine` on `frame`; boxes of `least` and more. The picture is upright, with its boxes, and `masks` lie on it.
///
/// # Errors
/// The frame cannot be read, the model does not run, or no picture can be made.
pub fn check(
    engine: &mut dyn Engine,
    frame: &Frame,
    least: f32,
    masks: &[Mask],
    clock: &dyn Clock,
) -> Result<(ModelCheck, Vec<u8>), ModelError> {
    let spec = engine.spec().clone();
    let mut input = Input::default();
    let unreadable = |error: &dyn std::fmt::Display| ModelError(format!("the picture cannot be used: {error}."));
    spec.prepare(frame, None, &mut input).map_err(|error| unreadable(&error))?;
    let mut times = Vec::new();
    let mut found = Vec::new();
    for run in 0..WARM + RUNS {
        let begun = clock.now();
        spec.prepare(frame, None, &mut input).map_err(|error| unreadable(&error))?;
        found = engine.run(&[&input], least)?.pop().unwrap_or_default();
        if run >= WARM {
            times.push(clock.now().since(begun).as_secs_f64() * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let told = ModelCheck {
        name: spec.name.clone(),
        runs_on: engine.runs_on(),
        note: engine.note(),
        layout: spec.layout.into(),
        input: [side(spec.size.0), side(spec.size.1)],
        batch: side(spec.batch),
        labels: spec.labels.iter().map(ToString::to_string).collect(),
        second: spec.second,
        ms: times[RUNS / 2],
        found: found.iter().map(shown).collect(),
        picture: None,
    };
    let picture = drawn(frame, &found, masks).map_err(|error| unreadable(&error))?;
    Ok((told, picture))
}

fn shown(found: &Detection) -> ModelFound {
    let Detection { label, score, x1, y1, x2, y2, .. } = found;
    ModelFound { label: label.to_string(), score: *score, x1: *x1, y1: *y1, x2: *x2, y2: *y2 }
}

/// The frame as JPEG, with boxes.
fn drawn(frame: &Frame, found: &[Detection], masks: &[Mask]) -> Result<Vec<u8>, crate::picture::PictureError> {
    let mut still = Still::of(frame, Some(WIDTH))?;
    still.hide(masks);
    let track = |(at, found): (usize, &Detection)| Track {
        id: at.to_string(),
        label: found.label.to_string(),
        score: found.score,
        x1: found.x1,
        y1: found.y1,
        x2: found.x2,
        y2: found.y2,
        ..Track::default()
    };
    let tracks = Tracks { tracks: found.iter().enumerate().map(track).collect(), ..Tracks::default() };
    let (width, height) = still.size();
    still.draw(&mut Painter::new(), &draw_list(&tracks, width as f32, height as f32, Layers::default()));
    still.jpeg(QUALITY)
}
