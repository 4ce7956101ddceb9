//! H.264: parameters from avcC records and parameter sets (ISO/IEC 14496-15 section 5.3.3, ITU-T H.264 section 7.3.2).

use super::h264_sps::{self, HIGH_PROFILES, Sps};
use super::{CodecError, InBand, Reader, nal, put_block};
use crate::pipeline::packet::{VideoCodec, VideoParams};
use bytes::Bytes;

/// NAL unit type of a slice of an IDR picture.
const IDR: u8 = 5;
/// NAL unit type of a sequence parameter set.
pub const SPS: u8 = 7;
/// NAL unit type of a picture parameter set.
pub const PPS: u8 = 8;
/// NAL unit type of an access unit delimiter.
pub const AUD: u8 = 9;

/// Parameters of a stream from its avcC record, whose NAL lengths become 4 bytes. Where the stream cannot reorder frames
/// and its sequence parameter set does not say so, that is written into it: decoders then hold no frames back.
///
/// # Errors
/// It is not such a record, holds no parameter sets, or a picture size that is not carried.
pub fn video_params_from_avcc(record: &[u8]) -> Result<VideoParams, CodecError> {
    let (sps, pps) = split_record(record)?;
    build(&sps, &pps, false)
}

/// The same from the NAL units of the two parameter sets (as in SDP's `sprop-parameter-sets`), without start codes.
///
/// # Errors
/// As [`video_params_from_avcc`].
pub fn video_params_from_sps_pps(sps: &[u8], pps: &[u8]) -> Result<VideoParams, CodecError> {
    build(&[sps], &[pps], false)
}

/// Those of the first parameter sets in front of a key frame of 4-byte lengths; `None` where none stand there.
///
/// # Errors
/// As [`video_params_from_avcc`].
pub fn video_params_in_band(data: &[u8]) -> Result<Option<VideoParams>, CodecError> {
    let sets = super::in_band_parameters(VideoCodec::H264, data);
    let found = sets.as_ref().and_then(|sets| sets.sps.first().zip(sets.pps.first()));
    found.map(|(sps, pps)| video_params_from_sps_pps(sps, pps)).transpose()
}

/// `params` for a stream that is known to have no B-frames, though its parameter sets do not say so.
///
/// # Errors
/// `params` are not of H.264.
pub fn without_reordering(params: &VideoParams) -> Result<VideoParams, CodecError> {
    let (sps, pps) = split_record(&params.record)?;
    Ok(VideoParams { rotation: params.rotation, ..build(&sps, &pps, true)? })
}

/// How many bytes the NAL lengths of a stream have, by its avcC record: 1, 2 or 4 (3 is not allowed but is understood).
///
/// # Errors
/// The record is cut off.
pub fn length_size(record: &[u8]) -> Result<u8, CodecError> {
    record.get(4).map(|byte| (byte & 3) + 1).ok_or(CodecError::Truncated("the avcC record"))
}

/// SPS and PPS NAL units of the record.
#[must_use]
pub fn parameter_sets(params: &VideoParams) -> Vec<Bytes> {
    let Ok((sps, pps)) = split_record(&params.record) else { return Vec::new() };
    sps.iter().chain(&pps).map(|unit| params.record.slice_ref(unit)).collect()
}

/// Whether an access unit of 4-byte lengths holds a slice of an IDR picture.
#[must_use]
pub fn contains_idr(data: &[u8]) -> bool {
    nal::units(data).any(|unit| unit[0] & 0x1f == IDR)
}

/// Whether `unit`, a sequence parameter set as the camera sends it, is the one that stands as `in_record`, perhaps with a
/// restriction written into it.
pub(crate) fn is_same_sps(unit: &[u8], in_record: &[u8]) -> bool {
    unit == in_record || h264_sps::with_restriction(unit, true).is_some_and(|rewritten| rewritten == in_record)
}

/// Parameters after the sets of an access unit, if they differ: a set replaces the one of its id.
pub(super) fn with_in_band(params: &VideoParams, found: &InBand<'_>) -> Result<Option<VideoParams>, CodecError> {
    let (mut sps, mut pps) = split_record(&params.record)?;
    let new_sps = super::merge_sets(&mut sps, &found.sps, is_same_sps, set_id);
    let new_pps = super::merge_sets(&mut pps, &found.pps, |a, b| a == b, set_id);
    if !new_sps && !new_pps {
        return Ok(None);
    }
    build(&sps, &pps, params.reorder == Some(0) && !new_sps).map(Some)
}

/// The set's own id.
fn set_id(unit: &[u8]) -> Option<u32> {
    if unit[0] & 0x1f == SPS {
        return h264_sps::parse(unit).ok().map(|sps| sps.id);
    }
    super::bits::BitReader::new(unit.get(1..)?).ue().ok()
}

type Sets<'a> = (Vec<&'a [u8]>, Vec<&'a [u8]>);

fn split_record(record: &[u8]) -> Result<Sets<'_>, CodecError> {
    let mut reader = Reader(record, "the avcC record");
    let version = reader.byte()?;
    if version != 1 {
        return Err(CodecError::Value { field: "configurationVersion", value: u64::from(version) });
    }
    reader.take(4)?;
    let mut sets = |mask: u8| -> Result<Vec<_>, CodecError> {
        let count = reader.byte()? & mask;
        (0..count).map(|_| reader.block()).collect()
    };
    Ok((sets(0x1f)?, sets(0xff)?))
}

fn build(sps: &[&[u8]], pps: &[&[u8]], no_b_frames: bool) -> Result<VideoParams, CodecError> {
    let (sps, pps) = (nal::trimmed(sps), nal::trimmed(pps));
    let first = sps.first().ok_or(CodecError::Missing("sequence parameter set"))?;
    let parsed = h264_sps::parse(first)?;
    if pps.first().is_none_or(|unit| unit.first().is_none_or(|byte| byte & 0x9f != PPS)) {
        return Err(CodecError::Missing("picture parameter set"));
    }
    let restricted: Vec<Vec<u8>> =
        sps.iter().map(|unit| h264_sps::with_restriction(unit, no_b_frames).unwrap_or_else(|| unit.to_vec())).collect();
    let [profile, constraints, level] = parsed.profile;
    let reorder = if no_b_frames { parsed.reorder.or(Some(0)) } else { parsed.reorder };
    Ok(VideoParams {
        codec: VideoCodec::H264,
        record: write_record(&parsed, &restricted, &pps)?,
        codec_string: format!("avc1.{profile:02x}{constraints:02x}{level:02x}"),
        width: parsed.width,
        height: parsed.height,
        sample_aspect: parsed.sample_aspect,
        rotation: 0,
        reorder,
        claimed_millifps: parsed.millifps,
    })
}

fn write_record(sps: &Sps, sps_units: &[Vec<u8>], pps_units: &[&[u8]]) -> Result<Bytes, CodecError> {
    let count = |sets: usize, most: u8, field| {
        u8::try_from(sets).ok().filter(|&sets| sets <= most).ok_or(CodecError::Value { field, value: sets as u64 })
    };
    let [profile, constraints, level] = sps.profile;
    // Reserved bits are 1; lengths of 4 bytes.
    let mut out = vec![1, profile, constraints, level, 0xff];
    out.push(0xe0 | count(sps_units.len(), 31, "numOfSequenceParameterSets")?);
    for unit in sps_units {
        put_block(&mut out, unit)?;
    }
    out.push(count(pps_units.len(), 255, "numOfPictureParameterSets")?);
    for unit in pps_units {
        put_block(&mut out, unit)?;
    }
    if HIGH_PROFILES.contains(&profile) {
        let depths = [sps.bit_depth_luma - 8, sps.bit_depth_chroma - 8];
        out.extend_from_slice(&[0xfc | sps.chroma_format, 0xf8 | depths[0], 0xf8 | depths[1], 0]);
    }
    Ok(out.into())
}

#[cfg(test)]
pub(crate) use super::h264_sps::without_usability;

#[cfg(test)]
#[path = "h264_tests.rs"]
mod tests;
