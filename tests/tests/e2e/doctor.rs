//! `sightline doctor` without a device, on the stand-in driver, and where something is asked for that is not there.

use serde_json::Value;
use sightline_tests::program::binary;
use sightline_tests::standin;
use std::process::Command;
use tempfile::TempDir;

/// Runs it with these settings; its exit status, its JSON, and what it says to standard error.
fn doctor(settings: &str, environment: &[(&str, &str)]) -> (i32, Value, String) {
    let folder = TempDir::new().expect("a temporary folder");
    let config = folder.path().join("sightline.toml");
    std::fs::write(&config, settings).expect("the folder is ours");
    let mut command = Command::new(binary());
    command.args(["doctor", "--json", "--config"]).arg(&config).arg("--data").arg(folder.path());
    command.env_remove("LD_LIBRARY_PATH").envs(environment.iter().copied());
    let output = command.output().expect("the program starts");
    let told = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap_or(-1), told, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn with_device(settings: &str, faults: &str) -> (i32, Value, String) {
    let folder = standin::folder().display().to_string();
    doctor(settings, &[("LD_LIBRARY_PATH", &folder), ("SIGHTLINE_STANDIN_FAULTS", faults)])
}

/// Stage and device of each trial that came out right.
fn right(told: &Value) -> Vec<(String, Option<u64>)> {
    let trials = told["trials"].as_array().expect("a list").iter();
    let right = trials.filter(|trial| trial["wrong"].is_null() && trial["frames"].as_u64() > Some(0));
    right.map(|trial| (trial["stage"].as_str().unwrap_or_default().to_owned(), trial["device"].as_u64())).collect()
}

const IN_SOFTWARE: [&str; 3] = ["encode", "decode", "process"];
const ASKING: &str = "[[camera]]\nid = \"yard\"\nurl = \"rtsp://127.0.0.1:1/\"\nencoder = { backend = \"nvenc\" }\n";

#[test]
fn a_machine_without_a_device_is_told_so_and_is_no_failure() {
    let (status, told, said) = doctor("version = 1\n", &[("SIGHTLINE_NO_CUDA", "1")]);
    assert_eq!(status, 0, "{said}");
    assert_eq!(told["driver"]["found"], false);
    assert!(told["driver"]["reason"].as_str().is_some_and(|why| why.contains("SIGHTLINE_NO_CUDA")), "{told}");
    let wanted: Vec<_> = IN_SOFTWARE.iter().map(|stage| ((*stage).to_owned(), None)).collect();
    assert_eq!(right(&told), wanted, "{told}");
    let encode = told["stages"].as_array().expect("a list").iter().find(|stage| stage["stage"] == "encode");
    assert!(encode.is_some_and(|stage| stage["uses"] == "libx264" && stage["reason"].is_string()), "{told}");
}

#[test]
fn what_the_settings_ask_for_by_name_has_to_be_there() {
    let asked = format!("version = 1\n{ASKING}decoder = \"nvdec\"\n");
    let (status, told, said) = doctor(&asked, &[("SIGHTLINE_NO_CUDA", "1")]);
    assert_eq!(status, 1, "{said}");
    let missing: Vec<_> = told["missing"].as_array().expect("a list").iter().map(|one| &one["asked"]).collect();
    assert_eq!(missing, ["decoder = \"nvdec\"", "encoder.backend = \"nvenc\""], "{told}");
    assert!(said.contains("2 things"), "{said}");
    let (status, _, said) = doctor("version = 1\ncolour = \"green\"\n", &[]);
    assert!(status == 1 && said.contains("config check"), "{status}: {said}");
}

#[test]
fn a_device_is_tried_and_held_to_software() {
    let (status, told, said) = with_device(&format!("version = 1\n{ASKING}"), "");
    assert_eq!(status, 0, "{said}{told}");
    let of_device = [("decode", Some(0)), ("process", Some(0)), ("encode", Some(0))];
    let wanted: Vec<_> = IN_SOFTWARE.iter().map(|stage| (*stage, None)).chain(of_device).collect();
    let wanted: Vec<_> = wanted.into_iter().map(|(stage, device)| (stage.to_owned(), device)).collect();
    assert_eq!(right(&told), wanted, "{told}");
    assert_eq!(told["driver"]["found"], true);
}

#[test]
fn a_device_without_an_encoder_says_so_and_fails_only_who_asks_for_one() {
    let (status, told, said) = with_device("version = 1\n", "no-nvenc");
    assert_eq!(status, 0, "{said}");
    let cannot = told["devices"][0]["cannot"].to_string();
    assert!(cannot.contains("encode"), "{told}");
    assert!(!right(&told).contains(&("encode".to_owned(), Some(0))), "{told}");
    let (status, told, _) = with_device(&format!("version = 1\n{ASKING}"), "no-nvenc");
    assert_eq!((status, told["missing"][0]["camera"].as_str()), (1, Some("yard")), "{told}");
}
