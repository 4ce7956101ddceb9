//! AudioSpecificConfig: no panic, and nothing a player's arithmetic would break on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_fuzz::codec::aac;

fuzz_target!(|data: &[u8]| {
    if let Ok(params) = aac::audio_params(data) {
        assert!((1_000..=192_000).contains(&params.sample_rate));
        assert!((1..=24).contains(&params.channels));
        assert_eq!(params.config, data);
    }
});
