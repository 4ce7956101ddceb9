//! Resizing one frame of I420 on one thread: what the program does beside libswscale and fast_image_resize, on the same samples.
//!
//! `cargo bench -p sightline-server --bench resize`

use criterion::{Criterion, criterion_group, criterion_main};
use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions};
use ffmpeg_next::format::Pixel;
use sightline::libav::Scaler;
use sightline::pipeline::frame::{Frame, PictureMut, PixelFormat, PlaneMut, Samples};
use sightline::process::Resizer;
use std::hint::black_box;

/// Frames in turn; more than the caches hold, so that samples come from memory as they do from a decoder.
const FRAMES: usize = 16;

/// Noise over a ramp.
fn painted(width: usize, height: usize, n: usize) -> Frame {
    let mut state = n as u64 + 1;
    let mut plane = |width: usize, height: usize| {
        // Room behind each row, as libavcodec leaves it.
        let stride = width.next_multiple_of(64) + 64;
        let samples = (0..stride * height).map(|at| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (at / 4096) as u8 ^ (state >> 61) as u8
        });
        (samples.collect::<Vec<u8>>(), stride)
    };
    let planes = vec![plane(width, height), plane(width / 2, height / 2), plane(width / 2, height / 2)];
    Frame::of_planes(planes, PixelFormat::I420, (width, height))
}

/// Planes to be written.
struct Target {
    planes: [Vec<u8>; 3],
    width: usize,
    height: usize,
}

impl Target {
    fn new(width: usize, height: usize) -> Self {
        let chroma = vec![0; width * height / 4];
        Self { planes: [vec![0; width * height], chroma.clone(), chroma], width, height }
    }

    fn picture(&mut self) -> PictureMut<'_> {
        let (width, height) = (self.width, self.height);
        let [luma, blue, red] = &mut self.planes;
        let plane = |data, width, height| PlaneMut { data, stride: width, width, height };
        let planes =
            [plane(luma, width, height), plane(blue, width / 2, height / 2), plane(red, width / 2, height / 2)];
        PictureMut { format: PixelFormat::I420, width, height, planes }
    }
}

/// fast_image_resize, plane by plane.
fn by_crate(resizer: &mut fast_image_resize::Resizer, frame: &Frame, to: &mut PictureMut<'_>) {
    let Samples::Host(picture) = &frame.samples else { unreachable!("painted here") };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    for (index, plane) in to.planes.iter_mut().enumerate() {
        let (data, stride) = picture.plane(index);
        let (width, height) =
            if index == 0 { (frame.width, frame.height) } else { (frame.width / 2, frame.height / 2) };
        let source = TypedImageRef::<U8>::from_buffer(stride as u32, height as u32, data).expect("the plane is whole");
        let source = TypedCroppedImage::from_ref(&source, 0, 0, width as u32, height as u32).expect("it is within");
        let (width, height) = (plane.width as u32, plane.height as u32);
        let mut target = TypedImage::<U8>::from_buffer(width, height, plane.data).expect("the plane is whole");
        resizer.resize_typed(&source, &mut target, &options).expect("the planes hold the picture");
    }
}

fn resizes(criterion: &mut Criterion) {
    let frames: Vec<_> = (0..FRAMES).map(|n| painted(1920, 1080, n)).collect();
    for (width, height) in [(1280, 720), (640, 360)] {
        let mut group = criterion.benchmark_group(format!("i420_1080_to_{height}"));
        let mut target = Target::new(width, height);
        let mut n = 0_usize;
        let mut resizer = Resizer::default();
        group.bench_function("sightline", |bench| {
            bench.iter(|| {
                n += 1;
                resizer.run(&frames[n % FRAMES], &mut target.picture()).expect("the planes hold the picture");
                black_box(target.planes[0][0])
            });
        });
        let pixel = Pixel::YUV420P;
        let mut scaler = Scaler::new((pixel, 1920, 1080), (pixel, width, height)).expect("libswscale does this");
        group.bench_function("libswscale", |bench| {
            bench.iter(|| {
                n += 1;
                let Samples::Host(picture) = &frames[n % FRAMES].samples else { unreachable!("painted here") };
                let planes = [0, 1, 2].map(|index| picture.plane(index));
                scaler.run(&planes, &mut target.picture().planes).expect("the planes hold the picture");
                black_box(target.planes[0][0])
            });
        });
        let mut resizer = fast_image_resize::Resizer::new();
        group.bench_function("fast_image_resize", |bench| {
            bench.iter(|| {
                n += 1;
                by_crate(&mut resizer, &frames[n % FRAMES], &mut target.picture());
                black_box(target.planes[0][0])
            });
        });
        group.finish();
    }
}

criterion_group!(benches, resizes);
criterion_main!(benches);
