//! The contract of detection: a frame in, what is seen in it out; what refines it; whose turn it is at a second model.

use crate::device::Sight;
use crate::pipeline::frame::Frame;

mod cascade;
mod marker;
pub mod model;
mod motion;
mod pace;
mod refine;
mod region;
#[cfg(test)]
mod tests_support;

pub use crate::pipeline::detection::{Area, Detection};
pub use cascade::{MOST_CROPS, Subject, Turns, findings};
pub use marker::Marker;
pub use motion::MotionDetector;
pub use pace::{Hold, Pace};
pub use refine::Refining;
pub use region::within;

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

/// What a refiner says of something that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Refined {
    /// What it found.
    pub detection: Detection,
    /// True: it is all that was there, and takes its place. False: it stands beside it.
    pub replaces: bool,
}

/// Makes more of what a detector found, in the same look and before things are followed: it judges every pixel where the
/// detector went by coarse cells. What looks at things that are followed is a second model: see [`Turns`].
pub trait Refiner: Send {
    /// Its name, as told to people.
    fn name(&self) -> &str;

    /// The labels of the things it wants to see.
    fn labels(&self) -> &[&str];

    /// Looks at what was seen in `frame`. One list for each, in their order; empty where there is nothing to say.
    ///
    /// # Errors
    /// [`DetectError`] when the samples cannot be read.
    fn refine(&mut self, frame: &Frame, seen: &[Detection]) -> Result<Vec<Vec<Refined>>, DetectError>;
}

/// The detector of movement. With `demo`, what moves is searched for the demo camera's square.
#[must_use]
pub fn motion(demo: bool) -> Box<dyn Detector> {
    let motion = Box::new(MotionDetector::new());
    if demo { Box::new(Refining::new(motion, vec![Box::new(Marker::new())])) } else { motion }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_camera_s_square_is_searched_on_the_demo_camera_alone() {
        assert_eq!(motion(false).name(), "motion");
        assert_eq!(motion(true).name(), "motion + marker");
    }
}
