//! Packets of a file in, frames out: whatever libavcodec decodes, on as many threads as it likes. For what has no clock.

use super::libav::{LibavPicture, colour, pixel_format};
use super::{DecodeError, MAX_PIXELS};
use crate::libav::Converter;
use crate::pipeline::clock::Mono;
use crate::pipeline::frame::{Frame, Samples};
use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;
use sightline_shared::time::{Epoch, Pts, TIMESCALE};

/// What a container says of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackClock {
    /// Seconds of a tick of the container's: numerator and denominator.
    pub base: (i32, i32),
    /// What is added to its times, in 90 kHz.
    pub shift: i64,
    /// Ticks of 90 kHz from one frame to the next, where the container does not say when a frame is shown.
    pub interval: i64,
    /// Clockwise rotation to show it with.
    pub rotation: u16,
    /// Sample aspect ratio, where the container has one.
    pub sample_aspect: Option<(u32, u32)>,
}

/// A decoder of a file's video track. Frames come out in order of presentation, each later than the one before.
pub struct PacketDecoder {
    decoder: ffmpeg::decoder::Video,
    clock: TrackClock,
    newest: Option<i64>,
    scaler: Option<Converter>,
    name: String,
}

impl PacketDecoder {
    /// Opens a decoder for a track.
    ///
    /// # Errors
    /// This FFmpeg has no decoder for it, or it refuses to open.
    pub fn open(parameters: ffmpeg::codec::Parameters, clock: TrackClock) -> Result<Self, DecodeError> {
        crate::libav::init();
        let id = parameters.id();
        let wrong =
            |e: ffmpeg::Error| DecodeError::Unsupported(format!("Its {} decoder does not open: {e}.", id.name()));
        let codec = ffmpeg::decoder::find(id).ok_or_else(|| {
            DecodeError::Unsupported(format!(
                "This FFmpeg has no decoder for its video, which is coded in {}.",
                id.name()
            ))
        })?;
        let mut context = ffmpeg::codec::Context::from_parameters(parameters).map_err(wrong)?;
        let kind = ffmpeg::codec::threading::Type::Frame;
        context.set_threading(ffmpeg::codec::threading::Config { kind, count: 0, ..Default::default() });
        let mut options = ffmpeg::Dictionary::new();
        options.set("max_pixels", &MAX_PIXELS.to_string());
        let opened = context.decoder().open_as_with(codec, options).and_then(ffmpeg::decoder::Opened::video);
        let name = format!("software (libavcodec {})", codec.name());
        Ok(Self { decoder: opened.map_err(wrong)?, clock, newest: None, scaler: None, name })
    }

    /// What it is, for people.
    #[must_use]
    pub fn describe(&self) -> &str {
        &self.name
    }

    /// Takes a packet, appends the frames that are ready.
    ///
    /// # Errors
    /// The packet is damaged, or a picture of its kind cannot be read; decoding may go on with the next one.
    pub fn decode(&mut self, packet: &ffmpeg::Packet, frames: &mut Vec<Frame>) -> Result<(), DecodeError> {
        let damaged = |e: ffmpeg::Error| DecodeError::Damaged { pts: packet.pts().unwrap_or(0), reason: e.to_string() };
        let sent = self.decoder.send_packet(packet);
        self.receive(frames).map_err(damaged)?;
        sent.map_err(damaged)
    }

    /// Appends the frames that were held back.
    ///
    /// # Errors
    /// A picture of their kind cannot be read.
    pub fn flush(&mut self, frames: &mut Vec<Frame>) -> Result<(), DecodeError> {
        let damaged = |e: ffmpeg::Error| DecodeError::Damaged { pts: 0, reason: e.to_string() };
        // It says no more than that it is at its end already.
        if self.decoder.send_eof().is_ok() {
            self.receive(frames).map_err(damaged)?;
        }
        Ok(())
    }

    fn receive(&mut self, frames: &mut Vec<Frame>) -> Result<(), ffmpeg::Error> {
        let mut failed = Ok(());
        loop {
            let mut picture = ffmpeg::frame::Video::empty();
            match self.decoder.receive_frame(&mut picture) {
                Ok(()) => match self.frame(picture) {
                    Ok(frame) => frames.push(frame),
                    Err(e) => failed = Err(e),
                },
                // A frame of several threads' work that failed: the ones behind it are still to come.
                Err(ffmpeg::Error::InvalidData) => failed = Err(ffmpeg::Error::InvalidData),
                Err(_) => return failed,
            }
        }
    }

    fn frame(&mut self, picture: ffmpeg::frame::Video) -> Result<Frame, ffmpeg::Error> {
        let pts = self.time(picture.timestamp());
        let (picture, format) = match pixel_format(picture.format()) {
            Some(format) => (picture, format),
            None => (self.converted(&picture)?, crate::pipeline::frame::PixelFormat::I420),
        };
        let aspect = picture.aspect_ratio();
        let coded = (u32::try_from(aspect.numerator()), u32::try_from(aspect.denominator()));
        let sample_aspect = self.clock.sample_aspect.unwrap_or(match coded {
            (Ok(across), Ok(down)) if across > 0 && down > 0 => (across, down),
            _ => (1, 1),
        });
        Ok(Frame {
            format,
            width: picture.width() as usize,
            height: picture.height() as usize,
            colour: colour(&picture),
            sample_aspect,
            rotation: self.clock.rotation,
            epoch: Epoch::default(),
            pts,
            arrived: Mono::default(),
            decoded: Mono::default(),
            samples: Samples::Host(Box::new(LibavPicture(picture))),
        })
    }

    /// When a frame is shown, in 90 kHz. Files whose times stand still go by their claimed rate.
    fn time(&mut self, told: Option<i64>) -> Pts {
        let (numerator, denominator) = self.clock.base;
        let scaled = told.map(|told| rescaled(told, numerator, denominator) + self.clock.shift);
        let next = self.newest.map(|newest| newest + self.clock.interval.max(1));
        let pts = match (scaled, self.newest) {
            (Some(scaled), Some(newest)) if scaled <= newest => newest + self.clock.interval.max(1),
            (Some(scaled), _) => scaled,
            (None, _) => next.unwrap_or(0),
        };
        self.newest = Some(pts);
        Pts(pts)
    }

    /// Layouts that nothing here reads (RGB, palettes, 12 bit) are brought to I420 by libswscale.
    fn converted(&mut self, picture: &ffmpeg::frame::Video) -> Result<ffmpeg::frame::Video, ffmpeg::Error> {
        let (format, width, height) = (picture.format(), picture.width(), picture.height());
        let known = self.scaler.as_ref().is_some_and(|scaler| {
            let input = scaler.0.input();
            (input.format, input.width, input.height) == (format, width, height)
        });
        if !known {
            let flags = scaling::Flags::BICUBIC | scaling::Flags::ACCURATE_RND;
            let scaler = scaling::Context::get(format, width, height, Pixel::YUV420P, width, height, flags)?;
            self.scaler = Some(Converter(scaler));
        }
        let mut converted = ffmpeg::frame::Video::new(Pixel::YUV420P, width, height);
        let scaler = self.scaler.as_mut().ok_or(ffmpeg::Error::Bug)?;
        scaler.0.run(picture, &mut converted)?;
        // Where it came from RGB, libswscale made BT.601 of it.
        let rgb = picture.color_space() == ffmpeg::color::Space::RGB || picture.planes() == 1;
        converted.set_color_space(if rgb { ffmpeg::color::Space::SMPTE170M } else { picture.color_space() });
        converted.set_color_range(if rgb { ffmpeg::color::Range::MPEG } else { picture.color_range() });
        Ok(converted)
    }
}

/// `time` of a container's clock in ticks of 90 kHz, rounded.
#[must_use]
pub fn rescaled(time: i64, numerator: i32, denominator: i32) -> i64 {
    let (numerator, denominator) = (i128::from(numerator.max(1)), i128::from(denominator.max(1)));
    let ticks = (i128::from(time) * numerator * i128::from(TIMESCALE) * 2 + denominator).div_euclid(2 * denominator);
    ticks.clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
}
