//! JPEG by libavcodec's encoder.

use super::{PictureError, Still};
use crate::pipeline::colour::Conversion;
use crate::pipeline::frame::Colour;
use ffmpeg_next as ffmpeg;

/// MatrixCoefficients of BT.601, and full range: what a JPEG holds (JFIF 1.02, page 3).
const JFIF: Colour = Colour { full_range: true, matrix: 6, primaries: 2, transfer: 2 };
/// libavcodec's quantiser scale for quality 100 and for quality 1.
const BEST: i32 = 1;
const WORST: i32 = 31;

/// `still` as JPEG of `quality` 1 to 100.
pub(super) fn encode(mut still: Still, quality: u8) -> Result<Vec<u8>, PictureError> {
    crate::libav::init();
    let (width, height) = (still.width, still.height);
    let conversion = Conversion::new(still.colour, JFIF, (width, height));
    if !conversion.is_identity() {
        conversion.run(&mut still.planes, width, height);
    }
    let refused = |e: ffmpeg::Error| PictureError::Refused(e.to_string());
    let mut encoder = open(width as u32, height as u32, quality).map_err(refused)?;
    encoder.send_frame(&picture(&still)).map_err(refused)?;
    let mut packet = ffmpeg::Packet::empty();
    encoder.receive_packet(&mut packet).map_err(refused)?;
    packet.data().map(<[u8]>::to_vec).ok_or_else(|| PictureError::Refused("the encoder gave nothing".into()))
}

fn open(width: u32, height: u32, quality: u8) -> Result<ffmpeg::encoder::video::Encoder, ffmpeg::Error> {
    let codec = ffmpeg::encoder::find(ffmpeg::codec::Id::MJPEG).ok_or(ffmpeg::Error::EncoderNotFound)?;
    let mut video = ffmpeg::codec::Context::new_with_codec(codec).encoder().video()?;
    video.set_width(width);
    video.set_height(height);
    video.set_format(ffmpeg::format::Pixel::YUVJ420P);
    video.set_color_range(ffmpeg::color::Range::JPEG);
    // With an aspect libavcodec writes the JFIF header that says what the samples mean.
    video.set_aspect_ratio((1, 1));
    video.set_time_base((1, 1));
    video.set_threading(ffmpeg::codec::threading::Config::count(1));
    let scale = WORST - (WORST - BEST) * (i32::from(quality.clamp(1, 100)) - 1) / 99;
    video.set_qmin(scale);
    video.set_qmax(scale);
    video.open_as(codec)
}

fn picture(still: &Still) -> ffmpeg::frame::Video {
    let mut picture =
        ffmpeg::frame::Video::new(ffmpeg::format::Pixel::YUVJ420P, still.width as u32, still.height as u32);
    picture.set_color_range(ffmpeg::color::Range::JPEG);
    picture.set_pts(Some(0));
    for (index, (data, from_stride)) in still.planes.iter().enumerate() {
        let stride = picture.stride(index);
        let rows = picture.data_mut(index).chunks_mut(stride).zip(data.chunks(*from_stride));
        rows.for_each(|(to, from)| to[..*from_stride].copy_from_slice(from));
    }
    picture
}
