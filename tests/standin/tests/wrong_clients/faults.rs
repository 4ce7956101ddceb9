//! Failures on demand: each word of `SIGHTLINE_STANDIN_FAULTS` as a client meets it.

use std::ffi::c_void;
use std::path::PathBuf;
use std::ptr::null_mut;
use std::time::Duration;

use crate::encoder::Encoder;
use crate::library::{Cuda, alone, call};

#[test]
fn a_lost_device_answers_every_call_with_its_loss() {
    alone!("a_lost_device_answers_every_call_with_its_loss", "lost-at=1");
    let cuda = Cuda::ready();
    let encoder = Encoder::open(cuda.current()).expect("a session");
    let mut config = encoder.config();
    assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);
    let memory = cuda.allocate(512 * 240 * 3 / 2);
    let registered = encoder.register(memory, 512).expect("plain memory");
    let mapped = encoder.map(registered).expect("mapped");
    let output = encoder.output();
    assert_eq!(encoder.encode(mapped, output, 0), 0, "the loss shows later");
    assert_eq!(encoder.fetch(output).err(), Some(5));
    assert_eq!(call!(cuda.cuCtxSynchronize()), 214);
    let mut address = 0_u64;
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, 64_usize)), 214);
    assert_eq!(call!(cuda.cuCtxDestroy_v2(cuda.current())), 0, "cleaning up works");
}

#[test]
fn without_an_encoder_no_session_opens() {
    alone!("without_an_encoder_no_session_opens", "no-nvenc");
    let cuda = Cuda::ready();
    assert_eq!(Encoder::open(cuda.current()).err(), Some(2));
    assert_eq!(cuda.count("encoders_live"), 0);
}

#[test]
fn an_old_driver_knows_no_client_of_ours() {
    alone!("an_old_driver_knows_no_client_of_ours", "old-driver");
    let cuda = Cuda::ready();
    let mut version = 0_i32;
    assert_eq!(call!(cuda.cuDriverGetVersion(&raw mut version)), 0);
    assert_eq!(version, 11_020);
    assert_eq!(Encoder::newest(), 11 << 4);
    assert_eq!(Encoder::open(cuda.current()).err(), Some(15));
}

#[test]
fn without_a_device_there_is_nothing() {
    alone!("without_a_device_there_is_nothing", "no-device");
    let cuda = Cuda::open();
    assert_eq!(call!(cuda.cuInit(0_u32)), 100);
    let mut count = 7_i32;
    assert_eq!(call!(cuda.cuDeviceGetCount(&raw mut count)), 3, "not initialised");
}

#[test]
fn memory_ends_where_the_fault_says() {
    alone!("memory_ends_where_the_fault_says", "memory=4");
    let cuda = Cuda::ready();
    let (mut free, mut all) = (0_usize, 0_usize);
    let first = cuda.allocate(3 << 20);
    let mut second = 0_u64;
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut second, 2_usize << 20)), 2);
    assert_eq!(call!(cuda.cuMemGetInfo_v2(&raw mut free, &raw mut all)), 0);
    assert_eq!((free, all), (1 << 20, 4 << 20));
    assert_eq!(call!(cuda.cuMemFree_v2(first)), 0);
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut second, 2_usize << 20)), 0);
    assert_eq!(cuda.count("memory_most"), 3 << 20);
}

/// Encodes a picture, or says with which status that failed.
fn encode(encoder: &Encoder, registered: *mut c_void, output: *mut c_void) -> u32 {
    let mapped = encoder.map(registered).expect("it can be mapped");
    let code = encoder.encode(mapped, output, 0);
    let code = if code == 0 { encoder.fetch(output).err().unwrap_or(0) } else { code };
    assert_eq!(encoder.unmap(mapped), 0, "giving back works");
    code
}

#[test]
fn encoders_die_in_mid_flight_when_a_file_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("faults");
    alone!(
        "encoders_die_in_mid_flight_when_a_file_says_so",
        "sessions=2",
        "SIGHTLINE_STANDIN_FAULTS_FILE" = &file,
        "SIGHTLINE_STANDIN_REPORT" = &folder.path().join("report")
    );
    let variable = |name| PathBuf::from(std::env::var_os(name).expect("the variable is set"));
    let file = variable("SIGHTLINE_STANDIN_FAULTS_FILE");
    let say = |words: &str| {
        // Beside and renamed, so that no half of it is read.
        let beside = file.with_extension("new");
        std::fs::write(&beside, words).expect("it can be written");
        std::fs::rename(beside, &file).expect("it can be renamed");
        std::thread::sleep(Duration::from_millis(100));
    };
    let cuda = Cuda::ready();
    let memory = cuda.allocate(512 * 240 * 3 / 2);
    let open = || {
        let encoder = Encoder::open(cuda.current()).expect("a session");
        let mut config = encoder.config();
        assert_eq!(encoder.initialize(&mut encoder.parameters(&mut config)), 0);
        let (registered, output) = (encoder.register(memory, 512).expect("plain memory"), encoder.output());
        (encoder, registered, output)
    };
    let (first, registered, output) = open();
    assert_eq!([0; 3].map(|_| encode(&first, registered, output)), [0; 3]);
    say("encoder-dies-at=5\n");
    assert_eq!([0; 3].map(|_| encode(&first, registered, output)), [0, 20, 20], "the fifth is the last");
    say("");
    assert_eq!(encode(&first, registered, output), 20, "it stays dead");
    let (second, registered, output) = open();
    assert_eq!([0; 9].map(|_| encode(&second, registered, output)), [0; 9], "another one lives");
    assert_eq!(Encoder::open(cuda.current()).err(), Some(10), "what the variable says holds again");
    say("sessions=3");
    let third = Encoder::open(cuda.current()).expect("one more session");
    say("sessions=many");
    assert_eq!(Encoder::open(cuda.current()).err(), Some(10), "words that are not understood change nothing");
    let report = std::fs::read_to_string(variable("SIGHTLINE_STANDIN_REPORT")).expect("a report while it runs");
    assert!(report.contains("encoders_live 3\n") && report.contains("pictures_encoded 13\n"), "{report}");
    assert_eq!(third.close(), 0);
}

#[test]
fn a_kernel_dies_on_demand_and_its_context_with_it() {
    alone!("a_kernel_dies_on_demand_and_its_context_with_it", "kernel-dies-at=2");
    let cuda = Cuda::ready();
    let (first, second) = (cuda.current(), cuda.context());
    assert_eq!(call!(cuda.cuCtxSetCurrent(first)), 0);
    let launch = || {
        let text = c".version 6.0\n.target sm_52\n.address_size 64\n.visible .entry nothing()\n{\nret;\n}";
        let (mut module, mut function) = (0_u64, 0_u64);
        assert_eq!(call!(cuda.cuModuleLoadData(&raw mut module, text.as_ptr())), 0);
        assert_eq!(call!(cuda.cuModuleGetFunction(&raw mut function, module, c"nothing".as_ptr())), 0);
        let none = null_mut::<u64>();
        let code =
            call!(cuda.cuLaunchKernel(function, 1_u32, 1_u32, 1_u32, 1_u32, 1_u32, 1_u32, 0_u32, 0_u64, none, none));
        assert_eq!(code, 0, "the failure shows later");
        call!(cuda.cuCtxSynchronize())
    };
    assert_eq!([launch(), launch()], [0, 719]);
    assert_eq!(call!(cuda.cuCtxSetCurrent(second)), 0);
    assert_eq!(launch(), 0);
}
