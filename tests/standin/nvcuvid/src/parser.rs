//! `cuvidCreateVideoParser` and `cuvidParseVideoData`: access units, sequences, and the order in which pictures are shown.

use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use nvidia_video_codec_sdk::sys::cuviddec::CUVIDPICPARAMS;
use nvidia_video_codec_sdk::sys::nvcuvid::{
    CUVIDEOFORMAT, CUVIDEOFORMATEX, CUVIDPARSERDISPINFO, CUVIDPARSERPARAMS, CUVIDSOURCEDATAPACKET,
};
use sightline_standin::status::put;
use sightline_standin::stream::Handles;
use sightline_standin::{Cu, abi, machine};

use crate::codec::{Codec, Role};
use crate::decoder::NEEDED;
use crate::libav::Headers;
use crate::order::{Order, Waiting};
use crate::sequence::Sequence;

const END_OF_STREAM: c_ulong = 1;
const TIMESTAMP: c_ulong = 2;
const DISCONTINUITY: c_ulong = 4;
const END_OF_PICTURE: c_ulong = 8;
const NOTIFY_END: c_ulong = 16;

/// The client's three functions. They run inside `cuvidParseVideoData`, on its thread.
struct Callbacks {
    // SAFETY: each call says why it may be made.
    sequence: unsafe extern "C" fn(*mut c_void, *mut CUVIDEOFORMAT) -> c_int,
    decode: unsafe extern "C" fn(*mut c_void, *mut CUVIDPICPARAMS) -> c_int,
    display: unsafe extern "C" fn(*mut c_void, *mut CUVIDPARSERDISPINFO) -> c_int,
    data: *mut c_void,
}

// SAFETY: the client's pointer is handed back to the client's functions and never followed here.
unsafe impl Send for Callbacks {}

struct Parser {
    codec: Codec,
    callbacks: Callbacks,
    headers: Headers,
    sequence: Option<Sequence>,
    surfaces: usize,
    next: usize,
    order: Order,
    /// Grows with each IDR picture, so that numbers that begin again still count up.
    base: i64,
    highest: i64,
    pending: Vec<u8>,
    /// Where in `pending` a packet with a time began, and its time.
    times: Vec<(usize, i64)>,
    /// A function of the client's failed during this call.
    failed: bool,
}

static PARSERS: LazyLock<Handles<Mutex<Parser>>> = LazyLock::new(|| Handles::starting_at(0x5000_0000));

impl Parser {
    /// Adds bytes; what is complete is decoded. All of it is where `complete` says so.
    fn feed(&mut self, bytes: &[u8], time: Option<i64>, complete: bool) {
        if let Some(time) = time {
            self.times.push((self.pending.len(), time));
        }
        self.pending.extend_from_slice(bytes);
        // Packets of AV1 are temporal units: containers leave out what stands between them.
        let complete = complete || self.codec == Codec::Av1;
        while let Some(end) = self.end_of_unit().filter(|_| !complete || self.codec != Codec::Av1) {
            self.take(end);
        }
        if complete && !self.pending.is_empty() {
            self.take(self.pending.len());
        }
    }

    /// Where the next access unit begins, if one does.
    fn end_of_unit(&self) -> Option<usize> {
        let mut slices = false;
        for (code, begin, end) in self.codec.units(&self.pending) {
            let role = self.codec.role(&self.pending[begin..end]);
            // The byte behind the header tells whether a slice is a picture's first.
            if matches!(role, Role::Slice { .. }) && end - begin < 3 {
                return None;
            }
            let begins = matches!(role, Role::Slice { first: true, .. } | Role::Sps | Role::Prefix);
            if slices && begins {
                return Some(code);
            }
            slices |= matches!(role, Role::Slice { .. });
        }
        None
    }

    fn take(&mut self, end: usize) {
        let unit: Vec<u8> = self.pending.drain(..end).collect();
        let mut time = 0;
        self.times.retain_mut(|(at, value)| {
            if *at < end {
                time = *value;
                return false;
            }
            *at -= end;
            true
        });
        if !self.failed {
            self.unit(&unit, time);
        }
    }

    fn unit(&mut self, unit: &[u8], time: i64) {
        let parts = self.codec.units(unit);
        let found = parts.iter().find(|part| self.codec.role(&unit[part.1..part.2]) == Role::Sps);
        if let Some(part) = found
            && let Some(sequence) = Sequence::read(self.codec, &unit[part.1..part.2])
            && self.sequence.as_ref() != Some(&sequence)
        {
            self.begin(sequence);
        }
        let slices: Vec<_> =
            parts.iter().filter(|part| matches!(self.codec.role(&unit[part.1..part.2]), Role::Slice { .. })).collect();
        let header = self.headers.read(unit);
        if slices.is_empty() || self.sequence.is_none() || self.failed {
            return;
        }
        let first = &unit[slices[0].1..slices[0].2];
        if self.codec.begins_anew(first) {
            self.show(0);
            self.base = self.highest + 1;
        }
        let order = if self.codec == Codec::Av1 { self.highest + 1 } else { self.base + header.order };
        self.highest = self.highest.max(order);
        let Some(index) = self.free_index() else {
            self.failed = true;
            return;
        };
        let offsets: Vec<u32> = slices.iter().map(|part| u32::try_from(part.0).unwrap_or(0)).collect();
        let reference = matches!(self.codec.role(first), Role::Slice { reference: true, .. });
        if !self.decode(unit, &offsets, index, reference, header.intra) {
            self.failed = true;
            return;
        }
        self.order.push(Waiting { order, index, progressive: header.frame, time });
        self.show(self.sequence.as_ref().map_or(0, |sequence| sequence.reorder));
    }

    /// The next index in turn that does not wait to be shown: the longest time before one is used again.
    fn free_index(&mut self) -> Option<c_int> {
        (0..self.surfaces).find_map(|_| {
            let index = c_int::try_from(self.next % self.surfaces).ok()?;
            self.next += 1;
            (!self.order.holds(index)).then_some(index)
        })
    }

    fn begin(&mut self, sequence: Sequence) {
        self.show(0);
        // SAFETY: a structure of numbers, of which zero is a value of each.
        let mut format: CUVIDEOFORMAT = unsafe { MaybeUninit::zeroed().assume_init() };
        let number = |value: u32| c_int::try_from(value).unwrap_or(0);
        // SAFETY: the enumerations are written as the numbers of the interface.
        unsafe {
            put((&raw mut format.codec).cast::<u32>(), self.codec.number()).unwrap_or_default();
            put((&raw mut format.chroma_format).cast::<u32>(), sequence.chroma).unwrap_or_default();
        }
        (format.frame_rate.numerator, format.frame_rate.denominator) = sequence.rate;
        format.progressive_sequence = u8::from(sequence.progressive);
        let deep = u8::try_from(sequence.depth.saturating_sub(8)).unwrap_or(u8::MAX);
        (format.bit_depth_luma_minus8, format.bit_depth_chroma_minus8) = (deep, deep);
        // What is kept, the one that is decoded, and room for one that is shown.
        format.min_num_decode_surfaces = u8::try_from(sequence.kept + 2).unwrap_or(u8::MAX);
        (format.coded_width, format.coded_height) = sequence.coded;
        let shown = sequence.shown;
        format.display_area.left = number(shown.0);
        format.display_area.top = number(shown.1);
        format.display_area.right = number(shown.2);
        format.display_area.bottom = number(shown.3);
        let (wide, high) = ((shown.2 - shown.0) * sequence.aspect.0, (shown.3 - shown.1) * sequence.aspect.1);
        let common = divisor(wide, high);
        (format.display_aspect_ratio.x, format.display_aspect_ratio.y) = (number(wide / common), number(high / common));
        let signal = &mut format.video_signal_description;
        signal.set_video_format(5);
        signal.set_video_full_range_flag(u8::from(sequence.full_range));
        (signal.color_primaries, signal.transfer_characteristics, signal.matrix_coefficients) = sequence.colour;
        // SAFETY: the client's function with the client's pointer, as its documents ask.
        let answer = unsafe { (self.callbacks.sequence)(self.callbacks.data, &mut format) };
        self.next = 0;
        // Without a decoder there is nothing to give pictures to until the next sequence.
        self.sequence = (answer > 0).then_some(sequence);
        self.failed |= answer <= 0;
        if let Ok(more @ 2..) = usize::try_from(answer) {
            self.surfaces = more;
        }
    }

    fn decode(&self, unit: &[u8], offsets: &[u32], index: c_int, reference: bool, intra: bool) -> bool {
        let Some(sequence) = &self.sequence else { return false };
        let size = |value: usize| c_uint::try_from(value).unwrap_or(0);
        // SAFETY: a structure of numbers and pointers, of which zero is a value of each.
        let mut picture: CUVIDPICPARAMS = unsafe { MaybeUninit::zeroed().assume_init() };
        picture.PicWidthInMbs = c_int::try_from(sequence.coded.0.div_ceil(16)).unwrap_or(0);
        picture.FrameHeightInMbs = c_int::try_from(sequence.coded.1.div_ceil(16)).unwrap_or(0);
        picture.CurrPicIdx = index;
        picture.nBitstreamDataLen = size(unit.len());
        picture.pBitstreamData = unit.as_ptr();
        picture.nNumSlices = size(offsets.len());
        picture.pSliceDataOffsets = offsets.as_ptr();
        picture.ref_pic_flag = c_int::from(reference);
        // What is kept, and the one that is decoded.
        picture.Reserved[NEEDED] = sequence.kept + 1;
        picture.intra_pic_flag = c_int::from(intra);
        // SAFETY: the client's function with the client's pointer; the picture's bytes outlive the call.
        unsafe { (self.callbacks.decode)(self.callbacks.data, &mut picture) != 0 }
    }

    /// Shows pictures until at most `keep` wait.
    fn show(&mut self, keep: usize) {
        while let Some(one) = self.order.next(keep) {
            let mut info = CUVIDPARSERDISPINFO {
                picture_index: one.index,
                progressive_frame: c_int::from(one.progressive),
                top_field_first: 1,
                repeat_first_field: 0,
                timestamp: one.time,
            };
            // SAFETY: the client's function with the client's pointer, as its documents ask.
            let shown = unsafe { (self.callbacks.display)(self.callbacks.data, &mut info) };
            self.failed |= shown == 0;
        }
    }
}

fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { divisor(b, a % b) }
}

/// A parser with the client's parameter sets.
///
/// # Safety
/// The client's structure, whose pointers are null or lead to others of its own.
unsafe fn create(how: &CUVIDPARSERPARAMS) -> Result<Parser, Cu> {
    // SAFETY: the enumeration is read as the number that the client wrote.
    let number = unsafe { (&raw const how.CodecType).cast::<u32>().read() };
    let codec = Codec::from_number(number).ok_or(Cu::NOT_SUPPORTED)?;
    if how.ulMaxNumDecodeSurfaces == 0 {
        return Err(Cu::INVALID_VALUE);
    }
    let callbacks = Callbacks {
        sequence: how.pfnSequenceCallback.ok_or(Cu::INVALID_VALUE)?,
        decode: how.pfnDecodePicture.ok_or(Cu::INVALID_VALUE)?,
        display: how.pfnDisplayPicture.ok_or(Cu::INVALID_VALUE)?,
        data: how.pUserData,
    };
    let mut parser = Parser {
        codec,
        callbacks,
        headers: Headers::open(codec).ok_or(Cu::OUT_OF_MEMORY)?,
        sequence: None,
        surfaces: usize::try_from(how.ulMaxNumDecodeSurfaces).unwrap_or(1),
        next: 0,
        order: Order::default(),
        base: 0,
        highest: 0,
        pending: Vec::new(),
        times: Vec::new(),
        failed: false,
    };
    // SAFETY: null or the client's structure.
    if let Some(more) = unsafe { how.pExtVideoInfo.as_ref() } {
        parser.pending.extend(sequence_header(more));
    }
    Ok(parser)
}

/// The parameter sets that a client has from its container.
fn sequence_header(more: &CUVIDEOFORMATEX) -> Vec<u8> {
    let room = size_of::<CUVIDEOFORMATEX>() - size_of::<CUVIDEOFORMAT>();
    let length = usize::try_from(more.format.seqhdr_data_length).unwrap_or(0).min(room);
    // SAFETY: the bytes follow the format inside the structure, as `length` was held to.
    unsafe {
        std::slice::from_raw_parts(ptr::from_ref(more).cast::<u8>().add(size_of::<CUVIDEOFORMAT>()), length).to_vec()
    }
}

abi! {
    fn cuvidCreateVideoParser(out: *mut u64, how: *mut CUVIDPARSERPARAMS) {
        let how = how.as_ref().ok_or(Cu::INVALID_VALUE)?;
        put(out, PARSERS.insert(Arc::new(Mutex::new(create(how)?))))?;
        machine().counters.parsers_live.add(1);
        Ok(())
    }

    fn cuvidDestroyVideoParser(handle: u64) {
        PARSERS.remove(handle)?;
        machine().counters.parsers_live.take(1);
        Ok(())
    }

    fn cuvidParseVideoData(handle: u64, packet: *mut CUVIDSOURCEDATAPACKET) {
        let parser = PARSERS.get(handle)?;
        let mut parser = parser.lock().unwrap_or_else(PoisonError::into_inner);
        let packet = packet.as_ref().ok_or(Cu::INVALID_VALUE)?;
        parser.failed = false;
        if packet.flags & DISCONTINUITY != 0 {
            parser.pending.clear();
            parser.times.clear();
        }
        if packet.payload_size > 0 && packet.payload.is_null() {
            return Err(Cu::INVALID_VALUE);
        }
        let length = usize::try_from(packet.payload_size).unwrap_or(0);
        let bytes = if length == 0 { &[] } else { std::slice::from_raw_parts(packet.payload, length) };
        let time = (packet.flags & TIMESTAMP != 0).then_some(packet.timestamp);
        let ends = packet.flags & END_OF_STREAM != 0;
        parser.feed(bytes, time, ends || packet.flags & END_OF_PICTURE != 0);
        if ends {
            parser.show(0);
        }
        if packet.flags & NOTIFY_END != 0 {
            (parser.callbacks.display)(parser.callbacks.data, ptr::null_mut());
        }
        if parser.failed { Err(Cu::UNKNOWN) } else { Ok(()) }
    }
}
