//! One instruction for all threads of a warp.

use super::code::{Act, Cross, Kernel, One, Place, Rounding, Three, Two, WideCompare, WideOne, WideShift, WideTwo};
use super::number::{below, canonical, field, float_of, half_of, permuted, rounded, truth};

/// Threads of a warp.
pub(super) const WARP: usize = 32;

pub(super) type Narrow = [u32; WARP];
pub(super) type Wide = [u64; WARP];

/// Bit `i` at `i`.
const BITS: Narrow = {
    let mut bits = [0; WARP];
    let mut at = 0;
    while at < WARP {
        bits[at] = 1 << at;
        at += 1;
    }
    bits
};

/// Which threads take part: a bit of each, and the same as all bits of its place.
#[derive(Clone, Copy)]
pub(super) struct Active {
    pub(super) bits: u32,
    lanes: Narrow,
}

impl Active {
    #[inline(always)]
    pub(super) fn of(bits: u32) -> Self {
        let mut lanes = BITS;
        for lane in &mut lanes {
            *lane = if bits & *lane == 0 { 0 } else { u32::MAX };
        }
        Self { bits, lanes }
    }

    /// The numbers of the threads.
    pub(super) fn threads(&self) -> impl Iterator<Item = usize> {
        let mut left = self.bits;
        std::iter::from_fn(move || {
            let next = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (next < 32).then_some(next as usize)
        })
    }
}

/// The bits of a predicate's place.
#[inline(always)]
pub(super) fn bits(predicate: &Narrow) -> u32 {
    predicate.iter().zip(&BITS).fold(0, |all, (lane, bit)| all | lane & bit)
}

/// The places of a warp.
pub(super) struct Lanes {
    pub(super) narrow: Vec<Narrow>,
    pub(super) wide: Vec<Wide>,
}

impl Lanes {
    /// With the kernel's constants in their places.
    pub(super) fn new(kernel: &Kernel) -> Self {
        let mut lanes = Self { narrow: vec![[0; WARP]; kernel.narrow], wide: vec![[0; WARP]; kernel.wide] };
        for (place, bits) in &kernel.constants {
            lanes.narrow[usize::from(*place)] = [*bits; WARP];
        }
        for (place, bits) in &kernel.wide_constants {
            lanes.wide[usize::from(*place)] = [*bits; WARP];
        }
        lanes
    }

    #[inline(always)]
    fn put(&mut self, to: Place, active: &Active, values: &Narrow) {
        if active.bits == u32::MAX {
            self.narrow[usize::from(to)] = *values;
            return;
        }
        for ((to, value), on) in self.narrow[usize::from(to)].iter_mut().zip(values).zip(&active.lanes) {
            *to = value & on | *to & !on;
        }
    }

    #[inline(always)]
    fn put_wide(&mut self, to: Place, active: &Active, values: &Wide) {
        if active.bits == u32::MAX {
            self.wide[usize::from(to)] = *values;
            return;
        }
        for ((to, value), on) in self.wide[usize::from(to)].iter_mut().zip(values).zip(&active.lanes) {
            let on = i64::from(on.cast_signed()).cast_unsigned();
            *to = value & on | *to & !on;
        }
    }

    /// A value for each thread.
    #[inline(always)]
    pub(super) fn set(&mut self, to: Place, value: u32) {
        self.narrow[usize::from(to)] = [value; WARP];
    }

    #[inline(always)]
    fn one(&mut self, to: Place, a: Place, active: &Active, each: impl Fn(u32) -> u32) {
        let mut values = [0; WARP];
        for (value, a) in values.iter_mut().zip(&self.narrow[usize::from(a)]) {
            *value = each(*a);
        }
        self.put(to, active, &values);
    }

    #[inline(always)]
    fn two(&mut self, (to, a, b): (Place, Place, Place), active: &Active, each: impl Fn(u32, u32) -> u32) {
        let mut values = [0; WARP];
        let (a, b) = (&self.narrow[usize::from(a)], &self.narrow[usize::from(b)]);
        for ((value, a), b) in values.iter_mut().zip(a).zip(b) {
            *value = each(*a, *b);
        }
        self.put(to, active, &values);
    }

    #[inline(always)]
    fn floats(&mut self, places: (Place, Place, Place), active: &Active, each: impl Fn(f32, f32) -> f32) {
        self.two(places, active, |a, b| canonical(each(f32::from_bits(a), f32::from_bits(b))));
    }

    #[inline(always)]
    fn test(&mut self, places: (Place, Place, Place), active: &Active, each: impl Fn(f32, f32) -> bool) {
        self.two(places, active, |a, b| truth(each(f32::from_bits(a), f32::from_bits(b))));
    }

    #[inline(always)]
    fn three(&mut self, to: Place, from: [Place; 3], active: &Active, each: impl Fn(u32, u32, u32) -> u32) {
        let mut values = [0; WARP];
        let [a, b, c] = from.map(|place| &self.narrow[usize::from(place)]);
        for (((value, a), b), c) in values.iter_mut().zip(a).zip(b).zip(c) {
            *value = each(*a, *b, *c);
        }
        self.put(to, active, &values);
    }

    #[inline(always)]
    fn wide_two(&mut self, (to, a, b): (Place, Place, Place), active: &Active, each: impl Fn(u64, u64) -> u64) {
        let mut values = [0; WARP];
        let (a, b) = (&self.wide[usize::from(a)], &self.wide[usize::from(b)]);
        for ((value, a), b) in values.iter_mut().zip(a).zip(b) {
            *value = each(*a, *b);
        }
        self.put_wide(to, active, &values);
    }

    #[inline(always)]
    fn wide_one(&mut self, to: Place, a: Place, active: &Active, each: impl Fn(u64) -> u64) {
        let mut values = [0; WARP];
        for (value, a) in values.iter_mut().zip(&self.wide[usize::from(a)]) {
            *value = each(*a);
        }
        self.put_wide(to, active, &values);
    }

    #[inline(always)]
    fn compare(&mut self, (to, a, b): (Place, Place, Place), active: &Active, each: impl Fn(u64, u64) -> bool) {
        let mut values = [0; WARP];
        let (a, b) = (&self.wide[usize::from(a)], &self.wide[usize::from(b)]);
        for ((value, a), b) in values.iter_mut().zip(a).zip(b) {
            *value = truth(each(*a, *b));
        }
        self.put(to, active, &values);
    }

    #[inline(always)]
    fn shift(&mut self, (to, a, by): (Place, Place, Place), active: &Active, each: impl Fn(u64, u32) -> u64) {
        let mut values = [0; WARP];
        let (a, by) = (&self.wide[usize::from(a)], &self.narrow[usize::from(by)]);
        for ((value, a), by) in values.iter_mut().zip(a).zip(by) {
            *value = each(*a, *by);
        }
        self.put_wide(to, active, &values);
    }

    #[inline(always)]
    fn product(&mut self, (to, a, b): (Place, Place, Place), active: &Active, each: impl Fn(u32, u32) -> u64) {
        let mut values = [0; WARP];
        let (a, b) = (&self.narrow[usize::from(a)], &self.narrow[usize::from(b)]);
        for ((value, a), b) in values.iter_mut().zip(a).zip(b) {
            *value = each(*a, *b);
        }
        self.put_wide(to, active, &values);
    }

    /// Does what touches no memory and jumps nowhere.
    #[inline(always)]
    pub(super) fn act(&mut self, act: &Act, active: &Active) {
        match *act {
            Act::One(act, to, a) => self.act_one(act, to, a, active),
            Act::Two(act, to, a, b) => self.act_two(act, (to, a, b), active),
            Act::Three(act, to, a, b, c) => self.act_three(act, to, [a, b, c], active),
            Act::WideOne(act, to, a) => match act {
                WideOne::Move => self.wide_one(to, a, active, |a| a),
                WideOne::Not => self.wide_one(to, a, active, |a| !a),
                WideOne::Negate => self.wide_one(to, a, active, u64::wrapping_neg),
                WideOne::Absolute => {
                    self.wide_one(to, a, active, |a| a.cast_signed().wrapping_abs().cast_unsigned());
                }
            },
            Act::WideTwo(act, to, a, b) => self.act_wide(act, (to, a, b), active),
            Act::WideCompare(test, to, a, b) => match test {
                WideCompare::Equal => self.compare((to, a, b), active, |a, b| a == b),
                WideCompare::NotEqual => self.compare((to, a, b), active, |a, b| a != b),
                WideCompare::LessSigned => self.compare((to, a, b), active, |a, b| a.cast_signed() < b.cast_signed()),
                WideCompare::LessUnsigned => self.compare((to, a, b), active, |a, b| a < b),
                WideCompare::AtMostSigned => {
                    self.compare((to, a, b), active, |a, b| a.cast_signed() <= b.cast_signed());
                }
                WideCompare::AtMostUnsigned => self.compare((to, a, b), active, |a, b| a <= b),
            },
            Act::WideShift(act, to, a, by) => match act {
                WideShift::Left => self.shift((to, a, by), active, |a, by| a.checked_shl(by).unwrap_or(0)),
                WideShift::RightUnsigned => self.shift((to, a, by), active, |a, by| a.checked_shr(by).unwrap_or(0)),
                WideShift::RightSigned => {
                    self.shift((to, a, by), active, |a, by| (a.cast_signed() >> by.min(63)).cast_unsigned());
                }
            },
            Act::WideSelect(to, a, b, which) => self.wide_select(to, [a, b], which, active),
            Act::MulWide(false, to, a, b) => self.product((to, a, b), active, |a, b| u64::from(a) * u64::from(b)),
            Act::MulWide(true, to, a, b) => self.product((to, a, b), active, |a, b| {
                (i64::from(a.cast_signed()) * i64::from(b.cast_signed())).cast_unsigned()
            }),
            Act::Cross(act, to, a) => self.cross(act, to, a, active),
            Act::Load(..) | Act::Store(..) | Act::Parameter(..) | Act::Jump(_) | Act::Return => {}
        }
    }

    #[inline(always)]
    fn act_one(&mut self, act: One, to: Place, a: Place, on: &Active) {
        match act {
            One::Move => self.one(to, a, on, |a| a),
            One::Not => self.one(to, a, on, |a| !a),
            One::Negate => self.one(to, a, on, u32::wrapping_neg),
            One::Absolute => self.one(to, a, on, |a| a.cast_signed().wrapping_abs().cast_unsigned()),
            One::FloatNegate => self.one(to, a, on, |a| a ^ 1 << 31),
            One::FloatAbsolute => self.one(to, a, on, |a| a & !(1 << 31)),
            One::FloatRoot => self.one(to, a, on, |a| canonical(f32::from_bits(a).sqrt())),
            One::Lowest(bits) => self.one(to, a, on, |a| a & (u32::MAX >> (32 - bits))),
            One::LowestSigned(bits) => {
                self.one(to, a, on, |a| ((a << (32 - bits)).cast_signed() >> (32 - bits)).cast_unsigned());
            }
            One::FloatOfSigned => self.one(to, a, on, |a| (a.cast_signed() as f32).to_bits()),
            One::FloatOfUnsigned => self.one(to, a, on, |a| (a as f32).to_bits()),
            // The casts stop at the type's ends and give 0 for a NaN, as PTX does.
            One::SignedOfFloat(Rounding::Zero) => {
                self.one(to, a, on, |a| (f32::from_bits(a) as i32).cast_unsigned());
            }
            One::SignedOfFloat(way) => {
                self.one(to, a, on, |a| (rounded(f32::from_bits(a), way) as i32).cast_unsigned());
            }
            One::UnsignedOfFloat(way) => self.one(to, a, on, |a| rounded(f32::from_bits(a), way) as u32),
            One::FloatRounded(way) => self.one(to, a, on, |a| canonical(rounded(f32::from_bits(a), way))),
            One::FloatSaturated => self.one(to, a, on, |a| {
                let a = f32::from_bits(a);
                // A NaN fails the test, and a zero loses its sign.
                if a > 0.0 { a.min(1.0).to_bits() } else { 0 }
            }),
            One::HalfOfFloat => self.one(to, a, on, half_of),
            One::FloatOfHalf => self.one(to, a, on, float_of),
        }
    }

    #[inline(always)]
    fn act_two(&mut self, act: Two, at: (Place, Place, Place), on: &Active) {
        let s = u32::cast_signed;
        match act {
            Two::Add => self.two(at, on, u32::wrapping_add),
            Two::Sub => self.two(at, on, u32::wrapping_sub),
            Two::Mul => self.two(at, on, u32::wrapping_mul),
            Two::MulHighSigned => self.two(at, on, |a, b| ((i64::from(s(a)) * i64::from(s(b))) >> 32) as u32),
            Two::MulHighUnsigned => self.two(at, on, |a, b| ((u64::from(a) * u64::from(b)) >> 32) as u32),
            // What comes of a division by zero is open; devices give all bits and, as the rest, the number itself.
            Two::DivSigned => {
                self.two(at, on, |a, b| if b == 0 { u32::MAX } else { s(a).wrapping_div(s(b)).cast_unsigned() });
            }
            Two::DivUnsigned => self.two(at, on, |a, b| a.checked_div(b).unwrap_or(u32::MAX)),
            Two::RemSigned => {
                self.two(at, on, |a, b| if b == 0 { a } else { s(a).wrapping_rem(s(b)).cast_unsigned() });
            }
            Two::RemUnsigned => self.two(at, on, |a, b| a.checked_rem(b).unwrap_or(a)),
            Two::MinSigned => self.two(at, on, |a, b| s(a).min(s(b)).cast_unsigned()),
            Two::MinUnsigned => self.two(at, on, u32::min),
            Two::MaxSigned => self.two(at, on, |a, b| s(a).max(s(b)).cast_unsigned()),
            Two::MaxUnsigned => self.two(at, on, u32::max),
            Two::And => self.two(at, on, |a, b| a & b),
            Two::Or => self.two(at, on, |a, b| a | b),
            Two::Xor => self.two(at, on, |a, b| a ^ b),
            Two::ShiftLeft => self.two(at, on, |a, b| a.checked_shl(b).unwrap_or(0)),
            Two::ShiftRightSigned => self.two(at, on, |a, b| (s(a) >> b.min(31)).cast_unsigned()),
            Two::ShiftRightUnsigned => self.two(at, on, |a, b| a.checked_shr(b).unwrap_or(0)),
            Two::FloatAdd => self.floats(at, on, |a, b| a + b),
            Two::FloatSub => self.floats(at, on, |a, b| a - b),
            Two::FloatMul => self.floats(at, on, |a, b| a * b),
            Two::FloatDiv => self.floats(at, on, |a, b| a / b),
            Two::FloatMin => self.floats(at, on, |a, b| if a.is_nan() || below(b, a) { b } else { a }),
            Two::FloatMax => self.floats(at, on, |a, b| if a.is_nan() || below(a, b) { b } else { a }),
            Two::Equal => self.two(at, on, |a, b| truth(a == b)),
            Two::NotEqual => self.two(at, on, |a, b| truth(a != b)),
            Two::LessSigned => self.two(at, on, |a, b| truth(s(a) < s(b))),
            Two::LessUnsigned => self.two(at, on, |a, b| truth(a < b)),
            Two::AtMostSigned => self.two(at, on, |a, b| truth(s(a) <= s(b))),
            Two::AtMostUnsigned => self.two(at, on, |a, b| truth(a <= b)),
            Two::FloatEqual => self.test(at, on, |a, b| a == b),
            Two::FloatEqualOrNan => self.test(at, on, |a, b| a == b || a.is_nan() || b.is_nan()),
            Two::FloatOther => self.test(at, on, |a, b| a != b && !a.is_nan() && !b.is_nan()),
            Two::FloatOtherOrNan => self.test(at, on, |a, b| a != b),
            Two::FloatLess => self.test(at, on, |a, b| a < b),
            Two::FloatLessOrNan => self.test(at, on, |a, b| a < b || a.is_nan() || b.is_nan()),
            Two::FloatAtMost => self.test(at, on, |a, b| a <= b),
            Two::FloatAtMostOrNan => self.test(at, on, |a, b| a <= b || a.is_nan() || b.is_nan()),
            Two::BothNumbers => self.test(at, on, |a, b| !a.is_nan() && !b.is_nan()),
            Two::EitherNan => self.test(at, on, |a, b| a.is_nan() || b.is_nan()),
        }
    }

    #[inline(always)]
    fn act_three(&mut self, act: Three, to: Place, from: [Place; 3], on: &Active) {
        let f = f32::from_bits;
        match act {
            Three::MulAdd => self.three(to, from, on, |a, b, c| a.wrapping_mul(b).wrapping_add(c)),
            Three::Select => self.three(to, from, on, |a, b, which| a & which | b & !which),
            Three::FloatMulAdd => self.three(to, from, on, |a, b, c| canonical(f(a).mul_add(f(b), f(c)))),
            Three::FieldSigned => self.three(to, from, on, |a, at, count| field(a, at & 255, count & 255, true)),
            Three::FieldUnsigned => self.three(to, from, on, |a, at, count| field(a, at & 255, count & 255, false)),
            Three::Permute => self.three(to, from, on, permuted),
        }
    }

    #[inline(always)]
    fn act_wide(&mut self, act: WideTwo, at: (Place, Place, Place), on: &Active) {
        let s = u64::cast_signed;
        match act {
            WideTwo::Add => self.wide_two(at, on, u64::wrapping_add),
            WideTwo::Sub => self.wide_two(at, on, u64::wrapping_sub),
            WideTwo::Mul => self.wide_two(at, on, u64::wrapping_mul),
            WideTwo::DivSigned => {
                self.wide_two(at, on, |a, b| if b == 0 { u64::MAX } else { s(a).wrapping_div(s(b)).cast_unsigned() });
            }
            WideTwo::DivUnsigned => self.wide_two(at, on, |a, b| a.checked_div(b).unwrap_or(u64::MAX)),
            WideTwo::RemSigned => {
                self.wide_two(at, on, |a, b| if b == 0 { a } else { s(a).wrapping_rem(s(b)).cast_unsigned() });
            }
            WideTwo::RemUnsigned => self.wide_two(at, on, |a, b| a.checked_rem(b).unwrap_or(a)),
            WideTwo::MinSigned => self.wide_two(at, on, |a, b| s(a).min(s(b)).cast_unsigned()),
            WideTwo::MinUnsigned => self.wide_two(at, on, u64::min),
            WideTwo::MaxSigned => self.wide_two(at, on, |a, b| s(a).max(s(b)).cast_unsigned()),
            WideTwo::MaxUnsigned => self.wide_two(at, on, u64::max),
            WideTwo::And => self.wide_two(at, on, |a, b| a & b),
            WideTwo::Or => self.wide_two(at, on, |a, b| a | b),
            WideTwo::Xor => self.wide_two(at, on, |a, b| a ^ b),
        }
    }

    #[inline(always)]
    fn wide_select(&mut self, to: Place, from: [Place; 2], which: Place, on: &Active) {
        let [a, b] = from.map(|place| self.wide[usize::from(place)]);
        let mut values = [0; WARP];
        for (((value, a), b), which) in values.iter_mut().zip(a).zip(b).zip(&self.narrow[usize::from(which)]) {
            *value = if *which == 0 { b } else { a };
        }
        self.put_wide(to, on, &values);
    }

    #[inline(always)]
    fn cross(&mut self, act: Cross, to: Place, a: Place, on: &Active) {
        let narrow = |to_number: fn(u64) -> u32| {
            let mut values = [0; WARP];
            for (value, a) in values.iter_mut().zip(&self.wide[usize::from(a)]) {
                *value = to_number(*a);
            }
            values
        };
        let values = match act {
            Cross::WideOfSigned => {
                return self.product((to, a, a), on, |a, _| i64::from(a.cast_signed()).cast_unsigned());
            }
            Cross::WideOfUnsigned => return self.product((to, a, a), on, |a, _| u64::from(a)),
            Cross::Low => narrow(|a| a as u32),
            Cross::FloatOfSigned => narrow(|a| (a.cast_signed() as f32).to_bits()),
            Cross::FloatOfUnsigned => narrow(|a| (a as f32).to_bits()),
        };
        self.put(to, on, &values);
    }
}
