//! The picture that a clip is listed with: its first one, as a small JPEG.

use super::cut::Cut;
use crate::fragment::Chunk;
use crate::picture::{self, Limits, PictureError};
use crate::pipeline::clock::Clock;
use crate::pipeline::packet::StreamParams;
use sightline_shared::time::Pts;
use std::sync::Arc;

/// Twice the width at which a list shows it, for dense screens.
const WIDTH: u32 = 480;
const QUALITY: u8 = 80;

/// What is decoded for the picture of a clip.
pub(super) struct Still {
    params: Arc<StreamParams>,
    chunks: Vec<Arc<Chunk>>,
    wanted: Pts,
}

impl Still {
    /// Of the first picture that a clip shows.
    pub(super) fn of(cut: &Cut) -> Option<Self> {
        let first = cut.frames.iter().position(|frame| frame.pts == cut.from)?;
        let chunks = cut.frames[..=first].iter().map(|frame| Arc::clone(&frame.chunk)).collect();
        Some(Self { params: Arc::clone(&cut.init.params), chunks, wanted: cut.frames[first].chunk.header.pts })
    }

    /// Decodes it.
    pub(super) fn jpeg(&self, clock: &Arc<dyn Clock>) -> Result<Vec<u8>, PictureError> {
        let frame = picture::from_gop(&self.params, &self.chunks, Some(self.wanted), Limits::default(), clock)?;
        picture::jpeg(&frame, Some(WIDTH), QUALITY)
    }
}
