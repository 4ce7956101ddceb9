//! `cvt`: between widths, between numbers and floats, and to whole numbers.

use super::Refusal;
use super::code::{Act, Cross, One, Place, Rounding, Two};
use super::lower::{Statement, widen};
use super::operand::{Class, Operand, Register, Type};
use super::parse::Builder;

const NARROW: Type = Type { class: Class::Unsigned, bits: 32 };

/// Adds a conversion: `cvt`, a rounding where there is one, `sat` where it is asked for, and both types.
pub(super) fn lower(builder: &mut Builder, statement: &Statement<'_, '_>, words: &[&str]) -> Result<(), Refusal> {
    let [before @ .., to, from] = words else { return statement.unknown(builder) };
    let (rounding, saturated) = match before {
        [] => ("", false),
        ["sat"] => ("", true),
        [rounding] => (*rounding, false),
        [rounding, "sat"] => (*rounding, true),
        _ => return statement.unknown(builder),
    };
    let (Some(to), Some(from)) = (Type::named(to), Type::named(from)) else { return statement.unknown(builder) };
    match (to.class, from.class) {
        (Class::Predicate, _) | (_, Class::Predicate) => statement.unknown(builder),
        (Class::Float, Class::Float) => float_of_float(builder, statement, rounding, saturated, (to, from)),
        (Class::Float, _) if rounding == "rn" && !saturated && to.bits == 32 => {
            float_of_whole(builder, statement, from)
        }
        (Class::Float, _) => statement.unknown(builder),
        (_, Class::Float) => whole_of_float(builder, statement, rounding, (to, from)),
        _ if rounding.is_empty() => whole_of_whole(builder, statement, saturated, (to, from)),
        _ => statement.unknown(builder),
    }
}

fn whole_rounding(word: &str) -> Option<Rounding> {
    Some(match word {
        "rni" => Rounding::Nearest,
        "rzi" => Rounding::Zero,
        "rmi" => Rounding::Down,
        "rpi" => Rounding::Up,
        _ => return None,
    })
}

/// The register that is read, which may be wider than what is taken from it.
fn source(builder: &Builder, statement: &Statement<'_, '_>, from: Type) -> Result<Register, Refusal> {
    match statement.operands.get(1) {
        Some(Operand::Register(found)) if found.kind.bits >= from.bits.max(16) => Ok(*found),
        _ => builder.refuse(format!("{} reads no register that holds its type", statement.text)),
    }
}

/// The register that is written, which may be wider too.
fn target(builder: &Builder, statement: &Statement<'_, '_>, to: Type) -> Result<Register, Refusal> {
    match statement.operands.first() {
        Some(Operand::Register(found)) if found.kind.bits >= to.bits.max(16) => Ok(*found),
        _ => builder.refuse(format!("{} writes no register that holds its type", statement.text)),
    }
}

/// A number of up to 32 bits as 32, out of whatever register it stands in.
fn narrow(builder: &mut Builder, from: Type, register: Register) -> Result<Place, Refusal> {
    let mut place = register.place;
    if register.kind.is_wide() {
        let low = builder.fresh(false)?;
        builder.push(Act::Cross(Cross::Low, low, place));
        place = low;
    }
    if from.bits == 32 || from.bits == 16 && register.kind.bits == 16 && !from.is_signed() {
        return Ok(place);
    }
    let whole = builder.fresh(false)?;
    let act = if from.is_signed() { One::LowestSigned(from.bits) } else { One::Lowest(from.bits) };
    builder.push(Act::One(act, whole, place));
    Ok(whole)
}

/// Puts the lowest bits of a number into a register, which takes what is above them from the sign or as zeros.
fn put(builder: &mut Builder, to: Type, register: Register, from: Place) -> Result<(), Refusal> {
    let mut place = from;
    if to.bits < 32 {
        let cut = builder.fresh(false)?;
        let act = if to.is_signed() { One::LowestSigned(to.bits) } else { One::Lowest(to.bits) };
        builder.push(Act::One(act, cut, place));
        place = cut;
    }
    match register.kind.bits {
        64 => widen(builder, to.is_signed(), register.place, place),
        16 => builder.push(Act::One(One::Lowest(16), register.place, place)),
        _ => builder.push(Act::One(One::Move, register.place, place)),
    }
    Ok(())
}

/// The least and the greatest number of a type of fewer than 32 bits.
fn bounds(kind: Type) -> (i32, i32) {
    if kind.is_signed() { (-(1 << (kind.bits - 1)), (1 << (kind.bits - 1)) - 1) } else { (0, (1 << kind.bits) - 1) }
}

/// Holds a signed or unsigned number of 32 bits within a shorter type.
fn clamped(builder: &mut Builder, to: Type, signed: bool, from: Place) -> Result<Place, Refusal> {
    let (least, most) = bounds(to);
    let (least, most) = (builder.constant(least.cast_unsigned())?, builder.constant(most.cast_unsigned())?);
    let held = builder.fresh(false)?;
    if !signed {
        builder.push(Act::Two(Two::MinUnsigned, held, from, most));
        return Ok(held);
    }
    builder.push(Act::Two(Two::MinSigned, held, from, most));
    builder.push(Act::Two(Two::MaxSigned, held, held, least));
    Ok(held)
}

fn whole_of_whole(
    builder: &mut Builder,
    statement: &Statement<'_, '_>,
    saturated: bool,
    (to, from): (Type, Type),
) -> Result<(), Refusal> {
    let (register, target) = (source(builder, statement, from)?, target(builder, statement, to)?);
    if saturated {
        if to.bits >= 32 || from.bits > 32 {
            return statement.unknown(builder);
        }
        let place = narrow(builder, from, register)?;
        let held = clamped(builder, to, from.is_signed(), place)?;
        return put(builder, to, target, held);
    }
    if from.is_wide() && to.is_wide() {
        builder.push(Act::WideOne(super::code::WideOne::Move, target.place, register.place));
        return Ok(());
    }
    // From 64 bits the lowest are taken as they are; to 64 the sign is the source's.
    let place = narrow(builder, if from.is_wide() { NARROW } else { from }, register)?;
    if to.is_wide() {
        widen(builder, from.is_signed(), target.place, place);
        return Ok(());
    }
    put(builder, to, target, place)
}

fn float_of_whole(builder: &mut Builder, statement: &Statement<'_, '_>, from: Type) -> Result<(), Refusal> {
    let register = source(builder, statement, from)?;
    let to = statement.result(builder, Type { class: Class::Float, bits: 32 })?.place;
    if from.is_wide() {
        let act = if from.is_signed() { Cross::FloatOfSigned } else { Cross::FloatOfUnsigned };
        builder.push(Act::Cross(act, to, register.place));
        return Ok(());
    }
    let place = narrow(builder, from, register)?;
    builder.push(Act::One(if from.is_signed() { One::FloatOfSigned } else { One::FloatOfUnsigned }, to, place));
    Ok(())
}

/// Floats to whole numbers always stop at the type's ends, and a NaN becomes 0.
fn whole_of_float(
    builder: &mut Builder,
    statement: &Statement<'_, '_>,
    rounding: &str,
    (to, from): (Type, Type),
) -> Result<(), Refusal> {
    let (Some(rounding), false, 32) = (whole_rounding(rounding), to.is_wide(), from.bits) else {
        return statement.unknown(builder);
    };
    let (place, target) = (statement.place(builder, 1, from)?, target(builder, statement, to)?);
    let whole = builder.fresh(false)?;
    // A short type's ends are within those of 32 bits with a sign.
    if to.bits == 32 && !to.is_signed() {
        builder.push(Act::One(One::UnsignedOfFloat(rounding), whole, place));
        return put(builder, to, target, whole);
    }
    builder.push(Act::One(One::SignedOfFloat(rounding), whole, place));
    let held = if to.bits < 32 { clamped(builder, to, true, whole)? } else { whole };
    put(builder, to, target, held)
}

fn float_of_float(
    builder: &mut Builder,
    statement: &Statement<'_, '_>,
    rounding: &str,
    saturated: bool,
    (to, from): (Type, Type),
) -> Result<(), Refusal> {
    let act = match (to.bits, from.bits, rounding, saturated) {
        (16, 32, "rn", false) => One::HalfOfFloat,
        (32, 16, "", false) => One::FloatOfHalf,
        (32, 32, "", true) => One::FloatSaturated,
        (32, 32, word, false) => match whole_rounding(word) {
            Some(rounding) => One::FloatRounded(rounding),
            None => return statement.unknown(builder),
        },
        _ => return statement.unknown(builder),
    };
    let (target, from) = (statement.result(builder, to)?.place, statement.place(builder, 1, from)?);
    builder.push(Act::One(act, target, from));
    Ok(())
}
