//! hvcC records and H.265 parameter sets: no panic, and what is accepted is accepted again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_fuzz::codec::{MAX_SIDE, hevc};

fuzz_target!(|data: &[u8]| {
    let _ = hevc::length_size(data);
    if let Ok(params) = hevc::video_params_from_hvcc(data) {
        assert!((1..=MAX_SIDE).contains(&params.width) && (1..=MAX_SIDE).contains(&params.height));
        assert!(hevc::parameter_sets(&params).len() >= 3);
        assert_eq!(hevc::video_params_from_hvcc(&params.record).as_ref(), Ok(&params));
    }
});
