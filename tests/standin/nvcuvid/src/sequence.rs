//! What a sequence parameter set or a sequence header says, as far as the parser's callbacks tell it.

use crate::av1;
use crate::bits::Reader;
use crate::codec::Codec;

/// A sequence's format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) coded: (u32, u32),
    /// Left, top, right, bottom.
    pub(crate) shown: (u32, u32, u32, u32),
    pub(crate) chroma: u32,
    pub(crate) depth: u32,
    pub(crate) progressive: bool,
    /// Pictures that may wait for one that is shown before them.
    pub(crate) reorder: usize,
    /// Pictures that the decoder has to keep.
    pub(crate) kept: u32,
    pub(crate) rate: (u32, u32),
    pub(crate) aspect: (u32, u32),
    pub(crate) full_range: bool,
    /// Primaries, transfer, matrix.
    pub(crate) colour: (u8, u8, u8),
}

/// What the usability information adds.
#[derive(Default)]
struct Vui {
    aspect: (u32, u32),
    full_range: bool,
    colour: Option<(u8, u8, u8)>,
    rate: (u32, u32),
    reorder: Option<usize>,
    kept: Option<u32>,
}

const ASPECTS: [(u32, u32); 17] = [
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

impl Sequence {
    /// Reads a NAL unit or an OBU that says it.
    pub(crate) fn read(codec: Codec, nal: &[u8]) -> Option<Self> {
        match codec {
            Codec::H264 => h264(&mut Reader::new(nal.get(1..)?)),
            Codec::Hevc => hevc(&mut Reader::new(nal.get(2..)?)),
            Codec::Av1 => av1::sequence(nal),
        }
    }
}

fn h264(bits: &mut Reader) -> Option<Sequence> {
    let profile = bits.bits(8)?;
    let constraints = bits.bits(8)?;
    let level = bits.bits(8)?;
    bits.ue()?;
    let high = [100, 110, 122, 244, 44, 83, 86, 118, 128].contains(&profile);
    let (chroma, depth) = if high { h264_format(bits)? } else { (1, 8) };
    bits.ue()?;
    let order = bits.ue()?;
    skip_order(bits, order)?;
    let references = bits.ue()?;
    bits.bit()?;
    let width = bits.ue()?.checked_add(1)?.checked_mul(16)?;
    let units = bits.ue()?.checked_add(1)?.checked_mul(16)?;
    let progressive = bits.flag()?;
    if !progressive {
        bits.bit()?;
    }
    let height = units.checked_mul(if progressive { 1 } else { 2 })?;
    bits.bit()?;
    let crop = crop(bits, chroma, if progressive { 1 } else { 2 })?;
    let vui = if bits.flag()? { h264_vui(bits).unwrap_or_default() } else { Vui::default() };
    // Baseline streams and those whose order is that of decoding never reorder; others may, up to what their level keeps.
    let in_order =
        profile == 66 || order == 2 || constraints & 0x10 != 0 && [44, 86, 100, 110, 122, 244].contains(&profile);
    let room = level_pictures(level, width / 16 * (height / 16)).max(references);
    let kept = vui.kept.unwrap_or(room).max(references).min(16);
    let reorder = if in_order { 0 } else { vui.reorder.unwrap_or(kept as usize) };
    build((width, height), crop, chroma, depth, progressive, reorder, kept, &vui)
}

/// Chroma format and bits of a sample, in the profiles that tell them.
fn h264_format(bits: &mut Reader) -> Option<(u32, u32)> {
    let chroma = bits.ue()?;
    if chroma == 3 {
        bits.bit()?;
    }
    let depth = 8 + bits.ue()?.max(bits.ue()?);
    bits.bit()?;
    if bits.flag()? {
        skip_scaling_lists(bits, if chroma == 3 { 12 } else { 8 })?;
    }
    Some((chroma, depth))
}

/// How the order of pictures is coded.
fn skip_order(bits: &mut Reader, order: u32) -> Option<()> {
    if order == 0 {
        bits.ue()?;
    } else if order == 1 {
        bits.bit()?;
        bits.se()?;
        bits.se()?;
        for _ in 0..bits.ue()?.min(255) {
            bits.se()?;
        }
    }
    Some(())
}

/// What is cut off at the left, right, top and bottom, in samples of luma.
fn crop(bits: &mut Reader, chroma: u32, fields: u32) -> Option<(u32, u32, u32, u32)> {
    if !bits.flag()? {
        return Some((0, 0, 0, 0));
    }
    let (x, y) = (if chroma == 3 { 1 } else { 2 }, if chroma == 1 { 2 } else { 1 } * fields);
    Some((bits.ue()? * x, bits.ue()? * x, bits.ue()? * y, bits.ue()? * y))
}

#[allow(clippy::too_many_arguments)]
fn build(
    coded: (u32, u32),
    crop: (u32, u32, u32, u32),
    chroma: u32,
    depth: u32,
    progressive: bool,
    reorder: usize,
    kept: u32,
    vui: &Vui,
) -> Option<Sequence> {
    let (right, bottom) = (coded.0.checked_sub(crop.1)?, coded.1.checked_sub(crop.3)?);
    (crop.0 < right && crop.2 < bottom).then(|| Sequence {
        coded,
        shown: (crop.0, crop.2, right, bottom),
        chroma,
        depth,
        progressive,
        reorder,
        kept,
        rate: vui.rate,
        aspect: if vui.aspect.1 == 0 { (1, 1) } else { vui.aspect },
        full_range: vui.full_range,
        colour: vui.colour.unwrap_or((2, 2, 2)),
    })
}

/// Table A-1 of H.264: the pictures that fit.
fn level_pictures(level: u32, blocks: u32) -> u32 {
    let room = match level {
        0..=10 => 396,
        11 => 900,
        12..=20 => 2376,
        21 => 4752,
        22..=30 => 8100,
        31 => 18_000,
        32 => 20_480,
        33..=41 => 32_768,
        42 => 34_816,
        43..=50 => 110_400,
        _ => 184_320,
    };
    (room / blocks.max(1)).clamp(1, 16)
}

fn skip_scaling_lists(bits: &mut Reader, count: u32) -> Option<()> {
    for list in 0..count {
        if bits.flag()? {
            let (mut last, mut next) = (8, 8);
            for _ in 0..if list < 6 { 16 } else { 64 } {
                if next != 0 {
                    next = (last + bits.se()? + 256) % 256;
                }
                last = if next == 0 { last } else { next };
            }
        }
    }
    Some(())
}

fn picture_of_vui(bits: &mut Reader, vui: &mut Vui) -> Option<()> {
    if bits.flag()? {
        let number = bits.bits(8)?;
        vui.aspect = if number == 255 {
            (bits.bits(16)?, bits.bits(16)?)
        } else {
            ASPECTS.get(number as usize).copied().unwrap_or((1, 1))
        };
    }
    if bits.flag()? {
        bits.bit()?;
    }
    if bits.flag()? {
        bits.bits(3)?;
        vui.full_range = bits.flag()?;
        if bits.flag()? {
            let mut byte = || u8::try_from(bits.bits(8)?).ok();
            vui.colour = Some((byte()?, byte()?, byte()?));
        }
    }
    if bits.flag()? {
        bits.ue()?;
        bits.ue()?;
    }
    Some(())
}

fn h264_vui(bits: &mut Reader) -> Option<Vui> {
    let mut vui = Vui::default();
    picture_of_vui(bits, &mut vui)?;
    if bits.flag()? {
        let (units, scale) = (bits.bits(32)?, bits.bits(32)?);
        // A field lasts one unit, so that a frame lasts two.
        vui.rate = (scale, units.saturating_mul(2));
        bits.bit()?;
    }
    let (nal, vcl) = (skip_hrd(bits)?, skip_hrd(bits)?);
    if nal || vcl {
        bits.bit()?;
    }
    bits.bit()?;
    if bits.flag()? {
        bits.bit()?;
        for _ in 0..4 {
            bits.ue()?;
        }
        vui.reorder = Some(bits.ue()? as usize);
        vui.kept = Some(bits.ue()?);
    }
    Some(vui)
}

fn skip_hrd(bits: &mut Reader) -> Option<bool> {
    if !bits.flag()? {
        return Some(false);
    }
    let count = bits.ue()?.min(31) + 1;
    bits.bits(8)?;
    for _ in 0..count {
        bits.ue()?;
        bits.ue()?;
        bits.bit()?;
    }
    bits.bits(20)?;
    Some(true)
}

fn hevc(bits: &mut Reader) -> Option<Sequence> {
    bits.bits(4)?;
    let layers = bits.bits(3)?;
    bits.bit()?;
    // General profile, tier and level, then flags of the layers below.
    bits.skip(96);
    let flags: Vec<(bool, bool)> = (0..layers).map(|_| Some((bits.flag()?, bits.flag()?))).collect::<Option<_>>()?;
    if layers > 0 {
        bits.skip(2 * (8 - layers as usize));
    }
    for (profile, level) in flags {
        bits.skip(usize::from(profile) * 88 + usize::from(level) * 8);
    }
    bits.ue()?;
    let chroma = bits.ue()?;
    if chroma == 3 {
        bits.bit()?;
    }
    let coded = (bits.ue()?, bits.ue()?);
    let crop = crop(bits, chroma, 1)?;
    let depth = 8 + bits.ue()?.max(bits.ue()?);
    bits.ue()?;
    let all = bits.flag()?;
    let (mut kept, mut reorder) = (1, 0);
    for _ in 0..if all { layers + 1 } else { 1 } {
        kept = bits.ue()? + 1;
        reorder = bits.ue()? as usize;
        bits.ue()?;
    }
    // The usability information stands behind tables that the parser has no use for: rate and colours are left unknown.
    build(coded, crop, chroma, depth, true, reorder, kept.min(16), &Vui::default())
}
