//! Access units of a running stream: parameter sets that change in it, and the chunk that is made of it. The first byte picks the
//! codec and what the stream began with.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mp4_atom::{Any, DecodeMaybe};
use sightline_fuzz::codec::{self, h264, hevc, nal};
use sightline_fuzz::fragment::Fragmenter;
use sightline_fuzz::pipeline::clock::Mono;
use sightline_fuzz::pipeline::packet::{AccessUnit, Medium, StreamParams, VideoParams};
use sightline_shared::camera::Rendition;
use sightline_shared::chunk::HEADER_LEN;
use sightline_shared::time::{Epoch, Pts};
use std::sync::Arc;

const SPS: &[u8] =
    b"\x67\x42\x00\x29\x96\x35\x40\xf0\x04\x4f\xcb\x37\x01\x01\x01\x40\x00\x00\x03\x00\x40\x00\x00\x07\xa1";
const PPS: &[u8] = b"\x68\xce\x31\xb2";
const HVCC: &[u8] = include_bytes!("../seeds/hvcc/x265");

fn start(pick: u8) -> VideoParams {
    let params =
        if pick & 1 == 0 { h264::video_params_from_sps_pps(SPS, PPS) } else { hevc::video_params_from_hvcc(HVCC) };
    params.expect("a real record")
}

fuzz_target!(|data: &[u8]| {
    let Some((&pick, data)) = data.split_first() else { return };
    let mut video = start(pick);
    if let Ok(Some(changed)) = codec::changed_parameters(&video, data) {
        // With the new ones in force, the same access unit changes nothing any more, or it carries several of one id.
        assert_ne!(changed, video);
        video = changed;
    }
    let params = Arc::new(StreamParams { video, audio: None });
    let mut fragmenter = Fragmenter::new(Rendition::Source);
    fragmenter.start_epoch(Epoch(0), &params).expect("parameters that were accepted");
    let unit = AccessUnit {
        medium: Medium::Video,
        epoch: Epoch(0),
        starts_epoch: true,
        pts: Pts(3000),
        dts: Pts(if pick & 2 == 0 { 3000 } else { 0 }),
        duration: 3000,
        key: pick & 4 == 0,
        data: Bytes::copy_from_slice(data),
        params,
        sequence: 0,
        arrived: Mono::default(),
        captured_utc: None,
    };
    let chunk = fragmenter.chunk(&unit, Mono::default());
    let mut rest = &chunk.message[HEADER_LEN..];
    let Ok(Some(Any::Moof(moof))) = Any::decode_maybe(&mut rest) else { panic!("no moof") };
    let Ok(Some(Any::Mdat(mdat))) = Any::decode_maybe(&mut rest) else { panic!("no mdat") };
    assert!(rest.is_empty());
    let entry = moof.traf[0].trun[0].samples.get(0).expect("one sample");
    assert_eq!(entry.size, Some(mdat.data.len() as u32));
    assert!(mdat.data.len() <= data.len() && (mdat.data.is_empty() == data.is_empty()));
    // Left out are only parameter sets and delimiters.
    let pictures =
        |data: &[u8]| nal::units(data).filter(|unit| is_picture(pick, unit[0])).map(<[u8]>::to_vec).collect::<Vec<_>>();
    assert_eq!(pictures(&mdat.data), pictures(data));
});

fn is_picture(pick: u8, head: u8) -> bool {
    if pick & 1 == 0 { (1..=5).contains(&(head & 0x1f)) } else { head >> 1 & 0x3f < 32 }
}
