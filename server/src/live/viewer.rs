//! One viewer's WebSocket: drains a cursor of the hub into it, answers what the page asks, moves to another rendition when it
//! says so.
//!
//! A task a viewer costs a wake-up a message (measured elsewhere at 1.7 times bare writes for 64 viewers). The seam for one
//! sender a core over many sockets is [`drain`]: a cursor in, encoded messages out, nothing of the viewer in between.

use super::hub::{Cursor, Item, Next};
use super::{Feed, Lease, Sending};
use crate::pipeline::clock::{Clock, Mono};
use crate::pipeline::counters;
use axum::extract::ws::{Message, WebSocket};
use futures::SinkExt;
use sightline_shared::camera::Rendition;
use sightline_shared::wire::{ClockReply, DropCause, Dropped, Hello, PROTOCOL_VERSION, ServerMessage, ViewerMessage};
use std::sync::Arc;
use std::time::Duration;

/// Largest message that a page may send: the ones it has are under 200 bytes.
pub const MAX_VIEWER_MESSAGE: usize = 4096;
/// A viewer that takes nothing for this long is gone.
const STUCK_AFTER: Duration = Duration::from_secs(20);
/// Keeps proxies and dead peers honest while a camera gives nothing.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Messages put into the socket's buffer before it is flushed.
const BATCH: usize = 64;

/// What a page asks for when it connects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The version of the protocol that it speaks; none is taken for the present one.
    pub version: Option<u32>,
    /// The rendition; none is `auto`.
    pub rendition: Option<Rendition>,
}

/// The connection is over, for whatever reason: nothing is left to be said to it.
struct Gone;

/// Serves one viewer until it leaves or the camera is deleted.
pub async fn serve(socket: WebSocket, feed: Arc<dyn Feed>, asked: Asked, clock: Arc<dyn Clock>) {
    let sent = Sent::new(feed.sending());
    let mut viewer = Viewer { socket, feed, clock, sent };
    if asked.version.is_some_and(|version| version != PROTOCOL_VERSION) {
        let _ = viewer.say(&ServerMessage::Reload).await;
    } else {
        let _ = viewer.run(asked).await;
    }
    let _ = tokio::time::timeout(Duration::from_secs(1), viewer.socket.close()).await;
}

struct Viewer {
    socket: WebSocket,
    feed: Arc<dyn Feed>,
    clock: Arc<dyn Clock>,
    sent: Sent,
}

/// What a viewer reads, and its asking for it.
struct Joined {
    rendition: Rendition,
    cursor: Cursor,
    _lease: Lease,
}

/// Chunks of video in the batch that is on its way into the socket.
struct Sent {
    stage: Sending,
    /// What was published before is no delay of the socket's.
    joined: Mono,
    published: Vec<Mono>,
}

impl Sent {
    fn new(stage: Sending) -> Self {
        Self { stage, joined: Mono::default(), published: Vec::with_capacity(BATCH) }
    }

    fn take(&mut self, item: &Item) {
        if let Item::Chunk(chunk) = item
            && !chunk.is_audio()
        {
            self.stage.counters.enter();
            self.published.push(chunk.fragmented.max(self.joined));
        }
    }

    fn done(&mut self, now: Mono) {
        for published in self.published.drain(..) {
            self.stage.counters.leave(now, now.since(published));
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.stage.counters.dropped(counters::DropCause::Stopped, self.published.len() as u64);
    }
}

impl Viewer {
    async fn run(&mut self, asked: Asked) -> Result<(), Gone> {
        let mut changes = self.feed.changes();
        let mut joined = self.join(asked.rendition).await?;
        self.say(&ServerMessage::State(Box::new(self.feed.describe()))).await?;
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            tokio::select! {
                next = joined.cursor.next() => self.pass_on(next, &mut joined.cursor).await?,
                said = self.socket.recv() => match said {
                    Some(Ok(message)) => {
                        if let Some(rendition) = self.hear(message).await? {
                            joined = self.join(Some(rendition)).await?;
                        }
                    }
                    Some(Err(_)) | None => return Err(Gone),
                },
                changed = changes.changed() => {
                    changed.map_err(|_| Gone)?;
                    // What nobody may see any more (a mask was set) ends at once.
                    if !self.feed.renditions().contains(&joined.rendition) {
                        joined = self.join(None).await?;
                    }
                    self.say(&ServerMessage::State(Box::new(self.feed.describe()))).await?;
                }
                _ = ping.tick() => self.send(Message::Ping(bytes::Bytes::new())).await?,
            }
        }
    }

    /// Says hello and joins the hub of `rendition`, or of the first there is.
    async fn join(&mut self, rendition: Option<Rendition>) -> Result<Joined, Gone> {
        let renditions = self.feed.renditions();
        let rendition = rendition.filter(|r| renditions.contains(r)).or(renditions.first().copied()).ok_or(Gone)?;
        let lease = self.feed.lease(rendition).ok_or(Gone)?;
        let camera = self.feed.describe();
        let hello = Hello { version: PROTOCOL_VERSION, camera: camera.id, uid: camera.uid, renditions, rendition };
        self.say(&ServerMessage::Hello(hello)).await?;
        self.sent.joined = self.clock.now();
        Ok(Joined { rendition, cursor: lease.join(), _lease: lease })
    }

    /// Puts `first` and all else that is ready into the socket, then flushes once.
    async fn pass_on(&mut self, first: Next, cursor: &mut Cursor) -> Result<(), Gone> {
        let Self { socket, sent, clock, .. } = self;
        let passed = tokio::time::timeout(STUCK_AFTER, async {
            let more = drain(first, cursor, socket, sent).await?;
            if !sent.stage.delay.is_zero() {
                tokio::time::sleep(sent.stage.delay).await;
            }
            socket.flush().await.map_err(|_| Gone)?;
            sent.done(clock.now());
            more.then_some(()).ok_or(Gone)
        });
        passed.await.unwrap_or(Err(Gone))
    }

    async fn hear(&mut self, message: Message) -> Result<Option<Rendition>, Gone> {
        let heard = self.clock.now();
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(Gone),
            _ => return Ok(None),
        };
        // A page of another make may say what this version does not know; it misses nothing by being passed over.
        match serde_json::from_str(&text) {
            Ok(ViewerMessage::Clock { t0 }) => {
                let (t1, t2) = (heard.millis(), self.clock.now().millis());
                let reply = ClockReply { t0, t1, t2, utc_ms: self.clock.utc().as_secs_f64() * 1e3 };
                self.say(&ServerMessage::Clock(reply)).await?;
            }
            Ok(ViewerMessage::Playing(playing)) => self.feed.note_playing(playing),
            Ok(ViewerMessage::Rendition { rendition }) => return Ok(Some(rendition)),
            Err(e) => tracing::debug!("a viewer said what is not understood: {e}"),
        }
        Ok(None)
    }

    async fn say(&mut self, message: &ServerMessage) -> Result<(), Gone> {
        self.send(Message::Text(json(message).into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        let sent = tokio::time::timeout(STUCK_AFTER, self.socket.send(message)).await;
        sent.map_or(Err(Gone), |sent| sent.map_err(|_| Gone))
    }
}

/// Feeds `first` and what else is ready, at most [`BATCH`] items; false when the hub was closed.
async fn drain(first: Next, cursor: &mut Cursor, socket: &mut WebSocket, sent: &mut Sent) -> Result<bool, Gone> {
    let mut next = first;
    for left in (0..BATCH).rev() {
        match next {
            Next::Closed => return Ok(false),
            Next::Dropped { count } => {
                sent.stage.counters.refused(counters::DropCause::SlowViewer, count);
                let dropped = ServerMessage::Dropped(Dropped { count, cause: DropCause::SlowViewer });
                feed(socket, Message::Text(json(&dropped).into())).await?;
            }
            Next::Item(item) => {
                sent.take(&item);
                feed_item(socket, item).await?;
            }
        }
        // Nothing may be taken from the cursor that is not fed.
        let Some(ready) = (left > 0).then(|| cursor.try_next()).flatten() else { break };
        next = ready;
    }
    Ok(true)
}

async fn feed_item(socket: &mut WebSocket, item: Item) -> Result<(), Gone> {
    match item {
        Item::Chunk(chunk) => feed(socket, Message::Binary(chunk.message.clone())).await,
        Item::Text(text) => feed(socket, Message::Text((&*text).into())).await,
        Item::Init(init) => {
            feed(socket, Message::Text(json(&ServerMessage::Init(init.text.clone())).into())).await?;
            feed(socket, Message::Binary(init.video.clone())).await?;
            match &init.audio {
                Some(audio) => feed(socket, Message::Binary(audio.clone())).await,
                None => Ok(()),
            }
        }
    }
}

async fn feed(socket: &mut WebSocket, message: Message) -> Result<(), Gone> {
    socket.feed(message).await.map_err(|_| Gone)
}

fn json(message: &ServerMessage) -> String {
    serde_json::to_string(message).expect("wire types have string keys and no failing serializers")
}
