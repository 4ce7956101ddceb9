//! Where test media comes from: made here by `ffmpeg`, or real files of a `shared` folder beside the clone.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the shared folder (`$SIGHTLINE_SHARED`, else `../shared`); `None`, and a word about it, where it is not there.
#[must_use]
pub fn shared(path: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let folder = std::env::var_os("SIGHTLINE_SHARED").map_or_else(|| workspace.join("../shared"), PathBuf::from);
    let found = folder.join(path);
    if found.exists() {
        return Some(found.canonicalize().unwrap_or(found));
    }
    announce(&format!("skipped: {} is not there (set SIGHTLINE_SHARED to the folder that holds it)", found.display()));
    None
}

/// Says something in the test's output.
pub fn announce(words: &str) {
    use std::io::Write;
    // A closed stderr is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// Runs `ffmpeg` with `arguments` and gives what it wrote to standard output.
///
/// # Panics
/// It failed.
#[must_use]
pub fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(arguments).output();
    let output = output.expect("ffmpeg is installed (scripts/setup test)");
    assert!(output.status.success(), "ffmpeg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What ffprobe says of `input`, as JSON, counting frames by decoding them all; and its warnings.
///
/// # Panics
/// It failed, or said something that is not JSON.
#[must_use]
pub fn ffprobe(input: &Path) -> (serde_json::Value, String) {
    let options = ["-v", "warning", "-of", "json", "-show_streams", "-show_format", "-count_frames"];
    let output =
        Command::new("ffprobe").args(options).arg(input).output().expect("ffprobe is installed (scripts/setup test)");
    let warnings = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "ffprobe {}: {warnings}", input.display());
    (serde_json::from_slice(&output.stdout).expect("ffprobe writes JSON"), warnings)
}

/// The numbers that the demo camera has painted into the frames that a player of `file` shows.
///
/// # Panics
/// ffmpeg cannot decode it.
#[must_use]
pub fn demo_numbers(file: &Path) -> Vec<u64> {
    let file = file.to_str().expect("paths of tests are UTF-8");
    let crop = "crop=384:16:0:0,format=gray";
    let pixels = ffmpeg(&["-i", file, "-vf", crop, "-fps_mode", "passthrough", "-f", "rawvideo", "-"]);
    let number = |frame: &[u8]| (0..24).fold(0, |n, bit| n << 1 | u64::from(frame[8 * 384 + bit * 16 + 8] > 128));
    pixels.chunks_exact(384 * 16).map(number).collect()
}
