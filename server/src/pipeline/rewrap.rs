//! What an encoder gave, brought into a rendition's hub: parameters, init segments, chunks, and the camera's sound beside them.

use super::clock::Mono;
use super::decoding::Decoded;
use super::packet::{AccessUnit, Medium, StreamParams};
use crate::codec;
use crate::encode::{Encoded, EncoderPlan};
use crate::fragment::Fragmenter;
use crate::live::hub::{Hub, Item};
use sightline_shared::camera::Rendition;
use sightline_shared::encoder::Codec;
use sightline_shared::time::{Epoch, Pts, TIMESCALE};
use std::sync::Arc;

/// What is known of a frame while its samples are with the encoder.
pub struct Facts {
    epoch: Epoch,
    pts: Pts,
    sequence: u64,
    arrived: Mono,
    captured_utc: Option<std::time::Duration>,
    params: Arc<StreamParams>,
    rotation: u16,
}

impl Facts {
    /// Of a frame that is about to be encoded.
    #[must_use]
    pub fn of(decoded: &Decoded) -> Self {
        Self {
            epoch: decoded.frame.epoch,
            pts: decoded.frame.pts,
            sequence: decoded.sequence,
            arrived: decoded.frame.arrived,
            captured_utc: decoded.captured_utc,
            params: decoded.params.clone(),
            rotation: decoded.frame.rotation,
        }
    }

    /// Its PTS.
    #[must_use]
    pub fn pts(&self) -> Pts {
        self.pts
    }
}

/// The way of one rendition into its hub. It lives as long as the hub, so that sequence numbers go on over every encoder.
pub struct Rewrap {
    hub: Arc<Hub>,
    fragmenter: Fragmenter,
    begun: Option<(Epoch, Arc<StreamParams>)>,
    newest: Option<Pts>,
    audio_carried: bool,
}

impl Rewrap {
    /// For a rendition that nothing was published of.
    #[must_use]
    pub fn new(rendition: Rendition, hub: Arc<Hub>) -> Self {
        Self { hub, fragmenter: Fragmenter::new(rendition), begun: None, newest: None, audio_carried: false }
    }

    /// Nothing more comes for now: what joins later starts with what comes then.
    pub fn forget(&mut self) {
        (self.begun, self.newest, self.audio_carried) = (None, None, false);
        self.hub.forget();
    }

    /// The parameters of what is being published.
    #[must_use]
    pub fn params(&self) -> Option<Arc<StreamParams>> {
        self.begun.as_ref().map(|(_, params)| params.clone())
    }

    /// Publishes one encoded frame, and in front of it an init segment where its parameters or its epoch are new; gives the
    /// bytes of the frame.
    ///
    /// # Errors
    /// Words: the encoder's parameters cannot be written into an init segment.
    pub fn video(&mut self, unit: &Encoded, facts: &Facts, plan: &EncoderPlan, now: Mono) -> Result<usize, String> {
        let data = match unit.codec {
            Codec::H264 | Codec::Hevc => codec::nal::annexb_to_lengths(&unit.data),
            Codec::Av1 => codec::av1::without_delimiters(&unit.data),
        };
        let mut starts_epoch = false;
        if unit.key {
            let params = parameters(&data, facts, plan)?;
            let known = self.begun.as_ref();
            if known.is_none_or(|(epoch, known)| *epoch != facts.epoch || **known != params) {
                starts_epoch = known.is_none_or(|(epoch, _)| *epoch != facts.epoch);
                let init = self.fragmenter.start_epoch(facts.epoch, &params).map_err(|e| e.to_string())?;
                self.audio_carried = init.audio.is_some();
                self.begun = Some((facts.epoch, Arc::new(params)));
                self.hub.publish(Item::Init(Arc::new(init)));
            }
        }
        let Some((_, params)) = &self.begun else { return Err("the encoder did not begin with a key frame".into()) };
        let before = self.newest.filter(|before| !starts_epoch && *before < facts.pts);
        let duration = before.and_then(|before| u32::try_from(facts.pts.0 - before.0).ok());
        self.newest = Some(facts.pts);
        let unit = AccessUnit {
            medium: Medium::Video,
            epoch: facts.epoch,
            starts_epoch,
            pts: facts.pts,
            dts: Pts(unit.dts.max(0)),
            duration: duration.unwrap_or((f64::from(TIMESCALE) / plan.fps).round() as u32),
            key: unit.key,
            data,
            params: params.clone(),
            sequence: facts.sequence,
            arrived: facts.arrived,
            captured_utc: facts.captured_utc,
        };
        self.hub.publish(Item::Chunk(Arc::new(self.fragmenter.chunk(&unit, now))));
        Ok(unit.data.len())
    }

    /// Passes on sound of the camera, once there is a picture of the same epoch for it to go with.
    pub fn audio(&mut self, unit: &AccessUnit, now: Mono) {
        if self.audio_carried && self.begun.as_ref().is_some_and(|(epoch, _)| *epoch == unit.epoch) {
            self.hub.publish(Item::Chunk(Arc::new(self.fragmenter.chunk(unit, now))));
        }
    }
}

/// The parameters that stand in front of a key frame; rotation and sound are those of the camera.
fn parameters(data: &[u8], facts: &Facts, plan: &EncoderPlan) -> Result<StreamParams, String> {
    let found = match plan.codec {
        Codec::H264 => codec::h264::video_params_in_band(data),
        Codec::Hevc => codec::hevc::video_params_in_band(data),
        Codec::Av1 => codec::av1::video_params_in_band(data),
    };
    let found = found.map_err(|e| e.to_string())?;
    let mut video = found.ok_or("the encoder gave no parameter sets")?;
    video.rotation = facts.rotation;
    if plan.codec == Codec::Av1 {
        // It has no place for the shape of a pixel; MP4's sample entry does.
        video.sample_aspect = plan.sample_aspect;
    }
    Ok(StreamParams { video, audio: facts.params.audio.clone() })
}
