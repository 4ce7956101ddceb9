//! Modules and kernels: PTX is read when a module is loaded, and run late like all other work.

use std::ffi::{CStr, c_char, c_void};
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};

use sightline_standin::memory::{Allocation, Kind};
use sightline_standin::status::put;
use sightline_standin::stream::Handles;
use sightline_standin::{Cu, abi, machine};

use crate::ptx::{self, Grid, Kernel, Refusal, Space};

/// A kernel of a module that is loaded.
struct Function {
    module: u64,
    context: u64,
    kernel: Arc<Kernel>,
}

/// A module: of each kernel its name and its function's handle.
struct Module {
    context: u64,
    functions: Vec<(String, u64)>,
}

static MODULES: LazyLock<Handles<Module>> = LazyLock::new(|| Handles::starting_at(0x8000_0000));
static FUNCTIONS: LazyLock<Handles<Function>> = LazyLock::new(|| Handles::starting_at(0x9000_0000));

/// Options of `cuModuleLoadDataEx`: a buffer for the words of errors, and its size.
const LOG: u32 = 5;
const LOG_SIZE: u32 = 6;
/// How programs for devices begin that are no text: ELF, and NVIDIA's container of several.
const BINARIES: [[u8; 4]; 2] = [*b"\x7fELF", [0x50, 0xed, 0x55, 0xba]];

/// A client only gets a code; without this line nobody would find what was wrong.
fn say(words: &str) {
    #[allow(clippy::print_stderr)]
    {
        eprintln!("stand-in driver: {words}");
    }
}

/// Loads a module, or says why not and which code stands for it.
///
/// # Safety
/// A client's text that ends in a zero byte, or a binary of at least four bytes.
unsafe fn load(image: *const c_void) -> Result<u64, (Cu, String)> {
    let plain = |code: Cu| (code, String::new());
    let context = machine().current().map_err(plain)?;
    if image.is_null() {
        return Err(plain(Cu::INVALID_VALUE));
    }
    // SAFETY: the client's promise; a text shorter than four bytes ends the comparison at its zero.
    let bytes = unsafe { CStr::from_ptr(image.cast()) }.to_bytes();
    if BINARIES.iter().any(|begin| bytes.starts_with(begin)) {
        return Err((Cu::NO_BINARY_FOR_GPU, "a module that is no PTX: the device has no machine language".into()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| (Cu::INVALID_IMAGE, "a module that is no text".into()))?;
    let kernels = ptx::parse(text, machine().faults().old_driver).map_err(|refusal| refused(&refusal))?;
    let mut functions = Vec::new();
    let module = MODULES.insert(Arc::new(Module { context, functions: Vec::new() }));
    for kernel in kernels {
        let name = kernel.name.clone();
        let handle = FUNCTIONS.insert(Arc::new(Function { module, context, kernel: Arc::new(kernel) }));
        functions.push((name, handle));
    }
    MODULES.replace(module, Arc::new(Module { context, functions }));
    machine().counters.modules_live.add(1);
    Ok(module)
}

fn refused(refusal: &Refusal) -> (Cu, String) {
    let code = if refusal.newer { Cu::UNSUPPORTED_PTX_VERSION } else { Cu::INVALID_PTX };
    (code, format!("PTX, line {}: {}", refusal.line, refusal.what))
}

/// As [`load`], with its words where the client asked for them.
///
/// # Safety
/// As [`load`]; both lists are null or have `count` entries, with a buffer of the size that they say.
unsafe fn load_with_log(
    image: *const c_void,
    count: u32,
    options: *const u32,
    values: *const *mut c_void,
) -> Result<u64, Cu> {
    // SAFETY: the caller's promise.
    let loaded = unsafe { load(image) };
    loaded.map_err(|(code, words)| {
        if !words.is_empty() {
            say(&words);
        }
        let count = if options.is_null() || values.is_null() { 0 } else { usize::try_from(count).unwrap_or(0) };
        // SAFETY: the client's lists have `count` entries.
        let of = |wanted| (0..count).find(|at| unsafe { *options.add(*at) } == wanted);
        if let (Some(buffer), Some(size)) = (of(LOG), of(LOG_SIZE)) {
            // SAFETY: the client gives a buffer of that size; sizes are numbers in the place of a pointer.
            unsafe {
                let (to, room) = ((*values.add(buffer)).cast::<u8>(), *values.add(size) as usize);
                let length = words.len().min(room.saturating_sub(1));
                if !to.is_null() && room > 0 {
                    to.copy_from_nonoverlapping(words.as_ptr(), length);
                    to.add(length).write(0);
                }
            }
        }
        code
    })
}

/// Forgets the modules of contexts that are gone.
pub(crate) fn forget() {
    let gone = MODULES.remove_where(|module| machine().contexts.get(module.context).is_err());
    machine().counters.modules_live.take(gone.len() as u64);
    FUNCTIONS.remove_where(|function| machine().contexts.get(function.context).is_err());
}

/// The values of a kernel's parameters as they stand in its memory.
///
/// # Safety
/// The client's list has a pointer for each parameter, to a value of its size.
unsafe fn parameters(kernel: &Kernel, list: *const *const u8) -> Result<Vec<u8>, Cu> {
    let mut bytes = vec![0; kernel.parameters.last().map_or(0, |(first, size)| first + size)];
    if !kernel.parameters.is_empty() && list.is_null() {
        return Err(Cu::INVALID_VALUE);
    }
    for (number, (first, size)) in kernel.parameters.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            let from = *list.add(number);
            if from.is_null() {
                return Err(Cu::INVALID_VALUE);
            }
            bytes[*first..first + size].copy_from_slice(std::slice::from_raw_parts(from, *size));
        }
    }
    Ok(bytes)
}

fn launch(function: u64, grid: Grid, stream: u64, bytes: Vec<u8>) -> Result<(), Cu> {
    let function = FUNCTIONS.get(function)?;
    if function.context != machine().current()? {
        return Err(Cu::INVALID_HANDLE);
    }
    let number = machine().counters.launches.add(1);
    let device = machine().current_device()?;
    device.counters.launches.add(1);
    let kernel = Arc::clone(&function.kernel);
    machine().submit(stream, move || {
        if machine().faults().kernel_dies_at == Some(number) {
            return Err(Cu::LAUNCH_FAILED);
        }
        let held = machine().memory.hold();
        // Its own memory and the host's: another device's would have to be opened to it first.
        let own =
            |one: &Allocation| one.device == device.ordinal && one.kind != Kind::Internal || one.kind == Kind::Host;
        let reachable = machine().memory.all().into_iter().filter(own);
        let regions = reachable.filter_map(|one| {
            let bytes = machine().memory.view(&held, one.address, one.size).ok()?;
            Some(ptx::Region { address: one.address, size: one.size, bytes, host: one.kind == Kind::Host })
        });
        // SAFETY: all of it stays allocated as long as `held` is there.
        let space = unsafe { Space::new(regions.collect()) };
        let done = device.busy.kernels.during(|| ptx::run(&kernel, grid, &bytes, &space));
        machine().counters.host_to_device.add(space.from_host.load(Ordering::Relaxed));
        machine().counters.device_to_host.add(space.to_host.load(Ordering::Relaxed));
        done.map_err(|fault| {
            say(&fault.words);
            match fault.wrong {
                ptx::Wrong::Outside => Cu::ILLEGAL_ADDRESS,
                ptx::Wrong::Misaligned => Cu::MISALIGNED_ADDRESS,
            }
        })
    })?;
    Ok(())
}

fn global(module: u64) -> Result<(), Cu> {
    machine().current()?;
    // Modules with variables are refused when they are loaded, so that none has one of any name.
    MODULES.get(module).and(Err(Cu::NOT_FOUND))
}

abi! {
    fn cuModuleLoadData(out: *mut u64, image: *const c_void) {
        put(out, load_with_log(image, 0, std::ptr::null(), std::ptr::null())?)
    }
    fn cuModuleLoadDataEx(out: *mut u64, image: *const c_void, count: u32, options: *mut u32, values: *mut *mut c_void) {
        put(out, load_with_log(image, count, options, values)?)
    }

    fn cuModuleUnload(module: u64) {
        machine().current()?;
        MODULES.remove(module)?;
        machine().counters.modules_live.take(1);
        FUNCTIONS.remove_where(|function| function.module == module);
        Ok(())
    }

    fn cuModuleGetFunction(out: *mut u64, module: u64, name: *const c_char) {
        machine().current()?;
        let module = MODULES.get(module)?;
        if name.is_null() {
            return Err(Cu::INVALID_VALUE);
        }
        let name = CStr::from_ptr(name).to_bytes();
        let found = module.functions.iter().find(|(own, _)| own.as_bytes() == name);
        put(out, found.ok_or(Cu::NOT_FOUND)?.1)
    }

    fn cuModuleGetGlobal_v2(_out: *mut u64, _size: *mut usize, module: u64, _name: *const c_char) { global(module) }
    // FFmpeg's loader asks for the name without a version.
    fn cuModuleGetGlobal(_out: *mut u64, _size: *mut usize, module: u64, _name: *const c_char) { global(module) }

    fn cuLaunchKernel(
        function: u64,
        grid_x: u32,
        grid_y: u32,
        grid_z: u32,
        block_x: u32,
        block_y: u32,
        block_z: u32,
        shared: u32,
        stream: u64,
        arguments: *mut *const u8,
        extra: *mut *mut c_void,
    ) {
        machine().stream(stream)?;
        let grid = Grid { blocks: [grid_x, grid_y, grid_z], threads: [block_x, block_y, block_z] };
        if !grid.is_allowed() || shared > 49_152 {
            return Err(Cu::INVALID_VALUE);
        }
        // Parameters packed by the client: nobody here passes them so.
        if !extra.is_null() {
            return Err(Cu::NOT_SUPPORTED);
        }
        let kernel = Arc::clone(&FUNCTIONS.get(function)?.kernel);
        launch(function, grid, stream, parameters(&kernel, arguments)?)
    }
}
