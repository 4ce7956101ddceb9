//! For tests: init segments and chunks made by hand.

use super::{Chunk, InitSet};
use crate::pipeline::clock::Mono;
use bytes::Bytes;
use sightline_shared::camera::Rendition;
use sightline_shared::chunk::{ChunkHeader, Kind};
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::wire::Init;
use std::sync::Arc;

/// An init segment that is no MP4.
pub(crate) fn init(epoch: u32) -> Arc<InitSet> {
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
pub(crate) fn chunk(epoch: u32, pts: i64, dts: i64, flags: u8, bytes: usize, arrived: Mono) -> Chunk {
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
