//! Boxes that a model proposes: bounded, without what is no number, and each thing once.

/// Proposals that are held against each other at most: the surest. A frame full of people is a few hundred.
const COMPARED: usize = 1000;
/// Boxes of one picture at most.
const MOST: usize = 300;

/// A box in pixels of the model's input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Candidate {
    pub(super) x1: f32,
    pub(super) y1: f32,
    pub(super) x2: f32,
    pub(super) y2: f32,
    pub(super) score: f32,
    pub(super) class: usize,
    pub(super) corners: Option<[(f32, f32); 4]>,
}

impl Candidate {
    fn is_sound(&self) -> bool {
        let corners = self.corners.iter().flatten().all(|(x, y)| x.is_finite() && y.is_finite());
        [self.x1, self.y1, self.x2, self.y2, self.score].into_iter().all(f32::is_finite) && corners
    }

    fn size(&self) -> f32 {
        (self.x2 - self.x1) * (self.y2 - self.y1)
    }

    fn iou(&self, other: &Self) -> f32 {
        let width = self.x2.min(other.x2) - self.x1.max(other.x1);
        let height = self.y2.min(other.y2) - self.y1.max(other.y1);
        let both = width.max(0.0) * height.max(0.0);
        both / (self.size() + other.size() - both)
    }
}

/// What a model proposes for one picture; used again for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidates {
    /// What was proposed, then what is left of it, best first.
    pub(super) boxes: Vec<Candidate>,
    /// How many of the model's answers were no numbers, or of no class.
    pub(super) broken: usize,
}

impl Candidates {
    /// Takes a box of `least` and more.
    pub(super) fn push(&mut self, least: f32, candidate: Candidate) {
        if !candidate.is_sound() {
            self.broken += 1;
        } else if candidate.score >= least && candidate.x2 > candidate.x1 && candidate.y2 > candidate.y1 {
            self.boxes.push(candidate);
        }
    }

    /// Drops what is of no class.
    pub(super) fn known(&mut self, classes: usize) {
        let before = self.boxes.len();
        self.boxes.retain(|one| one.class < classes);
        self.broken += before - self.boxes.len();
    }

    /// Sorts the boxes, best first; of those of a class that overlap by more than `iou` the best stays.
    pub(super) fn settle(&mut self, iou: Option<f32>) {
        let surer = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score);
        if self.boxes.len() > COMPARED {
            self.boxes.select_nth_unstable_by(COMPARED - 1, surer);
            self.boxes.truncate(COMPARED);
        }
        self.boxes.sort_by(surer);
        if let Some(iou) = iou {
            let mut kept = 0;
            for at in 0..self.boxes.len() {
                let one = self.boxes[at];
                let again = |other: &Candidate| other.class == one.class && other.iou(&one) > iou;
                if kept < MOST && !self.boxes[..kept].iter().any(again) {
                    self.boxes[kept] = one;
                    kept += 1;
                }
            }
            self.boxes.truncate(kept);
        }
        self.boxes.truncate(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32, score: f32, class: usize) -> Candidate {
        Candidate { x1: x, y1: 0.0, x2: x + 10.0, y2: 10.0, score, class, corners: None }
    }

    fn settled(boxes: &[Candidate], iou: Option<f32>) -> Candidates {
        let mut found = Candidates::default();
        boxes.iter().for_each(|one| found.push(0.3, *one));
        found.settle(iou);
        found
    }

    #[test]
    fn of_what_overlaps_the_best_of_each_class_stays() {
        let proposed = [at(0.0, 0.5, 0), at(1.0, 0.9, 0), at(2.0, 0.8, 1), at(40.0, 0.4, 0), at(50.0, 0.2, 0)];
        let scores = |iou| settled(&proposed, iou).boxes.iter().map(|one| one.score).collect::<Vec<_>>();
        assert_eq!(scores(Some(0.45)), [0.9, 0.8, 0.4]);
        assert_eq!(scores(None), [0.9, 0.8, 0.5, 0.4]);
    }

    #[test]
    fn what_is_no_number_is_counted_and_gone() {
        let inside_out = Candidate { x2: -1.0, ..at(0.0, 0.9, 0) };
        let endless = Candidate { x2: f32::INFINITY, ..at(0.0, 0.9, 0) };
        let corner = Candidate { corners: Some([(0.0, f32::NAN); 4]), ..at(0.0, 0.9, 0) };
        let mut found =
            settled(&[at(0.0, f32::NAN, 0), at(f32::NAN, 0.9, 0), endless, corner, inside_out, at(3.0, 0.5, 7)], None);
        assert_eq!((found.boxes.len(), found.broken), (1, 4));
        found.known(7);
        assert_eq!((found.boxes.len(), found.broken), (0, 5));
    }

    #[test]
    fn ten_thousand_boxes_are_a_bounded_few() {
        let many: Vec<_> = (0..10_000).map(|n| at(n as f32 * 20.0, 0.4 + n as f32 * 1e-5, n % 3)).collect();
        let found = settled(&many, Some(0.45));
        assert_eq!(found.boxes.len(), MOST);
        assert!(found.boxes.iter().all(|one| one.score > 0.49), "not the surest");
        assert_eq!(settled(&many, None).boxes.len(), MOST);
    }
}
