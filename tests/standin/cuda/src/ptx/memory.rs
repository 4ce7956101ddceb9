//! `ld` and `st`: parameters, and device memory by addresses with and without a named space.

use super::Refusal;
use super::code::{Access, Act, One, WideOne};
use super::lower::Statement;
use super::operand::{Base, Class, Operand, Register, Type};
use super::parse::Builder;

/// Adds a load or a store.
pub(super) fn lower(builder: &mut Builder, load: bool, statement: &Statement<'_, '_>) -> Result<(), Refusal> {
    let (parameter, words) = match statement.words.as_slice() {
        ["param", rest @ ..] if load => (true, rest),
        // That the memory is not written meanwhile is a promise which the stand-in has no use for.
        ["global", "nc", rest @ ..] if load => (false, rest),
        ["global", rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (count, name) = match words {
        ["v2", name] => (2, name),
        ["v4", name] => (4, name),
        [name] => (1, name),
        _ => return statement.unknown(builder),
    };
    let Some(kind) = Type::named(name).filter(|kind| kind.class != Class::Predicate) else {
        return statement.unknown(builder);
    };
    let values = values(builder, load, statement, kind, count)?;
    let Some(Operand::Address(base, offset)) = statement.operands.get(usize::from(load)) else {
        return builder.refuse("no address");
    };
    let mut base = *base;
    if let Base::Register(address) = &mut base
        && load
        && values.len() > 1
    {
        // The first value may go into the very register that the others are found by.
        let kept = builder.fresh(true)?;
        builder.push(Act::WideOne(WideOne::Move, kept, address.place));
        address.place = kept;
    }
    let size = kind.bytes();
    let mut aligned = u8::try_from(count).unwrap_or(1) * size;
    let mut offset = *offset;
    for value in values {
        let access = Access { size, aligned, signed: kind.is_signed(), wide: value.kind.is_wide(), offset };
        one(builder, load, parameter, base, access, value)?;
        (aligned, offset) = (size, offset + i64::from(size));
    }
    Ok(())
}

/// The registers that are loaded or stored; they may be wider than the type.
fn values(
    builder: &mut Builder,
    load: bool,
    statement: &Statement<'_, '_>,
    kind: Type,
    count: usize,
) -> Result<Vec<Register>, Refusal> {
    let values = match statement.operands.get(usize::from(!load)) {
        Some(Operand::Vector(list)) if list.len() == count && count > 1 => list.clone(),
        Some(Operand::Register(one)) if count == 1 => vec![*one],
        // A constant is stored from its place.
        Some(Operand::Number(_) | Operand::Float(_)) if count == 1 && !load => {
            let kind = if kind.bits == 8 { Type { bits: 16, ..kind } } else { kind };
            vec![Register { place: statement.place(builder, 1, kind)?, kind }]
        }
        _ => return builder.refuse("what is loaded or stored does not go with the type"),
    };
    let holds = |value: &Register| value.kind.bits >= kind.bits.max(16) && value.kind.class != Class::Predicate;
    if values.iter().all(holds) { Ok(values) } else { builder.refuse("a register that is too small for the type") }
}

fn one(
    builder: &mut Builder,
    load: bool,
    parameter: bool,
    base: Base<'_>,
    access: Access,
    value: Register,
) -> Result<(), Refusal> {
    let act = match base {
        Base::Parameter(name) if parameter => {
            let (first, kind) = builder.parameter(name)?;
            if access.offset < 0 || access.offset + i64::from(access.size) > i64::from(kind.bytes()) {
                return builder.refuse(format!("a load beyond the parameter {name}"));
            }
            let offset = access.offset + i64::try_from(first).unwrap_or(0);
            Act::Parameter(Access { offset, ..access }, value.place)
        }
        Base::Register(address) if !parameter && load => Act::Load(access, value.place, address.place),
        Base::Register(address) if !parameter => Act::Store(access, value.place, address.place),
        _ => return builder.refuse("an address in a space that the stand-in does not have"),
    };
    builder.push(act);
    // What 16 bit registers hold has no upper bits.
    if load && access.signed && value.kind.bits == 16 {
        builder.push(Act::One(One::Lowest(16), value.place, value.place));
    }
    Ok(())
}
