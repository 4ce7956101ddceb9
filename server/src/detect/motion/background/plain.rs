//! What a look does to the cells of a row and to what is known of them: the loops, and the plain bodies that those with AVX2
//! (`simd.rs`) are held to.

use super::super::layers::{self, Layers, SECOND};
use super::super::{
    ABSORB_FIRST_S, ABSORB_S, BACKGROUND_TAU_S, EVIDENCE_FADE, NOISE_FACTOR, NOISE_MOST, NOISE_START, OTHER_KEEP_S,
    RECENT_TAU_S, SHAKE, STILL, STRONG, WEAK,
};
use super::{EIGHTS, LANES, Lanes};

/// How the model of the background follows in one look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    /// How many times lighter the open background has become, and what that adds to a cell of mean luma: 1 and 0 most of the time.
    pub(super) open: f32,
    pub(super) added: f32,
    /// How many times lighter what things cover is taken to have become.
    pub(super) covered: f32,
    /// How much of a difference the background takes over.
    pub(super) follow: f32,
    /// The same for the noise measure of background and of foreground.
    pub(super) calm: f32,
    pub(super) excite: f32,
}

/// Eight cells, what they show and what is known of them.
pub(super) struct Compared<'a> {
    pub(super) cells: &'a Lanes,
    pub(super) mean: &'a mut Lanes,
    pub(super) noise: &'a mut Lanes,
    /// From the background; told where one of them is foreground.
    pub(super) difference: &'a mut Lanes,
}

/// Compares cells with their background, and lets it follow. Gives a bit for each that differs.
#[inline(always)]
pub(super) fn follow(rates: &Rates, eight: Compared<'_>) -> u8 {
    let Compared { cells, mean, noise, difference } = eight;
    let mut bits = 0;
    for lane in 0..LANES {
        // A cell may follow the light wholly, in part, or not at all (a lamp, what was and stays overexposed).
        let was = mean[lane];
        let (times, plus) = (was * rates.open, was + rates.added);
        let (darkest, lightest) = (least(was, least(times, plus)), most(was, most(times, plus)));
        let base = least(most(cells[lane], darkest), lightest);
        let signed = cells[lane] - base;
        let distance = signed.abs();
        let weak = distance - noise[lane] * NOISE_FACTOR > WEAK;
        bits |= u8::from(weak) << lane;
        difference[lane] = distance;
        mean[lane] = if weak { least(was * rates.covered, 255.0) } else { base + signed * rates.follow };
        noise[lane] += (least(distance, NOISE_MOST) - noise[lane]) * if weak { rates.excite } else { rates.calm };
    }
    bits
}

/// The cells of a row, and what is known of them.
pub(super) struct Row<'a> {
    pub(super) cells: &'a [Lanes],
    pub(super) mean: &'a mut [Lanes],
    pub(super) noise: &'a mut [Lanes],
    pub(super) difference: &'a mut [Lanes],
    /// A bit for each cell of the foreground.
    pub(super) weak: &'a mut [u64],
}

#[inline(always)]
pub(super) fn follow_row(row: Row<'_>, body: impl Fn(Compared<'_>) -> u8) -> u32 {
    let Row { cells, mean, noise, difference, weak } = row;
    let mut changed = 0;
    let known = mean.chunks_mut(EIGHTS).zip(noise.chunks_mut(EIGHTS)).zip(difference.chunks_mut(EIGHTS));
    for ((word, cells), ((mean, noise), difference)) in weak.iter_mut().zip(cells.chunks(EIGHTS)).zip(known) {
        let mut bits = 0;
        let known = mean.iter_mut().zip(noise).zip(difference);
        for (at, (cells, ((mean, noise), difference))) in cells.iter().zip(known).enumerate() {
            bits |= u64::from(body(Compared { cells, mean, noise, difference })) << (at * LANES);
        }
        *word = bits;
        changed += word.count_ones();
    }
    changed
}

/// The time of a look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    /// In ticks of 10 ms.
    pub(super) now: u32,
    /// Since the look before.
    pub(super) seconds: f32,
}

/// Eight cells by which some are foreground, and what is known of them.
pub(super) struct Foreground<'a> {
    /// A bit for each that is.
    pub(super) weak: u8,
    pub(super) cells: &'a Lanes,
    pub(super) difference: &'a Lanes,
    /// By how much the background of each differs from that of its neighbours.
    pub(super) steep: Lanes,
    pub(super) noise: &'a Lanes,
    pub(super) mean: &'a mut Lanes,
    pub(super) layers: &'a mut Layers,
}

/// What a closer look at foreground told: a bit for each of eight cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
    /// It is foreground still.
    pub(super) weak: u8,
    /// It is so strongly.
    pub(super) strong: u8,
    /// It has just changed.
    pub(super) active: u8,
    /// What it shows has been there for so long that it is background.
    pub(super) settled: u8,
}

/// A look at foreground. Where it shows the second layer, that is the first one then: so a third takes the place of the one not seen
/// for longest. What stands still gathers evidence for being background.
#[inline(always)]
pub(super) fn settle(Time { now, seconds }: Time, eight: Foreground<'_>) -> Told {
    let Foreground { weak, cells, difference, steep, noise, mean, layers } = eight;
    let mut told = Told { weak: 0, strong: 0, active: 0, settled: 0 };
    for lane in (0..LANES).filter(|lane| weak >> lane & 1 == 1) {
        let cell = cells[lane];
        let away = most(layers::seconds_between(layers.touched[lane], now) - seconds, 0.0);
        layers.touched[lane] = now;
        layers.since[lane] = layers.since[lane].wrapping_add(layers::ticks(seconds));
        let towards = cell - layers.candidate[lane];
        let faded = most(layers.evidence[lane] - away * EVIDENCE_FADE, 0.0);
        if towards.abs() <= STILL {
            layers.evidence[lane] = faded + seconds;
            layers.candidate[lane] += towards * 0.1;
        } else {
            layers.evidence[lane] = most(faded - seconds * EVIDENCE_FADE, 0.0);
            layers.candidate[lane] = if layers.evidence[lane] > 0.0 { layers.candidate[lane] } else { cell };
        }
        let change = cell - layers.recent[lane];
        layers.recent[lane] += change * (seconds / (seconds + RECENT_TAU_S));
        told.active |= u8::from(change.abs() > STILL) << lane;

        let off = cell - layers.other[lane];
        if off.abs() <= SECOND && layers::seconds_between(layers.other_seen[lane], now) <= OTHER_KEEP_S {
            let first = layers.other[lane] + off * (seconds / (seconds + BACKGROUND_TAU_S));
            (layers.other[lane], mean[lane]) = (mean[lane], first);
            layers.other_seen[lane] = now;
            continue;
        }
        let known = layers::seconds_between(layers.since[lane], now);
        if layers.evidence[lane] >= (known * 0.5).clamp(ABSORB_FIRST_S, ABSORB_S) {
            told.settled |= 1 << lane;
            continue;
        }
        let beyond = difference[lane] - noise[lane] * NOISE_FACTOR - steep[lane] * SHAKE;
        told.weak |= u8::from(beyond > WEAK) << lane;
        told.strong |= u8::from(beyond > STRONG) << lane;
    }
    told
}

/// The cells of a row, and what is known of them, the foreground's more included.
pub(super) struct Ground<'a> {
    pub(super) cells: &'a [Lanes],
    pub(super) difference: &'a [Lanes],
    /// The background of the rows above and below, where there are any, and of this one.
    pub(super) above: Option<&'a [Lanes]>,
    pub(super) below: Option<&'a [Lanes]>,
    pub(super) mean: &'a mut [Lanes],
    pub(super) noise: &'a mut [Lanes],
    pub(super) layers: &'a mut [Layers],
    /// Bits of cells: foreground, strong foreground, what has just changed.
    pub(super) seen: [&'a mut [u64]; 3],
}

#[inline(always)]
pub(super) fn settle_row(mut row: Ground<'_>, time: Time, body: impl Fn(Time, Foreground<'_>) -> Told) {
    for word in 0..row.seen[0].len() {
        let bits = std::mem::take(&mut row.seen[0][word]);
        if bits == 0 {
            continue;
        }
        (row.seen[1][word], row.seen[2][word]) = (0, 0);
        for part in 0..EIGHTS {
            let weak = (bits >> (part * LANES)) as u8;
            if weak == 0 {
                continue;
            }
            let at = word * EIGHTS + part;
            let steep = row.steepness(at);
            let (cells, difference, noise) = (&row.cells[at], &row.difference[at], &row.noise[at]);
            let (mean, layers) = (&mut row.mean[at], &mut row.layers[at]);
            let told = body(time, Foreground { weak, cells, difference, steep, noise, mean, layers });
            for lane in (0..LANES).filter(|lane| told.settled >> lane & 1 == 1) {
                layers.replace(lane, &mut mean[lane], layers.candidate[lane], time.now);
                row.noise[at][lane] = NOISE_START;
            }
            for (seen, told) in row.seen.iter_mut().zip([told.weak, told.strong, told.active]) {
                seen[word] |= u64::from(told) << (part * LANES);
            }
        }
    }
}

impl Ground<'_> {
    /// By how much the background of cells differs from that of the most different of the four neighbours of each.
    #[inline(always)]
    fn steepness(&self, at: usize) -> Lanes {
        let here = &self.mean[at];
        // What lies beyond the picture is as what is there.
        let [up, down] = [self.above, self.below].map(|row| row.map_or(here, |row| &row[at]));
        let [mut left, mut right] = [*here; 2];
        left[1..].copy_from_slice(&here[..LANES - 1]);
        right[..LANES - 1].copy_from_slice(&here[1..]);
        if let Some(before) = at.checked_sub(1) {
            left[0] = self.mean[before][LANES - 1];
        }
        if let Some(after) = self.mean.get(at + 1) {
            right[LANES - 1] = after[0];
        }
        let mut steep = [0.0; LANES];
        for lane in 0..LANES {
            let off = |there: f32| (there - here[lane]).abs();
            steep[lane] = most(most(off(left[lane]), off(right[lane])), most(off(up[lane]), off(down[lane])));
        }
        steep
    }
}

/// The sum of those of up to 64 cells whose bits are set.
pub(super) fn total(cells: &[Lanes], bits: u64) -> f32 {
    let mut sums = [0.0; LANES];
    for (at, cells) in cells.iter().enumerate() {
        for lane in (0..LANES).filter(|lane| bits >> (at * LANES + lane) & 1 == 1) {
            sums[lane] += cells[lane];
        }
    }
    sums.iter().sum()
}

/// `f32::min` and `max` take care of NaN, at the price of three instructions for one; luma is never NaN.
#[inline(always)]
fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// See [`least`].
#[inline(always)]
fn most(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of two eights of luma 100, of which `mean` says otherwise; all of it foreground that is seen for a second look.
    struct Street {
        mean: Vec<Lanes>,
        noise: Vec<Lanes>,
        layers: Vec<Layers>,
        seen: [Vec<u64>; 3],
    }

    impl Street {
        fn new(mean: Lanes, evidence: f32) -> Self {
            let mut layers: Vec<Layers> = (0..2).map(|_| Layers::new([100.0; LANES])).collect();
            layers.iter_mut().for_each(|layers| layers.evidence = [evidence; LANES]);
            Self {
                mean: vec![mean, [70.0; LANES]],
                noise: vec![[1.0; LANES]; 2],
                layers,
                seen: [vec![0xff], vec![0], vec![0]],
            }
        }

        fn settle(&mut self, above: Option<&[Lanes]>) {
            let [weak, strong, active] = &mut self.seen;
            let (cells, difference) = (&[[100.0; LANES]; 2], &[[30.0; LANES]; 2]);
            let (mean, noise, layers) = (&mut self.mean, &mut self.noise, &mut self.layers);
            let seen: [&mut [u64]; 3] = [weak, strong, active];
            let row = Ground { cells, difference, above, below: None, mean, noise, layers, seen };
            settle_row(row, Time { now: 1000, seconds: 0.1 }, settle);
        }
    }

    #[test]
    fn what_has_stood_for_long_becomes_background_of_which_little_is_known() {
        let mut street = Street::new([70.0; LANES], 11.0);
        street.settle(None);
        assert_eq!(street.seen[0], [0]);
        assert_eq!((street.mean[0], street.noise[0]), ([100.0; LANES], [NOISE_START; LANES]));
        assert_eq!(street.layers[0].other, [70.0; LANES], "what it was is remembered");
        assert_eq!((street.mean[1], street.noise[1]), ([70.0; LANES], [1.0; LANES]), "the rest is not touched");
    }

    #[test]
    fn an_edge_explains_a_difference_of_a_part_of_its_height() {
        let mut street = Street::new([70.0; LANES], 0.0);
        street.settle(None);
        assert_eq!((street.seen[0][0], street.seen[1][0]), (0xff, 0xff), "there is no edge, and 30 is strong");
        // Of 60 to the eight on the right, 0.4 are 24: of 30, and of the noise, too little is left for the last cell.
        let mut street = Street::new([70.0; LANES], 0.0);
        street.mean[1] = [130.0; LANES];
        street.settle(None);
        assert_eq!(street.seen[0][0], 0x7f);
        let mut street = Street::new([70.0; LANES], 0.0);
        let above = [[130.0, 130.0, 70.0, 70.0, 70.0, 70.0, 70.0, 70.0], [0.0; LANES]];
        street.settle(Some(&above));
        assert_eq!(street.seen[0][0], 0xfc);
        // The first cell of the second eight by the last one of the first.
        let mut street = Street::new([130.0; LANES], 0.0);
        street.seen[0][0] = 0xff00;
        street.settle(None);
        assert_eq!(street.seen[0][0], 0xfe00);
    }
}
