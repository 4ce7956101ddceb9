//! The words over boxes and zones.

use super::Layers;
use crate::scene::{Zone, ZoneCount, ZoneKind};
use crate::tracks::Track;

/// Letters of an id that people compare: of a ULID the last ones, which are random.
const SHORT_ID: usize = 4;

/// The words over a box: label, score in percent, and the end of its id, as far as they are wanted.
#[must_use]
pub fn label_text(track: &Track, layers: Layers) -> Option<String> {
    let mut text = score_text(&track.label, track.score, layers).unwrap_or_default();
    if layers.ids {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push('#');
        text.push_str(short_id(&track.id));
    }
    (!text.is_empty()).then_some(text)
}

/// Label and score, as far as they are wanted.
pub(super) fn score_text(label: &str, score: f32, layers: Layers) -> Option<String> {
    match (layers.labels, layers.scores) {
        (true, true) => Some(format!("{label} {:.0}%", score * 100.0)),
        (true, false) => Some(label.to_owned()),
        (false, true) => Some(format!("{:.0}%", score * 100.0)),
        (false, false) => None,
    }
}

/// The part of an id that is shown: whole where it is short, as in files of other programs.
#[must_use]
pub fn short_id(id: &str) -> &str {
    id.char_indices().nth_back(SHORT_ID - 1).filter(|_| id.len() > 2 * SHORT_ID).map_or(id, |(at, _)| &id[at..])
}

/// The words over a zone: its name, and what is in it now; of a line how often it was crossed, `>` the way of its arrow and `<` against it.
#[must_use]
pub fn zone_text(zone: &Zone, counts: &[ZoneCount], layers: Layers) -> Option<String> {
    let name = if zone.name.is_empty() { &zone.id } else { &zone.name };
    let name = layers.zones.then(|| name.clone());
    let counted = layers.counts.then(|| counted(zone, counts)).filter(|counted| !counted.is_empty());
    let text = [name, counted].into_iter().flatten().collect::<Vec<_>>().join(": ");
    (!text.is_empty()).then_some(text)
}

fn counted(zone: &Zone, counts: &[ZoneCount]) -> String {
    let of = |number: &dyn Fn(&ZoneCount) -> u64| {
        let mine = counts.iter().filter(|count| count.zone == zone.id && number(count) > 0);
        mine.map(|count| format!("{} {}", number(count), count.label)).collect::<Vec<_>>().join(", ")
    };
    match zone.kind {
        ZoneKind::Area => of(&|count| count.inside.into()),
        ZoneKind::Line => {
            let ways = [(">", of(&|count| count.a_to_b)), ("<", of(&|count| count.b_to_a))];
            let told = ways.iter().filter(|(_, things)| !things.is_empty());
            told.map(|(way, things)| format!("{way} {things}")).collect::<Vec<_>>().join("  ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_layers() {
        let track =
            Track { id: "01KAJ3B4YV8Q5Z0M9X2C7RT4GE".into(), label: "person".into(), score: 0.876, ..Track::default() };
        let text = |list: &str| label_text(&track, Layers::parse(list).expect("known"));
        assert_eq!(text("labels,scores").as_deref(), Some("person 88%"));
        assert_eq!(text("labels").as_deref(), Some("person"));
        assert_eq!(text("scores,ids").as_deref(), Some("88% #T4GE"));
        assert_eq!(text("ids").as_deref(), Some("#T4GE"));
        assert_eq!(text("boxes,trails"), None);
        assert_eq!(
            (short_id("7"), short_id("20170042"), short_id("äöüäöüäöü"), short_id("")),
            ("7", "20170042", "üäöü", "")
        );
    }

    #[test]
    fn zones_say_what_they_count() {
        let count = |zone: &str, label: &str, inside, a_to_b, b_to_a| ZoneCount {
            zone: zone.into(),
            label: label.into(),
            inside,
            a_to_b,
            b_to_a,
            ..ZoneCount::default()
        };
        let counts = [
            count("yard", "person", 2, 0, 0),
            count("yard", "car", 1, 0, 0),
            count("gate", "car", 0, 3, 1),
            count("gate", "dog", 0, 1, 0),
        ];
        let zone = |id: &str, kind| Zone { id: id.into(), name: id.to_uppercase(), kind, ..Zone::default() };
        let empty = zone("empty", ZoneKind::Area);
        let (yard, gate) = (zone("yard", ZoneKind::Area), zone("gate", ZoneKind::Line));
        let text = |zone: &Zone, list: &str| zone_text(zone, &counts, Layers::parse(list).expect("known"));
        assert_eq!(text(&yard, "zones,counts").as_deref(), Some("YARD: 2 person, 1 car"));
        assert_eq!(text(&gate, "zones,counts").as_deref(), Some("GATE: > 3 car, 1 dog  < 1 car"));
        assert_eq!(text(&gate, "counts").as_deref(), Some("> 3 car, 1 dog  < 1 car"));
        assert_eq!(text(&yard, "zones").as_deref(), Some("YARD"));
        assert_eq!(text(&empty, "zones,counts").as_deref(), Some("EMPTY"));
        assert_eq!((text(&yard, "boxes"), text(&empty, "counts")), (None, None));
    }
}
