//! The 32-byte header in front of every binary message: which frame the bytes behind it belong to.

use crate::time::{Epoch, Pts};

/// Length of [`ChunkHeader`] on the wire.
pub const HEADER_LEN: usize = 32;

/// What the bytes behind a header are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An init segment (`ftyp` + `moov`) of one track.
    Init,
    /// One CMAF chunk (`moof` + `mdat`): one frame of video, or a few of audio.
    Chunk,
}

/// Bit 0: this chunk starts with a key frame.
pub const FLAG_KEY: u8 = 1;
/// Bit 1: this chunk is the first of its epoch.
pub const FLAG_STARTS_EPOCH: u8 = 2;
/// Bit 2: the bytes are of the audio track; PTS, DTS and duration still count in 90 kHz.
pub const FLAG_AUDIO: u8 = 4;

/// Header of a binary message: little-endian `u8 kind, u8 flags, u16 rendition, u32 epoch, i64 pts, i64 dts, u32 duration,
/// u32 sequence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkHeader {
    /// Init segment or chunk.
    pub kind: Kind,
    /// Sum of `FLAG_*`.
    pub flags: u8,
    /// [`crate::camera::Rendition`] as a number.
    pub rendition: u16,
    /// Epoch of the frame.
    pub epoch: Epoch,
    /// Presentation time.
    pub pts: Pts,
    /// Decoding time; equal to `pts` where the stream has no B-frames.
    pub dts: Pts,
    /// Duration in ticks of 90 kHz.
    pub duration: u32,
    /// Grows by one with every chunk of a rendition, over all epochs; a gap is a drop.
    pub sequence: u32,
}

/// Why bytes are not a [`ChunkHeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// Fewer than [`HEADER_LEN`] bytes.
    TooShort(usize),
    /// A kind this version does not know.
    UnknownKind(u8),
}

impl std::fmt::Display for HeaderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooShort(len) => {
                write!(f, "a binary message of {len} bytes is shorter than its {HEADER_LEN}-byte header")
            }
            Self::UnknownKind(kind) => write!(f, "binary message of unknown kind {kind}"),
        }
    }
}

impl std::error::Error for HeaderError {}

impl ChunkHeader {
    /// The header as it goes over the wire.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        out[0] = match self.kind {
            Kind::Init => 0,
            Kind::Chunk => 1,
        };
        out[1] = self.flags;
        out[2..4].copy_from_slice(&self.rendition.to_le_bytes());
        out[4..8].copy_from_slice(&self.epoch.0.to_le_bytes());
        out[8..16].copy_from_slice(&self.pts.0.to_le_bytes());
        out[16..24].copy_from_slice(&self.dts.0.to_le_bytes());
        out[24..28].copy_from_slice(&self.duration.to_le_bytes());
        out[28..32].copy_from_slice(&self.sequence.to_le_bytes());
        out
    }

    /// Splits a binary message into its header and the bytes behind it.
    ///
    /// # Errors
    /// The message is shorter than a header, or of a kind this version does not know.
    pub fn split(message: &[u8]) -> Result<(Self, &[u8]), HeaderError> {
        let (head, body) = message.split_first_chunk::<HEADER_LEN>().ok_or(HeaderError::TooShort(message.len()))?;
        let kind = match head[0] {
            0 => Kind::Init,
            1 => Kind::Chunk,
            other => return Err(HeaderError::UnknownKind(other)),
        };
        let u32_at = |i: usize| u32::from_le_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
        let i64_at = |i: usize| (u64::from(u32_at(i)) | u64::from(u32_at(i + 4)) << 32) as i64;
        let header = Self {
            kind,
            flags: head[1],
            rendition: u16::from_le_bytes([head[2], head[3]]),
            epoch: Epoch(u32_at(4)),
            pts: Pts(i64_at(8)),
            dts: Pts(i64_at(16)),
            duration: u32_at(24),
            sequence: u32_at(28),
        };
        Ok((header, body))
    }

    /// Whether `flag` (one of `FLAG_*`) is set.
    #[must_use]
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_the_wire() {
        let header = ChunkHeader {
            kind: Kind::Chunk,
            flags: FLAG_KEY | FLAG_STARTS_EPOCH,
            rendition: 1,
            epoch: Epoch(7),
            pts: Pts(-3),
            dts: Pts(i64::MIN),
            duration: 3000,
            sequence: u32::MAX,
        };
        let mut message = header.to_bytes().to_vec();
        message.extend_from_slice(b"moof");
        assert_eq!(ChunkHeader::split(&message), Ok((header, &b"moof"[..])));
    }

    #[test]
    fn bad_headers_are_refused() {
        assert_eq!(ChunkHeader::split(&[0; 31]), Err(HeaderError::TooShort(31)));
        assert_eq!(ChunkHeader::split(&[9; 32]), Err(HeaderError::UnknownKind(9)));
    }
}
