//! A rate control that can be told another bitrate between two pictures: each picture's quantiser, from what those before it took.

use std::ffi::c_int;

use crate::plan::{Plan, Rate};

/// The first picture's quantiser, and the least and the most of all.
const FIRST: f64 = 28.0;
const LEAST: f64 = 6.0;
const MOST: f64 = 51.0;
/// Pictures over which a debt of bits is paid back.
const WINDOW: f64 = 8.0;

/// What holds to a bitrate.
pub(crate) struct Governor {
    /// Bits of a picture; 0 where nothing is held to.
    target: f64,
    /// The least quantiser: what was asked for, where that is a quality below a maximum.
    least: f64,
    quantiser: f64,
    /// Bits that were spent beyond the target.
    debt: f64,
}

impl Governor {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut governor = Self { target: 0.0, least: LEAST, quantiser: FIRST, debt: 0.0 };
        governor.follow(plan);
        governor
    }

    /// Goes over to other rates.
    pub(crate) fn follow(&mut self, plan: &Plan) {
        let (second, least) = match plan.rate {
            Rate::Quantizer(_) => (0, LEAST),
            Rate::Quality(quality) => (plan.maximum, f64::from(quality)),
            Rate::Variable | Rate::Constant => (plan.bitrate(), LEAST),
        };
        let target = f64::from(second) * f64::from(plan.fps.1) / f64::from(plan.fps.0);
        self.least = least;
        if self.target > 0.0 && target > 0.0 {
            // Six quantisers halve the bits, about.
            self.turn(6.0 * (self.target / target).log2());
            self.debt *= target / self.target;
        }
        self.target = target;
    }

    fn turn(&mut self, by: f64) {
        self.quantiser = (self.quantiser + by).clamp(self.least, MOST);
    }

    /// The next picture's quantiser; `None` where the encoder knows by itself.
    pub(crate) fn quantiser(&self) -> Option<c_int> {
        (self.target > 0.0).then_some(self.quantiser.max(self.least).round() as c_int)
    }

    /// Learns what a picture took.
    pub(crate) fn learn(&mut self, bytes: usize, key: bool) {
        if self.target <= 0.0 {
            return;
        }
        let bits = bytes as f64 * 8.0;
        self.debt = (self.debt + bits - self.target).clamp(-2.0 * self.target, 2.0 * WINDOW * self.target);
        // A key frame is as large as it is; those behind it pay for it.
        if !key {
            let wanted = (self.target - self.debt / WINDOW).max(self.target / 4.0);
            self.turn((3.0 * (bits.max(1.0) / wanted).log2()).clamp(-4.0, 6.0));
        }
    }
}
