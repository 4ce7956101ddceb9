//! Decoding by NVIDIA's decoder: frames stay in the device's memory.
//!
//! A frame is the decoder's own output surface, so that nothing is copied. Of these there are few, and a decoder whose surfaces
//! are all held stands still. Whoever holds frames for long must not bring that about: while several surfaces are out, further
//! frames are copied on the device into pictures of a pool that is as large as all who hold frames may come to.

use super::units::Units;
use super::{DecodeError, Decoder};
use crate::device::{Bus, Card, DevicePicture, Home, sentence};
use crate::pipeline::clock::Clock;
use crate::pipeline::frame::{Colour, Frame, PixelFormat, Samples};
use crate::pipeline::packet::{AccessUnit, VideoParams};
use sightline_nv::{Codec, Decoded, DecoderOptions, Error, Format, Picture, Pool, Stream, Timings};
use sightline_shared::time::Pts;
use std::sync::Arc;
use std::time::Duration;

/// Output surfaces of a decoder: each costs a picture of memory.
const SURFACES: usize = 6;
/// Of these, how many are out before frames are copied. An encoder may hold one a moment longer than its frame, and one is
/// needed to copy from.
const OUT: usize = 3;
/// Frames that are held at once at most: 2 newest, 5 that are looked at or wait for it, 2 that pictures of events are cut from, and 9 of each
/// of two renditions; and some that are just being handed on. Memory is reserved as it is needed, which is that of one or two.
const COPIES: usize = 32;
/// Pictures that wait inside where nobody waits for them: fewer than there are surfaces.
const AHEAD: usize = 3;
/// Access units in a row that may give no frame: four times as many as H.264 and H.265 reorder over (H.264 A.3.1).
const SILENT: u32 = 64;
/// Frames whose time on the device is waited for at most.
const TIMES: usize = 32;

/// A decoder of a device.
pub(super) struct NvdecDecoder {
    decoder: sightline_nv::Decoder,
    stream: Stream,
    home: Home,
    params: VideoParams,
    name: String,
    clock: Arc<dyn Clock>,
    units: Units,
    /// Held by every surface that is out.
    out: Arc<()>,
    copies: Option<((u32, u32), Format, Pool)>,
    /// Pictures that may wait inside.
    ahead: usize,
    /// Access units since the newest frame.
    silent: u32,
    times: Timings<()>,
}

impl NvdecDecoder {
    /// Opens a decoder on the device.
    ///
    /// # Errors
    /// Why it cannot be had, in a sentence.
    pub(super) fn open(
        params: &VideoParams,
        codec: Codec,
        clock: Arc<dyn Clock>,
        card: &Arc<Card>,
        bus: &Arc<Bus>,
    ) -> Result<Self, String> {
        let wrong = |error: Error| {
            card.note(&error);
            sentence(&error)
        };
        let options = DecoderOptions { codec, surfaces: SURFACES };
        let context = card.context().map_err(wrong)?;
        Ok(Self {
            decoder: sightline_nv::Decoder::new(&context, options).map_err(wrong)?,
            stream: Stream::new(&context).map_err(wrong)?,
            name: format!("NVDEC ({}, device {})", card.name(), card.ordinal()),
            home: Home { card: card.clone(), bus: bus.clone() },
            params: params.clone(),
            clock,
            units: Units::new(params),
            out: Arc::default(),
            copies: None,
            ahead: 0,
            silent: 0,
            times: Timings::new(TIMES),
        })
    }

    /// What an error of the device means for the access unit at `pts`. A damaged picture is none: it is skipped below.
    fn judge(&self, error: &Error, pts: i64) -> DecodeError {
        self.home.card.note(error);
        match error {
            Error::AllHeld(_) => DecodeError::Damaged { pts, reason: error.to_string() },
            _ => DecodeError::Device { reason: sentence(error), lost: self.home.card.lost().is_some() },
        }
    }

    fn receive(&mut self, frames: &mut Vec<Frame>, ahead: usize) -> Result<(), Error> {
        while self.decoder.ready() > ahead {
            let Some(decoded) = self.decoder.next_picture()? else { break };
            self.silent = 0;
            self.times.push((), decoded.timing.clone());
            if let Some((arrived, epoch)) = self.units.leave(decoded.pts) {
                let (picture, held) = self.kept(&decoded)?;
                let (width, height) = picture.size();
                frames.push(Frame {
                    format: if picture.format() == Format::P016 { PixelFormat::P010 } else { PixelFormat::Nv12 },
                    width: width as usize,
                    height: height as usize,
                    colour: colour(&decoded),
                    sample_aspect: self.params.sample_aspect,
                    rotation: self.params.rotation,
                    epoch,
                    pts: Pts(decoded.pts),
                    arrived,
                    decoded: self.clock.now(),
                    samples: Samples::Device(DevicePicture::new(picture, self.home.clone(), held)),
                });
            }
        }
        Ok(())
    }

    /// The surface itself, or a copy of it where many are out.
    fn kept(&mut self, decoded: &Decoded) -> Result<(Picture, Arc<()>), Error> {
        let surface = &decoded.picture;
        if Arc::strong_count(&self.out) <= OUT {
            return Ok((surface.clone(), self.out.clone()));
        }
        let (size, format) = (surface.size(), surface.format());
        let pool = match &self.copies {
            Some((known, of, pool)) if (*known, *of) == (size, format) => pool.clone(),
            _ => {
                let pool = Pool::new(self.stream.context(), format, size, COPIES)?;
                self.copies.insert((size, format, pool)).2.clone()
            }
        };
        let copy = pool.lease()?.ok_or(Error::AllHeld(COPIES))?;
        copy.copy_from(&self.stream, surface)?;
        Ok((copy, Arc::default()))
    }
}

/// What the samples mean; what a stream does not say is 2 (H.273), whatever the parser makes of it.
fn colour(decoded: &Decoded) -> Colour {
    let said = |code: u8| if code == 0 { 2 } else { code };
    let format = &decoded.format;
    Colour {
        full_range: format.full_range,
        matrix: said(format.matrix),
        primaries: said(format.primaries),
        transfer: said(format.transfer),
    }
}

impl Decoder for NvdecDecoder {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn decode(&mut self, unit: &AccessUnit, frames: &mut Vec<Frame>) -> Result<(), DecodeError> {
        let given = self.decoder.decode(self.units.bytes(unit)?, unit.pts.0);
        self.units.enter(unit);
        self.silent += 1;
        let received = self.receive(frames, self.ahead);
        given.and(received).map_err(|error| {
            self.units.refuse(unit);
            self.judge(&error, unit.pts.0)
        })?;
        if self.silent > SILENT {
            let reason = format!("The device's decoder gave no picture for {SILENT} access units.");
            return Err(DecodeError::Device { reason, lost: false });
        }
        Ok(())
    }

    fn flush(&mut self, frames: &mut Vec<Frame>) {
        if let Err(error) = self.decoder.flush().and_then(|()| self.receive(frames, 0)) {
            self.home.card.note(&error);
            tracing::debug!("the end of a decoder: {error}");
        }
        self.units.forget();
    }

    fn hurry(&mut self) {
        self.ahead = AHEAD;
    }

    fn device_times(&mut self) -> Vec<Duration> {
        self.times.finished().into_iter().map(|((), took)| took).collect()
    }
}
