//! `cuvidCreateDecoder` to `cuvidUnmapVideoFrame64`: pictures decoded late, surfaces mapped, poisoned and taken back.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nvidia_video_codec_sdk::sys::cuviddec::{
    CUVIDDECODECREATEINFO, CUVIDGETDECODESTATUS, CUVIDPICPARAMS, CUVIDPROCPARAMS,
};
use sightline_standin::device::Device;
use sightline_standin::memory::Kind;
use sightline_standin::status::put;
use sightline_standin::stream::{Handles, Stream, Ticket};
use sightline_standin::{Cu, abi, machine};

use crate::ask::layout;
use crate::codec::{Codec, Role};
use crate::convert::{self, Layout};
use crate::libav::{Decoder as Libav, Picture};
use crate::synthesis;

/// The reserved number in which the parser tells how many surfaces the stream needs.
pub(crate) const NEEDED: usize = 0;
/// Pictures that may wait to be decoded before `cuvidDecodePicture` blocks.
const QUEUE: usize = 8;

/// A decoder.
struct Decoder {
    codec: Codec,
    context: u64,
    device: Arc<Device>,
    layout: Layout,
    stream: Arc<Stream>,
    libav: Arc<Mutex<Engine>>,
    slots: Vec<Arc<Mutex<Slot>>>,
    surfaces: Arc<Mutex<Vec<Surface>>>,
    /// Memory of the decode surfaces, held for its size alone.
    held: u64,
    queued: Mutex<Vec<Ticket>>,
    life: Arc<Life>,
}

/// Pictures so far, and whether one of them was the last.
#[derive(Default)]
struct Life {
    pictures: AtomicU64,
    over: AtomicBool,
}

/// The decoder behind, with what it was told of parameter sets.
struct Engine {
    libav: Libav,
    in_band: bool,
    sets: Vec<u8>,
}

/// What is behind a picture index.
#[derive(Default)]
struct Slot {
    ticket: Option<Ticket>,
    picture: Option<Arc<Picture>>,
    /// What it was made from had been written over: nothing of it can be seen.
    ruined: bool,
    status: u32,
}

/// A picture on its way to a slot.
struct Task {
    bytes: Vec<u8>,
    in_band: bool,
    sets: Option<Vec<u8>>,
    second: bool,
    ruined: bool,
}

/// A place to map to. The use tells late work of an earlier mapping that it is too late.
struct Surface {
    address: u64,
    mapped: bool,
    used: u64,
}

static DECODERS: LazyLock<Handles<Decoder>> = LazyLock::new(|| Handles::starting_at(0x4000_0000));

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(code: Cu) -> Cu {
    machine().counters.refused.add(1);
    code
}

/// Makes a decoder with all of its memory.
///
/// # Safety
/// The client's structure.
unsafe fn create(info: *const CUVIDDECODECREATEINFO) -> Result<u64, Cu> {
    let context = machine().current()?;
    // SAFETY: the caller's structure.
    let (codec, layout) = unsafe { layout(info) }.map_err(refused)?;
    // SAFETY: plain numbers of the caller's structure.
    let (coded, counts) =
        unsafe { (((*info).ulWidth, (*info).ulHeight), ((*info).ulNumDecodeSurfaces, (*info).ulNumOutputSurfaces)) };
    let bytes = if layout.deep { 2 } else { 1 };
    let engine = Engine { libav: Libav::open(codec).ok_or(Cu::UNKNOWN)?, in_band: false, sets: Vec::new() };
    let stream = Stream::start(context, false, Duration::from_micros(machine().faults().delay))?;
    let held = machine().memory.allocate(coded.0 * coded.1 * 3 / 2 * bytes * counts.0, Kind::Internal, context);
    let surfaces = held.and_then(|held| surfaces(&layout, counts.1, context).inspect_err(|_| give_back(held, &[])));
    let (held, surfaces) = held.and_then(|held| Ok((held, surfaces?))).inspect_err(|_| stream.close())?;
    let device = machine().current_device()?;
    device.counters.decoders_live.add(1);
    let decoder = Decoder {
        codec,
        context,
        device,
        layout,
        stream,
        libav: Arc::new(Mutex::new(engine)),
        slots: (0..counts.0).map(|_| Arc::default()).collect(),
        surfaces: Arc::new(Mutex::new(surfaces)),
        held,
        queued: Mutex::default(),
        life: Arc::default(),
    };
    machine().counters.decoders_made.add(1);
    machine().counters.decoders_live.add(1);
    Ok(DECODERS.insert(Arc::new(decoder)))
}

/// The surfaces that pictures are mapped to, or none of them.
fn surfaces(layout: &Layout, count: u64, context: u64) -> Result<Vec<Surface>, Cu> {
    let mut surfaces = Vec::new();
    for _ in 0..count {
        match machine().memory.allocate(layout.size() as u64, Kind::Surface, context) {
            Ok(address) => surfaces.push(Surface { address, mapped: false, used: 0 }),
            Err(code) => {
                give_back(0, &surfaces);
                return Err(code);
            }
        }
    }
    Ok(surfaces)
}

fn give_back(held: u64, surfaces: &[Surface]) {
    let memory = &machine().memory;
    // After the context's end there is nothing left to give back.
    let _ = memory.free(held, &[Kind::Internal]);
    for surface in surfaces {
        let _ = memory.free(surface.address, &[Kind::Surface]);
    }
}

impl Decoder {
    fn usable(handle: u64) -> Result<Arc<Self>, Cu> {
        let current = machine().current()?;
        let decoder = DECODERS.get(handle).map_err(refused)?;
        if decoder.context != current {
            return Err(refused(Cu::INVALID_CONTEXT));
        }
        if decoder.life.over.load(Ordering::SeqCst) { Err(Cu::UNKNOWN) } else { Ok(decoder) }
    }

    fn slot(&self, index: c_int) -> Result<&Arc<Mutex<Slot>>, Cu> {
        usize::try_from(index).ok().and_then(|index| self.slots.get(index)).ok_or_else(|| refused(Cu::INVALID_VALUE))
    }

    /// What there is to be decoded of one picture.
    fn task(&self, picture: &CUVIDPICPARAMS, bytes: Vec<u8>) -> Result<Task, Cu> {
        let units = self.codec.units(&bytes);
        let roles: Vec<_> = units.iter().map(|unit| self.codec.role(&bytes[unit.1..unit.2])).collect();
        let first = roles.iter().position(|role| matches!(role, Role::Slice { .. }));
        let first = &units[first.ok_or_else(|| refused(Cu::INVALID_VALUE))?];
        let sets = match self.codec {
            Codec::H264 => synthesis::h264(picture, &bytes[first.1..first.2]),
            Codec::Hevc | Codec::Av1 => None,
        };
        // With fewer surfaces than the stream refers to, a device decodes from what was written over.
        let needed = usize::try_from(picture.Reserved[NEEDED]).unwrap_or(0);
        let ruined = needed > self.slots.len() && picture.intra_pic_flag == 0;
        Ok(Task { in_band: roles.contains(&Role::Sps), sets, bytes, second: picture.second_field != 0, ruined })
    }

    /// Starts the decoding of one picture.
    fn decode(&self, picture: &CUVIDPICPARAMS, bytes: Vec<u8>) -> Result<(), Cu> {
        let slot = Arc::clone(self.slot(picture.CurrPicIdx)?);
        let task = self.task(picture, bytes)?;
        let (engine, result, life) = (Arc::clone(&self.libav), Arc::clone(&slot), Arc::clone(&self.life));
        let device = Arc::clone(&self.device);
        let ticket = self.stream.submit(move || {
            life.count();
            device.busy.decoder.during(|| task.run(&engine, &result));
            machine().count_picture(&device, false);
        });
        let mut state = lock(&slot);
        state.ticket = Some(ticket.clone());
        state.status = 1;
        drop(state);
        let mut queued = lock(&self.queued);
        queued.push(ticket);
        let oldest = (queued.len() > QUEUE).then(|| queued.remove(0));
        drop(queued);
        if let Some(oldest) = oldest {
            oldest.wait();
        }
        Ok(())
    }

    /// Waits for the picture, then writes it into a surface in the order of `stream`.
    fn map(&self, index: c_int, stream: u64) -> Result<u64, Cu> {
        let slot = self.slot(index)?;
        let ticket = lock(slot).ticket.clone().ok_or_else(|| refused(Cu::INVALID_VALUE))?;
        ticket.wait();
        machine().current()?;
        if self.life.over.load(Ordering::SeqCst) {
            return Err(Cu::UNKNOWN);
        }
        let (picture, ruined) = {
            let slot = lock(slot);
            (slot.picture.clone(), slot.ruined)
        };
        let picture = picture.filter(|picture| convert::fits(picture, &self.layout));
        let picture = picture.ok_or_else(|| refused(Cu::MAP_FAILED))?;
        let mut surfaces = lock(&self.surfaces);
        let number = surfaces.iter().position(|surface| !surface.mapped).ok_or_else(|| refused(Cu::MAP_FAILED))?;
        let surface = &mut surfaces[number];
        surface.mapped = true;
        surface.used += 1;
        let (address, used) = (surface.address, surface.used);
        drop(surfaces);
        machine().counters.surfaces_mapped.add(1);
        let (layout, all) = (self.layout, Arc::clone(&self.surfaces));
        machine().memory.poison(address, layout.size() as u64)?;
        machine().submit(stream, move || {
            let surfaces = lock(&all);
            if ruined || !surfaces[number].mapped || surfaces[number].used != used {
                return Ok(());
            }
            machine().memory.with(address, layout.size() as u64, |bytes| {
                // SAFETY: the surface has the layout's size, and that the picture fits was looked at above.
                unsafe { convert::write(&picture, &layout, bytes) };
            })
        })?;
        Ok(address)
    }

    fn unmap(&self, address: u64) -> Result<(), Cu> {
        let mut surfaces = lock(&self.surfaces);
        let mapped = surfaces.iter_mut().find(|surface| surface.address == address && surface.mapped);
        mapped.ok_or_else(|| refused(Cu::INVALID_VALUE))?.mapped = false;
        drop(surfaces);
        machine().counters.surfaces_mapped.take(1);
        // Whoever has not waited for its own work on the surface finds this instead of the picture.
        machine().memory.poison(address, self.layout.size() as u64)
    }
}

impl Life {
    /// Counts a picture, with which the decoder may die.
    fn count(&self) {
        let number = self.pictures.fetch_add(1, Ordering::SeqCst) + 1;
        if machine().faults().decoder_dies_at.is_some_and(|at| number >= at) {
            self.over.store(true, Ordering::SeqCst);
        }
    }
}

impl Task {
    /// Decodes the picture into its slot.
    fn run(self, engine: &Mutex<Engine>, slot: &Mutex<Slot>) {
        let done = lock(engine).run(self.bytes, self.in_band, self.sets);
        let mut slot = lock(slot);
        slot.status = if done.is_ok() { 2 } else { 8 };
        slot.ruined = self.ruined;
        match done {
            Ok(Some(picture)) => slot.picture = Some(Arc::new(picture)),
            // The second field of a frame goes into the memory of the first.
            Ok(None) if self.second => {}
            _ => slot.picture = None,
        }
    }
}

impl Engine {
    fn run(&mut self, bytes: Vec<u8>, in_band: bool, sets: Option<Vec<u8>>) -> Result<Option<Picture>, ()> {
        self.in_band |= in_band;
        if self.in_band {
            return self.libav.decode(&bytes);
        }
        let sets = sets.ok_or(())?;
        if sets == self.sets {
            return self.libav.decode(&bytes);
        }
        self.sets.clone_from(&sets);
        self.libav.decode(&[sets, bytes].concat())
    }
}

abi! {
    fn cuvidCreateDecoder(out: *mut u64, info: *mut CUVIDDECODECREATEINFO) {
        if info.is_null() {
            return Err(refused(Cu::INVALID_VALUE));
        }
        put(out, create(info)?)
    }

    fn cuvidDestroyDecoder(handle: u64) {
        let decoder = DECODERS.remove(handle)?;
        decoder.stream.now().wait();
        decoder.stream.close();
        let mut surfaces = lock(&decoder.surfaces);
        for surface in surfaces.iter_mut().filter(|surface| surface.mapped) {
            // Work that is still to write into it does not.
            surface.mapped = false;
            machine().counters.surfaces_mapped.take(1);
        }
        machine().counters.decoders_live.take(1);
        decoder.device.counters.decoders_live.take(1);
        give_back(decoder.held, &surfaces);
        Ok(())
    }

    fn cuvidDecodePicture(handle: u64, picture: *mut CUVIDPICPARAMS) {
        let decoder = Decoder::usable(handle)?;
        if picture.is_null() || (*picture).pBitstreamData.is_null() {
            return Err(refused(Cu::INVALID_VALUE));
        }
        let picture = &*picture;
        let length = usize::try_from(picture.nBitstreamDataLen).map_err(|_| Cu::INVALID_VALUE)?;
        decoder.decode(picture, std::slice::from_raw_parts(picture.pBitstreamData, length).to_vec())
    }

    fn cuvidGetDecodeStatus(handle: u64, index: c_int, status: *mut CUVIDGETDECODESTATUS) {
        let decoder = Decoder::usable(handle)?;
        let code = lock(decoder.slot(index)?).status;
        if status.is_null() {
            return Err(Cu::INVALID_VALUE);
        }
        status.write_bytes(0, 1);
        put((&raw mut (*status).decodeStatus).cast::<u32>(), code)
    }

    // A new decoder does the same; `cuvidReconfigureDecoder` only saves the time that making one takes on a device.
    fn cuvidReconfigureDecoder(handle: u64, _info: u64) {
        Decoder::usable(handle).and(Err(Cu::NOT_SUPPORTED))
    }

    fn cuvidMapVideoFrame64(handle: u64, index: c_int, address: *mut u64, pitch: *mut u32, how: *mut CUVIDPROCPARAMS) {
        let decoder = Decoder::usable(handle)?;
        if how.is_null() || address.is_null() || pitch.is_null() {
            return Err(refused(Cu::INVALID_VALUE));
        }
        put(address, decoder.map(index, (*how).output_stream as u64)?)?;
        put(pitch, u32::try_from(decoder.layout.pitch).unwrap_or(0))
    }

    fn cuvidUnmapVideoFrame64(handle: u64, address: u64) {
        // Also after the device is lost: clients give back what they hold.
        DECODERS.get(handle)?.unmap(address)
    }
}
