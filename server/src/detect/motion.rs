//! Motion: what differs from the background of a camera that stands still.

use super::{DetectError, Detection, Detector};
use crate::pipeline::frame::Frame;

/// Finds what moves.
#[derive(Default)]
pub struct MotionDetector {}

impl MotionDetector {
    /// A detector that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Detector for MotionDetector {
    fn name(&self) -> &str {
        "motion"
    }

    fn look(&mut self, frame: &Frame) -> Result<Vec<Detection>, DetectError> {
        frame.luma().ok_or(DetectError::NotOnHost("motion"))?;
        Ok(Vec::new())
    }
}
