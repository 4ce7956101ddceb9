//! Kernels on the stand-in: the shipped PTX runs, late and within bounds; what it cannot read is refused with its line.
//!
//! That each kernel gives the bytes of its reference is tested beside the kernels, on whatever device there is.

use std::ffi::CString;

use crate::POISON;
use crate::library::{Cuda, alone, call};

const RESIZE: &str = include_str!("../../../../server/nv/kernels/resize.ptx");

/// A picture of NV12 in a device's memory.
#[derive(Clone, Copy)]
struct Picture {
    address: u64,
    width: u32,
    height: u32,
    pitch: u32,
}

impl Picture {
    fn new(cuda: &Cuda, width: u32, height: u32) -> Self {
        let pitch = width.next_multiple_of(512);
        Self { address: cuda.allocate(pitch as usize * height as usize * 3 / 2), width, height, pitch }
    }

    fn bytes(self) -> usize {
        self.pitch as usize * self.height as usize * 3 / 2
    }

    /// As `View` of the kernels' prelude lays it out.
    fn view(self) -> Vec<u8> {
        let chroma = self.address + u64::from(self.pitch * self.height);
        let addresses = [self.address, chroma].map(u64::to_le_bytes).concat();
        let numbers = [self.pitch, self.width, self.height, 0].map(u32::to_le_bytes).concat();
        [addresses, numbers].concat()
    }
}

/// A kernel of `resize.ptx`.
fn kernel(cuda: &Cuda, name: &str) -> (u64, u64) {
    let (text, name) = (CString::new(RESIZE).expect("a text"), CString::new(name).expect("a text"));
    let (mut module, mut function) = (0_u64, 0_u64);
    assert_eq!(call!(cuda.cuModuleLoadData(&raw mut module, text.as_ptr())), 0);
    assert_eq!(call!(cuda.cuModuleGetFunction(&raw mut function, module, name.as_ptr())), 0);
    (module, function)
}

/// Launches `resize_8` over `to` in a stream of its own, and gives the stream.
fn resize(cuda: &Cuda, function: u64, from: Picture, to: Picture, crop: [f32; 4]) -> u64 {
    let stream = cuda.stream();
    let job = [from.view(), to.view(), crop.map(f32::to_le_bytes).concat()].concat();
    let list = cuda.allocate(job.len());
    assert_eq!(call!(cuda.cuMemcpyHtoD_v2(list, job.as_ptr() as u64, job.len())), 0);
    // Each piece of work is between half and twice the delay late: behind six, the kernel is later than any one elsewhere.
    let other = cuda.allocate(64);
    for value in 0..6_u8 {
        assert_eq!(call!(cuda.cuMemsetD8Async(other, value, 64_usize, stream)), 0);
    }
    let arguments = [(&raw const list).cast::<u8>()];
    let (across, down) = (to.width.div_ceil(32), to.height.div_ceil(8));
    let list = arguments.as_ptr();
    let none = std::ptr::null_mut::<u64>();
    let code =
        call!(cuda.cuLaunchKernel(function, across, down, 1_u32, 32_u32, 8_u32, 1_u32, 0_u32, stream, list, none));
    assert_eq!(code, 0);
    stream
}

fn noise(length: usize) -> Vec<u8> {
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_shipped_kernel_cuts_a_picture_late_on_its_stream() {
    alone!("a_shipped_kernel_cuts_a_picture_late_on_its_stream", "delay=50000");
    let cuda = Cuda::ready();
    let (module, function) = kernel(&cuda, "resize_8");
    let (from, to) = (Picture::new(&cuda, 300, 200), Picture::new(&cuda, 160, 96));
    let bytes = noise(from.bytes());
    assert_eq!(call!(cuda.cuMemcpyHtoD_v2(from.address, bytes.as_ptr() as u64, bytes.len())), 0);
    // A cut at its own size takes each sample as it is: the first of it is at 32, 10.
    let stream = resize(&cuda, function, from, to, [32.0, 10.0, 160.0, 96.0]);
    let mut apart = 0_u64;
    assert_eq!(call!(cuda.cuStreamCreate(&raw mut apart, 1_u32)), 0);
    let mut read = vec![0; to.bytes()];
    assert_eq!(call!(cuda.cuMemcpyDtoHAsync_v2(read.as_mut_ptr() as u64, to.address, read.len(), apart)), 0);
    assert_eq!(call!(cuda.cuStreamSynchronize(apart)), 0);
    assert!(read.iter().all(|byte| *byte == POISON), "a stream that does not wait for the kernel finds a picture");
    assert_eq!(call!(cuda.cuStreamSynchronize(stream)), 0);
    assert_eq!(call!(cuda.cuMemcpyDtoH_v2(read.as_mut_ptr() as u64, to.address, read.len())), 0);
    let rows = |height: usize, top: usize| (0..height).map(move |y| (y, y + top));
    for (plane, height, top) in [(0, 96, 10), (1, 48, 5)] {
        let (inside, outside) = (plane * 96 * 512, plane * 200 * 512);
        for (y, from_y) in rows(height, top) {
            let (got, wanted) = (&read[inside + y * 512..][..160], &bytes[outside + from_y * 512 + 32..][..160]);
            assert_eq!(got, wanted, "row {y} of plane {plane}");
            assert_eq!(read[inside + y * 512 + 160], POISON, "behind the row nothing is written");
        }
    }
    assert_eq!((cuda.count("launches"), cuda.count("modules_live")), (1, 1));
    assert_eq!(call!(cuda.cuModuleUnload(module)), 0);
    assert_eq!(call!(cuda.cuModuleUnload(module)), 400, "twice");
    assert_eq!(cuda.count("modules_live"), 0);
}

#[test]
fn a_kernel_that_leaves_its_memory_breaks_its_context_and_no_other() {
    alone!("a_kernel_that_leaves_its_memory_breaks_its_context_and_no_other", "");
    let cuda = Cuda::ready();
    let (first, second) = (cuda.current(), cuda.context());
    assert_eq!(call!(cuda.cuCtxSetCurrent(first)), 0);
    let (_, function) = kernel(&cuda, "resize_8");
    let (from, to) = (Picture::new(&cuda, 64, 64), Picture::new(&cuda, 64, 64));
    // One row more than was allocated.
    let longer = Picture { height: 66, ..to };
    let stream = resize(&cuda, function, from, longer, [0.0, 0.0, 64.0, 64.0]);
    assert_eq!(call!(cuda.cuStreamSynchronize(stream)), 700);
    let mut address = 0_u64;
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, 64_usize)), 700, "the context stays broken");
    assert_eq!(call!(cuda.cuCtxSetCurrent(second)), 0);
    let (_, function) = kernel(&cuda, "resize_8");
    let (from, to) = (Picture::new(&cuda, 64, 64), Picture::new(&cuda, 64, 64));
    let stream = resize(&cuda, function, from, to, [0.0, 0.0, 64.0, 64.0]);
    assert_eq!(call!(cuda.cuStreamSynchronize(stream)), 0, "another one goes on");
    assert_eq!(call!(cuda.cuCtxDestroy_v2(first)), 0, "cleaning up works");
}

#[test]
fn modules_and_launches_are_refused_as_the_driver_refuses_them() {
    alone!("modules_and_launches_are_refused_as_the_driver_refuses_them", "");
    let cuda = Cuda::ready();
    let head = |version: &str| format!(".version {version}\n.target sm_52\n.address_size 64\n");
    let load = |text: String| {
        let text = CString::new(text).expect("a text");
        let (mut module, mut log) = (0_u64, [0_u8; 200]);
        // A buffer for the words of errors, and its size.
        let (options, values) = ([5_u32, 6], [log.as_mut_ptr() as usize, log.len()]);
        let (out, options, values) = (&raw mut module, options.as_ptr(), values.as_ptr());
        let code = call!(cuda.cuModuleLoadDataEx(out, text.as_ptr(), 2_u32, options, values));
        (code, String::from_utf8_lossy(&log).trim_end_matches('\0').to_owned())
    };
    let (code, words) = load(head("6.0") + ".visible .entry one()\n{\nbar.sync 0;\n}");
    assert_eq!((code, words.contains("line 6") && words.contains("bar.sync")), (218, true), "{words}");
    assert_eq!(load(head("8.3")).0, 222, "made by a newer toolkit than the driver");
    assert_eq!(load("\x7fELF".to_owned()).0, 209, "machine language");
    let (module, function) = kernel(&cuda, "resize_8");
    let mut other = 0_u64;
    assert_eq!(call!(cuda.cuModuleGetFunction(&raw mut other, module, c"resize_9".as_ptr())), 500);
    let none = std::ptr::null_mut::<u64>();
    let launch = |function: u64, threads: u32| {
        call!(cuda.cuLaunchKernel(function, 1_u32, 1_u32, 1_u32, threads, 8_u32, 1_u32, 0_u32, 0_u64, none, none))
    };
    assert_eq!(launch(function, 256), 1, "2048 threads of a block");
    assert_eq!(launch(function, 32), 1, "no arguments");
    assert_eq!(call!(cuda.cuModuleUnload(module)), 0);
    assert_eq!(launch(function, 32), 400, "a kernel whose module is gone");
    assert_eq!(cuda.count("launches"), 0);
}
