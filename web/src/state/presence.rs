//! Who is in the picture, as a list that stays calm: rows stay where they are, figures move only when they mean something.

use sightline_shared::draw::{class_colour, short_id};
use sightline_shared::tracks::Track;

/// A score is shown anew when it has moved by so much.
const SCORE_STEP: f32 = 0.05;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// The track's id.
    pub(crate) id: String,
    /// What it is.
    pub(crate) label: String,
    /// Its colour, `#rrggbb`.
    pub(crate) colour: String,
    /// The score that is shown.
    score: f32,
    /// Since when, in milliseconds since 1970.
    pub(crate) since_ms: f64,
    /// What second models found on it, by label.
    pub(crate) findings: Vec<String>,
}

impl Row {
    /// The end of its id: of a ULID that is the random part.
    pub(crate) fn short(&self) -> &str {
        short_id(&self.id)
    }

    /// `87 %`.
    pub(crate) fn score(&self) -> String {
        format!("{:.0} %", self.score * 100.0)
    }
}

/// When a ULID was made, in milliseconds since 1970; `None` for other ids.
pub(crate) fn ulid_ms(id: &str) -> Option<f64> {
    const LETTERS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    if id.len() != 26 {
        return None;
    }
    let letter = |letter: char| LETTERS.find(letter.to_ascii_uppercase()).map(|value| value as f64);
    id.chars().take(10).try_fold(0.0, |ms, next| Some(ms * 32.0 + letter(next)?))
}

/// The list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Presence {
    /// Who came first stands first.
    pub(crate) rows: Vec<Row>,
}

impl Presence {
    /// What is in the picture now.
    pub(crate) fn seen(&mut self, tracks: &[Track], now_ms: f64) {
        self.rows.retain(|row| tracks.iter().any(|track| track.id == row.id));
        for track in tracks {
            let findings: Vec<_> = track.findings.iter().map(|finding| finding.label.clone()).collect();
            let Some(row) = self.rows.iter_mut().find(|row| row.id == track.id) else {
                self.rows.push(Row {
                    id: track.id.clone(),
                    label: track.label.clone(),
                    colour: format!("#{:06x}", class_colour(&track.label)),
                    score: track.score,
                    since_ms: ulid_ms(&track.id).unwrap_or(now_ms),
                    findings,
                });
                continue;
            };
            if (row.score - track.score).abs() >= SCORE_STEP {
                row.score = track.score;
            }
            if row.label != track.label {
                row.label.clone_from(&track.label);
                row.colour = format!("#{:06x}", class_colour(&track.label));
            }
            row.findings = findings;
        }
        self.rows.sort_by(|a, b| a.since_ms.total_cmp(&b.since_ms).then_with(|| a.id.cmp(&b.id)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_shared::tracks::Finding;

    fn track(id: &str, score: f32) -> Track {
        Track { id: id.into(), label: "person".into(), score, ..Track::default() }
    }

    #[test]
    fn the_time_of_a_ulid_is_read() {
        // The example of the ULID specification.
        assert_eq!(ulid_ms("01ARZ3NDEKTSV4RRFFQ69G5FAV"), Some(1_469_922_850_259.0));
        assert_eq!((ulid_ms("1"), ulid_ms("01ARZ3NDE-TSV4RRFFQ69G5FAV")), (None, None));
    }

    #[test]
    fn rows_stay_in_their_order_and_figures_stand_still() {
        let mut presence = Presence::default();
        presence.seen(&[track("b", 0.5)], 1000.0);
        presence.seen(&[track("a", 0.9), track("b", 0.53)], 2000.0);
        let told: Vec<_> = presence.rows.iter().map(|row| (row.id.as_str(), row.score(), row.since_ms)).collect();
        assert_eq!(told, [("b", "50 %".into(), 1000.0), ("a", "90 %".into(), 2000.0)]);
        let face = Finding { label: "face".into(), ..Finding::default() };
        let with_face = Track { findings: vec![face], ..track("a", 0.8) };
        presence.seen(&[with_face], 3000.0);
        assert_eq!(presence.rows.len(), 1);
        assert_eq!(
            (presence.rows[0].score(), presence.rows[0].findings.clone()),
            ("80 %".into(), vec!["face".to_owned()])
        );
    }
}
