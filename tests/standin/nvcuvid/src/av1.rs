//! What a sequence header of AV1 says (section 5.5 of its specification), as far as the parser's callbacks tell it.

use crate::bits::Reader;
use crate::sequence::Sequence;

/// Pictures that a decoder of AV1 keeps.
const KEPT: u32 = 8;

/// Reads an OBU that is a sequence header.
pub(crate) fn sequence(obu: &[u8]) -> Option<Sequence> {
    let sized = obu.first()? & 2 != 0;
    let extended = usize::from(obu.first()? & 4 != 0);
    let size = obu.iter().skip(1 + extended).take_while(|byte| **byte & 0x80 != 0).count() + 1;
    // Nothing in an OBU prevents start codes.
    header(&mut Reader::plain(obu.get(1 + extended + if sized { size } else { 0 }..)?))
}

fn header(bits: &mut Reader) -> Option<Sequence> {
    let profile = bits.bits(3)?;
    bits.bit()?;
    let reduced = bits.flag()?;
    if reduced {
        bits.bits(5)?;
    } else {
        skip_operating_points(bits)?;
    }
    let (wide, high) = (bits.bits(4)? + 1, bits.bits(4)? + 1);
    let coded = (bits.bits(wide)? + 1, bits.bits(high)? + 1);
    if !reduced && bits.flag()? {
        bits.bits(7)?;
    }
    bits.bits(3)?;
    if !reduced {
        skip_tools(bits)?;
    }
    bits.bits(3)?;
    let deep = bits.flag()?;
    let grey = profile != 1 && bits.flag()?;
    let colour = if bits.flag()? {
        let mut byte = || u8::try_from(bits.bits(8)?).ok();
        (byte()?, byte()?, byte()?)
    } else {
        (2, 2, 2)
    };
    let full_range = bits.flag()?;
    Some(Sequence {
        coded,
        shown: (0, 0, coded.0, coded.1),
        chroma: if grey { 0 } else { [1, 3, 2].get(profile as usize).copied()? },
        depth: if deep { 10 } else { 8 },
        progressive: true,
        reorder: 0,
        kept: KEPT,
        rate: (0, 0),
        aspect: (1, 1),
        full_range,
        colour,
    })
}

fn skip_operating_points(bits: &mut Reader) -> Option<()> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.skip(64);
        if bits.flag()? {
            bits.ue()?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.bits(5)? as usize + 1);
            bits.skip(42);
        }
    }
    let display_delay = bits.flag()?;
    for _ in 0..=bits.bits(5)? {
        bits.bits(12)?;
        if bits.bits(5)? > 7 {
            bits.bit()?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.skip(2 * delay_bits + 1);
        }
        if display_delay && bits.flag()? {
            bits.bits(4)?;
        }
    }
    Some(())
}

fn skip_tools(bits: &mut Reader) -> Option<()> {
    bits.bits(4)?;
    let order_hint = bits.flag()?;
    if order_hint {
        bits.bits(2)?;
    }
    // 2 is "each frame says it".
    let screen_content = if bits.flag()? { 2 } else { bits.bits(1)? };
    if screen_content > 0 && !bits.flag()? {
        bits.bit()?;
    }
    if order_hint {
        bits.bits(3)?;
    }
    Some(())
}
