//! One decoder of the driver's, for one size of stream, and its output surfaces.

use super::{Limits, StreamFormat};
use crate::checked::Cuvid;
use crate::context::lifecycle;
use crate::picture::{Keeper, Owner};
use crate::raw::{Zeroed, cuvid as raw};
use crate::{Codec, Context, Decoded, Error, Event, Picture, Stream, Timing, View};
use std::ffi::c_ulong;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A decoder; destroyed when the last surface of it and the stream are done with it.
pub(super) struct Handle {
    context: Context,
    cuvid: Arc<Cuvid>,
    decoder: raw::Decoder,
    pub(super) format: StreamFormat,
    pub(super) geometry: Geometry,
    /// Output surfaces.
    surfaces: usize,
    used: Mutex<Used>,
}

/// Output surfaces in use.
#[derive(Default)]
struct Used {
    /// Mapped, by whomever they are held.
    mapped: usize,
    /// Mapped, but held by nobody: what reads them is in a stream and not done yet. Whoever let one go did not wait for that.
    leaving: Vec<(u64, Vec<Event>)>,
}

// SAFETY: the driver takes calls for a decoder from any thread that its context is current on.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// What a decoder is made for; with another it has to be another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) coded: (u32, u32),
    pub(super) area: raw::Edges<i32>,
    pub(super) chroma: u32,
    pub(super) decode_surfaces: u32,
}

impl Geometry {
    /// Size of the output: even, since chroma is halved.
    fn target(&self) -> (i32, i32) {
        let even = |from: i32, to: i32| (to - from).max(1) + (to - from) % 2;
        (even(self.area.left, self.area.right), even(self.area.top, self.area.bottom))
    }
}

/// Whether the device decodes it, and in which sizes.
pub(super) fn caps(context: &Context, cuvid: &Cuvid, codec: Codec, chroma: u32, depth: u8) -> Result<Limits, Error> {
    let mut caps = raw::DecodeCaps::zeroed();
    (caps.codec, caps.chroma, caps.bit_depth_minus8) = (codec.of_decoder(), chroma, u32::from(depth.max(8) - 8));
    let _current = context.enter()?;
    // SAFETY: the context is current and the structure filled.
    cuvid.call(|cuvid| unsafe { cuvid.cuvidGetDecoderCaps(&raw mut caps) })?;
    let format = if depth > 8 { raw::SURFACE_P016 } else { raw::SURFACE_NV12 };
    if caps.supported == 0 || caps.output_format_mask >> format & 1 == 0 {
        return Err(Error::Unsupported(format!("this device does not decode {codec} of {depth} bit")));
    }
    let (least, most) = ((caps.min_width.into(), caps.min_height.into()), (caps.max_width, caps.max_height));
    Ok(Limits { engines: caps.engines, least, most, macroblocks: caps.max_macroblocks })
}

impl Limits {
    fn check(&self, codec: Codec, (width, height): (u32, u32)) -> Result<(), Error> {
        let blocks = width.div_ceil(16).saturating_mul(height.div_ceil(16));
        if width > self.most.0 || height > self.most.1 || (self.macroblocks > 0 && blocks > self.macroblocks) {
            let (most_x, most_y) = self.most;
            let words =
                format!("{width}x{height} is more than this device decodes of {codec} (up to {most_x}x{most_y})");
            return Err(Error::Unsupported(words));
        }
        if width < self.least.0 || height < self.least.1 {
            let (least_x, least_y) = self.least;
            let words =
                format!("{width}x{height} is less than this device decodes of {codec} (from {least_x}x{least_y})");
            return Err(Error::Unsupported(words));
        }
        Ok(())
    }
}

impl Handle {
    /// A decoder for a stream as it describes itself.
    pub(super) fn new(
        context: &Context,
        cuvid: &Arc<Cuvid>,
        format: StreamFormat,
        geometry: Geometry,
        surfaces: usize,
    ) -> Result<Self, Error> {
        if ![raw::CHROMA_420, raw::CHROMA_MONOCHROME].contains(&geometry.chroma) {
            let chroma = if geometry.chroma == raw::CHROMA_422 { "4:2:2" } else { "4:4:4" };
            let words = format!("{} with chroma of {chroma} is not decoded on the device", format.codec);
            return Err(Error::Unsupported(words));
        }
        caps(context, cuvid, format.codec, geometry.chroma, format.depth)?.check(format.codec, geometry.coded)?;
        let mut info = create_info(&format, &geometry, surfaces);
        let mut decoder = std::ptr::null_mut();
        let _one = lifecycle();
        let _current = context.enter()?;
        // SAFETY: the context is current, the structure filled, and a handle is written.
        cuvid.call(|cuvid| unsafe { cuvid.cuvidCreateDecoder(&raw mut decoder, &raw mut info) })?;
        let (context, cuvid, used) = (context.clone(), Arc::clone(cuvid), Mutex::default());
        Ok(Self { context, cuvid, decoder, format, geometry, surfaces, used })
    }

    /// Output surfaces that are not held.
    pub(super) fn free(&self) -> usize {
        let used = self.used();
        (self.surfaces + used.leaving.len()).saturating_sub(used.mapped)
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a surface for a picture: a free one, or the one that its last readers are done with first.
    fn take(&self) -> Result<(), Error> {
        let mut used = self.used();
        self.reap(&mut used, |events| events.iter().all(|event| event.is_done() != Ok(false)));
        if used.mapped >= self.surfaces {
            if used.leaving.is_empty() {
                return Err(Error::AllHeld(self.surfaces));
            }
            let (pointer, events) = used.leaving.remove(0);
            self.unmap(pointer, &events);
            used.mapped -= 1;
        }
        used.mapped += 1;
        Ok(())
    }

    /// Gives back surfaces that are done.
    fn reap(&self, used: &mut Used, done: impl Fn(&[Event]) -> bool) {
        let (over, rest) = std::mem::take(&mut used.leaving).into_iter().partition(|(_, events)| done(events));
        used.leaving = rest;
        let over: Vec<(u64, Vec<Event>)> = over;
        used.mapped -= over.len();
        over.iter().for_each(|(pointer, events)| self.unmap(*pointer, events));
    }

    /// The decoder writes the next picture there at once: whoever reads has to be done, not only in line. A stream that failed reads no more.
    fn unmap(&self, pointer: u64, readers: &[Event]) {
        for event in readers {
            let _ = event.synchronize();
        }
        let _current = self.context.enter();
        // SAFETY: mapped once, and nothing reads it any more.
        let _ = self.cuvid.call(|cuvid| unsafe { cuvid.cuvidUnmapVideoFrame64(self.decoder, pointer) });
    }

    /// Starts to decode a picture.
    ///
    /// # Safety
    /// `picture` is what the parser gave, within its callback.
    pub(super) unsafe fn decode(&self, picture: *mut raw::PicParams) -> Result<(), Error> {
        let _current = self.context.enter()?;
        // SAFETY: the caller's promise.
        self.cuvid.call(|cuvid| unsafe { cuvid.cuvidDecodePicture(self.decoder, picture) })
    }

    /// Hands out a decoded picture, if a surface is free for it. `given` is when it was given to the decoder.
    pub(super) fn map(
        self: &Arc<Self>,
        stream: &Stream,
        info: &raw::DisplayInfo,
        given: Option<Event>,
    ) -> Result<Decoded, Error> {
        let mut how = raw::ProcParams::zeroed();
        how.progressive_frame = info.progressive_frame;
        how.second_field = info.repeat_first_field + 1;
        how.top_field_first = info.top_field_first;
        how.unpaired_field = i32::from(info.repeat_first_field < 0);
        how.output_stream = stream.handle();
        let given = given.map_or_else(|| stream.record_timed(), Ok)?;
        let (mut pointer, mut pitch) = (0, 0);
        let _current = self.context.enter()?;
        self.take()?;
        let mapped = self.cuvid.call(|cuvid| {
            let index = info.picture_index;
            // SAFETY: the picture was given to be shown and has not been decoded over since; an address and a pitch are written.
            unsafe { cuvid.cuvidMapVideoFrame64(self.decoder, index, &raw mut pointer, &raw mut pitch, &raw mut how) }
        });
        if let Err(error) = mapped {
            self.used().mapped -= 1;
            return Err(error);
        }
        let mut surface = Surface { handle: Arc::clone(self), pointer };
        let mut status = raw::DecodeStatus::zeroed();
        // SAFETY: the decoder is alive and the structure is written. A driver that cannot say leaves it at zero.
        let _ = self
            .cuvid
            .call(|cuvid| unsafe { cuvid.cuvidGetDecodeStatus(self.decoder, info.picture_index, &raw mut status) });
        let damaged = [raw::STATUS_ERROR, raw::STATUS_ERROR_CONCEALED].contains(&status.status);
        let written = match stream.record_timed() {
            Ok(event) => event,
            Err(error) => {
                surface.take_back(Vec::new());
                return Err(error);
            }
        };
        let rows = u64::from(self.geometry.target().1.unsigned_abs());
        let view = View {
            luma: pointer,
            chroma: pointer + u64::from(pitch) * rows,
            pitch,
            width: self.format.width.cast_signed(),
            height: self.format.height.cast_signed(),
            unused: 0,
        };
        let owner = Box::new(surface);
        let timing = Timing::between(given, written.clone());
        let picture = Picture::new(&self.context, view, self.format.layout(), (Some(written), Vec::new()), owner);
        Ok(Decoded { picture, pts: info.timestamp, damaged, format: self.format, timing })
    }
}

fn create_info(format: &StreamFormat, geometry: &Geometry, surfaces: usize) -> raw::DecodeCreateInfo {
    let short = |edge: i32| i16::try_from(edge).unwrap_or(i16::MAX);
    let (wide, high) = geometry.target();
    let mut info = raw::DecodeCreateInfo::zeroed();
    info.codec = format.codec.of_decoder();
    info.chroma = geometry.chroma;
    info.bit_depth_minus8 = c_ulong::from(format.depth - 8);
    info.output_format = if format.depth > 8 { raw::SURFACE_P016 } else { raw::SURFACE_NV12 };
    info.creation_flags = raw::CREATE_PREFER_CUVID;
    // Also of fields: a camera that goes over to software while running looks the same before and after.
    info.deinterlace = raw::DEINTERLACE_WEAVE;
    info.decode_surfaces = geometry.decode_surfaces.into();
    info.output_surfaces = surfaces as c_ulong;
    (info.width, info.height) = (geometry.coded.0.into(), geometry.coded.1.into());
    (info.max_width, info.max_height) = (info.width, info.height);
    // As wide as the output, so that an odd size is not stretched by one.
    let area = geometry.area;
    info.display_area = raw::Edges {
        left: short(area.left),
        top: short(area.top),
        right: short((area.left + wide).min(geometry.coded.0.cast_signed())),
        bottom: short((area.top + high).min(geometry.coded.1.cast_signed())),
    };
    (info.target_width, info.target_height) = (wide.unsigned_abs().into(), high.unsigned_abs().into());
    info.target_rect = raw::Edges { left: 0, top: 0, right: short(wide), bottom: short(high) };
    info
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut used = std::mem::take(&mut *self.used());
        self.reap(&mut used, |_| true);
        // The driver's decoders do not take kindly to being made and destroyed on several threads at once.
        let _one = lifecycle();
        // Also where the context cannot be entered: on a lost device the call still gives back what the host holds for it.
        let _current = self.context.enter();
        // SAFETY: made once, and every surface of it is unmapped, since each holds this.
        let _ = self.cuvid.call(|cuvid| unsafe { cuvid.cuvidDestroyDecoder(self.decoder) });
    }
}

/// A mapped surface.
struct Surface {
    handle: Arc<Handle>,
    pointer: u64,
}

impl Owner for Surface {
    fn take_back(&mut self, pending: Vec<Event>) {
        // Whoever lets go of a picture does not wait for what it put into streams: a surface that is read still goes back later.
        let mut used = self.handle.used();
        used.leaving.push((self.pointer, pending));
        self.handle.reap(&mut used, |events| events.iter().all(|event| event.is_done() != Ok(false)));
    }

    /// The decoder: its surfaces stay where they are.
    fn keeper(&self) -> Keeper {
        Arc::clone(&self.handle) as Keeper
    }
}
