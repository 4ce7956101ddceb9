//! Statements to instructions: arithmetic, logic, selection and jumps.

use super::Refusal;
use super::code::{Act, Cross, One, Place, Three, Two, WideOne, WideShift, WideTwo};
use super::operand::{Class, Operand, Register, Type};
use super::parse::{Builder, label};
use super::{compare, convert, memory};

/// A statement's words and operands.
pub(super) struct Statement<'a, 'b> {
    pub(super) text: &'a str,
    /// The words of the operation, without its first.
    pub(super) words: Vec<&'a str>,
    pub(super) operands: &'b [Operand<'a>],
}

impl Statement<'_, '_> {
    pub(super) fn unknown<T>(&self, builder: &Builder) -> Result<T, Refusal> {
        builder.refuse(format!("{}, which the stand-in does not know", self.text))
    }

    /// The register that the result goes to.
    pub(super) fn result(&self, builder: &Builder, kind: Type) -> Result<Register, Refusal> {
        match self.operands.first() {
            Some(Operand::Register(found)) if found.kind.goes_with(kind) => Ok(*found),
            _ => builder.refuse(format!("the result of {} goes to no register of its type", self.text)),
        }
    }

    /// Where an operand stands.
    pub(super) fn place(&self, builder: &mut Builder, number: usize, kind: Type) -> Result<Place, Refusal> {
        match self.operands.get(number) {
            Some(Operand::Register(found)) if found.kind.goes_with(kind) => Ok(found.place),
            Some(Operand::Number(bits)) if kind.is_wide() => builder.wide_constant(*bits),
            Some(Operand::Number(bits)) if kind.class == Class::Predicate => {
                builder.constant(if *bits == 0 { 0 } else { u32::MAX })
            }
            Some(Operand::Number(bits)) if kind.class != Class::Float => {
                let low = u32::try_from(*bits & u64::from(u32::MAX >> (32 - kind.bits))).unwrap_or(0);
                builder.constant(low)
            }
            Some(Operand::Float(bits)) if kind.class == Class::Float && kind.bits == 32 => builder.constant(*bits),
            _ => builder.refuse(format!("operand {number} of {} is not of its type", self.text)),
        }
    }

    /// As [`Statement::place`], with the sign of a 16 bit number at its upper bits.
    fn extended(&self, builder: &mut Builder, number: usize, kind: Type) -> Result<Place, Refusal> {
        let place = self.place(builder, number, kind)?;
        if kind.bits != 16 || !kind.is_signed() {
            return Ok(place);
        }
        let wider = builder.fresh(false)?;
        builder.push(Act::One(One::LowestSigned(16), wider, place));
        Ok(wider)
    }

    /// A binary operation's places, signs extended.
    pub(super) fn pair(&self, builder: &mut Builder, kind: Type) -> Result<(Place, Place), Refusal> {
        Ok((self.extended(builder, 1, kind)?, self.extended(builder, 2, kind)?))
    }
}

/// Adds a statement's instructions.
pub(super) fn lower(builder: &mut Builder, text: &str, operands: &[Operand<'_>]) -> Result<(), Refusal> {
    let mut words: Vec<_> = text.split('.').collect();
    let first = words.remove(0);
    let statement = Statement { text, words, operands };
    match (first, statement.words.as_slice()) {
        ("bra", [] | ["uni"]) => {
            let to = label(builder, operands.first())?;
            builder.jump(to);
            Ok(())
        }
        ("ret" | "exit", []) => {
            builder.push(Act::Return);
            Ok(())
        }
        ("ld" | "st", _) => memory::lower(builder, first == "ld", &statement),
        ("setp", [test, kind]) => compare::lower(builder, &statement, test, kind),
        ("cvt", words) => convert::lower(builder, &statement, words),
        ("cvta", ["to", "global", "u64"] | ["global", "u64"]) => moved(builder, &statement, "u64"),
        ("mov", [kind]) => moved(builder, &statement, kind),
        ("selp", [kind]) => selected(builder, &statement, kind),
        ("mul" | "mad", [part @ ("lo" | "hi" | "wide"), kind]) => product(builder, &statement, first, part, kind),
        ("bfe", [kind]) => field(builder, &statement, kind),
        ("prmt", ["b32"]) => permuted(builder, &statement),
        (_, ["rn", "f32"]) => rounded(builder, &statement, first),
        (_, [kind]) => plain(builder, &statement, first, kind),
        _ => statement.unknown(builder),
    }
}

fn typed(builder: &Builder, statement: &Statement<'_, '_>, name: &str) -> Result<Type, Refusal> {
    match Type::named(name) {
        Some(kind) if kind.bits != 8 => Ok(kind),
        _ => statement.unknown(builder),
    }
}

fn moved(builder: &mut Builder, statement: &Statement<'_, '_>, name: &str) -> Result<(), Refusal> {
    let kind = typed(builder, statement, name)?;
    let (to, from) = (statement.result(builder, kind)?.place, statement.place(builder, 1, kind)?);
    builder.push(if kind.is_wide() { Act::WideOne(WideOne::Move, to, from) } else { Act::One(One::Move, to, from) });
    Ok(())
}

fn selected(builder: &mut Builder, statement: &Statement<'_, '_>, name: &str) -> Result<(), Refusal> {
    let kind = typed(builder, statement, name)?;
    let to = statement.result(builder, kind)?.place;
    let (a, b) = (statement.place(builder, 1, kind)?, statement.place(builder, 2, kind)?);
    let which = statement.place(builder, 3, Type { class: Class::Predicate, bits: 32 })?;
    builder.push(if kind.is_wide() {
        Act::WideSelect(to, a, b, which)
    } else {
        Act::Three(Three::Select, to, a, b, which)
    });
    Ok(())
}

/// `mul` and `mad`: the lower half of the product, the upper, or all of it.
fn product(
    builder: &mut Builder,
    statement: &Statement<'_, '_>,
    first: &str,
    part: &str,
    name: &str,
) -> Result<(), Refusal> {
    let kind = typed(builder, statement, name)?;
    if kind.class == Class::Float || kind.bits == 64 && part != "lo" {
        return statement.unknown(builder);
    }
    let added = first == "mad";
    let (a, b) = statement.pair(builder, kind)?;
    let bits = if part == "wide" { kind.bits * 2 } else { kind.bits };
    let whole = Type { bits, ..kind };
    let to = statement.result(builder, whole)?.place;
    if added && part == "lo" && bits == 32 {
        let more = statement.place(builder, 3, kind)?;
        builder.push(Act::Three(Three::MulAdd, to, a, b, more));
        return Ok(());
    }
    let target = if added { builder.fresh(whole.is_wide())? } else { to };
    match (part, kind.bits) {
        ("wide", 32) => builder.push(Act::MulWide(kind.is_signed(), target, a, b)),
        ("lo", 64) => builder.push(Act::WideTwo(WideTwo::Mul, target, a, b)),
        ("hi", 32) if kind.is_signed() => builder.push(Act::Two(Two::MulHighSigned, target, a, b)),
        ("hi", 32) => builder.push(Act::Two(Two::MulHighUnsigned, target, a, b)),
        // Two numbers of 16 bits have a product of 32.
        _ => builder.push(Act::Two(Two::Mul, target, a, b)),
    }
    if part == "hi" && kind.bits == 16 {
        let half = builder.constant(16)?;
        builder.push(Act::Two(Two::ShiftRightUnsigned, target, target, half));
    }
    if added {
        let more = statement.place(builder, 3, whole)?;
        builder.push(if whole.is_wide() {
            Act::WideTwo(WideTwo::Add, to, target, more)
        } else {
            Act::Two(Two::Add, to, target, more)
        });
    }
    shorten(builder, whole, to);
    Ok(())
}

/// Takes the upper bits off what stands in a 16 bit register.
fn shorten(builder: &mut Builder, kind: Type, place: Place) {
    if kind.bits == 16 {
        builder.push(Act::One(One::Lowest(16), place, place));
    }
}

fn field(builder: &mut Builder, statement: &Statement<'_, '_>, name: &str) -> Result<(), Refusal> {
    let kind = typed(builder, statement, name)?;
    if kind.bits != 32 || kind.class == Class::Float {
        return statement.unknown(builder);
    }
    let number = Type { class: Class::Unsigned, bits: 32 };
    let to = statement.result(builder, kind)?.place;
    let (from, at) = (statement.place(builder, 1, kind)?, statement.place(builder, 2, number)?);
    let count = statement.place(builder, 3, number)?;
    let act = if kind.is_signed() { Three::FieldSigned } else { Three::FieldUnsigned };
    builder.push(Act::Three(act, to, from, at, count));
    Ok(())
}

fn permuted(builder: &mut Builder, statement: &Statement<'_, '_>) -> Result<(), Refusal> {
    let kind = Type { class: Class::Unsigned, bits: 32 };
    let to = statement.result(builder, kind)?.place;
    let (a, b) = (statement.place(builder, 1, kind)?, statement.place(builder, 2, kind)?);
    let which = statement.place(builder, 3, kind)?;
    builder.push(Act::Three(Three::Permute, to, a, b, which));
    Ok(())
}

/// Operations on floats that name their rounding.
fn rounded(builder: &mut Builder, statement: &Statement<'_, '_>, first: &str) -> Result<(), Refusal> {
    let kind = Type { class: Class::Float, bits: 32 };
    let to = statement.result(builder, kind)?.place;
    let a = statement.place(builder, 1, kind)?;
    let act = match first {
        "rcp" => {
            let one = builder.constant(1.0_f32.to_bits())?;
            Act::Two(Two::FloatDiv, to, one, a)
        }
        "sqrt" => Act::One(One::FloatRoot, to, a),
        "fma" => {
            let (b, c) = (statement.place(builder, 2, kind)?, statement.place(builder, 3, kind)?);
            Act::Three(Three::FloatMulAdd, to, a, b, c)
        }
        _ => {
            let operation = match first {
                "add" => Two::FloatAdd,
                "sub" => Two::FloatSub,
                "mul" => Two::FloatMul,
                "div" => Two::FloatDiv,
                _ => return statement.unknown(builder),
            };
            Act::Two(operation, to, a, statement.place(builder, 2, kind)?)
        }
    };
    builder.push(act);
    Ok(())
}

/// Operations of one word and a type.
fn plain(builder: &mut Builder, statement: &Statement<'_, '_>, first: &str, name: &str) -> Result<(), Refusal> {
    let kind = typed(builder, statement, name)?;
    let to = statement.result(builder, kind)?.place;
    if ["not", "neg", "abs"].contains(&first) {
        return unary(builder, statement, first, kind, to);
    }
    if ["shl", "shr"].contains(&first) {
        return shift(builder, statement, first, kind, to);
    }
    let (a, b) = statement.pair(builder, kind)?;
    let act = match (kind.class, kind.is_wide()) {
        (_, true) => wide(first, kind.is_signed()).map(|operation| Act::WideTwo(operation, to, a, b)),
        (Class::Float, _) => float(first, kind.bits).map(|operation| Act::Two(operation, to, a, b)),
        (class, _) => narrow(first, class).map(|operation| Act::Two(operation, to, a, b)),
    };
    let Some(act) = act else { return statement.unknown(builder) };
    builder.push(act);
    shorten(builder, kind, to);
    Ok(())
}

fn narrow(first: &str, class: Class) -> Option<Two> {
    let signed = class == Class::Signed;
    let either = |with: Two, without: Two| Some(if signed { with } else { without });
    match first {
        "and" => Some(Two::And),
        "or" => Some(Two::Or),
        "xor" => Some(Two::Xor),
        _ if class == Class::Predicate => None,
        "add" => Some(Two::Add),
        "sub" => Some(Two::Sub),
        "div" => either(Two::DivSigned, Two::DivUnsigned),
        "rem" => either(Two::RemSigned, Two::RemUnsigned),
        "min" => either(Two::MinSigned, Two::MinUnsigned),
        "max" => either(Two::MaxSigned, Two::MaxUnsigned),
        _ => None,
    }
}

fn wide(first: &str, signed: bool) -> Option<WideTwo> {
    let either = |with: WideTwo, without: WideTwo| Some(if signed { with } else { without });
    match first {
        "add" => Some(WideTwo::Add),
        "sub" => Some(WideTwo::Sub),
        "and" => Some(WideTwo::And),
        "or" => Some(WideTwo::Or),
        "xor" => Some(WideTwo::Xor),
        "div" => either(WideTwo::DivSigned, WideTwo::DivUnsigned),
        "rem" => either(WideTwo::RemSigned, WideTwo::RemUnsigned),
        "min" => either(WideTwo::MinSigned, WideTwo::MinUnsigned),
        "max" => either(WideTwo::MaxSigned, WideTwo::MaxUnsigned),
        _ => None,
    }
}

/// Floats of 32 bits; without a rounding, additions and products are rounded to the nearest too.
fn float(first: &str, bits: u32) -> Option<Two> {
    match first {
        _ if bits != 32 => None,
        "add" => Some(Two::FloatAdd),
        "sub" => Some(Two::FloatSub),
        "mul" => Some(Two::FloatMul),
        "min" => Some(Two::FloatMin),
        "max" => Some(Two::FloatMax),
        _ => None,
    }
}

fn unary(
    builder: &mut Builder,
    statement: &Statement<'_, '_>,
    first: &str,
    kind: Type,
    to: Place,
) -> Result<(), Refusal> {
    let from = statement.extended(builder, 1, kind)?;
    let act = match (first, kind.class, kind.is_wide()) {
        ("not", Class::Float, _) | ("abs" | "neg", Class::Predicate, _) => return statement.unknown(builder),
        ("not", _, true) => Act::WideOne(WideOne::Not, to, from),
        ("not", ..) => Act::One(One::Not, to, from),
        ("neg", Class::Float, _) if kind.bits == 32 => Act::One(One::FloatNegate, to, from),
        ("abs", Class::Float, _) if kind.bits == 32 => Act::One(One::FloatAbsolute, to, from),
        (_, Class::Float | Class::Unsigned, _) => return statement.unknown(builder),
        ("neg", _, true) => Act::WideOne(WideOne::Negate, to, from),
        ("neg", ..) => Act::One(One::Negate, to, from),
        (_, _, true) => Act::WideOne(WideOne::Absolute, to, from),
        _ => Act::One(One::Absolute, to, from),
    };
    builder.push(act);
    shorten(builder, kind, to);
    Ok(())
}

fn shift(
    builder: &mut Builder,
    statement: &Statement<'_, '_>,
    first: &str,
    kind: Type,
    to: Place,
) -> Result<(), Refusal> {
    if matches!(kind.class, Class::Float | Class::Predicate) {
        return statement.unknown(builder);
    }
    let (from, signed) = (statement.extended(builder, 1, kind)?, kind.is_signed());
    let by = statement.place(builder, 2, Type { class: Class::Unsigned, bits: 32 })?;
    builder.push(match (first, kind.is_wide()) {
        ("shl", true) => Act::WideShift(WideShift::Left, to, from, by),
        ("shl", false) => Act::Two(Two::ShiftLeft, to, from, by),
        (_, true) if signed => Act::WideShift(WideShift::RightSigned, to, from, by),
        (_, true) => Act::WideShift(WideShift::RightUnsigned, to, from, by),
        _ if signed => Act::Two(Two::ShiftRightSigned, to, from, by),
        _ => Act::Two(Two::ShiftRightUnsigned, to, from, by),
    });
    shorten(builder, kind, to);
    Ok(())
}

/// A narrow number in a wide place, as its sign or zeros.
pub(super) fn widen(builder: &mut Builder, signed: bool, to: Place, from: Place) {
    builder.push(Act::Cross(if signed { Cross::WideOfSigned } else { Cross::WideOfUnsigned }, to, from));
}
