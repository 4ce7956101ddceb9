//! Types of NVIDIA's C interfaces as its headers lay them out, and nothing that could be called.
//!
//! They are written out here, not taken from a binding crate, for three reasons. Values that the driver writes are plain integers, since a newer
//! driver may write one that no list of today holds, which would be undefined behaviour for a Rust enum. Of some 22,000 lines of generated
//! bindings we need 400. And the crates that have them pull in a second CUDA binding, or link the driver's libraries. Sizes and offsets are
//! held to those of the headers of Video Codec SDK 12.1 (NVENCAPI 12.1, which drivers from R530 on take) by assertions at compile time.

pub(crate) mod cuda;
pub(crate) mod cuvid;
pub(crate) mod nvenc;

/// Structures for which all bits zero is a value: integers, pointers, and functions that may be absent.
///
/// # Safety
/// Only for such types.
pub(crate) unsafe trait Zeroed: Sized {
    /// All bits zero, as the interfaces ask for in every field that is not set.
    fn zeroed() -> Self {
        // SAFETY: whoever implements the trait says that zeroes are a value of the type.
        unsafe { std::mem::zeroed() }
    }
}

/// Says that zeroes are a value, and holds size and offsets to the header's.
macro_rules! layout {
    ($name:ident, $size:literal $(, $field:ident: $offset:literal)* $(,)?) => {
        // SAFETY: every type that this is used for is made of integers, pointers, arrays of them and optional functions.
        unsafe impl crate::raw::Zeroed for $name {}
        const _: () = {
            assert!(size_of::<$name>() == $size);
            $(assert!(std::mem::offset_of!($name, $field) == $offset);)*
        };
    };
}
pub(crate) use layout;
