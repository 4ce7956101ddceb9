//! AV1 of the encoder: what it says of itself, what it refuses, and what it writes.

use std::ffi::c_void;
use std::mem::zeroed;

use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;

use crate::encoder::Encoder;
use crate::library::{Cuda, alone};

const AV1: u32 = 0x0a35_2289;
const PITCH: usize = 512;
const SIZE: usize = PITCH * 240 * 3 / 2;
/// Bits of the flags.
const ANNEX_B: u32 = 1;
const NO_HEADER: u32 = 1 << 4;
const REPEAT_HEADER: u32 = 1 << 5;
const CHROMA: u32 = 3 << 7;

fn own(config: &mut api::NV_ENC_CONFIG) -> &mut api::NV_ENC_CONFIG_AV1 {
    // SAFETY: the preset filled the union for this codec.
    unsafe { &mut config.encodeCodecConfig.av1Config }
}

/// AV1's flags as a number.
fn flags(config: &mut api::NV_ENC_CONFIG) -> &mut u32 {
    // SAFETY: the flags are 32 bits.
    unsafe { &mut *(&raw mut own(config)._bitfield_1).cast::<u32>() }
}

/// Types of the OBUs of a temporal unit.
fn kinds(unit: &[u8]) -> Vec<u8> {
    let (mut kinds, mut rest) = (Vec::new(), unit);
    while let Some(header) = rest.first() {
        let length = 1 + rest[1..].iter().position(|byte| byte & 0x80 == 0).expect("a size ends");
        let size = rest[1..=length].iter().rev().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        kinds.push(header >> 3);
        rest = &rest[1 + length + size..];
    }
    kinds
}

#[test]
fn a_device_without_av1_says_so_and_refuses_it() {
    alone!("a_device_without_av1_says_so_and_refuses_it", "refuses=encode-av1");
    let cuda = Cuda::ready();
    let (h264, av1) = (Encoder::open(cuda.current()).expect("a session"), Encoder::av1(cuda.current()));
    assert!(!h264.codecs().contains(&AV1));
    assert_eq!(av1.ability(api::NV_ENC_CAPS::NV_ENC_CAPS_WIDTH_MAX), Err(12));
    let mut config = h264.config();
    assert_eq!(av1.initialize(&mut av1.parameters(&mut config)), 12);
}

#[test]
fn what_av1_cannot_be_is_refused() {
    alone!("what_av1_cannot_be_is_refused", "");
    let cuda = Cuda::ready();
    let av1 = Encoder::av1(cuda.current());
    assert!(av1.codecs().contains(&AV1));
    assert_eq!(av1.ability(api::NV_ENC_CAPS::NV_ENC_CAPS_WIDTH_MIN), Ok(192));
    let with = |change: &dyn Fn(&mut api::NV_ENC_CONFIG)| {
        let mut config = av1.config();
        change(&mut config);
        av1.initialize(&mut av1.parameters(&mut config))
    };
    assert_eq!(with(&|config| config.profileGUID = api::NV_ENC_HEVC_PROFILE_MAIN_GUID), 12, "another codec's profile");
    assert_eq!(with(&|config| *flags(config) |= ANNEX_B), 12, "the stand-in writes OBUs alone");
    assert_eq!(with(&|config| *flags(config) &= !CHROMA), 12, "no chroma");
    assert_eq!(with(&|config| *flags(config) |= 2 << 15), 12, "8 bit in, 10 bit out");
    assert_eq!(with(&|config| *flags(config) |= 4 << 15 | 4 << 12), 12, "12 bit");
    assert_eq!(with(&|config| own(config).level = 25), 8, "no level");
    let large = |level: u32| {
        let mut config = av1.config();
        own(&mut config).level = level;
        let mut init = av1.parameters(&mut config);
        (init.encodeWidth, init.encodeHeight) = (1280, 720);
        av1.initialize(&mut init)
    };
    assert_eq!(large(0), 8, "0 is level 2.0 and not the encoder's choice");
    let mut small = av1.config();
    let mut init = av1.parameters(&mut small);
    (init.encodeWidth, init.encodeHeight) = (160, 120);
    assert_eq!(av1.initialize(&mut init), 8, "smaller than it says");
    assert_eq!(with(&|_| {}), 0);
    assert_eq!(av1.initialize(&mut av1.parameters(&mut av1.config())), 9, "it is initialised");

    let reconfigured = |change: &dyn Fn(&mut api::NV_ENC_CONFIG)| {
        // SAFETY: numbers and a pointer, for which zero is a value.
        let mut again: api::NV_ENC_RECONFIGURE_PARAMS = unsafe { zeroed() };
        again.version = api::NV_ENC_RECONFIGURE_PARAMS_VER;
        let mut config = av1.config();
        change(&mut config);
        again.reInitEncodeParams = av1.parameters(&mut config);
        av1.reconfigure(&mut again)
    };
    assert_eq!(reconfigured(&|config| config.gopLength = 25), 8, "another GOP");
    assert_eq!(reconfigured(&|config| config.rcParams.averageBitRate /= 2), 0);
}

#[test]
fn temporal_units_have_their_sequence_header_where_it_is_asked_for() {
    alone!("temporal_units_have_their_sequence_header_where_it_is_asked_for", "");
    let cuda = Cuda::ready();
    for (own, expected) in
        [(REPEAT_HEADER, [true, true, true]), (0, [true, false, true]), (NO_HEADER, [false, false, true])]
    {
        let av1 = Encoder::av1(cuda.current());
        let mut config = av1.config();
        *flags(&mut config) |= own;
        assert_eq!(av1.initialize(&mut av1.parameters(&mut config)), 0);
        let memory = cuda.allocate(SIZE);
        let registered = av1.register(memory, PITCH as u32).expect("plain memory");
        let output = av1.output();
        // A key frame is asked for at 3, and at 6 with its header.
        for number in 0..8_u8 {
            let asked = [(3, 2), (6, 2 | 4)].into_iter().find_map(|(at, flags)| (at == number).then_some(flags));
            cuda.fill(memory, 60 + number, SIZE);
            let mapped: *mut c_void = av1.map(registered).expect("mapped");
            assert_eq!(av1.encode(mapped, output, asked.unwrap_or(0)), 0);
            let (unit, kind) = av1.fetch(output).expect("a picture");
            assert_eq!(av1.unmap(mapped), 0);
            let place = [0, 3, 6].iter().position(|at| *at == number);
            assert_eq!(kind, if place.is_some() { 3 } else { 0 }, "picture {number}");
            let found = kinds(&unit);
            assert_eq!(
                (found[0], found.contains(&1)),
                (2, place.is_some_and(|place| expected[place])),
                "{number}: {found:?}"
            );
        }
    }
}
