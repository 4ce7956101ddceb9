//! Kernels of one module, made for the device by the driver from their text, and their launch.

use crate::raw::cuda as raw;
use crate::{Context, Error, Stream};
use std::ffi::{CString, c_void};
use std::sync::Arc;

/// A module of kernels, loaded into a context.
pub(crate) struct Module {
    context: Context,
    handle: raw::Module,
}

// SAFETY: the driver takes calls for a module from any thread.
unsafe impl Send for Module {}
// SAFETY: as above.
unsafe impl Sync for Module {}

impl Module {
    /// Loads PTX; the driver translates it once for a device and keeps what it made.
    pub(crate) fn load(context: &Context, ptx: &str) -> Result<Arc<Self>, Error> {
        let text = CString::new(ptx).map_err(|_| Error::Invalid("PTX ends at a zero".into()))?;
        let _current = context.enter()?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: the text ends with a zero, and a handle is written.
        unsafe { context.cuda().cuModuleLoadData(&raw mut handle, text.as_ptr().cast()) }?;
        Ok(Arc::new(Self { context: context.clone(), handle }))
    }

    /// The kernel of that name.
    pub(crate) fn kernel(self: &Arc<Self>, name: &str) -> Result<Kernel, Error> {
        let text = CString::new(name).map_err(|_| Error::Invalid("a kernel's name ends at a zero".into()))?;
        let _current = self.context.enter()?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: the module is loaded, the name ends with a zero, and a handle is written.
        unsafe { self.context.cuda().cuModuleGetFunction(&raw mut handle, self.handle, text.as_ptr()) }?;
        Ok(Kernel { module: Arc::clone(self), handle })
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if let Ok(_current) = self.context.enter() {
            // SAFETY: loaded once, and no kernel of it is left.
            let _ = unsafe { self.context.cuda().cuModuleUnload(self.handle) };
        }
    }
}

/// One kernel.
pub(crate) struct Kernel {
    module: Arc<Module>,
    handle: raw::Function,
}

// SAFETY: as for the module that it is of.
unsafe impl Send for Kernel {}
// SAFETY: as above.
unsafe impl Sync for Kernel {}

impl Kernel {
    /// Puts a launch over `grid` blocks of `block` threads into the stream.
    ///
    /// # Safety
    /// The kernel takes as many addresses as `pointers` has and nothing else, and what they point to is alive until the stream is past it.
    pub(crate) unsafe fn launch(
        &self,
        stream: &Stream,
        grid: (u32, u32, u32),
        block: (u32, u32),
        pointers: &[u64],
    ) -> Result<(), Error> {
        let context = &self.module.context;
        let _current = context.enter()?;
        let mut pointers = pointers.to_vec();
        let mut arguments: Vec<*mut c_void> = pointers.iter_mut().map(|at| std::ptr::from_mut(at).cast()).collect();
        // SAFETY: the driver copies the arguments before it returns; the rest is the caller's promise.
        unsafe {
            let (x, y, z) = grid;
            let (arguments, none) = (arguments.as_mut_ptr(), std::ptr::null_mut());
            context.cuda().cuLaunchKernel(
                self.handle,
                x,
                y,
                z,
                block.0,
                block.1,
                1,
                0,
                stream.handle(),
                arguments,
                none,
            )
        }
    }
}
