//! One decoder for all: decoded is what somebody wants, from the middle of a GOP on, and every access unit is counted.

use super::super::clock::SystemClock;
use super::super::testing::{around, decoded, until};
use super::*;
use crate::codec;
use crate::encode::{self, PictureFacts, Purpose};
use crate::fragment::Fragmenter;
use crate::live::hub::{HubLimits, Item};
use crate::pipeline::frame::Samples;
use crate::pipeline::packet::VideoCodec;
use sightline_shared::camera::Rendition;
use sightline_shared::encoder::EncoderSettings;
use sightline_shared::time::Epoch;

/// Writes down what it is given.
struct Scribe {
    wants: Mutex<Wants>,
    got: Mutex<Vec<i64>>,
}

impl Consumer for Scribe {
    fn wants(&self) -> Wants {
        *lock(&self.wants)
    }

    fn give(&self, decoded: &Decoded) {
        lock(&self.got).push(decoded.frame.pts.0 / 3000);
    }

    fn decoder(&self, opened: Result<&str, &str>) {
        assert!(opened.is_ok());
    }
}

/// Access units of a film with a key frame every ten frames.
fn film(frames: u64) -> Vec<AccessUnit> {
    let asked = EncoderSettings { gop: Some(10), ..EncoderSettings::default() };
    let colour = super::super::frame::Colour::default();
    let facts = PictureFacts { width: 64, height: 64, rotation: 0, sample_aspect: (1, 1), fps: 30.0, colour };
    let mut encoder = encode::software(&encode::resolve(&asked, &facts, Purpose::Live).unwrap()).unwrap();
    let (mut units, mut params) = (Vec::new(), None);
    for n in 0..frames {
        let Samples::Host(picture) = &decoded(n, 64, 64, Mono::default()).frame.samples else {
            unreachable!("made here")
        };
        encoder.input().copy_from(&**picture);
        let unit = encoder.encode(n as i64 * 3000, false).unwrap().remove(0);
        let data = codec::nal::annexb_to_lengths(&unit.data);
        if params.is_none() {
            let sets = codec::in_band_parameters(VideoCodec::H264, &data).unwrap();
            let video = codec::h264::video_params_from_sps_pps(sets.sps[0], sets.pps[0]).unwrap();
            params = Some(Arc::new(StreamParams { video, audio: None }));
        }
        units.push(AccessUnit {
            key: unit.key,
            data,
            params: params.clone().unwrap(),
            ..super::super::packet::testing::access_unit(n, unit.key)
        });
    }
    units
}

struct Bench {
    scribe: Arc<Scribe>,
    decoding: Arc<Decoding>,
    hub: Arc<Hub>,
    fragmenter: Fragmenter,
    counters: Arc<StageCounters>,
}

impl Bench {
    fn new(wants: Wants, film: &[AccessUnit]) -> Self {
        let scribe = Arc::new(Scribe { wants: Mutex::new(wants), got: Mutex::default() });
        let (hub, counters) = (Hub::new(HubLimits::default()), Arc::<StageCounters>::default());
        let around = around(1, Arc::new(SystemClock::default()), &[]);
        let decoding = Decoding::new(vec![scribe.clone()], Some(hub.clone()), counters.clone(), around);
        let mut fragmenter = Fragmenter::new(Rendition::Source);
        hub.publish(Item::Init(Arc::new(fragmenter.start_epoch(Epoch(0), &film[0].params).unwrap())));
        Self { scribe, decoding, hub, fragmenter, counters }
    }

    fn push(&mut self, units: &[AccessUnit]) {
        for unit in units {
            self.hub.publish(Item::Chunk(Arc::new(self.fragmenter.chunk(unit, Mono::default()))));
            self.decoding.push(unit, None);
            let decoding = self.decoding.clone();
            until("decoded", || !decoding.scheduled.load(Ordering::Acquire));
        }
    }

    fn want(&self, wants: Wants) {
        *lock(&self.scribe.wants) = wants;
    }

    fn got(&self) -> Vec<i64> {
        std::mem::take(&mut *lock(&self.scribe.got))
    }

    fn counts(&self) -> (u64, u64, u64) {
        let report = self.counters.report(Mono::default(), Duration::from_secs(1));
        let dropped: u64 = report.dropped.values().sum();
        assert_eq!(report.entered, report.left + report.held + dropped, "{report:?}");
        (report.entered, report.left, dropped)
    }
}

#[test]
fn nobody_wants_frames_and_none_is_decoded() {
    let film = film(20);
    let mut bench = Bench::new(Wants::Nothing, &film);
    bench.push(&film);
    assert_eq!((bench.got(), bench.counts(), bench.decoding.newest().len()), (vec![], (0, 0, 0), 0));
}

#[test]
fn who_comes_in_the_middle_of_a_gop_does_not_wait_for_the_next() {
    let film = film(40);
    let mut bench = Bench::new(Wants::Nothing, &film);
    bench.push(&film[..15]);
    bench.want(Wants::All);
    bench.push(&film[15..28]);
    assert_eq!(bench.got(), (16..28).collect::<Vec<_>>(), "frame 15 is the one that is caught up with");
    assert_eq!(bench.counts(), (12, 12, 0));
    assert_eq!(bench.decoding.newest().iter().map(|frame| frame.pts.0 / 3000).collect::<Vec<_>>(), [26, 27]);
    bench.want(Wants::Nothing);
    bench.push(&film[28..33]);
    assert!(bench.got().is_empty() && bench.decoding.newest().is_empty(), "nothing is held for nobody");
    bench.want(Wants::All);
    bench.push(&film[33..]);
    assert_eq!(bench.got(), (34..40).collect::<Vec<_>>());
}

#[test]
fn key_frames_alone_are_decoded_where_nobody_wants_more() {
    let film = film(40);
    let mut bench = Bench::new(Wants::KeyFrames, &film);
    bench.push(&film[..25]);
    assert_eq!((bench.got(), bench.counts()), (vec![0, 10, 20], (25, 3, 22)));
    bench.want(Wants::All);
    bench.push(&film[25..29]);
    assert_eq!(bench.got(), [26, 27, 28]);
    bench.want(Wants::KeyFrames);
    bench.push(&film[29..]);
    assert_eq!(bench.got(), [30]);
}

#[test]
fn a_damaged_access_unit_is_counted_and_the_rest_goes_on() {
    let mut film = film(20);
    film[10].data = bytes::Bytes::from_static(&[0, 0, 0, 9, 1]);
    let mut bench = Bench::new(Wants::All, &film);
    bench.push(&film);
    let (entered, left, dropped) = bench.counts();
    assert_eq!((entered, left + dropped), (20, 20));
    assert!(dropped >= 1 && left >= 10, "{left} left, {dropped} dropped");
    bench.decoding.close();
    assert_eq!(bench.counters.held(), 0);
}

/// The decoder gives up at frame 12, having given nothing since frame 7, while the camera is at frame 26 already: it is late.
fn given_up(kept: bool) -> (Vec<i64>, (u64, u64, u64)) {
    let film = film(27);
    let mut bench = Bench::new(Wants::Nothing, &film);
    bench.push(&film);
    if !kept {
        bench.hub.forget();
    }
    let inside = |unit: &AccessUnit| {
        bench.counters.enter();
        Inside { unit: unit.clone(), trace: None, at: Some(Mono::default()) }
    };
    let mut held: VecDeque<Inside> = film[8..13].iter().map(inside).collect();
    let failed = held.pop_back().unwrap();
    let mut worker = lock(&bench.decoding.worker);
    worker.inside = held;
    bench.decoding.fall_back(&mut worker, failed, "gave up".into(), false);
    drop(worker);
    bench.decoding.schedule();
    until("decoded", || !bench.decoding.scheduled.load(Ordering::Acquire));
    (bench.got(), bench.counts())
}

#[test]
fn what_a_decoder_held_when_it_gave_up_is_decoded_again_however_late_it_was() {
    assert_eq!(given_up(true), ((8..13).collect(), (5, 5, 0)));
}

#[test]
fn where_the_key_frame_is_gone_another_decoder_begins_at_the_next() {
    assert_eq!(given_up(false), ((10..13).collect(), (5, 3, 2)));
}
