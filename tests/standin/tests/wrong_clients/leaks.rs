//! What is not given back is counted; a hundred starts and stops leave nothing.

use std::ffi::{c_int, c_void};

use crate::decoder::{Decoder, clip};
use crate::encoder::Encoder;
use crate::library::{Cuda, alone, call};

/// All that must be as it was after a stop.
const LIVE: [&str; 14] = [
    "memory_live",
    "allocations_live",
    "pinned_live",
    "contexts_live",
    "streams_live",
    "events_live",
    "modules_live",
    "parsers_live",
    "decoders_live",
    "surfaces_mapped",
    "encoders_live",
    "encoder_buffers_live",
    "inputs_registered",
    "inputs_mapped",
];

fn live(cuda: &Cuda) -> Vec<(&'static str, u64)> {
    LIVE.into_iter().map(|name| (name, cuda.count(name))).filter(|(_, count)| *count > 0).collect()
}

/// What a start makes: a context, memory, a stream, an event, a module, an encoder with its buffers.
struct Started {
    context: u64,
    memory: u64,
    pinned: u64,
    stream: u64,
    event: u64,
    module: u64,
    encoder: Encoder,
    registered: *mut c_void,
    output: *mut c_void,
}

impl Started {
    fn new(cuda: &Cuda) -> Self {
        let context = cuda.context();
        let (memory, stream) = (cuda.allocate(512 * 240 * 3 / 2), cuda.stream());
        let (mut pinned, mut event, mut module) = (0_u64, 0_u64, 0_u64);
        assert_eq!(call!(cuda.cuMemAllocHost_v2(&raw mut pinned, 64_usize)), 0);
        assert_eq!(call!(cuda.cuEventCreate(&raw mut event, 0_u32)), 0);
        let text = c".version 6.0\n.target sm_52\n.address_size 64";
        assert_eq!(call!(cuda.cuModuleLoadData(&raw mut module, text.as_ptr())), 0);
        let encoder = Encoder::open(context).expect("a session");
        let mut config = encoder.config();
        assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);
        let registered = encoder.register(memory, 512).expect("plain memory");
        let output = encoder.output();
        let mapped = encoder.map(registered).expect("mapped");
        assert_eq!(encoder.encode(mapped, output, 0), 0);
        encoder.fetch(output).expect("a picture");
        assert_eq!(encoder.unmap(mapped), 0);
        Self { context, memory, pinned, stream, event, module, encoder, registered, output }
    }

    fn stop(self, cuda: &Cuda) {
        assert_eq!(self.encoder.unregister(self.registered), 0);
        assert_eq!(self.encoder.destroy_output(self.output), 0);
        assert_eq!(self.encoder.close(), 0);
        assert_eq!(call!(cuda.cuModuleUnload(self.module)), 0);
        assert_eq!(call!(cuda.cuEventDestroy_v2(self.event)), 0);
        assert_eq!(call!(cuda.cuStreamDestroy_v2(self.stream)), 0);
        assert_eq!(call!(cuda.cuMemFreeHost(self.pinned)), 0);
        assert_eq!(call!(cuda.cuMemFree_v2(self.memory)), 0);
        assert_eq!(call!(cuda.cuCtxDestroy_v2(self.context)), 0);
    }
}

fn decode(bytes: &[u8]) {
    let mut client = Decoder::new(1);
    let shown = |client: &Decoder, index: c_int| {
        let (address, _) = client.map(index, 0).expect("it can be mapped");
        assert_eq!(client.unmap(address), 0);
    };
    assert_eq!(client.parse(bytes, shown), 0);
    assert_eq!(client.destroy(), 0);
}

#[test]
fn a_hundred_starts_and_stops_leave_nothing() {
    alone!("a_hundred_starts_and_stops_leave_nothing", "delay=0");
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = clip(folder.path(), &[]);
    let cuda = Cuda::open();
    assert_eq!(call!(cuda.cuInit(0_u32)), 0);
    let threads = || std::fs::read_dir("/proc/self/task").expect("the process has threads").count();
    let before = threads();
    for _ in 0..100 {
        let started = Started::new(&cuda);
        decode(&bytes[..bytes.len() / 8]);
        started.stop(&cuda);
    }
    assert_eq!(live(&cuda), []);
    for (made, count) in [("contexts_made", 100), ("decoders_made", 100), ("encoders_made", 100), ("left_behind", 0)] {
        assert_eq!(cuda.count(made), count, "{made}");
    }
    // Streams that were closed end their threads by themselves.
    for _ in 0..100 {
        if threads() > before {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    assert!(threads() <= before, "{} threads are left of {before}", threads());
}

#[test]
fn each_thing_that_is_not_given_back_is_counted() {
    alone!("each_thing_that_is_not_given_back_is_counted", "delay=0");
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = clip(folder.path(), &[]);
    let cuda = Cuda::open();
    assert_eq!(call!(cuda.cuInit(0_u32)), 0);
    let started = Started::new(&cuda);
    let mut client = Decoder::new(1);
    client.parse(&bytes, |client, index| {
        let _ = client.map(index, 0);
    });
    assert!(started.encoder.map(started.registered).is_ok());
    let counted: Vec<_> = live(&cuda).into_iter().map(|(name, _)| name).collect();
    let expected: Vec<_> = LIVE.into_iter().filter(|name| *name != "parsers_live").collect();
    assert_eq!(counted, expected, "a parser alone was given back");
    assert_eq!(started.encoder.close(), 0);
    assert_eq!(cuda.count("left_behind"), 2, "an output, and an input that is registered");
    assert_eq!(client.destroy(), 0);
    assert_eq!(call!(cuda.cuCtxDestroy_v2(started.context)), 0);
    assert_eq!(cuda.count("left_behind"), 4, "with memory on the device and of the host");
    assert_eq!(live(&cuda), [("events_live", 1)], "an event belongs to no context here");
}
