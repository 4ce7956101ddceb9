//! av1C records, sequence headers and temporal units: no panic, and what is accepted is accepted again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_fuzz::codec::{self, MAX_SIDE, av1};

fuzz_target!(|data: &[u8]| {
    let stripped = av1::without_delimiters(data);
    assert!(stripped.len() <= data.len());
    assert_eq!(av1::without_delimiters(&stripped), stripped);
    if let Ok(params) = av1::video_params_from_av1c(data) {
        assert!((1..=MAX_SIDE).contains(&params.width) && (1..=MAX_SIDE).contains(&params.height));
        assert_eq!(av1::video_params_from_av1c(&params.record).as_ref(), Ok(&params));
        assert_eq!(codec::changed_parameters(&params, &params.record[4..]), Ok(None));
        let _ = codec::changed_parameters(&params, data);
    }
});
