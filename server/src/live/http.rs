//! `live.mp4`: the hub's chunks as one fragmented MP4 over plain HTTP, for ffprobe, VLC and curl.

use super::Lease;
use super::hub::{Cursor, Item, Next};
use bytes::Bytes;
use futures::Stream;
use std::convert::Infallible;

/// Init segment of the current epoch with all its tracks, then its chunks, the same bytes as over WebSocket. Ends with the
/// epoch, or where an encoder was started with other parameters: both have another init segment, which a file cannot take.
pub fn mp4(lease: Lease) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let reader = Reader { cursor: lease.join(), begun: false, _lease: lease };
    futures::stream::unfold(reader, |mut reader| async move {
        let bytes = reader.next().await?;
        Some((Ok(bytes), reader))
    })
}

struct Reader {
    cursor: Cursor,
    begun: bool,
    _lease: Lease,
}

impl Reader {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.cursor.next().await {
                Next::Item(Item::Init(_)) if self.begun => return None,
                Next::Item(Item::Init(init)) => {
                    self.begun = true;
                    return Some(init.muxed.clone());
                }
                Next::Item(Item::Chunk(chunk)) => return Some(chunk.mp4()),
                Next::Item(Item::Text(_)) | Next::Dropped { .. } => {}
                Next::Closed => return None,
            }
        }
    }
}
