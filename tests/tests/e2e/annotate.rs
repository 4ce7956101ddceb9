//! `sightline annotate`: every frame at its own time, sound as it was, boxes where they were told to be, and refusals that leave nothing behind.

use serde_json::Value;
use sightline_tests::media::{announce, ffmpeg, ffprobe, shared};
use sightline_tests::program::binary;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn annotate(arguments: &[&str]) -> Output {
    Command::new(binary()).arg("annotate").args(arguments).output().expect("the program runs")
}

/// Runs it; it must succeed. Gives what it wrote to standard output.
#[track_caller]
fn done(arguments: &[&str]) -> String {
    let output = annotate(arguments);
    assert!(output.status.success(), "annotate {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Runs it; it must fail with `code` and one line, which is given back.
#[track_caller]
fn refused(code: i32, arguments: &[&str]) -> String {
    let output = annotate(arguments);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "annotate {arguments:?}: {said}");
    assert!(output.stdout.is_empty());
    said
}

fn film(folder: &TempDir, name: &str, more: &str) -> String {
    let path = folder.path().join(name).display().to_string();
    let mut arguments = vec!["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3"];
    arguments.extend(["-f", "lavfi", "-i", "sine=duration=3", "-pix_fmt", "yuv420p"]);
    arguments.extend(more.split_whitespace());
    arguments.push(&path);
    drop(ffmpeg(&arguments));
    path
}

/// The times of all frames, in 90 kHz, in order.
fn times(path: &str) -> Vec<i64> {
    let arguments = [
        "-v",
        "error",
        "-select_streams",
        "v:0",
        "-show_entries",
        "frame=best_effort_timestamp_time",
        "-of",
        "csv=p=0",
    ];
    let output = Command::new("ffprobe").args(arguments).arg(path).output().expect("ffprobe is installed");
    let text = String::from_utf8(output.stdout).expect("text");
    let seconds = text.lines().filter_map(|line| line.split(',').next()?.parse::<f64>().ok());
    let mut times: Vec<_> = seconds.map(|seconds| (seconds * 90_000.0).round() as i64).collect();
    times.sort_unstable();
    times
}

/// The hash of each packet of sound.
fn sound(path: &str) -> Vec<String> {
    let told = ffmpeg(&["-i", path, "-map", "0:a", "-c", "copy", "-f", "framemd5", "-"]);
    let told = String::from_utf8(told).expect("text");
    told.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit(' ').next())
        .map(str::to_owned)
        .collect()
}

/// How many frames of the track that ffmpeg chooses are shown before `end` seconds.
fn frames_before(path: &str, end: f64, track: usize) -> usize {
    let track = format!("0:v:{track}");
    let told = ffmpeg(&[
        "-i",
        path,
        "-map",
        &track,
        "-an",
        "-sn",
        "-dn",
        "-vsync",
        "passthrough",
        "-copyts",
        "-f",
        "framecrc",
        "-",
    ]);
    let told = String::from_utf8(told).expect("text");
    let base = told.lines().find_map(|line| line.strip_prefix("#tb 0: ")).expect("a time base");
    let (numerator, denominator) = base.split_once('/').expect("a fraction");
    let tick = numerator.parse::<f64>().expect("a number") / denominator.parse::<f64>().expect("a number");
    let pts = told.lines().filter_map(|line| line.split(',').nth(2)?.trim().parse::<f64>().ok());
    pts.filter(|pts| pts * tick < end - 1e-6).count()
}

fn video_tracks(path: &Path) -> usize {
    let (facts, _) = ffprobe(path);
    let streams = facts["streams"].as_array().expect("a list");
    streams.iter().filter(|stream| stream["codec_type"] == "video").count()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the lines are there");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).expect("the folder is ours");
    let mut names: Vec<_> = entries.map(|e| e.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Luma of frame `n`, packed.
fn luma(path: &str, n: usize) -> Vec<u8> {
    let select = format!("select=eq(n\\,{n})");
    ffmpeg(&["-i", path, "-vf", &select, "-vsync", "0", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"])
}

#[test]
fn frames_times_and_sound_are_those_of_the_input() {
    let folder = TempDir::new().expect("a folder");
    let input = film(&folder, "in.mp4", "-c:v libx264 -bf 2 -g 25 -c:a aac");
    for (ending, container) in [("mp4", "mov,mp4"), ("mov", "mov,mp4"), ("mkv", "matroska")] {
        let (out, found) = (folder.path().join(format!("out.{ending}")), folder.path().join(format!("{ending}.jsonl")));
        let (out, found_name) = (out.display().to_string(), found.display().to_string());
        let told = done(&[&input, "-o", &out, "--encoder", "x264", "--preset", "p2", "--detections", &found_name]);
        assert!(
            told.starts_with(&format!("{out}: 75 frames, 3.0 s, 320x180")) && told.contains("aac copied"),
            "{told}"
        );
        let (facts, warnings) = ffprobe(Path::new(&out));
        assert_eq!(warnings, "", "{ending}");
        assert!(facts["format"]["format_name"].as_str().is_some_and(|name| name.starts_with(container)));
        let streams = facts["streams"].as_array().expect("streams");
        let kinds: Vec<_> = streams.iter().map(|s| s["codec_name"].as_str().unwrap_or_default()).collect();
        assert_eq!(kinds, ["h264", "aac"]);
        assert_eq!(streams[0]["nb_read_frames"], "75");
        assert_eq!(times(&out), times(&input), "{ending}");
        // Matroska has no time before 0, where the encoder's priming stands.
        let primed = usize::from(ending == "mkv");
        assert_eq!(sound(&out), sound(&input)[primed..], "{ending}");
        let lines = lines(&found);
        let told: Vec<_> = lines.iter().map(|line| line["pts"].as_i64().expect("a number")).collect();
        assert_eq!(told, times(&out), "one line for every frame");
        assert!(lines.iter().enumerate().all(|(n, line)| line["frame"] == n as u64));
        assert!(lines.iter().any(|line| !line["tracks"].as_array().expect("a list").is_empty()), "nothing was found");
        if ending == "mp4" {
            let bytes = std::fs::read(&out).expect("it is there");
            let at = |name: &[u8]| bytes.windows(4).position(|four| four == name).expect("the box is there");
            assert!(at(b"moov") < at(b"mdat"), "not faststart");
        }
    }
}

/// A box of the lines is on its own frame and on no other, to the pixel; without the overlay there is none.
#[test]
fn what_the_lines_say_is_drawn_on_its_frame_and_nowhere_else() {
    let folder = TempDir::new().expect("a folder");
    let input = folder.path().join("grey.mp4").display().to_string();
    drop(ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "color=gray:size=640x360:rate=30:duration=0.5",
        "-c:v",
        "libx264",
        "-qp",
        "4",
        &input,
    ]));
    let (given, out) = (folder.path().join("in.jsonl"), folder.path().join("out.mp4").display().to_string());
    let track = r#"{"id":7,"label":"car","score":0.9,"x1":160,"y1":180,"x2":320,"y2":270,"predicted":false}"#;
    let text =
        format!("{{\"frame\":4,\"pts\":12000,\"tracks\":[{track}]}}\n{{\"frame\":9,\"pts\":27000,\"tracks\":[]}}\n");
    std::fs::write(&given, text).expect("the folder is ours");
    let given = given.display().to_string();
    done(&[&input, "-o", &out, "--tracks", &given, "--rc", "cqp", "--quality", "4"]);
    let lit = |n: usize| {
        let luma = luma(&out, n);
        (0..640).filter(|x| luma[220 * 640 + x].abs_diff(luma[350 * 640]) > 40).collect::<Vec<_>>()
    };
    // The line is 2 pixels wide, with a dark rim of one on either side; compression takes some of its edge.
    let found = lit(4);
    for edge in [160, 320] {
        assert!(found.iter().any(|x| edge - 2 <= *x && *x <= edge + 1), "no line at {edge}: {found:?}");
    }
    assert!(found.iter().all(|x| (157..=163).contains(x) || (317..=323).contains(x)), "{found:?}");
    for n in [0, 3, 5, 9, 14] {
        assert!(lit(n).is_empty(), "frame {n} has a box that is not its own");
    }
    let plain = folder.path().join("plain.mp4").display().to_string();
    done(&[&input, "-o", &plain, "--tracks", &given, "--no-overlay", "--quality", "4"]);
    let luma = luma(&plain, 4);
    assert!((0..640).all(|x| luma[220 * 640 + x].abs_diff(luma[350 * 640]) < 8));
}

/// What `--detections` wrote is drawn again by `--tracks`, to the same pixels, in another size too.
#[test]
fn tracks_that_were_written_are_drawn_again() {
    let folder = TempDir::new().expect("a folder");
    let input = film(&folder, "in.mp4", "-c:v libx264 -an");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (first, second, found, again) = (path("1.mp4"), path("2.mp4"), path("1.jsonl"), path("2.jsonl"));
    done(&[&input, "-o", &first, "--detections", &found, "--resize", "480x", "--show-time"]);
    done(&[&input, "-o", &second, "--tracks", &found, "--detections", &again, "--resize", "480x270", "--show-time"]);
    let hashes = |path: &str| ffmpeg(&["-i", path, "-map", "0:v", "-f", "framemd5", "-"]);
    assert!(hashes(&first) == hashes(&second), "other pixels");
    let tracks = |name: &str| lines(Path::new(name)).into_iter().map(|line| line["tracks"].clone()).collect::<Vec<_>>();
    assert_eq!(tracks(&found), tracks(&again));
    // A part of the film, and its frames by their own times.
    let third = path("3.mp4");
    let told = done(&[&input, "-o", &third, "--start", "1", "--duration", "0.6", "--tracks", &found, "--fps", "12.5"]);
    assert!(told.contains(": 8 frames"), "{told}");
    assert_eq!(times(&third)[..3], [0, 7200, 14_400]);
    assert_eq!(ffprobe(Path::new(&third)).1, "");
}

#[test]
fn refusals_are_one_line_and_leave_nothing() {
    let folder = TempDir::new().expect("a folder");
    let input = film(&folder, "in.mp4", "-c:v libx264 -c:a aac");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let out = path("out.mp4");
    std::fs::write(path("there.mp4"), "kept").expect("the folder is ours");
    std::fs::write(path("text.mp4"), "<html></html>").expect("the folder is ours");
    drop(ffmpeg(&["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", &path("sound.mp4")]));
    let before = names(&folder);
    let one_line = |said: &str, word: &str| {
        assert!(said.starts_with("sightline: ") && said.trim_end().lines().count() == 1, "{said}");
        assert!(said.contains(word), "{said} does not say: {word}");
    };
    one_line(&refused(1, &[&input, "-o", &path("there.mp4")]), "--force");
    one_line(&refused(2, &[&input, "-o", &input, "--force"]), "the input and the output");
    one_line(&refused(1, &[&path("no.mp4"), "-o", &out]), "There is no file");
    one_line(&refused(1, &[&path("text.mp4"), "-o", &out]), "at its start: Invalid data found");
    one_line(&refused(1, &[&path("sound.mp4"), "-o", &out]), "no video");
    one_line(&refused(1, &[&input, "-o", &path("none/out.mp4")]), "make it first");
    one_line(&refused(2, &[&input, "-o", &path("out.avi")]), ".mkv");
    one_line(&refused(2, &[&input, "-o", &out, "--encoder", "nvenc"]), "");
    one_line(&refused(2, &[&input, "-o", &out, "--rc", "crf", "--bitrate", "8M"]), "crf");
    one_line(&refused(2, &[&input, "-o", &out, "--model", "yolo9000"]), "yolo9000");
    one_line(&refused(1, &[&input, "-o", &out, "--start", "99"]), "No picture");
    one_line(&refused(1, &[&input, "-o", &out, "--tracks", &path("text.mp4")]), "Line 1");
    one_line(&refused(2, &["rtsp://127.0.0.1:1/x", "-o", &out]), "--duration");
    assert!(refused(2, &[&input, "-o", &out, "--bitrate", "lots"]).contains("8M"));
    assert!(refused(2, &[&input]).contains("--output"));
    assert_eq!(names(&folder), before);
    assert_eq!(std::fs::read(path("there.mp4")).expect("it is there"), b"kept");
    done(&[&input, "-o", &path("there.mp4"), "--force", "--preset", "p1"]);
    assert_eq!(names(&folder), before);
}

/// A disk that fills, and a hand that stops it: one line, nothing under the name, nothing unfinished.
#[test]
fn a_full_disk_and_an_interruption_leave_nothing() {
    let folder = TempDir::new().expect("a folder");
    let input = film(&folder, "in.mkv", "-c:v libx264 -preset ultrafast -qp 10 -c:a aac");
    let out = folder.path().join("out.mp4").display().to_string();
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" annotate \"$1\" -o \"$2\" --quality 5 --preset p1";
    let limited = Command::new("bash").args(["-c", script]).arg(binary()).args([&input, &out]).output().expect("bash");
    let said = String::from_utf8_lossy(&limited.stderr).into_owned();
    assert_eq!(limited.status.code(), Some(1), "{said}");
    assert!(said.contains("There is no space left for"), "{said}");
    assert_eq!(names(&folder), ["in.mkv"]);
    let mut slow = Command::new(binary());
    slow.args(["annotate", &input, "-o", &out, "--preset", "p7", "--resize", "3840x2160"]);
    let mut running = sightline_tests::child::Running::start(slow);
    let start = Instant::now();
    while names(&folder).len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(20), "it never began: {}", running.output.text());
        std::thread::sleep(Duration::from_millis(20));
    }
    let status = running.terminate(Duration::from_secs(20));
    assert_eq!(status.code(), Some(1), "{}", running.output.text());
    assert!(running.output.text().contains("Nothing was kept"), "{}", running.output.text());
    assert_eq!(names(&folder), ["in.mkv"]);
}

/// A picture that is shown turned comes out upright, in every container; sizes are made even.
#[test]
fn turned_odd_and_deep_pictures_come_out_upright_and_whole() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (plain, turned) = (path("plain.mp4"), path("turned.mp4"));
    drop(ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x240:rate=10:duration=1,scale=161:121",
        "-pix_fmt",
        "yuv444p10le",
        "-c:v",
        "libx264",
        "-qp",
        "8",
        &plain,
    ]));
    drop(ffmpeg(&["-i", &plain, "-c", "copy", "-metadata:s:v", "rotate=90", &turned]));
    let out = path("out.mkv");
    done(&[&turned, "-o", &out, "--model", "none", "--quality", "8"]);
    let (facts, warnings) = ffprobe(Path::new(&out));
    assert_eq!(
        (warnings.as_str(), &facts["streams"][0]["width"], &facts["streams"][0]["height"]),
        ("", &122.into(), &162.into())
    );
    let upright =
        ffmpeg(&["-i", &turned, "-vf", "scale=122:162", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"]);
    let got = luma(&out, 0);
    let off: u64 = upright.iter().zip(&got).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(off / (got.len() as u64) < 6, "another picture: {} a pixel", off / got.len() as u64);
}

/// Every file of the shared folder: all frames at their times, or one line that says why not.
#[test]
fn real_and_hostile_files_are_done_or_refused() {
    let Some(media) = shared("media") else { return };
    let folder = TempDir::new().expect("a folder");
    let mut told = String::new();
    for path in files(&media).into_iter().chain(files(&media.join("broken"))) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let (input, out) =
            (path.display().to_string(), folder.path().join(format!("{name}.mkv")).display().to_string());
        let start = Instant::now();
        let run = annotate(&[&input, "-o", &out, "--preset", "p1", "--resize", "320x", "--duration", "2"]);
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(start.elapsed() < Duration::from_secs(120), "{name} took {:?}", start.elapsed());
        if run.status.success() {
            // Of several video tracks the program takes libavformat's best, the ffmpeg program its largest.
            let tracks = if path.parent() == Some(&media) { video_tracks(&path) } else { 0 };
            let wanted: Vec<_> = (0..tracks).map(|track| frames_before(&input, 2.0, track)).collect();
            let got = times(&out).len();
            assert_eq!(ffprobe(Path::new(&out)).1, "", "{name}");
            told.push_str(&format!("{name}: {got} frames {said}\n"));
            if path.parent() == Some(&media) {
                assert!(wanted.contains(&got), "{name}: {got} frames, its tracks have {wanted:?}: {said}");
            }
        } else {
            assert!(run.status.code() == Some(1) && said.trim_end().lines().count() == 1, "{name}: {said}");
            assert!(path.parent() != Some(&media) && !said.contains(": ."), "{name}: {said}");
            told.push_str(&format!("{name}: {said}"));
        }
    }
    announce(&told);
    assert!(names(&folder).iter().all(|name| name.ends_with(".mkv") && !name.starts_with('.')), "{:?}", names(&folder));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<_> =
        entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_file()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending != "md"));
    files.sort();
    files
}
