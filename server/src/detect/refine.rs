//! A detector and what makes its finds more exact in the same look, as one detector.

use super::{DetectError, Detection, Detector, Refined, Refiner};
use crate::pipeline::frame::Frame;

/// Runs a detector, then each refiner on what was found so far.
pub struct Refining {
    name: String,
    first: Box<dyn Detector>,
    stages: Vec<Box<dyn Refiner>>,
}

impl Refining {
    /// `first`, then `stages` in their order.
    #[must_use]
    pub fn new(first: Box<dyn Detector>, stages: Vec<Box<dyn Refiner>>) -> Self {
        let names: Vec<&str> = std::iter::once(first.name()).chain(stages.iter().map(|stage| stage.name())).collect();
        Self { name: names.join(" + "), first, stages }
    }
}

impl Detector for Refining {
    fn name(&self) -> &str {
        &self.name
    }

    fn look(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectError> {
        let mut found = self.first.look(frame)?;
        for stage in &mut self.stages {
            found = apply(stage.as_mut(), frame, found)?;
        }
        Ok(found)
    }
}

/// What is known after `stage` has looked at those of `found` that it wants to see.
fn apply(stage: &mut dyn Refiner, frame: &Frame, found: Vec<Detection>) -> Result<Vec<Detection>, DetectError> {
    let wanted = |detection: &Detection| stage.labels().contains(&&*detection.label);
    let (seen, mut rest): (Vec<Detection>, Vec<Detection>) = found.into_iter().partition(wanted);
    let mut refined = stage.refine(frame, &seen)?.into_iter();
    for detection in seen {
        let of_it: Vec<Refined> = refined.next().unwrap_or_default();
        if !of_it.iter().any(|refined| refined.replaces) {
            rest.push(detection);
        }
        for Refined { detection, .. } in of_it {
            if !rest.contains(&detection) {
                rest.push(detection);
            }
        }
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::grey_frame;
    use super::super::{Area, LABEL_MOTION};
    use super::*;
    use std::sync::Arc;

    const LEFT: Area = Area { x1: 0.1, y1: 0.1, x2: 0.2, y2: 0.2 };
    const RIGHT: Area = Area { x1: 0.7, y1: 0.1, x2: 0.8, y2: 0.2 };

    struct Fixed;
    impl Detector for Fixed {
        fn name(&self) -> &str {
            "fixed"
        }
        fn look(&mut self, _frame: &Frame) -> Result<Vec<Detection>, DetectError> {
            let one = |label: &str, area| Detection::new(Arc::from(label), 0.5, area);
            Ok(vec![one(LABEL_MOTION, LEFT), one("cat", LEFT), one(LABEL_MOTION, RIGHT)])
        }
    }

    /// Calls what is on the left a dog, and finds a nose on what is on the right.
    struct Dogs;
    impl Refiner for Dogs {
        fn name(&self) -> &str {
            "dogs"
        }
        fn labels(&self) -> &[&str] {
            &[LABEL_MOTION]
        }
        fn refine(&mut self, _frame: &Frame, seen: &[Detection]) -> Result<Vec<Vec<Refined>>, DetectError> {
            let of = |seen: &Detection| {
                let left = seen.area() == LEFT;
                let label = Arc::from(if left { "dog" } else { "nose" });
                vec![Refined { detection: Detection::new(label, 0.9, seen.area()), replaces: left }]
            };
            Ok(seen.iter().map(of).collect())
        }
    }

    #[test]
    fn what_is_refined_takes_the_place_of_what_was_seen_or_stands_beside_it() {
        let mut refining = Refining::new(Box::new(Fixed), vec![Box::new(Dogs)]);
        let found = refining.look(&grey_frame(64, 48, vec![0; 64 * 48], 0)).expect("looked");
        let labels: Vec<&str> = found.iter().map(|one| &*one.label).collect();
        assert_eq!(labels, ["cat", "dog", "motion", "nose"]);
    }
}
