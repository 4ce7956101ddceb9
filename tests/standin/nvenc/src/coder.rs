//! The encoder behind a session: x264, x265 or libaom, one picture in, one picture out, with bitrates that change while it runs.

use crate::aom::Aom;
use crate::codec::Codec;
use crate::plan::Plan;
use crate::x264::X264;
use crate::x265::X265;

/// The encoder. It is used by one thread at a time.
pub(crate) enum Coder {
    X264(X264),
    X265(X265),
    Aom(Aom),
}

/// A coded picture without parameter sets, delimiters and sequence headers.
pub(crate) struct Coded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) key: bool,
}

impl Coder {
    pub(crate) fn open(plan: &Plan) -> Option<Self> {
        match plan.codec {
            Codec::H264 => X264::open(plan).map(Self::X264),
            Codec::Hevc => X265::open(plan).map(Self::X265),
            Codec::Av1 => Aom::open(plan).map(Self::Aom),
        }
    }

    /// Sets what may change while the encoder runs.
    pub(crate) fn set_rate(&mut self, plan: &Plan) {
        match self {
            Self::X264(x264) => x264.set_rate(plan),
            Self::X265(x265) => x265.set_rate(plan),
            Self::Aom(aom) => aom.set_rate(plan),
        }
    }

    /// All parameter sets with their start codes, or the sequence header.
    pub(crate) fn sets(&self) -> Vec<u8> {
        match self {
            Self::X264(x264) => x264.sets(),
            Self::X265(x265) => x265.sets(),
            Self::Aom(aom) => aom.sets(),
        }
    }

    /// Encodes a picture of two planes that stand `chroma` bytes apart.
    ///
    /// # Safety
    /// Both planes can be read at this pitch and the encoder's size.
    pub(crate) unsafe fn encode(&mut self, luma: *const u8, pitch: usize, chroma: usize, key: bool) -> Option<Coded> {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Self::X264(x264) => x264.encode(luma, pitch, chroma, key),
                Self::X265(x265) => x265.encode(luma, pitch, chroma, key),
                Self::Aom(aom) => aom.encode(luma, pitch, chroma, key),
            }
        }
    }
}
