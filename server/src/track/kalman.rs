//! The Kalman filter of a box: its centre, its size and their velocities, by seconds and not by frames.
//!
//! The eight states of ByteTrack (Zhang et al. 2022) with noise that is independent for each coordinate never mix across coordinates:
//! the filter of 8x8 matrices falls apart into four of 2x2, with the same result and nothing to invert. Noise is in units of the
//! box's own width and height, so that fractions of a picture serve as well as pixels, whatever its shape.

use crate::pipeline::detection::Area;

/// How far a detector's edges are off, in sizes of the box: ByteTrack's 1/20.
const NOISE: f32 = 0.05;
/// How much a thing's velocity changes, in sizes a second for each root of a second: a person who starts to walk, a car that brakes.
const SWERVE: f32 = 2.0;
/// The same for its size, which changes by perspective alone.
const SWELL: f32 = 0.4;
/// What is known of a velocity before it was seen twice, in sizes a second: nothing.
const ANY_SPEED: f32 = 10.0;
/// What size a small box is taken to have at least, in fractions of the picture: its noise is that of pixels then, and not of its size.
const LEAST: f32 = 0.02;
/// A box does not shrink or grow by more than this factor while nobody sees it.
const GROWTH: f32 = 1.5;

/// One coordinate, its velocity, and what is known of both.
#[derive(Clone, Copy, Debug)]
struct Axis {
    at: f32,
    speed: f32,
    at_var: f32,
    both_var: f32,
    speed_var: f32,
}

impl Axis {
    fn new(at: f32, size: f32) -> Self {
        let (noise, speed) = (NOISE * size, ANY_SPEED * size);
        Self { at, speed: 0.0, at_var: noise * noise, both_var: 0.0, speed_var: speed * speed }
    }

    /// Goes on for `seconds`, while the velocity changes as white noise does (Bar-Shalom et al. 2001, section 6.2.2).
    fn go(&mut self, seconds: f32, swerve: f32) {
        let noise = swerve * swerve * seconds;
        self.at += self.speed * seconds;
        self.at_var += seconds * (2.0 * self.both_var + seconds * (self.speed_var + noise / 3.0));
        self.both_var += seconds * (self.speed_var + noise / 2.0);
        self.speed_var += noise;
    }

    fn see(&mut self, at: f32, noise: f32) {
        let whole = self.at_var + noise * noise;
        let (gain, speed_gain) = (self.at_var / whole, self.both_var / whole);
        let news = at - self.at;
        self.at += gain * news;
        self.speed += speed_gain * news;
        self.speed_var -= speed_gain * self.both_var;
        self.both_var *= 1.0 - gain;
        self.at_var *= 1.0 - gain;
    }

    fn scale(&mut self, by: f32) {
        self.at *= by;
        self.speed *= by;
        self.at_var *= by * by;
        self.both_var *= by * by;
        self.speed_var *= by * by;
    }
}

/// How a box moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    centre: [Axis; 2],
    size: [Axis; 2],
}

impl Motion {
    /// Of a box that was seen once.
    pub(super) fn new(area: Area) -> Self {
        let ((x, y), [width, height]) = (area.centre(), sizes(area));
        Self {
            centre: [Axis::new(x, width), Axis::new(y, height)],
            size: [Axis::new(area.width(), width), Axis::new(area.height(), height)],
        }
    }

    /// Where the box is `seconds` after it was last seen.
    pub(super) fn after(&self, seconds: f32) -> Area {
        let at = |axis: &Axis| axis.at + axis.speed * seconds;
        let size = |axis: &Axis| at(axis).clamp(axis.at / GROWTH, axis.at * GROWTH);
        let [(x, half_width), (y, half_height)] =
            std::array::from_fn(|n| (at(&self.centre[n]), size(&self.size[n]) * 0.5));
        Area { x1: x - half_width, y1: y - half_height, x2: x + half_width, y2: y + half_height }
    }

    /// Takes in where a look saw it, `seconds` after the one before.
    pub(super) fn see(&mut self, area: Area, seconds: f32) {
        let ((x, y), size) = (area.centre(), sizes(area));
        let (at, sides) = ([x, y], [area.width(), area.height()]);
        for n in 0..2 {
            self.centre[n].go(seconds, SWERVE * size[n]);
            self.centre[n].see(at[n], NOISE * size[n]);
            self.size[n].go(seconds, SWELL * size[n]);
            self.size[n].see(sides[n], NOISE * size[n]);
            // A box has a size, whatever noise says.
            self.size[n].at = self.size[n].at.max(1e-6);
        }
    }

    /// The camera moved: what was at the picture's middle is `by` away from it now, and everything is `zoom` times as large.
    pub(super) fn shift(&mut self, by: (f32, f32), zoom: f32) {
        for (axis, by) in self.centre.iter_mut().zip([by.0, by.1]) {
            axis.at -= 0.5;
            axis.scale(zoom);
            axis.at += 0.5 + by;
        }
        self.size.iter_mut().for_each(|axis| axis.scale(zoom));
    }
}

fn sizes(area: Area) -> [f32; 2] {
    [area.width().max(LEAST), area.height().max(LEAST)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The textbook's filter of 8x8 matrices, in f64: what the four small ones have to equal.
    struct Textbook {
        x: [f64; 8],
        p: [[f64; 8]; 8],
    }

    impl Textbook {
        fn new(z: [f64; 4], size: [f64; 4]) -> Self {
            let mut p = [[0.0; 8]; 8];
            for n in 0..4 {
                p[n][n] = (f64::from(NOISE) * size[n]).powi(2);
                p[n + 4][n + 4] = (f64::from(ANY_SPEED) * size[n]).powi(2);
            }
            Self { x: [z[0], z[1], z[2], z[3], 0.0, 0.0, 0.0, 0.0], p }
        }

        #[allow(clippy::needless_range_loop, reason = "matrices read best by their indices")]
        fn step(&mut self, z: [f64; 4], size: [f64; 4], dt: f64) {
            let mut f = [[0.0; 8]; 8];
            for n in 0..8 {
                f[n][n] = 1.0;
                if n < 4 {
                    f[n][n + 4] = dt;
                }
            }
            self.x = std::array::from_fn(|i| (0..8).map(|j| f[i][j] * self.x[j]).sum());
            let fp: [[f64; 8]; 8] =
                std::array::from_fn(|i| std::array::from_fn(|j| (0..8).map(|k| f[i][k] * self.p[k][j]).sum()));
            self.p = std::array::from_fn(|i| std::array::from_fn(|j| (0..8).map(|k| fp[i][k] * f[j][k]).sum()));
            for n in 0..4 {
                let q = (f64::from(if n < 2 { SWERVE } else { SWELL }) * size[n]).powi(2);
                self.p[n][n] += q * dt.powi(3) / 3.0;
                self.p[n][n + 4] += q * dt.powi(2) / 2.0;
                self.p[n + 4][n] += q * dt.powi(2) / 2.0;
                self.p[n + 4][n + 4] += q * dt;
            }
            // One coordinate after the other: the same as all at once, since their noise is independent.
            for n in 0..4 {
                let s = self.p[n][n] + (f64::from(NOISE) * size[n]).powi(2);
                let gain: [f64; 8] = std::array::from_fn(|i| self.p[i][n] / s);
                let (news, row) = (z[n] - self.x[n], self.p[n]);
                for i in 0..8 {
                    self.x[i] += gain[i] * news;
                    for j in 0..8 {
                        self.p[i][j] -= gain[i] * row[j];
                    }
                }
            }
        }
    }

    #[test]
    fn four_small_filters_are_the_one_of_eight_states() {
        let area = |n: f32| {
            let (x, y) = (0.2 + 0.02 * n + 0.004 * (n * 1.7).sin(), 0.5 - 0.01 * n + 0.003 * (n * 2.3).cos());
            Area { x1: x, y1: y, x2: x + 0.08 + 0.002 * n, y2: y + 0.2 + 0.001 * n }
        };
        let z = |area: Area| [area.centre().0, area.centre().1, area.width(), area.height()].map(f64::from);
        let size = |area: Area| [area.width(), area.height(), area.width(), area.height()].map(f64::from);
        let mut ours = Motion::new(area(0.0));
        let mut theirs = Textbook::new(z(area(0.0)), size(area(0.0)));
        for n in 1..40_u8 {
            let dt = if n % 3 == 0 { 0.2 } else { 0.04 };
            ours.see(area(n.into()), dt);
            theirs.step(z(area(n.into())), size(area(n.into())), dt.into());
            let axes = [&ours.centre[0], &ours.centre[1], &ours.size[0], &ours.size[1]];
            for (n, axis) in axes.into_iter().enumerate() {
                assert!((f64::from(axis.at) - theirs.x[n]).abs() < 1e-5, "{axis:?} {}", theirs.x[n]);
                assert!((f64::from(axis.speed) - theirs.x[n + 4]).abs() < 1e-3, "{axis:?} {}", theirs.x[n + 4]);
            }
        }
    }

    #[test]
    fn velocity_is_learnt_by_seconds_and_what_is_not_seen_keeps_its_size() {
        let area = |seconds: f32| Area { x1: 0.1 + 0.1 * seconds, y1: 0.4, x2: 0.2 + 0.1 * seconds, y2: 0.6 };
        // Looks as uneven as cameras are.
        let times = [0.0, 0.2, 0.4, 0.72, 0.8, 1.2];
        let mut motion = Motion::new(area(0.0));
        times.windows(2).for_each(|two| motion.see(area(two[1]), two[1] - two[0]));
        let (found, truth) = (motion.after(0.5), area(1.7));
        assert!((found.x1 - truth.x1).abs() < 2e-3 && (found.y2 - truth.y2).abs() < 2e-3, "{found:?}");
        let grows = |seconds: f32| Area { x1: 0.5, y1: 0.5, x2: 0.6 + 0.3 * seconds, y2: 0.7 + 0.3 * seconds };
        let mut motion = Motion::new(grows(0.0));
        (1..5).for_each(|n: u8| motion.see(grows(f32::from(n) * 0.1), 0.1));
        assert!(motion.after(60.0).width() < 0.22 * GROWTH);
    }
}
