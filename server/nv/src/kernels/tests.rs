//! Each kernel's host body against its plain reference, byte for byte: random pictures, odd sizes, edges, batches.
//!
//! The very `.cu` is compiled as C++ and gets the very lists that the device would get, so that packing, tiles and grids are tested with it.

use super::*;
use crate::reference::{self, Host};
use crate::{Ink, View, draw};
use proptest::prelude::*;
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// The kernels as host code; `None` where clang-14 is missing.
struct Bodies {
    libraries: [libloading::Library; 3],
    _folder: tempfile::TempDir,
}

/// The host bodies keep their place in the grid to their thread; loaded once for all tests.
fn bodies() -> Option<&'static Bodies> {
    static BODIES: OnceLock<Option<Bodies>> = OnceLock::new();
    let bodies = BODIES.get_or_init(|| {
        Command::new("clang++-14").arg("--version").output().ok()?;
        let folder = tempfile::tempdir().unwrap();
        let libraries = ["resize", "input", "draw"].map(|name| {
            let to = folder.path().join(format!("{name}.so"));
            let source = format!("{}/kernels/{name}.cu", env!("CARGO_MANIFEST_DIR"));
            let flags =
                "-x c++ -DSIGHTLINE_HOST -std=c++17 -O2 -ffp-contract=off -Wall -Werror -shared -fPIC".split(' ');
            let made = Command::new("clang++-14").args(flags).arg(&source).arg("-o").arg(&to).status().unwrap();
            assert!(made.success(), "{source} does not compile as C++");
            // SAFETY: just made of our own source, which has no initialisers.
            unsafe { libloading::Library::new(&to) }.unwrap()
        });
        Some(Bodies { libraries, _folder: folder })
    });
    if bodies.is_none() {
        println!("skipped: clang++-14 is not installed, so the kernels' host bodies cannot be made");
    }
    bodies.as_ref()
}

type Place = unsafe extern "C" fn(u32, u32, u32, u32, u32, u32, u32);
type Four = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64);

impl Bodies {
    /// Runs a launch as the device would, thread by thread.
    fn run(&self, launch: &Launch) {
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let named = |library: &&libloading::Library| {
            // SAFETY: only looked for.
            unsafe { library.get::<Four>(launch.kernel.as_bytes()) }.is_ok()
        };
        let library = self.libraries.iter().find(named).unwrap();
        // SAFETY: prelude.h declares it so.
        let place = unsafe { library.get::<Place>(b"host_at") }.unwrap();
        // SAFETY: kernels take addresses alone; those beyond what one takes are in registers that it does not read.
        let kernel = unsafe { library.get::<Four>(launch.kernel.as_bytes()) }.unwrap();
        let aligned: Vec<Vec<u64>> = launch.arguments.iter().map(aligned).collect();
        let mut pointers = [0_u64; 6];
        for ((pointer, argument), list) in pointers.iter_mut().zip(&launch.arguments).zip(&aligned) {
            *pointer = if let Argument::Device(at) = argument { *at } else { list.as_ptr() as u64 };
        }
        let [a, b, c, d, e, f] = pointers;
        let (across, down, deep) = launch.grid;
        for (z, y, x) in (0..deep).flat_map(|z| (0..down).flat_map(move |y| (0..across).map(move |x| (z, y, x)))) {
            for (ty, tx) in (0..BLOCK.1).flat_map(|ty| (0..BLOCK.0).map(move |tx| (ty, tx))) {
                // SAFETY: the lists are alive and laid out as the source says; views point into pictures that are alive.
                unsafe {
                    place(x, y, z, tx, ty, BLOCK.0, BLOCK.1);
                    kernel(a, b, c, d, e, f);
                }
            }
        }
    }
}

fn aligned(argument: &Argument) -> Vec<u64> {
    let Argument::List(list) = argument else { return Vec::new() };
    let word = |bytes: &[u8]| u64::from_le_bytes(std::array::from_fn(|n| bytes.get(n).copied().unwrap_or(0)));
    list.chunks(8).map(word).collect()
}

/// Noise from a seed, so that a failing case is small to print.
fn noise(format: Format, (width, height): (u32, u32), seed: u64) -> Host {
    let mut state = seed | 1;
    let mut host = Host::new(format, width as usize, height as usize, 6);
    for byte in host.bytes_mut() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
    host
}

fn view(host: &mut Host) -> View {
    let (width, height) = (host.width() as i32, host.height() as i32);
    let [(luma, pitch), (chroma, _)] = host.planes_mut();
    View { luma: luma.as_ptr() as u64, chroma: chroma.as_ptr() as u64, pitch: pitch as u32, width, height, unused: 0 }
}

fn crop(size: (u32, u32), (x, y, width, height): (f32, f32, f32, f32)) -> Crop {
    let (all_x, all_y) = (size.0 as f32, size.1 as f32);
    let (width, height) = ((width * all_x).max(1.0), (height * all_y).max(1.0));
    Crop { x: x * (all_x - width), y: y * (all_y - height), width, height }
}

fn part() -> impl Strategy<Value = (f32, f32, f32, f32)> {
    prop_oneof![
        Just((0.0, 0.0, 1.0, 1.0)),
        (0.0_f32..1.0, 0.0_f32..1.0, 0.01_f32..1.0, 0.01_f32..1.0),
        Just((1.0, 1.0, 0.01, 0.01))
    ]
}

fn size() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![Just((1, 1)), Just((2, 1)), (1_u32..90, 1_u32..70)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn resize_and_crop(
        from in size(), to in size(), other in size(), part in part(), seed: u64,
        formats in prop::sample::select(vec![
            (Format::Nv12, Format::Nv12), (Format::P016, Format::P016), (Format::P016, Format::Nv12),
        ]),
    ) {
        let Some(bodies) = bodies() else { return Ok(()) };
        let mut source = noise(formats.0, from, seed);
        // Two jobs of different sizes in one launch.
        let mut got = [noise(formats.1, to, 1), noise(formats.1, other, 2)];
        let mut wanted = got.clone();
        let crops = [crop(from, part), Crop::whole(from)];
        let source_view = view(&mut source);
        let jobs: Vec<_> = got.iter_mut().zip(crops).map(|(to, crop)| (source_view, crop, view(to))).collect();
        bodies.run(&resize_launch(&jobs, formats).unwrap());
        wanted.iter_mut().zip(crops).for_each(|(to, crop)| reference::resize(&source, crop, to));
        // Bytes behind the rows are equal too: none was written.
        prop_assert_eq!(&got, &wanted);
    }

    #[test]
    fn model_input(
        pictures in prop::collection::vec((size(), part(), any::<u64>()), 1..4), model in (1_u32..80, 1_u32..60),
        deep: bool, half: bool, blue_first: bool, full_range: bool,
        fit in prop::sample::select(vec![Fit::Centre, Fit::TopLeft, Fit::Stretch]), code in prop::sample::select(vec![1_u8, 2, 5, 9]),
    ) {
        let Some(bodies) = bodies() else { return Ok(()) };
        let samples = if half { Samples::F16 } else { Samples::F32 };
        let (mean, scale) = ([0.485, 0.456, 0.406], [1.0 / 0.229, 1.0 / 0.224, 4.4]);
        let model = ModelInput { width: model.0, height: model.1, samples, pad: 0.447, mean, scale, blue_first, fit };
        let format = if deep { Format::P016 } else { Format::Nv12 };
        let mut hosts: Vec<_> = pictures.iter().map(|(size, _, seed)| noise(format, *size, *seed)).collect();
        let crops: Vec<_> = pictures.iter().map(|(size, part, _)| crop(*size, *part)).collect();
        let matrix = |host: &Host| Matrix { code, full_range, height: host.height() as u32 };
        let inputs: Vec<_> = hosts.iter_mut().zip(&crops)
            .map(|(host, crop)| Input { matrix: matrix(host), picture: view(host), crop: *crop }).collect();
        let count = pictures.len() * 3 * (model.width * model.height) as usize;
        let mut got = vec![0_u32; count];
        bodies.run(&input_launch(&model, got.as_mut_ptr() as u64, &inputs, format));
        let inputs: Vec<_> = hosts.iter().zip(&crops)
            .map(|(host, crop)| Input { matrix: matrix(host), picture: host, crop: *crop }).collect();
        let wanted = reference::input(&model, &inputs);
        for (at, wanted) in wanted.into_iter().enumerate() {
            if half {
                let got = (got[at / 2] >> (16 * (at % 2))) as u16;
                prop_assert!(got == reference::half(wanted), "at {at} of {count}: {got:#x} for {wanted}");
            } else {
                prop_assert!(got[at] == wanted.to_bits(), "at {at} of {count}: {:#x} for {wanted}", got[at]);
            }
        }
    }

    #[test]
    fn draw_lists(
        sizes in prop::collection::vec(size(), 1..3),
        shapes in prop::collection::vec((0_usize..3, 0_u8..5, place(), any::<[u8; 3]>(), 0_u16..=256, points()), 0..12),
        seed: u64,
    ) {
        let Some(bodies) = bodies() else { return Ok(()) };
        let mut list = DrawList::new(&sizes);
        let atlas: Vec<u8> = (0..4096).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (picture, kind, at, samples, alpha, points) in &shapes {
            let Some((width, height)) = sizes.get(*picture).copied() else { continue };
            let scaled = |(x, y): (f32, f32)| (x * width as f32, y * height as f32);
            let ((x0, y0), (x1, y1)) = (scaled((at.0, at.1)), scaled((at.2, at.3)));
            let (ink, whole) = (Ink { samples: *samples, alpha: *alpha }, |v: f32| v as i32);
            let polygon: Vec<_> = points.iter().copied().map(scaled).collect();
            match kind {
                0 | 1 => list.fill(*picture, (whole(x0), whole(y0), whole(x1), whole(y1)), ink),
                2 => list.letters(*picture, (whole(x0), whole(y0)), draw::test::letters(77, 37, 19), ink),
                3 => list.polygon(*picture, &polygon, ink),
                // Once for a picture: what is hidden is one set of cells.
                _ if list.masks.iter().all(|mask| mask.picture as usize != *picture) => {
                    let second = polygon.iter().map(|(x, y)| (x * 0.5 + 3.0, y * 0.7)).collect();
                    list.pixelate(*picture, &[polygon, second], u32::from(samples[0] % 20));
                }
                _ => {}
            }
        }
        let mut got: Vec<_> = sizes.iter().map(|size| noise(Format::Nv12, *size, seed)).collect();
        let mut wanted = got.clone();
        let views: Vec<_> = got.iter_mut().map(view).collect();
        draw_launches(&list, atlas.as_ptr() as u64, &views).iter().for_each(|launch| bodies.run(launch));
        reference::draw(&list, &atlas, &mut wanted);
        prop_assert!(got == wanted, "drawn otherwise than by the reference");
    }
}

fn place() -> impl Strategy<Value = (f32, f32, f32, f32)> {
    (-0.4_f32..1.2, -0.4_f32..1.2, -0.2_f32..1.4, -0.2_f32..1.4)
}

fn points() -> impl Strategy<Value = Vec<(f32, f32)>> {
    prop::collection::vec((-0.3_f32..1.3, -0.3_f32..1.3), 0..7)
}

#[test]
fn the_references_themselves_are_right_where_the_answer_is_known() {
    let size = (64, 48);
    let same = noise(Format::Nv12, size, 5);
    let mut out = Host::new(Format::Nv12, 64, 48, 6);
    reference::resize(&same, Crop::whole(size), &mut out);
    let samples = |host: &Host, plane: usize| -> Vec<u16> {
        let (columns, rows) = if plane == 0 { (64, 48) } else { (64, 24) };
        (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))).map(|(x, y)| host.sample(plane, x, y)).collect()
    };
    assert_eq!((samples(&out, 0), samples(&out, 1)), (samples(&same, 0), samples(&same, 1)), "the same size copies");

    // Stripes of one pixel become their mean.
    let mut stripes = Host::new(Format::P016, 64, 48, 0);
    (0..48).flat_map(|y| (0..64).map(move |x| (x, y))).for_each(|(x, y)| stripes.set(0, x, y, (x % 2 * 60_000) as u16));
    let mut small = Host::new(Format::Nv12, 16, 12, 0);
    reference::resize(&stripes, Crop::whole(size), &mut small);
    assert!((2..14).all(|x| small.sample(0, x, 6).abs_diff(117) <= 1), "{}", small.sample(0, 6, 6));

    // Limited-range white is 1 everywhere, and what is beside it is the pad.
    let mut white = Host::new(Format::Nv12, 64, 32, 0);
    (0..32).flat_map(|y| (0..64).map(move |x| (x, y))).for_each(|(x, y)| white.set(0, x, y, 235));
    (0..16).flat_map(|y| (0..64).map(move |x| (x, y))).for_each(|(x, y)| white.set(1, x, y, 128));
    let model = ModelInput {
        width: 32,
        height: 32,
        samples: Samples::F32,
        pad: 0.5,
        mean: [0.0; 3],
        scale: [1.0; 3],
        blue_first: false,
        fit: Fit::Centre,
    };
    let matrix = Matrix { code: 1, full_range: false, height: 32 };
    let out = reference::input(&model, &[Input { picture: &white, crop: Crop::whole((64, 32)), matrix }]);
    for (at, value) in out.into_iter().enumerate() {
        let row = at / 32 % 32;
        let wanted: f32 = if (8..24).contains(&row) { 1.0 } else { 0.5 };
        assert!((value - wanted).abs() < 1e-6, "row {row}: {value}");
    }
    let halves = [(0.0, 0), (1.0, 0x3c00), (-2.0, 0xc000), (65_504.0, 0x7bff), (65_520.0, 0x7c00), (5.960_464_5e-8, 1)];
    assert!(halves.iter().all(|(value, bits)| reference::half(*value) == *bits));
}

#[test]
fn what_overlaps_stays_hidden() {
    let mut list = DrawList::new(&[(64, 64)]);
    let square = |from: f32, to: f32| vec![(from, from), (to, from), (to, to), (from, to)];
    list.pixelate(0, &[square(0.0, 40.0), square(20.0, 64.0)], 16);
    let mut picture = vec![noise(Format::Nv12, (64, 64), 3)];
    reference::draw(&list, &[], &mut picture);
    let first = picture[0].sample(0, 16, 16);
    assert!((16..32).all(|at| picture[0].sample(0, at, at) == first), "a cell under both is not hidden");
}

#[test]
fn parts_outside_of_a_picture_are_refused() {
    let size = (64, 48);
    let odd = |x, width| Crop { x, y: 0.0, width, height: 48.0 }.check(size).map_err(|error| error.to_string());
    assert_eq!(odd(0.0, 64.0), Ok(()));
    assert_eq!(odd(1.0, 64.0), Err("the part 64x48 at 1, 0 is not within a picture of 64x48".to_owned()));
    assert!(odd(-0.5, 4.0).is_err() && odd(f32::NAN, 4.0).is_err() && odd(0.0, 0.5).is_err());
}
