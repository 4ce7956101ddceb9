//! What zones have counted, in words.

use sightline_shared::scene::{ZoneCount, ZoneKind};
use std::collections::BTreeMap;

/// `2 inside · 12 entered · 10 left`, or `7 a to b · 5 b to a`, of all labels together.
pub(crate) fn line(kind: ZoneKind, zone: &str, counts: &[ZoneCount]) -> String {
    words(kind, &sum(counts.iter().filter(|count| count.zone == zone)))
}

/// The same by label, where there is more than one: `person: 1 inside ...`.
pub(crate) fn by_label(kind: ZoneKind, zone: &str, counts: &[ZoneCount]) -> Vec<String> {
    let mut labels = BTreeMap::<&str, Vec<&ZoneCount>>::new();
    for count in counts.iter().filter(|count| count.zone == zone) {
        labels.entry(&count.label).or_default().push(count);
    }
    if labels.len() < 2 {
        return labels.keys().map(|label| (*label).to_owned()).collect();
    }
    labels.into_iter().map(|(label, counts)| format!("{label}: {}", words(kind, &sum(counts.into_iter())))).collect()
}

fn sum<'a>(counts: impl Iterator<Item = &'a ZoneCount>) -> ZoneCount {
    counts.fold(ZoneCount::default(), |sum, count| ZoneCount {
        inside: sum.inside + count.inside,
        entered: sum.entered + count.entered,
        left: sum.left + count.left,
        a_to_b: sum.a_to_b + count.a_to_b,
        b_to_a: sum.b_to_a + count.b_to_a,
        ..sum
    })
}

fn words(kind: ZoneKind, count: &ZoneCount) -> String {
    match kind {
        ZoneKind::Area => format!("{} inside · {} entered · {} left", count.inside, count.entered, count.left),
        ZoneKind::Line => format!("{} a to b · {} b to a", count.a_to_b, count.b_to_a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_added_up_and_told_apart() {
        let count = |label: &str, inside, entered| ZoneCount {
            zone: "gate".into(),
            label: label.into(),
            inside,
            entered,
            a_to_b: 3,
            ..ZoneCount::default()
        };
        let counts =
            [count("person", 1, 7), count("car", 0, 2), ZoneCount { zone: "other".into(), ..count("car", 9, 9) }];
        assert_eq!(line(ZoneKind::Area, "gate", &counts), "1 inside · 9 entered · 0 left");
        assert_eq!(line(ZoneKind::Line, "gate", &counts), "6 a to b · 0 b to a");
        assert_eq!(
            by_label(ZoneKind::Area, "gate", &counts),
            ["car: 0 inside · 2 entered · 0 left", "person: 1 inside · 7 entered · 0 left"]
        );
        assert_eq!(by_label(ZoneKind::Area, "gate", &counts[..1]), ["person"]);
        assert_eq!(line(ZoneKind::Area, "none", &counts), "0 inside · 0 entered · 0 left");
    }
}
