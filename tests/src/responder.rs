//! What answers at an address that is not a camera: a web page, noise, or nothing at all.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A web server's page, whatever was asked.
    WebPage,
    /// The greeting of another protocol, and then random bytes.
    Noise,
    /// It accepts and says nothing.
    Silence,
    /// It accepts and closes.
    HangUp,
}

/// Listens on 127.0.0.1 until dropped.
pub struct Responder {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Responder {
    /// Starts one.
    ///
    /// # Panics
    /// No port can be had.
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(respond(stream, answer));
            }
        });
        Self { address, task }
    }

    /// The address a user would type.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rtsp://{}/stream1", self.address)
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A port of 127.0.0.1 on which nothing listens.
///
/// # Panics
/// No port can be had.
pub async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("bound").port()
}

async fn respond(mut stream: TcpStream, answer: Answer) {
    let mut asked = [0; 4096];
    if answer == Answer::HangUp || (answer != Answer::Noise && stream.read(&mut asked).await.is_err()) {
        return;
    }
    // The other side may go at any time; then there is nothing left to say.
    let _ = match answer {
        Answer::WebPage => stream.write_all(page().as_bytes()).await,
        Answer::Noise => stream.write_all(&noise()).await,
        Answer::Silence | Answer::HangUp => Ok(()),
    };
    while stream.read(&mut asked).await.is_ok_and(|read| read > 0) {}
}

fn page() -> String {
    let body = "<!doctype html><title>Network camera</title><h1>Please log in</h1>";
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// An SSH greeting and bytes of a linear congruential generator: the same in every run.
fn noise() -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let random = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    b"SSH-2.0-OpenSSH_9.2p1\r\n".iter().copied().chain(random.take(65_536)).collect()
}
