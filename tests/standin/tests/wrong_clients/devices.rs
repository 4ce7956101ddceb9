//! Several devices: memory, encoders and losses of one are not those of another.

use std::ffi::c_char;

use crate::encoder::Encoder;
use crate::library::{Cuda, Library, alone, call};

struct Nvml {
    library: Library,
}

impl Cuda {
    /// A context on that device, current from now on.
    fn context_on(&self, device: i32) -> u64 {
        let (cuda, mut context) = (self, 0_u64);
        assert_eq!(call!(cuda.cuCtxCreate_v2(&raw mut context, 0_u32, device)), 0);
        context
    }

    fn make_current(&self, context: u64) {
        let cuda = self;
        assert_eq!(call!(cuda.cuCtxSetCurrent(context)), 0);
    }
}

/// A session on the current context.
fn encoder(cuda: &Cuda) -> Encoder {
    let encoder = Encoder::open(cuda.current()).expect("a session");
    let mut config = encoder.config();
    assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);
    encoder
}

#[test]
fn each_device_has_its_own_memory_load_and_loss() {
    alone!("each_device_has_its_own_memory_load_and_loss", "devices=2,memory=64,lost-at=3");
    let cuda = Cuda::open();
    assert_eq!(call!(cuda.cuInit(0_u32)), 0);
    let mut count = 0_i32;
    assert_eq!(call!(cuda.cuDeviceGetCount(&raw mut count)), 0);
    assert_eq!(count, 2);
    let mut context = 0_u64;
    assert_eq!(call!(cuda.cuCtxCreate_v2(&raw mut context, 0_u32, 2_i32)), 101, "there is no third");
    let (first, second) = (cuda.context_on(0), cuda.context_on(1));
    let mut device = 7_i32;
    assert_eq!(call!(cuda.cuCtxGetDevice(&raw mut device)), 0);
    assert_eq!(device, 1);
    let here = cuda.allocate(40 << 20);
    cuda.make_current(first);
    let there = cuda.allocate(40 << 20);
    assert_eq!(cuda.count("device0_memory_live"), 40 << 20);

    let session = encoder(&cuda);
    assert_eq!(session.register(here, 512).err(), Some(23), "memory of another device");
    let registered = session.register(there, 512).expect("memory of its own");
    let output = session.output();
    let picture = || {
        let mapped = session.map(registered).expect("it can be mapped");
        let code = session.encode(mapped, output, 0);
        let code = if code == 0 { session.fetch(output).err().unwrap_or(0) } else { code };
        if code == 0 { session.unmap(mapped) } else { code }
    };
    assert_eq!([picture(), picture()], [0; 2]);
    assert_eq!((cuda.count("device0_pictures_encoded"), cuda.count("device1_pictures_encoded")), (2, 0));
    assert_eq!((cuda.count("device0_encoders_live"), cuda.count("device1_encoders_live")), (1, 0));

    let nvml = Nvml { library: Library::open("libnvidia-ml.so.1") };
    assert_eq!(call!(nvml.nvmlInit_v2()), 0);
    let handles = [0_i32, 1].map(|ordinal| {
        let (mut id, mut handle): ([c_char; 32], u64) = ([0; 32], 0);
        assert_eq!(call!(cuda.cuDeviceGetPCIBusId(id.as_mut_ptr(), 32_i32, ordinal)), 0);
        assert_eq!(call!(nvml.nvmlDeviceGetHandleByPciBusId_v2(id.as_ptr(), &raw mut handle)), 0);
        handle
    });
    assert_ne!(handles[0], handles[1]);
    assert_eq!(picture(), 5, "the third picture of all is the first device's last");
    assert_eq!(call!(cuda.cuCtxSynchronize()), 214);
    let mut info = [0_u64; 3];
    let lost = handles.map(|handle| call!(nvml.nvmlDeviceGetMemoryInfo(handle, info.as_mut_ptr())));
    assert_eq!((lost, info[2]), ([15, 0], 40 << 20));
    cuda.make_current(second);
    assert_eq!(call!(cuda.cuCtxSynchronize()), 0, "the other device lives");
    encoder(&cuda).register(here, 512).expect("and encodes");
    assert_eq!(call!(cuda.cuCtxCreate_v2(&raw mut context, 0_u32, 0_i32)), 214, "for good");
}

#[test]
fn a_kernel_reaches_no_other_device() {
    alone!("a_kernel_reaches_no_other_device", "devices=2");
    let cuda = Cuda::open();
    assert_eq!(call!(cuda.cuInit(0_u32)), 0);
    let (_, elsewhere) = (cuda.context_on(1), cuda.allocate(64));
    let (_, own) = (cuda.context_on(0), cuda.allocate(64));
    let text = c".version 6.0\n.target sm_52\n.address_size 64\n.visible .entry write(.param .u64 to)\n{\n\
        .reg .b64 %rd<3>; .reg .b32 %r<2>;\nld.param.u64 %rd1, [to];\nmov.u32 %r1, 7;\nst.global.u32 [%rd1], %r1;\n}";
    let (mut module, mut function) = (0_u64, 0_u64);
    assert_eq!(call!(cuda.cuModuleLoadData(&raw mut module, text.as_ptr())), 0);
    assert_eq!(call!(cuda.cuModuleGetFunction(&raw mut function, module, c"write".as_ptr())), 0);
    let write = |to: u64| {
        let (arguments, none) = ([(&raw const to).cast::<u8>()], std::ptr::null_mut::<u64>());
        let list = arguments.as_ptr();
        let code =
            call!(cuda.cuLaunchKernel(function, 1_u32, 1_u32, 1_u32, 1_u32, 1_u32, 1_u32, 0_u32, 0_u64, list, none));
        assert_eq!(code, 0);
        call!(cuda.cuCtxSynchronize())
    };
    assert_eq!([write(own), write(elsewhere)], [0, 700]);
    assert_eq!((cuda.count("device0_launches"), cuda.count("device1_launches")), (2, 0));
}
