//! How busy the device is: NVML tells what the stand-in of this process did, and refuses who asks wrongly.

use std::ffi::{CStr, c_char};
use std::time::{Duration, Instant};

use crate::encoder::Encoder;
use crate::library::{Cuda, Library, alone, call};

struct Nvml {
    library: Library,
}

impl Nvml {
    /// The device's handle, or why not.
    fn device(&self, bus: &CStr) -> Result<u64, u32> {
        let (nvml, mut handle) = (self, 0_u64);
        let code = call!(nvml.nvmlDeviceGetHandleByPciBusId_v2(bus.as_ptr(), &raw mut handle));
        if code == 0 { Ok(handle) } else { Err(code) }
    }

    /// Shares of kernels, copies, decoder and encoder.
    fn load(&self, device: u64) -> [u32; 4] {
        let (nvml, mut rates, mut decoder, mut encoder, mut span) = (self, [0_u32; 2], 0_u32, 0_u32, 0_u32);
        assert_eq!(call!(nvml.nvmlDeviceGetUtilizationRates(device, rates.as_mut_ptr())), 0);
        assert_eq!(call!(nvml.nvmlDeviceGetDecoderUtilization(device, &raw mut decoder, &raw mut span)), 0);
        assert_eq!(call!(nvml.nvmlDeviceGetEncoderUtilization(device, &raw mut encoder, &raw mut span)), 0);
        assert_eq!(span, 1_000_000);
        [rates[0], rates[1], decoder, encoder]
    }
}

#[test]
fn the_load_is_what_was_done() {
    alone!("the_load_is_what_was_done", "memory=64");
    let nvml = Nvml { library: Library::open("libnvidia-ml.so.1") };
    assert_eq!(nvml.device(c"0000:01:00.0"), Err(1), "before it was initialised");
    assert_eq!(call!(nvml.nvmlInit_v2()), 0);
    let cuda = Cuda::ready();
    let mut id: [c_char; 32] = [0; 32];
    assert_eq!(call!(cuda.cuDeviceGetPCIBusId(id.as_mut_ptr(), 32_i32, 0_i32)), 0);
    // SAFETY: the driver ended it with a zero byte.
    let device = nvml.device(unsafe { CStr::from_ptr(id.as_ptr()) }).expect("CUDA's own device");
    assert_eq!(nvml.device(c"00000000:01:00.0"), Ok(device), "however long it is written");
    assert_eq!(nvml.device(c"0000:02:00.0"), Err(6));
    assert_eq!(nvml.load(device), [0; 4], "nothing was done yet");

    let size = 512 * 240 * 3 / 2;
    let memory = cuda.allocate(size);
    let mut info = [0_u64; 3];
    assert_eq!(call!(nvml.nvmlDeviceGetMemoryInfo(device, info.as_mut_ptr())), 0);
    assert_eq!(info, [64 << 20, (64 << 20) - size as u64, size as u64]);
    let encoder = Encoder::open(cuda.current()).expect("a session");
    let mut config = encoder.config();
    assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);
    let (registered, output) = (encoder.register(memory, 512).expect("plain memory"), encoder.output());
    let begin = Instant::now();
    let mut status = 0;
    while begin.elapsed() < Duration::from_millis(300) {
        let mapped = encoder.map(registered).expect("mapped");
        status |= encoder.encode(mapped, output, 2) | encoder.fetch(output).err().unwrap_or(0);
        assert_eq!(encoder.unmap(mapped), 0);
    }
    assert_eq!(status, 0);
    let passed = begin.elapsed();
    let [kernels, _, decoder, encoding] = nvml.load(device);
    assert_eq!((kernels, decoder), (0, 0), "neither ran");
    assert!((2..=31).contains(&encoding) || passed.as_millis() > 310, "{encoding} % after {passed:?} of encoding");
    let (mut sessions, mut fps, mut latency) = (0_u32, 0_u32, 0_u32);
    let numbers = (&raw mut sessions, &raw mut fps, &raw mut latency);
    assert_eq!(call!(nvml.nvmlDeviceGetEncoderStats(device, numbers.0, numbers.1, numbers.2)), 0);
    assert_eq!((sessions, u64::from(fps)), (1, cuda.count("pictures_encoded")), "all of it was in the last second");
    assert!(u128::from(latency * fps) <= passed.as_micros(), "{fps} pictures of {latency} us in {passed:?}");
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(nvml.load(device), [0; 4], "a second later nothing of it is left");
    assert_eq!(call!(nvml.nvmlShutdown()), 0);
    assert_eq!(call!(nvml.nvmlShutdown()), 1, "once too often");
}

#[test]
fn a_lost_device_tells_nothing() {
    alone!("a_lost_device_tells_nothing", "lost-at=1");
    let nvml = Nvml { library: Library::open("libnvidia-ml.so.1") };
    assert_eq!(call!(nvml.nvmlInit_v2()), 0);
    let device = nvml.device(c"0000:01:00.0").expect("it is there");
    let cuda = Cuda::ready();
    let encoder = Encoder::open(cuda.current()).expect("a session");
    let mut config = encoder.config();
    assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);
    let registered = encoder.register(cuda.allocate(512 * 240 * 3 / 2), 512).expect("plain memory");
    let mapped = encoder.map(registered).expect("mapped");
    let output = encoder.output();
    assert_eq!(encoder.encode(mapped, output, 0), 0);
    assert_eq!(encoder.fetch(output).err(), Some(5));
    let mut info = [0_u64; 3];
    assert_eq!(call!(nvml.nvmlDeviceGetMemoryInfo(device, info.as_mut_ptr())), 15);
    assert_eq!(nvml.device(c"0000:01:00.0"), Err(15));
}
