//! Kernels as they are run: instructions on numbered places.
//!
//! Each place holds a value for each thread of a warp. Numbers of up to 32 bits, floats and predicates (all bits set, or none) stand in
//! narrow places, those of 64 in wide ones. Constants and the thread's coordinates have places of their own, so that no
//! instruction has to look where its numbers come from. What 16 bit registers hold has no upper bits.

/// A place's number.
pub(super) type Place = u16;

/// From two narrow places to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Two {
    Add,
    Sub,
    Mul,
    MulHighSigned,
    MulHighUnsigned,
    DivSigned,
    DivUnsigned,
    RemSigned,
    RemUnsigned,
    MinSigned,
    MinUnsigned,
    MaxSigned,
    MaxUnsigned,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRightSigned,
    ShiftRightUnsigned,
    FloatAdd,
    FloatSub,
    FloatMul,
    FloatDiv,
    FloatMin,
    FloatMax,
    Equal,
    NotEqual,
    LessSigned,
    LessUnsigned,
    AtMostSigned,
    AtMostUnsigned,
    /// Of floats: the second word says what comes of a NaN.
    FloatEqual,
    FloatEqualOrNan,
    FloatOther,
    FloatOtherOrNan,
    FloatLess,
    FloatLessOrNan,
    FloatAtMost,
    FloatAtMostOrNan,
    BothNumbers,
    EitherNan,
}

/// From one narrow place to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum One {
    Move,
    Not,
    Negate,
    Absolute,
    FloatNegate,
    FloatAbsolute,
    FloatRoot,
    /// Keeps the lowest bits, without and with their sign.
    Lowest(u32),
    LowestSigned(u32),
    FloatOfSigned,
    FloatOfUnsigned,
    SignedOfFloat(Rounding),
    UnsignedOfFloat(Rounding),
    FloatRounded(Rounding),
    /// To 0 to 1.
    FloatSaturated,
    HalfOfFloat,
    FloatOfHalf,
}

/// From three narrow places to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Three {
    MulAdd,
    /// The first or the second, as the third says.
    Select,
    FloatMulAdd,
    /// Bits from a place on, and how many.
    FieldSigned,
    FieldUnsigned,
    /// Four bytes of eight.
    Permute,
}

/// From two wide places to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WideTwo {
    Add,
    Sub,
    Mul,
    DivSigned,
    DivUnsigned,
    RemSigned,
    RemUnsigned,
    MinSigned,
    MinUnsigned,
    MaxSigned,
    MaxUnsigned,
    And,
    Or,
    Xor,
}

/// From one wide place to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WideOne {
    Move,
    Not,
    Negate,
    Absolute,
}

/// From two wide places to a narrow one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WideCompare {
    Equal,
    NotEqual,
    LessSigned,
    LessUnsigned,
    AtMostSigned,
    AtMostUnsigned,
}

/// From a wide place and a narrow one to a wide one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WideShift {
    Left,
    RightSigned,
    RightUnsigned,
}

/// From narrow to wide and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cross {
    WideOfSigned,
    WideOfUnsigned,
    Low,
    FloatOfSigned,
    FloatOfUnsigned,
}

/// To which whole number a float goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    Nearest,
    Zero,
    Down,
    Up,
}

/// What is read or written at one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// Bytes of the value.
    pub(super) size: u8,
    /// Bytes that the address is a multiple of: those of the whole vector at its first value, those of the value at the others.
    pub(super) aligned: u8,
    pub(super) signed: bool,
    /// Whether the value stands in a wide place.
    pub(super) wide: bool,
    pub(super) offset: i64,
}

/// What an instruction does; its result's place comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    One(One, Place, Place),
    Two(Two, Place, Place, Place),
    Three(Three, Place, Place, Place, Place),
    WideOne(WideOne, Place, Place),
    WideTwo(WideTwo, Place, Place, Place),
    WideCompare(WideCompare, Place, Place, Place),
    WideShift(WideShift, Place, Place, Place),
    WideSelect(Place, Place, Place, Place),
    /// Two narrow numbers to their whole product, with or without sign.
    MulWide(bool, Place, Place, Place),
    Cross(Cross, Place, Place),
    Load(Access, Place, Place),
    Store(Access, Place, Place),
    /// A parameter from this byte on.
    Parameter(Access, Place),
    Jump(u32),
    Return,
}

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) act: Act,
    /// The predicate without which nothing happens, and whether it has to be false.
    pub(super) guard: Option<(Place, bool)>,
    pub(super) line: u32,
}

/// The places that each thread finds its coordinates in, from the first narrow place on.
pub(super) const COORDINATES: [&str; 12] = [
    "%tid.x",
    "%tid.y",
    "%tid.z",
    "%ctaid.x",
    "%ctaid.y",
    "%ctaid.z",
    "%ntid.x",
    "%ntid.y",
    "%ntid.z",
    "%nctaid.x",
    "%nctaid.y",
    "%nctaid.z",
];

/// A kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kernel {
    pub(crate) name: String,
    /// Of each parameter its first byte and how many it has.
    pub(crate) parameters: Vec<(usize, usize)>,
    pub(super) code: Vec<Instruction>,
    /// How many places there are.
    pub(super) narrow: usize,
    pub(super) wide: usize,
    pub(super) constants: Vec<(Place, u32)>,
    pub(super) wide_constants: Vec<(Place, u64)>,
}
