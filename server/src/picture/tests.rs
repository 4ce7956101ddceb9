//! JPEGs read back by libavcodec: every format, range, matrix, rotation and odd size; and the newest frame of a GOP.

use super::*;
use crate::codec;
use crate::encode::{self, PictureFacts, Purpose};
use crate::fragment::{Chunk, Fragmenter};
use crate::pipeline::clock::{Clock, Mono, SystemClock};
use crate::pipeline::frame::{HostPicture, PixelFormat, Samples, VecPicture};
use crate::pipeline::packet::{AccessUnit, Medium, StreamParams, VideoCodec};
use crate::source::scene;
use ffmpeg_next as ffmpeg;
use sightline_shared::camera::Rendition;
use sightline_shared::encoder::EncoderSettings;
use sightline_shared::time::{Epoch, Pts};
use std::sync::Arc;

pub(crate) const RED: u32 = 0xc8_3c32;
pub(crate) const GREEN: u32 = 0x28_a046;
pub(crate) const BLUE: u32 = 0x3c_50b4;
pub(crate) const GREY: u32 = 0x9a_9a9a;
const CORNERS: [[u32; 2]; 2] = [[RED, GREEN], [BLUE, GREY]];

/// A picture of four colours: red, green above; blue, grey below.
pub(crate) fn quarters(format: PixelFormat, (width, height): (usize, usize), colour: Colour) -> Frame {
    let samples = |x: usize, y: usize| colour.samples(CORNERS[2 * y / height][2 * x / width], (width, height));
    let (halved_across, halved_down) = match format {
        PixelFormat::I444 => (1, 1),
        PixelFormat::I422 => (2, 1),
        _ => (2, 2),
    };
    let (across, down) = (width.div_ceil(halved_across), height.div_ceil(halved_down));
    let wide = |value: u8| match format {
        PixelFormat::I42010 => (u16::from(value) << 2).to_le_bytes().to_vec(),
        PixelFormat::P010 => (u16::from(value) << 8).to_le_bytes().to_vec(),
        _ => vec![value],
    };
    let plane = |columns: usize, rows: usize, step: (usize, usize), index: &[usize]| {
        let mut data = Vec::new();
        for (x, y) in (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))) {
            let at = samples((x * step.0).min(width - 1), (y * step.1).min(height - 1));
            index.iter().for_each(|index| data.extend(wide(at[*index])));
        }
        let stride = data.len() / rows;
        (data, stride)
    };
    let step = (halved_across, halved_down);
    let mut planes = vec![plane(width, height, (1, 1), &[0])];
    match format {
        PixelFormat::Grey => {}
        PixelFormat::Nv12 | PixelFormat::P010 => planes.push(plane(across, down, step, &[1, 2])),
        _ => planes.extend([plane(across, down, step, &[1]), plane(across, down, step, &[2])]),
    }
    Frame { colour, ..Frame::of_planes(planes, format, (width, height)) }
}

/// A JPEG as libavcodec reads it: its size, and the colour's samples at a point given in fractions.
pub(crate) struct Read(ffmpeg::frame::Video);

impl Read {
    pub(crate) fn new(jpeg: &[u8]) -> Self {
        assert_eq!(&jpeg[6..10], b"JFIF");
        let codec = ffmpeg::decoder::find(ffmpeg::codec::Id::MJPEG).unwrap();
        let mut decoder = ffmpeg::codec::Context::new_with_codec(codec).decoder().video().unwrap();
        decoder.send_packet(&ffmpeg::Packet::copy(jpeg)).unwrap();
        let mut picture = ffmpeg::frame::Video::empty();
        decoder.receive_frame(&mut picture).unwrap();
        assert_eq!(picture.format(), ffmpeg::format::Pixel::YUVJ420P);
        Self(picture)
    }

    pub(crate) fn size(&self) -> (u32, u32) {
        (self.0.width(), self.0.height())
    }

    fn at(&self, x: f64, y: f64) -> [u8; 3] {
        [0, 1, 2].map(|index| {
            let (width, height) = (self.0.plane_width(index), self.0.plane_height(index));
            let (x, y) = ((x * f64::from(width)) as usize, (y * f64::from(height)) as usize);
            self.0.data(index)[y * self.0.stride(index) + x]
        })
    }

    pub(crate) fn corners(&self) -> [[u8; 3]; 4] {
        [(0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)].map(|(x, y)| self.at(x, y))
    }
}

#[track_caller]
pub(crate) fn check(read: &Read, wanted: [u32; 4]) {
    const JFIF: Colour = Colour { full_range: true, matrix: 6, primaries: 2, transfer: 2 };
    for (got, rgb) in read.corners().into_iter().zip(wanted) {
        let wanted = JFIF.samples(rgb, (8, 8));
        assert!(got.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 4), "{got:?}, not {wanted:?} ({rgb:06x})");
    }
}

#[test]
fn colours_are_the_same_from_every_format_range_and_matrix() {
    use PixelFormat::{I420, I422, I444, I42010, Nv12, P010};
    for format in [I420, Nv12, I42010, I422, I444, P010] {
        for (matrix, full_range) in [(1, false), (1, true), (6, false), (6, true), (9, false)] {
            for size in [(64, 48), (45, 33)] {
                let frame = quarters(format, size, Colour { full_range, matrix, ..Colour::default() });
                let read = Read::new(&jpeg(&frame, None, 95).unwrap());
                assert_eq!(read.size(), (size.0 as u32, size.1 as u32));
                check(&read, [RED, GREEN, BLUE, GREY]);
            }
        }
    }
    let mut grey = quarters(PixelFormat::Grey, (64, 48), Colour { matrix: 6, ..Colour::default() });
    grey.colour.matrix = 1;
    let [y, cb, cr] = Read::new(&jpeg(&grey, None, 95).unwrap()).corners()[3];
    assert!(y.abs_diff(0x9a) <= 3 && cb.abs_diff(128) <= 1 && cr.abs_diff(128) <= 1, "{y} {cb} {cr}");
}

#[test]
fn pictures_are_upright_with_square_pixels_and_no_wider_than_asked() {
    let of = |rotation, sample_aspect| {
        let colour = Colour { matrix: 1, ..Colour::default() };
        Frame { rotation, sample_aspect, ..quarters(PixelFormat::I420, (66, 35), colour) }
    };
    let read = |frame: &Frame, width| Read::new(&jpeg(frame, width, 95).unwrap());
    // Turned clockwise by 90 degrees, what was at the lower left is at the upper left.
    for (rotation, wanted) in
        [(90, [BLUE, RED, GREY, GREEN]), (180, [GREY, BLUE, GREEN, RED]), (270, [GREEN, GREY, RED, BLUE])]
    {
        let turned = read(&of(rotation, (1, 1)), None);
        assert_eq!(turned.size(), if rotation == 180 { (66, 35) } else { (35, 66) });
        check(&turned, wanted);
    }
    assert_eq!(read(&of(0, (4, 3)), None).size(), (88, 35));
    assert_eq!(read(&of(0, (1, 2)), None).size(), (66, 70));
    assert_eq!(read(&of(90, (4, 3)), None).size(), (35, 88));
    assert_eq!(read(&of(0, (1, 1)), Some(33)).size(), (33, 18));
    assert_eq!(read(&of(270, (1, 1)), Some(20)).size(), (20, 38));
    assert_eq!(read(&of(0, (1, 1)), Some(4000)).size(), (66, 35), "never enlarged");
    assert_eq!(read(&of(0, (1, 1)), Some(0)).size(), (16, 8));
    check(&read(&of(90, (4, 3)), Some(24)), [BLUE, RED, GREY, GREEN]);
    let long = read(&of(0, (60_000, 1)), None);
    assert_eq!(long.size(), (16_384, 1));
}

#[test]
fn quality_costs_bytes_and_short_planes_are_refused() {
    let mut scene = scene::Scene::new();
    scene.paint(7);
    let planes: Vec<_> = (0..3).map(|index| (scene.plane(index).0.to_vec(), scene.plane(index).1)).collect();
    let frame = Frame {
        samples: Samples::Host(Box::new(VecPicture { planes })),
        ..quarters(PixelFormat::I420, (scene::WIDTH, scene::HEIGHT), Colour { matrix: 1, ..Colour::default() })
    };
    let sizes = [10, 50, 80, 100].map(|quality| jpeg(&frame, None, quality).unwrap().len());
    assert!(sizes.is_sorted() && sizes[3] > 2 * sizes[0], "{sizes:?}");
    let short = Frame {
        samples: Samples::Host(Box::new(VecPicture { planes: vec![(vec![0; 99], 10), (vec![], 0), (vec![], 0)] })),
        ..quarters(PixelFormat::I420, (10, 10), Colour::default())
    };
    assert!(matches!(jpeg(&short, None, 80), Err(PictureError::Refused(_))));
}

/// Frames 0 to `count` of the demo scene as chunks.
fn demo_chunks(count: u64) -> (Arc<StreamParams>, Vec<Arc<Chunk>>) {
    let facts = PictureFacts {
        width: scene::WIDTH as u32,
        height: scene::HEIGHT as u32,
        rotation: 0,
        sample_aspect: (1, 1),
        fps: f64::from(scene::FPS),
        colour: Colour { matrix: 1, ..Colour::default() },
    };
    let asked = EncoderSettings { bitrate: Some(2_000_000), gop: Some(1000), ..EncoderSettings::default() };
    let mut encoder = encode::software(&encode::resolve(&asked, &facts, Purpose::Live).unwrap()).unwrap();
    let (mut painted, mut fragmenter) = (scene::Scene::new(), Fragmenter::new(Rendition::Source));
    let (mut params, mut chunks) = (None, Vec::new());
    for n in 0..count {
        painted.paint(n);
        encoder.input().copy_from(&painted);
        for unit in encoder.encode(scene::pts(n).0, false).unwrap() {
            let data = codec::nal::annexb_to_lengths(&unit.data);
            let params = params.get_or_insert_with(|| {
                let sets = codec::in_band_parameters(VideoCodec::H264, &data).unwrap();
                let video = codec::h264::video_params_from_sps_pps(sets.sps[0], sets.pps[0]).unwrap();
                let params = StreamParams { video, audio: None };
                fragmenter.start_epoch(Epoch(3), &params).unwrap().params
            });
            let unit = AccessUnit {
                medium: Medium::Video,
                epoch: Epoch(3),
                starts_epoch: n == 0,
                pts: Pts(unit.pts),
                dts: Pts(unit.pts),
                duration: 3000,
                key: unit.key,
                data,
                params: params.clone(),
                sequence: n,
                arrived: Mono::default(),
                captured_utc: None,
            };
            chunks.push(Arc::new(fragmenter.chunk(&unit, Mono::default())));
        }
    }
    (params.unwrap(), chunks)
}

fn number(frame: &Frame) -> usize {
    let plane = frame.luma().unwrap();
    let bit = |bit: usize| usize::from(plane.data[8 * plane.stride + bit * scene::BLOCK + 8] > 128);
    (0..scene::BLOCKS).fold(0, |number, at| number << 1 | bit(at))
}

#[test]
fn the_newest_frame_of_a_gop_is_found_or_the_one_that_is_wanted() {
    let (params, chunks) = demo_chunks(24);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let get = |wanted, limits| from_gop(&params, &chunks, wanted, limits, &clock).unwrap();
    let newest = get(None, Limits::default());
    assert_eq!((number(&newest), newest.pts, newest.epoch), (23, scene::pts(23), Epoch(3)));
    let wanted = get(Some(scene::pts(11)), Limits::default());
    assert_eq!((number(&wanted), wanted.pts), (11, scene::pts(11)));
    let bytes: usize = chunks[..6].iter().map(|chunk| chunk.sample().map_or(0, |sample| sample.data.len())).sum();
    let bounded = get(None, Limits { bytes, ..Limits::default() });
    assert_eq!(
        (number(&bounded), bounded.pts),
        (5, scene::pts(5)),
        "what could be had within the limit, under its own PTS"
    );
    let none = from_gop(&params, &chunks[1..], None, Limits::default(), &clock).err().unwrap();
    assert_eq!(none.to_string(), "none of the newest frames could be decoded: there is no key frame among them");
}
