//! Wrong clients of the encoder: inputs, versions, order, and what must not change while it runs.

use std::mem::zeroed;
use std::ptr::null_mut;

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;

use crate::encoder::Encoder;
use crate::library::{Cuda, alone, call};

#[test]
fn an_encoder_refuses_what_the_real_one_refuses() {
    alone!("an_encoder_refuses_what_the_real_one_refuses", "sessions=1");
    let cuda = Cuda::ready();
    let context = cuda.current();
    let encoder = Encoder::open(context).expect("the first session");
    assert_eq!(Encoder::open(context).err(), Some(10), "one session more than the device has");
    let mut config = encoder.config();
    let mut init = encoder.parameters(&mut config);
    init.version = 0;
    assert_eq!(encoder.initialize(&mut init), 15, "no version");
    let mut init = encoder.parameters(&mut config);
    init.encodeWidth = 321;
    assert_eq!(encoder.initialize(&mut init), 8, "an odd width");
    assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);

    let pitch = 512;
    let memory = cuda.allocate(pitch * 240 * 3 / 2);
    assert_eq!(encoder.register(memory, 322).err(), Some(8), "an odd pitch");
    assert_eq!(encoder.register(memory, pitch as u32 * 2).err(), Some(23), "more than was allocated");
    let mut pooled = 0_u64;
    assert_eq!(call!(cuda.cuMemAllocAsync(&raw mut pooled, pitch * 240 * 3 / 2, 0_u64)), 0);
    assert_eq!(encoder.register(pooled, pitch as u32).err(), Some(23), "memory of a pool");
    let registered = encoder.register(memory, pitch as u32).expect("plain memory");
    let output = encoder.output();
    assert_eq!(encoder.encode(registered, output, 0), 25, "registered and not mapped");
    assert_eq!(encoder.map(null_mut()).err(), Some(24), "not registered");
    let mapped = encoder.map(registered).expect("it can be mapped");
    assert_eq!(encoder.map(registered).err(), Some(16), "mapped twice");
    assert_eq!(encoder.unregister(registered), 9, "while it is mapped");
    assert_eq!(encoder.encode(mapped, output, 0), 0);
    assert_eq!(encoder.encode(mapped, output, 0), 18, "an output that was not fetched");
    let (bytes, kind) = encoder.fetch(output).expect("a picture");
    assert_eq!((&bytes[..5], kind), (&[0, 0, 0, 1, 0x67][..], 3), "begins with parameter sets and an IDR picture");
    assert_eq!(encoder.fetch(output).err(), Some(9), "nothing was encoded into it");
    assert_eq!(encoder.unmap(mapped), 0);
    assert_eq!(encoder.unmap(mapped), 25, "twice");
    assert_eq!(encoder.encode(mapped, output, 0), 25, "no longer mapped");
    assert_eq!(encoder.wrong_versions(), [15; 6], "structures of another version");
}

/// A session with one input of 320 by 240 and its memory.
struct Session {
    encoder: Encoder,
    memory: u64,
    registered: *mut std::ffi::c_void,
}

const PITCH: usize = 512;
const SIZE: usize = PITCH * 240 * 3 / 2;

impl Session {
    fn new(cuda: &Cuda, b_frames: i32) -> Self {
        let encoder = Encoder::open(cuda.current()).expect("a session");
        let mut config = encoder.config();
        config.frameIntervalP = b_frames + 1;
        assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);
        let memory = cuda.allocate(SIZE);
        let registered = encoder.register(memory, PITCH as u32).expect("plain memory");
        Self { encoder, memory, registered }
    }

    /// The coded picture of memory that was filled and waited for.
    fn coded(&self, cuda: &Cuda, value: u8) -> Vec<u8> {
        cuda.fill(self.memory, value, SIZE);
        let (mapped, output) = (self.encoder.map(self.registered).expect("mapped"), self.encoder.output());
        assert_eq!(self.encoder.encode(mapped, output, 2), 0);
        let (bytes, _) = self.encoder.fetch(output).expect("a picture");
        assert_eq!(self.encoder.unmap(mapped), 0);
        bytes
    }
}

#[test]
fn an_encoder_takes_what_is_there_when_it_comes_to_it() {
    alone!("an_encoder_takes_what_is_there_when_it_comes_to_it", "delay=20000");
    let cuda = Cuda::ready();
    let (white, black) = (Session::new(&cuda, 0).coded(&cuda, 235), Session::new(&cuda, 0).coded(&cuda, 16));
    let poison = Session::new(&cuda, 0).coded(&cuda, crate::POISON);
    assert!(white != black && white != poison && black != poison);

    // Written to before its output is there: behind six others, its turn comes later than any one piece of work elsewhere.
    let last = |value: u8| {
        let (others, session) = (Session::new(&cuda, 0), Session::new(&cuda, 0));
        let other = session.encoder.register(others.memory, PITCH as u32).expect("plain memory");
        let other = session.encoder.map(other).expect("mapped");
        cuda.fill(others.memory, 100, SIZE);
        cuda.fill(session.memory, 235, SIZE);
        for _ in 0..6 {
            assert_eq!(session.encoder.encode(other, session.encoder.output(), 2), 0);
        }
        let (mapped, output) = (session.encoder.map(session.registered).expect("mapped"), session.encoder.output());
        assert_eq!(session.encoder.encode(mapped, output, 2), 0);
        cuda.fill(session.memory, value, SIZE);
        session.encoder.fetch(output).expect("a picture").0
    };
    let right = last(235);
    assert!(right == last(235), "the same is coded as the same");
    assert!(right != last(16), "what was written meanwhile went unseen");

    // Unmapped before its output is there.
    let session = Session::new(&cuda, 0);
    cuda.fill(session.memory, 235, SIZE);
    let mapped = session.encoder.map(session.registered).expect("mapped");
    let output = session.encoder.output();
    assert_eq!(session.encoder.encode(mapped, output, 2), 0);
    assert_eq!(session.encoder.unmap(mapped), 0);
    assert!(session.encoder.fetch(output).expect("a picture").0 == poison, "an input that was given back was encoded");
}

#[test]
fn mapping_waits_for_the_default_stream_and_for_no_other_that_was_not_named() {
    alone!("mapping_waits_for_the_default_stream_and_for_no_other_that_was_not_named", "delay=20000");
    let cuda = Cuda::ready();
    let white = Session::new(&cuda, 0).coded(&cuda, 235);
    let coded = |named: bool, stream: u64| {
        let session = Session::new(&cuda, 0);
        cuda.fill(session.memory, 16, SIZE);
        if named {
            assert_eq!(session.encoder.follow(stream), 0);
        }
        // Six pieces of work, so that the last is later than the encoder.
        for value in [1_u8, 2, 3, 4, 5, 235] {
            assert_eq!(call!(cuda.cuMemsetD8Async(session.memory, value, SIZE, stream)), 0);
        }
        let (mapped, output) = (session.encoder.map(session.registered).expect("mapped"), session.encoder.output());
        assert_eq!(session.encoder.encode(mapped, output, 2), 0);
        session.encoder.fetch(output).expect("a picture").0
    };
    assert!(coded(false, 0) == white, "the default stream is waited for");
    assert!(coded(false, cuda.apart()) != white, "a missing wait for a stream of the client's own went unseen");
    assert!(coded(true, cuda.apart()) == white, "a stream that was named is waited for");
}

#[test]
fn pictures_with_b_frames_wait_for_the_one_behind_them() {
    alone!("pictures_with_b_frames_wait_for_the_one_behind_them", "delay=20000");
    const MORE: u32 = 17;
    let cuda = Cuda::ready();
    let session = Session::new(&cuda, 2);
    let encoder = &session.encoder;
    let frames: Vec<_> = (0..9_u8)
        .map(|number| {
            let memory = cuda.allocate(SIZE);
            cuda.fill(memory, 20 * number, SIZE);
            let registered = encoder.register(memory, PITCH as u32).expect("plain memory");
            (encoder.map(registered).expect("mapped"), encoder.output())
        })
        .collect();
    let give = |number: usize, flags: u32| {
        let (input, output) = frames[number];
        encoder.encode_at(input, output, flags, 100 + number as u64)
    };
    assert_eq!([give(0, 0), give(1, 0), give(2, 0)], [0, MORE, MORE]);
    assert_eq!(encoder.lock(frames[1].1, true).err(), Some(13), "locked before a success");
    assert_eq!(encoder.lock(frames[0].1, false).err(), Some(13), "not there yet, and nobody wants to wait");
    assert_eq!([give(3, 0), give(4, 0)], [0, MORE]);
    assert_eq!(give(5, 2), 0, "a key frame ends the waiting");
    assert_eq!([give(6, 0), give(7, 0)], [MORE; 2]);
    assert_eq!(encoder.encode(frames[8].0, frames[6].1, 0), 18, "an output that waits is no free one");
    assert_eq!(encoder.finish(), 0);
    let mut kinds = Vec::new();
    for (number, (input, output)) in frames[..8].iter().enumerate() {
        let (bytes, kind, time) = encoder.lock(*output, true).expect("a picture");
        assert_eq!((encoder.unlock(*output), encoder.unmap(*input)), (0, 0));
        assert!(!bytes.is_empty());
        assert_eq!(time, 100 + number as u64);
        kinds.push(kind);
    }
    assert_eq!(kinds, [3, 0, 0, 0, 0, 3, 0, 0]);
    let other = Encoder::open(cuda.current()).expect("a session");
    let mut config = other.config();
    config.frameIntervalP = 6;
    assert_eq!(other.initialize(&mut other.parameters(&mut config)), 8, "more B-frames than it can");
}

#[test]
fn a_running_encoder_takes_another_bitrate_and_no_other_gop() {
    alone!("a_running_encoder_takes_another_bitrate_and_no_other_gop", "");
    let cuda = Cuda::ready();
    let encoder = Encoder::open(cuda.current()).expect("a session");
    let mut config = encoder.config();
    assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);
    let pitch = 512;
    let size = pitch * 240 * 3 / 2;
    let memory = cuda.allocate(size);
    let registered = encoder.register(memory, pitch as u32).expect("plain memory");
    let output = encoder.output();
    let mut seed = 1_u32;
    let mut second = |cuda: &Cuda, key_at: usize| -> (usize, Vec<u32>) {
        let mut total = 0;
        let mut kinds = Vec::new();
        for number in 0..25 {
            let noise: Vec<u8> = (0..size)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    100 + (seed >> 27) as u8
                })
                .collect();
            assert_eq!(call!(cuda.cuMemcpyHtoD_v2(memory, noise.as_ptr() as u64, size)), 0);
            let mapped = encoder.map(registered).expect("mapped");
            assert_eq!(encoder.encode(mapped, output, if number == key_at { 2 } else { 0 }), 0);
            let (bytes, kind) = encoder.fetch(output).expect("a picture");
            assert_eq!(encoder.unmap(mapped), 0);
            total += bytes.len() * 8;
            kinds.push(kind);
        }
        (total, kinds)
    };
    second(&cuda, 99);
    let (before, kinds) = second(&cuda, 7);
    assert_eq!(kinds.iter().position(|kind| *kind == 3), Some(7), "the one key frame is the one that was asked for");
    config.rcParams.averageBitRate /= 4;
    config.rcParams.vbvBufferSize /= 4;
    // SAFETY: numbers and a pointer, for which zero is a value.
    let mut again: api::NV_ENC_RECONFIGURE_PARAMS = unsafe { zeroed() };
    again.version = api::NV_ENC_RECONFIGURE_PARAMS_VER;
    again.reInitEncodeParams = encoder.parameters(&mut config);
    assert_eq!(encoder.reconfigure(&mut again), 0);
    second(&cuda, 99);
    let (after, kinds) = second(&cuda, 99);
    assert!(after * 2 < before, "{before} bits a second before, {after} after");
    assert!(!kinds.contains(&3), "another bitrate needs no key frame");
    config.gopLength = 30;
    again.reInitEncodeParams = encoder.parameters(&mut config);
    assert_eq!(encoder.reconfigure(&mut again), 8, "another GOP");
}

#[test]
fn quality_and_the_shape_of_pixels_are_heeded() {
    alone!("quality_and_the_shape_of_pixels_are_heeded", "delay=0");
    let cuda = Cuda::ready();
    let memory = cuda.allocate(SIZE);
    let noise: Vec<u8> = (0..SIZE as u32).map(|at| 64 + (at.wrapping_mul(2_654_435_761) >> 26) as u8).collect();
    assert_eq!(call!(cuda.cuMemcpyHtoD_v2(memory, noise.as_ptr() as u64, SIZE)), 0);
    let coded = |quality: u8| {
        let encoder = Encoder::open(cuda.current()).expect("a session");
        let mut config = encoder.config();
        config.rcParams.rateControlMode = api::NV_ENC_PARAMS_RC_MODE::NV_ENC_PARAMS_RC_VBR;
        (config.rcParams.averageBitRate, config.rcParams.vbvBufferSize) = (0, 0);
        config.rcParams.targetQuality = quality;
        let mut init = encoder.parameters(&mut config);
        (init.darWidth, init.darHeight) = (16, 9);
        assert_eq!(encoder.initialize(&mut init), 0);
        let registered = encoder.register(memory, PITCH as u32).expect("plain memory");
        let (mapped, output) = (encoder.map(registered).expect("mapped"), encoder.output());
        assert_eq!(encoder.encode(mapped, output, 0), 0);
        encoder.fetch(output).expect("a picture").0
    };
    let (fine, coarse) = (coded(10), coded(40));
    assert!(fine.len() > 2 * coarse.len(), "{} bytes at 10, {} at 40", fine.len(), coarse.len());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("picture.h264");
    std::fs::write(&path, &fine).expect("it can be written");
    let mut probe = std::process::Command::new("ffprobe");
    probe.args(["-v", "error", "-show_entries", "stream=sample_aspect_ratio", "-of", "csv=p=0"]).arg(&path);
    let told = probe.env_remove("LD_LIBRARY_PATH").output().expect("ffprobe runs").stdout;
    assert_eq!(String::from_utf8_lossy(&told).trim(), "4:3", "320 by 240 shown as 16:9");
}
