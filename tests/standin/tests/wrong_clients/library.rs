//! Functions of a library by name, as a client without bindings calls them.

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::process::Command;

use crate::common::libraries;

/// A loaded library.
pub(crate) struct Library(*mut c_void);

impl Library {
    pub(crate) fn open(name: &str) -> Self {
        let path = libraries().join(name);
        let path = CString::new(path.to_str().expect("a path of text")).expect("no zero byte");
        // SAFETY: a text that ends in a zero byte.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null(), "{path:?} cannot be loaded");
        Self(handle)
    }

    pub(crate) fn symbol(&self, name: &str) -> *mut c_void {
        let text = CString::new(name).expect("no zero byte");
        // SAFETY: a loaded library, and a text that ends in a zero byte.
        let symbol = unsafe { libc::dlsym(self.0, text.as_ptr()) };
        assert!(!symbol.is_null(), "the library has no {name}");
        symbol
    }
}

/// Calls a function of the library with arguments of exactly its own types.
macro_rules! call {
    ($library:ident.$name:ident($($argument:expr),* $(,)?)) => {{
        let symbol = $library.library.symbol(stringify!($name));
        // SAFETY: the arguments have the types of the driver's function, as its header gives them.
        unsafe { $crate::library::Call::call(symbol, ($($argument,)*)) }
    }};
}
pub(crate) use call;

/// Argument lists of any length that the tests need.
pub(crate) trait Call {
    /// Calls `function` with these arguments.
    ///
    /// # Safety
    /// The function takes exactly these.
    unsafe fn call(function: *mut c_void, arguments: Self) -> u32;
}

macro_rules! callable {
    ($($type:ident $name:ident)*) => {
        impl<$($type),*> Call for ($($type,)*) {
            // SAFETY: the trait's own condition.
            unsafe fn call(function: *mut c_void, ($($name,)*): Self) -> u32 {
                // SAFETY: the caller's promise.
                unsafe {
                    let function = std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($type),*) -> u32>(function);
                    function($($name),*)
                }
            }
        }
    };
}
callable!();
callable!(A a);
callable!(A a B b);
callable!(A a B b C c);
callable!(A a B b C c D d);
callable!(A a B b C c D d E e);
callable!(A a B b C c D d E e F f G g H h I i J j K k);

/// `libcuda.so.1`.
pub(crate) struct Cuda {
    pub(crate) library: Library,
}

impl Cuda {
    pub(crate) fn open() -> Self {
        Self { library: Library::open("libcuda.so.1") }
    }

    /// With a context that is current.
    pub(crate) fn ready() -> Self {
        let cuda = Self::open();
        assert_eq!(call!(cuda.cuInit(0_u32)), 0);
        cuda.context();
        cuda
    }

    pub(crate) fn context(&self) -> u64 {
        let (cuda, mut context) = (self, 0_u64);
        assert_eq!(call!(cuda.cuCtxCreate_v2(&raw mut context, 0_u32, 0_i32)), 0);
        context
    }

    pub(crate) fn current(&self) -> u64 {
        let (cuda, mut context) = (self, 0_u64);
        assert_eq!(call!(cuda.cuCtxGetCurrent(&raw mut context)), 0);
        context
    }

    /// A stream that waits for no other.
    pub(crate) fn apart(&self) -> u64 {
        let (cuda, mut stream) = (self, 0_u64);
        assert_eq!(call!(cuda.cuStreamCreate(&raw mut stream, 1_u32)), 0);
        stream
    }

    /// Bytes of the device as they are now, whatever is under way.
    pub(crate) fn read_now(&self, address: u64, length: usize) -> Vec<u8> {
        let (cuda, stream, mut bytes) = (self, self.apart(), vec![0; length]);
        assert_eq!(call!(cuda.cuMemcpyDtoHAsync_v2(bytes.as_mut_ptr() as u64, address, length, stream)), 0);
        assert_eq!(call!(cuda.cuStreamSynchronize(stream)), 0);
        assert_eq!(call!(cuda.cuStreamDestroy_v2(stream)), 0);
        bytes
    }

    /// Fills memory and waits for it.
    pub(crate) fn fill(&self, address: u64, value: u8, length: usize) {
        let cuda = self;
        assert_eq!(call!(cuda.cuMemsetD8_v2(address, value, length)), 0);
        assert_eq!(call!(cuda.cuCtxSynchronize()), 0);
    }

    pub(crate) fn allocate(&self, size: usize) -> u64 {
        let (cuda, mut address) = (self, 0_u64);
        assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, size)), 0);
        address
    }

    pub(crate) fn stream(&self) -> u64 {
        let (cuda, mut stream) = (self, 0_u64);
        assert_eq!(call!(cuda.cuStreamCreate(&raw mut stream, 0_u32)), 0);
        stream
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        let (cuda, mut count) = (self, 0_u64);
        let text = CString::new(name).expect("no zero byte");
        let pointer: *const c_char = text.as_ptr();
        assert_eq!(call!(cuda.standin_counter(pointer, &raw mut count)), 0, "{name}");
        count
    }
}

/// Ends the test's process in which it was started, having run it in one of its own with these faults and variables.
macro_rules! alone {
    ($test:literal, $faults:expr $(, $name:literal = $value:expr)*) => {
        if !$crate::library::in_own_process(concat!(module_path!(), "::", $test), $faults, &[$(($name, $value)),*]) {
            return;
        }
    };
}
pub(crate) use alone;

/// Whether this is the process made for the test alone. In the first one it makes that and waits for it.
pub(crate) fn in_own_process(path: &str, faults: &str, variables: &[(&str, &Path)]) -> bool {
    if std::env::var_os("STANDIN_ALONE").is_some() {
        return true;
    }
    // The crate's name is no part of the test's.
    let test = path.split_once("::").map_or(path, |(_, test)| test);
    let mut command = Command::new(std::env::current_exe().expect("the test has a file"));
    command.args(["--exact", test, "--nocapture"]).env("STANDIN_ALONE", "1");
    command.env("LD_LIBRARY_PATH", libraries()).env("SIGHTLINE_STANDIN_FAULTS", faults);
    command.envs(variables.iter().copied());
    let output = command.output().expect("the test starts itself");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "no test of the name {test} ran: {text}");
    false
}
