//! Connected cells: blobs of foreground in one look.

use super::background::Seen;
use super::mask::Mask;

/// Cells by which foreground is grown before it is connected: gaps of up to twice this within one thing are bridged. Boxes are
/// taken from the cells before growing.
const GROW: usize = 2;
/// A blob has at least this many cells: at 720p 10x10 pixels, at 1080p 18x18.
const LEAST_CELLS: u32 = 6;
/// And so many of them strongly different.
const LEAST_STRONG: u32 = 2;
/// At most this many blobs of a look, the largest: falling snow must not cost time without bound.
const MOST_BLOBS: usize = 64;

/// Connected foreground; sides in cells.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Blob {
    pub(super) x1: f32,
    pub(super) y1: f32,
    pub(super) x2: f32,
    pub(super) y2: f32,
    /// How many cells.
    pub(super) cells: u32,
    /// How many of them are strongly different.
    pub(super) strong: u32,
    /// How many of them have just changed.
    pub(super) active: u32,
    /// Their differences from the background, summed.
    pub(super) difference: f32,
}

impl Blob {
    /// Mean difference from the background, in luma.
    pub(super) fn contrast(&self) -> f32 {
        self.difference / self.cells.max(1) as f32
    }

    /// Takes another blob in.
    pub(super) fn take(&mut self, other: &Self) {
        self.x1 = self.x1.min(other.x1);
        self.y1 = self.y1.min(other.y1);
        self.x2 = self.x2.max(other.x2);
        self.y2 = self.y2.max(other.y2);
        self.cells += other.cells;
        self.strong += other.strong;
        self.active += other.active;
        self.difference += other.difference;
    }
}

/// A run of grown foreground in a row, and the blob it is part of.
struct Run {
    start: usize,
    end: usize,
    node: usize,
}

/// Blobs as they grow: `parent` of itself for the root of each.
struct Forest {
    parent: Vec<usize>,
    blobs: Vec<Blob>,
}

impl Forest {
    fn root(&mut self, mut node: usize) -> usize {
        while self.parent[node] != node {
            self.parent[node] = self.parent[self.parent[node]];
            node = self.parent[node];
        }
        node
    }

    fn unite(&mut self, a: usize, b: usize) -> usize {
        let (a, b) = (self.root(a), self.root(b));
        let (keep, drop) = (a.min(b), a.max(b));
        if keep != drop {
            self.parent[drop] = keep;
            let dropped = self.blobs[drop].clone();
            self.blobs[keep].take(&dropped);
        }
        keep
    }

    fn add(&mut self, blob: Blob) -> usize {
        self.parent.push(self.blobs.len());
        self.blobs.push(blob);
        self.blobs.len() - 1
    }
}

/// The blobs of `mask`, largest first.
pub(super) fn find(mask: &Mask, grown: &mut Mask, seen: &Seen) -> Vec<Blob> {
    mask.grown(GROW, grown);
    let mut forest = Forest { parent: Vec::new(), blobs: Vec::new() };
    let (mut above, mut runs): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
    for row in 0..mask.rows() {
        runs.clear();
        grown.runs(row, |start, end| {
            let mut node = forest.add(cover(mask, seen, row, start, end));
            for other in above.iter().filter(|other| other.start <= end && start <= other.end) {
                node = forest.unite(node, other.node);
            }
            runs.push(Run { start, end, node });
        });
        std::mem::swap(&mut above, &mut runs);
    }
    let Forest { parent, blobs } = forest;
    let roots = blobs.into_iter().enumerate().filter(|(node, _)| parent[*node] == *node).map(|(_, blob)| blob);
    let mut blobs: Vec<Blob> = roots.filter(|blob| blob.cells >= LEAST_CELLS && blob.strong >= LEAST_STRONG).collect();
    blobs.sort_by_key(|blob| std::cmp::Reverse(blob.cells));
    blobs.truncate(MOST_BLOBS);
    blobs
}

/// What a run of grown foreground covers of the foreground itself.
fn cover(mask: &Mask, seen: &Seen, row: usize, start: usize, end: usize) -> Blob {
    let mut blob = Blob {
        x1: f32::INFINITY,
        y1: f32::INFINITY,
        x2: f32::NEG_INFINITY,
        y2: f32::NEG_INFINITY,
        cells: 0,
        strong: 0,
        active: 0,
        difference: 0.0,
    };
    for word in start / 64..end.div_ceil(64) {
        let first = word * 64;
        let within = u64::MAX << start.saturating_sub(first) & u64::MAX >> (first + 64).saturating_sub(end);
        let bits = mask.row(row)[word] & within;
        if bits == 0 {
            continue;
        }
        blob.x1 = blob.x1.min((first + bits.trailing_zeros() as usize) as f32);
        blob.x2 = (first + 64 - bits.leading_zeros() as usize) as f32;
        blob.cells += bits.count_ones();
        blob.strong += (bits & seen.strong.row(row)[word]).count_ones();
        blob.active += (bits & seen.active.row(row)[word]).count_ones();
        blob.difference += seen.difference(row, word, bits);
    }
    if blob.cells > 0 {
        (blob.y1, blob.y2) = (row as f32, row as f32 + 1.0);
    }
    blob
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs(picture: &[&str]) -> Vec<(f32, f32, f32, f32, u32, u32)> {
        let (cols, rows) = (picture[0].len(), picture.len());
        let letters: Vec<&[u8]> = picture.iter().map(|row| row.as_bytes()).collect();
        let seen = Seen::drawn(cols, rows, |col, row| match letters[row][col] {
            b'#' => 2,
            b'+' => 1,
            _ => 0,
        });
        let found = find(&seen.weak, &mut Mask::new(cols, rows), &seen);
        assert!(found.iter().all(|blob| blob.contrast() == 20.0));
        found.iter().map(|blob| (blob.x1, blob.y1, blob.x2, blob.y2, blob.cells, blob.strong)).collect()
    }

    #[test]
    fn fragments_near_each_other_are_one_and_boxes_are_tight() {
        let found = blobs(&[
            "....................",
            "..###.......####....",
            "..+++.......#..#....",
            "............#..#....",
            "............#..#....",
            "..+++...........#...",
            "..##+...............",
            "....................",
        ]);
        assert_eq!(found, [(2.0, 1.0, 5.0, 7.0, 12, 5), (12.0, 1.0, 17.0, 6.0, 11, 11)]);
    }

    #[test]
    fn what_is_faint_or_tiny_is_nothing() {
        let found = blobs(&["++++++++........", "++++++++........", "..............##", "..............#."]);
        assert_eq!(found, []);
    }

    #[test]
    fn a_fork_is_one_blob() {
        let rows = ["#........#", "#........#", "#........#", "#........#", "##########"];
        assert_eq!(blobs(&rows), [(0.0, 0.0, 10.0, 5.0, 18, 18)]);
    }
}
