//! Faithfulness: Debian's `ffmpeg`, made for NVIDIA's own libraries, decodes and encodes on the stand-in.

mod common;
#[path = "debian/tool.rs"]
mod tool;

use tool::{clip, count, on_standin, software_output, standin_output};

const H264: [(&str, &str, &[&str]); 4] = [
    ("reordered.mp4", "320x240", &["-pix_fmt", "yuv420p", "-c:v", "libx264", "-bf", "2", "-g", "30"]),
    (
        "slices.mp4",
        "330x250",
        &[
            "-pix_fmt",
            "yuv420p",
            "-c:v",
            "libx264",
            "-x264-params",
            "slices=3:weightp=2:bframes=3:ref=4:b-pyramid=normal",
        ],
    ),
    ("baseline.mp4", "640x360", &["-pix_fmt", "yuv420p", "-c:v", "libx264", "-profile:v", "baseline", "-g", "15"]),
    ("matrices.mp4", "322x242", &["-pix_fmt", "yuv420p", "-c:v", "libx264", "-x264-params", "cqm=jvt:cabac=0"]),
];

/// The checksums alone: what is before them is about time.
fn sums(framemd5: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(framemd5);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.rsplit(',').next()?.trim().to_owned())).collect()
}

#[test]
fn h264_is_decoded_bit_for_bit_as_in_software() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report");
    for (name, size, encoder) in H264 {
        let clip = clip(folder.path(), name, size, encoder);
        let software =
            sums(&software_output(&["-v", "error", "-i", &clip, "-pix_fmt", "nv12", "-f", "framemd5", "-"]).0);
        assert_eq!(software.len(), 50, "{name}");
        let by_parser =
            standin_output(&report, &["-c:v", "h264_cuvid", "-i", &clip, "-pix_fmt", "nv12", "-f", "framemd5", "-"]);
        assert_eq!(sums(&by_parser), software, "{name} by h264_cuvid");
        let hardware = ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-i", &clip];
        let download = ["-vf", "hwdownload,format=nv12", "-f", "framemd5", "-"];
        let by_slices = standin_output(&report, &[&hardware[..], &download[..]].concat());
        assert_eq!(sums(&by_slices), software, "{name} by -hwaccel cuda");
        assert_eq!(count(&report, "pictures_decoded"), 50, "{name} was not decoded by the stand-in");
        for live in ["decoders_live", "surfaces_mapped", "allocations_live", "contexts_live", "left_behind"] {
            assert_eq!(count(&report, live), 0, "{name}: {live}");
        }
    }
}

#[test]
fn ten_bit_hevc_is_decoded_bit_for_bit_as_in_software() {
    let folder = tempfile::tempdir().expect("a folder");
    let encoder = ["-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=none"];
    let clip = clip(folder.path(), "deep.mp4", "322x242", &encoder);
    let software = software_output(&["-v", "error", "-i", &clip, "-pix_fmt", "p010le", "-f", "framemd5", "-"]).0;
    let report = folder.path().join("report");
    let by_parser = standin_output(&report, &["-c:v", "hevc_cuvid", "-i", &clip, "-f", "framemd5", "-"]);
    assert_eq!(sums(&by_parser), sums(&software));
    assert_eq!(count(&report, "pictures_decoded"), 50);
}

#[test]
fn av1_is_decoded_bit_for_bit_as_in_software() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report");
    for (format, depth) in [("yuv420p", "nv12"), ("yuv420p10le", "p010le")] {
        let encoder = ["-pix_fmt", format, "-c:v", "libaom-av1", "-cpu-used", "8", "-g", "20", "-lag-in-frames", "16"];
        let clip = clip(folder.path(), &format!("{format}.mkv"), "322x242", &encoder);
        let software = software_output(&["-v", "error", "-i", &clip, "-pix_fmt", depth, "-f", "framemd5", "-"]).0;
        let by_parser =
            standin_output(&report, &["-c:v", "av1_cuvid", "-i", &clip, "-pix_fmt", depth, "-f", "framemd5", "-"]);
        assert_eq!(sums(&by_parser), sums(&software), "{format}");
        assert_eq!((sums(&software).len(), count(&report, "pictures_decoded")), (50, 50), "{format}");
    }
}

#[test]
fn a_clip_is_transcoded_on_the_device_without_a_copy_to_the_host() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report");
    let (name, size, encoder) = H264[2];
    let clip = clip(folder.path(), name, size, encoder);
    let out = folder.path().join("out.mp4").to_str().expect("text").to_owned();
    for (preset, tuning, least) in [("p1", "ull", 32.0), ("p4", "hq", 32.0)] {
        let hardware = ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-i", &clip, "-c:v", "h264_nvenc"];
        let settings = ["-preset", preset, "-tune", tuning, "-b:v", "3M", &out];
        standin_output(&report, &[&hardware[..], &settings[..]].concat());
        assert_eq!(count(&report, "pictures_encoded"), 50, "{preset} {tuning}");
        for none in
            ["host_to_device", "device_to_host", "encoders_live", "surfaces_mapped", "allocations_live", "left_behind"]
        {
            assert_eq!(count(&report, none), 0, "{preset} {tuning}: {none}");
        }
        let (_, text) = software_output(&["-i", &out, "-i", &clip, "-lavfi", "psnr", "-f", "null", "-"]);
        let psnr = text.split("average:").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
        assert!(psnr.is_some_and(|psnr| psnr > least), "{preset} {tuning}: {psnr:?} in {text}");
        let frames = text.rsplit("frame=").next().and_then(|rest| rest.trim().split(' ').next()?.parse::<u32>().ok());
        assert_eq!(frames, Some(50), "{preset} {tuning}: {text}");
    }
}

/// How alike two films are in dB, and how many frames were compared.
fn alike(one: &str, other: &str) -> (f64, u32) {
    let (_, text) = software_output(&["-i", one, "-i", other, "-lavfi", "psnr", "-f", "null", "-"]);
    let psnr = text.split("average:").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    let frames = text.rsplit("frame=").next().and_then(|rest| rest.trim().split(' ').next()?.parse().ok());
    psnr.zip(frames).unwrap_or_else(|| panic!("nothing was compared: {text}"))
}

/// Codec, profile and layout of a film.
fn told(film: &str) -> String {
    let mut probe = std::process::Command::new("ffprobe");
    let entries = "stream=codec_name,profile,pix_fmt";
    probe.args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0", film]).env_remove("LD_LIBRARY_PATH");
    String::from_utf8_lossy(&probe.output().expect("ffprobe runs").stdout).trim().to_owned()
}

#[test]
fn hevc_of_8_and_10_bit_is_encoded() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report");
    let out = folder.path().join("out.mp4").to_str().expect("text").to_owned();
    let (name, size, encoder) = H264[2];
    let shallow = clip(folder.path(), name, size, encoder);
    let hardware = ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-i", &shallow, "-c:v", "hevc_nvenc"];
    standin_output(&report, &[&hardware[..], &["-preset", "p4", "-tune", "ull", "-b:v", "3M", &out]].concat());
    assert_eq!(told(&out), "hevc,Main,yuv420p");
    let (psnr, frames) = alike(&out, &shallow);
    assert!(frames == 50 && psnr > 32.0, "{frames} frames, {psnr} dB");
    for none in ["host_to_device", "device_to_host", "encoders_live", "surfaces_mapped", "left_behind"] {
        assert_eq!(count(&report, none), 0, "{none}");
    }
    let encoder = ["-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=none"];
    let deep = clip(folder.path(), "deep.mp4", "322x242", &encoder);
    let again = ["-c:v", "hevc_cuvid", "-i", &deep, "-c:v", "hevc_nvenc", "-profile:v", "main10", "-b:v", "2M", &out];
    standin_output(&report, &again);
    assert_eq!(told(&out), "hevc,Main 10,yuv420p10le");
    let (psnr, frames) = alike(&out, &deep);
    assert!(frames == 50 && psnr > 32.0, "{frames} frames, {psnr} dB");
    assert_eq!((count(&report, "pictures_encoded"), count(&report, "left_behind")), (50, 0));
    for faults in ["refuses=encode-hevc", "refuses=encode-hevc-10"] {
        let output = on_standin(faults, &report, &again).output().expect("ffmpeg runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains("No capable devices found"), "{faults}: {text}");
    }
}

#[test]
fn failures_on_demand_reach_ffmpeg_as_the_driver_s_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report");
    let (name, size, encoder) = H264[2];
    let clip = clip(folder.path(), name, size, encoder);
    let out = folder.path().join("out.mp4").to_str().expect("text").to_owned();
    let hardware = ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-i", &clip, "-c:v", "h264_nvenc", &out];
    for (faults, words) in [
        ("no-device", "CUDA_ERROR_NO_DEVICE"),
        ("memory=1", "CUDA_ERROR_OUT_OF_MEMORY"),
        ("no-nvdec", "Hardware is lacking required capabilities"),
        ("refuses=h264", "Hardware is lacking required capabilities"),
        ("no-nvenc", "OpenEncodeSessionEx failed: unsupported device (2)"),
        ("old-driver", "Driver does not support the required nvenc API version. Required: 11.1 Found: 11.0"),
        ("sessions=0", "OpenEncodeSessionEx failed: out of memory (10)"),
        ("lost-at=20", "device does not exist (5)"),
        ("encoder-dies-at=20", "generic error (20)"),
        ("no-such-fault", "`no-such-fault` is no fault of the stand-in driver"),
    ] {
        let output = on_standin(faults, &report, &hardware).output().expect("ffmpeg runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(words), "{faults}: {text}");
    }
}

#[test]
fn b_frames_are_asked_for_in_the_order_that_nvenc_keeps() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report");
    let (name, size, encoder) = H264[2];
    let clip = clip(folder.path(), name, size, encoder);
    let out = folder.path().join("out.mp4").to_str().expect("text").to_owned();
    // Pictures that wait keep their surfaces: ffmpeg's decoder has to be told to have more of them.
    let hardware = ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-extra_hw_frames", "12", "-i", &clip];
    standin_output(&report, &[&hardware[..], &["-c:v", "h264_nvenc", "-bf", "3", "-b:v", "3M", &out]].concat());
    assert_eq!((count(&report, "pictures_encoded"), count(&report, "left_behind")), (50, 0));
    let (_, text) = software_output(&["-i", &out, "-i", &clip, "-lavfi", "psnr", "-f", "null", "-"]);
    let psnr = text.split("average:").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
    assert!(psnr.is_some_and(|psnr| psnr > 32.0), "{text}");
}
