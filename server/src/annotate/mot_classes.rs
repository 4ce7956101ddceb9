//! Numbers for labels in MOTChallenge text, and back.
//!
//! MOTChallenge numbers pedestrians and what is found around them, 1 to 13; these are used as they are. COCO's other labels are 100 and
//! their place in its list, from 0, and what merely moves is 200: nobody else uses these. Labels of a model's own have no number that
//! anybody else could know, and are -1.

use crate::detect::LABEL_MOTION;
use crate::detect::model::COCO;

/// No class.
pub(super) const NONE: i32 = -1;
/// What a thing of no class is called.
const NO_CLASS: &str = "object";
/// MOTChallenge's classes (MOT16 to MOT20), in the words that detectors have, where they have any.
const MOTCHALLENGE: [(i32, &str); 13] = [
    (1, "person"),
    (2, "person on vehicle"),
    (3, "car"),
    (4, "bicycle"),
    (5, "motorcycle"),
    (6, "non-motorized vehicle"),
    (7, "static person"),
    (8, "distractor"),
    (9, "occluder"),
    (10, "occluder on the ground"),
    (11, "full occluder"),
    (12, "reflection"),
    (13, "crowd"),
];
/// The number of the first of COCO's labels.
const FIRST_OF_COCO: i32 = 100;
/// What moves.
const MOTION: i32 = 200;

/// The number of a label.
pub(super) fn number(label: &str) -> i32 {
    let of_coco = || COCO.iter().position(|word| *word == label).map(|at| FIRST_OF_COCO + at as i32);
    let own = MOTCHALLENGE.iter().find(|(_, word)| *word == label).map(|(number, _)| *number);
    own.or_else(|| (label == LABEL_MOTION).then_some(MOTION)).or_else(of_coco).unwrap_or(NONE)
}

/// The label of a number.
pub(super) fn label(number: i32) -> &'static str {
    let of_coco = number.checked_sub(FIRST_OF_COCO).and_then(|at| COCO.get(usize::try_from(at).ok()?));
    match MOTCHALLENGE.iter().find(|(known, _)| *known == number) {
        Some((_, word)) => word,
        None if number == MOTION => LABEL_MOTION,
        None => of_coco.copied().unwrap_or(NO_CLASS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_label_that_is_known_comes_back_by_a_number_of_its_own() {
        let labels: HashSet<&str> =
            COCO.iter().copied().chain([LABEL_MOTION]).chain(MOTCHALLENGE.map(|(_, word)| word)).collect();
        assert_eq!(labels.len(), 80 + 1 + 13 - 4, "four of MOTChallenge's are COCO's, too");
        let numbers: HashSet<i32> = labels.iter().map(|one| number(one)).collect();
        assert_eq!(numbers.len(), labels.len());
        labels.iter().for_each(|one| assert_eq!(label(number(one)), *one));
    }

    #[test]
    fn numbers_are_those_that_others_write() {
        let known =
            [("person", 1), ("car", 3), ("motorcycle", 5), ("crowd", 13), ("bus", 105), ("dog", 116), ("motion", 200)];
        known.iter().for_each(|(word, wanted)| assert_eq!(number(word), *wanted, "{word}"));
        // COCO's numbers of what MOTChallenge has its own for are read as well.
        assert_eq!((label(100), label(102)), ("person", "car"));
    }

    #[test]
    fn labels_and_numbers_that_nobody_knows_are_of_no_class() {
        assert_eq!((number("forklift"), number("object"), number("")), (NONE, NONE, NONE));
        [NONE, 0, 14, 99, 180, 199, 201, i32::MAX, i32::MIN]
            .iter()
            .for_each(|one| assert_eq!(label(*one), "object", "{one}"));
    }
}
