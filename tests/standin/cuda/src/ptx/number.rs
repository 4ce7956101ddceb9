//! Single numbers: what rounding, comparing, bit fields and halves come to.

use super::code::Rounding;

#[inline(always)]
pub(super) fn truth(value: bool) -> u32 {
    if value { u32::MAX } else { 0 }
}

/// A device has one NaN for all results.
#[inline(always)]
pub(super) fn canonical(value: f32) -> u32 {
    if value.is_nan() { 0x7fff_ffff } else { value.to_bits() }
}

/// Whether `a` is less than `b`; of zeros the one with a sign is.
#[inline(always)]
pub(super) fn below(a: f32, b: f32) -> bool {
    a < b || a == b && a.to_bits() > b.to_bits() && a == 0.0
}

#[inline(always)]
pub(super) fn rounded(value: f32, way: Rounding) -> f32 {
    match way {
        Rounding::Nearest => value.round_ties_even(),
        Rounding::Zero => value.trunc(),
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
    }
}

/// `count` bits from `at` on; above them their sign, where it is asked for.
pub(super) fn field(value: u32, at: u32, count: u32, signed: bool) -> u32 {
    let bit = |number: u32| value >> number.min(31) & 1;
    let above = if signed && count > 0 { bit(at.saturating_add(count - 1)) } else { 0 };
    (0..32).fold(0, |all, number| {
        let one = if number < count && at + number < 32 { bit(at + number) } else { above };
        all | one << number
    })
}

pub(super) fn permuted(a: u32, b: u32, which: u32) -> u32 {
    let bytes = u64::from(b) << 32 | u64::from(a);
    (0..4).fold(0, |all, number| {
        let chosen = which >> (4 * number);
        let byte = (bytes >> (8 * (chosen & 7)) & 255) as u32;
        let byte = if chosen & 8 == 0 { byte } else { (byte >> 7) * 255 };
        all | byte << (8 * number)
    })
}

/// A float's bits to those of a half, to the nearest, of two as near to the even one.
#[inline(always)]
pub(super) fn half_of(bits: u32) -> u32 {
    let sign = bits >> 16 & 0x8000;
    let value = bits & 0x7fff_ffff;
    if value > 0x7f80_0000 {
        return 0x7fff;
    }
    if value >= 0x477f_f000 {
        return sign | 0x7c00;
    }
    if value < 0x3880_0000 {
        // Below the least normal half: the addition of 0.5 rounds at the last bit of a half.
        return sign | (f32::from_bits(value) + 0.5).to_bits().wrapping_sub(0.5_f32.to_bits());
    }
    sign | (value - (112 << 23) + 0xfff + (value >> 13 & 1)) >> 13
}

/// A half's bits to those of the same float.
#[inline(always)]
pub(super) fn float_of(half: u32) -> u32 {
    let (sign, exponent, part) = ((half & 0x8000) << 16, half >> 10 & 31, half & 1023);
    match exponent {
        0 => sign | (part as f32 / (1 << 24) as f32).to_bits(),
        31 if part == 0 => sign | 0x7f80_0000,
        31 => 0x7fff_ffff,
        _ => sign | (exponent + 112) << 23 | part << 13,
    }
}
