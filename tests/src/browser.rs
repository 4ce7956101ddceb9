//! Runs a script of `tests/browser` in Node: it drives Debian's Chromium and answers with JSON on its last line.
//!
//! Playwright, and not a Rust client, for three reasons. It waits by itself for what a person would wait for (visible,
//! enabled, standing still), which is where browser tests otherwise become flaky; axe-core is JavaScript and runs in the
//! page anyway; and it is one npm package without browsers of its own, where chromiumoxide or thirtyfour bring a hundred
//! crates or a driver process. What it costs is Node, which wasm-opt needs here already.

use crate::child::Running;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where screenshots and records lie after a run.
#[must_use]
pub fn artifacts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts")
}

/// Runs `tests/browser/SCRIPT.mjs` with `environment` and gives its answer.
///
/// # Panics
/// It fails, or is not through within `limit`; the message holds what it wrote.
#[must_use]
pub fn run(script: &str, environment: &[(&str, &str)], limit: Duration) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    // scripts/env knows where the npm packages lie.
    let mut command = Command::new("bash");
    command.args(["-c", ". scripts/env && exec node tests/browser/$0.mjs", script]).current_dir(root);
    command.env("SIGHTLINE_ROOT", root).env("SIGHTLINE_ARTIFACTS", artifacts()).envs(environment.iter().copied());
    let mut process = Running::start(command);
    let status = process.wait(limit);
    // The last lines may still be on their way from the pipe.
    let answer = process.output.wait(Duration::from_secs(2), |line| line.strip_prefix("ANSWER ").map(str::to_owned));
    let said = process.output.text();
    assert!(status.success(), "tests/browser/{script}.mjs failed:\n{said}");
    let answer = answer.unwrap_or_else(|_| panic!("tests/browser/{script}.mjs gave no answer:\n{said}"));
    serde_json::from_str(&answer).expect("the answer is JSON")
}
