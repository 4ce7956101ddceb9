//! A reader of Server-Sent Events, as the page's `EventSource` reads them.

use crate::program::Program;
use futures::{Stream, StreamExt};
use reqwest::Method;
use std::pin::Pin;
use std::time::Duration;

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its `id`; empty where it has none.
    pub id: String,
    /// Its `event`; empty where it has none.
    pub event: String,
    /// Its `data`.
    pub data: String,
}

/// A stream that is read.
pub struct Sse {
    body: Pin<Box<dyn Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Sse {
    /// Opens the stream at `path`; after the message `last`, where one is named.
    ///
    /// # Panics
    /// It is refused.
    pub async fn open(program: &Program, path: &str, last: Option<&str>) -> Self {
        let mut request = program.request(Method::GET, path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(response.status(), 200, "{path}");
        Self { body: Box::pin(response.bytes_stream()), text: String::new() }
    }

    /// The next message.
    ///
    /// # Panics
    /// The stream ends, or says nothing for half a minute.
    pub async fn next(&mut self) -> Message {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let message = read(block);
                self.text = rest.to_owned();
                // A block of comments alone is the heartbeat.
                match message {
                    Some(message) => return message,
                    None => continue,
                }
            }
            let waited = tokio::time::timeout(Duration::from_secs(30), self.body.next()).await;
            let bytes = waited.expect("nothing for 30 s").expect("the stream ended").expect("no break");
            self.text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }
}

fn read(block: &str) -> Option<Message> {
    let mut message = Message::default();
    for (field, value) in block.lines().filter_map(|line| line.split_once(':')) {
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => message.id = value.into(),
            "event" => message.event = value.into(),
            "data" => message.data.push_str(value),
            _ => {}
        }
    }
    (!message.data.is_empty()).then_some(message)
}
