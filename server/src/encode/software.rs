//! Encoding in software by libx264, libx265 and SVT-AV1 through libavcodec: the body that they share. What each is told, and what it
//! changes while it runs, stands in `x264.rs`, `x265.rs` and `svtav1.rs`.

use super::plan::EncoderPlan;
use super::{EncodeError, Encoded, Encoder, NeedsNew, caps, svtav1, x264, x265};
use crate::libav;
use crate::pipeline::frame::Input;
use bytes::Bytes;
use ffmpeg_next as ffmpeg;
use sightline_shared::encoder::Codec;
use sightline_shared::time::TIMESCALE;

/// An open encoder and the one picture it is fed from.
pub(super) struct SoftwareEncoder {
    encoder: ffmpeg::encoder::video::Encoder,
    picture: ffmpeg::frame::Video,
    plan: EncoderPlan,
    /// Whether it was given a picture.
    begun: bool,
}

impl SoftwareEncoder {
    /// Opens the library that encodes to the plan's codec.
    ///
    /// # Errors
    /// This FFmpeg has no such library, or it refuses the plan.
    pub(super) fn open(plan: &EncoderPlan) -> Result<Self, EncodeError> {
        let encoder = opened(plan)?;
        let picture = ffmpeg::frame::Video::new(ffmpeg::format::Pixel::YUV420P, plan.width, plan.height);
        Ok(Self { encoder, picture, plan: plan.clone(), begun: false })
    }

    /// Another encoder, which begins with a key frame; gives what the one before still had.
    fn begin_anew(&mut self) -> Result<Vec<Encoded>, EncodeError> {
        let rest = self.flush()?;
        self.encoder = opened(&self.plan)?;
        Ok(rest)
    }

    fn receive(&mut self) -> Vec<Encoded> {
        let mut out = Vec::new();
        let mut packet = ffmpeg::Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            if let (Some(data), Some(pts)) = (packet.data(), packet.pts()) {
                // A temporal unit is shown when it is decoded, whatever SVT-AV1 counts.
                let dts = packet.dts().filter(|_| self.plan.codec != Codec::Av1).unwrap_or(pts).min(pts);
                out.push(Encoded {
                    codec: self.plan.codec,
                    pts,
                    dts,
                    key: packet.is_key(),
                    data: Bytes::copy_from_slice(data),
                });
            }
        }
        out
    }
}

fn opened(plan: &EncoderPlan) -> Result<ffmpeg::encoder::video::Encoder, EncodeError> {
    libav::init();
    let (library, options) = match plan.codec {
        Codec::H264 => (caps::X264, x264::options(plan)),
        Codec::Hevc => (caps::X265, x265::options(plan)),
        Codec::Av1 => (caps::SVTAV1, svtav1::options(plan)),
    };
    let unavailable = |e: ffmpeg::Error| EncodeError::Unavailable(format!("{library} does not open: {e}."));
    let codec =
        ffmpeg::encoder::find_by_name(library).ok_or_else(|| EncodeError::Unavailable(caps::missing(library)))?;
    let mut video = ffmpeg::codec::Context::new_with_codec(codec).encoder().video().map_err(unavailable)?;
    video.set_width(plan.width);
    video.set_height(plan.height);
    video.set_format(ffmpeg::format::Pixel::YUV420P);
    video.set_time_base((1, TIMESCALE as i32));
    video.set_frame_rate(Some(((plan.fps * 1000.0).round() as i32, 1000)));
    video.set_gop(plan.gop);
    video.set_max_b_frames(usize::from(plan.b_frames));
    let (across, down) = plan.sample_aspect;
    video.set_aspect_ratio((across as i32, down as i32));
    video.set_threading(ffmpeg::codec::threading::Config::count(plan.threads as usize));
    video.open_as_with(codec, options).map_err(unavailable)
}

impl Encoder for SoftwareEncoder {
    fn describe(&self) -> String {
        self.plan.words()
    }

    fn input(&mut self) -> Input<'_> {
        Input::Host(libav::i420_mut(&mut self.picture))
    }

    fn encode(&mut self, pts: i64, force_key: bool) -> Result<Vec<Encoded>, EncodeError> {
        let anew = force_key && self.begun && self.plan.codec == Codec::Av1;
        let mut units = if anew { self.begin_anew()? } else { Vec::new() };
        self.begun = true;
        self.picture.set_pts(Some(pts));
        self.picture.set_kind(if force_key { ffmpeg::picture::Type::I } else { ffmpeg::picture::Type::None });
        self.encoder.send_frame(&self.picture).map_err(|e| EncodeError::Refused { pts, reason: e.to_string() })?;
        units.extend(self.receive());
        Ok(units)
    }

    fn reconfigure(&mut self, plan: &EncoderPlan) -> Result<(), NeedsNew> {
        if *plan == self.plan {
            return Ok(());
        }
        let rates = x264::live_change(&self.plan, plan).ok_or(NeedsNew)?;
        libav::set_rates(&mut self.encoder, &rates).map_err(|_| NeedsNew)?;
        self.plan = plan.clone();
        Ok(())
    }

    fn flush(&mut self) -> Result<Vec<Encoded>, EncodeError> {
        if !self.begun {
            return Ok(Vec::new());
        }
        self.encoder
            .send_eof()
            .map_err(|e| EncodeError::Unavailable(format!("The encoder gives back no more frames: {e}.")))?;
        Ok(self.receive())
    }
}

impl Drop for SoftwareEncoder {
    /// SVT-AV1 waits for ever where it is closed without a picture, and complains where it is not told of the end (1.4).
    fn drop(&mut self) {
        if self.plan.codec == Codec::Av1 {
            if !self.begun {
                self.picture.set_pts(Some(0));
                let _ = self.encoder.send_frame(&self.picture);
            }
            let _ = self.encoder.send_eof();
        }
    }
}
