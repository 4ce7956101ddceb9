//! How much each part does by itself: NVDEC in sessions, the model input against a plain copy, boxes in one launch.

use crate::cpu::{Moment, Spent};
use crate::decoding::{decoder, each, rest};
use crate::report::Report;
use crate::{Effort, clips};
use sightline_nv::{
    Atlas, Buffer, Context, Crop, DrawList, Error, Fit, Format, Ink, Input, Kernels, Matrix, ModelInput, Monitor,
    Picture, Pool, Samples, Stream, Timing,
};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Benchmark 16: pictures a second of so many decoders at once, and the processor's time for each.
pub(crate) fn decoding(context: &Context, effort: &Effort, report: &mut Report) -> Result<(), Error> {
    // Says whether it is the engines that set the rate.
    let monitor = Monitor::new().ok();
    for sessions in &effort.sessions {
        let busy = || monitor.as_ref().and_then(|monitor| monitor.load(context).decoder.ok());
        let (pictures, spent, busy) = at_once(context, *sessions, effort.time, &busy)?;
        let rate = pictures as f64 / spent.wall.as_secs_f64();
        let each = spent.cpu.as_secs_f64() * 1e6 / pictures.max(1) as f64;
        let name = format!("NVDEC H.264 1080p, {sessions} at once");
        report.figure(16, name.clone(), rate, "pictures/s");
        report.figure(16, format!("{name}: processor time of each"), each, "us");
        if let Some(busy) = busy {
            report.figure(16, format!("{name}: NVDEC busy"), f64::from(busy), "%");
        }
    }
    Ok(())
}

/// Pictures that are left waiting in a decoder, so that it has always something to do.
const BEHIND: usize = 4;

/// Pictures, time, and how busy the engines were at the end of it.
type AtOnce = (u64, Spent, Option<u32>);

fn at_once(
    context: &Context,
    sessions: usize,
    time: Duration,
    busy: &dyn Fn() -> Option<u32>,
) -> Result<AtOnce, Error> {
    let (pictures, ready) = (AtomicU64::new(0), AtomicUsize::new(0));
    let (stop, failed) = (AtomicBool::new(false), Mutex::new(None));
    let clip = clips::h264();
    let session = || -> Result<(), Error> {
        let mut decoder = decoder(context, &clip, 2 * BEHIND)?;
        let mut look = |_| {
            pictures.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        // Once through before it counts, so that everything is made.
        each(&mut decoder, &clip, 0, BEHIND, &mut look)?;
        ready.fetch_add(1, Ordering::Relaxed);
        while !stop.load(Ordering::Relaxed) {
            each(&mut decoder, &clip, 0, BEHIND, &mut look)?;
        }
        rest(&mut decoder, &mut look)
    };
    let fails = |error| {
        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    };
    let measured = thread::scope(|scope| {
        for number in 0..sessions {
            let begun = thread::Builder::new()
                .name(format!("decode {number}"))
                .spawn_scoped(scope, || session().unwrap_or_else(fails));
            if let Err(error) = begun {
                fails(Error::Invalid(format!("no thread for decoder {number}: {error}")));
            }
        }
        let all_well = || failed.lock().is_ok_and(|failed| failed.is_none());
        let wait_for = |done: &dyn Fn() -> bool| {
            while !done() && all_well() {
                thread::sleep(Duration::from_millis(1));
            }
        };
        wait_for(&|| ready.load(Ordering::Relaxed) == sessions);
        let (begun, before) = (Moment::now(), pictures.load(Ordering::Relaxed));
        thread::sleep(time);
        // Until there are some at all, where a picture takes long.
        wait_for(&|| pictures.load(Ordering::Relaxed) > before);
        let measured = (pictures.load(Ordering::Relaxed) - before, begun.spent(), busy());
        stop.store(true, Ordering::Relaxed);
        measured
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(measured),
    }
}

/// The middle one of times on the device; all of them have to be over.
pub(crate) fn median(stream: &Stream, timings: &[Timing]) -> Result<Duration, Error> {
    stream.synchronize()?;
    let mut all = timings.iter().filter_map(|timing| timing.elapsed().transpose()).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    let middle = all.get(all.len() / 2).copied();
    Ok(middle.unwrap_or_default().max(Duration::from_nanos(1)))
}

const CAMERA: (u32, u32) = (1920, 1080);

fn pictures(context: &Context, count: usize) -> Result<Vec<Picture>, Error> {
    let pool = Pool::new(context, Format::Nv12, CAMERA, count)?;
    (0..count).filter_map(|_| pool.lease().transpose()).collect()
}

/// Bytes of a picture that the model input looks at: of rows between which it does not interpolate none.
fn read(model: &ModelInput) -> usize {
    let rows = (model.width * CAMERA.1).div_ceil(CAMERA.0);
    let step = f64::from(CAMERA.1) / f64::from(rows);
    let touched = |plane: f64, height: u32| {
        let mut seen = vec![false; height as usize];
        for row in 0..rows {
            let at = (((f64::from(row) + 0.5) * step) * plane - 0.5).clamp(0.0, f64::from(height - 1)) as usize;
            seen[at] = true;
            seen[(at + 1).min(height as usize - 1)] = true;
        }
        seen.into_iter().filter(|seen| *seen).count()
    };
    (touched(1.0, CAMERA.1) + touched(0.5, CAMERA.1 / 2)) * CAMERA.0 as usize
}

pub(crate) fn model(samples: Samples) -> ModelInput {
    let (mean, scale) = ([0.0; 3], [1.0; 3]);
    ModelInput { width: 640, height: 640, samples, pad: 0.447, mean, scale, blue_first: false, fit: Fit::Centre }
}

/// Benchmark 17: bytes read and written a second, as a share of what a plain copy on the device has.
pub(crate) fn input(context: &Context, effort: &Effort, report: &mut Report) -> Result<(), Error> {
    let mut kernels = Kernels::new(context)?;
    let stream = kernels.stream().clone();
    let (from, to) = (Buffer::new(context, effort.copied)?, Buffer::new(context, effort.copied)?);
    let copies = (0..10).map(|_| stream.timed(|| to.copy_from(&stream, &from)).map(|((), timing)| timing));
    let copied = median(&stream, &copies.collect::<Result<Vec<_>, _>>()?)?;
    let bandwidth = 2.0 * effort.copied as f64 / copied.as_secs_f64();
    drop((from, to));
    report.figure(17, "copy on the device, read and written".into(), bandwidth / 1e9, "GB/s");
    let most = effort.batches.iter().copied().max().unwrap_or(1);
    let cameras = pictures(context, most)?;
    let matrix = Matrix { code: 1, full_range: false, height: CAMERA.1 };
    let inputs: Vec<_> = cameras.iter().map(|picture| Input { picture, crop: Crop::whole(CAMERA), matrix }).collect();
    for (samples, bytes, name) in [(Samples::F16, 2, "f16"), (Samples::F32, 4, "f32")] {
        let model = model(samples);
        let one = 3 * (model.width * model.height) as usize * bytes;
        let to = Buffer::new(context, most * one)?;
        for batch in &effort.batches {
            let mut timings = Vec::new();
            for launch in 0..effort.launches {
                // Another part of the pictures each time, so that a small batch is not found in the cache.
                let first = launch * batch % (most - batch + 1);
                kernels.input(&model, &inputs[first..first + batch], &to)?;
                timings.extend(kernels.last().iter().cloned());
            }
            let time = median(&stream, &timings)?.as_secs_f64();
            let share = (batch * (read(&model) + one)) as f64 / time / bandwidth * 100.0;
            let name = format!("1080p to 640x640 {name}, batch of {batch}");
            report.figure(17, name.clone(), time * 1e6, "us");
            report.figure(17, format!("{name}: of the copy's bandwidth"), share, "%");
        }
    }
    Ok(())
}

/// Ten boxes with a label each.
pub(crate) fn boxes(list: &mut DrawList, picture: usize, letters: sightline_nv::Letters) {
    let ink = |y| Ink { samples: [y, 90, 180], alpha: 256 };
    for number in 0..10_i32 {
        let (x, y, width, height) = (40 + number * 180, 80 + number * 70, 160, 240);
        let (right, bottom) = (x + width, y + height);
        for side in
            [(x, y, right, y + 3), (x, bottom - 3, right, bottom), (x, y, x + 3, bottom), (right - 3, y, right, bottom)]
        {
            list.fill(picture, side, ink(200));
        }
        list.fill(picture, (x, y - 24, x + 90, y), ink(200));
        list.letters(picture, (x + 4, y - 22), letters, ink(16));
    }
}

pub(crate) fn label(atlas: &mut Atlas) -> Result<sightline_nv::Letters, Error> {
    let cover: Vec<u8> = (0..80 * 20_u32).map(|n| (n * 31 % 256) as u8).collect();
    atlas.put(1, 80, &cover).ok_or_else(|| Error::Invalid("an empty atlas takes no letters".into()))
}

/// Part of benchmark 18: boxes on so many pictures in one launch, and what the call takes of the host.
pub(crate) fn draw(context: &Context, effort: &Effort, report: &mut Report) -> Result<(), Error> {
    let mut kernels = Kernels::new(context)?;
    let stream = kernels.stream().clone();
    let mut atlas = Atlas::new(context)?;
    let letters = label(&mut atlas)?;
    let all = pictures(context, effort.drawn)?;
    let all: Vec<_> = all.iter().collect();
    let mut list = DrawList::new(&vec![CAMERA; all.len()]);
    (0..all.len()).for_each(|picture| boxes(&mut list, picture, letters));
    let (mut timings, begun) = (Vec::new(), Moment::now());
    for _ in 0..effort.launches {
        kernels.draw(&list, &mut atlas, &all)?;
        timings.extend(kernels.last().iter().cloned());
    }
    stream.synchronize()?;
    let spent = begun.spent();
    let count = all.len();
    let time = median(&stream, &timings)?.as_secs_f64();
    let name = format!("10 boxes with labels on {count} pictures");
    report.figure(18, format!("{name}, one launch"), time * 1e6, "us");
    let call = spent.wall.as_secs_f64() / effort.launches as f64;
    report.figure(18, format!("{name}, the whole call with its lists"), call * 1e6, "us");
    Ok(())
}
