//! What was found, as lines of JSON: one for every frame of the output, boxes in pixels of the input's picture as shown.

use super::place::{Place, cannot_write};
use super::{AnnotateError, Given, Known, Looked};
use serde::{Deserialize, Serialize};
use sightline_shared::scene::{Point, ZoneCount};
use sightline_shared::time::{Pts, TIMESCALE};
use sightline_shared::tracks::{Finding, Track};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The longest line that is read: ten thousand boxes.
const MAX_LINE: u64 = 4 << 20;

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Number of the frame in the output it was written with.
    pub frame: u64,
    /// 90 kHz from the start of the input.
    pub pts: i64,
    /// The same in seconds.
    #[serde(default)]
    pub time_s: f64,
    /// What is in the frame.
    #[serde(default)]
    pub tracks: Vec<TrackLine>,
    /// What the model said of it; absent where it was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detections: Option<Vec<DetectionLine>>,
    /// What zones have counted by this frame; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<ZoneCount>,
}

/// A track of a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackLine {
    /// Text or number.
    #[serde(default)]
    pub id: serde_json::Value,
    /// What it is.
    pub label: String,
    /// How sure, 0..1.
    #[serde(default = "sure")]
    pub score: f64,
    /// Left, in pixels.
    pub x1: f64,
    /// Top, in pixels.
    pub y1: f64,
    /// Right, in pixels.
    pub x2: f64,
    /// Bottom, in pixels.
    pub y2: f64,
    /// Computed from the frames around it, not found in it.
    #[serde(default)]
    pub predicted: bool,
    /// What second models found on it; absent where they found nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<DetectionLine>,
}

/// A detection of a line, or what a second model found on a track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectionLine {
    /// What it is.
    pub label: String,
    /// How sure, 0..1.
    pub score: f64,
    /// Left, in pixels.
    pub x1: f64,
    /// Top, in pixels.
    pub y1: f64,
    /// Right, in pixels.
    pub x2: f64,
    /// Bottom, in pixels.
    pub y2: f64,
    /// Corners, x and y of each in pixels, where the model tells them: top left first, clockwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corners: Vec<[f64; 2]>,
}

fn sure() -> f64 {
    1.0
}

/// Writes lines.
pub(super) struct LineWriter {
    out: BufWriter<File>,
    name: PathBuf,
}

impl LineWriter {
    pub(super) fn create(place: &Place) -> Result<Self, AnnotateError> {
        let name = place.wanted().to_path_buf();
        let file = File::create(place.path()).map_err(|e| AnnotateError::Output(cannot_write(&name, &e)))?;
        Ok(Self { out: BufWriter::new(file), name })
    }

    /// Writes the line of a frame, the `number`th of the output.
    pub(super) fn write(&mut self, number: u64, looked: &Looked) -> Result<(), AnnotateError> {
        let line = serde_json::to_string(&line(number, looked)).map_err(std::io::Error::other);
        let done = line.and_then(|line| writeln!(self.out, "{line}"));
        done.map_err(|e| AnnotateError::Output(cannot_write(&self.name, &e)))
    }

    pub(super) fn finish(mut self) -> Result<(), AnnotateError> {
        self.out.flush().map_err(|e| AnnotateError::Output(cannot_write(&self.name, &e)))
    }
}

fn line(number: u64, looked: &Looked) -> Line {
    let frame = &looked.frame;
    let pixels = Pixels(frame.size_shown());
    let tracks = looked.tracks.tracks.iter().map(|track| TrackLine {
        id: track.id.clone().into(),
        label: track.label.clone(),
        score: rounded(track.score.into(), 1e6),
        x1: pixels.across(track.x1),
        y1: pixels.down(track.y1),
        x2: pixels.across(track.x2),
        y2: pixels.down(track.y2),
        predicted: track.predicted,
        findings: track.findings.iter().map(|finding| pixels.finding(finding)).collect(),
    });
    // Findings have all that detections have.
    let detections = looked.detections.as_deref().map(|found| crate::detect::findings(found, |_| true));
    Line {
        frame: number,
        pts: frame.pts.0,
        time_s: rounded(frame.pts.0 as f64 / f64::from(TIMESCALE), 1e6),
        tracks: tracks.collect(),
        detections: detections.map(|found| found.iter().map(|one| pixels.finding(one)).collect()),
        counts: looked.tracks.counts.clone(),
    }
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// From fractions of a picture of this width and height to pixels, and back.
struct Pixels((usize, usize));

impl Pixels {
    // A millionth of a pixel: enough for the very same number when it is read again, so that no edge is rounded to another pixel.
    fn across(&self, part: f32) -> f64 {
        rounded(f64::from(part) * self.0.0 as f64, 1e6)
    }

    fn down(&self, part: f32) -> f64 {
        rounded(f64::from(part) * self.0.1 as f64, 1e6)
    }

    fn finding(&self, finding: &Finding) -> DetectionLine {
        DetectionLine {
            label: finding.label.clone(),
            score: rounded(finding.score.into(), 1e6),
            x1: self.across(finding.x1),
            y1: self.down(finding.y1),
            x2: self.across(finding.x2),
            y2: self.down(finding.y2),
            corners: finding.corners.iter().map(|corner| [self.across(corner.x), self.down(corner.y)]).collect(),
        }
    }

    fn part(&self, x: f64, y: f64) -> Point {
        Point { x: (x / self.0.0 as f64) as f32, y: (y / self.0.1 as f64) as f32 }
    }

    fn track(&self, line: TrackLine) -> Track {
        let (first, last) = (self.part(line.x1, line.y1), self.part(line.x2, line.y2));
        Track {
            id: line.id.as_str().map_or_else(|| line.id.to_string(), str::to_owned),
            score: line.score as f32,
            x1: first.x,
            y1: first.y,
            x2: last.x,
            y2: last.y,
            label: line.label,
            predicted: line.predicted,
            findings: line.findings.into_iter().map(|one| self.found(one)).collect(),
            ..Track::default()
        }
    }

    fn found(&self, line: DetectionLine) -> Finding {
        let (first, last) = (self.part(line.x1, line.y1), self.part(line.x2, line.y2));
        Finding {
            label: line.label,
            score: line.score as f32,
            x1: first.x,
            y1: first.y,
            x2: last.x,
            y2: last.y,
            corners: line.corners.iter().map(|[x, y]| self.part(*x, *y)).collect(),
        }
    }
}

/// Lines as tracks of frames: found by their `pts`.
pub struct LineReader {
    from: BufReader<File>,
    name: PathBuf,
    number: u64,
    next: Option<Line>,
    newest: i64,
    min_score: f64,
    labels: Vec<String>,
}

impl LineReader {
    /// Opens a file of lines. Tracks below `min_score`, and of other labels where some are named, are left out.
    ///
    /// # Errors
    /// It cannot be opened, or its first line is wrong.
    pub fn open(path: &Path, min_score: f64, labels: &[String]) -> Result<Self, AnnotateError> {
        let wrong = |e| AnnotateError::Input(format!("{} cannot be read: {e}.", path.display()));
        let from = BufReader::new(File::open(path).map_err(wrong)?);
        let (name, labels) = (path.to_path_buf(), labels.to_vec());
        let mut reader = Self { from, name, number: 0, next: None, newest: i64::MIN, min_score, labels };
        reader.advance()?;
        Ok(reader)
    }

    fn advance(&mut self) -> Result<(), AnnotateError> {
        use std::io::Read;
        let mut text = Vec::new();
        loop {
            text.clear();
            self.number += 1;
            let wrong =
                |what: String| AnnotateError::Input(format!("Line {} of {} {what}", self.number, self.name.display()));
            let read = self.from.by_ref().take(MAX_LINE).read_until(b'\n', &mut text);
            if read.map_err(|e| wrong(format!("cannot be read: {e}.")))? == 0 {
                self.next = None;
                return Ok(());
            }
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let line: Line =
                serde_json::from_slice(&text).map_err(|e| wrong(format!("is not what --detections writes: {e}.")))?;
            if line.pts <= self.newest {
                return Err(wrong("goes back in time: lines must be sorted by pts.".into()));
            }
            self.newest = line.pts;
            self.next = Some(line);
            return Ok(());
        }
    }
}

impl Given for LineReader {
    fn known(&mut self, pts: Pts, size: (usize, usize)) -> Result<Known, AnnotateError> {
        while self.next.as_ref().is_some_and(|line| line.pts < pts.0) {
            self.advance()?;
        }
        let Some(line) = self.next.take_if(|line| line.pts == pts.0) else { return Ok(Known::default()) };
        self.advance()?;
        let wanted = |track: &TrackLine| {
            track.score >= self.min_score && (self.labels.is_empty() || self.labels.contains(&track.label))
        };
        let tracks = line.tracks.into_iter().filter(wanted).map(|track| Pixels(size).track(track)).collect();
        Ok(Known { tracks, counts: line.counts })
    }
}
