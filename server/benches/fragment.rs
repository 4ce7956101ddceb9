//! What a frame costs between source and sender: its chunk, and its way through the hub to many cursors.
//!
//! `cargo bench --bench fragment`; libavformat's movenc takes 1.9 us for a fragment of one frame (benchmarks, row 4).
#![allow(missing_docs)]

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sightline::codec::h264;
use sightline::fragment::{Chunk, Fragmenter};
use sightline::live::hub::{Hub, HubLimits, Item, Next};
use sightline::pipeline::clock::Mono;
use sightline::pipeline::packet::{AccessUnit, Medium, StreamParams};
use sightline_shared::camera::Rendition;
use sightline_shared::time::{Epoch, Pts};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// A 4 Mb/s camera at 30 frames a second.
const FRAME: usize = 17_000;
const SPS: &[u8] =
    b"\x67\x42\x00\x29\x96\x35\x40\xf0\x04\x4f\xcb\x37\x01\x01\x01\x40\x00\x00\x03\x00\x40\x00\x00\x07\xa1";
const PPS: &[u8] = b"\x68\xce\x31\xb2";

fn access_unit(number: u64, units: &[&[u8]]) -> AccessUnit {
    let video = h264::video_params_from_sps_pps(SPS, PPS).expect("a camera's own parameter sets");
    let mut data = Vec::new();
    for unit in units {
        data.extend_from_slice(&u32::try_from(unit.len()).expect("small").to_be_bytes());
        data.extend_from_slice(unit);
    }
    let pts = Pts(i64::try_from(number).expect("small") * 3000);
    AccessUnit {
        medium: Medium::Video,
        epoch: Epoch(0),
        starts_epoch: number == 0,
        pts,
        dts: pts,
        duration: 3000,
        key: number.is_multiple_of(60),
        data: Bytes::from(data),
        params: Arc::new(StreamParams { video, audio: None }),
        sequence: number,
        arrived: Mono(Duration::from_millis(number * 33)),
        captured_utc: None,
    }
}

fn picture(head: u8) -> Vec<u8> {
    let mut unit = vec![0x5a; FRAME];
    unit[0] = head;
    unit
}

fn fragment(c: &mut Criterion) {
    let mut group = c.benchmark_group("fragment");
    group.throughput(Throughput::Elements(1));
    let plain = access_unit(1, &[&picture(0x61)]);
    let key = access_unit(0, &[&[9, 0xf0], SPS, PPS, &picture(0x65)]);
    for (name, unit) in [("frame of 17 kB", &plain), ("key frame of 17 kB with its parameter sets", &key)] {
        let mut fragmenter = Fragmenter::new(Rendition::Source);
        fragmenter.start_epoch(Epoch(0), &unit.params).expect("parameters of a camera");
        group.bench_function(name, |b| b.iter(|| black_box(fragmenter.chunk(black_box(unit), Mono::default()))));
    }
    // The same bytes moved without anything else: what no fragmenter can be faster than.
    group.bench_function("copy of 17 kB", |b| b.iter(|| black_box(Bytes::copy_from_slice(black_box(&plain.data)))));
    group.finish();
}

fn chunks(count: u64) -> Vec<Arc<Chunk>> {
    let mut fragmenter = Fragmenter::new(Rendition::Source);
    let first = access_unit(0, &[&picture(0x65)]);
    fragmenter.start_epoch(Epoch(0), &first.params).expect("parameters of a camera");
    let unit = |number| access_unit(number, &[&picture(if number % 60 == 0 { 0x65 } else { 0x61 })]);
    (0..count).map(|number| Arc::new(fragmenter.chunk(&unit(number), Mono::default()))).collect()
}

fn hub(c: &mut Criterion) {
    let mut group = c.benchmark_group("hub");
    let chunks = chunks(60);
    for readers in [0, 1, 64, 1000] {
        group.throughput(Throughput::Elements(60));
        group.bench_function(format!("60 frames to {readers} cursors"), |b| {
            b.iter_batched(
                || {
                    let hub = Hub::new(HubLimits::default());
                    let cursors: Vec<_> = (0..readers).map(|_| hub.join()).collect();
                    (hub, cursors)
                },
                |(hub, mut cursors)| {
                    for chunk in &chunks {
                        hub.publish(Item::Chunk(Arc::clone(chunk)));
                        for cursor in &mut cursors {
                            while let Some(Next::Item(item)) = cursor.try_next() {
                                black_box(item);
                            }
                        }
                    }
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, fragment, hub);
criterion_main!(benches);
