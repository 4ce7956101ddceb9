//! Which driver a test runs on, and the process that it runs in.

use crate::common;
use sightline_nv::{Context, Driver};
use std::ffi::{CString, c_char};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const INSIDE: &str = "SIGHTLINE_DEVICE_TEST";
/// A test that is not over by then hangs.
const PATIENCE: Duration = Duration::from_secs(240);

/// In the process that is made for `test` alone: a context on the first device. In the first one, which makes that and waits for it: `None`.
pub(crate) fn device(test: &str, faults: &str) -> Option<Context> {
    inside(test, faults).then(|| {
        let driver = Driver::load().unwrap_or_else(|error| panic!("{error}"));
        Context::new(&driver, 0).unwrap_or_else(|error| panic!("{error}"))
    })
}

/// Whether this is the process that is made for `test` alone; in the first one it makes that and waits for it.
pub(crate) fn inside(test: &str, faults: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().expect("the test has a file"));
    command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").env("SIGHTLINE_STANDIN_FAULTS", faults);
    if let Some(folder) = standin(faults) {
        command.env("LD_LIBRARY_PATH", folder);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let told = folder.path().join("told");
    let file = File::create(&told).expect("a file");
    command.stderr(file.try_clone().expect("the file twice")).stdout(file);
    let mut child = command.spawn().expect("the test starts itself");
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().expect("the test can be waited for") {
            Some(status) => break Some(status),
            None if begun.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let mut text = String::new();
    File::open(&told).and_then(|mut file| file.read_to_string(&mut text)).expect("what the test said");
    let status = status.unwrap_or_else(|| panic!("{test} hangs:\n{text}"));
    assert!(status.success(), "{test}: {status}\n{text}");
    assert!(text.contains("1 passed"), "no test of the name {test} ran:\n{text}");
    false
}

/// The stand-in's folder; `None` for the machine's own driver, which fails only of itself.
fn standin(faults: &str) -> Option<PathBuf> {
    let own = faults.is_empty() && std::env::var_os("SIGHTLINE_STANDIN").is_none() && Driver::load().is_ok();
    (!own).then(common::standin)
}

/// A count of the stand-in's; `None` on a real driver, which keeps none.
pub(crate) fn count(name: &str) -> Option<u64> {
    type Counter = unsafe extern "C" fn(*const c_char, *mut u64) -> u32;
    // SAFETY: loaded already, by the name that the driver has.
    let library = unsafe { libloading::Library::new("libcuda.so.1") }.expect("the driver is loaded");
    // SAFETY: the stand-in exports it with this signature, and nobody else does.
    let counter = unsafe { library.get::<Counter>(b"standin_counter\0") }.ok()?;
    let text = CString::new(name).expect("no zero byte");
    let mut value = 0;
    // SAFETY: a text that ends with a zero byte, and a number to write.
    assert_eq!(unsafe { counter(text.as_ptr(), &raw mut value) }, 0, "{name} is not counted");
    Some(value)
}

/// Nothing that is counted is left, and the driver had nothing to object to.
pub(crate) fn nothing_is_left() {
    everything_went_back();
    assert!(count("refused").is_none_or(|refused| refused == 0), "the driver refused {:?} calls", count("refused"));
}

/// Nothing that is counted is left.
pub(crate) fn everything_went_back() {
    for name in [
        "memory_live",
        "pinned_live",
        "surfaces_mapped",
        "inputs_mapped",
        "inputs_registered",
        "decoders_live",
        "parsers_live",
        "encoders_live",
        "encoder_buffers_live",
        "streams_live",
        "events_live",
        "modules_live",
        "left_behind",
    ] {
        assert!(count(name).is_none_or(|left| left == 0), "{name}: {:?} are left", count(name));
    }
}
