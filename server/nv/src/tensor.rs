//! Memory of a device as a tensor of ONNX Runtime: a model reads what a kernel wrote where it lies.

use crate::{Buffer, Error};
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::value::{Shape, TensorRefMut};

impl Buffer {
    /// The buffer as a tensor of 32-bit numbers. All that writes it has to be done.
    ///
    /// # Errors
    /// When it is smaller than that, or the runtime does not know the device.
    pub fn tensor(&mut self, shape: [usize; 4]) -> Result<TensorRefMut<'_, f32>, Error> {
        let needed = shape.iter().try_fold(4_usize, |bytes, side| bytes.checked_mul(*side));
        if needed.is_none_or(|needed| needed > self.bytes()) {
            return Err(Error::Invalid(format!("a tensor of {shape:?} does not fit {} bytes", self.bytes())));
        }
        let refused =
            |error: ort::Error| Error::Unsupported(format!("ONNX Runtime does not take the device's memory: {error}"));
        let device = self.context().ordinal().cast_signed();
        let info = MemoryInfo::new(AllocationDevice::CUDA, device, AllocatorType::Device, MemoryType::Default)
            .map_err(refused)?;
        let shape = Shape::new(shape.map(|side| side as i64));
        // SAFETY: so many bytes of that device, in the primary context, which the runtime uses, too; they live at least as long as
        // the tensor, which borrows the buffer.
        unsafe { TensorRefMut::from_raw(info, self.pointer() as *mut _, shape) }.map_err(refused)
    }
}
