//! Video that no browser is given as it is (Motion JPEG, raw pictures, older codecs): decoded and encoded to H.264 here.

use super::{Sink, SourceError};
use crate::encode::{self, Encoder, PictureFacts, Purpose};
use crate::pipeline::clock::Mono;
use crate::pipeline::frame::{Colour, HostPicture};
use ffmpeg::codec::Id;
use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;
use sightline_shared::encoder::EncoderSettings;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

/// Packets that wait for the encoder. A newer one takes the place of the oldest: what is shown is what happens now.
const WAITING: usize = 3;
/// The largest picture that is encoded here, in pixels: 4K UHD. Above it no machine without a GPU keeps up.
const MAX_PIXELS: u32 = 3840 * 2160;
/// Ticks from key frame to key frame.
const KEY_EVERY: i64 = 2 * sightline_shared::time::TIMESCALE as i64;
/// Bits a pixel and frame: what a street scene needs from the superfast preset to look like its source.
const BITS_PER_PIXEL: f64 = 0.1;

/// The name of a codec that is encoded anew; `None` for those that are carried, or that nothing here decodes.
pub(super) fn name(id: Id) -> Option<&'static str> {
    Some(match id {
        Id::MJPEG => "Motion JPEG",
        Id::RAWVIDEO => "uncompressed video",
        Id::MPEG4 => "MPEG-4 part 2",
        Id::MPEG2VIDEO => "MPEG-2",
        Id::H263 => "H.263",
        Id::FLV1 => "Sorenson H.263",
        Id::VP8 => "VP8",
        Id::VP9 => "VP9",
        _ => return None,
    })
}

/// One packet on its way to the encoder.
pub(super) struct Waiting {
    /// As the demuxer gave it.
    pub(super) packet: ffmpeg::Packet,
    /// Its time, 90 kHz.
    pub(super) time: i64,
    /// When it came.
    pub(super) arrived: Mono,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Waiting>,
    closed: bool,
    /// A picture that others need was left out: all go up to the next key frame.
    broken: bool,
    left_out: u64,
}

/// Between the thread that reads and the thread that encodes.
pub(super) struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
    /// Every packet is a picture of its own: any may be left out. Else all up to the next key frame go.
    intra: bool,
}

impl Mailbox {
    pub(super) fn new(id: Id) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), intra: matches!(id, Id::MJPEG | Id::RAWVIDEO) }
    }

    /// Puts a packet in.
    pub(super) fn push(&self, waiting: Waiting) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full = state.queue.len() >= WAITING;
        if !self.intra {
            state.broken = !waiting.packet.is_key() && (state.broken || full);
            if state.broken {
                state.left_out += 1;
                return;
            }
        }
        let gone = if !full {
            0
        } else if self.intra {
            1
        } else {
            state.queue.len()
        };
        state.queue.drain(..gone);
        state.left_out += gone as u64;
        state.queue.push_back(waiting);
        drop(state);
        self.changed.notify_one();
    }

    /// How many were left out since this was asked last.
    pub(super) fn left_out(&self) -> u64 {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).left_out)
    }

    /// The next packet; `None` once it is closed.
    pub(super) fn take(&self) -> Option<Waiting> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.closed {
                return None;
            }
            if let Some(waiting) = state.queue.pop_front() {
                return Some(waiting);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends [`Self::take`], now and later.
    pub(super) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.changed.notify_all();
    }

    /// Whether it was closed: by an encoder that gave up, or by its user.
    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed
    }
}

/// A decoder, a converter and an encoder.
pub(super) struct Recoder {
    decoder: ffmpeg::decoder::Video,
    codec: &'static str,
    id: Id,
    /// When the newest key frame was, 90 kHz.
    key_at: Option<i64>,
    /// Made when the first picture has told its size, and again when that changes.
    rest: Option<Rest>,
    fps: f64,
}

struct Rest {
    of: (Pixel, u32, u32),
    scaler: scaling::Context,
    picture: Picture,
    encoder: Box<dyn Encoder>,
}

struct Picture(ffmpeg::frame::Video);

impl HostPicture for Picture {
    fn plane(&self, index: usize) -> (&[u8], usize) {
        (self.0.data(index), self.0.stride(index))
    }
}

impl Recoder {
    /// For a stream of these parameters; `fps` as it claims.
    ///
    /// # Errors
    /// This FFmpeg has no decoder for it.
    pub(super) fn open(parameters: ffmpeg::codec::Parameters, fps: f64) -> Result<Self, SourceError> {
        let id = parameters.id();
        let codec = name(id).unwrap_or("this codec");
        let wrong =
            |e: ffmpeg::Error| SourceError::new("codec", format!("The decoder for {codec} does not open: {e}."));
        let mut context = ffmpeg::codec::Context::from_parameters(parameters).map_err(wrong)?;
        context.set_threading(ffmpeg::codec::threading::Config::count(1));
        let decoder = context.decoder().video().map_err(wrong)?;
        Ok(Self { decoder, codec, id, key_at: None, rest: None, fps })
    }

    /// Takes one packet; gives on what comes of it.
    ///
    /// # Errors
    /// Nothing more can come: the encoder is not there, or refuses the picture.
    pub(super) fn take(&mut self, waiting: Waiting, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let Waiting { mut packet, time, arrived } = waiting;
        packet.set_pts(Some(time));
        packet.set_dts(None);
        // A damaged picture is left out; the next one may be well.
        if self.decoder.send_packet(&packet).is_err() {
            return Ok(());
        }
        let mut frame = ffmpeg::frame::Video::empty();
        while self.decoder.receive_frame(&mut frame).is_ok() {
            let time = frame.pts().unwrap_or(time);
            self.encode(&frame, time, arrived, sink)?;
        }
        Ok(())
    }

    fn encode(
        &mut self,
        frame: &ffmpeg::frame::Video,
        time: i64,
        arrived: Mono,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let of = (frame.format(), frame.width(), frame.height());
        if self.rest.as_ref().is_none_or(|rest| rest.of != of) {
            self.rest = Some(Rest::new(of, self.fps, self.id, self.codec)?);
        }
        let Some(rest) = &mut self.rest else { return Ok(()) };
        let broken = |e: &dyn std::fmt::Display| {
            SourceError::new("codec", format!("The {} of this camera cannot be encoded anew: {e}.", self.codec))
        };
        rest.scaler.run(frame, &mut rest.picture.0).map_err(|e| broken(&e))?;
        rest.encoder.input().copy_from(&rest.picture);
        // By time and not by count: how many frames a second come is often a guess.
        let due = self.key_at.is_none_or(|at| !(0..KEY_EVERY).contains(&(time - at)));
        for unit in rest.encoder.encode(time, due).map_err(|e| broken(&e))? {
            if unit.key {
                self.key_at = Some(unit.pts);
            }
            super::demo::give(sink, arrived, unit);
        }
        Ok(())
    }
}

impl Rest {
    fn new(of: (Pixel, u32, u32), fps: f64, id: Id, codec: &'static str) -> Result<Self, SourceError> {
        let (format, width, height) = of;
        if width < 16 || height < 16 || width.saturating_mul(height) > MAX_PIXELS {
            let words = format!(
                "This camera sends {codec} of {width}x{height} pixels, which is not encoded anew here (16x16 to 3840x2160 is). \
                 Choose another size, or H.264, in its settings."
            );
            return Err(SourceError::new("codec", words));
        }
        let wrong =
            |e: &dyn std::fmt::Display| SourceError::new("codec", format!("{codec} cannot be encoded anew: {e}."));
        let bitrate = f64::from(width) * f64::from(height) * fps * BITS_PER_PIXEL;
        let asked = EncoderSettings { bitrate: Some(bitrate.clamp(200e3, 20e6) as u64), ..EncoderSettings::default() };
        // JFIF's matrix, and what webcams mean; the range becomes that of video.
        let matrix = if matches!(id, Id::MJPEG | Id::RAWVIDEO) { 6 } else { 2 };
        let colour = Colour { full_range: false, matrix, primaries: 2, transfer: 2 };
        let facts = PictureFacts { width, height, rotation: 0, sample_aspect: (1, 1), fps, colour };
        let plan = encode::resolve(&asked, &facts, Purpose::Live).map_err(|refusal| wrong(&refusal.message))?;
        let encoder = encode::software(&plan).map_err(|e| wrong(&e))?;
        let to = Pixel::YUV420P;
        let scaler =
            scaling::Context::get(format, width, height, to, plan.width, plan.height, scaling::Flags::BILINEAR)
                .map_err(|e| wrong(&e))?;
        Ok(Self { of, scaler, picture: Picture(ffmpeg::frame::Video::new(to, plan.width, plan.height)), encoder })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(time: i64, key: bool) -> Waiting {
        let mut packet = ffmpeg::Packet::copy(&[1]);
        if key {
            packet.set_flags(ffmpeg::codec::packet::Flags::KEY);
        }
        Waiting { packet, time, arrived: Mono::default() }
    }

    #[test]
    fn a_slow_encoder_gets_the_newest_pictures() {
        let mailbox = Mailbox::new(Id::MJPEG);
        (0..10).for_each(|n| mailbox.push(waiting(n, true)));
        assert_eq!((mailbox.left_out(), mailbox.left_out()), (7, 0));
        assert_eq!([0; 3].map(|_| mailbox.take().map(|waiting| waiting.time)), [Some(7), Some(8), Some(9)]);
        mailbox.close();
        assert!(mailbox.take().is_none() && mailbox.is_closed());
    }

    #[test]
    fn pictures_that_need_others_go_up_to_the_next_key_frame() {
        let mailbox = Mailbox::new(Id::MPEG4);
        (0..10).for_each(|n| mailbox.push(waiting(n, n % 6 == 0)));
        // 0, 1, 2 wait; 3, 4, 5 are left out; 6 clears the three before it; 9 is left out.
        assert_eq!(mailbox.left_out(), 3 + 3 + 1);
        assert_eq!(mailbox.take().map(|waiting| waiting.time), Some(6));
        // There is room again, but 9 was left out, and 10 needs it.
        mailbox.push(waiting(10, false));
        mailbox.push(waiting(12, true));
        assert_eq!(mailbox.left_out(), 1);
    }
}
