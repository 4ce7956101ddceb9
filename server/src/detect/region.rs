//! The pieces of the picture in which things count.

use super::Detection;
use sightline_shared::scene::{Point, contains, foot};

/// Those of `found` that stand in one of `regions`; all where there are none.
#[must_use]
pub fn within(regions: &[Vec<Point>], mut found: Vec<Detection>) -> Vec<Detection> {
    if !regions.is_empty() {
        found.retain(|one| {
            let foot = foot([one.x1, one.y1, one.x2, one.y2]);
            regions.iter().any(|region| contains(region, foot))
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Area;
    use super::*;

    #[test]
    fn a_thing_counts_where_it_stands() {
        let lower =
            vec![[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]].into_iter().map(Point::from).collect::<Vec<_>>();
        let at = |y: f32| Detection::new("person".into(), 0.9, Area { x1: 0.4, y1: y, x2: 0.6, y2: y + 0.4 });
        let found = vec![at(0.0), at(0.2), at(0.55)];
        assert_eq!(within(&[lower], found.clone()), found[1..], "the second one's head is above, its feet are within");
        assert_eq!(within(&[], found.clone()), found);
    }
}
