//! A file's packets through the device's decoder, as far as that goes; from there on libavcodec has them, and no frame is missing.

use crate::decode::packets::{PacketDecoder, TrackClock, rescaled};
use crate::decode::{self, DecodeError, Decoder};
use crate::device::Seat;
use crate::pipeline::clock::{Mono, SystemClock};
use crate::pipeline::frame::Frame;
use crate::pipeline::packet::{AccessUnit, Medium, StreamParams};
use crate::source::file_tracks::FileTracks;
use ffmpeg_next as ffmpeg;
use sightline_shared::time::{Epoch, Pts};
use std::sync::Arc;

/// Packets that are kept for starting over: of longer GOPs, those that were decoded already are missing in software.
const MAX_KEPT: usize = 1200;

/// The decoder of a file's video track.
pub(super) struct FileDecoder {
    device: Option<OnDevice>,
    /// Opened where the device cannot, or can no longer, decode.
    software: Option<PacketDecoder>,
    parameters: ffmpeg::codec::Parameters,
    clock: TrackClock,
    newest: Option<Pts>,
    /// Why it is not the device, where there is one.
    instead: Option<String>,
}

struct OnDevice {
    decoder: Box<dyn Decoder>,
    tracks: FileTracks,
    params: Arc<StreamParams>,
    /// From the newest key frame on.
    kept: Vec<ffmpeg::Packet>,
}

impl FileDecoder {
    /// Opens a decoder: the device's where the seat has one that can.
    ///
    /// # Errors
    /// This FFmpeg has no decoder for the track either.
    pub(super) fn open(
        container: &ffmpeg::format::context::Input,
        parameters: ffmpeg::codec::Parameters,
        clock: TrackClock,
        seat: &Seat,
    ) -> Result<Self, DecodeError> {
        let (device, instead) = match OnDevice::open(container, seat) {
            Ok(device) => (Some(device), None),
            Err(reason) => (None, seat.has_devices().then_some(reason)),
        };
        let software = if device.is_none() { Some(PacketDecoder::open(parameters.clone(), clock)?) } else { None };
        Ok(Self { device, software, parameters, clock, newest: None, instead })
    }

    /// What it is, for people.
    pub(super) fn describe(&self) -> String {
        match (&self.device, &self.software) {
            (Some(device), _) => device.decoder.describe(),
            (None, Some(software)) => software.describe().to_owned(),
            (None, None) => String::new(),
        }
    }

    /// Why it is not the device, in a sentence.
    pub(super) fn instead(&self) -> Option<&str> {
        self.instead.as_deref()
    }

    /// As [`PacketDecoder::decode`].
    pub(super) fn decode(&mut self, packet: &ffmpeg::Packet, frames: &mut Vec<Frame>) -> Result<(), DecodeError> {
        let before = frames.len();
        let decoded = match (&mut self.device, &mut self.software) {
            (Some(device), _) => device.decode(packet, &self.clock, frames),
            (None, Some(software)) => software.decode(packet, frames),
            (None, None) => Ok(()),
        };
        self.tidy(frames, before);
        match decoded {
            Err(DecodeError::Device { reason, .. }) => self.start_over(reason, frames),
            other => other,
        }
    }

    /// As [`PacketDecoder::flush`].
    pub(super) fn flush(&mut self, frames: &mut Vec<Frame>) -> Result<(), DecodeError> {
        let before = frames.len();
        let flushed = match (&mut self.device, &mut self.software) {
            (Some(device), _) => {
                device.decoder.flush(frames);
                Ok(())
            }
            (None, Some(software)) => software.flush(frames),
            (None, None) => Ok(()),
        };
        self.tidy(frames, before);
        flushed
    }

    /// Leaves out what was given before.
    fn tidy(&mut self, frames: &mut Vec<Frame>, from: usize) {
        let mut newest = self.newest;
        let mut at = 0;
        frames.retain(|frame| {
            at += 1;
            let fresh = at <= from || newest.is_none_or(|newest| frame.pts > newest);
            newest = if fresh { Some(frame.pts) } else { newest };
            fresh
        });
        self.newest = newest;
    }

    /// Decodes in software from the newest key frame on.
    fn start_over(&mut self, reason: String, frames: &mut Vec<Frame>) -> Result<(), DecodeError> {
        let kept = self.device.take().map(|device| device.kept).unwrap_or_default();
        self.instead = Some(reason);
        self.software = Some(PacketDecoder::open(self.parameters.clone(), self.clock)?);
        kept.iter().try_for_each(|packet| self.decode(packet, frames))
    }
}

impl OnDevice {
    fn open(container: &ffmpeg::format::context::Input, seat: &Seat) -> Result<Self, String> {
        seat.card()?;
        let tracks = FileTracks::find(container, "file").map_err(|e| e.message)?;
        let params = Arc::new(tracks.params.clone());
        let opened = decode::open(&params, Arc::new(SystemClock::default()), seat).map_err(|e| e.to_string())?;
        match opened.instead {
            None => {
                let mut decoder = opened.decoder;
                decoder.hurry();
                Ok(Self { decoder, tracks, params, kept: Vec::new() })
            }
            Some(reason) => Err(reason),
        }
    }

    fn decode(
        &mut self,
        packet: &ffmpeg::Packet,
        clock: &TrackClock,
        frames: &mut Vec<Frame>,
    ) -> Result<(), DecodeError> {
        let Some(data) = packet.data().and_then(|data| self.tracks.access_unit(data)) else { return Ok(()) };
        let key = self.tracks.is_key(packet.is_key(), &data);
        if key || self.kept.len() >= MAX_KEPT {
            self.kept.clear();
        }
        self.kept.push(packet.clone());
        let Some(pts) = packet.pts() else {
            let reason = "Its container does not say when frames are shown.".into();
            return Err(DecodeError::Device { reason, lost: false });
        };
        let time = |time: i64| Pts(rescaled(time, clock.base.0, clock.base.1) + clock.shift);
        let unit = AccessUnit {
            medium: Medium::Video,
            epoch: Epoch::default(),
            starts_epoch: false,
            pts: time(pts),
            dts: time(packet.dts().unwrap_or(pts)),
            duration: 0,
            key,
            data,
            params: self.params.clone(),
            sequence: 0,
            arrived: Mono::default(),
            captured_utc: None,
        };
        let before = frames.len();
        self.decoder.decode(&unit, frames)?;
        for frame in &mut frames[before..] {
            frame.rotation = clock.rotation;
            frame.sample_aspect = clock.sample_aspect.unwrap_or(frame.sample_aspect);
        }
        Ok(())
    }
}
