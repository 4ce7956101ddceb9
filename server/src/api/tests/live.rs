//! The running server over real sockets: the demo camera seen by WebSocket and HTTP, starting and stopping.

use super::super::{ServeError, ServeOptions, Server, password, serve};
use crate::pipeline::clock::SystemClock;
use crate::store::{Places, StoreError};
use futures::{SinkExt, StreamExt};
use sightline_shared::chunk::{ChunkHeader, FLAG_KEY, Kind};
use sightline_shared::wire::{PROTOCOL_VERSION, ServerMessage, ViewerMessage};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const PATIENCE: Duration = Duration::from_secs(20);

fn options(dir: &Path, listen: &str) -> ServeOptions {
    ServeOptions {
        listen: Some(listen.parse().expect("an address")),
        data_dir: Some(dir.join("data")),
        config_path: Some(dir.join("sightline.toml")),
        demo: false,
        allow_hosts: Vec::new(),
        inject: Default::default(),
    }
}

fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock::default())
}

/// A server that runs until it is told to stop.
pub(super) struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    dir: tempfile::TempDir,
}

impl Running {
    pub(super) async fn start(demo: bool) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let server = serve(ServeOptions { demo, ..options(dir.path(), "127.0.0.1:0") }, clock()).await.expect("starts");
        assert_eq!(server.announcement(), format!("listening on http://{}", server.address()));
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(server.run_until(async {
            let _ = stopped.await;
        }));
        Self { address, stop, ended, dir }
    }

    pub(super) async fn stop(self) -> Duration {
        let begun = Instant::now();
        self.stop.send(()).expect("it runs");
        self.ended.await.expect("no panic");
        begun.elapsed()
    }

    async fn socket(&self, query: &str) -> Result<Socket, Error> {
        self.socket_at(&format!("/api/cameras/demo/live{query}")).await
    }

    pub(super) async fn socket_at(&self, path: &str) -> Result<Socket, Error> {
        connect_async(format!("ws://{}{path}", self.address)).await.map(|(socket, _)| socket)
    }

    /// A plain request; the answer up to `enough` bytes or its end.
    pub(super) async fn get(&self, path: &str, enough: usize) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut out = Vec::new();
        while out.len() < enough {
            let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut out)).await.expect("in time").expect("read");
            if read == 0 {
                break;
            }
        }
        out
    }
}

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) async fn next(socket: &mut Socket) -> Option<Message> {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await.expect("in time") {
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(message)) => return Some(message),
        }
    }
}

async fn next_text(socket: &mut Socket) -> ServerMessage {
    loop {
        if let Message::Text(text) = next(socket).await.expect("a message") {
            return serde_json::from_str(&text).expect("a message of the wire");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_is_told_the_camera_and_given_its_picture() {
    let server = Running::start(true).await;
    let mut socket = server.socket("?v=1&rendition=auto").await.expect("connects");
    let ServerMessage::Hello(hello) = next_text(&mut socket).await else { panic!("hello comes first") };
    assert_eq!((hello.version, hello.camera.as_str()), (PROTOCOL_VERSION, "demo"));
    assert!(matches!(next_text(&mut socket).await, ServerMessage::State(camera) if camera.id == "demo"));
    let init = loop {
        if let ServerMessage::Init(init) = next_text(&mut socket).await {
            break init;
        }
    };
    assert_eq!((init.width, init.height), (1280, 720));
    let Some(Message::Binary(segment)) = next(&mut socket).await else { panic!("the init segment comes next") };
    let (header, body) = ChunkHeader::split(&segment).expect("a header");
    assert_eq!((header.kind, &body[4..8]), (Kind::Init, &b"ftyp"[..]));
    let mut chunks = Vec::new();
    while chunks.len() < 30 {
        if let Some(Message::Binary(chunk)) = next(&mut socket).await {
            let (header, body) = ChunkHeader::split(&chunk).expect("a header");
            assert_eq!(&body[4..8], b"moof");
            chunks.push(header);
        }
    }
    assert!(chunks[0].has(FLAG_KEY), "the first chunk is a key frame");
    assert!(chunks.windows(2).all(|pair| pair[1].sequence == pair[0].sequence + 1), "none is missing");
    let ask = serde_json::to_string(&ViewerMessage::Clock { t0: 12.5 }).expect("JSON");
    socket.send(Message::Text(ask.into())).await.expect("sent");
    let reply = loop {
        if let ServerMessage::Clock(reply) = next_text(&mut socket).await {
            break reply;
        }
    };
    assert!(reply.t0 == 12.5 && reply.t1 <= reply.t2 && reply.utc_ms > 1.6e12, "{reply:?}");
    // More than a viewer may say ends its connection, and nothing else.
    socket.send(Message::Text("x".repeat(100_000).into())).await.expect("sent");
    while next(&mut socket).await.is_some() {}
    assert!(server.get("/api/health", usize::MAX).await.starts_with(b"HTTP/1.1 200"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_versions_reload_and_foreign_pages_are_refused() {
    let server = Running::start(true).await;
    let mut socket = server.socket("?v=999").await.expect("connects");
    assert_eq!(next_text(&mut socket).await, ServerMessage::Reload);
    assert!(next(&mut socket).await.is_none());
    for (name, value) in [("origin", "http://evil.example"), ("host", "evil.example")] {
        let url = format!("ws://{}/api/cameras/demo/live", server.address);
        let mut request = url.into_client_request().expect("a request");
        request.headers_mut().insert(name, value.parse().expect("a value"));
        match connect_async(request).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 403, "{name}"),
            other => panic!("{name}: {:?}", other.map(|_| ())),
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_mp4_begins_with_an_init_segment_and_stopping_ends_all_viewers() {
    let server = Running::start(true).await;
    let bytes = server.get("/api/cameras/demo/live.mp4", 100_000).await;
    let text = String::from_utf8_lossy(&bytes[..1000]).into_owned();
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("content-type: video/mp4"), "{text}");
    let place = |what: &[u8]| bytes.windows(4).position(|part| part == what).unwrap_or_else(|| panic!("no {what:?}"));
    assert!(place(b"ftyp") < place(b"moov") && place(b"moov") < place(b"moof"));
    let mut socket = server.socket("").await.expect("connects");
    next(&mut socket).await.expect("hello");
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    let request = format!("GET /api/cameras/demo/live.mp4 HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream.read_exact(&mut [0; 1000]).await.expect("it flows");
    let took = server.stop().await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    while next(&mut socket).await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_password_ends_what_was_begun_without_one() {
    let server = Running::start(true).await;
    let mut socket = server.socket("").await.expect("connects");
    next(&mut socket).await.expect("hello");
    let data_dir = server.dir.path().join("data");
    let places = Places { config: server.dir.path().join("sightline.toml"), data_dir };
    password::set(&places, "correct horse", Duration::from_secs(1_800_000_000)).expect("set beside the server");
    assert!(server.get("/api/cameras", usize::MAX).await.starts_with(b"HTTP/1.1 401"));
    let ends = async { while next(&mut socket).await.is_some() {} };
    tokio::time::timeout(PATIENCE, ends).await.expect("the viewer is sent away");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settings_file_changed_by_hand_is_followed() {
    let server = Running::start(false).await;
    let config = server.dir.path().join("sightline.toml");
    std::fs::write(&config, "[[camera]]\nid = \"yard\"\nurl = \"rtsp://127.0.0.1:9/s\"\n").expect("written");
    let seen = async {
        while !String::from_utf8_lossy(&server.get("/api/cameras", usize::MAX).await).contains("\"yard\"") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("taken over");
    std::fs::write(&config, "[[camera]]\nid = \"yard\"\ncolour = 1\n").expect("written");
    let told = async {
        while !String::from_utf8_lossy(&server.get("/api/system", usize::MAX).await).contains("colour") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("the mistake is told");
    assert!(String::from_utf8_lossy(&server.get("/api/cameras", usize::MAX).await).contains("\"yard\""));
    server.stop().await;
}

#[tokio::test]
async fn it_does_not_listen_beyond_this_machine_without_a_password() {
    let dir = tempfile::tempdir().expect("a folder");
    let refused = serve(options(dir.path(), "0.0.0.0:0"), clock()).await.err().expect("refused");
    assert!(matches!(refused, ServeError::NoPassword(_)) && refused.to_string().contains("sightline password"));
    let places = Places { config: dir.path().join("sightline.toml"), data_dir: dir.path().join("data") };
    password::set(&places, "correct horse", Duration::from_secs(1_800_000_000)).expect("set");
    let server: Server = serve(options(dir.path(), "0.0.0.0:0"), clock()).await.expect("starts");
    assert!(server.announcement().starts_with("listening on http://127.0.0.1:"), "{}", server.announcement());
    let second = serve(options(dir.path(), "127.0.0.1:0"), clock()).await.err().expect("refused");
    assert!(matches!(second, ServeError::Store(StoreError::Locked(_))), "{second}");
    let taken = tempfile::tempdir().expect("a folder");
    let bound = serve(options(taken.path(), &format!("127.0.0.1:{}", server.address().port())), clock()).await;
    let words = bound.err().expect("refused").to_string();
    assert!(words.contains("Another program has that port"), "{words}");
}
