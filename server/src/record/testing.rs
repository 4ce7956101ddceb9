//! For tests: init segments and chunks made by hand.

use super::ring::Ring;
use crate::fragment::film::{access_units, film, read};
use crate::fragment::{Chunk, Fragmenter, InitSet};
use crate::pipeline::clock::Mono;
use crate::pipeline::packet::{AccessUnit, StreamParams, VideoParams};
use bytes::Bytes;
use sightline_shared::camera::Rendition;
use sightline_shared::chunk::{ChunkHeader, Kind};
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::wire::Init;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn init(epoch: u32) -> Arc<InitSet> {
    let text = Init {
        rendition: Rendition::Source,
        epoch: Epoch(epoch),
        codec: "avc1.42c01f".into(),
        width: 16,
        height: 16,
        rotation: 0,
        timescale: 90_000,
        audio: None,
    };
    let (video, muxed) = (Bytes::from_static(b"video"), Bytes::from_static(b"muxed"));
    let params = Arc::new(crate::pipeline::packet::testing::params());
    Arc::new(InitSet { text, video, audio: None, muxed, params })
}

/// A chunk of `bytes` that is no MP4: good enough for whoever only keeps it.
pub(super) fn chunk(epoch: u32, pts: i64, dts: i64, flags: u8, bytes: usize, arrived: Mono) -> Chunk {
    let header = ChunkHeader {
        kind: Kind::Chunk,
        flags,
        rendition: 0,
        epoch: Epoch(epoch),
        pts: Pts(pts),
        dts: Pts(dts),
        duration: 3600,
        sequence: 0,
    };
    Chunk { header, message: vec![0; bytes].into(), arrived, fragmented: arrived }
}

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
