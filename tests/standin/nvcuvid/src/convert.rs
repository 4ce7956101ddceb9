//! From a decoded picture to a surface: crop, interleave the chroma, put 10 bits at the top of 16.

use crate::libav::Picture;

/// A surface as it is mapped: luma rows, then rows of interleaved chroma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pitch: usize,
    pub(crate) deep: bool,
}

impl Layout {
    pub(crate) fn size(&self) -> usize {
        self.pitch * self.height.next_multiple_of(2) * 3 / 2
    }

    fn chroma(&self) -> usize {
        self.pitch * self.height.next_multiple_of(2)
    }
}

/// Whether a picture is one that a surface of this layout can hold.
pub(crate) fn fits(picture: &Picture, layout: &Layout) -> bool {
    picture.deep == layout.deep
        && layout.left + layout.width <= picture.width.next_multiple_of(2)
        && layout.top + layout.height <= picture.height.next_multiple_of(2)
}

/// Writes the shown part of a picture.
///
/// # Safety
/// `surface` has `layout.size()` bytes, and the picture fits.
pub(crate) unsafe fn write(picture: &Picture, layout: &Layout, surface: *mut u8) {
    let bytes = if layout.deep { 2 } else { 1 };
    for y in 0..layout.height {
        // SAFETY: rows inside the picture and the surface, by the caller's promise.
        unsafe {
            let from =
                picture.planes[0].offset((layout.top + y) as isize * picture.strides[0]).add(layout.left * bytes);
            let to = surface.add(y * layout.pitch);
            if layout.deep {
                shift(from.cast(), to.cast(), layout.width, 1);
            } else {
                to.copy_from_nonoverlapping(from, layout.width);
            }
        }
    }
    for y in 0..layout.height.div_ceil(2) {
        for plane in 0..2 {
            // SAFETY: as above, at half the size.
            unsafe {
                let row = (layout.top / 2 + y) as isize * picture.strides[1 + plane];
                let from = picture.planes[1 + plane].offset(row).add(layout.left / 2 * bytes);
                let to = surface.add(layout.chroma() + y * layout.pitch + plane * bytes);
                if layout.deep {
                    shift(from.cast(), to.cast(), layout.width.div_ceil(2), 2);
                } else {
                    spread(from, to, layout.width.div_ceil(2));
                }
            }
        }
    }
}

/// Puts bytes in every second place.
///
/// # Safety
/// `from` has `count` bytes and `to` has twice as many.
unsafe fn spread(from: *const u8, to: *mut u8, count: usize) {
    for x in 0..count {
        // SAFETY: the caller's rows.
        unsafe { to.add(2 * x).write(from.add(x).read()) };
    }
}

/// Moves 10 bits to the top, into every `step`-th place.
///
/// # Safety
/// `from` has `count` numbers and `to` has `step` times as many.
unsafe fn shift(from: *const u16, to: *mut u16, count: usize, step: usize) {
    for x in 0..count {
        // SAFETY: the caller's rows; pitches and planes are aligned for 16 bits.
        unsafe { to.add(step * x).write(from.add(x).read() << 6) };
    }
}
