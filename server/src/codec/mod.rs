//! What a camera's bytes say: parameter sets, NAL units, configuration records. Pure; no input makes it panic (fuzzed).

pub mod aac;
pub mod av1;
mod bits;
pub mod h264;
mod h264_sps;
pub mod hevc;
mod hevc_sps;
pub mod nal;

use crate::pipeline::packet::{VideoCodec, VideoParams};
use bits::OutOfBits;
use bytes::Bytes;

/// Largest width or height in pixels that is carried; beyond it nothing here decodes.
pub const MAX_SIDE: u32 = 16_384;

/// Why bytes of a camera are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes end too early.
    #[error("{0} is cut off")]
    Truncated(&'static str),
    /// A field has a value that the standard does not allow.
    #[error("{field} has the impossible value {value}")]
    Value {
        /// Its name in the standard.
        field: &'static str,
        /// What it says.
        value: u64,
    },
    /// A configuration record without a parameter set that is needed to decode.
    #[error("the stream's description holds no {0}; the camera has to send one")]
    Missing(&'static str),
    /// A picture without pixels, or with more than are carried.
    #[error("a picture of {width}x{height} pixels cannot be carried (each side is 1 to {MAX_SIDE})")]
    Size {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
    },
    /// NAL lengths that are not of 1 to 4 bytes.
    #[error("NAL unit lengths of {0} bytes do not exist")]
    LengthSize(u8),
    /// Something the standard allows and nothing here carries.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
}

impl CodecError {
    fn cut(what: &'static str) -> impl Fn(OutOfBits) -> Self {
        move |_| Self::Truncated(what)
    }
}

/// The parameter set NAL units of a record, in the order a decoder wants them: SPS, PPS for H.264; VPS, SPS, PPS for H.265;
/// none for other codecs. Prepend them at key frames where a decoder is fed with annex B.
#[must_use]
pub fn parameter_sets(params: &VideoParams) -> Vec<Bytes> {
    match params.codec {
        VideoCodec::H264 => h264::parameter_sets(params),
        VideoCodec::Hevc => hevc::parameter_sets(params),
        VideoCodec::Av1 | VideoCodec::Vp9 => Vec::new(),
    }
}

/// Parameter sets that stand in an access unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InBand<'a> {
    /// H.265's video parameter sets.
    pub vps: Vec<&'a [u8]>,
    /// Sequence parameter sets.
    pub sps: Vec<&'a [u8]>,
    /// Picture parameter sets.
    pub pps: Vec<&'a [u8]>,
}

/// The parameter sets in an access unit of 4-byte lengths; `None` where it has none.
#[must_use]
pub fn in_band_parameters(codec: VideoCodec, data: &[u8]) -> Option<InBand<'_>> {
    let mut found = InBand::default();
    for unit in nal::units(data) {
        match (codec, unit[0] & 0x1f, unit[0] >> 1 & 0x3f) {
            (VideoCodec::H264, h264::SPS, _) | (VideoCodec::Hevc, _, hevc::SPS) => found.sps.push(unit),
            (VideoCodec::H264, h264::PPS, _) | (VideoCodec::Hevc, _, hevc::PPS) => found.pps.push(unit),
            (VideoCodec::Hevc, _, hevc::VPS) => found.vps.push(unit),
            (VideoCodec::Av1 | VideoCodec::Vp9, ..) => return None,
            _ => {}
        }
    }
    (found != InBand::default()).then_some(found)
}

/// The parameters from an access unit on, where its parameter sets are not those of `params`: a new epoch has to begin.
/// `None` where nothing changed. Rotation is kept.
///
/// # Errors
/// It carries a parameter set that cannot be used; the stream should go on with `params`.
pub fn changed_parameters(params: &VideoParams, data: &[u8]) -> Result<Option<VideoParams>, CodecError> {
    let sets = || in_band_parameters(params.codec, data);
    let new = match params.codec {
        VideoCodec::H264 => sets().map_or(Ok(None), |found| h264::with_in_band(params, &found))?,
        VideoCodec::Hevc => sets().map_or(Ok(None), |found| hevc::with_in_band(params, &found))?,
        VideoCodec::Av1 => av1::with_in_band(params, data)?,
        VideoCodec::Vp9 => None,
    };
    let new = new.map(|new| VideoParams { rotation: params.rotation, ..new });
    // An access unit with several sets of one id may come back to where it began.
    Ok(new.filter(|new| new != params))
}

/// Puts `found` sets of one kind over the `known` ones: a set that is not known yet replaces the one of its id. True where something changed.
fn merge_sets<'a>(
    known: &mut Vec<&'a [u8]>,
    found: &[&'a [u8]],
    same: impl Fn(&[u8], &[u8]) -> bool,
    id: impl Fn(&[u8]) -> Option<u32>,
) -> bool {
    let mut changed = false;
    for (index, new) in found.iter().enumerate() {
        if known.iter().any(|unit| same(new, unit)) {
            continue;
        }
        let new_id = id(new);
        known.retain(|unit| id(unit) != new_id);
        // The newest first: the first sequence parameter set tells the size of the picture.
        known.insert(index.min(known.len()), new);
        changed = true;
    }
    changed
}

/// A size that can be carried.
fn checked_size(width: u64, height: u64) -> Result<(u32, u32), CodecError> {
    let side = |pixels: u64| u32::try_from(pixels).ok().filter(|pixels| (1..=MAX_SIDE).contains(pixels));
    side(width).zip(side(height)).ok_or(CodecError::Size { width, height })
}

/// Sample aspect ratios by `aspect_ratio_idc` (ITU-T H.264 table E-1, H.265 table E.1).
const SAMPLE_ASPECTS: [(u32, u32); 17] = [
    (1, 1),
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

/// Reads `aspect_ratio_info`, the flag included; unspecified is square.
fn sample_aspect(bits: &mut bits::BitReader<'_>) -> Result<(u32, u32), OutOfBits> {
    if !bits.flag()? {
        return Ok((1, 1));
    }
    match bits.bits(8)? {
        255 => {
            let aspect = (bits.bits(16)?, bits.bits(16)?);
            Ok(if aspect.0 == 0 || aspect.1 == 0 { (1, 1) } else { aspect })
        }
        index => Ok(SAMPLE_ASPECTS.get(index as usize).copied().unwrap_or((1, 1))),
    }
}

/// Frames per 1000 seconds from `num_units_in_tick` and `time_scale`; `ticks` of them make a frame.
fn millifps(units: u32, scale: u32, ticks: u64) -> Option<u32> {
    let millifps = (u64::from(scale) * 1000).checked_div(u64::from(units) * ticks)?;
    // Above 1000 frames a second it is not a rate but a mistake.
    u32::try_from(millifps).ok().filter(|rate| (1..=1_000_000).contains(rate))
}

/// Reads big-endian fields of a record.
struct Reader<'a>(&'a [u8], &'static str);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], CodecError> {
        let (head, rest) = self.0.split_at_checked(len).ok_or(CodecError::Truncated(self.1))?;
        self.0 = rest;
        Ok(head)
    }

    fn byte(&mut self) -> Result<u8, CodecError> {
        Ok(self.take(1)?[0])
    }

    /// Bytes behind a 16-bit length.
    fn block(&mut self) -> Result<&'a [u8], CodecError> {
        let len = self.take(2)?;
        self.take(usize::from(u16::from_be_bytes([len[0], len[1]])))
    }
}

/// Appends a NAL unit behind its 16-bit length.
fn put_block(out: &mut Vec<u8>, unit: &[u8]) -> Result<(), CodecError> {
    let len = u16::try_from(unit.len())
        .map_err(|_| CodecError::Value { field: "length of a parameter set", value: unit.len() as u64 })?;
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(unit);
    Ok(())
}
