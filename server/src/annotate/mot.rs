//! MOTChallenge text (Dendorfer et al. 2021, section 4.1): a row of numbers for every box, which tools that score trackers read and write.
//!
//! Frames, and pixels from the left and the top, count from 1. Ids are whole numbers; classes are those of `mot_classes.rs`. The last column is
//! how much of a thing can be seen: 1 where a look saw it, 0 where it is predicted.

use super::mot_classes;
use sightline_shared::tracks::Track;
use std::collections::HashMap;
use std::fmt::Write;

/// Whole numbers for ids, in the order in which they come: 1, 2, 3 ..
#[derive(Default)]
pub struct Numbers(HashMap<String, u64>);

impl Numbers {
    /// The number of `id`.
    pub fn of(&mut self, id: &str) -> u64 {
        let next = self.0.len() as u64 + 1;
        match self.0.get(id) {
            Some(number) => *number,
            None => *self.0.entry(id.to_owned()).or_insert(next),
        }
    }
}

/// The rows of the `frame`th frame, the first being 1, whose picture as shown has `size` pixels.
#[must_use]
pub fn rows(frame: u64, tracks: &[Track], size: (usize, usize), numbers: &mut Numbers) -> String {
    let mut rows = String::new();
    let (width, height) = (size.0 as f64, size.1 as f64);
    for track in tracks {
        let (x1, y1) = (f64::from(track.x1) * width, f64::from(track.y1) * height);
        let (w, h) = (f64::from(track.x2) * width - x1, f64::from(track.y2) * height - y1);
        let class = mot_classes::number(&track.label);
        let (number, seen) = (numbers.of(&track.id), u8::from(!track.predicted));
        let (x, y) = (x1 + 1.0, y1 + 1.0);
        // A thousandth of a pixel is finer than any box.
        let row = writeln!(rows, "{frame},{number},{x:.3},{y:.3},{w:.3},{h:.3},{:.4},{class},{seen}", track.score);
        row.expect("a String takes everything");
    }
    rows
}

/// A row that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The frame's number, the first being 1.
    pub frame: u64,
    /// Its box, in fractions of a picture of `size` pixels once [`Row::track`] has one.
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    id: i64,
    score: f64,
    class: i32,
    seen: f64,
}

impl Row {
    /// Reads a row of six numbers or more: frame, id, left, top, width, height, then as far as they are there score, class, visibility.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split([',', ' ', '\t']).map(str::trim).filter(|part| !part.is_empty());
        let number = |part: &str| part.parse::<f64>().ok().filter(|number| number.is_finite());
        let numbers = numbers.map(|part| number(part).ok_or_else(|| format!("has {part:?} where a number is meant")));
        let numbers = numbers.collect::<Result<Vec<f64>, _>>()?;
        let [frame, id, left, top, width, height, ref rest @ ..] = numbers[..] else {
            return Err(format!("has {} numbers and not frame, id, left, top, width and height", numbers.len()));
        };
        if !(1.0..1e12).contains(&frame) || frame.fract() != 0.0 {
            return Err(format!("says frame {frame}: frames are whole numbers from 1 on"));
        }
        let given = |at: usize, without: f64| rest.get(at).copied().filter(|value| *value >= 0.0).unwrap_or(without);
        Ok(Self {
            frame: frame as u64,
            left,
            top,
            width,
            height,
            id: id as i64,
            score: given(0, 1.0).min(1.0),
            class: given(1, f64::from(mot_classes::NONE)) as i32,
            seen: given(2, 1.0),
        })
    }

    /// As a track of a picture of `size` pixels.
    #[must_use]
    pub fn track(&self, size: (usize, usize)) -> Track {
        let (across, down) = (|x: f64| (x / size.0 as f64) as f32, |y: f64| (y / size.1 as f64) as f32);
        Track {
            id: self.id.to_string(),
            label: mot_classes::label(self.class).to_owned(),
            score: self.score as f32,
            x1: across(self.left - 1.0),
            y1: down(self.top - 1.0),
            x2: across(self.left - 1.0 + self.width),
            y2: down(self.top - 1.0 + self.height),
            predicted: self.seen <= 0.0,
            ..Track::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(id: &str, label: &str, predicted: bool) -> Track {
        Track {
            id: id.into(),
            label: label.into(),
            score: 0.75,
            x1: 0.25,
            y1: 0.5,
            x2: 0.5,
            y2: 0.75,
            predicted,
            ..Track::default()
        }
    }

    #[test]
    fn rows_are_those_of_motchallenge_and_come_back() {
        let mut numbers = Numbers::default();
        let tracks = [track("01KB", "person", false), track("01KA", "dog", true)];
        let text = rows(3, &tracks, (640, 360), &mut numbers);
        assert_eq!(
            text,
            "3,1,161.000,181.000,160.000,90.000,0.7500,1,1\n3,2,161.000,181.000,160.000,90.000,0.7500,116,0\n"
        );
        assert!(rows(4, &tracks[1..], (640, 360), &mut numbers).starts_with("4,2,"), "an id keeps its number");
        let read: Vec<_> = text.lines().map(|line| Row::parse(line).expect("a row")).collect();
        assert_eq!((read[0].frame, read[0].track((640, 360))), (3, track("1", "person", false)));
        assert_eq!(read[1].track((640, 360)), track("2", "dog", true));
    }

    #[test]
    fn rows_of_others_are_read_and_what_is_none_is_said() {
        // Results of other trackers, ground truth of MOT16, blanks.
        let bare = Row::parse("1, 7, 11, 21, 64, 36, -1, -1, -1, -1").expect("a row").track((640, 360));
        assert_eq!((bare.id.as_str(), bare.label.as_str(), bare.score, bare.predicted), ("7", "object", 1.0, false));
        assert_eq!((bare.x1, bare.x2), (10.0 / 640.0, 74.0 / 640.0));
        let hidden = Row::parse("1,7,11,21,64,36,1,3,0").expect("a row").track((640, 360));
        assert_eq!((hidden.label.as_str(), hidden.predicted), ("car", true));
        assert!(Row::parse("1.0 7.0 11.5 21 64 36").is_ok());
        for (text, why) in [
            ("1,2,3,4,5", "has 5 numbers"),
            ("0,1,1,1,5,5", "from 1 on"),
            ("1.5,1,1,1,5,5", "from 1 on"),
            ("1,1,x,1,5,5", "\"x\""),
            ("1,1,nan,1,5,5", "\"nan\""),
            ("", "has 0 numbers"),
        ] {
            assert!(Row::parse(text).is_err_and(|e| e.contains(why)), "{text}");
        }
    }
}
