//! The first picture of a stream, as an address that a page can show.

use crate::decode;
use crate::pipeline::clock::{Clock, Mono};
use crate::pipeline::frame::Frame;
use crate::pipeline::packet::{AccessUnit, Medium, StreamParams};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sightline_shared::time::{Epoch, Pts};
use std::sync::Arc;

/// `data:image/jpeg;base64,...` of a key frame; `None` where it cannot be decoded here.
pub(super) async fn data_url(key_frame: Option<(Bytes, StreamParams)>, clock: &Arc<dyn Clock>) -> Option<String> {
    let ((data, params), clock) = (key_frame?, clock.clone());
    tokio::task::spawn_blocking(move || jpeg(&decoded(data, params, clock)?)).await.ok().flatten()
}

fn decoded(data: Bytes, params: StreamParams, clock: Arc<dyn Clock>) -> Option<Frame> {
    let mut decoder = decode::software(&params, clock).ok()?;
    let unit = AccessUnit {
        medium: Medium::Video,
        epoch: Epoch::default(),
        starts_epoch: true,
        pts: Pts(0),
        dts: Pts(0),
        duration: 3000,
        key: true,
        data,
        params: Arc::new(params),
        sequence: 0,
        arrived: Mono::default(),
        captured_utc: None,
    };
    let mut frames = Vec::new();
    decoder.decode(&unit, &mut frames).ok()?;
    decoder.flush(&mut frames);
    frames.into_iter().next()
}

/// Wide enough for the dialog that shows it, on a screen of two pixels a point.
const WIDTH: u32 = 640;
const QUALITY: u8 = 80;

fn jpeg(frame: &Frame) -> Option<String> {
    let jpeg = crate::picture::jpeg(frame, Some(WIDTH), QUALITY).ok()?;
    Some(format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg)))
}
