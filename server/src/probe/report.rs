//! The report as text for people: what it is first, then what was found, worst first, each with its mend.

use super::judge::figure;
use sightline_shared::probe::{Plays, Probe, Severity};
use std::fmt::Write;

/// Columns of a terminal that lines are kept within.
const WIDTH: usize = 100;

/// The whole report, its lines ended.
#[must_use]
pub fn text(probe: &Probe) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}\n", wrapped(&probe.summary, 0)); // writing to a String cannot fail
    for (name, value) in facts(probe) {
        let _ = writeln!(out, "{name:<16} {value}");
    }
    if !probe.findings.is_empty() {
        out.push('\n');
    }
    for finding in &probe.findings {
        let mark = match finding.severity {
            Severity::Bad => "BAD ",
            Severity::Warning => "warn",
            Severity::Note => "note",
            Severity::Good => "ok  ",
        };
        let _ = writeln!(out, "{mark}  {}", wrapped(&finding.message, 6));
        if let Some(mend) = &finding.mend {
            let _ = writeln!(out, "      -> {}", wrapped(mend, 9));
        }
    }
    out
}

fn facts(probe: &Probe) -> Vec<(&'static str, String)> {
    let yes = |flag: bool| if flag { "yes".to_owned() } else { "no".to_owned() };
    let gop = probe.gop_s.zip(probe.gop_frames);
    let rows = [
        ("address", Some(probe.url.clone())),
        ("transport", probe.transport.clone()),
        ("connected after", probe.connect_ms.map(|ms| format!("{ms:.0} ms"))),
        ("first picture", probe.first_picture_ms.map(|ms| format!("{ms:.0} ms"))),
        (
            "codec",
            probe.codec_words.clone().map(|words| format!("{words} ({})", probe.codec.clone().unwrap_or_default())),
        ),
        ("size", probe.width.zip(probe.height).map(|(width, height)| format!("{width}x{height}"))),
        (
            "frames a second",
            probe.fps.map(|fps| {
                let claim = probe.fps_claimed.map_or_else(String::new, |claim| format!(", claimed {}", figure(claim)));
                format!("{}{claim}", figure(fps))
            }),
        ),
        ("bitrate", probe.bitrate.map(|bits| format!("{:.2} Mb/s", bits / 1e6))),
        ("key frames", gop.map(|(seconds, frames)| format!("every {} s ({} frames)", figure(seconds), figure(frames)))),
        ("B-frames", probe.b_frames.map(yes)),
        ("sets in band", probe.parameter_sets_in_band.map(yes)),
        ("clock", probe.clock_drift_ppm.map(|ppm| format!("{ppm:+.0} ppm"))),
        ("jitter", probe.jitter_ms.map(|ms| format!("{ms:.0} ms"))),
        ("sender reports", probe.sender_reports.map(yes)),
        ("clock ahead", probe.clock_ahead_s.map(|seconds| format!("{seconds:+.1} s"))),
        ("packets lost", (probe.frames > 0).then(|| format!("{} in {} frames", probe.lost_packets, probe.frames))),
        ("sound", probe.audio.as_ref().map(|audio| format!("{}, {} Hz", audio.codec, audio.sample_rate))),
        ("browsers", (!probe.browsers.is_empty()).then(|| browsers(probe))),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn browsers(probe: &Probe) -> String {
    let one = |browser: &sightline_shared::probe::BrowserPlays| {
        let plays = match browser.plays {
            Plays::Yes => "yes",
            Plays::Depends => "depends",
            Plays::No => "no",
        };
        format!("{} {plays}", browser.browser)
    };
    probe.browsers.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `text` broken at blanks, the lines behind the first one indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut column = indent;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_shared::probe::Finding;

    #[test]
    fn a_report_is_read_from_the_top() {
        let finding = Finding {
            severity: Severity::Warning,
            code: "wrong_fps".into(),
            message: "20 frames a second come, but its SDP says 25.".into(),
            mend: Some("word ".repeat(40)),
        };
        let probe = Probe {
            summary: "H.264 High.".into(),
            fps: Some(20.0),
            fps_claimed: Some(25.0),
            findings: vec![finding],
            ..Probe::default()
        };
        let text = text(&probe);
        assert!(text.starts_with("H.264 High.\n\n"), "{text}");
        assert!(text.contains("frames a second  20, claimed 25\n"), "{text}");
        assert!(text.contains("warn  20 frames") && text.contains("      -> word"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }
}
