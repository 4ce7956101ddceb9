//! H.264 in software by libx264 through libavcodec.
//!
//! What changes while it runs is what x264 itself takes over between two frames (`x264_encoder_reconfig`): with a constant
//! bitrate all of it, with a variable one only the maximum and the buffer ("We don't support changing the ABR bitrate right
//! now", ratecontrol.c), with constant quality the quality, with a constant quantiser nothing.

use super::plan::{EncoderPlan, Rate};
use super::shape::unsaid;
use super::{EncodeError, Encoded, Encoder, NeedsNew, caps};
use crate::libav::{self, Rates};
use crate::pipeline::frame::Input;
use bytes::Bytes;
use ffmpeg_next as ffmpeg;
use sightline_shared::encoder::{Preset, Tune};
use sightline_shared::time::TIMESCALE;

/// An open encoder and the one picture it is fed from.
pub(super) struct X264Encoder {
    encoder: ffmpeg::encoder::video::Encoder,
    picture: ffmpeg::frame::Video,
    plan: EncoderPlan,
}

impl X264Encoder {
    /// Opens libx264.
    ///
    /// # Errors
    /// This FFmpeg has no libx264, or it refuses the plan.
    pub(super) fn open(plan: &EncoderPlan) -> Result<Self, EncodeError> {
        libav::init();
        let unavailable = |e: ffmpeg::Error| EncodeError::Unavailable(format!("libx264 does not open: {e}."));
        let codec =
            ffmpeg::encoder::find_by_name("libx264").ok_or_else(|| EncodeError::Unavailable(caps::NO_X264.into()))?;
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
        let encoder = video.open_as_with(codec, options(plan)).map_err(unavailable)?;
        let picture = ffmpeg::frame::Video::new(ffmpeg::format::Pixel::YUV420P, plan.width, plan.height);
        Ok(Self { encoder, picture, plan: plan.clone() })
    }

    fn receive(&mut self) -> Vec<Encoded> {
        let mut out = Vec::new();
        let mut packet = ffmpeg::Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            if let (Some(data), Some(pts)) = (packet.data(), packet.pts()) {
                let dts = packet.dts().unwrap_or(pts).min(pts);
                out.push(Encoded { pts, dts, key: packet.is_key(), annexb: Bytes::copy_from_slice(data) });
            }
        }
        out
    }
}

fn options(plan: &EncoderPlan) -> ffmpeg::Dictionary<'static> {
    let mut options = ffmpeg::Dictionary::new();
    options.set("preset", preset_name(plan.preset));
    options.set("forced-idr", "1");
    let mut x264 = String::from("annexb=1:scenecut=0:open-gop=0");
    match plan.tune {
        Tune::Ull => options.set("tune", "zerolatency"),
        // A quarter of a second of look-ahead, and no second thread that would add its own queue.
        Tune::Ll => x264.push_str(":rc-lookahead=8:sync-lookahead=0"),
        Tune::Hq => {}
    }
    // Scene cuts would put key frames where no one asked for them.
    options.set("x264-params", &x264);
    match plan.rate {
        Rate::Cbr { bitrate, buffer } => set_rates(&mut options, bitrate, bitrate, buffer),
        Rate::Vbr { bitrate, max, buffer } => set_rates(&mut options, bitrate, max, buffer),
        Rate::Cqp(quality) => options.set("qp", &quality.to_string()),
        Rate::Crf(quality, limit) => {
            options.set("crf", &quality.to_string());
            if let Some((max, buffer)) = limit {
                options.set("maxrate", &max.to_string());
                options.set("bufsize", &buffer.to_string());
            }
        }
    }
    let colour = plan.colour;
    options.set("color_range", if colour.full_range { "2" } else { "1" });
    for (name, code) in
        [("colorspace", colour.matrix), ("color_primaries", colour.primaries), ("color_trc", colour.transfer)]
    {
        options.set(name, &(if unsaid(code) { 2 } else { code }).to_string());
    }
    options
}

fn set_rates(options: &mut ffmpeg::Dictionary<'_>, bitrate: u64, max: u64, buffer: u64) {
    options.set("b", &bitrate.to_string());
    options.set("maxrate", &max.to_string());
    options.set("bufsize", &buffer.to_string());
}

/// x264's name of a preset.
pub(super) fn preset_name(preset: Preset) -> &'static str {
    match preset {
        Preset::P1 => "ultrafast",
        Preset::P2 => "superfast",
        Preset::P3 => "veryfast",
        Preset::P4 => "faster",
        Preset::P5 => "medium",
        Preset::P6 => "slow",
        Preset::P7 => "slower",
    }
}

/// What x264 is told to change from the next frame on to get from one rate to another; `None` where it cannot.
fn live_change(from: &Rate, to: &Rate) -> Option<Rates> {
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    match (*from, *to) {
        (Rate::Cbr { .. }, Rate::Cbr { bitrate, buffer }) => {
            Some(Rates { bitrate: signed(bitrate), max: signed(bitrate), buffer: signed(buffer), crf: None })
        }
        (Rate::Vbr { bitrate: before, .. }, Rate::Vbr { bitrate, max, buffer })
            if before == bitrate && max > bitrate =>
        {
            Some(Rates { bitrate: signed(bitrate), max: signed(max), buffer: signed(buffer), crf: None })
        }
        (Rate::Crf(_, None), Rate::Crf(quality, None)) => {
            Some(Rates { bitrate: 0, max: 0, buffer: 0, crf: Some(f64::from(quality)) })
        }
        (Rate::Crf(_, Some(_)), Rate::Crf(quality, Some((max, buffer)))) => {
            Some(Rates { bitrate: 0, max: signed(max), buffer: signed(buffer), crf: Some(f64::from(quality)) })
        }
        _ => None,
    }
}

impl Encoder for X264Encoder {
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
        if !self.plan.differs_in_rate_alone(plan) {
            return Err(NeedsNew);
        }
        let rates = live_change(&self.plan.rate, &plan.rate).ok_or(NeedsNew)?;
        libav::set_rates(&mut self.encoder, &rates).map_err(|_| NeedsNew)?;
        self.plan = plan.clone();
        Ok(())
    }

    fn flush(&mut self) -> Result<Vec<Encoded>, EncodeError> {
        self.encoder
            .send_eof()
            .map_err(|e| EncodeError::Unavailable(format!("libx264 gives back no more frames: {e}.")))?;
        Ok(self.receive())
    }
}

/// Whether an encoder with the plan `from` can follow `to` without a new session.
pub(super) fn changes_live(from: &EncoderPlan, to: &EncoderPlan) -> bool {
    from == to || (from.differs_in_rate_alone(to) && live_change(&from.rate, &to.rate).is_some())
}

#[cfg(test)]
#[path = "x264_tests.rs"]
mod tests;
