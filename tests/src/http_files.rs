//! A small HTTP server on 127.0.0.1: the files of a folder with ranges, and answers no honest server gives.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How it answers.
#[derive(Clone, Debug)]
pub enum Serve {
    /// The files of this folder.
    Folder(PathBuf),
    /// These bytes, whatever was asked.
    Raw(Vec<u8>),
    /// One byte of an endless header a second.
    Slowloris,
    /// Header lines as fast as they go, without end.
    EndlessHeaders,
    /// A playlist as fast as it goes, without end.
    EndlessPlaylist,
}

impl Serve {
    /// An answer of this status, these header lines and this body.
    #[must_use]
    pub fn answer(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Raw(
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into(),
        )
    }

    /// A redirect to `target`.
    #[must_use]
    pub fn redirect(target: &str) -> Self {
        Self::answer("302 Found", &format!("Location: {target}\r\n"), "")
    }

    /// A playlist of these lines.
    #[must_use]
    pub fn playlist(lines: &str) -> Self {
        Self::answer("200 OK", "Content-Type: application/vnd.apple.mpegurl\r\n", lines)
    }
}

/// Serves until dropped.
pub struct HttpFiles {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl HttpFiles {
    /// Starts it.
    ///
    /// # Panics
    /// No port can be had.
    pub async fn start(serve: Serve) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let serve = Arc::new(serve);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let serve = Arc::clone(&serve);
                // The other side may go at any time.
                connections.spawn(async move { drop(answer(stream, &serve).await) });
            }
        });
        Self { address, task }
    }

    /// The address of `path` (with its slash).
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for HttpFiles {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut stream: TcpStream, serve: &Serve) -> std::io::Result<()> {
    let head = read_head(&mut stream).await?;
    match serve {
        Serve::Folder(folder) => {
            let bytes = file(folder, &head);
            stream.write_all(&bytes).await?;
        }
        Serve::Raw(bytes) => stream.write_all(bytes).await?,
        Serve::Slowloris => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ").await?;
            loop {
                stream.write_all(b"a").await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Serve::EndlessHeaders => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            let lines = "Set-Cookie: a=b; Path=/\r\nX-Filler: 0123456789012345678901234567890123456789\r\n".repeat(100);
            loop {
                stream.write_all(lines.as_bytes()).await?;
            }
        }
        Serve::EndlessPlaylist => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n#EXTM3U\n#EXT-X-TARGETDURATION:1\n")
                .await?;
            let lines = "#EXTINF:1.0,\nsegment.ts\n".repeat(1000);
            loop {
                stream.write_all(lines.as_bytes()).await?;
            }
        }
    }
    stream.shutdown().await
}

async fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < 65_536 {
        if stream.read(&mut byte).await? == 0 {
            break;
        }
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The file that was asked for, whole or the range of it.
fn file(folder: &Path, head: &str) -> Vec<u8> {
    let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let Ok(body) = std::fs::read(folder.join(path.trim_start_matches('/'))) else {
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
    };
    let range = head.lines().find_map(|line| line.strip_prefix("Range: bytes=")?.split_once('-'));
    let from = range.and_then(|(from, _)| from.trim().parse::<usize>().ok()).map(|from| from.min(body.len()));
    let (status, span) = match from {
        Some(from) => {
            let last = body.len().saturating_sub(1);
            ("206 Partial Content", format!("Content-Range: bytes {from}-{last}/{}\r\n", body.len()))
        }
        None => ("200 OK", String::new()),
    };
    let part = &body[from.unwrap_or(0)..];
    let head = format!(
        "HTTP/1.1 {status}\r\nAccept-Ranges: bytes\r\n{span}Content-Length: {}\r\nConnection: close\r\n\r\n",
        part.len()
    );
    [head.as_bytes(), part].concat()
}
