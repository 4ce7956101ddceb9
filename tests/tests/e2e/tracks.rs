//! `sightline annotate` with tracks of other programs: MOTChallenge text out and in, and the layers of what is drawn.

use sightline_tests::media::ffmpeg;
use sightline_tests::program::binary;
use std::process::{Command, Output};
use tempfile::TempDir;

fn annotate(arguments: &[&str]) -> Output {
    Command::new(binary()).arg("annotate").args(arguments).output().expect("the program runs")
}

#[track_caller]
fn done(arguments: &[&str]) {
    let output = annotate(arguments);
    assert!(output.status.success(), "annotate {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
fn refused(code: i32, arguments: &[&str], word: &str) {
    let output = annotate(arguments);
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.code() == Some(code) && said.contains(word), "annotate {arguments:?}: {said}");
}

/// A grey film of 20 frames, 640x360, with a dark square of 60 pixels that moves by 6 pixels a frame.
fn film(folder: &TempDir) -> String {
    let path = folder.path().join("in.mp4").display().to_string();
    let moving = "color=gray:size=640x360:rate=25:duration=0.8[a];color=0x202020:size=60x60:rate=25:duration=0.8[b];\
                  [a][b]overlay=x=100+6*n:y=150";
    drop(ffmpeg(&["-filter_complex", moving, "-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", &path]));
    path
}

fn luma(path: &str, n: usize) -> Vec<u8> {
    let select = format!("select=eq(n\\,{n})");
    ffmpeg(&["-i", path, "-vf", &select, "-vsync", "0", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"])
}

#[test]
fn motchallenge_text_is_written_and_read() {
    let folder = TempDir::new().expect("a folder");
    let input = film(&folder);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (first, again, out) = (path("1.txt"), path("2.txt"), path("out.mp4"));
    done(&[&input, "-o", &out, "--mot", &first]);
    let text = std::fs::read_to_string(&first).expect("it was written");
    let rows: Vec<Vec<f64>> =
        text.lines().map(|line| line.split(',').map(|number| number.parse().expect("a number")).collect()).collect();
    assert!(rows.len() >= 10 && rows.iter().all(|row| row.len() == 9), "{text}");
    assert!(rows.iter().all(|row| (1.0..=20.0).contains(&row[0]) && row[1] >= 1.0 && row[1].fract() == 0.0), "{text}");
    // The square is in its last frame where it is: 100 + 6 * 19 pixels from the left, counted from 1.
    let last = rows.iter().find(|row| row[0] == 20.0).expect("the last frame has it");
    assert!((last[2] - 215.0).abs() < 16.0 && (last[3] - 151.0).abs() < 16.0, "{last:?}");
    // Read again and written again it is the same, in whatever order its rows stand.
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.len()));
    std::fs::write(path("mixed.txt"), lines.join("\n")).expect("the folder is ours");
    done(&[&input, "-o", &out, "--force", "--tracks", &first, "--mot", &again]);
    assert_eq!(std::fs::read_to_string(&again).expect("it was written"), text);
    done(&[&input, "-o", &out, "--force", "--tracks", &path("mixed.txt"), "--mot", &again]);
    let sorted = |text: &str| {
        let mut lines: Vec<_> =
            text.lines().map(|line| line.split(',').skip(2).collect::<Vec<_>>().join(",")).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&std::fs::read_to_string(&again).expect("it was written")), sorted(&text));
    std::fs::write(path("wrong.txt"), "1,1,10,10,20,20,1,1,1\n2,1,10\n").expect("the folder is ours");
    let wrong = ["-o", &out, "--force", "--tracks", &path("wrong.txt")];
    refused(1, &[&[input.as_str()], &wrong[..]].concat(), "Line 2 of");
    refused(2, &[&input, "-o", &out, "--force", "--mot", &out], "cannot be the video");
    refused(2, &[&input, "-o", &out, "--force", "--mot", &first, "--tracks", &first], "the same file");
}

#[test]
fn each_layer_is_burned_in_by_itself() {
    let folder = TempDir::new().expect("a folder");
    let input = film(&folder);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let tracks = path("in.txt");
    let row = |n: u32| format!("{n},7,{},151,60,60,0.9,1,1\n", 101 + 6 * (n - 1));
    std::fs::write(&tracks, (1..=20).map(row).collect::<String>()).expect("the folder is ours");
    let drawn = |layers: &str| {
        let out = path(&format!("{layers}.mp4"));
        done(&[&input, "-o", &out, "--tracks", &tracks, "--layers", layers, "--rc", "cqp", "--quality", "4"]);
        luma(&out, 15)
    };
    let plain = drawn("none");
    let changed = |layers: &str| {
        let drawn = drawn(layers);
        let differs = |at: &usize| drawn[*at].abs_diff(plain[*at]) > 24;
        (0..drawn.len()).filter(differs).map(|at| (at % 640, at / 640)).collect::<Vec<_>>()
    };
    // Frame 15: the box is 190 to 250 wide and 150 to 210 high, its foot at (220, 210) came from (130, 210).
    let boxes = changed("boxes");
    assert!(boxes.iter().all(|(x, y)| (186..=254).contains(x) && (146..=214).contains(y)) && boxes.len() > 300);
    assert!(boxes.iter().all(|(x, y)| !((196..=244).contains(x) && (156..=204).contains(y))), "boxes are hollow");
    let trail = changed("trails");
    assert!(trail.iter().all(|(x, y)| (126..=224).contains(x) && (206..=214).contains(y)), "{trail:?}");
    assert!((140..215).all(|x| trail.iter().any(|(at, _)| *at == x)), "{trail:?}");
    let label = changed("labels");
    assert!(
        !label.is_empty() && label.iter().all(|(x, y)| (186..=260).contains(x) && (130..=152).contains(y)),
        "{label:?}"
    );
    assert!(changed("ids,labels").len() > label.len() && changed("ids").len() < label.len());
    refused(2, &[&input, "-o", &path("x.mp4"), "--layers", "boxes,names"], "no layer is called \"names\"");
}
