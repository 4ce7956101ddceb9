//! The second stage that knows the demo camera's white square.

use super::{DetectError, Finding, LABEL_MOTION, SecondStage, Subject};
use crate::pipeline::frame::Frame;

/// Finds the square within what moves.
#[derive(Default)]
pub struct Marker {}

impl Marker {
    /// A marker stage.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl SecondStage for Marker {
    fn name(&self) -> &str {
        "marker"
    }

    fn labels(&self) -> &[&str] {
        &[LABEL_MOTION]
    }

    fn look(&mut self, _frame: &Frame, subjects: &[Subject<'_>]) -> Result<Vec<Vec<Finding>>, DetectError> {
        Ok(vec![Vec::new(); subjects.len()])
    }
}
