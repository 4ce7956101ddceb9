//! avcC records and H.264 parameter sets: no panic, and what is accepted is accepted again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_fuzz::codec::{MAX_SIDE, h264};
use sightline_fuzz::pipeline::packet::VideoParams;

fn check(params: &VideoParams) {
    assert!((1..=MAX_SIDE).contains(&params.width) && (1..=MAX_SIDE).contains(&params.height));
    assert!(params.sample_aspect.0 > 0 && params.sample_aspect.1 > 0);
    assert_eq!(h264::length_size(&params.record), Ok(4));
    let again = h264::video_params_from_avcc(&params.record).expect("a record made here");
    assert_eq!(again, *params);
    let sure = h264::without_reordering(params).expect("a record made here");
    assert!(sure.reorder.is_some());
    assert_eq!(
        (sure.width, sure.height, sure.codec_string),
        (params.width, params.height, params.codec_string.clone())
    );
}

fuzz_target!(|data: &[u8]| {
    if let Ok(params) = h264::video_params_from_avcc(data) {
        check(&params);
    }
    let middle = data.first().map_or(0, |&at| usize::from(at).min(data.len()));
    let (sps, pps) = data.split_at(middle);
    if let Ok(params) = h264::video_params_from_sps_pps(sps.get(1..).unwrap_or_default(), pps) {
        check(&params);
    }
});
