//! A camera as it is told and handed out: its description, its renditions, and what a change of the encoder's settings does.

use super::CameraHandle;
use crate::encode::{self, EncoderPlan, PictureFacts, Purpose, Refusal, changes_live};
use crate::live::hub::Hub;
use crate::live::{Feed, Lease, Sending};
use crate::pipeline::encoding::{Encoding, small};
use crate::pipeline::frame::Colour;
use sightline_shared::camera::{Camera, CameraState, Rendition, Role, StreamInfo, VideoMode};
use sightline_shared::device::HardwareInfo;
use sightline_shared::encoder::{
    Backend, EncoderChanged, EncoderInUse, EncoderSettings, RenditionInfo, RenditionState,
};
use sightline_shared::wire::Playing;
use std::sync::{Arc, PoisonError};
use tokio::sync::watch;

/// Colour of a stream that says nothing (ITU-T H.273: 2 is unspecified).
const UNSAID: Colour = Colour { full_range: false, matrix: 2, primaries: 2, transfer: 2 };

/// Why there is no `source` of a camera with masks.
pub const HIDDEN: &str = "Masks hide parts of this camera's picture. They cannot be put into `source`, which is passed on as the camera sends it: \
                          so it is neither shown nor kept.";

impl CameraHandle {
    fn encoding(&self, rendition: Rendition) -> Option<&Arc<Encoding>> {
        self.encodings.iter().find(|encoding| encoding.rendition() == rendition)
    }

    /// What an encoder would be fed with, as far as the stream's parameters tell; `None` before the first picture.
    fn facts(&self) -> Option<PictureFacts> {
        let params = self.status.params()?;
        let video = &params.video;
        let measured = self.running().viewed.as_ref().and_then(|(decoding, _)| decoding.fps());
        let claimed = video.claimed_millifps.map(|rate| f64::from(rate) / 1e3);
        let fps = measured.or(claimed.filter(|fps| (1.0..=240.0).contains(fps))).unwrap_or(25.0);
        Some(PictureFacts {
            width: video.width,
            height: video.height,
            rotation: video.rotation,
            sample_aspect: video.sample_aspect,
            fps: (fps * 100.0).round() / 100.0,
            colour: UNSAID,
        })
    }

    /// What the encoder of `main` would do with these settings; nothing while the picture is not known.
    ///
    /// # Errors
    /// The setting that cannot be had of this picture.
    pub fn plan(&self, asked: &EncoderSettings) -> Result<Option<EncoderPlan>, Refusal> {
        encode::check(asked, Purpose::Live)?;
        encode::have(asked, &self.seat)?;
        self.facts().map(|facts| self.planned(asked, &facts, None)).transpose()
    }

    /// What a rendition would be encoded by; in software where `avoid` says why.
    fn planned(
        &self,
        asked: &EncoderSettings,
        facts: &PictureFacts,
        avoid: Option<&str>,
    ) -> Result<EncoderPlan, Refusal> {
        encode::plan_on(asked, facts, Purpose::Live, &self.seat, avoid).map(|planned| planned.plan)
    }

    /// What the change from the settings `old` to those in force does; `before` is the plan of the encoder that ran then, if
    /// one did.
    pub fn encoder_changed(&self, old: &EncoderSettings, before: Option<&EncoderPlan>) -> EncoderChanged {
        let new = self.settings().encoder;
        let mut changed = EncoderChanged {
            live: Vec::new(),
            restarted: Vec::new(),
            asked: new.clone(),
            encoder: self.plan(&new).ok().flatten().map(|plan| plan.in_use(plan.words())),
        };
        let (Some(before), Some(facts)) = (before, self.facts()) else { return changed };
        // The encoder knows more of the picture than the stream's parameters tell.
        let facts = PictureFacts { colour: before.colour, ..facts };
        // Where software took the place of a device, that is what follows the change.
        let avoid = (before.backend != Backend::Nvenc).then_some("");
        let plan = |asked: &EncoderSettings| self.planned(asked, &facts, avoid).ok();
        let Some(was) = plan(old) else { return changed };
        for name in encode::asked_changes(old, &new) {
            // Each alone; one that makes no sense alone came with a rate control, and that is never changed live.
            let alone = encode::with_one_of(old, &new, &name);
            match plan(&alone) {
                Some(alone) if alone == was => {}
                Some(alone) if changes_live(&was, &alone) => changed.live.push(name),
                _ => changed.restarted.push(name),
            }
        }
        changed
    }

    /// The plan of the encoder of `main` that runs.
    pub fn main_plan(&self) -> Option<EncoderPlan> {
        self.encodings[0].plan()
    }

    /// Has the next frame of `main` encoded as a key frame; false where it is not being made.
    pub fn key_frame(&self) -> bool {
        let running = self.encodings[0].plan().is_some();
        if running {
            self.encodings[0].key_frame();
        }
        running
    }

    /// What of its work a device does, and why not the rest.
    fn hardware(&self) -> HardwareInfo {
        let told = self.running().viewed.as_ref().and_then(|(decoding, _)| decoding.told());
        let (decoder, decoder_reason) = told.map_or((None, None), |told| (Some(told.words), told.instead));
        let encoder_reason = encode::why_not_on_device(&self.settings().encoder, &self.seat);
        HardwareInfo { decoder, decoder_reason, encoder_reason, ..self.seat.info() }
    }

    fn source_info(&self, camera: &Camera) -> RenditionInfo {
        let live = camera.state == CameraState::Live;
        let hidden = self.settings().privacy.hides_source();
        RenditionInfo {
            rendition: Rendition::Source,
            reason: hidden.then(|| HIDDEN.to_owned()),
            state: if live { RenditionState::Running } else { RenditionState::Idle },
            viewers: u32::try_from(self.hub.viewers()).unwrap_or(u32::MAX),
            codec: camera.codec.clone(),
            width: camera.width,
            height: camera.height,
            fps: camera.fps,
            bitrate: camera.bitrate,
            ..RenditionInfo::default()
        }
    }

    fn encoded_info(&self, encoding: &Encoding, asked: &EncoderSettings) -> RenditionInfo {
        let mut info = encoding.info();
        if info.encoder.is_none() {
            info.encoder = self.would_use(encoding.rendition(), asked);
        }
        info
    }

    /// What the encoder of a rendition would do were it running.
    fn would_use(&self, rendition: Rendition, asked: &EncoderSettings) -> Option<EncoderInUse> {
        let facts = self.facts()?;
        let asked = if rendition == Rendition::Small { small(&facts) } else { asked.clone() };
        let plan = self.planned(&asked, &facts, None).ok()?;
        Some(plan.in_use(plan.words()))
    }
}

impl Feed for CameraHandle {
    fn describe(&self) -> Camera {
        let settings = self.settings();
        let mut camera = Camera {
            uid: settings.uid,
            id: settings.id,
            name: settings.name,
            transport: settings.transport,
            video: settings.video,
            device: settings.hardware.device_word(),
            decoder: settings.hardware.decoder,
            detect: settings.detect,
            encoder: settings.encoder,
            zones: settings.zones,
            masks: settings.privacy.masks.to_vec(),
            unmasked_source: settings.privacy.unmasked_source,
            editable: settings.editable,
            ..Camera::default()
        };
        for stream in settings.streams {
            let url = stream.origin.masked();
            if stream.roles.contains(&Role::View) {
                camera.url.clone_from(&url);
            }
            camera.streams.push(StreamInfo { url, roles: stream.roles });
        }
        self.status.describe(&mut camera);
        camera.hardware = self.hardware();
        let analysis = self.running().analysis.clone();
        if let Some(analysis) = analysis {
            camera.analysis = analysis.info();
        }
        camera.renditions = vec![self.source_info(&camera)];
        camera.renditions.extend(self.encodings.iter().map(|encoding| self.encoded_info(encoding, &camera.encoder)));
        camera
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.status.changes()
    }

    fn hub(&self, rendition: Rendition) -> Option<Arc<Hub>> {
        match self.encoding(rendition) {
            Some(encoding) => Some(encoding.hub().clone()),
            None => Some(self.hub.clone()),
        }
    }

    fn lease(&self, rendition: Rendition) -> Option<Lease> {
        if !self.renditions().contains(&rendition) {
            return None;
        }
        Some(match self.encoding(rendition) {
            Some(encoding) => encoding.lease(),
            None => Lease::free(self.hub.clone()),
        })
    }

    fn renditions(&self) -> Vec<Rendition> {
        let settings = self.settings();
        match settings.video {
            _ if settings.privacy.hides_source() => vec![Rendition::Main, Rendition::Small],
            VideoMode::Auto => vec![Rendition::Source, Rendition::Main, Rendition::Small],
            VideoMode::Passthrough => vec![Rendition::Source],
            VideoMode::Transcode => vec![Rendition::Main, Rendition::Small, Rendition::Source],
        }
    }

    fn sending(&self) -> Sending {
        Sending { counters: self.counters.send.clone(), delay: self.common.inject.of("send") }
    }

    fn note_playing(&self, playing: Playing) {
        *self.playing.lock().unwrap_or_else(PoisonError::into_inner) = Some(playing);
    }
}
