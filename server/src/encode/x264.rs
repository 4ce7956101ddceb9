//! H.264 in software by libx264 through libavcodec, tuned for zero latency: a frame in, its access unit out.

use super::{EncodeError, Encoded, EncoderSettings};
use crate::pipeline::frame::HostPicture;
use bytes::Bytes;
use ffmpeg_next as ffmpeg;
use sightline_shared::time::TIMESCALE;

/// An open encoder and the one picture it is fed from.
pub struct X264Encoder {
    encoder: ffmpeg::encoder::video::Encoder,
    picture: ffmpeg::frame::Video,
}

impl X264Encoder {
    /// Opens libx264 with preset superfast, tune zerolatency, no B-frames.
    ///
    /// # Errors
    /// This FFmpeg has no libx264, or it refuses the settings.
    pub fn open(settings: &EncoderSettings) -> Result<Self, EncodeError> {
        crate::libav::init();
        let unavailable = |e: ffmpeg::Error| EncodeError::Unavailable(format!("libx264 does not open: {e}."));
        let codec = ffmpeg::encoder::find_by_name("libx264").ok_or_else(|| {
            EncodeError::Unavailable("This FFmpeg has no libx264. On Debian: apt-get install libavcodec59.".into())
        })?;
        let mut video = ffmpeg::codec::Context::new_with_codec(codec).encoder().video().map_err(unavailable)?;
        video.set_width(settings.width);
        video.set_height(settings.height);
        video.set_format(ffmpeg::format::Pixel::YUV420P);
        video.set_time_base((1, TIMESCALE as i32));
        video.set_frame_rate(Some((settings.fps as i32, 1)));
        video.set_bit_rate(settings.bitrate as usize);
        video.set_gop(settings.gop);
        video.set_max_b_frames(0);
        video.set_threading(ffmpeg::codec::threading::Config::count(1));
        let options: ffmpeg::Dictionary<'_> = [
            ("preset", "superfast"),
            ("tune", "zerolatency"),
            ("forced-idr", "1"),
            // Scene cuts would put key frames where no one asked for them.
            ("x264-params", "scenecut=0:annexb=1"),
        ]
        .into_iter()
        .collect();
        let encoder = video.open_as_with(codec, options).map_err(unavailable)?;
        let picture = ffmpeg::frame::Video::new(ffmpeg::format::Pixel::YUV420P, settings.width, settings.height);
        Ok(Self { encoder, picture })
    }

    /// Encodes an I420 picture of the size in the settings as the frame at `pts` (90 kHz).
    ///
    /// # Errors
    /// The encoder refused the frame.
    pub fn encode(&mut self, pts: i64, picture: &dyn HostPicture) -> Result<Vec<Encoded>, EncodeError> {
        self.copy(picture);
        self.picture.set_pts(Some(pts));
        let refused = |e: ffmpeg::Error| EncodeError::Refused { pts, reason: e.to_string() };
        self.encoder.send_frame(&self.picture).map_err(refused)?;
        let mut out = Vec::new();
        let mut packet = ffmpeg::Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            if let (Some(data), Some(pts)) = (packet.data(), packet.pts()) {
                out.push(Encoded { pts, key: packet.is_key(), annexb: Bytes::copy_from_slice(data) });
            }
        }
        Ok(out)
    }

    fn copy(&mut self, from: &dyn HostPicture) {
        for index in 0..3 {
            let (data, from_stride) = from.plane(index);
            let (width, stride) = (self.picture.plane_width(index) as usize, self.picture.stride(index));
            let rows = self.picture.data_mut(index).chunks_mut(stride).zip(data.chunks(from_stride));
            rows.for_each(|(to, from)| to[..width].copy_from_slice(&from[..width]));
        }
    }
}
