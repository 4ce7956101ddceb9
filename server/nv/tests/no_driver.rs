//! On a machine without a driver everything says so in words, and nothing panics.
//!
//! Where a driver (or the stand-in) can be loaded there is nothing to see here, and the tests say that they were skipped.

use sightline_nv::{Driver, Error, Switches, probe};
use std::process::Command;

#[test]
fn a_missing_driver_is_said_in_words() {
    if !matches!(Driver::load(), Err(Error::NoLibrary { .. })) {
        println!("skipped: this machine has a driver");
        return;
    }
    let report = probe(&Switches::default());
    let Err(Error::NoLibrary { library: "libcuda.so.1", reason }) = &report.driver else {
        panic!("{:?}", report.driver);
    };
    assert!(reason.contains("libcuda.so.1"), "{reason}");
    assert!(report.devices.is_empty());
    let words = report.to_string();
    assert!(words.starts_with("driver: no NVIDIA driver: libcuda.so.1 could not be loaded ("), "{words}");
    assert_eq!(words.lines().count(), 1);
    assert!(Driver::load().is_err_and(|error| !error.is_device_lost() && !error.is_session_limit()));
}

/// The dynamic loader would refuse to start the program without a driver.
#[test]
fn nothing_of_the_driver_is_linked() {
    let own = std::env::current_exe().unwrap();
    let Ok(output) = Command::new("readelf").arg("-d").arg(&own).output() else {
        println!("skipped: readelf is not installed");
        return;
    };
    let needed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(needed.contains("NEEDED"), "{needed}");
    for library in ["libcuda", "libnvcuvid", "libnvidia"] {
        assert!(!needed.contains(library), "{library} is linked:\n{needed}");
    }
}
