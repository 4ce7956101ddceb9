//! Types, registers and operands.

use super::Refusal;
use super::code::{COORDINATES, Place};
use super::token::Tokens;

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Predicate,
    /// Bits, and whole numbers without a sign.
    Unsigned,
    Signed,
    Float,
}

/// A type: its class and its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) class: Class,
    pub(super) bits: u32,
}

impl Type {
    /// The type of that name, without its dot.
    pub(super) fn named(name: &str) -> Option<Self> {
        if name == "pred" {
            return Some(Self { class: Class::Predicate, bits: 32 });
        }
        let bits = name.get(1..)?.parse().ok()?;
        let class = match name.as_bytes().first()? {
            b'u' | b'b' if [8, 16, 32, 64].contains(&bits) => Class::Unsigned,
            b's' if [8, 16, 32, 64].contains(&bits) => Class::Signed,
            b'f' if [16, 32].contains(&bits) => Class::Float,
            _ => return None,
        };
        Some(Self { class, bits })
    }

    pub(super) fn is_wide(self) -> bool {
        self.bits == 64
    }

    /// Whether a register of this type holds numbers of that one.
    pub(super) fn goes_with(self, other: Self) -> bool {
        self.bits == other.bits && (self.class == Class::Predicate) == (other.class == Class::Predicate)
    }

    pub(super) fn is_signed(self) -> bool {
        self.class == Class::Signed
    }

    pub(super) fn bytes(self) -> u8 {
        u8::try_from(self.bits / 8).unwrap_or(8)
    }
}

/// A register and its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Register {
    pub(super) place: Place,
    pub(super) kind: Type,
}

/// An operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand<'a> {
    Register(Register),
    /// A whole number's bits.
    Number(u64),
    /// A float's bits.
    Float(u32),
    Name(&'a str),
    Vector(Vec<Register>),
    Address(Base<'a>, i64),
}

/// What an address is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base<'a> {
    Register(Register),
    Parameter(&'a str),
}

/// Registers by name.
pub(super) trait Registers {
    fn register(&self, name: &str) -> Option<Register>;

    /// As [`Registers::register`], with the thread's coordinates.
    fn readable(&self, name: &str) -> Option<Register> {
        let coordinate = COORDINATES.iter().position(|known| *known == name);
        let place = coordinate.and_then(|place| Place::try_from(place).ok());
        place
            .map(|place| Register { place, kind: Type { class: Class::Unsigned, bits: 32 } })
            .or_else(|| self.register(name))
    }
}

fn whole(text: &str) -> Option<u64> {
    let digits = text.strip_suffix(['U', 'u']).unwrap_or(text);
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

fn register<'a>(tokens: &mut Tokens<'a>, all: &impl Registers) -> Result<Register, Refusal> {
    let name = tokens.next()?;
    all.readable(name).map_or_else(|| tokens.refuse(format!("the unknown register {name}")), Ok)
}

/// Takes an operand.
pub(super) fn operand<'a>(tokens: &mut Tokens<'a>, all: &impl Registers) -> Result<Operand<'a>, Refusal> {
    if tokens.take("{") {
        let mut list = vec![register(tokens, all)?];
        while tokens.take(",") {
            list.push(register(tokens, all)?);
        }
        tokens.expect("}")?;
        return Ok(Operand::Vector(list));
    }
    if tokens.take("[") {
        return address(tokens, all);
    }
    let negative = tokens.take("-");
    let text = tokens.next()?;
    if let Some(hex) = text.strip_prefix("0f").or_else(|| text.strip_prefix("0F")) {
        let bits = u32::from_str_radix(hex, 16).ok();
        return bits.map_or_else(|| tokens.refuse(format!("the float {text}")), |bits| Ok(Operand::Float(bits)));
    }
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        let number = whole(text).map(|number| if negative { number.wrapping_neg() } else { number });
        return number
            .map_or_else(|| tokens.refuse(format!("the number {text}")), |number| Ok(Operand::Number(number)));
    }
    if text.starts_with('%') {
        let found = all.readable(text).map(Operand::Register);
        return found.map_or_else(|| tokens.refuse(format!("the unknown register {text}")), Ok);
    }
    Ok(Operand::Name(text))
}

fn address<'a>(tokens: &mut Tokens<'a>, all: &impl Registers) -> Result<Operand<'a>, Refusal> {
    let name = tokens.next()?;
    let base = match all.register(name) {
        Some(found) if found.kind.is_wide() => Base::Register(found),
        Some(_) => return tokens.refuse("an address of fewer than 64 bits"),
        None if name.starts_with('%') => return tokens.refuse(format!("the unknown register {name}")),
        None => Base::Parameter(name),
    };
    let mut offset = 0;
    if tokens.peek() != Some("]") {
        // Both `+8` and `+-8` are written.
        let plus = tokens.take("+");
        let minus = tokens.take("-");
        if !plus && !minus {
            tokens.expect("]")?;
        }
        let number: u32 = tokens.number()?;
        offset = if minus { -i64::from(number) } else { i64::from(number) };
    }
    tokens.expect("]")?;
    Ok(Operand::Address(base, offset))
}
