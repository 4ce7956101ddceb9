//! Frames and threads for tests of the graph.

use super::clock::{Clock, Mono, SystemClock};
use super::decoding::{Decoded, Surroundings};
use super::frame::{Colour, Frame, PixelFormat};
use super::inject::Inject;
use super::packet::testing::params;
use super::pool::Pool;
use super::trace::Trace;
use crate::device::Seat;
use sightline_shared::time::Pts;
use std::sync::Arc;
use std::time::Duration;

/// Threads, a clock and delays.
pub(crate) fn around(threads: usize, clock: Arc<dyn Clock>, delays: &[&str]) -> Surroundings {
    let inject = Inject::parse(delays.iter().copied()).unwrap();
    let pool = Arc::new(Pool::start(threads, clock.clone()).unwrap());
    Surroundings { pool, clock, inject: Arc::new(inject), seat: Seat::none() }
}

/// Waits for threads of the pool; a test that waits for longer has failed.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let clock = SystemClock::default();
    while !done() {
        assert!(clock.now().0 < Duration::from_secs(20), "never {what}");
        clock.pause(Duration::from_millis(1));
    }
}

/// Frame `n` of a picture that changes from frame to frame, at 30 frames a second.
pub(crate) fn decoded(n: u64, width: usize, height: usize, at: Mono) -> Decoded {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut plane = |width: usize, height: usize| {
        let samples = (0..width * height).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 56) as u8
        });
        (samples.collect::<Vec<u8>>(), width)
    };
    let planes = vec![plane(width, height), plane(width / 2, height / 2), plane(width / 2, height / 2)];
    let frame = Frame {
        colour: Colour { full_range: false, matrix: 1, primaries: 1, transfer: 1 },
        pts: Pts(n as i64 * 3000),
        arrived: at,
        decoded: at,
        ..Frame::of_planes(planes, PixelFormat::I420, (width, height))
    };
    Decoded {
        trace: Some(Trace::new(frame.epoch, frame.pts, None, at)),
        frame: Arc::new(frame),
        key: n.is_multiple_of(30),
        duration: 3000,
        fps: 30.0,
        sequence: n,
        captured_utc: None,
        params: Arc::new(params()),
        at,
    }
}
