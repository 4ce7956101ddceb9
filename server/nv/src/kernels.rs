//! The kernels, and what they are given: each call makes one launch over all of its pictures, on a stream of its own.

mod launch;

use crate::module::{Kernel, Module};
use crate::pinned::Pinned;
use crate::{Atlas, Buffer, Context, DrawList, Error, Event, Format, Picture, Stream, Timing};
use launch::{Argument, Launch, draw_launches, input_launch, resize_launch};
use std::collections::HashMap;
use std::sync::Arc;

/// The kernels' texts; `kernels/make` makes them, and a test makes them again and compares.
const MODULES: [(&str, &[&str]); 3] = [
    (include_str!("../kernels/resize.ptx"), &["resize_8", "resize_16", "resize_16_to_8"]),
    (include_str!("../kernels/input.ptx"), &["input_8_f32", "input_8_f16", "input_16_f32", "input_16_f16"]),
    (include_str!("../kernels/draw.ptx"), &["draw_nv12", "pixelate_nv12"]),
];

/// Threads of a block, across and down.
const BLOCK: (u32, u32) = (32, 8);

/// A part of a picture, in luma samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crop {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

impl Crop {
    /// All of a picture.
    #[must_use]
    pub fn whole((width, height): (u32, u32)) -> Self {
        Self { x: 0.0, y: 0.0, width: width as f32, height: height as f32 }
    }

    /// Refuses what is not within a picture of this size.
    fn check(self, (width, height): (u32, u32)) -> Result<(), Error> {
        let fits = |from: f32, length: f32, all: u32| from >= 0.0 && length >= 1.0 && from + length <= all as f32;
        if fits(self.x, self.width, width) && fits(self.y, self.height, height) {
            return Ok(());
        }
        let Self { x, y, width: w, height: h } = self;
        Err(Error::Invalid(format!("the part {w}x{h} at {x}, {y} is not within a picture of {width}x{height}")))
    }
}

/// How a picture's samples become RGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// MatrixCoefficients of ITU-T H.273; where it is not known, 2, the size decides as players do.
    pub code: u8,
    /// True for 0..255, false for 16..235.
    pub full_range: bool,
    /// Height of the picture as coded.
    pub height: u32,
}

/// What [`Matrix`] comes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coefficients {
    pub(crate) luma_offset: f32,
    pub(crate) luma_scale: f32,
    pub(crate) red_cr: f32,
    pub(crate) green_cb: f32,
    pub(crate) green_cr: f32,
    pub(crate) blue_cb: f32,
}

impl Matrix {
    pub(crate) fn coefficients(self) -> Coefficients {
        let (red, blue) = match self.code {
            1 => (0.2126, 0.0722),
            9 | 10 => (0.2627, 0.0593),
            4..=6 => (0.299, 0.114),
            _ if self.height >= 720 => (0.2126, 0.0722),
            _ => (0.299, 0.114),
        };
        let green: f64 = 1.0 - red - blue;
        let (offset, luma, chroma) = if self.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
        let (from_cr, from_cb) = (2.0 * (1.0 - red) / chroma, 2.0 * (1.0 - blue) / chroma);
        Coefficients {
            luma_offset: offset,
            luma_scale: (1.0 / luma) as f32,
            red_cr: from_cr as f32,
            green_cb: (-from_cb * blue / green) as f32,
            green_cr: (-from_cr * red / green) as f32,
            blue_cb: from_cb as f32,
        }
    }
}

/// Numbers that a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// 32 bits.
    F32,
    /// 16 bits.
    F16,
}

/// Where a picture of another shape lies in a model's input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fit {
    /// As large as fits, in the middle.
    #[default]
    Centre,
    /// As large as fits, in the upper left corner.
    TopLeft,
    /// Stretched over all of it.
    Stretch,
}

/// What a model takes: planes of red, green and blue, one after the other, for each picture of the batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelInput {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// Kind of numbers.
    pub samples: Samples,
    /// Grey around pictures of another shape, 0 to 1.
    pub pad: f32,
    /// What is taken off each plane.
    pub mean: [f32; 3],
    /// What each is then multiplied by.
    pub scale: [f32; 3],
    /// Blue, green, red instead.
    pub blue_first: bool,
    /// Where pictures of another shape lie.
    pub fit: Fit,
}

/// A picture of the batch.
#[derive(Clone, Copy, Debug)]
pub struct Input<P> {
    /// The picture.
    pub picture: P,
    /// The part of it that the model sees.
    pub crop: Crop,
    /// How its samples become RGB.
    pub matrix: Matrix,
}

/// A picture of the batch on the device.
pub type InputPicture<'a> = Input<&'a Picture>;

/// Where a part of a picture comes to lie in the model's input: left, top, width, height.
#[must_use]
pub fn placed(model: &ModelInput, crop: Crop) -> (i32, i32, i32, i32) {
    let (across, down) = (model.width.cast_signed(), model.height.cast_signed());
    if model.fit == Fit::Stretch {
        return (0, 0, across, down);
    }
    let (wide, high) = (f64::from(model.width), f64::from(model.height));
    let scale = (wide / f64::from(crop.width)).min(high / f64::from(crop.height));
    let size = |length: f32, most: f64| (f64::from(length) * scale).round().clamp(1.0, most) as i32;
    let (width, height) = (size(crop.width, wide), size(crop.height, high));
    if model.fit == Fit::TopLeft {
        (0, 0, width, height)
    } else {
        ((across - width) / 2, (down - height) / 2, width, height)
    }
}

/// All kernels, ready on a context, with a stream and a little memory for lists. Have one for each thread that launches.
pub struct Kernels {
    loaded: Arc<HashMap<&'static str, Kernel>>,
    stream: Arc<Stream>,
    lists: Buffer,
    pinned: Pinned,
    last: Vec<Timing>,
}

/// Bytes for lists to begin with; a batch of 64 pictures needs 6 kB.
const LISTS: usize = 64 << 10;
/// Lists begin where every type may stand.
const ALIGNED: usize = 256;

impl Kernels {
    /// Loads the kernels.
    ///
    /// # Errors
    /// When the device or its driver is too old for them.
    pub fn new(context: &Context) -> Result<Self, Error> {
        let mut loaded = HashMap::new();
        for (ptx, names) in MODULES {
            let module = Module::load(context, ptx)?;
            for name in names {
                loaded.insert(*name, module.kernel(name)?);
            }
        }
        Self::with(Arc::new(loaded), context)
    }

    /// The same kernels for another thread, with a stream of their own.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn another(&self) -> Result<Self, Error> {
        Self::with(Arc::clone(&self.loaded), self.stream.context())
    }

    fn with(loaded: Arc<HashMap<&'static str, Kernel>>, context: &Context) -> Result<Self, Error> {
        Ok(Self {
            loaded,
            stream: Arc::new(Stream::new(context)?),
            lists: Buffer::new(context, LISTS)?,
            pinned: Pinned::new(context, LISTS)?,
            last: Vec::new(),
        })
    }

    /// The stream that launches go into.
    #[must_use]
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// The launches of the last call, each by itself: without the lists that were sent to the device for it.
    #[must_use]
    pub fn last(&self) -> &[Timing] {
        &self.last
    }

    /// Resizes parts of pictures, all of one format, into pictures of one format, which may have fewer bits.
    ///
    /// # Errors
    /// When a part is not within its picture, or the driver fails.
    pub fn resize(&mut self, jobs: &[(&Picture, Crop, &Picture)]) -> Result<(), Error> {
        let Some((from, _, to)) = jobs.first() else { return Ok(()) };
        let formats = (from.format(), to.format());
        for (from, crop, to) in jobs {
            crop.check(from.size())?;
            one_format(formats.0, from)?;
            one_format(formats.1, to)?;
        }
        let views: Vec<_> = jobs.iter().map(|(from, crop, to)| (from.view(), *crop, to.view())).collect();
        let launch = resize_launch(&views, formats)?;
        let (read, written): (Vec<_>, Vec<_>) = jobs.iter().map(|(from, _, to)| (*from, *to)).unzip();
        self.launch(&read, &written, vec![launch])
    }

    /// Makes a model's input of a batch of pictures of one format, at `to`. The event says when it is there.
    ///
    /// # Errors
    /// When it does not fit, a part is not within its picture, or the driver fails.
    pub fn input(&mut self, model: &ModelInput, pictures: &[InputPicture<'_>], to: &Buffer) -> Result<Event, Error> {
        to.of(&self.stream)?;
        let number = if model.samples == Samples::F32 { 4 } else { 2 };
        let needed = pictures.len() * 3 * model.width as usize * model.height as usize * number;
        if needed == 0 || needed > to.bytes() {
            let words = format!("the input of {} pictures takes {needed} bytes, not {}", pictures.len(), to.bytes());
            return Err(Error::Invalid(words));
        }
        let format = pictures.first().map_or(Format::Nv12, |first| first.picture.format());
        for input in pictures {
            input.crop.check(input.picture.size())?;
            one_format(format, input.picture)?;
        }
        let viewed: Vec<_> = pictures
            .iter()
            .map(|input| Input { picture: input.picture.view(), crop: input.crop, matrix: input.matrix })
            .collect();
        let launch = input_launch(model, to.pointer(), &viewed, format);
        let read: Vec<_> = pictures.iter().map(|input| input.picture).collect();
        self.launch(&read, &[], vec![launch])?;
        self.stream.record()
    }

    /// Draws a list on its pictures, NV12 all of them.
    ///
    /// # Errors
    /// When they are not those of the list, or the driver fails.
    pub fn draw(&mut self, list: &DrawList, atlas: &mut Atlas, pictures: &[&Picture]) -> Result<(), Error> {
        if list.sizes() != pictures.iter().map(|picture| picture.size()).collect::<Vec<_>>() {
            return Err(Error::Invalid("the pictures have other sizes than those that the list was made for".into()));
        }
        pictures.iter().try_for_each(|picture| one_format(Format::Nv12, picture))?;
        if list.is_empty() {
            return Ok(());
        }
        let views: Vec<_> = pictures.iter().map(|picture| picture.view()).collect();
        let launches = draw_launches(list, atlas.ready(&self.stream)?, &views);
        self.launch(&[], pictures, launches)
    }

    /// Launches in order, after all that wrote `read` and touched `written`.
    fn launch(&mut self, read: &[&Picture], written: &[&Picture], launches: Vec<Launch>) -> Result<(), Error> {
        if let Some((first, rest)) = read.split_first() {
            return first.reading(&Arc::clone(&self.stream), || self.launch(rest, written, launches));
        }
        if let Some((first, rest)) = written.split_first() {
            return first.writing(&Arc::clone(&self.stream), || self.launch(&[], rest, launches));
        }
        self.last.clear();
        launches.into_iter().try_for_each(|launch| self.one(&launch))
    }

    fn one(&mut self, launch: &Launch) -> Result<(), Error> {
        let mut packed = Vec::new();
        let mut places = Vec::new();
        for argument in &launch.arguments {
            places.push(packed.len() as u64);
            if let Argument::List(list) = argument {
                packed.extend_from_slice(list);
                packed.resize(packed.len().next_multiple_of(ALIGNED), 0);
            }
        }
        if packed.len() > self.lists.bytes() {
            // A launch before may be reading them still.
            self.stream.synchronize()?;
            let bytes = packed.len().next_power_of_two();
            self.lists = Buffer::new(self.stream.context(), bytes)?;
            self.pinned = Pinned::new(self.stream.context(), bytes)?;
        }
        // In order with the launch before, which may be reading its lists still.
        self.pinned.send(&self.stream, &packed, &self.lists)?;
        let at = |(argument, place): (&Argument, &u64)| match argument {
            Argument::List(_) => self.lists.pointer() + place,
            Argument::Device(pointer) => *pointer,
        };
        let pointers: Vec<_> = launch.arguments.iter().zip(&places).map(at).collect();
        let Some(kernel) = self.loaded.get(launch.kernel) else {
            return Err(Error::Invalid(format!("there is no kernel {}", launch.kernel)));
        };
        // SAFETY: the lists are those that the kernel's source declares (tests run the same launches); pictures, lists and atlas outlive the
        // stream's place by the events of their owners, and by the driver's wait before it frees memory.
        let ((), timing) =
            self.stream.timed(|| unsafe { kernel.launch(&self.stream, launch.grid, BLOCK, &pointers) })?;
        self.last.push(timing);
        Ok(())
    }
}

fn one_format(wanted: Format, picture: &Picture) -> Result<(), Error> {
    if picture.format() == wanted {
        return Ok(());
    }
    Err(Error::Invalid(format!("a picture of {:?} was given with ones of {wanted:?}", picture.format())))
}

#[cfg(test)]
mod tests;
