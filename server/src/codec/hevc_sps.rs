//! The sequence parameter set of H.265 (ITU-T H.265 sections 7.3.2.2, 7.3.3, 7.3.7 and E.2.1).

use super::bits::{BitReader, OutOfBits, unescape};
use super::{CodecError, checked_size, millifps, sample_aspect};

/// What is used of a sequence parameter set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sps {
    /// `sps_seq_parameter_set_id`.
    pub(super) id: u32,
    /// `general_profile_space` to `general_level_idc`, as they stand in the record.
    pub(super) profile_tier_level: [u8; 12],
    pub(super) temporal_layers: u8,
    pub(super) temporal_id_nesting: bool,
    pub(super) chroma_format: u8,
    pub(super) bit_depth_luma: u8,
    pub(super) bit_depth_chroma: u8,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) sample_aspect: (u32, u32),
    pub(super) millifps: Option<u32>,
    /// `sps_max_num_reorder_pics` of the highest sub-layer.
    pub(super) reorder: Option<u8>,
}

/// Reads a sequence parameter set from its NAL unit.
pub(super) fn parse(unit: &[u8]) -> Result<Sps, CodecError> {
    if unit.len() < 2 || unit[0] >> 1 != super::hevc::SPS {
        return Err(CodecError::Missing("sequence parameter set"));
    }
    let rbsp = unescape(&unit[2..]);
    let cut = CodecError::cut("the sequence parameter set");
    let mut bits = BitReader::new(&rbsp);
    bits.skip(4).map_err(&cut)?; // sps_video_parameter_set_id
    let sub_layers = bits.bits(3).map_err(&cut)?;
    if sub_layers > 6 {
        return Err(CodecError::Value { field: "sps_max_sub_layers_minus1", value: u64::from(sub_layers) });
    }
    let temporal_id_nesting = bits.flag().map_err(&cut)?;
    let profile_tier_level = read_profile_tier_level(&mut bits, sub_layers).map_err(&cut)?;
    let id = at_most(bits.ue(), 15, "sps_seq_parameter_set_id")?;
    let chroma_format = at_most(bits.ue(), 3, "chroma_format_idc")? as u8;
    let separate = chroma_format == 3 && bits.flag().map_err(&cut)?;
    let (width, height) = read_size(&mut bits, if separate { 0 } else { chroma_format })?;
    let bit_depth_luma = 8 + at_most(bits.ue(), 7, "bit_depth_luma_minus8")? as u8;
    let bit_depth_chroma = 8 + at_most(bits.ue(), 7, "bit_depth_chroma_minus8")? as u8;
    let poc_bits = 4 + at_most(bits.ue(), 12, "log2_max_pic_order_cnt_lsb_minus4")?;
    let reorder = read_ordering(&mut bits, sub_layers)?;
    let mut sps = Sps {
        id,
        profile_tier_level,
        temporal_layers: sub_layers as u8 + 1,
        temporal_id_nesting,
        chroma_format,
        bit_depth_luma,
        bit_depth_chroma,
        width,
        height,
        sample_aspect: (1, 1),
        millifps: None,
        reorder: Some(reorder),
    };
    // What follows only tells aspect and rate: a fault there does not stop a stream that plays elsewhere.
    let _ = read_usability(&mut bits, &mut sps, poc_bits);
    Ok(sps)
}

fn at_most(value: Result<u32, OutOfBits>, most: u32, field: &'static str) -> Result<u32, CodecError> {
    let value = value.map_err(CodecError::cut("the sequence parameter set"))?;
    if value <= most { Ok(value) } else { Err(CodecError::Value { field, value: u64::from(value) }) }
}

fn read_profile_tier_level(bits: &mut BitReader<'_>, sub_layers: u32) -> Result<[u8; 12], OutOfBits> {
    let mut general = [0; 12];
    for byte in &mut general {
        *byte = bits.bits(8)? as u8;
    }
    let mut present = Vec::new();
    for _ in 0..sub_layers {
        present.push((bits.flag()?, bits.flag()?));
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - sub_layers as usize))?;
    }
    for (profile, level) in present {
        bits.skip(88 * usize::from(profile) + 8 * usize::from(level))?;
    }
    Ok(general)
}

fn read_size(bits: &mut BitReader<'_>, chroma_array: u8) -> Result<(u32, u32), CodecError> {
    let cut = CodecError::cut("the sequence parameter set");
    let (width, height) = (u64::from(bits.ue().map_err(&cut)?), u64::from(bits.ue().map_err(&cut)?));
    if !bits.flag().map_err(&cut)? {
        return checked_size(width, height);
    }
    let (unit_x, unit_y) = match chroma_array {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let mut window = [0_u64; 4];
    for side in &mut window {
        *side = u64::from(bits.ue().map_err(&cut)?);
    }
    checked_size(
        width.saturating_sub((window[0] + window[1]) * unit_x),
        height.saturating_sub((window[2] + window[3]) * unit_y),
    )
}

fn read_ordering(bits: &mut BitReader<'_>, sub_layers: u32) -> Result<u8, CodecError> {
    let all = bits.flag().map_err(CodecError::cut("the sequence parameter set"))?;
    let mut reorder = 0;
    for _ in 0..=if all { sub_layers } else { 0 } {
        at_most(bits.ue(), 15, "sps_max_dec_pic_buffering_minus1")?;
        reorder = at_most(bits.ue(), 15, "sps_max_num_reorder_pics")?;
        bits.ue().map_err(CodecError::cut("the sequence parameter set"))?; // sps_max_latency_increase_plus1
    }
    Ok(reorder as u8)
}

fn read_usability(bits: &mut BitReader<'_>, sps: &mut Sps, poc_bits: u32) -> Result<(), OutOfBits> {
    for _ in 0..6 {
        bits.ue()?; // coding and transform block sizes and depths
    }
    if bits.flag()? && bits.flag()? {
        skip_scaling_lists(bits)?;
    }
    bits.skip(2)?; // amp_enabled_flag, sample_adaptive_offset_enabled_flag
    if bits.flag()? {
        bits.skip(8)?; // PCM bit depths
        bits.ue()?;
        bits.ue()?;
        bits.skip(1)?;
    }
    skip_reference_sets(bits)?;
    if bits.flag()? {
        for _ in 0..bits.ue()?.min(33) {
            bits.skip(poc_bits as usize + 1)?;
        }
    }
    bits.skip(2)?; // temporal motion vectors, strong intra smoothing
    if !bits.flag()? {
        return Ok(());
    }
    sps.sample_aspect = sample_aspect(bits)?;
    skip_signal(bits)?;
    if bits.flag()? {
        let (units, scale) = (bits.bits(32)?, bits.bits(32)?);
        sps.millifps = millifps(units, scale, 1);
    }
    Ok(())
}

/// From `overscan_info_present_flag` to the default display window.
fn skip_signal(bits: &mut BitReader<'_>) -> Result<(), OutOfBits> {
    if bits.flag()? {
        bits.skip(1)?;
    }
    if bits.flag()? {
        bits.skip(4)?;
        if bits.flag()? {
            bits.skip(24)?;
        }
    }
    if bits.flag()? {
        bits.ue()?;
        bits.ue()?;
    }
    bits.skip(3)?; // neutral chroma, field_seq, frame_field_info
    if bits.flag()? {
        for _ in 0..4 {
            bits.ue()?;
        }
    }
    Ok(())
}

fn skip_scaling_lists(bits: &mut BitReader<'_>) -> Result<(), OutOfBits> {
    for size in 0..4_u32 {
        for _ in 0..if size == 3 { 2 } else { 6 } {
            if !bits.flag()? {
                bits.ue()?;
                continue;
            }
            if size > 1 {
                bits.se()?;
            }
            for _ in 0..(1_u32 << (4 + 2 * size)).min(64) {
                bits.se()?;
            }
        }
    }
    Ok(())
}

/// `st_ref_pic_set()` of all sets (section 7.3.7); only their lengths matter here.
fn skip_reference_sets(bits: &mut BitReader<'_>) -> Result<(), OutOfBits> {
    let sets = bits.ue()?;
    if sets > 64 {
        return Err(OutOfBits);
    }
    let mut pictures = 0_u32;
    for set in 0..sets {
        if set > 0 && bits.flag()? {
            bits.skip(1)?; // delta_rps_sign
            bits.ue()?;
            let mut used = 0;
            for _ in 0..=pictures {
                if bits.flag()? || bits.flag()? {
                    used += 1;
                }
            }
            pictures = used;
        } else {
            let (negative, positive) = (bits.ue()?, bits.ue()?);
            if negative > 16 || positive > 16 {
                return Err(OutOfBits);
            }
            pictures = negative + positive;
            for _ in 0..pictures {
                bits.ue()?;
                bits.skip(1)?;
            }
        }
    }
    Ok(())
}
