//! The whole way on the device: decode, kernels, encode, with pictures that stay there, and nothing that is left behind.

use crate::clips::{Clip, decode, decoder, psnr, rows};
use crate::encode::{encoder, settings};
use crate::host::{count, device, nothing_is_left};
use sightline_nv::reference::{self, Host};
use sightline_nv::{
    Atlas, Buffer, Context, Crop, DrawList, EncoderSettings, Fit, Format, Ink, Input, Kernels, Matrix, ModelInput,
    Pool, Samples, Stream, Timings,
};
use std::time::{Duration, Instant};

const FROM: (u32, u32) = (330, 250);
const TO: (u32, u32) = (160, 120);

fn list() -> DrawList {
    let mut list = DrawList::new(&[TO]);
    let ink = |y, alpha| Ink { samples: [y, 90, 200], alpha };
    for (x0, y0, x1, y1) in [(20, 20, 100, 22), (20, 70, 100, 72), (20, 20, 22, 72), (98, 20, 100, 72)] {
        list.fill(0, (x0, y0, x1, y1), ink(200, 256));
    }
    list.polygon(0, &[(110.0, 30.0), (150.5, 40.0), (120.0, 90.0)], ink(120, 100));
    list
}

/// What the same way gives on the host.
fn by_reference(picture: &[u8]) -> Host {
    let mut from = Host::new(Format::Nv12, FROM.0 as usize, FROM.1 as usize, 0);
    from.bytes_mut().copy_from_slice(picture);
    let mut to = Host::new(Format::Nv12, TO.0 as usize, TO.1 as usize, 0);
    reference::resize(&from, Crop::whole(FROM), &mut to);
    let mut all = [to];
    reference::draw(&list(), &[], &mut all);
    let [to] = all;
    to
}

fn model() -> ModelInput {
    let (width, height) = (64, 48);
    ModelInput {
        width,
        height,
        samples: Samples::F32,
        pad: 0.5,
        mean: [0.0; 3],
        scale: [1.0; 3],
        blue_first: false,
        fit: Fit::Centre,
    }
}

#[test]
fn no_sample_leaves_the_device_and_all_are_right() {
    let Some(context) = device("whole::no_sample_leaves_the_device_and_all_are_right", "") else { return };
    let clip = Clip::h264(FROM, 12, "keyint=12:bframes=2:crf=12");
    let wanted: Vec<_> = clip.software().iter().map(|picture| by_reference(picture)).collect();
    let (width, height) = TO;
    let mut encoder = encoder(&context, EncoderSettings { width, height, most: TO, ..settings() });
    let mut kernels = Kernels::new(&context).unwrap();
    let mut atlas = Atlas::new(&context).unwrap();
    let pool = Pool::new(&context, Format::Nv12, TO, 3).unwrap();
    let input = Buffer::new(&context, 3 * 64 * 48 * 4).unwrap();
    let matrix = Matrix { code: 2, full_range: false, height: FROM.1 };
    let (mut units, mut times) = (Vec::new(), Timings::new(64));
    let before = context.copied();
    let bus = (count("host_to_device"), count("device_to_host"));
    let mut decoder = decoder(&context, clip.codec, 3);
    decode(&mut decoder, &clip.units, 0, |decoded| {
        let small = pool.lease().unwrap().expect("pictures come back");
        kernels.resize(&[(&decoded.picture, Crop::whole(FROM), &small)]).unwrap();
        times.push("resize", kernels.last()[0].clone());
        let one = Input { picture: &decoded.picture, crop: Crop::whole(FROM), matrix };
        kernels.input(&model(), &[one], &input).unwrap();
        times.push("input", kernels.last()[0].clone());
        kernels.draw(&list(), &mut atlas, &[&small]).unwrap();
        times.push("draw", kernels.last()[0].clone());
        if let Some(encoder) = &mut encoder {
            units.extend(encoder.encode(&small, decoded.pts, false).unwrap());
        }
        times.push("decode", decoded.timing);
    });
    let after = context.copied();
    assert_eq!(
        (after.pictures_to_host, after.pictures_to_device, after.others_to_host),
        (before.pictures_to_host, before.pictures_to_device, before.others_to_host),
        "samples went over the bus"
    );
    let lists = after.lists_to_device - before.lists_to_device;
    assert!(lists > 0 && lists < 12 * 8192, "{lists} bytes of lists");
    assert_eq!(count("host_to_device"), bus.0.map(|bytes| bytes + lists), "the stand-in counts the same");
    assert_eq!(count("device_to_host"), bus.1);
    kernels.stream().synchronize().unwrap();
    let over = times.finished();
    for stage in ["decode", "resize", "input", "draw"] {
        let all: Vec<Duration> = over.iter().filter(|(name, _)| *name == stage).map(|(_, time)| *time).collect();
        assert!(all.len() == 12 && all.iter().all(|time| !time.is_zero()), "{stage}: {all:?}");
    }
    assert_eq!((times.missed(), times.finished().len()), (0, 0));
    if encoder.is_some() {
        assert_eq!(units.len(), 12);
        let units: Vec<_> = units.into_iter().map(|unit| unit.data).collect();
        let mut again = crate::clips::decoder(&context, clip.codec, 3);
        let (mut number, stream) = (0, Stream::new(&context).unwrap());
        decode(&mut again, &units, 0, |decoded| {
            let alike = psnr(&rows(&decoded.picture.download(&stream).unwrap()), &rows(&wanted[number]));
            assert!(alike > 28.0, "picture {number}: {alike:.1} dB");
            number += 1;
        });
        assert_eq!(number, 12);
    }
}

/// One of each, used once.
fn round(context: &Context, clip: &Clip) {
    let (width, height) = TO;
    let mut encoder = encoder(context, EncoderSettings { width, height, most: TO, ..settings() });
    let mut kernels = Kernels::new(context).unwrap();
    let mut atlas = Atlas::new(context).unwrap();
    let pool = Pool::new(context, Format::Nv12, TO, 2).unwrap();
    let mut decoder = decoder(context, clip.codec, 2);
    decode(&mut decoder, &clip.units, 0, |decoded| {
        let small = pool.lease().unwrap().unwrap();
        kernels.resize(&[(&decoded.picture, Crop::whole(clip.size), &small)]).unwrap();
        kernels.draw(&list(), &mut atlas, &[&small]).unwrap();
        if let Some(encoder) = &mut encoder {
            encoder.encode(&small, decoded.pts, false).unwrap();
        }
    });
}

#[test]
fn a_hundred_starts_and_stops_leave_nothing() {
    let Some(context) = device("whole::a_hundred_starts_and_stops_leave_nothing", "delay=50") else { return };
    let clip = Clip::h264((176, 144), 2, "keyint=2:bframes=0");
    // The first ones load what a driver keeps for itself.
    (0..3).for_each(|_| round(&context, &clip));
    let (before, _) = context.memory().unwrap();
    (0..97).for_each(|_| round(&context, &clip));
    let (after, _) = context.memory().unwrap();
    assert!(before.saturating_sub(after) < 4 << 20, "{before} bytes were free, {after} are");
    nothing_is_left();
}

#[test]
fn batches_are_one_launch_and_lists_may_grow() {
    let Some(context) = device("whole::batches_are_one_launch_and_lists_may_grow", "") else { return };
    let mut kernels = Kernels::new(&context).unwrap();
    let mut atlas = Atlas::new(&context).unwrap();
    let stream = Stream::new(&context).unwrap();
    let size = (640, 64);
    let pool = Pool::new(&context, Format::Nv12, size, 8).unwrap();
    let mut wanted: Vec<_> = (0..8).map(|_| Host::new(Format::Nv12, 640, 64, 0)).collect();
    let pictures: Vec<_> = (0..8).map(|_| pool.lease().unwrap().unwrap()).collect();
    pictures.iter().zip(&wanted).for_each(|(picture, host)| picture.upload(&stream, host).unwrap());
    let mut list = DrawList::new(&[size; 8]);
    // More than the memory for lists holds at first.
    for n in 0..2500 {
        let (x, y) = (n % 600, n / 10 % 60);
        list.fill((n % 8) as usize, (x, y, x + 3, y + 2), Ink { samples: [40 + (n % 100) as u8, 90, 160], alpha: 256 });
    }
    let launches = count("launches");
    kernels.draw(&list, &mut atlas, &pictures.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(kernels.last().len(), 1);
    assert_eq!(count("launches"), launches.map(|launches| launches + 1), "one launch for all pictures");
    reference::draw(&list, &[], &mut wanted);
    for (picture, wanted) in pictures.iter().zip(&wanted) {
        assert!(rows(&picture.download(&stream).unwrap()) == rows(wanted));
    }
    drop((kernels, atlas, stream, pool, pictures));
    nothing_is_left();
}

#[test]
fn timings_that_nobody_asks_for_are_forgotten_and_counted() {
    let Some(context) = device("whole::timings_that_nobody_asks_for_are_forgotten_and_counted", "delay=20000") else {
        return;
    };
    let stream = Stream::new(&context).unwrap();
    let mut ring = Timings::new(2);
    for number in 0..5 {
        let ((), timing) = stream.timed(|| Ok(())).unwrap();
        ring.push(number, timing);
    }
    let at_once = ring.finished();
    assert!(at_once.len() < 2, "nobody waited, and the stream is late: {at_once:?}");
    stream.synchronize().unwrap();
    let all: Vec<_> = at_once.into_iter().chain(ring.finished()).map(|(number, _)| number).collect();
    assert_eq!((all, ring.missed()), (vec![3, 4], 3));
    drop((ring, stream));
    nothing_is_left();
}

#[test]
fn letting_go_of_a_picture_does_not_wait_for_its_readers() {
    let Some(context) = device("whole::letting_go_of_a_picture_does_not_wait_for_its_readers", "delay=40000") else {
        return;
    };
    let clip = Clip::h264((176, 144), 6, "keyint=6:bframes=0");
    let wanted = clip.software();
    let mut kernels = Kernels::new(&context).unwrap();
    let stream = Stream::new(&context).unwrap();
    let pool = Pool::new(&context, Format::Nv12, clip.size, 6).unwrap();
    let mut decoder = decoder(&context, clip.codec, 2);
    let mut copies = Vec::new();
    for (at, unit) in (0..).zip(&clip.units) {
        decoder.decode(unit, at).unwrap();
        let decoded = decoder.next_picture().unwrap().unwrap();
        let copy = pool.lease().unwrap().unwrap();
        kernels.resize(&[(&decoded.picture, Crop::whole(clip.size), &copy)]).unwrap();
        let begun = Instant::now();
        drop(decoded);
        // Each step of a stream takes 20 ms or more there.
        let real = count("launches").is_none();
        assert!(real || begun.elapsed() < Duration::from_millis(15), "it waited for {:?}", begun.elapsed());
        copies.push(copy);
    }
    for (copy, wanted) in copies.iter().zip(&wanted) {
        assert!(rows(&copy.download(&stream).unwrap()) == *wanted, "the decoder wrote where a kernel read still");
    }
    drop((decoder, copies, kernels, pool, stream));
    nothing_is_left();
}

#[test]
fn memory_of_a_pool_is_not_written_while_a_kernel_reads_it() {
    let Some(context) = device("whole::memory_of_a_pool_is_not_written_while_a_kernel_reads_it", "delay=3000") else {
        return;
    };
    let mut kernels = Kernels::new(&context).unwrap();
    let writes = Stream::new(&context).unwrap();
    let size = (64, 48);
    let (one, many) = (Pool::new(&context, Format::Nv12, size, 1).unwrap(), Pool::new(&context, Format::Nv12, size, 8));
    let many = many.unwrap();
    let mut copies = Vec::new();
    for shade in 0..8_u16 {
        let mut host = Host::new(Format::Nv12, 64, 48, 0);
        host.bytes_mut().fill(20 * shade as u8);
        // The kernel of the round before has it still, on a stream that is late: nothing but the memory itself can tell.
        let picture = one.lease().unwrap().unwrap();
        picture.upload(&writes, &host).unwrap();
        let copy = many.lease().unwrap().unwrap();
        kernels.resize(&[(&picture, Crop::whole(size), &copy)]).unwrap();
        copies.push((copy, host));
    }
    for (number, (copy, wanted)) in copies.iter().enumerate() {
        assert!(rows(&copy.download(&writes).unwrap()) == rows(wanted), "copy {number} is of a later picture");
    }
    drop((copies, kernels, writes, one, many));
    nothing_is_left();
}

#[test]
fn lists_of_launches_that_are_not_done_are_not_written_over() {
    let Some(context) = device("whole::lists_of_launches_that_are_not_done_are_not_written_over", "delay=3000") else {
        return;
    };
    let mut kernels = Kernels::new(&context).unwrap();
    let mut atlas = Atlas::new(&context).unwrap();
    let stream = Stream::new(&context).unwrap();
    let pool = Pool::new(&context, Format::Nv12, TO, 12).unwrap();
    let blank = Host::new(Format::Nv12, TO.0 as usize, TO.1 as usize, 0);
    let pictures: Vec<_> = (0..12).map(|_| pool.lease().unwrap().unwrap()).collect();
    pictures.iter().for_each(|picture| picture.upload(&stream, &blank).unwrap());
    let list = |number: usize| {
        let mut list = DrawList::new(&[TO]);
        let at = 10 * number as i32;
        list.fill(0, (at, at, at + 8, at + 6), Ink { samples: [200, 60 + number as u8, 190], alpha: 256 });
        list
    };
    for (number, picture) in pictures.iter().enumerate() {
        kernels.draw(&list(number), &mut atlas, &[picture]).unwrap();
    }
    for (number, picture) in pictures.iter().enumerate() {
        let mut wanted = [blank.clone()];
        reference::draw(&list(number), &[], &mut wanted);
        let got = picture.download(&stream).unwrap();
        assert!(rows(&got) == rows(&wanted[0]), "picture {number} has another one's list");
    }
    drop((kernels, atlas, stream, pool, pictures));
    nothing_is_left();
}
