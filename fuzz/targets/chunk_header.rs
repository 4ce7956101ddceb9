//! Binary messages as the dashboard gets them: a header that is accepted is written back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_shared::chunk::{ChunkHeader, HEADER_LEN};

fuzz_target!(|data: &[u8]| {
    match ChunkHeader::split(data) {
        Ok((header, body)) => {
            assert_eq!(header.to_bytes(), data[..HEADER_LEN]);
            assert_eq!(body, &data[HEADER_LEN..]);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
