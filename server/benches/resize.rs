//! Resizing one frame to I420 on one thread: ours beside libswscale's bilinear scaler, on the same samples.
//!
//! `cargo bench -p sightline-server --bench resize`

use criterion::{Criterion, criterion_group, criterion_main};
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling::{Context, Flags};
use sightline::pipeline::clock::Mono;
use sightline::pipeline::frame::{Colour, Frame, PictureMut, PixelFormat, PlaneMut, Samples, VecPicture};
use sightline::process::Resizer;
use sightline_shared::time::{Epoch, Pts};
use std::hint::black_box;

/// Frames in turn; more than the caches hold, so that samples come from memory as they do from a decoder.
const FRAMES: usize = 16;

/// Noise over a ramp in the layout of `pixel`, as libswscale reads it.
fn painted(pixel: Pixel, width: u32, height: u32, n: usize) -> Video {
    let mut video = Video::new(pixel, width, height);
    let mut state = n as u64 + 1;
    for plane in 0..video.planes() {
        for (at, sample) in video.data_mut(plane).iter_mut().enumerate() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *sample =
                if pixel == Pixel::YUV420P10LE && at % 2 == 1 { 1 } else { (at / 4096) as u8 ^ (state >> 61) as u8 };
        }
    }
    video
}

/// The same samples as a frame of ours.
fn frame(video: &Video, format: PixelFormat) -> Frame {
    let planes = (0..video.planes()).map(|plane| (video.data(plane).to_vec(), video.stride(plane))).collect();
    Frame {
        samples: Samples::Host(Box::new(VecPicture { planes })),
        format,
        width: video.width() as usize,
        height: video.height() as usize,
        colour: Colour::default(),
        sample_aspect: (1, 1),
        rotation: 0,
        epoch: Epoch(0),
        pts: Pts(0),
        arrived: Mono::default(),
        decoded: Mono::default(),
    }
}

fn resizes(criterion: &mut Criterion) {
    let layouts = [
        ("i420", Pixel::YUV420P, PixelFormat::I420),
        ("nv12", Pixel::NV12, PixelFormat::Nv12),
        ("i420_10", Pixel::YUV420P10LE, PixelFormat::I42010),
    ];
    for (name, pixel, format) in layouts {
        for (to_width, to_height) in [(1280, 720), (640, 360)] {
            let videos: Vec<_> = (0..FRAMES).map(|n| painted(pixel, 1920, 1080, n)).collect();
            let frames: Vec<_> = videos.iter().map(|video| frame(video, format)).collect();
            let mut group = criterion.benchmark_group(format!("{name}_1080_to_{to_height}"));
            let mut n = 0_usize;
            let mut scaler = Context::get(pixel, 1920, 1080, Pixel::YUV420P, to_width, to_height, Flags::BILINEAR)
                .expect("libswscale scales this");
            let mut out = Video::new(Pixel::YUV420P, to_width, to_height);
            group.bench_function("libswscale", |bench| {
                bench.iter(|| {
                    n += 1;
                    scaler.run(&videos[n % FRAMES], &mut out).expect("the sizes are right");
                    black_box(out.data(0)[0])
                });
            });
            let (width, height) = (to_width as usize, to_height as usize);
            let mut resizer = Resizer::default();
            let mut planes = [vec![0; width * height], vec![0; width * height / 4], vec![0; width * height / 4]];
            group.bench_function("ours", |bench| {
                bench.iter(|| {
                    n += 1;
                    let [luma, blue, red] = &mut planes;
                    let plane = |data, width, height| PlaneMut { data, stride: width, width, height };
                    let planes = [
                        plane(luma, width, height),
                        plane(blue, width / 2, height / 2),
                        plane(red, width / 2, height / 2),
                    ];
                    let mut to = PictureMut { format: PixelFormat::I420, width, height, planes };
                    resizer.run(&frames[n % FRAMES], &mut to).expect("the planes hold the picture");
                    black_box(to.planes[0].data[0])
                });
            });
            group.finish();
        }
    }
}

criterion_group!(benches, resizes);
criterion_main!(benches);
