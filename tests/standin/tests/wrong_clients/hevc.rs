//! HEVC of the encoder: what it says of itself, what it refuses, and what it writes.

use std::ffi::c_void;
use std::mem::zeroed;

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;

use crate::encoder::Encoder;
use crate::library::{Cuda, alone, call};

const H264: u32 = 0x6bc8_2762;
const HEVC: u32 = 0x790c_dc88;
const AV1: u32 = 0x0a35_2289;
const PITCH: usize = 768;
const SIZE: usize = PITCH * 240 * 3 / 2;

/// HEVC's part of a configuration, its flags as a number.
fn flags(config: &mut api::NV_ENC_CONFIG) -> &mut u32 {
    // SAFETY: the preset filled the union for this codec, and the flags are 32 bits.
    unsafe { &mut *(&raw mut config.encodeCodecConfig.hevcConfig._bitfield_1).cast::<u32>() }
}

/// Of 10 bit, with its parameter sets at every key frame.
fn deep(encoder: &Encoder) -> api::NV_ENC_CONFIG {
    let mut config = encoder.config();
    config.profileGUID = api::NV_ENC_HEVC_PROFILE_MAIN10_GUID;
    *flags(&mut config) |= 2 << 11 | 1 << 7;
    config
}

/// Types of the NAL units of an access unit.
fn kinds(unit: &[u8]) -> Vec<u8> {
    (0..unit.len().saturating_sub(4))
        .filter(|at| unit[*at..].starts_with(&[0, 0, 1]))
        .map(|at| unit[at + 3] >> 1 & 63)
        .collect()
}

#[test]
fn codecs_differ_in_what_they_can() {
    alone!("codecs_differ_in_what_they_can", "");
    let cuda = Cuda::ready();
    let (h264, hevc) = (Encoder::open(cuda.current()).expect("a session"), Encoder::hevc(cuda.current(), false));
    assert_eq!(h264.codecs(), [H264, HEVC, AV1]);
    let ten = api::NV_ENC_CAPS::NV_ENC_CAPS_SUPPORT_10BIT_ENCODE;
    assert_eq!((h264.ability(ten), hevc.ability(ten)), (Ok(0), Ok(1)));
    let most = api::NV_ENC_CAPS::NV_ENC_CAPS_WIDTH_MAX;
    assert_eq!((h264.ability(most), hevc.ability(most)), (Ok(4096), Ok(8192)));
}

#[test]
fn a_device_without_hevc_says_so_and_refuses_it() {
    alone!("a_device_without_hevc_says_so_and_refuses_it", "refuses=encode-hevc");
    let cuda = Cuda::ready();
    let (h264, hevc) = (Encoder::open(cuda.current()).expect("a session"), Encoder::hevc(cuda.current(), false));
    assert_eq!(h264.codecs(), [H264, AV1]);
    assert_eq!(hevc.ability(api::NV_ENC_CAPS::NV_ENC_CAPS_WIDTH_MAX), Err(12));
    let mut config = h264.config();
    assert_eq!(hevc.initialize(&mut hevc.parameters(&mut config)), 12);
    assert_eq!(h264.initialize(&mut h264.parameters(&mut config)), 0);
}

#[test]
fn a_device_without_ten_bits_refuses_them_alone() {
    alone!("a_device_without_ten_bits_refuses_them_alone", "refuses=encode-hevc-10");
    let cuda = Cuda::ready();
    let hevc = Encoder::hevc(cuda.current(), true);
    assert_eq!(hevc.ability(api::NV_ENC_CAPS::NV_ENC_CAPS_SUPPORT_10BIT_ENCODE), Ok(0));
    assert_eq!(hevc.initialize(&mut hevc.parameters(&mut deep(&hevc))), 8);
    assert_eq!(hevc.initialize(&mut hevc.parameters(&mut hevc.config())), 0);
}

#[test]
fn what_does_not_go_together_is_refused() {
    alone!("what_does_not_go_together_is_refused", "");
    let cuda = Cuda::ready();
    let hevc = Encoder::hevc(cuda.current(), true);
    let with = |change: &dyn Fn(&mut api::NV_ENC_CONFIG)| {
        let mut config = deep(&hevc);
        change(&mut config);
        hevc.initialize(&mut hevc.parameters(&mut config))
    };
    assert_eq!(with(&|config| config.profileGUID = api::NV_ENC_H264_PROFILE_HIGH_GUID), 12, "another codec's profile");
    assert_eq!(with(&|config| config.profileGUID = api::NV_ENC_HEVC_PROFILE_MAIN_GUID), 12, "10 bit in Main");
    assert_eq!(with(&|config| *flags(config) |= 4 << 11), 12, "14 bit");
    assert_eq!(with(&|config| config.frameIntervalP = 4), 8, "more B-frames than with H.264");
    assert_eq!(with(&|_| {}), 0);

    let memory = cuda.allocate(SIZE);
    assert_eq!(hevc.register(memory, 512).err(), Some(8), "320 samples of 16 bit take 640 bytes");
    let registered = hevc.register(memory, PITCH as u32).expect("plain memory");
    let (mapped, output) = (hevc.map(registered).expect("mapped"), hevc.output());
    let other = Encoder::hevc(cuda.current(), false);
    assert_eq!(other.initialize(&mut other.parameters(&mut other.config())), 0);
    let shallow = other.register(memory, PITCH as u32).expect("plain memory");
    let shallow = other.map(shallow).expect("mapped");
    assert_eq!(hevc.encode(mapped, output, 0), 0);
    hevc.fetch(output).expect("a picture");
    let mut claims = other;
    claims.format = hevc.format;
    assert_eq!(claims.encode(shallow, claims.output(), 0), 8, "told of as 10 bit and registered as 8");

    let reconfigured = |change: &dyn Fn(&mut api::NV_ENC_INITIALIZE_PARAMS)| {
        // SAFETY: numbers and a pointer, for which zero is a value.
        let mut again: api::NV_ENC_RECONFIGURE_PARAMS = unsafe { zeroed() };
        again.version = api::NV_ENC_RECONFIGURE_PARAMS_VER;
        let mut config = deep(&hevc);
        again.reInitEncodeParams = hevc.parameters(&mut config);
        change(&mut again.reInitEncodeParams);
        hevc.reconfigure(&mut again)
    };
    assert_eq!(reconfigured(&|init| init.encodeGUID = api::NV_ENC_CODEC_H264_GUID), 12, "another codec");
    let shallow = std::cell::RefCell::new(hevc.config());
    assert_eq!(reconfigured(&|init| init.encodeConfig = shallow.as_ptr()), 8, "another depth");
    assert_eq!(reconfigured(&|init| init.encodeWidth = 640), 8, "more than the size of the start");
    assert_eq!(reconfigured(&|_| {}), 0);
}

#[test]
fn key_frames_come_on_demand_with_all_three_parameter_sets() {
    alone!("key_frames_come_on_demand_with_all_three_parameter_sets", "");
    let cuda = Cuda::ready();
    let hevc = Encoder::hevc(cuda.current(), true);
    assert_eq!(hevc.initialize(&mut hevc.parameters(&mut deep(&hevc))), 0);
    let memory = cuda.allocate(SIZE);
    let registered = hevc.register(memory, PITCH as u32).expect("plain memory");
    let output = hevc.output();
    let coded = |number: u8, flags: u32| -> (Vec<u8>, u32) {
        cuda.fill(memory, 60 + number, SIZE);
        let mapped: *mut c_void = hevc.map(registered).expect("mapped");
        assert_eq!(hevc.encode(mapped, output, flags), 0);
        let (unit, kind) = hevc.fetch(output).expect("a picture");
        assert_eq!(hevc.unmap(mapped), 0);
        (kinds(&unit), kind)
    };
    for number in 0..12 {
        let forced = number == 5 || number == 6;
        let (found, kind) = coded(number, if forced { 2 } else { 0 });
        let key = forced || number == 0;
        assert_eq!(kind, if key { 3 } else { 0 }, "picture {number}");
        let sets = [32, 33, 34].iter().all(|set| found.contains(set));
        let idr = found.iter().any(|kind| (19..=20).contains(kind));
        assert_eq!((sets, idr), (key, key), "picture {number}: {found:?}");
    }
}

#[test]
fn a_running_encoder_takes_another_bitrate_without_a_key_frame() {
    alone!("a_running_encoder_takes_another_bitrate_without_a_key_frame", "delay=0");
    let cuda = Cuda::ready();
    let hevc = Encoder::hevc(cuda.current(), false);
    let mut config = hevc.config();
    assert_eq!(hevc.initialize(&mut hevc.parameters(&mut config)), 0);
    let memory = cuda.allocate(SIZE);
    let registered = hevc.register(memory, PITCH as u32).expect("plain memory");
    let output = hevc.output();
    let mut seed = 1_u32;
    let mut second = || -> usize {
        let mut bits = 0;
        for _ in 0..25 {
            let noise: Vec<u8> = (0..SIZE)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    100 + (seed >> 27) as u8
                })
                .collect();
            assert_eq!(call!(cuda.cuMemcpyHtoD_v2(memory, noise.as_ptr() as u64, SIZE)), 0);
            let mapped = hevc.map(registered).expect("mapped");
            assert_eq!(hevc.encode(mapped, output, 0), 0);
            let (bytes, kind) = hevc.fetch(output).expect("a picture");
            assert_eq!(hevc.unmap(mapped), 0);
            assert!(bits == 0 || kind == 0, "a key frame that nobody asked for");
            bits += bytes.len() * 8;
        }
        bits
    };
    second();
    let before = second();
    assert!((700_000..1_300_000).contains(&before), "{before} of 1000000 bits a second");
    config.rcParams.averageBitRate /= 4;
    // SAFETY: numbers and a pointer, for which zero is a value.
    let mut again: api::NV_ENC_RECONFIGURE_PARAMS = unsafe { zeroed() };
    again.version = api::NV_ENC_RECONFIGURE_PARAMS_VER;
    again.reInitEncodeParams = hevc.parameters(&mut config);
    assert_eq!(hevc.reconfigure(&mut again), 0);
    second();
    let after = second();
    assert!(after * 2 < before, "{before} bits a second before, {after} after");
}
