//! A module's text to its kernels.

use std::collections::HashMap;

use super::Refusal;
use super::code::{Act, COORDINATES, Instruction, Kernel, Place};
use super::lower::lower;
use super::operand::{Class, Operand, Register, Registers, Type, operand};
use super::token::Tokens;

/// The newest PTX of a driver of CUDA 12.2, and of 11.2.
const NEWEST: (u32, u32) = (8, 2);
const NEWEST_OF_OLD: (u32, u32) = (7, 2);
/// The device's compute capability.
const CAPABILITY: u32 = 75;
/// Registers of one kernel, constants with them.
const MOST_PLACES: usize = 1 << 14;

/// A kernel that is being read.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) kernel: Kernel,
    pub(super) line: u32,
    pub(super) guard: Option<(Place, bool)>,
    registers: HashMap<String, Register>,
    parameters: HashMap<String, (usize, Type)>,
    labels: HashMap<String, u32>,
    /// Jumps whose label was not there yet: the instruction, and the label.
    open: Vec<(usize, String, u32)>,
    constants: HashMap<u32, Place>,
    wide_constants: HashMap<u64, Place>,
}

impl Registers for Builder {
    fn register(&self, name: &str) -> Option<Register> {
        self.registers.get(name).copied()
    }
}

impl Builder {
    pub(super) fn refuse<T>(&self, what: impl Into<String>) -> Result<T, Refusal> {
        Err(Refusal::new(self.line, what))
    }

    /// A place that nothing else has.
    pub(super) fn fresh(&mut self, wide: bool) -> Result<Place, Refusal> {
        let count = if wide { &mut self.kernel.wide } else { &mut self.kernel.narrow };
        *count += 1;
        let place = *count - 1;
        if place >= MOST_PLACES {
            return self.refuse("more registers than the stand-in has");
        }
        Ok(Place::try_from(place).unwrap_or(0))
    }

    pub(super) fn constant(&mut self, bits: u32) -> Result<Place, Refusal> {
        if let Some(place) = self.constants.get(&bits) {
            return Ok(*place);
        }
        let place = self.fresh(false)?;
        self.constants.insert(bits, place);
        self.kernel.constants.push((place, bits));
        Ok(place)
    }

    pub(super) fn wide_constant(&mut self, bits: u64) -> Result<Place, Refusal> {
        if let Some(place) = self.wide_constants.get(&bits) {
            return Ok(*place);
        }
        let place = self.fresh(true)?;
        self.wide_constants.insert(bits, place);
        self.kernel.wide_constants.push((place, bits));
        Ok(place)
    }

    pub(super) fn push(&mut self, act: Act) {
        self.kernel.code.push(Instruction { act, guard: self.guard, line: self.line });
    }

    pub(super) fn parameter(&self, name: &str) -> Result<(usize, Type), Refusal> {
        self.parameters.get(name).copied().map_or_else(|| self.refuse(format!("the unknown parameter {name}")), Ok)
    }

    /// A jump to a label that may come later.
    pub(super) fn jump(&mut self, label: &str) {
        self.open.push((self.kernel.code.len(), label.to_owned(), self.line));
        self.push(Act::Jump(0));
    }

    fn declare(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Refusal> {
        let kind = kind(tokens)?;
        loop {
            let name = tokens.next()?;
            if tokens.take("<") {
                let count: usize = tokens.number()?;
                if count > MOST_PLACES {
                    return tokens.refuse("more registers than the stand-in has");
                }
                tokens.expect(">")?;
                for number in 0..count {
                    self.name(format!("{name}{number}"), kind)?;
                }
            } else {
                self.name(name.to_owned(), kind)?;
            }
            if !tokens.take(",") {
                return tokens.expect(";");
            }
        }
    }

    fn name(&mut self, name: String, kind: Type) -> Result<(), Refusal> {
        let place = self.fresh(kind.is_wide())?;
        self.registers.insert(name, Register { place, kind });
        Ok(())
    }

    fn statement(&mut self, tokens: &mut Tokens<'_>) -> Result<(), Refusal> {
        self.line = tokens.line();
        self.guard = None;
        if tokens.take("@") {
            let negated = tokens.take("!");
            let name = tokens.next()?;
            let found = self.register(name).filter(|found| found.kind.class == Class::Predicate);
            let Some(found) = found else { return self.refuse(format!("{name} is no predicate")) };
            self.guard = Some((found.place, negated));
        }
        let word = tokens.next()?;
        if word == ".reg" {
            return self.declare(tokens);
        }
        // Advice to a compiler, of which there is none.
        if word == ".pragma" {
            tokens.expect("\"nounroll\"")?;
            return tokens.expect(";");
        }
        if self.guard.is_none() && tokens.take(":") {
            let next = u32::try_from(self.kernel.code.len()).unwrap_or(u32::MAX);
            return match self.labels.insert(word.to_owned(), next) {
                None => Ok(()),
                Some(_) => self.refuse(format!("the label {word} stands twice")),
            };
        }
        let mut operands = Vec::new();
        if tokens.peek() != Some(";") {
            operands.push(operand(tokens, self)?);
            while tokens.take(",") {
                operands.push(operand(tokens, self)?);
            }
        }
        tokens.expect(";")?;
        lower(self, word, &operands)
    }

    fn finish(mut self) -> Result<Kernel, Refusal> {
        self.guard = None;
        self.push(Act::Return);
        for (at, label, line) in std::mem::take(&mut self.open) {
            let Some(to) = self.labels.get(&label) else {
                return Err(Refusal::new(line, format!("the label {label} is nowhere")));
            };
            self.kernel.code[at].act = Act::Jump(*to);
        }
        Ok(self.kernel)
    }
}

fn kind(tokens: &mut Tokens<'_>) -> Result<Type, Refusal> {
    let text = tokens.next()?;
    let found = text.strip_prefix('.').and_then(Type::named);
    found.map_or_else(|| tokens.refuse(format!("the type {text}")), Ok)
}

/// Reads a kernel from its name on.
fn kernel(tokens: &mut Tokens<'_>) -> Result<Kernel, Refusal> {
    let mut builder = Builder::default();
    tokens.next()?.clone_into(&mut builder.kernel.name);
    builder.kernel.narrow = COORDINATES.len();
    tokens.expect("(")?;
    let mut end = 0;
    while !tokens.take(")") {
        tokens.expect(".param")?;
        let kind = kind(tokens)?;
        let size = usize::from(kind.bytes());
        let first = usize::next_multiple_of(end, size);
        end = first + size;
        builder.parameters.insert(tokens.next()?.to_owned(), (first, kind));
        builder.kernel.parameters.push((first, size));
        if tokens.peek() != Some(")") {
            tokens.expect(",")?;
        }
    }
    tokens.expect("{")?;
    while !tokens.take("}") {
        builder.statement(tokens)?;
    }
    builder.finish()
}

fn version(tokens: &mut Tokens<'_>, old_driver: bool) -> Result<(), Refusal> {
    let line = tokens.line();
    let text = tokens.next()?;
    let parts = text.split_once('.').and_then(|(whole, part)| Some((whole.parse().ok()?, part.parse().ok()?)));
    let Some(version) = parts else { return tokens.refuse(format!("the version {text}")) };
    let newest = if old_driver { NEWEST_OF_OLD } else { NEWEST };
    if version > newest {
        let what = format!("PTX {text}, of which the driver knows {}.{} at most", newest.0, newest.1);
        return Err(Refusal { newer: true, ..Refusal::new(line, what) });
    }
    Ok(())
}

fn target(tokens: &mut Tokens<'_>) -> Result<(), Refusal> {
    let text = tokens.next()?;
    match text.strip_prefix("sm_").and_then(|number| number.parse::<u32>().ok()) {
        Some(number) if number <= CAPABILITY => Ok(()),
        _ => tokens.refuse(format!("the target {text}; the device is of sm_{CAPABILITY}")),
    }
}

/// Reads a module.
pub(crate) fn parse(text: &str, old_driver: bool) -> Result<Vec<Kernel>, Refusal> {
    let mut tokens = Tokens::of(text)?;
    let mut kernels = Vec::new();
    tokens.expect(".version")?;
    version(&mut tokens, old_driver)?;
    tokens.expect(".target")?;
    target(&mut tokens)?;
    while let Some(word) = tokens.peek() {
        tokens.next()?;
        match word {
            ".address_size" => tokens.expect("64")?,
            ".visible" => {}
            ".entry" => kernels.push(kernel(&mut tokens)?),
            other => return tokens.refuse(format!("{other}, which the stand-in does not know")),
        }
    }
    Ok(kernels)
}

/// A name where an operand should be.
pub(super) fn label<'a>(builder: &Builder, operand: Option<&Operand<'a>>) -> Result<&'a str, Refusal> {
    match operand {
        Some(Operand::Name(name)) => Ok(name),
        _ => builder.refuse("a jump that does not say where to"),
    }
}
