//! Versions of the interface and of its structures.

use crate::status::Nv;

const V11_1: u32 = 0x0100_000b;
const V12_1: u32 = 0x0100_000c;

/// Structures whose version differs between the interface's versions, and all others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Structure {
    /// Those of version 1, without the upper bit.
    Plain,
    Config,
    Initialize,
    Reconfigure,
    Preset,
    Picture,
    Lock,
    Map,
    Register,
    Table,
}

/// Whether clients of that version are served.
pub(crate) fn is_known(api: u32) -> bool {
    [V11_1, V12_1].contains(&api)
}

/// The interface's version in a structure's own.
pub(crate) fn api_of(structure: u32) -> u32 {
    structure & 0x0f00_00ff
}

/// Holds a structure's version against the one that clients of `api` give.
pub(crate) fn check(api: u32, structure: Structure, given: u32) -> Result<(), Nv> {
    let old = api == V11_1;
    let (number, upper) = match structure {
        Structure::Plain => (1, false),
        Structure::Config => (if old { 7 } else { 8 }, true),
        Structure::Initialize => (if old { 5 } else { 6 }, true),
        Structure::Reconfigure => (1, true),
        Structure::Preset => (4, true),
        Structure::Picture => (if old { 4 } else { 6 }, true),
        Structure::Lock => (1, !old),
        Structure::Map => (4, false),
        Structure::Register => (if old { 3 } else { 4 }, false),
        Structure::Table => (2, false),
    };
    let expected = api | number << 16 | 7 << 28 | u32::from(upper) << 31;
    if given == expected { Ok(()) } else { Err(Nv::INVALID_VERSION) }
}

/// What `NvEncodeAPIGetMaxSupportedVersion` says.
pub(crate) fn newest(old_driver: bool) -> u32 {
    if old_driver { 11 << 4 } else { 12 << 4 | 1 }
}

/// Whether a driver of that age serves clients of this version.
pub(crate) fn is_served(api: u32, old_driver: bool) -> bool {
    is_known(api) && !old_driver
}
