//! The sequence parameter set of H.264 (ITU-T H.264 sections 7.3.2.1.1 and E.1.1): what it says, and where a
//! `bitstream_restriction` can be written into it.

use super::bits::{BitReader, BitWriter, OutOfBits, escape, unescape};
use super::{CodecError, checked_size, millifps, sample_aspect};

/// What is used of a sequence parameter set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sps {
    /// `seq_parameter_set_id`.
    pub(super) id: u32,
    /// `profile_idc`, constraint flags, `level_idc`.
    pub(super) profile: [u8; 3],
    pub(super) chroma_format: u8,
    pub(super) bit_depth_luma: u8,
    pub(super) bit_depth_chroma: u8,
    pub(super) max_ref_frames: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) sample_aspect: (u32, u32),
    pub(super) millifps: Option<u32>,
    /// Frames that may be decoded before one that is shown earlier; `None` where it does not say.
    pub(super) reorder: Option<u8>,
    /// Where a restriction can be written.
    room: Room,
}

/// Where a `bitstream_restriction` stands or could stand, as a position in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// It is there, or the video usability information cannot be read.
    None,
    /// At `vui_parameters_present_flag`, which is 0.
    Vui(usize),
    /// At `bitstream_restriction_flag`, which is 0.
    Flag(usize),
}

/// Profiles with `chroma_format_idc` and bit depths (section 7.3.2.1.1).
pub(super) const HIGH_PROFILES: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// Reads a sequence parameter set from its NAL unit.
pub(super) fn parse(unit: &[u8]) -> Result<Sps, CodecError> {
    if unit.first().is_none_or(|byte| byte & 0x9f != 7) {
        return Err(CodecError::Missing("sequence parameter set"));
    }
    let rbsp = unescape(&unit[1..]);
    let mut bits = BitReader::new(&rbsp);
    read(&mut bits).map_err(|fault| match fault {
        Fault::Bits => CodecError::Truncated("the sequence parameter set"),
        Fault::Codec(error) => error,
    })
}

enum Fault {
    Bits,
    Codec(CodecError),
}

impl From<OutOfBits> for Fault {
    fn from(_: OutOfBits) -> Self {
        Self::Bits
    }
}

fn at_most(value: u32, most: u32, field: &'static str) -> Result<u32, Fault> {
    if value <= most { Ok(value) } else { Err(Fault::Codec(CodecError::Value { field, value: u64::from(value) })) }
}

fn read(bits: &mut BitReader<'_>) -> Result<Sps, Fault> {
    let mut sps = read_sequence(bits)?;
    let at = bits.position();
    if bits.flag()? {
        // Cameras with broken usability information play everywhere: what was read before the fault is kept.
        let _ = read_vui(bits, &mut sps);
    } else {
        sps.room = Room::Vui(at);
    }
    Ok(sps)
}

/// Everything before `vui_parameters_present_flag`.
fn read_sequence(bits: &mut BitReader<'_>) -> Result<Sps, Fault> {
    let profile = [bits.bits(8)? as u8, bits.bits(8)? as u8, bits.bits(8)? as u8];
    let id = at_most(bits.ue()?, 31, "seq_parameter_set_id")?;
    let (chroma_format, separate, bit_depth_luma, bit_depth_chroma) = read_format(bits, profile[0])?;
    at_most(bits.ue()?, 12, "log2_max_frame_num_minus4")?;
    let poc_type = read_picture_order(bits)?;
    let max_ref_frames = at_most(bits.ue()?, 16, "max_num_ref_frames")?;
    bits.skip(1)?; // gaps_in_frame_num_value_allowed_flag
    let (width, height) = read_size(bits, if separate { 0 } else { chroma_format })?;
    Ok(Sps {
        id,
        profile,
        chroma_format,
        bit_depth_luma,
        bit_depth_chroma,
        max_ref_frames,
        width,
        height,
        sample_aspect: (1, 1),
        millifps: None,
        reorder: never_reordered(profile, poc_type).then_some(0),
        room: Room::None,
    })
}

/// Output order is decoding order: picture order count type 2 (section 8.2.1.3); Baseline, which has no B slices; the intra
/// profiles, where `max_num_reorder_frames` is inferred to be 0 (section E.2.1).
fn never_reordered(profile: [u8; 3], poc_type: u32) -> bool {
    let intra = matches!(profile[0], 44 | 86 | 100 | 110 | 122 | 244) && profile[1] & 0x10 != 0;
    poc_type == 2 || profile[0] == 66 || intra
}

fn read_format(bits: &mut BitReader<'_>, profile: u8) -> Result<(u8, bool, u8, u8), Fault> {
    if !HIGH_PROFILES.contains(&profile) {
        return Ok((1, false, 8, 8));
    }
    let chroma = at_most(bits.ue()?, 3, "chroma_format_idc")?;
    let separate = chroma == 3 && bits.flag()?;
    let luma_depth = 8 + at_most(bits.ue()?, 6, "bit_depth_luma_minus8")?;
    let chroma_depth = 8 + at_most(bits.ue()?, 6, "bit_depth_chroma_minus8")?;
    bits.skip(1)?; // qpprime_y_zero_transform_bypass_flag
    if bits.flag()? {
        for list in 0..if chroma == 3 { 12 } else { 8 } {
            if bits.flag()? {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Ok((chroma as u8, separate, luma_depth as u8, chroma_depth as u8))
}

fn skip_scaling_list(bits: &mut BitReader<'_>, size: usize) -> Result<(), Fault> {
    let mut last = 8_i64;
    for _ in 0..size {
        last = (last + bits.se()?).rem_euclid(256);
        if last == 0 {
            break;
        }
    }
    Ok(())
}

fn read_picture_order(bits: &mut BitReader<'_>) -> Result<u32, Fault> {
    let kind = at_most(bits.ue()?, 2, "pic_order_cnt_type")?;
    if kind == 0 {
        at_most(bits.ue()?, 12, "log2_max_pic_order_cnt_lsb_minus4")?;
    } else if kind == 1 {
        bits.skip(1)?;
        bits.se()?;
        bits.se()?;
        for _ in 0..at_most(bits.ue()?, 255, "num_ref_frames_in_pic_order_cnt_cycle")? {
            bits.se()?;
        }
    }
    Ok(kind)
}

/// Width and height after cropping (section 7.4.2.1.1).
fn read_size(bits: &mut BitReader<'_>, chroma_array: u8) -> Result<(u32, u32), Fault> {
    let columns = u64::from(bits.ue()?) + 1;
    let rows = u64::from(bits.ue()?) + 1;
    let frame_mbs_only = bits.flag()?;
    if !frame_mbs_only {
        bits.skip(1)?; // mb_adaptive_frame_field_flag
    }
    bits.skip(1)?; // direct_8x8_inference_flag
    let field_rows = 2 - u64::from(frame_mbs_only);
    let (width, height) = (columns * 16, rows * 16 * field_rows);
    if !bits.flag()? {
        return checked_size(width, height).map_err(Fault::Codec);
    }
    let (unit_x, unit_y) = match chroma_array {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let mut crop = [0_u64; 4];
    for side in &mut crop {
        *side = u64::from(bits.ue()?);
    }
    let width_left = width.saturating_sub((crop[0] + crop[1]) * unit_x);
    let height_left = height.saturating_sub((crop[2] + crop[3]) * unit_y * field_rows);
    checked_size(width_left, height_left).map_err(Fault::Codec)
}

fn read_vui(bits: &mut BitReader<'_>, sps: &mut Sps) -> Result<(), OutOfBits> {
    sps.sample_aspect = sample_aspect(bits)?;
    if bits.flag()? {
        bits.skip(1)?; // overscan_appropriate_flag
    }
    if bits.flag()? {
        bits.skip(4)?; // video_format, video_full_range_flag
        if bits.flag()? {
            bits.skip(24)?; // colour description
        }
    }
    if bits.flag()? {
        bits.ue()?; // chroma sample locations
        bits.ue()?;
    }
    if bits.flag()? {
        let (units, scale) = (bits.bits(32)?, bits.bits(32)?);
        bits.skip(1)?; // fixed_frame_rate_flag
        sps.millifps = millifps(units, scale, 2);
    }
    let nal_hrd = bits.flag()?;
    if nal_hrd {
        skip_hrd(bits)?;
    }
    let vcl_hrd = bits.flag()?;
    if vcl_hrd {
        skip_hrd(bits)?;
    }
    if nal_hrd || vcl_hrd {
        bits.skip(1)?; // low_delay_hrd_flag
    }
    bits.skip(1)?; // pic_struct_present_flag
    let at = bits.position();
    if !bits.flag()? {
        sps.room = Room::Flag(at);
        return Ok(());
    }
    bits.skip(1)?; // motion_vectors_over_pic_boundaries_flag
    for _ in 0..4 {
        bits.ue()?; // max_bytes_per_pic_denom to log2_max_mv_length_vertical
    }
    if let Some(reorder) = u8::try_from(bits.ue()?).ok().filter(|&frames| frames <= 16) {
        sps.reorder = Some(reorder);
    }
    Ok(())
}

fn skip_hrd(bits: &mut BitReader<'_>) -> Result<(), OutOfBits> {
    let count = bits.ue()?;
    if count > 31 {
        return Err(OutOfBits);
    }
    bits.skip(8)?;
    for _ in 0..=count {
        bits.ue()?;
        bits.ue()?;
        bits.skip(1)?;
    }
    bits.skip(20)
}

/// The NAL unit with a `bitstream_restriction` that forbids reordering, where it has none and the stream has no reordering:
/// because the parameter set says so, or because the caller knows (`no_b_frames`). `None` where nothing is to be changed.
///
/// Without it a decoder must expect as many reordered frames as its level allows, and hardware decoders hold up to 16.
pub(super) fn with_restriction(unit: &[u8], no_b_frames: bool) -> Option<Vec<u8>> {
    let sps = parse(unit).ok()?;
    if sps.reorder != Some(0) && !(no_b_frames && sps.reorder.is_none()) {
        return None;
    }
    let rbsp = unescape(&unit[1..]);
    let mut out = match sps.room {
        Room::None => return None,
        Room::Vui(at) => {
            let mut out = BitWriter::copy_of(&rbsp, at);
            out.flag(true);
            // Aspect ratio, overscan, video signal type, chroma location, timing, two HRDs, pic_struct: all absent.
            out.bits(0, 8);
            out
        }
        Room::Flag(at) => BitWriter::copy_of(&rbsp, at),
    };
    out.flag(true);
    out.flag(true); // motion vectors may point outside, as is inferred without this
    out.ue(0); // no limit of bytes per picture
    out.ue(0); // no limit of bits per macroblock
    out.ue(15); // motion vectors as long as they can be
    out.ue(15);
    out.ue(0); // max_num_reorder_frames
    out.ue(sps.max_ref_frames.max(1)); // max_dec_frame_buffering
    let mut rewritten = vec![unit[0]];
    escape(&out.finish(), &mut rewritten);
    Some(rewritten)
}

/// The NAL unit with its usability information gone, as simple encoders write it.
#[cfg(test)]
pub(crate) fn without_usability(unit: &[u8]) -> Vec<u8> {
    let rbsp = unescape(&unit[1..]);
    let mut bits = BitReader::new(&rbsp);
    assert!(read_sequence(&mut bits).is_ok());
    let mut out = BitWriter::copy_of(&rbsp, bits.position());
    out.flag(false);
    let mut rewritten = vec![unit[0]];
    escape(&out.finish(), &mut rewritten);
    rewritten
}
