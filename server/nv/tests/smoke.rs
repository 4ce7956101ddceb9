//! `gpu-smoke` as its users run it: on the stand-in, on a device without an encoder, on one that dies, and where there is nothing at all.

mod common;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gpu-smoke");

fn on_standin(faults: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env("LD_LIBRARY_PATH", common::standin()).env("SIGHTLINE_STANDIN_FAULTS", faults);
    command.output().expect("the program runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The outcome of the check whose name begins so.
fn outcome(report: &Value, name: &str) -> String {
    let checks = report["checks"].as_array().expect("checks");
    let one = checks.iter().find(|check| check["name"].as_str().is_some_and(|text| text.starts_with(name)));
    one.unwrap_or_else(|| panic!("no check {name}: {report}"))["outcome"].as_str().expect("an outcome").to_owned()
}

#[test]
fn on_the_stand_in_everything_is_right_and_the_figures_are_said_to_mean_nothing() {
    let output = on_standin("", &["--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0), "{report}");
    for check in report["checks"].as_array().expect("checks") {
        assert_eq!(check["outcome"], "ok", "{check}");
    }
    assert_eq!(report["checks"].as_array().map(Vec::len), Some(6));
    assert!(
        report["notes"][0].as_str().is_some_and(|note| note.contains("of a stand-in and mean nothing")),
        "{report}"
    );
    assert_eq!(report["notes"].as_array().map(Vec::len), Some(1), "something was not measured: {report}");
    let figures = report["figures"].as_array().expect("figures");
    for benchmark in 16..=18 {
        assert!(figures.iter().any(|figure| figure["benchmark"] == benchmark), "benchmark {benchmark}");
    }
    let named = |figure: &&Value| figure["name"].as_str().is_some_and(|name| name.ends_with(": samples to the host"));
    let to_host = figures.iter().find(named).expect("what went to the host");
    assert_eq!(to_host["value"].as_f64(), Some(0.0));
    let mut names: Vec<_> = figures.iter().filter_map(|figure| figure["name"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), figures.len(), "each figure has a name of its own");
    assert!(figures.iter().all(|figure| figure["value"].as_f64().is_some_and(|value| value >= 0.0)), "{figures:?}");
}

#[test]
fn a_device_without_an_encoder_is_all_right() {
    let output = on_standin("no-nvenc", &[]);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let line = text.lines().find(|line| line.contains("encoder: H.264")).unwrap_or_default();
    assert!(line.contains("absent") && line.contains("this device has no video encoder (NVENC)"), "{text}");
    assert!(text.contains("25 pictures, bit for bit those of software"), "{text}");
}

#[test]
fn a_device_that_is_lost_is_no_success_and_no_hang() {
    let output = on_standin("lost-at=10", &["--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert_eq!(outcome(&report, "decoder: H.264"), "WRONG");
    assert_eq!(report["failed"], true);
}

#[test]
fn without_a_device_it_says_so_and_has_a_status_of_its_own() {
    let off = Command::new(PROGRAM).env("SIGHTLINE_NO_CUDA", "1").output().expect("the program runs");
    assert_eq!(off.status.code(), Some(2));
    assert!(text(&off).contains("There is nothing to check: switched off by the environment"), "{}", text(&off));
    let empty = on_standin("no-device", &["--json"]);
    let report: Value = serde_json::from_slice(&empty.stdout).expect("JSON");
    assert_eq!((empty.status.code(), &report["device_found"]), (Some(2), &Value::Bool(false)));
    if sightline_nv::Driver::load().is_ok() {
        println!("skipped in part: this machine has a driver");
        return;
    }
    let none = Command::new(PROGRAM).output().expect("the program runs");
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none).contains("There is nothing to check: no NVIDIA driver: libcuda.so.1"), "{}", text(&none));
}

#[test]
fn arguments_that_are_not_understood_are_named() {
    let output = Command::new(PROGRAM).arg("--jsno").output().expect("the program runs");
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`--jsno` is not understood"));
    let help = Command::new(PROGRAM).arg("--help").output().expect("the program runs");
    assert!(help.status.success() && text(&help).contains("Exit status:"));
}

/// glibc and what the compiler needs of it: a machine that has a driver has these.
#[test]
fn it_needs_a_c_library_and_nothing_else() {
    let output = Command::new("readelf").args(["-d", PROGRAM]).output().expect("readelf is installed");
    let text = text(&output);
    let needed: Vec<_> = text
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split(['[', ']']).nth(1))
        .collect();
    assert!(needed.contains(&"libc.so.6"), "{needed:?}");
    for library in &needed {
        let allowed = ["libc.so", "libm.so", "libgcc_s.so", "libdl.so", "libpthread.so", "ld-linux"];
        assert!(allowed.iter().any(|name| library.starts_with(name)), "{library} is linked: {needed:?}");
    }
}

#[test]
fn the_clips_hashes_are_those_of_software() {
    let clips = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/gpu-smoke/clips");
    let folder = tempfile::tempdir().expect("a folder");
    let made = Command::new(clips.join("make")).arg("--hashes").env("TO", folder.path()).status().expect("it runs");
    assert!(made.success(), "clips/make failed");
    for name in ["h264.framehash", "hevc10.framehash"] {
        // The lines above tell which ffmpeg made it.
        let pictures = |path: &Path| -> Vec<String> {
            let text = std::fs::read_to_string(path).expect("hashes");
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        assert_eq!(pictures(&folder.path().join(name)), pictures(&clips.join(name)), "{name}");
    }
}
