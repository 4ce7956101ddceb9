//! Arbitrary time stamps through the time model, with its rules checked after each step.
//!
//! The input is a sequence of steps of a byte that says what happens and up to eight that say how far the clock moves.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_fuzz::pipeline::timeline::{Placed, RtpUnwrap, Timeline};
use sightline_shared::time::{Epoch, Pts};
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Default)]
struct Rules {
    epoch: Option<Epoch>,
    dts: Option<Pts>,
    audio: Option<Pts>,
    pts: BTreeSet<Pts>,
}

impl Rules {
    fn video(&mut self, placed: &Placed, key: bool) {
        if placed.starts_epoch {
            assert!(key && Some(placed.epoch) == self.epoch.map_or(Some(Epoch(0)), |epoch| Some(epoch.next())));
            *self = Self { epoch: Some(placed.epoch), ..Self::default() };
        }
        assert_eq!(Some(placed.epoch), self.epoch);
        assert!(placed.dts >= Pts(0) && placed.dts <= placed.pts, "{placed:?}");
        assert!(self.pts.insert(placed.pts), "two frames at {placed:?}");
        if let Some(last) = self.dts {
            assert_eq!(i64::from(placed.duration), placed.dts.0 - last.0, "{placed:?}");
        }
        assert!(placed.duration > 0, "{placed:?}");
        self.dts = Some(placed.dts);
    }

    fn audio(&mut self, placed: &Placed) {
        assert!(Some(placed.epoch) == self.epoch && placed.pts >= Pts(0) && placed.duration > 0, "{placed:?}");
        assert!(self.audio < Some(placed.pts), "{placed:?}");
        self.audio = Some(placed.pts);
    }
}

fn number(data: &mut &[u8], bytes: usize) -> i64 {
    let (head, rest) = data.split_at(bytes.min(data.len()));
    *data = rest;
    let unsigned = head.iter().fold(0_i64, |value, &byte| value << 8 | i64::from(byte));
    // As many positive as negative ones.
    if bytes == 0 { 3000 } else { unsigned.wrapping_sub(1 << (8 * bytes - 1)) }
}

fuzz_target!(|data: &[u8]| {
    let mut data = data;
    let mut timeline = Timeline::new();
    let (mut rules, mut unwrap) = (Rules::default(), RtpUnwrap::default());
    let mut clock = 0_i64;
    while let Some((&what, rest)) = data.split_first() {
        data = rest;
        let step = number(&mut data, [0, 0, 0, 1, 2, 3, 4, 8][usize::from(what >> 5)]);
        clock = clock.wrapping_add(step);
        let raw = if what & 16 == 0 { clock } else { unwrap.unwrap(clock as u32) };
        match what & 15 {
            0 => timeline.reconnect(),
            1 => timeline.sender_report(raw, Duration::from_secs(step.unsigned_abs())),
            2 => {
                let _ = timeline.captured_utc(raw);
            }
            3 | 4 => {
                if let Some(placed) = timeline.audio(raw) {
                    rules.audio(&placed);
                }
            }
            other => {
                let key = other < 8;
                let reorder = [None, Some(0), Some(2), Some(200)][usize::from(other & 3)];
                if let Ok(placed) = timeline.video(raw, key, other == 5, reorder) {
                    rules.video(&placed, key);
                }
            }
        }
        timeline.check_invariants();
    }
});
