//! A viewer of the live WebSocket: reads messages as the page would, with the time at which each came.

use crate::program::Program;
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use sightline_shared::chunk::{ChunkHeader, FLAG_AUDIO, FLAG_KEY, HEADER_LEN, Kind};
use sightline_shared::wire::{PROTOCOL_VERSION, ServerMessage, ViewerMessage};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// One message of the server.
#[derive(Clone, Debug)]
pub enum Got {
    /// A text message.
    Text(ServerMessage),
    /// An init segment or a chunk: its header and the MP4 bytes behind it.
    Bytes(ChunkHeader, Bytes),
}

/// A chunk of video, with the time at which it came.
#[derive(Clone, Debug)]
pub struct GotChunk {
    /// Its header.
    pub header: ChunkHeader,
    /// `moof` + `mdat`.
    pub mp4: Bytes,
    /// When it came.
    pub at: Instant,
}

impl GotChunk {
    /// Whether it starts with a key frame.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.header.has(FLAG_KEY)
    }
}

/// A connection to a camera's live stream.
pub struct Viewer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// When the newest message came.
    pub at: Instant,
}

impl Viewer {
    /// Opens the live stream of `camera`.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn open(program: &Program, camera: &str) -> Self {
        Self::try_open(program, &format!("/api/cameras/{camera}/live?v={PROTOCOL_VERSION}&rendition=auto"), &[])
            .await
            .unwrap_or_else(|status| panic!("live stream of {camera} is refused: {status}\n{}", program.log()))
    }

    /// Opens the WebSocket at `path` with further headers.
    ///
    /// # Errors
    /// The status with which the server refuses.
    ///
    /// # Panics
    /// The server does not answer at all.
    pub async fn try_open(program: &Program, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{}{path}", program.address).into_client_request().expect("a WebSocket address");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        match tokio_tungstenite::connect_async_with_config(request, None, true).await {
            Ok((socket, _)) => Ok(Self { socket, at: Instant::now() }),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no WebSocket at {path}: {error}\n{}", program.log()),
        }
    }

    /// The next message; `None` when the server closes.
    ///
    /// # Panics
    /// Nothing comes for 30 s, or something that is not of the protocol.
    pub async fn next(&mut self) -> Option<Got> {
        loop {
            let waited = tokio::time::timeout(Duration::from_secs(30), self.socket.next()).await;
            let message = waited.expect("the server sent nothing for 30 s")?.ok()?;
            self.at = Instant::now();
            match message {
                Message::Text(text) => {
                    let parsed = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
                    return Some(Got::Text(parsed));
                }
                Message::Binary(bytes) => {
                    let (header, _) = ChunkHeader::split(&bytes).unwrap_or_else(|error| panic!("{error}"));
                    return Some(Got::Bytes(header, bytes.slice(HEADER_LEN..)));
                }
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next message, which must be there.
    ///
    /// # Panics
    /// The server closes.
    pub async fn expect(&mut self) -> Got {
        self.next().await.expect("the server closed the live stream")
    }

    /// The next chunk of video, whatever stands before it.
    pub async fn video(&mut self) -> GotChunk {
        loop {
            if let Got::Bytes(header, mp4) = self.expect().await
                && header.kind == Kind::Chunk
                && !header.has(FLAG_AUDIO)
            {
                return GotChunk { header, mp4, at: self.at };
            }
        }
    }

    /// The next `count` chunks of video.
    pub async fn videos(&mut self, count: usize) -> Vec<GotChunk> {
        let mut chunks = Vec::with_capacity(count);
        while chunks.len() < count {
            chunks.push(self.video().await);
        }
        chunks
    }

    /// The next text message for which `pick` gives something.
    pub async fn text<T>(&mut self, pick: impl Fn(ServerMessage) -> Option<T>) -> T {
        loop {
            if let Got::Text(message) = self.expect().await
                && let Some(found) = pick(message)
            {
                return found;
            }
        }
    }

    /// Says something to the server.
    ///
    /// # Panics
    /// The connection is gone.
    pub async fn say(&mut self, message: &ViewerMessage) {
        let text = serde_json::to_string(message).expect("serialises");
        self.say_raw(&text).await.expect("the connection is open");
    }

    /// Says any text to the server, of the protocol or not; the server may hang up while it is said.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn say_raw(&mut self, text: &str) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        self.socket.send(Message::text(text.to_owned())).await
    }
}
