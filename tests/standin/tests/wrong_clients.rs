//! Each bite of the stand-in is shown by a client that makes the mistake, beside one that does not.
#![allow(unsafe_code)]

mod common;
#[path = "wrong/encoder.rs"]
mod encoder;
#[path = "wrong/library.rs"]
mod library;

use std::mem::zeroed;
use std::ptr::null_mut;

use encoder::Encoder;
use library::{Cuda, alone, call};
use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;

const POISON: u8 = 0xa5;

#[test]
fn without_a_current_context_nothing_is_allocated() {
    if !alone("without_a_current_context_nothing_is_allocated", "") {
        return;
    }
    let cuda = Cuda::open();
    let mut address = 0_u64;
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, 64_usize)), 3, "before cuInit");
    assert_eq!(call!(cuda.cuInit(0_u32)), 0);
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, 64_usize)), 201, "without a context");
    let context = cuda.context();
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, 64_usize)), 0);
    assert_eq!(call!(cuda.cuCtxDestroy_v2(context)), 0);
    assert_eq!(cuda.count("left_behind"), 1, "the forgotten allocation is told");
}

#[test]
fn a_copy_is_late_so_that_reading_without_waiting_finds_nothing() {
    if !alone("a_copy_is_late_so_that_reading_without_waiting_finds_nothing", "delay=50000") {
        return;
    }
    let cuda = Cuda::ready();
    let device = cuda.allocate(64);
    let stream = cuda.stream();
    assert_eq!(call!(cuda.cuMemsetD8Async(device, 7_u8, 64_usize, stream)), 0);
    let mut read = [0_u8; 64];
    assert_eq!(call!(cuda.cuMemcpyDtoHAsync_v2(read.as_mut_ptr() as u64, device, 64_usize, stream)), 0);
    let early = read;
    assert_eq!(call!(cuda.cuStreamSynchronize(stream)), 0);
    assert_eq!((early, read), ([0; 64], [7; 64]));

    // A stream that does not wait for the default stream reads long before the last of these is done.
    let fresh = cuda.allocate(64);
    for value in 0..20_u8 {
        assert_eq!(call!(cuda.cuMemsetD8_v2(fresh, value, 64_usize)), 0);
    }
    let mut apart = 0_u64;
    assert_eq!(call!(cuda.cuStreamCreate(&raw mut apart, 1_u32)), 0);
    assert_eq!(call!(cuda.cuMemcpyDtoHAsync_v2(read.as_mut_ptr() as u64, fresh, 64_usize, apart)), 0);
    assert_eq!(call!(cuda.cuStreamSynchronize(apart)), 0);
    let unordered = read;
    assert_eq!(call!(cuda.cuMemcpyDtoH_v2(read.as_mut_ptr() as u64, fresh, 64_usize)), 0);
    assert_ne!(unordered, [19; 64], "a missing wait went unseen");
    assert_eq!(read, [19; 64]);
    assert_eq!(cuda.count("device_to_host"), 192);
}

#[test]
fn addresses_are_checked() {
    if !alone("addresses_are_checked", "memory=1") {
        return;
    }
    let cuda = Cuda::ready();
    let device = cuda.allocate(64);
    let mut host = [1_u8; 128];
    let at = host.as_mut_ptr() as u64;
    assert_eq!(call!(cuda.cuMemcpyHtoD_v2(device, at, 64_usize)), 0);
    assert_eq!(call!(cuda.cuMemcpyHtoD_v2(device, at, 65_usize)), 1, "one byte too many");
    assert_eq!(call!(cuda.cuMemsetD8_v2(at, 0_u8, 64_usize)), 1, "a host pointer for a device's");
    assert_eq!(call!(cuda.cuMemFree_v2(device + 4)), 1, "not where an allocation begins");
    assert_eq!(call!(cuda.cuMemFree_v2(device)), 0);
    assert_eq!(call!(cuda.cuMemFree_v2(device)), 1, "twice");
    assert_eq!(call!(cuda.cuMemcpyDtoH_v2(at, device, 64_usize)), 1, "after it was given back");
    let mut large = 0_u64;
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut large, 2_usize << 20)), 2, "more than the device has");
    let fresh = cuda.allocate(64);
    assert_eq!(call!(cuda.cuMemcpyDtoH_v2(at, fresh, 64_usize)), 0);
    assert_eq!(host[..64], [POISON; 64], "fresh memory holds no zeros to rely on");
}

#[test]
fn an_encoder_refuses_what_the_real_one_refuses() {
    if !alone("an_encoder_refuses_what_the_real_one_refuses", "sessions=1") {
        return;
    }
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
}

#[test]
fn a_running_encoder_takes_another_bitrate_and_no_other_gop() {
    if !alone("a_running_encoder_takes_another_bitrate_and_no_other_gop", "") {
        return;
    }
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
fn a_lost_device_answers_every_call_with_its_loss() {
    if !alone("a_lost_device_answers_every_call_with_its_loss", "lost-at=1") {
        return;
    }
    let cuda = Cuda::ready();
    let encoder = Encoder::open(cuda.current()).expect("a session");
    let mut config = encoder.config();
    assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);
    let memory = cuda.allocate(512 * 240 * 3 / 2);
    let registered = encoder.register(memory, 512).expect("plain memory");
    let mapped = encoder.map(registered).expect("mapped");
    let output = encoder.output();
    assert_eq!(encoder.encode(mapped, output, 0), 0, "the loss shows later");
    assert_eq!(encoder.fetch(output).err(), Some(5));
    assert_eq!(call!(cuda.cuCtxSynchronize()), 214);
    let mut address = 0_u64;
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, 64_usize)), 214);
    assert_eq!(call!(cuda.cuCtxDestroy_v2(cuda.current())), 0, "cleaning up works");
}
