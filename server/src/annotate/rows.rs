//! Files of MOTChallenge text: written as frames go by, read as a whole, since programs sort them by frame or by id.

use super::mot::{Numbers, Row, rows};
use super::place::{Place, cannot_write};
use super::{AnnotateError, Given, Known, Looked, Open};
use sightline_shared::time::Pts;
use sightline_shared::tracks::Track;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes: two million boxes.
const MAX_FILE: u64 = 128 << 20;

/// Writes rows.
pub(super) struct RowWriter {
    out: BufWriter<File>,
    name: PathBuf,
    numbers: Numbers,
}

impl RowWriter {
    pub(super) fn create(place: &Place) -> Result<Self, AnnotateError> {
        let name = place.wanted().to_path_buf();
        let file = File::create(place.path()).map_err(|e| AnnotateError::Output(cannot_write(&name, &e)))?;
        Ok(Self { out: BufWriter::new(file), name, numbers: Numbers::default() })
    }

    /// Writes the boxes of the output's frame `number`, the first being 0.
    pub(super) fn write(&mut self, number: u64, looked: &Looked) -> Result<(), AnnotateError> {
        let text = rows(number + 1, &looked.tracks.tracks, looked.frame.size_shown(), &mut self.numbers);
        let done = self.out.write_all(text.as_bytes());
        done.map_err(|e| AnnotateError::Output(cannot_write(&self.name, &e)))
    }

    pub(super) fn finish(mut self) -> Result<(), AnnotateError> {
        self.out.flush().map_err(|e| AnnotateError::Output(cannot_write(&self.name, &e)))
    }
}

/// Rows as tracks of frames: found by counting frames, the first that is read being 1.
pub struct RowReader {
    rows: HashMap<u64, Vec<Row>>,
    frame: u64,
    min_score: f64,
    labels: Vec<String>,
}

impl RowReader {
    /// Reads a file of rows. Tracks below `min_score`, and of other labels where some are named, are left out.
    ///
    /// # Errors
    /// It cannot be read, it is too large, or a row is wrong.
    pub fn open(path: &Path, min_score: f64, labels: &[String]) -> Result<Self, AnnotateError> {
        let shown = path.display();
        let wrong = |e: std::io::Error| AnnotateError::Input(format!("{shown} cannot be read: {e}."));
        let file = File::open(path).map_err(wrong)?;
        if file.metadata().map_err(wrong)?.len() > MAX_FILE {
            let most = MAX_FILE >> 20;
            return Err(AnnotateError::Input(format!("{shown} is larger than {most} MB: cut it into parts.")));
        }
        let mut rows: HashMap<u64, Vec<Row>> = HashMap::new();
        for (number, line) in BufReader::new(file.take(MAX_FILE)).lines().enumerate() {
            let line = line.map_err(wrong)?;
            if line.trim().is_empty() {
                continue;
            }
            let refuse = |why| AnnotateError::Input(format!("Line {} of {shown} {why}.", number + 1));
            let row = Row::parse(&line).map_err(refuse)?;
            rows.entry(row.frame).or_default().push(row);
        }
        Ok(Self { rows, frame: 0, min_score, labels: labels.to_vec() })
    }
}

impl Given for RowReader {
    fn known(&mut self, _pts: Pts, size: (usize, usize)) -> Result<Known, AnnotateError> {
        self.frame += 1;
        let rows = self.rows.remove(&self.frame).unwrap_or_default();
        let wanted = |track: &Track| {
            f64::from(track.score) >= self.min_score && (self.labels.is_empty() || self.labels.contains(&track.label))
        };
        let tracks = rows.iter().map(|row| row.track(size)).filter(wanted).collect();
        Ok(Known { tracks, ..Known::default() })
    }
}

/// What opens a file of tracks, as often as it is read.
#[must_use]
pub fn opens(path: &Path, min_score: f64, labels: Vec<String>) -> Open {
    let path = path.to_path_buf();
    Box::new(move || open(&path, min_score, &labels))
}

/// Opens a file of tracks: lines of JSON, or rows of MOTChallenge text, as its first sign says.
///
/// # Errors
/// It cannot be read, or it is neither.
pub fn open(path: &Path, min_score: f64, labels: &[String]) -> Result<Box<dyn Given>, AnnotateError> {
    let wrong = |e: std::io::Error| AnnotateError::Input(format!("{} cannot be read: {e}.", path.display()));
    let mut first = [0; 256];
    let count = File::open(path).and_then(|mut file| file.read(&mut first)).map_err(wrong)?;
    let sign = first[..count].iter().find(|byte| !byte.is_ascii_whitespace());
    if sign.is_some_and(u8::is_ascii_digit) {
        return Ok(Box::new(RowReader::open(path, min_score, labels)?));
    }
    Ok(Box::new(super::lines::LineReader::open(path, min_score, labels)?))
}
