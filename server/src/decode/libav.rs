//! Software decoding by libavcodec, one thread a stream: the pool above spreads streams over cores.

use super::units::Units;
use super::{DecodeError, Decoder, MAX_PIXELS};
use crate::pipeline::clock::{Clock, Mono};
use crate::pipeline::frame::{Colour, Frame, HostPicture, PixelFormat, Samples};
use crate::pipeline::packet::{AccessUnit, VideoCodec, VideoParams};
use ffmpeg_next as ffmpeg;
use sightline_shared::time::Pts;
use std::sync::Arc;

/// A libavcodec decoder.
pub struct LibavDecoder {
    decoder: ffmpeg::decoder::Video,
    params: VideoParams,
    name: String,
    clock: Arc<dyn Clock>,
    units: Units,
}

pub(super) struct LibavPicture(pub(super) ffmpeg::frame::Video);

impl HostPicture for LibavPicture {
    fn plane(&self, index: usize) -> (&[u8], usize) {
        (self.0.data(index), self.0.stride(index))
    }
}

fn codec_id(codec: VideoCodec) -> ffmpeg::codec::Id {
    match codec {
        VideoCodec::H264 => ffmpeg::codec::Id::H264,
        VideoCodec::Hevc => ffmpeg::codec::Id::HEVC,
        VideoCodec::Av1 => ffmpeg::codec::Id::AV1,
        VideoCodec::Vp9 => ffmpeg::codec::Id::VP9,
    }
}

impl LibavDecoder {
    /// Opens a decoder for `params`.
    ///
    /// # Errors
    /// This build of FFmpeg has no decoder for the codec, or the decoder refuses to open.
    pub fn open(params: &VideoParams, clock: Arc<dyn Clock>) -> Result<Self, DecodeError> {
        crate::libav::init();
        let codec = ffmpeg::decoder::find(codec_id(params.codec)).ok_or_else(|| {
            DecodeError::Unsupported(format!(
                "This FFmpeg has no decoder for {}; analysis is off.",
                params.codec_string
            ))
        })?;
        let mut context = ffmpeg::codec::Context::new_with_codec(codec);
        context.set_threading(ffmpeg::codec::threading::Config::count(1));
        let mut options = ffmpeg::Dictionary::new();
        options.set("max_pixels", &MAX_PIXELS.to_string());
        let opened = context
            .decoder()
            .open_as_with(codec, options)
            .and_then(ffmpeg::decoder::Opened::video)
            .map_err(|e| DecodeError::Unsupported(format!("The {} decoder does not open: {e}.", codec.name())))?;
        let name = format!("software (libavcodec {})", codec.name());
        Ok(Self { decoder: opened, params: params.clone(), name, clock, units: Units::new(params) })
    }

    fn packet(&mut self, unit: &AccessUnit) -> Result<ffmpeg::Packet, DecodeError> {
        let mut packet = ffmpeg::Packet::copy(self.units.bytes(unit)?);
        packet.set_pts(Some(unit.pts.0));
        packet.set_dts(Some(unit.dts.0));
        Ok(packet)
    }

    fn receive(&mut self, frames: &mut Vec<Frame>) {
        loop {
            let mut picture = ffmpeg::frame::Video::empty();
            if self.decoder.receive_frame(&mut picture).is_err() {
                return;
            }
            let Some(pts) = picture.pts() else { continue };
            let Some((arrived, epoch)) = self.units.leave(pts) else { continue };
            if let Some(format) = pixel_format(picture.format()) {
                frames.push(self.frame(picture, format, Pts(pts), arrived, epoch));
            }
        }
    }

    fn frame(
        &self,
        picture: ffmpeg::frame::Video,
        format: PixelFormat,
        pts: Pts,
        arrived: Mono,
        epoch: sightline_shared::time::Epoch,
    ) -> Frame {
        Frame {
            format,
            width: picture.width() as usize,
            height: picture.height() as usize,
            colour: colour(&picture),
            sample_aspect: self.params.sample_aspect,
            rotation: self.params.rotation,
            epoch,
            pts,
            arrived,
            decoded: self.clock.now(),
            samples: Samples::Host(Box::new(LibavPicture(picture))),
        }
    }
}

impl Decoder for LibavDecoder {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn decode(&mut self, unit: &AccessUnit, frames: &mut Vec<Frame>) -> Result<(), DecodeError> {
        let packet = self.packet(unit)?;
        self.units.enter(unit);
        let sent = self.decoder.send_packet(&packet);
        self.receive(frames);
        sent.map_err(|e| {
            self.units.refuse(unit);
            DecodeError::Damaged { pts: unit.pts.0, reason: e.to_string() }
        })
    }

    fn flush(&mut self, frames: &mut Vec<Frame>) {
        // The decoder says no more than that it is at its end already.
        if self.decoder.send_eof().is_ok() {
            self.receive(frames);
        }
        self.decoder.flush();
        self.units.forget();
    }
}

pub(super) fn pixel_format(format: ffmpeg::format::Pixel) -> Option<PixelFormat> {
    use ffmpeg::format::Pixel;
    Some(match format {
        Pixel::YUV420P | Pixel::YUVJ420P => PixelFormat::I420,
        Pixel::NV12 => PixelFormat::Nv12,
        Pixel::YUV420P10LE => PixelFormat::I42010,
        Pixel::YUV422P | Pixel::YUVJ422P => PixelFormat::I422,
        Pixel::YUV444P | Pixel::YUVJ444P => PixelFormat::I444,
        Pixel::GRAY8 => PixelFormat::Grey,
        Pixel::P010LE => PixelFormat::P010,
        _ => return None,
    })
}

pub(super) fn colour(picture: &ffmpeg::frame::Video) -> Colour {
    use ffmpeg::format::Pixel;
    let full = picture.color_range() == ffmpeg::color::Range::JPEG
        || matches!(picture.format(), Pixel::YUVJ420P | Pixel::YUVJ422P | Pixel::YUVJ444P);
    let number = |value: i32| u8::try_from(value).unwrap_or(2);
    Colour {
        full_range: full,
        matrix: number(ffmpeg::ffi::AVColorSpace::from(picture.color_space()) as i32),
        primaries: number(ffmpeg::ffi::AVColorPrimaries::from(picture.color_primaries()) as i32),
        transfer: number(
            ffmpeg::ffi::AVColorTransferCharacteristic::from(picture.color_transfer_characteristic()) as i32
        ),
    }
}
