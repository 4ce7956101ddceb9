//! Encoding in software by libx264 and libx265 through libavcodec: the body that both share. What each is told, and what it changes while
//! it runs, stands in `x264.rs` and `x265.rs`.

use super::plan::EncoderPlan;
use super::{EncodeError, Encoded, Encoder, NeedsNew, caps, x264, x265};
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
}

impl SoftwareEncoder {
    /// Opens the library that encodes to the plan's codec.
    ///
    /// # Errors
    /// This FFmpeg has no such library, or it refuses the plan.
    pub(super) fn open(plan: &EncoderPlan) -> Result<Self, EncodeError> {
        libav::init();
        let (library, options) = match plan.codec {
            Codec::Hevc => (caps::X265, x265::options(plan)),
            Codec::H264 | Codec::Av1 => (caps::X264, x264::options(plan)),
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
        let encoder = video.open_as_with(codec, options).map_err(unavailable)?;
        let picture = ffmpeg::frame::Video::new(ffmpeg::format::Pixel::YUV420P, plan.width, plan.height);
        Ok(Self { encoder, picture, plan: plan.clone() })
    }

    fn receive(&mut self) -> Vec<Encoded> {
        let mut out = Vec::new();
        let mut packet = ffmpeg::Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            if let (Some(data), Some(pts)) = (packet.data(), packet.pts()) {
                let dts = packet.dts().unwrap_or(pts).min(pts);
                out.push(Encoded {
                    codec: self.plan.codec,
                    pts,
                    dts,
                    key: packet.is_key(),
                    annexb: Bytes::copy_from_slice(data),
                });
            }
        }
        out
    }
}

impl Encoder for SoftwareEncoder {
    fn describe(&self) -> String {
        self.plan.words()
    }

    fn input(&mut self) -> Input<'_> {
        Input::Host(libav::i420_mut(&mut self.picture))
    }

    fn encode(&mut self, pts: i64, force_key: bool) -> Result<Vec<Encoded>, EncodeError> {
        self.picture.set_pts(Some(pts));
        self.picture.set_kind(if force_key { ffmpeg::picture::Type::I } else { ffmpeg::picture::Type::None });
        self.encoder.send_frame(&self.picture).map_err(|e| EncodeError::Refused { pts, reason: e.to_string() })?;
        Ok(self.receive())
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
        self.encoder
            .send_eof()
            .map_err(|e| EncodeError::Unavailable(format!("The encoder gives back no more frames: {e}.")))?;
        Ok(self.receive())
    }
}
