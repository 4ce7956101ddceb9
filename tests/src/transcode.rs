//! Transcoding side by side: the program with ten labelled boxes on every frame, and ffmpeg without any, in turn.

use crate::media::ffmpeg;
use crate::program::binary;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Seconds of video; at 30 frames a second.
const SECONDS: usize = 20;
const ROUNDS: usize = 5;

/// What one run took: wall and processor seconds.
#[derive(Clone, Copy, Debug)]
struct Took {
    wall: f64,
    cpu: f64,
}

/// Measures; gives a row for people and the figures.
///
/// # Panics
/// One of the two does other work than the other: frames, times or size differ.
#[must_use]
pub fn compare() -> (String, Value) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (input, tracks, ours, theirs) = (path("in.mp4"), path("in.jsonl"), path("ours.mp4"), path("theirs.mp4"));
    let source = format!("testsrc2=size=1920x1080:rate=30:duration={SECONDS},noise=alls=6:allf=t");
    let mut make = vec!["-f", "lavfi", "-i", &source, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast"];
    make.extend(["-b:v", "4M", "-maxrate", "4M", "-bufsize", "8M", "-g", "60", "-bf", "0", &input]);
    drop(ffmpeg(&make));
    std::fs::write(&tracks, boxes()).expect("the folder is ours");
    let program = binary().display().to_string();
    let mut a = vec![program.as_str(), "annotate", &input, "-o", &ours, "--force", "--tracks", &tracks];
    a.extend([
        "--resize",
        "1280x720",
        "--preset",
        "p2",
        "--tune",
        "ull",
        "--rc",
        "crf",
        "--quality",
        "23",
        "--gop",
        "60",
    ]);
    let mut b =
        vec!["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", &input, "-an", "-vf", "scale=1280:720:flags=bilinear"];
    b.extend(["-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-crf", "23", "-g", "60"]);
    b.extend(["-x264-params", "scenecut=0", "-movflags", "+faststart", &theirs]);
    let (mut took_a, mut took_b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        took_a.push(timed(&a));
        took_b.push(timed(&b));
    }
    let (ours_facts, their_facts) = (facts(&ours), facts(&theirs));
    assert_eq!(ours_facts.0, their_facts.0, "frames or their times differ");
    assert_eq!(ours_facts.0.len(), SECONDS * 30);
    assert_eq!(ours_facts.1, their_facts.1, "codec parameters differ");
    let median = |took: &[Took], of: fn(&Took) -> f64| {
        let mut all: Vec<_> = took.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (cpu_a, cpu_b) = (median(&took_a, |t| t.cpu), median(&took_b, |t| t.cpu));
    let (wall_a, wall_b) = (median(&took_a, |t| t.wall), median(&took_b, |t| t.wall));
    let sum = String::from_utf8(run("sha256sum", &[&input])).expect("text");
    let row = format!(
        "| 1080p30 -> 720p, x264 superfast zerolatency, 10 labelled boxes drawn; ffmpeg without any (median of {ROUNDS} in turn) | \
         {cpu_a:.2} s of CPU against {cpu_b:.2} ({:.2}x); {wall_a:.2} s against {wall_b:.2} ({:.2}x); {} frames, times equal; clip {} |",
        cpu_a / cpu_b,
        wall_a / wall_b,
        ours_facts.0.len(),
        &sum[..12]
    );
    let figures = json!({ "cpu_s": cpu_a, "ffmpeg_cpu_s": cpu_b, "wall_s": wall_a, "ffmpeg_wall_s": wall_b,
        "cpu_ratio": cpu_a / cpu_b, "frames": ours_facts.0.len(), "clip_sha256": sum.trim(),
        "bytes": [size(&ours), size(&theirs)] });
    (row, figures)
}

/// Ten boxes that move, on every frame.
fn boxes() -> String {
    let labels = ["person", "car", "bicycle", "dog", "bus"];
    let mut lines = String::new();
    for n in 0..SECONDS * 30 {
        let _ = write!(lines, "{{\"frame\":{n},\"pts\":{},\"tracks\":[", n * 3000);
        for k in 0..10 {
            let (x, y) = (60 + 370 * (k % 5) + n % 80, 90 + 500 * (k / 5));
            let (label, score) = (labels[k % 5], 0.5 + ((n + k) % 50) as f64 / 100.0);
            let comma = if k == 0 { "" } else { "," };
            let (x2, y2) = (x + 200, y + 320);
            let _ = write!(lines, "{comma}{{\"id\":\"{k}\",\"label\":\"{label}\",\"score\":{score:.2},");
            let _ = write!(lines, "\"x1\":{x},\"y1\":{y},\"x2\":{x2},\"y2\":{y2},\"predicted\":false}}");
        }
        lines.push_str("]}\n");
    }
    lines
}

/// Runs a command; bash tells what it took, with all of its threads and children.
fn timed(command: &[&str]) -> Took {
    let script = "TIMEFORMAT='%R %U %S'; time \"$@\" >/dev/null 2>/dev/null";
    let output = Command::new("bash").args(["-c", script, "bash"]).args(command).stdin(Stdio::null()).output();
    let output = output.expect("bash is there");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?} failed");
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!(numbers.len(), 3, "bash says {said}");
    Took { wall: numbers[0], cpu: numbers[1] + numbers[2] }
}

fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().expect("the program is installed");
    assert!(output.status.success(), "{program} failed");
    output.stdout
}

/// The times of all frames, and what the codec was told.
fn facts(path: &str) -> (Vec<String>, String) {
    let show = |what: &str| {
        let arguments = ["-v", "error", "-select_streams", "v:0", "-show_entries", what, "-of", "csv=p=0", path];
        String::from_utf8(run("ffprobe", &arguments)).expect("text")
    };
    let mut times: Vec<_> = show("packet=pts_time").lines().map(str::to_owned).collect();
    times.sort_by(|a, b| a.parse::<f64>().unwrap_or(0.0).total_cmp(&b.parse().unwrap_or(0.0)));
    (times, show("stream=codec_name,profile,width,height,has_b_frames,pix_fmt"))
}

fn size(path: &str) -> u64 {
    std::fs::metadata(Path::new(path)).map_or(0, |facts| facts.len())
}
