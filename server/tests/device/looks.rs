//! Models on a device: what they read there is what is prepared in host memory, and nothing of it crosses the bus.

use super::{decoded, film_of, in_software, on_device, seat};
use sightline::detect::model::{Engine, Input, ModelError, Preparer, Spec};
use sightline::detect::{Area, Detection};
use sightline::pipeline::analysis::{Analysis, AnalysisCounters, TracksSink};
use sightline::pipeline::batcher::{Engines, Loader};
use sightline::pipeline::clock::{Clock, SystemClock};
use sightline::pipeline::decoding::{Consumer, Decoded, Surroundings};
use sightline::pipeline::frame::{Frame, VecPicture};
use sightline::pipeline::inject::Inject;
use sightline::pipeline::packet::AccessUnit;
use sightline::pipeline::pool::Pool;
use sightline::pipeline::trace::Trace;
use sightline_nv::Stream;
use sightline_shared::camera::{DetectSettings, SecondModel};
use sightline_shared::tracks::Tracks;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What an engine was given: where it lay, and its samples.
#[derive(Clone)]
struct Given {
    model: String,
    on: Option<(u32, usize)>,
    samples: Vec<f32>,
    within: Area,
}

/// A model that remembers what it was given. On the device it reads there, until it fails.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    given: Vec<Given>,
    fails: bool,
}

struct Run {
    fake: Fake,
    spec: Arc<Spec>,
    there: Option<u32>,
}

impl Loader for Fake {
    fn stamp(&self, _model: &str) -> Result<u64, ModelError> {
        Ok(1)
    }

    fn open(&self, model: &str, avoid: Option<&str>) -> Result<Box<dyn Engine>, ModelError> {
        Ok(Box::new(run(self, model, avoid.is_none().then_some(0))))
    }
}

fn run(fake: &Fake, model: &str, there: Option<u32>) -> Run {
    let labels = vec!["person".into()];
    let spec = Spec { name: model.into(), labels, size: (96, 64), batch: 4, ..Spec::default() };
    Run { fake: fake.clone(), spec: Arc::new(spec), there }
}

impl Engine for Run {
    fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    fn runs_on(&self) -> String {
        if self.there.is_some() { "the device" } else { "the processor" }.into()
    }

    fn reads_there(&self) -> Option<u32> {
        self.there
    }

    fn run(&mut self, inputs: &[&Input], _least: f32) -> Result<Vec<Vec<Detection>>, ModelError> {
        let mut state = self.fake.0.lock().unwrap();
        if std::mem::take(&mut state.fails) {
            return Err(ModelError("the device fell off the bus.".into()));
        }
        state.given.extend(inputs.iter().map(|input| given(&self.spec, input)));
        let person = Area { x1: 0.25, y1: 0.25, x2: 0.75, y2: 0.75 };
        Ok(inputs.iter().map(|_| vec![Detection::new("person".into(), 0.9, person)]).collect())
    }
}

fn given(spec: &Spec, input: &Input) -> Given {
    let bytes = 4 * 3 * spec.size.0 * spec.size.1;
    let mut samples = input.samples.clone();
    if let Some(there) = &input.device {
        let mut raw = vec![0; bytes];
        there.with(|buffer| {
            let stream = Stream::new(buffer.context()).unwrap();
            buffer.download(&stream, there.at() * bytes, &mut raw).unwrap();
        });
        samples = raw.chunks(4).map(|number| f32::from_le_bytes(number.try_into().unwrap())).collect();
    }
    let on = input.device.as_ref().map(|there| (there.device(), there.at()));
    Given { model: spec.name.clone(), on, samples, within: input.placed.within }
}

#[derive(Default)]
struct Told(Mutex<Vec<Tracks>>);

impl TracksSink for Told {
    fn tracks(&self, tracks: Tracks) -> bool {
        self.0.lock().unwrap().push(tracks);
        true
    }
    fn traced(&self, _trace: &Trace) {}
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let clock = SystemClock::default();
    while !done() {
        assert!(clock.now().0 < Duration::from_secs(30), "never {what}");
        clock.pause(Duration::from_millis(2));
    }
}

/// A picture that moves, with soft edges: the kernel blends chroma where the host takes the nearest.
fn soft(n: usize, width: usize, height: usize) -> VecPicture {
    let wave = |at: usize| at.abs_diff(at.next_multiple_of(64).max(64) - 32) as u8 * 3;
    let plane = |width: usize, height: usize, by: usize| {
        let at = |x: usize, y: usize| 60 + wave(x * by + n * 5) / 2 + wave(y * by + 7) / 2;
        ((0..width * height).map(|i| at(i % width, i / width)).collect::<Vec<_>>(), width)
    };
    VecPicture {
        planes: vec![plane(width, height, 1), plane(width / 2, height / 2, 1), plane(width / 2, height / 2, 2)],
    }
}

/// Frames of pixels that are square, in the memory of both.
fn both(seat: &sightline::device::Seat, frames: u64) -> (Vec<AccessUnit>, Vec<Arc<Frame>>, Vec<Frame>) {
    let units = film_of(soft, (320, 180), 0, 0, frames);
    let (mut ours, _) = decoded(&mut *on_device(seat, &units[0]), &units);
    let (mut theirs, _) = decoded(&mut *in_software(&units[0]), &units);
    ours.iter_mut().chain(&mut theirs).for_each(|frame| frame.sample_aspect = (1, 1));
    (units, ours.into_iter().map(Arc::new).collect(), theirs)
}

/// How far samples are from those that are prepared in host memory, of 255: in the mean, and at most.
fn apart(given: &Given, frame: &Frame, crop: Option<Area>) -> (f32, f32) {
    let spec = run(&Fake::default(), "", None).spec;
    let mut input = Input::default();
    spec.prepare(frame, crop, &mut input).unwrap();
    let within = |a: Area, b: Area| (a.x1 - b.x1).abs().max((a.y2 - b.y2).abs()) < 0.02;
    assert!(within(given.within, input.placed.within), "{:?} for {:?}", given.within, input.placed.within);
    assert_eq!(given.samples.len(), input.samples.len());
    let off: Vec<f32> = given.samples.iter().zip(&input.samples).map(|(a, b)| (a - b).abs() * 255.0).collect();
    (off.iter().sum::<f32>() / off.len() as f32, off.iter().copied().fold(0.0, f32::max))
}

const CROP: Area = Area { x1: 0.25, y1: 0.25, x2: 0.75, y2: 0.75 };

/// What was fetched was made small by the resizer, which blends all samples, and not the four that models are trained with; its edge may
/// lie a pixel further out.
fn near(given: &Given, frame: &Frame, crop: Option<Area>) {
    let (mean, most) = apart(given, frame, crop);
    let allowed = if given.on.is_some() { (1.0, 8.0) } else { (4.0, 120.0) };
    assert!(mean < allowed.0 && most < allowed.1, "{} {:?}: {mean} in the mean, {most} at most", given.model, given.on);
}

#[test]
fn a_batch_is_prepared_where_its_frames_lie() {
    let Some(seat) = seat("looks::a_batch_is_prepared_where_its_frames_lie") else { return };
    let (_, mut ours, theirs) = both(&seat, 4);
    // The kernel is for pictures that are upright.
    let mut last = ours.pop().and_then(Arc::into_inner).unwrap();
    last.sample_aspect = (2, 1);
    let fake = Fake::default();
    let mut there = run(&fake, "there", Some(0));
    let mut preparer = Preparer::default();
    let frames = [(&*ours[0], None), (&theirs[1], None), (&*ours[2], Some(CROP))];
    {
        let made: Vec<_> = preparer.prepare(&there, &frames).into_iter().map(Result::unwrap).collect();
        let inputs: Vec<&Input> = made.iter().map(|(input, _)| *input).collect();
        let (first, second) = (inputs[0].device.as_ref().unwrap(), inputs[2].device.as_ref().unwrap());
        assert!(second.follows(first) && !first.follows(second), "one launch for both");
        assert!(made[0].1.is_some_and(|took| !took.is_zero()) && made[1].1.is_none());
        there.run(&inputs, 0.1).unwrap();
    }
    let told = seat.info();
    assert_eq!((told.looks_to_host_bytes, told.frames_to_host_bytes), (0, 0));
    let given = fake.0.lock().unwrap().given.clone();
    assert_eq!(given.iter().map(|given| given.on).collect::<Vec<_>>(), [Some((0, 0)), None, Some((0, 1))]);
    near(&given[0], &theirs[0], None);
    near(&given[1], &theirs[1], None);
    near(&given[2], &theirs[2], Some(CROP));
    // What the kernel is not for comes over the bus, no larger than the model sees it.
    let made = preparer.prepare(&there, &[(&last, None)]).remove(0).unwrap();
    assert!(made.0.device.is_none());
    let bytes = seat.info().looks_to_host_bytes;
    assert!(bytes > 0 && bytes <= 96 * 64 * 3 / 2, "{bytes} bytes");
}

/// A part of a frame on the device, for a model that reads the host's memory: only that comes, and no larger than the model sees it.
#[test]
fn a_part_of_a_frame_comes_to_the_host_by_itself() {
    let Some(seat) = seat("looks::a_part_of_a_frame_comes_to_the_host_by_itself") else { return };
    let fake = Fake::default();
    let mut here = run(&fake, "here", None);
    let mut preparer = Preparer::default();
    let small = Area { x1: 0.1, y1: 0.5, x2: 0.3, y2: 0.75 };
    for (crop, most) in [(CROP, 96 * 90), (small, 66 * 66)] {
        for rotation in [0, 90, 180, 270] {
            let (_, ours, mut theirs) = both(&seat, 1);
            let mut our = ours.into_iter().next().and_then(Arc::into_inner).unwrap();
            (our.rotation, theirs[0].rotation) = (rotation, rotation);
            let before = seat.info().looks_to_host_bytes;
            let made = preparer.prepare(&here, &[(&our, Some(crop))]).remove(0).unwrap().0;
            here.run(&[made], 0.1).unwrap();
            near(&fake.0.lock().unwrap().given.pop().unwrap(), &theirs[0], Some(crop));
            let bytes = seat.info().looks_to_host_bytes - before;
            assert!(bytes > 0 && bytes <= most * 3 / 2, "{crop:?} turned by {rotation}: {bytes} bytes");
        }
    }
    assert_eq!(seat.info().frames_to_host_bytes, 0);
}

/// The whole way of looks: a model that reads on the device, another one on parts of the picture; then the first fails there.
#[test]
fn looks_stay_on_the_device_until_the_model_falls_back() {
    let Some(seat) = seat("looks::looks_stay_on_the_device_until_the_model_falls_back") else { return };
    let (units, ours, theirs) = both(&seat, 12);
    let fake = Fake::default();
    let clock = Arc::new(SystemClock::default());
    let around = Surroundings {
        pool: Arc::new(Pool::start(2, clock.clone()).unwrap()),
        clock: clock.clone(),
        inject: Arc::new(Inject::default()),
        seat: seat.clone(),
    };
    let second = SecondModel { model: "faces".into(), labels: vec!["person".into()] };
    let settings =
        DetectSettings { model: "people".into(), fps: 0.0, second: vec![second], ..DetectSettings::default() };
    let (told, counters) = (Arc::new(Told::default()), Arc::new(AnalysisCounters::default()));
    let engines = Engines::new(Arc::new(fake.clone()), clock.clone());
    let analysis = Analysis::new(&settings, false, counters.clone(), around, engines.clone(), told.clone());
    analysis.decoder(Ok("NVDEC"));
    let runs_on = || analysis.info().detector.unwrap_or_default();
    until("ready", || runs_on().matches("the device").count() == 2);
    let given = |model: &str| -> Vec<Given> {
        fake.0.lock().unwrap().given.iter().filter(|given| given.model == model).cloned().collect()
    };
    let skipped = || analysis.info().skipped.values().sum::<u64>();
    let give = |n: usize| {
        analysis.give(&Decoded {
            frame: ours[n].clone(),
            key: n == 0,
            duration: 3000,
            fps: 30.0,
            sequence: n as u64,
            captured_utc: None,
            params: units[0].params.clone(),
            trace: None,
            at: clock.now(),
        });
        until("told", || told.0.lock().unwrap().len() == n + 1);
    };
    for n in 0..6 {
        give(n);
        until("looked at", || (given("people").len(), given("faces").len()) == (n + 1, n + 1));
    }
    for ((whole, part), their) in given("people").iter().zip(&given("faces")).zip(&theirs) {
        assert_eq!((whole.on, part.on), (Some((0, 0)), Some((0, 0))));
        near(whole, their, None);
        near(part, their, Some(Area { x1: 0.2, y1: 0.2, x2: 0.8, y2: 0.8 }));
    }
    let bus = seat.info();
    assert_eq!((bus.looks_to_host_bytes, bus.frames_to_host_bytes, skipped()), (0, 0, 0));
    let now = || clock.now();
    assert!(
        counters.detect.report(now(), Duration::from_secs(60)).device_p50_ms.is_some(),
        "the kernel's time is told"
    );
    // The one that runs fails with this frame, and its place is taken by the processor.
    fake.0.lock().unwrap().fails = true;
    give(6);
    until("fallen back", || runs_on().contains("the processor"));
    assert_eq!(analysis.info().skipped.get("failed"), Some(&1));
    for n in 7..12 {
        give(n);
        until("looked at", || given("people").len() == n);
    }
    assert_eq!(skipped(), 1, "{:?}", analysis.info());
    for (whole, their) in given("people")[6..].iter().zip(&theirs[7..]) {
        assert_eq!(whole.on, None);
        near(whole, their, None);
    }
    let bus = seat.info();
    assert!(bus.looks_to_host_bytes > 0 && bus.looks_to_host_bytes <= 5 * 96 * 64 * 3 / 2, "{bus:?}");
    assert_eq!(bus.frames_to_host_bytes, 0);
    analysis.close();
    assert!(engines.finish(Duration::from_secs(20)));
}
