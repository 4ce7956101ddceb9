//! Memory of a device as a tensor of ONNX Runtime: a model reads what a kernel wrote where it lies.

use crate::{Buffer, Error};
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::value::{Shape, TensorRefMut};

impl Buffer {
    /// Pictures of the buffer as a tensor of 32-bit numbers, from the one of number `first` on. All that writes them has to be done.
    ///
    /// # Errors
    /// When it is smaller than that, or the runtime does not know the device.
    pub fn tensor(&mut self, first: usize, shape: [usize; 4]) -> Result<TensorRefMut<'_, f32>, Error> {
        let one = shape[1..].iter().try_fold(4_usize, |bytes, side| bytes.checked_mul(*side));
        let end = first.checked_add(shape[0]).and_then(|pictures| one?.checked_mul(pictures));
        let (Some(one), Some(true)) = (one, end.map(|end| end <= self.bytes())) else {
            return Err(Error::Invalid(format!("a tensor of {shape:?} does not fit {} bytes", self.bytes())));
        };
        let refused =
            |error: ort::Error| Error::Unsupported(format!("ONNX Runtime does not take the device's memory: {error}"));
        let device = self.context().ordinal().cast_signed();
        let info = MemoryInfo::new(AllocationDevice::CUDA, device, AllocatorType::Device, MemoryType::Default)
            .map_err(refused)?;
        let shape = Shape::new(shape.map(|side| side as i64));
        // SAFETY: so many bytes of that device, in the primary context, which the runtime uses, too; they live at least as long as
        // the tensor, which borrows the buffer.
        unsafe { TensorRefMut::from_raw(info, (self.pointer() + (first * one) as u64) as *mut _, shape) }
            .map_err(refused)
    }
}
