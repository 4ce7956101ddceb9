//! H.265: parameters from hvcC records and parameter sets (ISO/IEC 14496-15 section 8.3.3, ITU-T H.265 section 7.3.2).

use super::hevc_sps::{self, Sps};
use super::{CodecError, InBand, Reader, nal, put_block};
use crate::pipeline::packet::{VideoCodec, VideoParams};
use bytes::Bytes;
use std::fmt::Write as _;

/// NAL unit type of a video parameter set.
pub const VPS: u8 = 32;
/// NAL unit type of a sequence parameter set.
pub const SPS: u8 = 33;
/// NAL unit type of a picture parameter set.
pub const PPS: u8 = 34;
/// NAL unit type of an access unit delimiter.
pub const AUD: u8 = 35;

/// Parameters of a stream from its hvcC record, whose NAL lengths become 4 bytes.
///
/// # Errors
/// It is not such a record, holds no parameter sets, or a picture size that is not carried.
pub fn video_params_from_hvcc(record: &[u8]) -> Result<VideoParams, CodecError> {
    build(&split_record(record)?)
}

/// The same from the NAL units of the three parameter sets (as in SDP's `sprop-vps`, `sprop-sps`, `sprop-pps`).
///
/// # Errors
/// As [`video_params_from_hvcc`].
pub fn video_params_from_vps_sps_pps(vps: &[u8], sps: &[u8], pps: &[u8]) -> Result<VideoParams, CodecError> {
    build(&[vec![vps], vec![sps], vec![pps]])
}

/// Those of the first parameter sets in front of a key frame of 4-byte lengths; `None` where none stand there.
///
/// # Errors
/// As [`video_params_from_hvcc`].
pub fn video_params_in_band(data: &[u8]) -> Result<Option<VideoParams>, CodecError> {
    let Some(sets) = super::in_band_parameters(VideoCodec::Hevc, data) else { return Ok(None) };
    match (sets.vps.first(), sets.sps.first(), sets.pps.first()) {
        (Some(vps), Some(sps), Some(pps)) => video_params_from_vps_sps_pps(vps, sps, pps).map(Some),
        _ => Ok(None),
    }
}

/// How many bytes the NAL lengths of a stream have, by its hvcC record.
///
/// # Errors
/// The record is cut off.
pub fn length_size(record: &[u8]) -> Result<u8, CodecError> {
    record.get(21).map(|byte| (byte & 3) + 1).ok_or(CodecError::Truncated("the hvcC record"))
}

/// VPS, SPS and PPS NAL units of the record.
#[must_use]
pub fn parameter_sets(params: &VideoParams) -> Vec<Bytes> {
    let Ok(sets) = split_record(&params.record) else { return Vec::new() };
    sets.iter().flatten().map(|unit| params.record.slice_ref(unit)).collect()
}

/// Whether an access unit of 4-byte lengths holds a slice of a picture where decoding can start (IDR, BLA, CRA).
#[must_use]
pub fn contains_irap(data: &[u8]) -> bool {
    nal::units(data).any(|unit| (16..=23).contains(&(unit[0] >> 1 & 0x3f)))
}

/// Parameters after the sets of an access unit, if they differ: a set replaces the one of its id.
pub(super) fn with_in_band(params: &VideoParams, found: &InBand<'_>) -> Result<Option<VideoParams>, CodecError> {
    let mut sets = split_record(&params.record)?;
    let mut changed = false;
    for (known, news) in sets.iter_mut().zip([&found.vps, &found.sps, &found.pps]) {
        changed |= super::merge_sets(known, news, |a, b| a == b, set_id);
    }
    if changed { build(&sets).map(Some) } else { Ok(None) }
}

/// The set's own id.
fn set_id(unit: &[u8]) -> Option<u32> {
    let mut bits = super::bits::BitReader::new(unit.get(2..)?);
    match unit[0] >> 1 & 0x3f {
        VPS => bits.bits(4).ok(),
        PPS => bits.ue().ok(),
        _ => hevc_sps::parse(unit).ok().map(|sps| sps.id),
    }
}

/// VPS, SPS, PPS.
type Sets<'a> = [Vec<&'a [u8]>; 3];

fn split_record(record: &[u8]) -> Result<Sets<'_>, CodecError> {
    let mut reader = Reader(record, "the hvcC record");
    let version = reader.byte()?;
    // Encoders from before the standard was final wrote 0.
    if version > 1 {
        return Err(CodecError::Value { field: "configurationVersion", value: u64::from(version) });
    }
    reader.take(21)?;
    let mut sets = Sets::default();
    for _ in 0..reader.byte()? {
        let kind = reader.byte()? & 0x3f;
        let count = reader.take(2)?;
        for _ in 0..u16::from_be_bytes([count[0], count[1]]) {
            let unit = reader.block()?;
            if (VPS..=PPS).contains(&kind) && !unit.is_empty() {
                sets[usize::from(kind - VPS)].push(unit);
            }
        }
    }
    Ok(sets)
}

fn build(sets: &Sets<'_>) -> Result<VideoParams, CodecError> {
    let sets = &[nal::trimmed(&sets[0]), nal::trimmed(&sets[1]), nal::trimmed(&sets[2])];
    let names = [(VPS, "video parameter set"), (SPS, "sequence parameter set"), (PPS, "picture parameter set")];
    for (set, (kind, name)) in sets.iter().zip(names) {
        if set.first().is_none_or(|unit| unit.len() < 2 || unit[0] >> 1 & 0x3f != kind) {
            return Err(CodecError::Missing(name));
        }
    }
    let sps = hevc_sps::parse(sets[1][0])?;
    Ok(VideoParams {
        codec: VideoCodec::Hevc,
        record: write_record(&sps, sets)?,
        codec_string: codec_string(&sps.profile_tier_level),
        width: sps.width,
        height: sps.height,
        sample_aspect: sps.sample_aspect,
        rotation: 0,
        reorder: sps.reorder,
        claimed_millifps: sps.millifps,
    })
}

fn write_record(sps: &Sps, sets: &Sets<'_>) -> Result<Bytes, CodecError> {
    let mut out = vec![1];
    out.extend_from_slice(&sps.profile_tier_level);
    // min_spatial_segmentation_idc and parallelismType: not told. Reserved bits are 1.
    out.extend_from_slice(&[0xf0, 0, 0xfc, 0xfc | sps.chroma_format]);
    out.extend_from_slice(&[0xf8 | (sps.bit_depth_luma - 8) & 7, 0xf8 | (sps.bit_depth_chroma - 8) & 7]);
    // avgFrameRate and constantFrameRate: not told. Lengths of 4 bytes.
    out.extend_from_slice(&[0, 0, sps.temporal_layers << 3 | u8::from(sps.temporal_id_nesting) << 2 | 3, 3]);
    for (set, kind) in sets.iter().zip([VPS, SPS, PPS]) {
        let count =
            u16::try_from(set.len()).map_err(|_| CodecError::Value { field: "numNalus", value: set.len() as u64 })?;
        out.push(0x80 | kind);
        out.extend_from_slice(&count.to_be_bytes());
        for unit in set {
            put_block(&mut out, unit)?;
        }
    }
    Ok(out.into())
}

/// RFC 6381 string (ISO/IEC 14496-15 section E.3), e.g. `hvc1.1.6.L93.b0`.
fn codec_string(profile_tier_level: &[u8; 12]) -> String {
    let [first, c0, c1, c2, c3, constraints @ .., level] = profile_tier_level;
    let space = ["", "A", "B", "C"][usize::from(first >> 6)];
    let compatibility = u32::from_be_bytes([*c0, *c1, *c2, *c3]).reverse_bits();
    let tier = if first & 0x20 == 0 { 'L' } else { 'H' };
    let mut out = format!("hvc1.{space}{}.{compatibility:x}.{tier}{level}", first & 0x1f);
    let told = constraints.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    for byte in &constraints[..told] {
        let _ = write!(out, ".{byte:x}"); // writing to a String cannot fail
    }
    out
}

#[cfg(test)]
#[path = "hevc_tests.rs"]
mod tests;
