//! Cameras by libavformat: HTTP, HLS, RTMP, SRT, rtsps, each live and decodable; and servers that mean ill.

use sightline_shared::camera::{Camera, CameraState};
use sightline_tests::clip::{Clip, ClipSpec};
use sightline_tests::fake_camera::FakeCamera;
use sightline_tests::http_files::{HttpFiles, Serve};
use sightline_tests::media::{ffmpeg, ffprobe};
use sightline_tests::media_server::MediaServer;
use sightline_tests::program::Program;
use sightline_tests::real_camera::RealCamera;
use sightline_tests::tls::Tls;
use sightline_tests::viewer::Viewer;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The camera at `url` is live over `transport`, its frames arrive in order, and the program beside it decodes every one.
async fn plays(url: &str, transport: &str, size: (u32, u32)) -> (Program, Camera) {
    let program = Program::start().await;
    let id = program.add("cam", url).await;
    let camera = program.wait_live(&id).await;
    assert_eq!(camera.transport_in_use.as_deref(), Some(transport), "{camera:?}");
    assert!(camera.codec.as_deref().is_some_and(|codec| codec.starts_with("avc1.")), "{:?}", camera.codec);
    assert_eq!((camera.width, camera.height), (Some(size.0), Some(size.1)));
    let chunks = Viewer::open(&program, &id).await.videos(50).await;
    assert!(chunks[0].is_key(), "a viewer starts at a key frame");
    assert!(chunks.windows(2).all(|two| two[0].header.dts < two[1].header.dts), "decoding times go back");
    decodes(&program, &id);
    (program, camera)
}

/// `live.mp4` for three seconds, as another program sees it: every frame decodes, without a warning.
fn decodes(program: &Program, id: &str) {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("live.mp4");
    let status = Command::new("curl")
        .args(["-s", "--max-time", "3", "-o"])
        .arg(&path)
        .arg(program.url(&format!("/api/cameras/{id}/live.mp4?rendition=source")))
        .status()
        .expect("curl is installed (scripts/setup test)");
    // 28: its time is over, as it was told.
    assert_eq!(status.code(), Some(28), "live.mp4 ended by itself");
    let (report, _) = ffprobe(&path);
    let video = &report["streams"][0];
    let frames: u32 = video["nb_read_frames"].as_str().and_then(|n| n.parse().ok()).unwrap_or(0);
    assert!(frames > 20, "only {frames} frames decode: {report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mpeg_ts_over_http_with_sound() {
    let server = MediaServer::http_ts().await;
    let (_program, camera) = plays(&server.url, "http", (320, 180)).await;
    assert!(camera.audio.is_some_and(|audio| audio.codec == "mp4a.40.2"), "the sound is missing");
    assert_eq!(camera.note, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flv_over_http() {
    let server = MediaServer::http_flv().await;
    plays(&server.url, "http", (320, 180)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rtmp() {
    let server = MediaServer::rtmp().await;
    plays(&server.url, "rtmp", (320, 180)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn srt_with_a_passphrase_that_is_told_nowhere() {
    let server = MediaServer::srt("very-s3cret-word").await;
    let url = format!("{}?passphrase=very-s3cret-word", server.url);
    let (program, camera) = plays(&url, "srt", (320, 180)).await;
    assert!(camera.url.ends_with("passphrase=***"), "{}", camera.url);
    assert!(!program.log().contains("very-s3cret-word"), "the log holds the passphrase");
    let file = std::fs::read_to_string(program.data.path().join("sightline.toml")).expect("settings");
    assert!(!file.contains("very-s3cret-word") && file.contains("passphrase=${"), "{file}");
}

/// Segments of a second come at once; frames go on one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hls_is_spread_over_the_time_that_it_lasts() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let _writer = MediaServer::hls(folder.path()).await;
    let server = HttpFiles::start(Serve::Folder(folder.path().into())).await;
    let (program, _) = plays(&server.url("/live.m3u8"), "hls", (320, 180)).await;
    let chunks = Viewer::open(&program, "cam").await.videos(100).await;
    // The newest GOP comes at once to a viewer; what follows does not come by the segment.
    let gaps: Vec<_> = chunks[50..].windows(2).map(|two| two[1].at - two[0].at).collect();
    let long = gaps.iter().filter(|gap| **gap > Duration::from_millis(400)).count();
    assert!(long <= 1, "frames come in heaps: {gaps:?}");
}

/// Cheap cameras' Motion JPEG is encoded anew, and the camera's state says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn motion_jpeg_over_http_is_encoded_here() {
    let server = MediaServer::http_mjpeg().await;
    let (_program, camera) = plays(&server.url, "http", (320, 180)).await;
    let note = camera.note.unwrap_or_default();
    assert!(note.contains("Motion JPEG") && note.contains("H.264"), "{note}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn motion_jpeg_over_rtsp_is_encoded_here() {
    let picture =
        "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1,format=I420";
    let server = RealCamera::start(&[&format!("cam=launch:{picture} ! jpegenc ! rtpjpegpay name=pay0 pt=26")]);
    let (_program, camera) = plays(&server.url("cam"), "tcp", (640, 360)).await;
    assert!(camera.note.is_some_and(|note| note.contains("Motion JPEG")));
}

/// A film over HTTP is a camera like a file: by its own clock, over and over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_over_http_loops_by_its_own_clock() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("film.mp4").display().to_string();
    let input = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-t", "2", "-pix_fmt", "yuv420p"];
    drop(ffmpeg(&[&input[..], &["-c:v", "libx264", "-g", "25", &path]].concat()));
    let server = HttpFiles::start(Serve::Folder(folder.path().into())).await;
    let program = Program::start().await;
    program.add("cam", &server.url("/film.mp4")).await;
    program.wait_live("cam").await;
    let start = Instant::now();
    let chunks = Viewer::open(&program, "cam").await.videos(125).await;
    assert!(
        start.elapsed() > Duration::from_secs(3) && start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
    assert!(
        chunks
            .windows(2)
            .all(|two| two[0].header.epoch != two[1].header.epoch || two[0].header.dts < two[1].header.dts)
    );
    assert_eq!(program.camera("cam").await.state, CameraState::Live);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rtsps_is_encrypted_and_says_that_the_certificate_is_not_checked() {
    let server = RealCamera::protected("digest", "admin", "s3cret-word", &["--protocols", "tcp", "cam=test"]);
    let plain: u16 =
        server.url("cam").rsplit(':').next().and_then(|end| end.split('/').next()?.parse().ok()).expect("a port");
    let tls = Tls::start(plain);
    let (_program, camera) =
        plays(&format!("rtsps://admin:s3cret-word@127.0.0.1:{}/cam", tls.port), "rtsps", (640, 360)).await;
    assert!(camera.note.is_some_and(|note| note.contains("certificate is not checked")));
}

/// A camera at `url` fails with one of `codes` and a sentence that holds `words`.
async fn fails(program: &Program, url: &str, codes: &[&str], words: &str) -> Camera {
    let id = program.add_as(serde_json::json!({ "url": url })).await;
    let camera = program.wait_failed(&id).await;
    let (code, reason) = (camera.reason_code.clone().unwrap_or_default(), camera.reason.clone().unwrap_or_default());
    assert!(codes.contains(&code.as_str()), "{url}: code {code:?}, reason {reason:?}");
    assert!(reason.contains(words), "{url}: no {words:?} in: {reason}");
    assert!(reason.ends_with(['.', '?']), "not a sentence: {reason}");
    assert!(!reason.contains("root:"), "a file was read: {reason}");
    camera
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_refuses_is_said_by_its_cause() {
    let program = Program::start().await;
    let raw = |status: &str, headers: &str, body: &str| HttpFiles::start(Serve::answer(status, headers, body));
    let login = raw("401 Unauthorized", "WWW-Authenticate: Basic realm=\"cam\"\r\n", "no").await;
    fails(&program, &login.url("/v"), &["auth"], "asks for a user").await;
    fails(&program, &login.url("/v").replace("://", "://admin:wr0ng@"), &["auth"], "refused the user").await;
    let absent = raw("404 Not Found", "", "no").await;
    fails(&program, &absent.url("/v.m3u8"), &["not_found"], "404").await;
    let broken = raw("500 Internal Server Error", "", "no").await;
    fails(&program, &broken.url("/v"), &["refused"], "5xx").await;
    let page = raw("200 OK", "Content-Type: text/html\r\n", "<!doctype html><h1>Please log in</h1>").await;
    let camera = fails(&program, &page.url("/"), &["no_video"], "web page").await;
    assert!(!camera.reason.unwrap_or_default().contains("Please log in"), "answers do not echo bodies");
    let empty = raw("200 OK", "Content-Type: video/mp2t\r\n", "").await;
    fails(&program, &empty.url("/live.ts"), &["no_video"], "not video").await;
    let closed = sightline_tests::responder::closed_port().await;
    fails(&program, &format!("http://127.0.0.1:{closed}/v"), &["refused"], "Nothing listens").await;
    fails(&program, "http://no-such-camera.invalid/v", &["unreachable"], "not known").await;
    fails(&program, "v4l2:/dev/video987", &["device"], "/dev/video987").await;
}

/// The address 0.0.0.0 leads to this machine and is none of a private network: its certificate has to be good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let page = HttpFiles::start(Serve::answer("200 OK", "", "x")).await;
    let tls = Tls::start(page.port());
    let program = Program::start().await;
    fails(&program, &format!("https://0.0.0.0:{}/v.m3u8", tls.port), &["certificate"], "not trusted").await;
    // On a private address none is asked for, and what comes is looked at.
    fails(&program, &format!("https://127.0.0.1:{}/v.m3u8", tls.port), &["no_video"], "not video").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_playlist_and_no_redirect_leads_to_a_file() {
    let program = Program::start().await;
    // Would be shown if it were read: it is a film.
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let film = folder.path().join("private.ts").display().to_string();
    let input = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-t", "3", "-pix_fmt", "yuv420p"];
    drop(ffmpeg(&[&input[..], &["-c:v", "libx264", "-g", "25", "-f", "mpegts", &film]].concat()));
    for target in [
        &format!("file://{film}"),
        &film,
        &format!("file:{film}"),
        &format!("crypto+file://{film}"),
        &format!("concat:{film}"),
        &format!("subfile,,start,0,end,0,,:{film}"),
        "data:video/mp2t;base64,AAAA",
    ] {
        let lines = format!("#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3.0,\n{target}\n#EXT-X-ENDLIST\n");
        let server = HttpFiles::start(Serve::playlist(&lines)).await;
        let codes = ["protocol", "no_video", "ended", "timeout", "codec"];
        fails(&program, &server.url("/live.m3u8"), &codes, "127.0.0.1").await;
    }
    for target in [format!("file://{film}"), "gopher://127.0.0.1:9/x".into(), "concat:/etc/passwd".into()] {
        let server = HttpFiles::start(Serve::redirect(&target)).await;
        fails(
            &program,
            &server.url("/live.ts"),
            &["protocol", "refused", "ended", "no_video", "not_found"],
            "127.0.0.1",
        )
        .await;
    }
    let round = HttpFiles::start(Serve::redirect("/again")).await;
    fails(&program, &round.url("/live.ts"), &["protocol", "ended", "no_video"], "127.0.0.1").await;
}

/// What never ends is ended here: in time, and with bounded memory; the camera beside it loses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_never_end_cost_neither_time_nor_memory() {
    let good = FakeCamera::start(Arc::new(Clip::make(ClipSpec::default())), vec![]).await;
    let program = Program::start().await;
    program.add("good", &good.url()).await;
    program.wait_live("good").await;
    let mut beside = Viewer::open(&program, "good").await;
    let watched = tokio::spawn(async move { beside.videos(250).await });
    let slow = HttpFiles::start(Serve::Slowloris).await;
    let headers = HttpFiles::start(Serve::EndlessHeaders).await;
    let playlist = HttpFiles::start(Serve::EndlessPlaylist).await;
    let same = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nlive.m3u8\n";
    let round = HttpFiles::start(Serve::playlist(same)).await;
    let start = Instant::now();
    let mut ids = Vec::new();
    for url in [slow.url("/a.ts"), headers.url("/b.ts"), playlist.url("/c.m3u8"), round.url("/live.m3u8")] {
        ids.push(program.add_as(serde_json::json!({ "url": url })).await);
    }
    for id in &ids {
        let camera = program.wait_failed(id).await;
        assert!(camera.reason.is_some_and(|reason| reason.ends_with(['.', '?'])));
    }
    assert!(start.elapsed() < Duration::from_secs(90), "it took {:?}", start.elapsed());
    assert!(program.resident_bytes() < 1 << 30, "{} MB resident", program.resident_bytes() >> 20);
    let chunks = watched.await.expect("the camera beside them goes on");
    assert!(chunks.windows(2).all(|two| two[1].header.sequence == two[0].header.sequence.wrapping_add(1)));
}

/// Whoever deletes a camera does not wait for its server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_hangs_is_deleted_at_once_and_its_connection_goes() {
    let slow = HttpFiles::start(Serve::Slowloris).await;
    let program = Program::start().await;
    let id = program.add("slow", &slow.url("/a.ts")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    let status = program
        .request(reqwest::Method::DELETE, &format!("/api/cameras/{id}"))
        .send()
        .await
        .expect("an answer")
        .status();
    assert!(status.is_success() && start.elapsed() < Duration::from_secs(5), "{status} after {:?}", start.elapsed());
    let threads = || {
        let tasks = std::fs::read_dir(Path::new("/proc").join(program.process.id().to_string()).join("task"));
        let names =
            tasks.expect("it runs").flatten().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.starts_with("source-slow")).count()
    };
    let gone = async || (threads() == 0).then_some(());
    sightline_tests::wait_for("the source's thread ends", Duration::from_secs(2), gone).await;
}
