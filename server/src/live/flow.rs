//! How much video went into a hub: what telemetry and metrics tell of a rendition.

use crate::fragment::Chunk;

/// Video that went into a hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Frames.
    pub frames: u64,
    /// Of these, key frames.
    pub key_frames: u64,
    /// Bytes of the frames themselves, without what wraps them.
    pub bytes: u64,
    /// Bytes of the largest frame.
    pub largest: u64,
}

impl Flow {
    /// One more chunk of video.
    pub(super) fn note(&mut self, chunk: &Chunk) {
        let bytes = chunk.payload_len() as u64;
        self.frames += 1;
        self.key_frames += u64::from(chunk.is_key());
        self.bytes += bytes;
        self.largest = self.largest.max(bytes);
    }
}
