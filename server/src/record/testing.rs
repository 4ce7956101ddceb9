//! For tests: a film as a camera sends it.

use super::ring::Ring;
use crate::fragment::Fragmenter;
use crate::fragment::film::{access_units, film, read};
use crate::pipeline::clock::Mono;
use crate::pipeline::packet::{AccessUnit, StreamParams, VideoParams};
use sightline_shared::camera::Rendition;
use sightline_shared::time::Epoch;
use std::sync::Arc;
use std::time::Duration;

/// Fills a ring with a film of 60 frames (see [`film`]), as a camera would have sent it from second `from` on.
pub(super) fn fill(ring: &Ring, epoch: u32, from: u64, arguments: &str, change: impl Fn(&mut VideoParams)) {
    let (moov, samples) = read(&film(arguments));
    let units = access_units(&moov, &samples);
    let mut params = StreamParams::clone(&units[0].params);
    change(&mut params.video);
    let mut fragmenter = Fragmenter::new(Rendition::Source);
    ring.init(&Arc::new(fragmenter.start_epoch(Epoch(epoch), &params).unwrap()));
    for unit in units {
        let arrived = Mono(Duration::from_secs(from) + Duration::from_secs_f64(unit.pts.seconds()));
        let unit = AccessUnit { epoch: Epoch(epoch), arrived, ..unit };
        ring.chunk(&Arc::new(fragmenter.chunk(&unit, Mono::default())));
    }
}
