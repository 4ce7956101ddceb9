//! `setp`: comparisons of numbers and floats, those that a NaN makes true included.

use super::Refusal;
use super::code::{Act, Place, Two, WideCompare};
use super::lower::Statement;
use super::operand::{Class, Type};
use super::parse::Builder;

/// Adds a comparison.
pub(super) fn lower(
    builder: &mut Builder,
    statement: &Statement<'_, '_>,
    test: &str,
    name: &str,
) -> Result<(), Refusal> {
    let Some(kind) = Type::named(name).filter(|kind| kind.bits >= 16 && kind.class != Class::Predicate) else {
        return statement.unknown(builder);
    };
    let to = statement.result(builder, Type { class: Class::Predicate, bits: 32 })?;
    let (a, b) = statement.pair(builder, kind)?;
    let act = match kind.class {
        Class::Float if kind.bits == 32 => float(test, to.place, a, b),
        Class::Float => None,
        _ if kind.is_wide() => wide(test, kind.is_signed(), to.place, a, b),
        _ => narrow(test, kind.is_signed(), to.place, a, b),
    };
    let Some(act) = act else { return statement.unknown(builder) };
    builder.push(act);
    Ok(())
}

fn narrow(test: &str, signed: bool, to: Place, a: Place, b: Place) -> Option<Act> {
    let (less, most) =
        if signed { (Two::LessSigned, Two::AtMostSigned) } else { (Two::LessUnsigned, Two::AtMostUnsigned) };
    Some(match test {
        "eq" => Act::Two(Two::Equal, to, a, b),
        "ne" => Act::Two(Two::NotEqual, to, a, b),
        "lt" => Act::Two(less, to, a, b),
        "le" => Act::Two(most, to, a, b),
        "gt" => Act::Two(less, to, b, a),
        "ge" => Act::Two(most, to, b, a),
        "lo" if !signed => Act::Two(less, to, a, b),
        "ls" if !signed => Act::Two(most, to, a, b),
        "hi" if !signed => Act::Two(less, to, b, a),
        "hs" if !signed => Act::Two(most, to, b, a),
        _ => return None,
    })
}

fn wide(test: &str, signed: bool, to: Place, a: Place, b: Place) -> Option<Act> {
    let Act::Two(test, to, a, b) = narrow(test, signed, to, a, b)? else { return None };
    let test = match test {
        Two::Equal => WideCompare::Equal,
        Two::NotEqual => WideCompare::NotEqual,
        Two::LessSigned => WideCompare::LessSigned,
        Two::LessUnsigned => WideCompare::LessUnsigned,
        Two::AtMostSigned => WideCompare::AtMostSigned,
        _ => WideCompare::AtMostUnsigned,
    };
    Some(Act::WideCompare(test, to, a, b))
}

fn float(test: &str, to: Place, a: Place, b: Place) -> Option<Act> {
    let (test, a, b) = match test {
        "eq" => (Two::FloatEqual, a, b),
        "equ" => (Two::FloatEqualOrNan, a, b),
        "ne" => (Two::FloatOther, a, b),
        "neu" => (Two::FloatOtherOrNan, a, b),
        "lt" => (Two::FloatLess, a, b),
        "ltu" => (Two::FloatLessOrNan, a, b),
        "le" => (Two::FloatAtMost, a, b),
        "leu" => (Two::FloatAtMostOrNan, a, b),
        "gt" => (Two::FloatLess, b, a),
        "gtu" => (Two::FloatLessOrNan, b, a),
        "ge" => (Two::FloatAtMost, b, a),
        "geu" => (Two::FloatAtMostOrNan, b, a),
        "num" => (Two::BothNumbers, a, b),
        "nan" => (Two::EitherNan, a, b),
        _ => return None,
    };
    Some(Act::Two(test, to, a, b))
}
