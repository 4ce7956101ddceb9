//! Streams that are no RTSP, served by Debian's `ffmpeg` on 127.0.0.1: MPEG-TS and Motion JPEG over HTTP, RTMP, SRT, HLS.

use crate::child::Running;
use crate::responder::closed_port;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What is sent: 25 frames a second of 320x180, a key frame every second.
const PICTURE: [&str; 5] = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
const H264: [&str; 14] = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-tune",
    "zerolatency",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "25",
    "-b:v",
    "400k",
    "-bf",
    "0",
];

/// A running `ffmpeg` that serves; ends when dropped.
pub struct MediaServer {
    /// The address to read from.
    pub url: String,
    /// The process.
    pub process: Running,
}

impl MediaServer {
    /// Serves by `arguments` behind the picture's; `{port}` in them and in `url` is a free port. It waits for one reader.
    ///
    /// # Panics
    /// No port, or no `ffmpeg`.
    pub async fn start(url: &str, arguments: &[&str]) -> Self {
        let port = closed_port().await.to_string();
        let fill = |text: &str| text.replace("{port}", &port);
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-y"]).args(PICTURE);
        command.args(arguments.iter().map(|argument| fill(argument)));
        Self { url: fill(url), process: Running::start(command) }
    }

    /// H.264 in MPEG-TS over HTTP, with AAC beside it.
    pub async fn http_ts() -> Self {
        let mut arguments = vec!["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
        arguments.extend(H264);
        arguments.extend(["-c:a", "aac", "-f", "mpegts", "-listen", "1", "http://127.0.0.1:{port}/live.ts"]);
        Self::start("http://127.0.0.1:{port}/live.ts", &arguments).await
    }

    /// H.264 in FLV over HTTP.
    pub async fn http_flv() -> Self {
        let arguments = [&H264[..], &["-f", "flv", "-listen", "1", "http://127.0.0.1:{port}/live.flv"]].concat();
        Self::start("http://127.0.0.1:{port}/live.flv", &arguments).await
    }

    /// Motion JPEG as cheap cameras send it: parts of `multipart/x-mixed-replace`.
    pub async fn http_mjpeg() -> Self {
        let arguments = [
            "-c:v",
            "mjpeg",
            "-q:v",
            "5",
            "-r",
            "10",
            "-f",
            "mpjpeg",
            "-content_type",
            "multipart/x-mixed-replace;boundary=ffmpeg",
            "-listen",
            "1",
            "http://127.0.0.1:{port}/video.mjpg",
        ];
        Self::start("http://127.0.0.1:{port}/video.mjpg", &arguments).await
    }

    /// H.264 over RTMP.
    pub async fn rtmp() -> Self {
        let arguments = [&H264[..], &["-f", "flv", "-listen", "1", "rtmp://127.0.0.1:{port}/live/cam"]].concat();
        Self::start("rtmp://127.0.0.1:{port}/live/cam", &arguments).await
    }

    /// H.264 in MPEG-TS over SRT, which asks for a passphrase.
    pub async fn srt(passphrase: &str) -> Self {
        let own = format!("srt://127.0.0.1:{{port}}?mode=listener&passphrase={passphrase}");
        let arguments = [&H264[..], &["-f", "mpegts", &own]].concat();
        Self::start("srt://127.0.0.1:{port}", &arguments).await
    }

    /// H.264 in HLS segments of a second, written into `folder`; its playlist is `live.m3u8`.
    ///
    /// # Panics
    /// The playlist does not come.
    pub async fn hls(folder: &Path) -> Self {
        let playlist = folder.join("live.m3u8");
        let name = playlist.display().to_string();
        let flags = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_flags", "delete_segments", &name];
        let server = Self::start("", &[&H264[..], &flags].concat()).await;
        let there = async || std::fs::read_to_string(&playlist).ok().filter(|text| text.matches(".ts").count() >= 3);
        crate::wait_for("three segments", Duration::from_secs(20), there).await;
        server
    }
}
