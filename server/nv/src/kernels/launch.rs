//! What goes to each kernel: its lists as the kernel's source lays them out, and how many blocks it takes.

use super::{BLOCK, Crop, Input, ModelInput, Samples, placed};
use crate::draw::{Edge, Op, Outline, Pixelate, Tile};
use crate::{DrawList, Error, Format, View};

#[repr(C)]
#[derive(Clone, Copy)]
struct ResizeJob {
    from: View,
    to: View,
    crop: [f32; 4],
}

#[repr(C)]
#[derive(Clone, Copy)]
struct InputShape {
    to: u64,
    width: i32,
    height: i32,
    pad: f32,
    mean: [f32; 3],
    scale: [f32; 3],
    blue_first: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct InputJob {
    from: View,
    place: [f32; 4],
    within: [i32; 4],
    matrix: [f32; 6],
}

/// Structures without gaps, whose bytes go to the device.
///
/// # Safety
/// Only for such.
unsafe trait Plain: Copy {}
macro_rules! plain {
    ($($kind:ty: $size:literal),*) => {
        $(
            // SAFETY: `repr(C)` or an integer, and as large as its fields together.
            unsafe impl Plain for $kind {}
            const _: () = assert!(size_of::<$kind>() == $size);
        )*
    };
}
plain!(View: 32, ResizeJob: 80, InputShape: 48, InputJob: 88, Tile: 20, Op: 36, Edge: 16, Outline: 8, Pixelate: 32, u32: 4);

fn bytes<T: Plain>(list: &[T]) -> Argument {
    // SAFETY: all bytes of the slice are initialised, since there are no gaps, and any alignment does for bytes.
    Argument::List(unsafe { std::slice::from_raw_parts(list.as_ptr().cast::<u8>(), size_of_val(list)) }.to_vec())
}

/// What a kernel is given: a list that has to be copied to the device, or something that is there.
pub(super) enum Argument {
    List(Vec<u8>),
    Device(u64),
}

/// A launch as it will be, on the device or by the host body of the same kernel.
pub(super) struct Launch {
    pub(super) kernel: &'static str,
    pub(super) grid: (u32, u32, u32),
    pub(super) arguments: Vec<Argument>,
}

fn blocks(width: u32, height: u32, pictures: usize) -> (u32, u32, u32) {
    (width.div_ceil(BLOCK.0), height.div_ceil(BLOCK.1), pictures as u32)
}

pub(super) fn resize_launch(jobs: &[(View, Crop, View)], formats: (Format, Format)) -> Result<Launch, Error> {
    let kernel = match formats {
        (Format::Nv12, Format::Nv12) => "resize_8",
        (Format::P016, Format::P016) => "resize_16",
        (Format::P016, Format::Nv12) => "resize_16_to_8",
        (Format::Nv12, Format::P016) => {
            return Err(Error::Unsupported("pictures of 8 bit are not made to ones of 16".into()));
        }
    };
    let side = |side: fn(&View) -> i32| jobs.iter().map(|(_, _, to)| side(to)).max().unwrap_or(0).unsigned_abs();
    let grid = blocks(side(|to| to.width), side(|to| to.height), jobs.len());
    let jobs: Vec<_> = jobs
        .iter()
        .map(|(from, crop, to)| ResizeJob { from: *from, to: *to, crop: [crop.x, crop.y, crop.width, crop.height] })
        .collect();
    Ok(Launch { kernel, grid, arguments: vec![bytes(&jobs)] })
}

pub(super) fn input_launch(model: &ModelInput, to: u64, pictures: &[Input<View>], format: Format) -> Launch {
    let kernel = match (format, model.samples) {
        (Format::Nv12, Samples::F32) => "input_8_f32",
        (Format::Nv12, Samples::F16) => "input_8_f16",
        (Format::P016, Samples::F32) => "input_16_f32",
        (Format::P016, Samples::F16) => "input_16_f16",
    };
    let jobs: Vec<_> = pictures
        .iter()
        .map(|Input { picture, crop, matrix }| {
            let (left, top, width, height) = placed(model, *crop);
            let c = matrix.coefficients();
            InputJob {
                from: *picture,
                place: [crop.x, crop.y, crop.width / width as f32, crop.height / height as f32],
                within: [left, top, width, height],
                matrix: [c.luma_offset, c.luma_scale, c.red_cr, c.green_cb, c.green_cr, c.blue_cb],
            }
        })
        .collect();
    let (width, height, blue_first) = (model.width.cast_signed(), model.height.cast_signed(), model.blue_first.into());
    let shape = InputShape { to, width, height, pad: model.pad, mean: model.mean, scale: model.scale, blue_first };
    let arguments = vec![bytes(&[shape]), bytes(&jobs)];
    Launch { kernel, grid: blocks(model.width, model.height, jobs.len()), arguments }
}

/// At most two: what is hidden, then what is drawn.
pub(super) fn draw_launches(list: &DrawList, atlas: u64, pictures: &[View]) -> Vec<Launch> {
    let mut launches = Vec::new();
    if !list.masks.is_empty() {
        let side = |side: fn(&Pixelate) -> i32| list.masks.iter().map(side).max().unwrap_or(0).unsigned_abs();
        let arguments = vec![bytes(pictures), bytes(&list.masks), bytes(&list.outlines), bytes(&list.edges)];
        let grid = blocks(side(|mask| mask.across), side(|mask| mask.down), list.masks.len());
        launches.push(Launch { kernel: "pixelate_nv12", grid, arguments });
    }
    let (tiles, order) = list.tiles();
    if !tiles.is_empty() {
        let ops: Vec<_> = list.ops.iter().map(|(_, op)| *op).collect();
        let lists = [bytes(pictures), bytes(&tiles), bytes(&order), bytes(&ops), bytes(&list.edges)];
        let arguments = lists.into_iter().chain([Argument::Device(atlas)]).collect();
        launches.push(Launch { kernel: "draw_nv12", grid: (tiles.len() as u32, 1, 1), arguments });
    }
    launches
}
