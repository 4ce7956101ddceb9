//! The bodies of a device beside those of software, on the stand-in driver: decoders give the same frames, pictures come to the same
//! size, boxes and labels to the same samples.
//!
//! Each test runs in a process of its own, which loads the stand-in; `SIGHTLINE_STANDIN` names a folder with another one.
#![allow(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use sightline::codec;
use sightline::decode::{self, DecodeError, Decoder};
use sightline::device::{Devices, Error, Fetcher, Seat, Sight, Switches, Wish};
use sightline::draw::{Canvas, DevicePainter, Painter};
use sightline::encode::{self, PictureFacts, Purpose};
use sightline::pipeline::clock::{Mono, SystemClock};
use sightline::pipeline::frame::{Colour, Frame, Input, PictureMut, PixelFormat, Place, PlaneMut, Samples, VecPicture};
use sightline::pipeline::packet::{AccessUnit, Medium, StreamParams, VideoCodec};
use sightline::process::Resizer;
use sightline_nv::reference::Host;
use sightline_nv::{Format, Pool, Stream};
use sightline_shared::draw::{Layers, draw_list};
use sightline_shared::encoder::EncoderSettings;
use sightline_shared::time::{Epoch, Pts};
use sightline_shared::tracks::{Track, Tracks};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

#[path = "device/looks.rs"]
mod looks;

#[path = "device/loss.rs"]
mod loss;

/// Names the file that makes the stand-in fail.
const FAULTS: &str = "SIGHTLINE_STANDIN_FAULTS_FILE";
const INSIDE: &str = "SIGHTLINE_DEVICE_TEST";

/// A seat at the stand-in, in the process that is made for `test` alone; in the first one, which makes that and waits for it: `None`.
fn seat(test: &str) -> Option<Seat> {
    if std::env::var_os(INSIDE).is_some() {
        let devices = Devices::find(&Switches::default());
        assert_eq!(devices.cards().len(), 1, "{}", devices.why_none());
        return Some(Seat::new(&devices, Wish::default(), test));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = std::env::var_os("SIGHTLINE_STANDIN").map_or_else(
        || {
            let made = Command::new(root.join("scripts/standin")).status().unwrap();
            assert!(made.success(), "scripts/standin failed");
            root.join("dist/standin")
        },
        Into::into,
    );
    let faults = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").env("LD_LIBRARY_PATH", folder);
    command.env(FAULTS, faults.path().join("faults"));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{test}: {text}");
    None
}

/// A picture that moves, with detail.
fn painted(n: usize, width: usize, height: usize) -> VecPicture {
    let plane = |width: usize, height: usize, by: usize| {
        let at = |x: usize, y: usize| (16 + (x * 3 + y * by + n * 5 + (x / 7 * y / 5) % 31) % 200) as u8;
        ((0..width * height).map(|i| at(i % width, i / width)).collect::<Vec<_>>(), width)
    };
    let half = (width / 2, height / 2);
    VecPicture { planes: vec![plane(width, height, 1), plane(half.0, half.1, 2), plane(half.0, half.1, 5)] }
}

const COLOUR: Colour = Colour { full_range: true, matrix: 6, primaries: 5, transfer: 6 };

/// Access units of a film: `from` is the first frame's number.
fn film(size: (u32, u32), b_frames: u8, from: u64, frames: u64) -> Vec<AccessUnit> {
    film_of(painted, size, b_frames, from, frames)
}

/// The same of pictures of any kind.
fn film_of(
    paint: fn(usize, usize, usize) -> VecPicture,
    size: (u32, u32),
    b_frames: u8,
    from: u64,
    frames: u64,
) -> Vec<AccessUnit> {
    let tune = (b_frames > 0).then_some(sightline_shared::encoder::Tune::Ll);
    let asked = EncoderSettings { gop: Some(10), b_frames: Some(b_frames), tune, ..EncoderSettings::default() };
    let (width, height) = size;
    let facts = PictureFacts { width, height, rotation: 0, sample_aspect: (4, 3), fps: 30.0, colour: COLOUR };
    let mut encoder = encode::software(&encode::resolve(&asked, &facts, Purpose::Live).unwrap()).unwrap();
    let mut made = Vec::new();
    for n in from..from + frames {
        encoder.input().copy_from(&paint(n as usize, width as usize, height as usize));
        made.extend(encoder.encode(n as i64 * 3000, false).unwrap());
    }
    made.extend(encoder.flush().unwrap());
    let mut params = None;
    let unit = |(n, unit): (usize, encode::Encoded)| {
        let data = codec::nal::annexb_to_lengths(&unit.data);
        let params = params.get_or_insert_with(|| {
            let sets = codec::in_band_parameters(VideoCodec::H264, &data).unwrap();
            let video = codec::h264::video_params_from_sps_pps(sets.sps[0], sets.pps[0]).unwrap();
            Arc::new(StreamParams { video, audio: None })
        });
        AccessUnit {
            medium: Medium::Video,
            epoch: Epoch(7),
            starts_epoch: n == 0,
            pts: Pts(unit.pts),
            dts: Pts(unit.dts),
            duration: 3000,
            key: unit.key,
            data,
            params: params.clone(),
            sequence: from + n as u64,
            arrived: Mono(std::time::Duration::from_millis(from + n as u64)),
            captured_utc: None,
        }
    };
    made.into_iter().enumerate().map(unit).collect()
}

/// All frames of `units`; what was refused is counted.
fn decoded(decoder: &mut dyn Decoder, units: &[AccessUnit]) -> (Vec<Frame>, usize) {
    let (mut frames, mut refused) = (Vec::new(), 0);
    for unit in units {
        if let Err(e) = decoder.decode(unit, &mut frames) {
            assert!(matches!(e, DecodeError::Damaged { .. }), "{e}");
            refused += 1;
        }
    }
    decoder.flush(&mut frames);
    (frames, refused)
}

fn on_device(seat: &Seat, unit: &AccessUnit) -> Box<dyn Decoder> {
    let opened = decode::open(&unit.params, Arc::new(SystemClock::default()), seat).unwrap();
    assert_eq!(opened.instead, None);
    assert!(opened.decoder.describe().starts_with("NVDEC"), "{}", opened.decoder.describe());
    opened.decoder
}

fn in_software(unit: &AccessUnit) -> Box<dyn Decoder> {
    decode::software(&unit.params, Arc::new(SystemClock::default())).unwrap()
}

/// Luma and chroma of a host frame without gaps, Cb and Cr apart.
fn samples(frame: &Frame) -> [Vec<u8>; 3] {
    let Samples::Host(picture) = &frame.samples else { panic!("it lies on a device") };
    let rows = |index: usize, bytes: usize, rows: usize| -> Vec<u8> {
        let (data, stride) = picture.plane(index);
        data.chunks(stride).take(rows).flat_map(|row| &row[..bytes]).copied().collect()
    };
    let half = (frame.width.div_ceil(2), frame.height.div_ceil(2));
    let luma = rows(0, frame.width, frame.height);
    match frame.format {
        PixelFormat::I420 => [luma, rows(1, half.0, half.1), rows(2, half.0, half.1)],
        PixelFormat::Nv12 => {
            let both = rows(1, 2 * half.0, half.1);
            let every = |from: usize| both.iter().skip(from).step_by(2).copied().collect();
            [luma, every(0), every(1)]
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_decoders_give_the_same_frames() {
    let Some(seat) = seat("both_decoders_give_the_same_frames") else { return };
    for (size, b_frames) in [((128, 96), 0), ((146, 98), 2), ((320, 180), 3)] {
        let mut units = film(size, b_frames, 0, 25);
        // The parameters hold for all of it; a unit in the middle of a GOP is missing half of its bytes.
        let half = units[15].data.len() / 2;
        units[15].data = units[15].data.slice(..half);
        let (ours, _) = decoded(&mut *on_device(&seat, &units[0]), &units);
        let (theirs, _) = decoded(&mut *in_software(&units[0]), &units);
        let facts = |frame: &Frame| {
            let Frame { width, height, colour, sample_aspect, rotation, epoch, pts, arrived, .. } = *frame;
            (width, height, colour, sample_aspect, rotation, epoch, pts, arrived)
        };
        let whole = |frames: &[Frame]| frames.iter().filter(|f| f.pts.0 < 12 * 3000).map(facts).collect::<Vec<_>>();
        assert_eq!(whole(&ours), whole(&theirs), "{size:?} {b_frames}");
        assert!(ours.windows(2).all(|two| two[0].pts < two[1].pts), "{b_frames}: in the order of presentation");
        assert!(ours.iter().any(|frame| frame.pts.0 >= 20 * 3000), "{b_frames}: it goes on behind the damage");
        let mut fetcher = Fetcher::default();
        for (our, their) in ours.iter().zip(&theirs).filter(|(our, _)| our.pts.0 < 12 * 3000) {
            assert_eq!(our.place(), Place::Device(0));
            let fetched = fetcher.fetch(our, Sight::Whole).unwrap().unwrap();
            assert!(samples(&fetched) == samples(their), "{size:?} {b_frames}: frame {}", our.pts.0 / 3000);
        }
    }
    let told = seat.info();
    assert!(told.frames_to_host_bytes > 0 && told.looks_to_host_bytes == 0 && told.frames_to_device_bytes == 0);
}

#[test]
fn frames_that_are_held_do_not_stop_the_decoder() {
    let Some(seat) = seat("frames_that_are_held_do_not_stop_the_decoder") else { return };
    let units = film((128, 96), 2, 0, 28);
    let (held, refused) = decoded(&mut *on_device(&seat, &units[0]), &units);
    assert_eq!((held.len(), refused), (28, 0), "every one of them is held");
    let (theirs, _) = decoded(&mut *in_software(&units[0]), &units);
    let mut fetcher = Fetcher::default();
    for (our, their) in held.iter().zip(&theirs) {
        let fetched = fetcher.fetch(our, Sight::Whole).unwrap().unwrap();
        assert!(samples(&fetched) == samples(their), "frame {} is another one by now", our.pts.0 / 3000);
    }
}

#[test]
fn what_the_device_cannot_decode_is_said_at_once() {
    let Some(seat) = seat("what_the_device_cannot_decode_is_said_at_once") else { return };
    let unit = &film((128, 96), 0, 0, 1)[0];
    let mut params = (*unit.params).clone();
    (params.video.width, params.video.height) = (8400, 4320);
    let opened = decode::open(&params, Arc::new(SystemClock::default()), &seat).unwrap();
    let reason = opened.instead.unwrap_or_default();
    assert!(reason.contains("8400x4320") && reason.contains("more than this device decodes"), "{reason}");
    params.video.codec = VideoCodec::Vp9;
    (params.video.width, params.video.height) = (640, 360);
    let opened = decode::open(&params, Arc::new(SystemClock::default()), &seat).unwrap();
    assert!(opened.instead.is_some_and(|reason| reason.contains("VP9")));
    // Chroma of 4:4:4 is seen in the stream alone.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("444.h264");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-frames:v", "3"])
        .args(["-pix_fmt", "yuv444p", "-c:v", "libx264", "-bsf:v", "h264_mp4toannexb", "-f", "h264"])
        .arg(&file)
        .status();
    assert!(made.unwrap().success());
    let data = codec::nal::annexb_to_lengths(&std::fs::read(&file).unwrap());
    let sets = codec::in_band_parameters(VideoCodec::H264, &data).unwrap();
    let video = codec::h264::video_params_from_sps_pps(sets.sps[0], sets.pps[0]).unwrap();
    let unit = AccessUnit { params: Arc::new(StreamParams { video, audio: None }), data: data.clone(), ..unit.clone() };
    let mut frames = Vec::new();
    let refused = on_device(&seat, &unit).decode(&unit, &mut frames).unwrap_err();
    assert!(matches!(&refused, DecodeError::Device { reason, lost: false } if reason.contains("4:4:4")), "{refused}");
}

/// Mean difference of two planes.
fn apart(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

/// An NV12 picture of host memory.
fn picture_of(host: &mut Host) -> PictureMut<'_> {
    let (width, height) = (host.width(), host.height());
    let [(luma, stride), (chroma, chroma_stride)] = host.planes_mut();
    let plane = |data, stride, width, height| PlaneMut { data, stride, width, height };
    let planes = [
        plane(luma, stride, width, height),
        plane(chroma, chroma_stride, width / 2, height / 2),
        plane(&mut [], 0, 0, 0),
    ];
    PictureMut { format: PixelFormat::Nv12, width, height, planes }
}

#[test]
fn a_picture_comes_to_its_size_wherever_it_lies() {
    let Some(seat) = seat("a_picture_comes_to_its_size_wherever_it_lies") else { return };
    let units = film((320, 180), 0, 0, 1);
    let ours = decoded(&mut *on_device(&seat, &units[0]), &units).0.remove(0);
    let theirs = decoded(&mut *in_software(&units[0]), &units).0.remove(0);
    let card = seat.card().unwrap();
    let stream = Stream::new(&card.context().unwrap()).unwrap();
    for (width, height) in [(320, 180), (160, 90), (208, 118)] {
        let mut wanted = Host::new(Format::Nv12, width, height, 0);
        Resizer::default().run(&theirs, &mut picture_of(&mut wanted)).unwrap();
        let allowed = if (width, height) == (320, 180) { 0.0 } else { 1.0 };
        let near = |what: &str, got: &Host| {
            for plane in 0..2 {
                let off = apart(got.planes()[plane].0, wanted.planes()[plane].0);
                assert!(off <= allowed, "{what} {width}x{height}: plane {plane} is {off} apart");
            }
        };
        let mut fetched = Host::new(Format::Nv12, width, height, 0);
        Resizer::default().run(&ours, &mut picture_of(&mut fetched)).unwrap();
        near("device to host", &fetched);
        let size = (width as u32, height as u32);
        let pool = Pool::new(&card.context().unwrap(), Format::Nv12, size, 2).unwrap();
        for (what, frame) in [("device to device", &ours), ("host to device", &theirs)] {
            let to = pool.lease().unwrap().unwrap();
            Resizer::default().fill(frame, &mut Input::Device(&to), seat.bus()).unwrap();
            near(what, &to.download(&stream).unwrap());
        }
    }
    let told = seat.info();
    let of = |width: u64, height: u64| width * height * 3 / 2;
    let all = of(320, 180) + of(160, 90) + of(208, 118);
    assert_eq!(
        (told.frames_to_host_bytes, told.frames_to_device_bytes),
        (all, all),
        "in the smaller size, and once each"
    );
}

#[test]
fn a_frame_stays_in_the_encoder_only_while_the_next_one_waits() {
    let Some(seat) = seat("a_frame_stays_in_the_encoder_only_while_the_next_one_waits") else { return };
    let units = film((320, 180), 0, 0, 5);
    let (frames, _) = decoded(&mut *on_device(&seat, &units[0]), &units);
    let frame = &frames[0];
    let facts =
        PictureFacts { width: 320, height: 180, rotation: 0, sample_aspect: (1, 1), fps: 25.0, colour: frame.colour };
    let planned = encode::plan_on(&EncoderSettings::default(), &facts, Purpose::Live, &seat, None).unwrap();
    let mut encoder = encode::open(&planned.plan, &seat).unwrap();
    let mut out = Vec::new();
    for (frame, waits) in frames.iter().zip([false, true, true, false, false]) {
        assert!(encoder.take(frame), "it lies where the encoder reads");
        encoder.another_waits(waits);
        out.push(encoder.encode(frame.pts.0, false).unwrap().iter().map(|unit| unit.pts).collect::<Vec<_>>());
    }
    let pts = |n: usize| frames[n].pts.0;
    // The second one stays while the third is made ready, and so on; with the fourth nobody waits, and both come.
    assert_eq!(out, [vec![pts(0)], vec![], vec![pts(1)], vec![pts(2), pts(3)], vec![pts(4)]]);
}

#[test]
fn boxes_and_labels_are_the_same_samples_on_the_device() -> Result<(), Error> {
    let Some(seat) = seat("boxes_and_labels_are_the_same_samples_on_the_device") else { return Ok(()) };
    let card = seat.card().unwrap();
    let (mut kernels, mut device) = (card.kernels()?, DevicePainter::new(&card.context()?)?);
    let stream = Stream::new(&card.context()?)?;
    for (width, height) in [(320_usize, 180_usize), (146, 98)] {
        let track = |n: usize| Track {
            id: n.to_string(),
            label: ["person", "car", "Ärmel"][n % 3].into(),
            score: 0.5,
            x1: n as f32 * 0.13 - 0.05,
            y1: 0.1 + n as f32 * 0.09,
            x2: n as f32 * 0.13 + 0.3,
            y2: 0.6 + n as f32 * 0.07,
            predicted: n % 2 == 1,
            ..Track::default()
        };
        let tracks = Tracks { epoch: Epoch(0), pts: Pts(0), tracks: (0..7).map(track).collect(), ..Tracks::default() };
        let list = draw_list(&tracks, width as f32, height as f32, Layers::default());
        assert!(list.len() == 7 && list.iter().all(|item| item.text.is_some()));
        let mut host = Host::new(Format::Nv12, width, height, 0);
        let planes = painted(3, width, height).planes;
        let frame = Frame { colour: COLOUR, ..Frame::of_planes(planes, PixelFormat::I420, (width, height)) };
        Resizer::default().run(&frame, &mut picture_of(&mut host)).unwrap();
        let before = host.clone();
        let picture = Pool::new(&card.context()?, Format::Nv12, (width as u32, height as u32), 1)?.lease()?.unwrap();
        picture.upload(&stream, &host)?;
        device.draw(&mut kernels, &picture, COLOUR, &list)?;
        Painter::new().draw(&mut Canvas::new(&mut picture_of(&mut host), 0, COLOUR).unwrap(), &list);
        let drawn = picture.download(&stream)?;
        assert!(before != host, "something is drawn");
        for plane in 0..2 {
            let (ours, theirs) = (drawn.planes()[plane].0, host.planes()[plane].0);
            // Where fills lie over each other, software rounds once for both.
            let most = ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b)).max();
            let off = ours.iter().zip(theirs).filter(|(a, b)| a != b).count();
            assert!(
                most <= Some(1) && off * 100 < ours.len(),
                "{width}x{height}, plane {plane}: {most:?}, {off} samples"
            );
        }
    }
    Ok(())
}
