//! NAL units behind lengths and start codes: no panic, and the same units in every form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_fuzz::codec::{self, h264, hevc, nal};
use sightline_fuzz::pipeline::packet::VideoCodec;

fuzz_target!(|data: &[u8]| {
    let lengths = nal::annexb_to_lengths(data);
    let mut units = nal::units(&lengths);
    let total: usize = units.by_ref().map(|unit| unit.len() + 4).sum();
    assert!(!units.is_broken() && total == lengths.len());
    let mut annexb = Vec::new();
    nal::lengths_to_annexb(&lengths, &mut annexb).expect("lengths made here");
    assert_eq!(nal::annexb_to_lengths(&annexb), lengths);
    for size in 0..=5 {
        if let Ok(again) = nal::relength(data, size) {
            assert!(!nal::units(&again).any(<[u8]>::is_empty));
            assert_eq!(nal::relength(&again, 4).as_ref(), Ok(&again));
        }
    }
    let _ = nal::lengths_to_annexb(data, &mut annexb);
    let _ = (h264::contains_idr(data), hevc::contains_irap(data));
    for codec in [VideoCodec::H264, VideoCodec::Hevc, VideoCodec::Av1] {
        let _ = codec::in_band_parameters(codec, data);
    }
});
