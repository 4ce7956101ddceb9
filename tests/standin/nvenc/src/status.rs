//! Status codes of the encoder's interface.

/// A failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nv(pub(crate) u32);

impl Nv {
    pub(crate) const UNSUPPORTED_DEVICE: Self = Self(2);
    pub(crate) const INVALID_ENCODERDEVICE: Self = Self(3);
    pub(crate) const INVALID_DEVICE: Self = Self(4);
    pub(crate) const DEVICE_NOT_EXIST: Self = Self(5);
    pub(crate) const INVALID_PTR: Self = Self(6);
    pub(crate) const INVALID_PARAM: Self = Self(8);
    pub(crate) const INVALID_CALL: Self = Self(9);
    pub(crate) const OUT_OF_MEMORY: Self = Self(10);
    pub(crate) const NOT_INITIALIZED: Self = Self(11);
    pub(crate) const UNSUPPORTED_PARAM: Self = Self(12);
    pub(crate) const LOCK_BUSY: Self = Self(13);
    pub(crate) const NOT_ENOUGH_BUFFER: Self = Self(14);
    pub(crate) const INVALID_VERSION: Self = Self(15);
    pub(crate) const MAP_FAILED: Self = Self(16);
    pub(crate) const NEED_MORE_INPUT: Self = Self(17);
    pub(crate) const ENCODER_BUSY: Self = Self(18);
    pub(crate) const GENERIC: Self = Self(20);
    pub(crate) const UNIMPLEMENTED: Self = Self(22);
    pub(crate) const REGISTER_FAILED: Self = Self(23);
    pub(crate) const NOT_REGISTERED: Self = Self(24);
    pub(crate) const NOT_MAPPED: Self = Self(25);
}

/// A client's structure that is not null.
///
/// # Safety
/// The pointer is null or the client's structure, as long as its version says.
pub(crate) unsafe fn given<T>(pointer: *mut T) -> Result<*mut T, Nv> {
    if pointer.is_null() { Err(Nv::INVALID_PTR) } else { Ok(pointer) }
}

/// The number behind an enumeration or a field of bits, which may hold what this interface's version does not know.
///
/// # Safety
/// The field is a 32 bit number of a client's structure.
pub(crate) unsafe fn number<T>(field: *const T) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { field.cast::<u32>().read() }
}
