//! The contract of detection: a frame in, what is seen in it out; second stages on crops; the choice of the body.

use crate::device::Sight;
use crate::pipeline::frame::Frame;
use sightline_shared::camera::DetectSettings;

mod cascade;
mod marker;
pub mod model;
mod motion;
mod pace;
#[cfg(test)]
mod tests_support;

pub use crate::pipeline::detection::{Area, Detection};
pub use cascade::Cascade;
pub use marker::Marker;
pub use motion::MotionDetector;
pub use pace::Pace;

/// The label of things that move and that nothing is known of beyond that.
pub const LABEL_MOTION: &str = "motion";
/// The label of the demo camera's white square.
pub const LABEL_DEMO: &str = "demo";

/// Why a frame could not be looked at, or a detector not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetectError {
    /// The samples are not in the host's memory.
    #[error("the detector {0} reads pictures in host memory, and this one is on a device")]
    NotOnHost(&'static str),
    /// The luma plane is shorter than its size says, or empty.
    #[error("a picture of {width}x{height} cannot be looked at: its luma plane has {bytes} bytes in rows of {stride}")]
    BadPlane {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Bytes there are.
        bytes: usize,
        /// Bytes from one row to the next.
        stride: usize,
    },
    /// The device that was to make a model's input failed.
    #[error("the device could not prepare the picture: {0}")]
    Device(String),
    /// The settings name a model that does not exist.
    #[error("no detection model is called {0:?}: use \"motion\" or \"none\"")]
    UnknownModel(String),
}

/// Looks at frames of one camera, in order of PTS. It may keep what it learnt from earlier frames, and forgets it by itself
/// when the epoch or the size changes.
pub trait Detector: Send {
    /// Its name, as told to people.
    fn name(&self) -> &str;

    /// How much of a picture it has to see, where that lies on a device and has to be fetched for it.
    fn sight(&self) -> Sight {
        Sight::Whole
    }

    /// What is in `frame`: every box belongs to this very frame.
    ///
    /// # Errors
    /// [`DetectError`] when the samples cannot be read; the next frame may be tried.
    fn look(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectError>;
}

/// A thing of an earlier stage that a second stage is to look at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What the earlier stage called it.
    pub label: &'a str,
    /// The id of its track, where the stage stands behind a tracker.
    pub track: Option<&'a str>,
    /// Where it is, in fractions of the picture as shown.
    pub area: Area,
}

/// What a second stage says of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it found.
    pub detection: Detection,
    /// True: the finding is all that the subject was, and takes its place. False: it stands beside the subject.
    pub replaces: bool,
}

/// Looks at crops: of the frame, around the things that an earlier stage found. It is called once for every frame looked at, so
/// a stage that judges over a window of frames (actions) keeps the crops it needs, by their track, within its own bound: frames
/// of the decoder's pool are never held.
pub trait SecondStage: Send {
    /// Its name, as told to people.
    fn name(&self) -> &str;

    /// The labels of the things it wants to see.
    fn labels(&self) -> &[&str];

    /// Looks at the subjects in `frame`. One list of findings for each subject, in their order; empty where there is nothing
    /// to say.
    ///
    /// # Errors
    /// [`DetectError`] when the samples cannot be read.
    fn look(&mut self, frame: &Frame, subjects: &[Subject<'_>]) -> Result<Vec<Vec<Finding>>, DetectError>;
}

/// The detector that the settings ask for; `None` for the model `none`. With `demo`, motion is followed by the second stage
/// that knows the demo camera's square.
///
/// # Errors
/// [`DetectError::UnknownModel`] when there is no such model.
pub fn build(settings: &DetectSettings, demo: bool) -> Result<Option<Box<dyn Detector>>, DetectError> {
    match settings.model.as_str() {
        "none" => Ok(None),
        "motion" if demo => {
            Ok(Some(Box::new(Cascade::new(Box::new(MotionDetector::new()), vec![Box::new(Marker::new())]))))
        }
        "motion" => Ok(Some(Box::new(MotionDetector::new()))),
        other => Err(DetectError::UnknownModel(other.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_chosen_by_name() {
        let named = |model: &str| DetectSettings { model: model.into(), ..DetectSettings::default() };
        assert!(build(&named("none"), false).expect("known").is_none());
        let plain = build(&named("motion"), false).expect("known").expect("a detector");
        assert_eq!(plain.name(), "motion");
        let demo = build(&named("motion"), true).expect("known").expect("a detector");
        assert_eq!(demo.name(), "motion + marker");
        let wrong = build(&named("yolo9000"), false).err().expect("refused");
        assert_eq!(wrong.to_string(), "no detection model is called \"yolo9000\": use \"motion\" or \"none\"");
    }
}
