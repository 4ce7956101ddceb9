//! Debian's `ffmpeg`, with the stand-in's libraries and without, and the clips it is given.

use std::path::Path;
use std::process::{Command, Output};

use crate::common::libraries;

fn finish(mut command: Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Debian's `ffmpeg` on the libraries, with these faults. `report` is where the counts go.
pub(crate) fn on_standin(faults: &str, report: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]).args(arguments);
    command.env("LD_LIBRARY_PATH", libraries());
    command.env("SIGHTLINE_STANDIN_FAULTS", faults).env("SIGHTLINE_STANDIN_REPORT", report);
    command
}

/// The standard output of an `ffmpeg` on the libraries that must end well.
pub(crate) fn standin_output(report: &Path, arguments: &[&str]) -> Vec<u8> {
    finish(on_standin("", report, arguments)).stdout
}

/// Both outputs of an `ffmpeg` without the libraries that must end well.
pub(crate) fn software_output(arguments: &[&str]) -> (Vec<u8>, String) {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-y"]).args(arguments).env_remove("LD_LIBRARY_PATH");
    let output = finish(command);
    (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A painted clip of two seconds.
pub(crate) fn clip(folder: &Path, name: &str, size: &str, encoder: &[&str]) -> String {
    let path = folder.join(name).to_str().expect("the folder's name is text").to_owned();
    let source = format!("testsrc2=s={size}:r=25:d=2");
    let mut arguments = vec!["-v", "error", "-f", "lavfi", "-i", &source];
    arguments.extend(encoder);
    arguments.push(&path);
    software_output(&arguments);
    path
}

/// A count of the report that the last `ffmpeg` left.
pub(crate) fn count(report: &Path, name: &str) -> u64 {
    let text = std::fs::read_to_string(report).expect("the stand-in wrote its report");
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    found.unwrap_or_else(|| panic!("no {name} in:\n{text}"))
}
