//! The driver's functions, found while running: each returns a `Result` that names the call, and none is missed before it is asked for.

mod cuda;
mod cuvid;
mod nvenc;
mod nvml;

pub(crate) use cuda::Cuda;
pub(crate) use cuvid::Cuvid;
pub(crate) use nvenc::{Nvenc, Session};
pub(crate) use nvml::{Device as NvmlDevice, Nvml, Utilization};

use crate::Error;
use libloading::Library;

/// Loads a library by the name that the driver installs it under, and only by that: a toolkit's stub has another.
fn open(library: &'static str) -> Result<Library, Error> {
    // SAFETY: the driver's libraries run initialisers that every program which uses the device runs; nothing else is loaded.
    unsafe { Library::new(library) }.map_err(|error| Error::NoLibrary { library, reason: error.to_string() })
}

/// A table of functions of one library, and a wrapper of each that turns its status into a `Result`.
macro_rules! table {
    ($(#[$about:meta])* $table:ident from $file:literal { $($call:ident($($argument:ident: $kind:ty),*);)* }) => {
        $(#[$about])*
        #[allow(non_snake_case, reason = "functions keep the names that NVIDIA's documents use")]
        pub(crate) struct $table {
            $($call: unsafe extern "C" fn($($kind),*) -> i32,)*
            /// Never unloaded: the driver's threads and exit handlers live in it.
            _library: std::mem::ManuallyDrop<libloading::Library>,
        }

        #[allow(non_snake_case, dead_code, clippy::too_many_arguments, reason = "the driver's; one is called by its pointer")]
        impl $table {
            fn find() -> Result<Self, crate::Error> {
                let library = super::open($file)?;
                let lacks = |symbol| crate::Error::NoSymbol { library: $file, symbol };
                // SAFETY: the type written in the table is the one that NVIDIA's header declares the function with.
                $(let $call = *unsafe { library.get(concat!(stringify!($call), "\0").as_bytes()) }
                    .map_err(|_| lacks(stringify!($call)))?;)*
                Ok(Self { $($call,)* _library: std::mem::ManuallyDrop::new(library) })
            }

            $(
                /// # Safety
                /// As NVIDIA's documents ask of the call: pointers are valid, handles alive, and its context is current where it needs one.
                #[inline]
                pub(crate) unsafe fn $call(&self, $($argument: $kind),*) -> Result<(), crate::Error> {
                    // SAFETY: the caller's promise.
                    match unsafe { (self.$call)($($argument),*) } {
                        0 => Ok(()),
                        code => Err(self.failed(stringify!($call), code)),
                    }
                }
            )*
        }
    };
}
use table;
