//! A grid of yes and no, 64 cells to a word.

/// Bits of a grid, each row padded to whole words; the padding is always 0.
pub(super) struct Mask {
    cols: usize,
    rows: usize,
    /// Words in a row.
    words: usize,
    bits: Vec<u64>,
}

impl Mask {
    pub(super) fn new(cols: usize, rows: usize) -> Self {
        let words = cols.div_ceil(64);
        Self { cols, rows, words, bits: vec![0; words * rows] }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The words of a row.
    pub(super) fn row(&self, row: usize) -> &[u64] {
        &self.bits[row * self.words..(row + 1) * self.words]
    }

    /// The same, to be written: then see [`Self::trim`].
    pub(super) fn row_mut(&mut self, row: usize) -> &mut [u64] {
        &mut self.bits[row * self.words..(row + 1) * self.words]
    }

    /// The bits of a row's last word that are cells.
    fn tail(&self) -> u64 {
        if self.cols.is_multiple_of(64) { u64::MAX } else { (1 << (self.cols % 64)) - 1 }
    }

    /// Makes the padding 0.
    pub(super) fn trim(&mut self) {
        let tail = self.tail();
        self.bits.chunks_exact_mut(self.words).for_each(|row| row[self.words - 1] &= tail);
    }

    pub(super) fn get(&self, col: usize, row: usize) -> bool {
        self.bits[row * self.words + col / 64] >> (col % 64) & 1 == 1
    }

    /// Into `out`: this without what no block of 2x2 set cells covers: noise, and lines one cell wide.
    pub(super) fn opened(&self, blocks: &mut Self, out: &mut Self) {
        let words = self.words;
        // A bit of `blocks` says that the block whose upper left cell it is, is set.
        blocks.bits.fill(0);
        out.bits.fill(0);
        for row in 0..self.rows.saturating_sub(1) {
            let (upper, lower) = (self.row(row), self.row(row + 1));
            if upper.iter().all(|&word| word == 0) {
                continue;
            }
            for word in 0..words {
                let both = |word: usize| upper.get(word).zip(lower.get(word)).map_or(0, |(upper, lower)| upper & lower);
                let (here, next) = (both(word), both(word + 1));
                blocks.bits[row * words + word] = here & (here >> 1 | next << 63);
            }
        }
        for row in 0..self.rows {
            if self.row(row).iter().all(|&word| word == 0) {
                continue;
            }
            for word in 0..words {
                let spread = |row: usize| {
                    let bits = blocks.row(row);
                    let before = if word > 0 { bits[word - 1] >> 63 } else { 0 };
                    bits[word] | bits[word] << 1 | before
                };
                out.bits[row * words + word] = spread(row) | if row > 0 { spread(row - 1) } else { 0 };
            }
        }
    }

    /// Into `out`: this, grown by `by` cells (fewer than 64) to all sides.
    pub(super) fn grown(&self, by: usize, out: &mut Self) {
        let words = self.words;
        let tail = self.tail();
        out.bits.fill(0);
        for row in 0..self.rows {
            let bits = self.row(row);
            if bits.iter().all(|&word| word == 0) {
                continue;
            }
            for word in 0..words {
                let before = if word > 0 { bits[word - 1] } else { 0 };
                let after = bits.get(word + 1).copied().unwrap_or(0);
                let mut wide = bits[word];
                for step in 1..=by {
                    wide |= bits[word] << step | before >> (64 - step) | bits[word] >> step | after << (64 - step);
                }
                let wide = if word + 1 == words { wide & tail } else { wide };
                for near in row.saturating_sub(by)..(row + by + 1).min(self.rows) {
                    out.bits[near * words + word] |= wide;
                }
            }
        }
    }

    /// Calls `each` with the start and the end (exclusive) of every run of set cells in a row.
    pub(super) fn runs(&self, row: usize, mut each: impl FnMut(usize, usize)) {
        let mut open: Option<usize> = None;
        for (index, &bits) in self.row(row).iter().enumerate() {
            let base = index * 64;
            let mut at = 0;
            while at < 64 {
                let rest = if open.is_some() { !bits >> at } else { bits >> at };
                let skip = rest.trailing_zeros() as usize;
                if at + skip >= 64 {
                    break;
                }
                at += skip;
                match open.take() {
                    Some(start) => each(start, base + at),
                    None => open = Some(base + at),
                }
            }
        }
        if let Some(start) = open {
            each(start, self.cols);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid() -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
        (1_usize..150, 1_usize..8).prop_flat_map(|(cols, rows)| {
            let level = prop_oneof![3 => Just(0_u8), 2 => Just(1_u8), 2 => Just(2_u8)];
            (Just(cols), Just(rows), proptest::collection::vec(level, cols * rows))
        })
    }

    fn masks(cols: usize, rows: usize, level: &[u8]) -> (Mask, Mask) {
        let mut mask = Mask::new(cols, rows);
        for (row, level) in level.chunks_exact(cols).enumerate() {
            let word = |level: &[u8]| level.iter().rev().fold(0, |bits, &level| bits << 1 | u64::from(level > 0));
            mask.row_mut(row).iter_mut().zip(level.chunks(64).map(word)).for_each(|(word, bits)| *word = bits);
        }
        (mask, Mask::new(cols, rows))
    }

    proptest! {
        #[test]
        fn runs_give_back_what_was_filled((cols, rows, level) in grid()) {
            let (mask, _) = masks(cols, rows, &level);
            let mut back = vec![false; cols * rows];
            for row in 0..rows {
                mask.runs(row, |start, end| back[row * cols + start..row * cols + end].fill(true));
            }
            prop_assert_eq!(back, level.iter().map(|&level| level > 0).collect::<Vec<_>>());
        }

        #[test]
        fn opening_is_the_union_of_the_blocks_within((cols, rows, level) in grid()) {
            let (mask, mut blocks) = masks(cols, rows, &level);
            let mut out = masks(cols, rows, &vec![1; cols * rows]).0;
            let set = |col: usize, row: usize| col < cols && row < rows && level[row * cols + col] > 0;
            let block = |col: usize, row: usize| (0..4).all(|k| set(col + k % 2, row + k / 2));
            mask.opened(&mut blocks, &mut out);
            for row in 0..rows {
                for col in 0..cols {
                    let (left, up) = (col.saturating_sub(1), row.saturating_sub(1));
                    let expected = block(col, row) || block(left, row) || block(col, up) || block(left, up);
                    // At the first column or row `left` or `up` is the cell itself; a block from there covers it too.
                    prop_assert_eq!(out.get(col, row), expected, "{},{}", col, row);
                }
            }
        }

        #[test]
        fn trimming_takes_the_padding_alone((cols, rows, level) in grid()) {
            let (mut mask, _) = masks(cols, rows, &level);
            let kept = mask.bits.clone();
            mask.trim();
            prop_assert_eq!(&mask.bits, &kept);
            mask.bits.fill(u64::MAX);
            mask.trim();
            prop_assert_eq!(mask.bits.iter().map(|word| word.count_ones() as usize).sum::<usize>(), cols * rows);
        }

        #[test]
        fn growing_reaches_every_near_cell((cols, rows, level) in grid(), by in 1_usize..4) {
            let (mask, mut out) = masks(cols, rows, &level);
            mask.grown(by, &mut out);
            for row in 0..rows {
                for col in 0..cols {
                    let expected = (row.saturating_sub(by)..(row + by + 1).min(rows)).any(|r| {
                        (col.saturating_sub(by)..(col + by + 1).min(cols)).any(|c| level[r * cols + c] > 0)
                    });
                    prop_assert_eq!(out.get(col, row), expected, "{},{}", col, row);
                }
                let padding = out.row(row).last().map_or(0, |&word| if cols % 64 == 0 { 0 } else { word >> (cols % 64) });
                prop_assert_eq!(padding, 0);
            }
        }
    }
}
